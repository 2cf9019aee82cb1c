"""kill -9 of the real worker at random moments of a mixed load over the lab's sockets.

The lab outlives every kill, as a cluster would. In the end its world is asked what really happened.
"""

import random
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import msgspec

from console.model.operation import OperationRecord, OperationState
from console.model.request import (
    ChangePowerState,
    CreateVirtualMachine,
    DeleteVirtualMachine,
    DownloadImage,
    DrainNode,
    LiveMigrate,
    NetworkInterfaceSpec,
    PowerAction,
    Request,
    ResumeNode,
    SecretField,
    VirtualMachineSpec,
)
from console.model.site import ImageReference, ImageState
from console.model.virtual_machine import PowerState, VirtualMachine, VmKind
from console.worker import audit_command
from tests.end_to_end.lab_process import Lab, running_lab
from tests.faults.real_console import Console, console_on
from tests.faults.tally import Tally

S = OperationState
Say = Callable[[str], None]
KILLS_A_LIFE = 100
_MOST_OPEN = 12
_SPEED = 6.0
# Longer than what is waited after a crash for a command that may still arrive, and than the
# shells of killed workers fill a node's quota.
_SETTLES_WITHIN_S = 420.0
_NOT_DONE = (S.FAILED, S.BLOCKED, S.CANCELED)


def run(seed: int, is_full: bool) -> Tally:
    """1,000 kills, or a few for every push."""
    if not is_full:
        return one_life(seed * 1000, 12)
    total = Tally()
    seeds = [seed * 1000 + number for number in range(10)]
    with ProcessPoolExecutor(2) as pool:
        for tally in pool.map(one_life, seeds, [KILLS_A_LIFE] * len(seeds)):
            total.add(tally)
    return total


def one_life(seed: int, kills: int) -> Tally:
    """One lab, one state folder, so many kills, and the reckoning."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="tlconsole-kills-") as folder, running_lab() as lab:
        lab.ask("speed", factor=_SPEED)
        with console_on(lab, Path(folder)) as console:
            if not console.until(lambda: len(console.inventory.vms) > 50, 60):
                return Tally(0, 1, found=[f"seed {seed}: the console never read the lab"])
            load = Load(console, chance)
            for _ in range(kills):
                _live_a_moment(console, load, chance)
                console.kill()
            starts = console.starts
            console.until(lambda: console.starts > starts, 20)
            console.until(console.is_told, _SETTLES_WITHIN_S)
            unknown = let_go_of_the_unknown(console)
            # Looked at once more: nothing may come after the end.
            time.sleep(1.0)
            tally = judge(console, lab, f"seed {seed}", unknown)
        said: list[str] = []
        if audit_command.verify(Path(folder), said.append) != 0:
            tally.wrong += 1
            tally.found.append(f"seed {seed}: {said}")
    tally.runs = kills
    return tally


def let_go_of_the_unknown(console: Console) -> set[str]:
    """What a person would do at last: dismiss what cannot be known, so that the rest goes on."""
    dismissed: set[str] = set()
    for _ in range(20):
        if console.until(console.is_settled, 10):
            break
        for name in console.unknown & set(console.open_now()):
            dismissed.add(name)
            console.cancel(name)
        console.until(console.is_told, 60)
    return dismissed


def _live_a_moment(console: Console, load: "Load", chance: random.Random) -> None:
    """Ask for a few things and let them run for a random while, also for hardly any."""
    starts = console.starts
    if chance.random() < 0.85:
        # Mostly after it came up; else it is killed while it starts or recovers.
        console.until(lambda: console.starts > starts or bool(console.inventory.vms), 5)
        deadline = time.monotonic() + chance.expovariate(1 / 0.9)
        while time.monotonic() < deadline:
            load.ask_for_something()
            time.sleep(min(0.3 * chance.random(), max(0.0, deadline - time.monotonic())))
    else:
        time.sleep(0.6 * chance.random())


class Load:
    """What people and scripts ask for, all at once; reproducible but for the machine's own time."""

    def __init__(self, console: Console, chance: random.Random) -> None:
        self._console, self._chance = console, chance
        self._created = 0
        self._images = 0

    def ask_for_something(self) -> None:
        inventory = self._console.inventory
        if not (inventory.nodes and inventory.site.images and inventory.site.storage_paths):
            return  # a new worker has not read both wires yet
        open_now = self._console.open_now()
        if len(open_now) >= _MOST_OPEN:
            if self._chance.random() < 0.05:
                self._console.cancel(self._chance.choice(open_now))
            return
        kind = self._chance.choices(
            ("move", "power", "create", "delete", "group", "drain", "download"),
            (40, 30, 10, 5, 6, 5, 2),
        )[0]
        getattr(self, f"_{kind}")()

    def _vm(self, *states: PowerState) -> VirtualMachine | None:
        vms = [
            vm
            for vm in self._console.inventory.vms.values()
            if vm.kind is VmKind.AZURE_LOCAL and vm.owner_node and vm.power in states
        ]
        return self._chance.choice(vms) if vms else None

    def _move_request(self) -> LiveMigrate | None:
        vm = self._vm(PowerState.RUNNING)
        if vm is None or not vm.owner_node:
            return None
        others = [name for name in self._console.inventory.nodes if name != vm.owner_node]
        return LiveMigrate(vm.key, vm.name, vm.owner_node, self._chance.choice(others))

    def _move(self) -> None:
        request = self._move_request()
        if request is not None:
            self._console.submit(request)

    def _group(self) -> None:
        wanted = [self._move_request() for _ in range(self._chance.randint(2, 4))]
        requests = {one.vm_key: one for one in wanted if one is not None}
        if len(requests) > 1:
            group = self._console.submit_group(*requests.values())
            if self._chance.random() < 0.2:
                self._console.cancel_group(group)

    def _power(self) -> None:
        vm = self._vm(PowerState.RUNNING, PowerState.STOPPED)
        if vm is None:
            return
        action = PowerAction.START
        if vm.power is PowerState.RUNNING:
            action = self._chance.choice((PowerAction.STOP, PowerAction.RESTART))
        self._console.submit(ChangePowerState(vm.key, vm.name, action))

    def _create(self) -> None:
        site = self._console.inventory.site
        images = [i for i in site.images if i.state is ImageState.READY and i.os_type == "Windows"]
        self._created += 1
        name = f"made-{self._created:03}"
        spec = VirtualMachineSpec(
            name=name,
            subscription_id=site.subscriptions[0].id,
            resource_group=site.resource_groups[0].name,
            location=site.custom_locations[0].location,
            custom_location_id=site.custom_locations[0].arm_id,
            image_id=images[0].arm_id,
            processors=2,
            memory_mib=2048,
            storage_path_id=site.storage_paths[0].arm_id,
            computer_name=name,
            admin_username="grace",
            network_interfaces=(
                NetworkInterfaceSpec(f"{name}-nic", site.logical_networks[0].arm_id),
            ),
        )
        secrets = {SecretField.ADMIN_PASSWORD.value: "Correct-Horse-7"}
        self._console.submit(CreateVirtualMachine(spec), secrets)

    def _delete(self) -> None:
        made = [
            vm
            for vm in self._console.inventory.vms.values()
            if vm.name.startswith("made-") and vm.azure is not None and vm.cluster is not None
        ]
        if made:
            vm = self._chance.choice(made)
            self._console.submit(DeleteVirtualMachine(vm.key, vm.name))

    def _drain(self) -> None:
        node = self._chance.choice(list(self._console.inventory.nodes))
        request: Request = DrainNode(node)
        if self._chance.random() < 0.6:
            request = ResumeNode(node)
        self._console.submit(request)

    def _download(self) -> None:
        site = self._console.inventory.site
        self._images += 1
        self._console.submit(
            DownloadImage(
                f"image-{self._images}",
                ImageReference(
                    "microsoftwindowsserver", "windowsserver", "2025-datacenter-azure-edition"
                ),
                site.subscriptions[0].id,
                site.resource_groups[0].name,
                site.custom_locations[0].location,
                site.custom_locations[0].arm_id,
            )
        )


# -- the reckoning ---------------------------------------------------------------------------------
def judge(console: Console, lab: Lab, what: str, unknown: set[str]) -> Tally:
    """Hold what the console says against what the world counted.

    ``unknown``: operations that were dismissed while they were said to be unknown.
    """
    states = Counter(record.state.value for record in console.records.values())
    tally = Tally(told=[f"{what}: {len(console.asked)} operations, {dict(states)}"])
    counters: dict[str, int] = lab.ask("counters")["counters"]
    vms = {vm["name"]: vm for vm in lab.ask("vms")["vms"]}
    movements = lab.ask("migrations")["migrations"]
    last_movers = {one["vm_id"]: one["operation_id"] for one in movements}

    def lost(text: str) -> None:
        tally.lost += 1
        tally.found.append(f"{what}: lost: {text}")

    def doubled(text: str) -> None:
        tally.doubled += 1
        tally.found.append(f"{what}: doubled: {text}")

    def wrong(text: str) -> None:
        tally.wrong += 1
        tally.found.append(f"{what}: wrong: {text}")

    for name, request in console.asked.items():
        record = console.records.get(name)
        if record is None:
            if name not in console.refused:
                lost(f"{name} {request}")
            continue
        if not record.is_over:
            lost(
                f"{record.title} stays {record.state}: {[step.text for step in record.steps[-3:]]}"
            )
        if name in unknown or record.result.startswith("The console stopped looking"):
            # Dismissed while nobody knew, and it says so: only a second execution would be wrong.
            record = msgspec.structs.replace(record, state=S.UNKNOWN)
        match request:
            case LiveMigrate():
                times = counters.get(f"migrate-for:{name}", 0)
                arrived = counters.get(f"arrive-for:{name}", 0)
                if times > 1:
                    doubled(f"{record.title}: sent {times} times")
                # A drain or another operation may have brought it there, or away again.
                if record.state is S.SUCCEEDED and not counters.get(f"arrive:{request.vm_key}"):
                    wrong(f"{record.title} succeeded, and never arrived: {record.result}")
                if (
                    record.state in _NOT_DONE
                    and arrived
                    and last_movers.get(request.vm_key) == name
                ):
                    wrong(f"{record.title} is {record.state}, and arrived: {record.result}")
                if record.state is S.BLOCKED and times:
                    wrong(f"{record.title} is blocked, and was sent")
            case CreateVirtualMachine(spec=spec):
                times = counters.get(f"create:{spec.name}", 0)
                if times > 1:
                    doubled(f"{record.title}: made {times} times")
                if record.state is S.SUCCEEDED and not times:
                    wrong(f"{record.title} succeeded, and was never made")
                if record.state is S.SUCCEEDED and spec.name in vms:
                    made = vms[spec.name]
                    if not (made["vtpm"] and made["secure_boot"]):
                        wrong(f"{record.title} succeeded without Trusted launch")
                if record.state is S.BLOCKED and times:
                    wrong(f"{record.title} is blocked, and was made")
            case DeleteVirtualMachine(vm_name=vm_name):
                if record.state is S.SUCCEEDED and vm_name in vms:
                    wrong(f"{record.title} succeeded, and it is there")
                if record.state is S.BLOCKED and vm_name not in vms and record.commands:
                    wrong(f"{record.title} is blocked, and was sent")
            case _:
                pass
    _judge_repeated(console, counters, doubled, wrong)
    return tally


def _judge_repeated(console: Console, counters: dict[str, int], doubled, wrong) -> None:  # type: ignore[no-untyped-def]
    """Acts that carry no id of ours: held against how many operations asked for them."""
    least: Counter[str] = Counter()
    most: Counter[str] = Counter()
    for name, request in console.asked.items():
        record = console.records.get(name)
        act = _act_of(request)
        if record is None or not act:
            continue
        was_sent = _was_sent(record)
        most[act] += was_sent
        least[act] += was_sent and record.state is S.SUCCEEDED
    for act in {*most, *(key for key in counters if key.partition(":")[0] in _ACTS)}:
        if counters.get(act, 0) > most[act]:
            doubled(f"{act}: {counters[act]} times for {most[act]} operations")
        if counters.get(act, 0) < least[act]:
            wrong(f"{act}: {least[act]} succeeded, and it happened {counters.get(act, 0)} times")


_ACTS = ("start", "stop", "restart", "suspend", "resume")


def _act_of(request: Request) -> str:
    match request:
        case ChangePowerState(vm_key=key, action=action):
            return f"{action}:{key}"
        case DrainNode(node=node):
            return f"suspend:{node}"
        case ResumeNode(node=node):
            return f"resume:{node}"
        case _:
            return ""


def _was_sent(record: OperationRecord) -> bool:
    """Whether its call may have left: only then may it have happened."""
    return any(step.text.startswith("Sending: ") for step in record.steps)
