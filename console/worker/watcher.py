"""Keeps the worker's inventory and the window's copy current: due reads, diffs, one stream."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

import msgspec

from console.channel.messages import SnapshotReplaced, ToWindow
from console.channel.packing import packed_change
from console.model.freshness import Fault, FaultCode, Wire, WireReading
from console.model.inventory import Inventory
from console.model.snapshot import ClusterInfo, ClusterSnapshot, SnapshotDelta, diff
from console.model.virtual_machine import VirtualMachine
from console.worker.clock import Clock, sleep_unless
from console.worker.intervals import Demand, interval_of

_log = logging.getLogger(__name__)

# Reads of one wire follow each other no closer, however often they are asked for.
_LEAST_GAP_S = 0.2
# Changes reach the window at most this often.
_PUBLISH_EVERY_S = 0.1
_STORE_EVERY_S = 60.0
# A reading this young is fresh enough to check against; ARM counts every request.
_FRESH_S = {Wire.ARM: 5.0, Wire.CLUSTER: 0.0}
# Past this the backend itself hangs: the wire is said to be down and asked again.
_HANGS_AFTER_S = 90.0
# So long a window that shows something already waits for the second wire's first answer: without
# it the first half read would replace a whole picture with half of one.
_BOTH_WITHIN_S = 5.0
_LEAST_TOLD_INTERVAL_S = 4.0
_BOTH = (Wire.CLUSTER, Wire.ARM)

Read = Callable[[frozenset[Wire]], Awaitable[ClusterSnapshot]]


class _WireWatch:
    """When one wire was read, and who waits for its next reading."""

    def __init__(self) -> None:
        self.wake = asyncio.Event()
        self.is_wanted = False
        self.started = 0
        self.finished = 0
        self.finished_at = float("-inf")
        self.failures = 0
        self.done = asyncio.Condition()


class Watcher:
    """Reads both wires for as long as it runs; a wire that hangs does not hold up the other.

    ``look`` is shown each change before it is applied, beside the VMs as they were. ``clean`` takes
    secrets out of what servers said, before anything is shown, stored or judged. ``is_shown``: the
    window shows an earlier state, so the first telling can wait for both wires.
    """

    def __init__(
        self,
        *,
        inventory: Inventory,
        clock: Clock,
        demand: Callable[[], Demand],
        send: Callable[[ToWindow], None],
        is_congested: Callable[[], bool],
        store: Callable[[ClusterSnapshot], None],
        look: Callable[[Mapping[str, VirtualMachine], SnapshotDelta], None],
        clean: Callable[[ClusterSnapshot], ClusterSnapshot] = lambda snapshot: snapshot,
        is_shown: bool = False,
    ) -> None:
        self.inventory = inventory
        self._clock = clock
        self._demand = demand
        self._send = send
        self._is_congested = is_congested
        self._store = store
        self._look = look
        self._clean = clean
        self._is_shown = is_shown
        self._watches = {wire: _WireWatch() for wire in _BOTH}
        self._last = ClusterSnapshot(ClusterInfo(""))
        self._published: ClusterSnapshot | None = None
        self._published_at = float("-inf")
        self._stored: ClusterSnapshot | None = None
        self._stored_at = float("-inf")
        self._publishing: asyncio.Task[None] | None = None
        self._tasks: list[asyncio.Task[None]] = []

    def start(self, read: Read) -> None:
        """Begin reading at once."""
        self._tasks = [
            asyncio.create_task(self._watch(wire, read), name=f"watch {wire}") for wire in _BOTH
        ]

    def reconsider(self) -> None:
        """Something changed what is due: look at the intervals again."""
        for watch in self._watches.values():
            watch.wake.set()

    def show_fault(self, fault: Fault) -> None:
        """Both wires are down for this reason (they could not even be built)."""
        self._take(
            msgspec.structs.replace(
                self._last,
                arm=msgspec.structs.replace(self._last.arm, faults=(fault,)),
                cluster_wire=msgspec.structs.replace(self._last.cluster_wire, faults=(fault,)),
            )
        )

    async def refresh(self) -> None:
        """Have both wires read from now on, and wait for both readings."""
        await asyncio.gather(*(self._fresh(wire) for wire in _BOTH))

    async def freshen(self) -> None:
        """The same, but a reading of ARM that is seconds old will do."""
        at = self._clock.monotonic()
        await asyncio.gather(
            *(
                self._fresh(wire)
                for wire, watch in self._watches.items()
                if watch.failures or at - watch.finished_at >= _FRESH_S[wire]
            )
        )

    async def close(self) -> None:
        """Stop reading and store what is known."""
        tasks = [*self._tasks, *([self._publishing] if self._publishing else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._stored is not self._last and self._last.cluster.name:
            await asyncio.to_thread(self._store_now, self._last)

    async def _fresh(self, wire: Wire) -> None:
        watch = self._watches[wire]
        wanted = watch.started + 1
        watch.is_wanted = True
        watch.wake.set()
        async with watch.done:
            await watch.done.wait_for(lambda: watch.finished >= wanted)

    async def _watch(self, wire: Wire, read: Read) -> None:
        watch = self._watches[wire]
        while True:
            watch.is_wanted = False
            watch.started += 1
            began = self._clock.monotonic()
            snapshot = await self._read(wire, read)
            watch.failures = watch.failures + 1 if _reading(snapshot, wire).is_down else 0
            try:
                self._take(snapshot)
            except Exception:  # a snapshot that cannot be told must not end the watch
                _log.exception("a reading of %s could not be taken", wire)
            async with watch.done:
                watch.finished = watch.started
                watch.finished_at = self._clock.monotonic()
                watch.done.notify_all()
            await self._clock.sleep(_LEAST_GAP_S)
            await self._until_due(wire, began)

    async def _until_due(self, wire: Wire, began: float) -> None:
        watch = self._watches[wire]
        while not watch.is_wanted:
            watch.wake.clear()
            interval = interval_of(wire, self._demand(), watch.failures)
            left = began + interval - self._clock.monotonic()
            if left <= 0:
                return
            await sleep_unless(self._clock, left, watch.wake)
        watch.wake.clear()

    async def _read(self, wire: Wire, read: Read) -> ClusterSnapshot:
        """One reading; what goes wrong becomes a fault of the wire beside the last good data."""
        try:
            async with asyncio.timeout(_HANGS_AFTER_S):
                return await read(frozenset({wire}))
        except TimeoutError:
            code, summary, detail = FaultCode.TIMED_OUT, "did not answer in time", ""
        except Exception as error:  # a bug while reading is a wire that is down, not a dead worker
            _log.exception("reading %s failed", wire)
            code, summary, detail = FaultCode.MALFORMED, "could not be read", repr(error)
        name = "Azure" if wire is Wire.ARM else "The cluster"
        fault = Fault(
            code,
            f"{name} {summary}.",
            remedy="It is tried again by itself.",
            kept="What was read last is still shown, with its age.",
            detail=detail,
            at=self._clock.now(),
        )
        reading = msgspec.structs.replace(_reading(self._last, wire), faults=(fault,))
        return _with_reading(self._last, wire, reading)

    def _take(self, snapshot: ClusterSnapshot) -> None:
        """Make this the present state, here and in the window."""
        snapshot = self._clean(snapshot)
        demand = self._demand()
        for wire in _BOTH:
            # Never told shorter than this: a reading of a large site takes seconds itself.
            interval = max(interval_of(wire, demand, 0), _LEAST_TOLD_INTERVAL_S)
            reading = msgspec.structs.replace(_reading(snapshot, wire), interval=interval)
            snapshot = _with_reading(snapshot, wire, reading)
        delta = diff(self._last, snapshot)
        self._look(self.inventory.vms, delta)
        self.inventory.apply(delta)
        self._last = snapshot
        if self._publishing is None or self._publishing.done():
            self._publishing = asyncio.create_task(self._publish(), name="publish")

    async def _publish(self) -> None:
        """Tell the window everything that it was not told yet, once for many readings."""
        if self._published is None and self._is_shown:
            await self._until_both_answered()
        wait = self._published_at + _PUBLISH_EVERY_S - self._clock.monotonic()
        if wait > 0:
            await self._clock.sleep(wait)
        while self._is_congested():
            await self._clock.sleep(_PUBLISH_EVERY_S)
        self._published_at = self._clock.monotonic()
        snapshot, before = self._last, self._published
        self._published = snapshot
        if before is None:
            self._send(SnapshotReplaced(snapshot))
        else:
            delta = diff(before, snapshot)
            if not delta.is_empty:
                self._send(packed_change(delta))
        if self._published_at - self._stored_at >= _STORE_EVERY_S and snapshot.cluster.name:
            self._stored_at = self._published_at
            await asyncio.to_thread(self._store_now, snapshot)

    async def _until_both_answered(self) -> None:
        """Wait for a first answer or fault of each wire, but not for ever."""
        began = self._clock.monotonic()
        while not all(_has_answered(_reading(self._last, wire)) for wire in _BOTH):
            if self._clock.monotonic() - began >= _BOTH_WITHIN_S:
                return
            await self._clock.sleep(_PUBLISH_EVERY_S)

    def _store_now(self, snapshot: ClusterSnapshot) -> None:
        try:
            self._store(snapshot)
        except OSError as error:
            _log.warning("the snapshot could not be stored: %s", error)
        else:
            self._stored = snapshot


def _reading(snapshot: ClusterSnapshot, wire: Wire) -> WireReading:
    return snapshot.arm if wire is Wire.ARM else snapshot.cluster_wire


def _has_answered(reading: WireReading) -> bool:
    return reading.read_at is not None or bool(reading.faults)


def _with_reading(snapshot: ClusterSnapshot, wire: Wire, reading: WireReading) -> ClusterSnapshot:
    if wire is Wire.ARM:
        return msgspec.structs.replace(snapshot, arm=reading)
    return msgspec.structs.replace(snapshot, cluster_wire=reading)
