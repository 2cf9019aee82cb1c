"""Readings come as often as somebody needs them, and the window is told what changed, once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from console.backends import BackendError
from console.channel import stored_snapshot
from console.channel.messages import SnapshotChanged, SnapshotReplaced, ToWindow
from console.channel.packing import unpacked_change
from console.model.freshness import Fault, FaultCode, Wire, WireReading
from console.model.inventory import Inventory
from console.model.operation import OperationRecord, OperationState
from console.model.request import ChangePowerState, LiveMigrate, PowerAction
from console.model.snapshot import ClusterInfo, ClusterSnapshot
from console.model.virtual_machine import (
    ClusterFacts,
    PowerState,
    VirtualMachine,
    VmKind,
    VmMetrics,
)
from console.worker.intervals import Demand, demand_of, interval_of
from console.worker.watcher import Watcher
from tests.unit.worker.fakes import FastClock


class Site:
    """A cluster that is read: each wire separately, possibly hanging or failing."""

    def __init__(self) -> None:
        self.clock = FastClock()
        self.reads = {Wire.ARM: 0, Wire.CLUSTER: 0}
        self.cpu = 1
        self.owner = "N1"
        self.arm_hangs = asyncio.Event()
        self.arm_hangs.set()
        self.error: Exception | None = None
        self.readings = {wire: WireReading(wire) for wire in Wire}

    async def read(self, wires: frozenset[Wire]) -> ClusterSnapshot:
        (wire,) = wires
        self.reads[wire] += 1
        if wire is Wire.ARM:
            await self.arm_hangs.wait()
        if self.error is not None:
            raise self.error
        self.readings[wire] = WireReading(wire, read_at=self.clock.now())
        facts = ClusterFacts("vm", self.owner, PowerState.RUNNING)
        return ClusterSnapshot(
            ClusterInfo("c1"),
            vms=(
                VirtualMachine("vm", "vm", VmKind.AZURE_LOCAL, facts, metrics=VmMetrics(self.cpu)),
            ),
            arm=self.readings[Wire.ARM],
            cluster_wire=self.readings[Wire.CLUSTER],
        )


class Watched:
    """A watcher on a site, and a window's inventory fed by its messages."""

    def __init__(self, folder: Path, *, is_shown: bool = False) -> None:
        self.folder = folder
        self.site = Site()
        self.demand = Demand()
        self.is_congested = False
        self.messages: list[ToWindow] = []
        self.window = Inventory()
        self.watcher = Watcher(
            inventory=Inventory(),
            clock=self.site.clock,
            demand=lambda: self.demand,
            send=self.take,
            is_congested=lambda: self.is_congested,
            store=lambda snapshot: stored_snapshot.save(folder, "lab", snapshot),
            look=lambda _before, _delta: None,
            is_shown=is_shown,
        )

    def take(self, message: ToWindow) -> None:
        self.messages.append(message)
        if isinstance(message, SnapshotReplaced):
            self.window.replace(message.snapshot)
        elif isinstance(message, SnapshotChanged):
            self.window.apply(unpacked_change(message))

    async def told(self) -> None:
        """Wait until the window was told what is known."""
        async with asyncio.timeout(10):
            while True:
                await asyncio.sleep(0.005)
                if self.window.snapshot() == self.watcher.inventory.snapshot():
                    return


@pytest.fixture
async def watched(tmp_path: Path) -> AsyncIterator[Watched]:
    watched = Watched(tmp_path)
    watched.watcher.start(watched.site.read)
    yield watched
    await watched.watcher.close()


async def test_a_window_that_shows_something_is_not_told_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.worker.watcher._BOTH_WITHIN_S", 1e6)  # time runs fast here
    watched = Watched(tmp_path, is_shown=True)
    watched.site.arm_hangs.clear()
    watched.watcher.start(watched.site.read)
    async with asyncio.timeout(10):
        while not watched.watcher.inventory.vms:  # noqa: ASYNC110 - nobody tells of it
            await asyncio.sleep(0.005)
    assert watched.messages == []
    watched.site.arm_hangs.set()
    await watched.told()
    assert isinstance(first := watched.messages[0], SnapshotReplaced)
    assert first.snapshot.arm.read_at is not None
    assert first.snapshot.cluster_wire.read_at is not None
    await watched.watcher.close()


async def test_a_silent_wire_does_not_keep_the_other_from_being_told(tmp_path: Path) -> None:
    watched = Watched(tmp_path, is_shown=True)
    watched.site.arm_hangs.clear()
    began = watched.site.clock.monotonic()
    watched.watcher.start(watched.site.read)
    await watched.told()
    assert isinstance(first := watched.messages[0], SnapshotReplaced)
    assert first.snapshot.arm.read_at is None
    assert watched.site.clock.monotonic() - began >= 5
    watched.site.arm_hangs.set()
    await watched.watcher.close()


async def test_a_whole_snapshot_first_then_only_changes(watched: Watched) -> None:
    await watched.watcher.refresh()
    await watched.told()
    assert isinstance(watched.messages[0], SnapshotReplaced)
    watched.site.cpu, watched.site.owner = 50, "N2"
    await watched.watcher.refresh()
    await watched.told()
    assert watched.window.vms["vm"].owner_node == "N2"
    watched.site.cpu = 60
    await watched.watcher.refresh()
    await watched.told()
    last = watched.messages[-1]
    assert isinstance(last, SnapshotChanged)
    assert last.delta.upserted == ()
    assert last.packed_metrics
    assert watched.window.vms["vm"].metrics == VmMetrics(60)
    assert not any(isinstance(message, SnapshotReplaced) for message in watched.messages[1:])


async def test_every_reading_keeps_the_window_fresh_though_nothing_changed(
    watched: Watched,
) -> None:
    await watched.watcher.refresh()
    await watched.told()
    first = watched.window.cluster_wire.read_at
    await watched.watcher.refresh()
    await watched.told()
    last = watched.messages[-1]
    assert isinstance(last, SnapshotChanged)
    assert last.delta.upserted == ()
    assert last.delta.nodes is None
    assert first is not None
    assert (watched.window.cluster_wire.read_at or 0) > first
    assert watched.window.cluster_wire.interval == 10.0
    assert watched.window.arm.interval == 30.0


async def test_asking_many_times_at_once_reads_once(watched: Watched) -> None:
    await watched.watcher.refresh()
    before = dict(watched.site.reads)
    await asyncio.gather(*(watched.watcher.refresh() for _ in range(50)))
    assert watched.site.reads[Wire.CLUSTER] - before[Wire.CLUSTER] <= 2


async def test_a_refresh_waits_for_a_reading_begun_after_it(watched: Watched) -> None:
    watched.site.arm_hangs.clear()
    reading = asyncio.ensure_future(watched.watcher.refresh())
    await asyncio.sleep(0.02)
    assert not reading.done()
    # A wire that hangs does not hold up the other.
    assert watched.site.reads[Wire.CLUSTER] >= 1
    watched.site.owner = "N3"
    watched.site.arm_hangs.set()
    await reading
    assert watched.watcher.inventory.vms["vm"].owner_node == "N3"


async def test_freshen_takes_a_young_reading_of_arm(watched: Watched) -> None:
    await watched.watcher.refresh()
    before = dict(watched.site.reads)
    await watched.watcher.freshen()
    assert watched.site.reads[Wire.ARM] == before[Wire.ARM]
    assert watched.site.reads[Wire.CLUSTER] > before[Wire.CLUSTER]


async def test_intervals_follow_the_demand(watched: Watched) -> None:
    await watched.watcher.refresh()
    watched.demand = Demand(is_acting=True)
    watched.watcher.reconsider()
    before = watched.site.reads[Wire.CLUSTER]
    await watched.site.clock.sleep(60)
    # Thirty are due; a reading every ten seconds would be six.
    assert 10 <= watched.site.reads[Wire.CLUSTER] - before <= 32


async def test_a_read_that_raises_is_a_wire_that_is_down(watched: Watched) -> None:
    await watched.watcher.refresh()
    for error in (BackendError(Fault(FaultCode.REFUSED, "x")), ZeroDivisionError("bug")):
        watched.site.error = error
        await watched.watcher.refresh()
        await watched.told()
        assert watched.window.cluster_wire.is_down
        assert "vm" in watched.window.vms
    watched.site.error = None
    await watched.watcher.refresh()
    await watched.told()
    assert not watched.window.cluster_wire.is_down


async def test_a_slow_window_gets_one_message_for_many_readings(watched: Watched) -> None:
    await watched.watcher.refresh()
    await watched.told()
    watched.is_congested = True
    count = len(watched.messages)
    for cpu in range(10, 20):
        watched.site.cpu = cpu
        await watched.watcher.refresh()
    assert len(watched.messages) <= count + 1
    watched.is_congested = False
    await watched.told()
    assert watched.window.vms["vm"].metrics == VmMetrics(19)
    assert len(watched.messages) <= count + 3


async def test_the_snapshot_is_stored_for_the_next_start(watched: Watched) -> None:
    await watched.watcher.refresh()
    watched.site.owner = "N9"
    await watched.watcher.refresh()
    await watched.watcher.close()
    stored = stored_snapshot.load(watched.folder, "lab")
    assert stored is not None
    assert stored.vms[0].owner_node == "N9"


def _record(request: object, state: OperationState) -> OperationRecord:
    return OperationRecord("op", request, "t", state, 1.0)  # type: ignore[arg-type]


def test_intervals() -> None:
    move = LiveMigrate("vm", "vm", "N1", "N2")
    power = ChangePowerState("vm", "vm", PowerAction.START)
    idle = demand_of([], is_visible=True, just_acted=False)
    waiting = [_record(move, OperationState.QUEUED), _record(power, OperationState.UNKNOWN)]
    assert demand_of(waiting, is_visible=True, just_acted=False) == idle
    moving = demand_of([_record(move, OperationState.RUNNING)], is_visible=False, just_acted=False)
    powering = demand_of(
        [_record(power, OperationState.RUNNING)], is_visible=True, just_acted=False
    )
    hidden = msgspec.structs.replace(idle, is_visible=False)
    table = [
        (idle, 10.0, 30.0),
        (hidden, 60.0, 60.0),
        (moving, 2.0, 60.0),
        (powering, 2.0, 5.0),
    ]
    for demand, cluster, arm in table:
        assert interval_of(Wire.CLUSTER, demand, 9) == cluster
        assert interval_of(Wire.ARM, demand, 0) == arm
    assert interval_of(Wire.ARM, idle, 1) == 60.0
    assert interval_of(Wire.ARM, powering, 2) == 20.0


def test_a_large_site_is_read_less_often_while_nobody_acts() -> None:
    small, large = Demand(vms=900), Demand(vms=2_000)
    assert interval_of(Wire.CLUSTER, small, 0) == 10.0
    assert interval_of(Wire.CLUSTER, large, 0) == 20.0
    assert interval_of(Wire.ARM, large, 0) == 60.0
    assert interval_of(Wire.CLUSTER, Demand(vms=100_000), 0) == 20.0
    assert interval_of(Wire.CLUSTER, Demand(is_acting=True, vms=2_000), 0) == 2.0
