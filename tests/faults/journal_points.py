"""A crash at every journal write of every kind of operation, before the commit and after it.

The real runner, journal, operations and checks over the simulated site, in simulated time. What is
demanded of the end is what the state machine demands (``state_machine.ConsoleMachine``).
"""

import asyncio
from collections.abc import Callable
from typing import Any

from console.lab.world import arm_ids
from console.model.request import (
    ChangePowerState,
    CleanUpCreation,
    CreateVirtualMachine,
    DeleteVirtualMachine,
    DownloadImage,
    DrainNode,
    LiveMigrate,
    MoveMethod,
    PauseNode,
    PowerAction,
    ProveNodeEmpty,
    Request,
    ResumeNode,
)
from console.model.site import ImageReference
from tests.faults.state_machine import CANARY, ConsoleMachine
from tests.faults.tally import Tally

# Longer than any operation takes, late arrivals waited out included.
_LONG_S = 900.0
_MOST_POINTS = 200
# What comes before it, and the request itself, or an act of the machine that asks for several.
Asked = Request | Callable[[], None]
Make = Callable[[ConsoleMachine], tuple[list[Request], Asked]]


def _vm(machine: ConsoleMachine) -> Any:
    return machine.truth.site.vms[machine.keys[0]]


def _move(machine: ConsoleMachine) -> tuple[list[Request], Request]:
    vm = _vm(machine)
    target = next(name for name in machine.names if name != vm.owner)
    return [], LiveMigrate(vm.vm_id, vm.name, vm.owner, target)


def _quick(machine: ConsoleMachine) -> tuple[list[Request], Request]:
    vm = _vm(machine)
    target = next(name for name in machine.names if name != vm.owner)
    return [], LiveMigrate(vm.vm_id, vm.name, vm.owner, target, MoveMethod.QUICK)


def _power(action: PowerAction) -> Make:
    def make(machine: ConsoleMachine) -> tuple[list[Request], Request]:
        vm = _vm(machine)
        stop = ChangePowerState(vm.vm_id, vm.name, PowerAction.STOP)
        before: list[Request] = [stop] if action is PowerAction.START else []
        return before, ChangePowerState(vm.vm_id, vm.name, action)

    return make


def _create(machine: ConsoleMachine) -> tuple[list[Request], Request]:
    return [], CreateVirtualMachine(machine._spec("fresh-0"))


def _delete(machine: ConsoleMachine) -> tuple[list[Request], Request]:
    vm = _vm(machine)
    machine.truth.touched_by_others.add(vm.vm_id)
    return [], DeleteVirtualMachine(vm.vm_id, vm.name)


def _drain(machine: ConsoleMachine) -> tuple[list[Request], Request]:
    return [], DrainNode(machine.names[0])


def _pause(machine: ConsoleMachine) -> tuple[list[Request], Request]:
    return [], PauseNode(machine.names[0])


def _prove(machine: ConsoleMachine) -> tuple[list[Request], Request]:
    return [DrainNode(machine.names[0])], ProveNodeEmpty(machine.names[0])


def _plan(machine: ConsoleMachine) -> tuple[list[Request], Asked]:
    """Pause, two moves away from the node of the first, proof: one group."""
    node = machine.names.index(_vm(machine).owner)
    return [], lambda: machine.plan(node, 0, 1, 0)


def _resume(machine: ConsoleMachine) -> tuple[list[Request], Request]:
    return [DrainNode(machine.names[0])], ResumeNode(machine.names[0])


def _clean_up(machine: ConsoleMachine) -> tuple[list[Request], Request]:
    """Without its password the creation fails at the VM, and leaves the parts before it."""
    spec, name = machine._spec("fresh-0"), f"op-{machine.asked}"
    return [CreateVirtualMachine(spec)], CleanUpCreation(name, spec)


def _download(machine: ConsoleMachine) -> tuple[list[Request], Request]:
    settings = machine.truth.site.settings
    assert machine.truth.site.list_resources(arm_ids.MARKET_IMAGES, settings.group_id)
    return [], DownloadImage(
        "fresh-image",
        ImageReference("microsoftwindowsserver", "windowsserver", "2025-datacenter-azure-edition"),
        settings.subscription_id,
        settings.resource_group,
        settings.location,
        settings.custom_location_id,
    )


KINDS: dict[str, Make] = {
    "move": _move,
    "quick move": _quick,
    **{f"power {action}": _power(action) for action in PowerAction},
    "create": _create,
    "clean up": _clean_up,
    "delete": _delete,
    "drain": _drain,
    "pause": _pause,
    "plan": _plan,
    "prove": _prove,
    "resume": _resume,
    "download": _download,
}


def run(_seed: int, _is_full: bool) -> Tally:
    """All points of all kinds, in either form: it takes seconds."""
    total = Tally()
    for kind in KINDS:
        total.add(every_point(kind))
    return total


def every_point(kind: str) -> Tally:
    """Crash at each journal write of one life of this kind."""
    tally = Tally()
    for number in range(_MOST_POINTS):
        for is_before in (True, False):
            try:
                was_reached = crashed_at(kind, number, is_before=is_before)
            except AssertionError as error:
                tally.wrong += 1
                place = "before" if is_before else "after"
                tally.found.append(f"{kind}, {place} write {number}: {error}")
            else:
                if not was_reached:
                    tally.told.append(f"{kind}: {number} journal writes")
                    return tally
            tally.runs += 1
    raise AssertionError(f"{kind} writes more than {_MOST_POINTS} lines")


def crashed_at(kind: str, number: int, *, is_before: bool) -> bool:
    """One life with a crash at that write, the next one, and the reckoning; False if not reached.

    Raises AssertionError where something was lost, doubled or is not so.
    """
    machine = ConsoleMachine()
    before, request = KINDS[kind](machine)
    for one in before:
        machine._submit(one)
        machine.tick(_LONG_S)
    life = machine.life
    assert life is not None
    journal, seen = life.journal, 0
    real = journal.append

    async def append(*lines: Any) -> None:
        nonlocal seen
        is_it = seen == number
        seen += 1
        if not (is_it and is_before):
            await real(*lines)
        if is_it:
            # A dead process does nothing more: not even raise.
            journal.is_dead = life.is_dead = True
            await asyncio.get_running_loop().create_future()

    journal.append = append  # type: ignore[method-assign]
    if callable(request):
        request()
    else:
        machine._submit(request, secret=CANARY if kind == "create" else "")
    machine.tick(_LONG_S)
    was_reached = seen > number
    if was_reached:
        life.crash()
        machine.life = None
        machine._demand_whole_file()
        machine.start()
    machine.teardown()
    return was_reached
