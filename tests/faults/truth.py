"""The world as it is, the accidents on the way to it, and what it holds against the console.

Every invariant has the number of research/reliability.md 3.1.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable, Coroutine
from typing import Any

from console.backends import BackendError
from console.lab.world.errors import WorldError
from console.lab.world.population import populate
from console.lab.world.scenarios import make_site
from console.lab.world.site import Site
from console.lab.world.state import WorldMigration
from console.model.freshness import Fault, FaultCode
from console.model.operation import OperationRecord, OperationState
from console.model.request import (
    ChangePowerState,
    CleanUpCreation,
    CreateVirtualMachine,
    LiveMigrate,
    PowerAction,
)
from tests.faults.simulated_time import SimulatedLoop
from tests.world_backend import WorldBackend

S = OperationState
START = 1_764_000_000.0
# What can befall a request on its way. ``late``: it lands after the console gave up on it.
ACCIDENTS = ("unreachable", "throttled", "broke before", "broke after", "lost", "late", "twice",
             "slow")  # fmt: skip
_AFTER = {PowerAction.STOP: "Off", PowerAction.SAVE: "Saved", PowerAction.PAUSE: "Paused"}
# Longest a command stays on its way: operation timeout 20 s and network 30 s.
LATEST_S = 45.0


class SiteClock:
    """The world's clock is the loop's time."""

    def __init__(self, loop: SimulatedLoop) -> None:
        self._loop = loop

    def now(self) -> float:
        return START + self._loop.time()

    def advance(self, seconds: float) -> None:
        self._loop.jump(seconds)


class Truth:
    """One site over many lives of the console, and the list of what was really done."""

    def __init__(self, loop: SimulatedLoop, seed: int, vms: int = 6) -> None:
        self.loop = loop
        self.site: Site = make_site("empty", SiteClock(loop), seed)
        populate(self.site, vms, off_every=0)
        self.accidents: list[str] = []
        self.randomly = random.Random(seed)
        self._migrations: dict[str, list[WorldMigration]] = {}
        self._posts: dict[str, int] = {}
        # VMs that somebody else moved or that a failover moved: their place proves nothing.
        self.touched_by_others: set[str] = set()
        self.on_its_way: dict[str, int] = {}
        # What the console did that it must never do; an exception would be caught by its runner.
        self.violations: list[str] = []

    def demand(self, is_so: bool, text: str) -> None:
        if not is_so:
            self.violations.append(text)

    # -- told by the backend ------------------------------------------------------------------
    def executed(self, act: str, values: tuple[Any, ...]) -> None:
        """The world took an act: J3, at most one effect per intent."""
        operation_id = str(values[-1])
        if act in ("start_live_migration", "start_quick_migration"):
            migration = self.site.migration(values[0])
            assert migration is not None
            earlier = self._migrations.setdefault(operation_id, [])
            again = [one for one in earlier if one.phase not in ("Failed", "Canceled")]
            is_excused = values[0] in self.touched_by_others
            self.demand(not again or is_excused, f"J3: the move of {operation_id} was done twice")
            earlier.append(migration)
        elif act == "change_power":
            self._posts[operation_id] = self._posts.get(operation_id, 0) + 1
            once = self._posts[operation_id] == 1
            self.demand(once, f"J3: the POST of {operation_id} was done twice")
        elif act in ("suspend_node", "resume_node"):
            # From here on the cluster itself moves what is there.
            self.touched_by_others.update(self.site.vms)

    def judge_end(self, record: OperationRecord) -> None:
        """J2, J13: what the console says at the end is how it is in the world."""
        match record.request:
            case LiveMigrate():
                self._judge_move(record, record.request)
            case CreateVirtualMachine(spec=spec):
                made = self.site.find_vm(spec.name)
                is_made = made is not None and made.isolation == "TrustedLaunch"
                if record.state is S.SUCCEEDED:
                    self.demand(is_made, f"J2: {record.id} made nothing: {record.result}")
                times = self.site.counters[f"create:{spec.name}"]
                self.demand(times <= 1, f"J3: {spec.name} was made {times} times")
            case ChangePowerState(vm_key=key, action=action) if record.state is S.SUCCEEDED:
                vm = self.site.vms.get(key)
                is_so = vm is not None and vm.state == _AFTER.get(action, "Running")
                self.demand(
                    is_so or key in self.touched_by_others,
                    f"J2: {record.id} says {record.result} but it is {vm and vm.state}",
                )
            case CleanUpCreation(spec=spec) if record.state is S.SUCCEEDED:
                left = [key for key in self.site.resources if f"/{spec.name.lower()}" in key]
                self.demand(not left, f"J2: {record.id} says {record.result}, but left {left}")
            case _:
                pass

    def _judge_move(self, record: OperationRecord, request: LiveMigrate) -> None:
        with self.site.look():
            vm = self.site.vms.get(request.vm_key)
            done = self._migrations.get(record.id, [])
        if vm is None or request.vm_key in self.touched_by_others:
            return
        if record.state is S.SUCCEEDED:
            is_there = vm.owner == request.target
            self.demand(is_there, f"J2: {record.id} says it is on {request.target}")
            return
        says_so = (
            f"is on {request.target}" in record.result  # arrived, but not as it was
            or "stopped looking" in record.result
            or "may still arrive" in record.result
        )
        arrived = [one for one in done if one.phase in ("Completed", "Cleanup")]
        going = [one for one in done if one.ended_at is None]
        ended = f"J13: {record.id} is {record.state} ({record.result})"
        self.demand(says_so or not arrived, f"{ended}, but it arrived")
        self.demand(says_so or not going, f"{ended}, but it is going on")
        # On a third node the guard in the call itself (expected owner) refuses what lands late.
        says_so = says_so or "else moved it" in record.result
        waits = self.on_its_way.get(record.id, 0)
        self.demand(says_so or not waits, f"{ended} with a call on its way")

    # -- done by others -----------------------------------------------------------------------
    def others_move(self, vm_id: str, target: str) -> None:
        self.touched_by_others.add(vm_id)
        with self.site.look(), contextlib.suppress(WorldError):
            owner = self.site.vm(vm_id).owner
            self.site.start_migration(vm_id, target, owner, "somebody else")

    def node_down(self, name: str) -> None:
        with self.site.look():
            for vm in self.site.vms_on(name):
                self.touched_by_others.add(vm.vm_id)
            for migration in self.site.migrations.values():
                if migration.ended_at is None and name in (migration.source, migration.target):
                    self.touched_by_others.add(migration.vm_id)
            self.site.faults.node_down(name)

    def heal(self) -> None:
        """Everything works again."""
        self.accidents.clear()
        with self.site.look():
            faults = self.site.faults
            faults.arm_down = faults.wrong_password = faults.status_url_vanishes = False
            faults.arm_throttle_left = 0
            faults.malformed.clear()
            for name in list(self.site.nodes):
                faults.node_up(name)
                faults.freeze_node(name, on=False)


class Accidental(WorldBackend):
    """The wires of one life: what it sends is held against the journal and may meet accidents."""

    def __init__(self, truth: Truth, before_sending: Callable[[str], None]) -> None:
        super().__init__(truth.site)
        self.truth = truth
        self.before_sending = before_sending


def _accidental(name: str) -> Any:
    act: Callable[..., Coroutine[Any, Any, Any]] = getattr(WorldBackend, name)

    async def sent(self: Accidental, *values: Any) -> Any:
        truth = self.truth
        operation_id = str(values[-1])
        if operation_id:  # a part of a longer act, sent by the other end's stand-in itself
            self.before_sending(operation_id)

        async def done() -> Any:
            answer = await act(self, *values)
            truth.executed(name, values)
            return answer

        def land() -> None:
            truth.on_its_way[operation_id] -= 1
            with contextlib.suppress(StopIteration, BackendError):
                done().send(None)

        accident = truth.accidents.pop(0) if truth.accidents else ""
        match accident:
            case "unreachable":
                raise BackendError(Fault(FaultCode.UNREACHABLE, "no route"))
            case "throttled":
                raise BackendError(Fault(FaultCode.THROTTLED, "429"))
            case "broke before":
                raise BackendError(Fault(FaultCode.REJECTED, "500"), was_sent=True)
            case "broke after" | "lost":
                await done()
                raise BackendError(Fault(FaultCode.LOST, "no answer"), was_sent=True)
            case "late":
                delay = truth.randomly.choice((5.0, 20.0, LATEST_S))
                truth.on_its_way[operation_id] = truth.on_its_way.get(operation_id, 0) + 1
                truth.loop.call_later(delay, land)
                raise BackendError(Fault(FaultCode.TIMED_OUT, "no answer"), was_sent=True)
            case "twice":
                answer = await done()
                truth.on_its_way[operation_id] = truth.on_its_way.get(operation_id, 0) + 1
                land()
                return answer
            case "slow":
                await asyncio.sleep(8.0)
        return await done()

    return sent


for _name in (
    "start_live_migration", "start_quick_migration", "suspend_node", "pause_node", "resume_node",
    "set_azure_placement", "create_network_interface",
    "create_data_disk", "create_machine", "create_vm_instance", "join_domain", "download_image",
    "change_power", "delete_resource", "delete_virtual_machine",
):  # fmt: skip
    setattr(Accidental, _name, _accidental(_name))
