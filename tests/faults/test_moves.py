"""What befalls live migrations: each ends in the truth, in words, and nothing is issued twice.

Over the lab's sockets, with the real worker. The lab's time is nearly stopped and moved by hand
until a migration is where it is wanted; then something happens to it.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from console.model.operation import OperationRecord, OperationState
from console.model.request import LiveMigrate
from console.model.virtual_machine import PowerState, VirtualMachine, VmKind
from tests.end_to_end.lab_process import Lab, running_lab
from tests.faults.proxy import FINE, Mood, proxies
from tests.faults.real_console import Console, console_on

pytestmark = pytest.mark.timeout(240)
S = OperationState
_STOPPED, _STEP_S = 0.001, 0.02
_PHASES = ("Queued", "Setup", "Memory", "Blackout", "Cleanup", "Completed")


class Scene:
    """A console, its lab, a VM on N1 that is to go to N2."""

    def __init__(self, console: Console, lab: Lab) -> None:
        self.console, self.lab = console, lab
        inventory = console.inventory
        names = list(inventory.nodes)
        self.source, self.target, self.third = names[:3]
        self.vm = max(self.movable(self.source), key=lambda vm: vm.memory_mib or 0)
        self.name = ""

    def movable(self, node: str) -> list[VirtualMachine]:
        return [
            vm
            for vm in self.console.inventory.vms_on(node)
            if vm.kind is VmKind.AZURE_LOCAL
            and vm.power is PowerState.RUNNING
            and vm.cluster is not None
            and not vm.cluster.has_checkpoints
        ]

    @property
    def record(self) -> OperationRecord:
        return self.console.records[self.name]

    def submit(self) -> None:
        request = LiveMigrate(self.vm.key, self.vm.name, self.source, self.target)
        self.name = self.console.submit(request)

    def stop_time(self) -> None:
        self.lab.ask("speed", factor=_STOPPED)

    def run_time(self, factor: float = 6.0) -> None:
        self.lab.ask("speed", factor=factor)

    def seen(self) -> dict[str, Any]:
        return self.lab.ask("vm", name=self.vm.name)

    @property
    def owner(self) -> str:
        return str(self.seen()["vm"]["owner"])

    def counted(self, act: str) -> int:
        counters: dict[str, int] = self.lab.ask("counters")["counters"]
        return counters.get(act, 0)

    @property
    def sent(self) -> int:
        return self.counted(f"migrate-for:{self.name}")

    def reach(self, phase: str) -> None:
        """Move the lab's time until the migration is in this phase, then hold it there."""
        self.stop_time()
        assert self.console.until(lambda: self.seen()["migration"] is not None, 60), self.record
        for _ in range(5_000):
            now = str(self.seen()["migration"]["phase"])
            if now == phase:
                return
            assert now in _PHASES[: _PHASES.index(phase)], f"{phase} was missed: {now}"
            self.lab.ask("advance", seconds=_STEP_S)
        raise AssertionError(f"{phase} was never reached")

    def ended(self, seconds: float = 120.0) -> OperationRecord:
        assert self.console.until(
            lambda: self.name in self.console.records and self.record.is_over, seconds
        ), self.record
        return self.record

    def told(self) -> str:
        """All that the record says to a person."""
        record, fault = self.record, self.record.fault
        words = [record.result, *(finding.text for finding in record.findings)]
        if fault is not None:
            words += [fault.summary, fault.kept, fault.remedy]
        return "\n".join((*words, *(step.text for step in record.steps)))


@pytest.fixture
def lab() -> Iterator[Lab]:
    with running_lab() as running:
        yield running


@pytest.fixture
def scene(lab: Lab, tmp_path: Path) -> Iterator[Scene]:
    with console_on(lab, tmp_path) as console:
        yield opened(console, lab)


def opened(console: Console, lab: Lab) -> Scene:
    inventory = console.inventory
    assert console.until(
        lambda: (
            len(inventory.nodes) == 4
            and inventory.arm.read_at is not None
            and any(vm.owner_node and vm.azure for vm in inventory.vms.values())
        ),
        60,
    )
    return Scene(console, lab)


def test_the_target_dies_in_mid_pass(scene: Scene) -> None:
    scene.submit()
    scene.reach("Memory")
    scene.lab.fault("node_down", name=scene.target)
    scene.run_time()
    record = scene.ended()
    assert record.state is S.FAILED
    assert scene.owner == scene.source
    assert f"{scene.vm.name} is still on {scene.source}" in record.result
    assert f"node {scene.target} was lost" in scene.told()
    assert scene.seen()["vm"]["state"] == "Running"
    assert scene.sent == 1


@pytest.mark.parametrize("restarts_on", ["the target", "another node"])
def test_the_source_dies_in_mid_pass(scene: Scene, restarts_on: str) -> None:
    """The cluster restarts the VM elsewhere: it was not moved, wherever it runs then."""
    scene.submit()
    scene.reach("Memory")
    # Its call was answered: else nobody could tell how the VM came to where it is found.
    assert scene.console.until(lambda: "Accepted" in scene.told(), 30), scene.told()
    elsewhere = scene.third if restarts_on == "the target" else scene.target
    others = [name for name in scene.console.inventory.nodes if name != scene.source]
    for node in others:
        # The cluster takes the node with most free memory: leave only the wanted one.
        is_wanted = node == scene.target if restarts_on == "the target" else node == scene.third
        if not is_wanted:
            scene.lab.fault("igvm_agent", name=node, state="Stopped")
    scene.lab.fault("node_down", name=scene.source)
    scene.run_time()
    record = scene.ended()
    assert scene.owner != scene.source
    assert scene.owner != elsewhere
    assert record.state is S.FAILED, record.result
    assert f"{scene.vm.name} is on {scene.owner}, but not by this move" in record.result
    assert "It was restarted there." in record.result
    assert f"node {scene.source} was lost" in record.result
    assert scene.sent == 1
    assert scene.counted(f"failover:{scene.vm.key}") == 1
    assert scene.counted(f"arrive:{scene.vm.key}") == 0


def test_moved_by_somebody_else_between_lift_and_drop(scene: Scene) -> None:
    """What was lifted is not what is dropped: the check reads afresh, the cluster compares."""
    args = {"vm_id": scene.vm.key, "target": scene.third, "expected_owner": "", "operation_id": ""}
    scene.run_time(1000.0)
    scene.lab.ask("act", name="start_migration", args=args)
    assert scene.console.until(lambda: scene.owner == scene.third, 30)
    scene.run_time()
    scene.submit()
    record = scene.ended()
    assert record.state in (S.BLOCKED, S.FAILED)
    assert scene.third in scene.told()
    assert scene.owner == scene.third
    assert scene.sent == 0
    assert scene.counted(f"migrate:{scene.vm.key}") == 1


def test_moved_by_somebody_else_while_it_waits_for_its_place(scene: Scene) -> None:
    """The same after the checks: the cluster itself compares the owner, and refuses."""
    scene.stop_time()
    blockers = [vm for vm in scene.movable(scene.source) if vm.key != scene.vm.key][:2]
    for vm in blockers:
        request = LiveMigrate(vm.key, vm.name, scene.source, scene.target)
        scene.console.submit(request)
    assert scene.console.until(
        lambda: all(scene.counted(f"migrate:{vm.key}") == 1 for vm in blockers), 60
    )
    scene.submit()
    assert scene.console.until(lambda: scene.name in scene.console.records, 20)
    args = {"vm_id": scene.vm.key, "target": scene.third, "expected_owner": "", "operation_id": ""}
    scene.lab.ask("act", name="start_migration", args=args)
    scene.run_time()
    record = scene.ended()
    assert record.state in (S.BLOCKED, S.FAILED), record.result
    assert scene.third in scene.told() or "already migrating" in scene.told()
    assert scene.console.until(lambda: scene.owner == scene.third, 30)
    assert scene.sent == 0


def test_the_slots_are_taken_by_somebody_else(scene: Scene) -> None:
    scene.stop_time()
    taken = [vm for vm in scene.movable(scene.source) if vm.key != scene.vm.key][:2]
    for vm in taken:
        args = {"vm_id": vm.key, "target": scene.third, "expected_owner": "", "operation_id": "x"}
        scene.lab.ask("act", name="start_migration", args=args)
    scene.submit()

    def is_waiting() -> bool:
        if scene.name not in scene.console.records:
            return False
        waits_here = scene.record.state in (S.QUEUED, S.CHECKING) and len(scene.record.steps) > 1
        seen = scene.seen()["migration"]
        return waits_here or (seen is not None and seen["phase"] == "Queued")

    assert scene.console.until(is_waiting, 60), scene.record
    scene.run_time()
    record = scene.ended()
    assert record.state is S.SUCCEEDED, scene.told()
    assert scene.owner == scene.target
    assert scene.sent == 1


def test_a_slow_link_is_watched_told_and_ends_once(scene: Scene) -> None:
    scene.submit()
    scene.reach("Memory")
    scene.lab.fault("slow_link", factor=60.0)
    scene.run_time(1.0)

    def rate() -> float | None:
        progress = scene.record.progress
        return progress.move.rate_mib_s if progress is not None and progress.move else None

    assert scene.console.until(lambda: (found := rate()) is not None and found < 200, 60)
    assert not scene.record.is_over
    scene.lab.fault("slow_link", factor=1.0)
    scene.run_time()
    assert scene.ended().state is S.SUCCEEDED
    assert scene.owner == scene.target
    assert scene.sent == 1


def test_what_never_converges_says_so_and_can_be_cancelled(scene: Scene) -> None:
    scene.lab.fault("migration_never_converges", vm=scene.vm.name)
    scene.run_time(8.0)
    scene.submit()

    def converges() -> bool | None:
        record = scene.console.records.get(scene.name)
        progress = record.progress if record is not None else None
        return progress.move.is_converging if progress is not None and progress.move else None

    assert scene.console.until(lambda: converges() is False, 90), scene.record
    scene.console.cancel(scene.name)
    record = scene.ended()
    assert record.state is S.CANCELED
    assert f"{scene.vm.name} stayed on {scene.source}" in record.result
    assert scene.owner == scene.source
    assert scene.sent == 1


@pytest.mark.parametrize(
    "mood",
    [Mood("refused", is_refused=True, cut_after=0), Mood("black hole", is_black_hole=True)],
    ids=lambda mood: mood.name,
)
def test_remoting_drops_while_the_move_goes_on(lab: Lab, tmp_path: Path, mood: Mood) -> None:
    nodes = lab.endpoints["cluster"]["nodes"]
    split = [address.rpartition(":") for address in nodes.values()]
    with proxies([(host, int(port)) for host, _, port in split], 1) as made:
        addresses = {name: proxy.address for name, proxy in zip(nodes, made, strict=True)}
        with console_on(lab, tmp_path, nodes=addresses) as console:
            scene = opened(console, lab)
            scene.submit()
            scene.reach("Memory")
            for proxy in made:
                proxy.mood = mood
            assert console.until(lambda: "Contact lost" in scene.told(), 60), scene.told()
            # It arrives while nobody can see it.
            scene.run_time(50.0)
            assert console.until(lambda: scene.owner == scene.target, 30)
            assert not scene.record.is_over, "nobody saw its end"
            for proxy in made:
                proxy.mood = FINE
            record = scene.ended()
            assert record.state is S.SUCCEEDED, scene.told()
            assert "Contact again" in scene.told()
            assert scene.sent == 1


@pytest.mark.parametrize("phase", _PHASES[1:])
def test_a_cancel_in_any_phase_ends_where_the_vm_is(scene: Scene, phase: str) -> None:
    """In the blackout too: whether it came in time is told by where the VM is, by nothing else."""
    scene.submit()
    scene.reach(phase)
    if phase == "Completed":
        assert scene.console.until(lambda: scene.record.state is S.VERIFYING, 30), scene.record
    scene.console.cancel(scene.name)
    assert scene.console.until(
        lambda: (
            scene.record.cancel_requested
            or scene.name in scene.console.refused
            or scene.record.is_over
        ),
        20,
    )
    # The cancel is on its way: time goes on in small steps, as it would.
    for _ in range(10):
        scene.lab.ask("advance", seconds=_STEP_S)
    scene.run_time()
    record = scene.ended()
    owner = scene.owner
    expected = S.SUCCEEDED if owner == scene.target else S.CANCELED
    assert record.state is expected, scene.told()
    assert owner in record.result
    is_late = phase in ("Cleanup", "Completed")
    assert owner == scene.target or not is_late
    assert scene.sent == 1
    assert scene.counted(f"cancel:{scene.vm.key}") <= 1


def test_a_cancel_in_the_clusters_own_queue(scene: Scene) -> None:
    scene.stop_time()
    for vm in [vm for vm in scene.movable(scene.third) if vm.key != scene.vm.key][:2]:
        args = {"vm_id": vm.key, "target": scene.target, "expected_owner": "", "operation_id": "x"}
        scene.lab.ask("act", name="start_migration", args=args)
    scene.submit()
    assert scene.console.until(lambda: scene.name in scene.console.records, 20)
    scene.console.until(lambda: scene.seen()["migration"] is not None, 10)
    scene.console.cancel(scene.name)
    scene.run_time()
    record = scene.ended()
    assert record.state is S.CANCELED, scene.told()
    assert scene.owner == scene.source
    assert scene.sent <= 1
    assert scene.counted(f"arrive:{scene.vm.key}") == 0
