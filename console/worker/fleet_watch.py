"""Keeps the fleet current: reads subscriptions in turn, tells what changed, stores it at times.

What changed is written down after each subscription, before the fleet is stored. A fleet that was
stored earlier than the past ends is brought to its end at the next start.
"""

import asyncio
import logging
from collections.abc import Callable

import msgspec

from console.backends import BackendError
from console.backends.fleet import FleetSource
from console.channel.messages import FleetChanged, FleetTold, ToWindow
from console.model.fleet import FleetCluster, FleetReading, FleetSnapshot
from console.model.fleet_moment import FleetMoment
from console.model.freshness import Fault, FaultCode
from console.worker.clock import Clock, sleep_unless
from console.worker.fleet_ledger import FleetLedger
from console.worker.fleet_past import UNREADABLE, FleetPast
from console.worker.past_file import HistoryUnreadableError

_log = logging.getLogger(__name__)

# From the start of one reading of everything to the next, while somebody looks and while not.
# 100,000 VMs are a hundred queries, which the service's quota spreads over half a minute.
INTERVAL_S, UNSEEN_INTERVAL_S = 120.0, 900.0
_STORE_EVERY_S = 60.0
_WAIT_S = 0.05
# A subscription whose reading hangs does not hold up the others for longer.
_HANGS_AFTER_S = 600.0

Save = Callable[[FleetSnapshot], None]


class FleetWatch:
    """``run`` until cancelled. ``clean`` takes secrets out of what servers said."""

    def __init__(
        self,
        *,
        source: FleetSource,
        clock: Clock,
        send: Callable[[ToWindow], None],
        is_congested: Callable[[], bool],
        is_visible: Callable[[], bool],
        save: Save,
        clean: Callable[[Fault], Fault],
        stored: FleetSnapshot | None = None,
        clean_word: Callable[[str], str] = lambda text: text,
        past: FleetPast | None = None,
    ) -> None:
        self._past = past
        self._has_begun = asyncio.Event()  # the past: no moment can be told before
        self._stored: FleetSnapshot | None = None  # until then
        self._clean_word = clean_word
        self.ledger = FleetLedger(clean_word)
        self.readings: dict[str, FleetReading] = {}
        self.wake = asyncio.Event()
        self._is_wanted = False
        self._source = source
        self._clock = clock
        self._send = send
        self._is_congested = is_congested
        self._is_visible = is_visible
        self._save = save
        self._clean = clean
        self._saved_at = clock.monotonic()
        self._was_whole = False
        self._told_clusters: tuple[FleetCluster, ...] | None = None
        if stored is not None:
            self._begin_with(stored)

    def _begin_with(self, stored: FleetSnapshot) -> None:
        try:
            self.ledger.load(stored)
        except (ValueError, KeyError, IndexError) as error:
            _log.warning("the stored fleet does not fit: %r", error)
            self.ledger = FleetLedger(self._clean_word)
            return
        self._stored = stored
        self.readings = {
            one.subscription: msgspec.structs.replace(one, is_going_on=False)
            for one in stored.readings
        }

    def refresh(self) -> None:
        """Read everything now, as far as the quota lets."""
        self._is_wanted = True
        self.wake.set()

    def reconsider(self) -> None:
        """Somebody looks now, or does not any more."""
        self.wake.set()

    async def run(self) -> None:
        """Read and tell until cancelled; what is known then is stored."""
        await self._begin_past()
        try:
            # The window may know less or more: what is the same costs it next to nothing.
            for part in self.ledger.everything():
                await self._tell(FleetChanged(part))
            self._tell_readings()
            while True:
                began = self._clock.monotonic()
                self._is_wanted = False
                await self._read_everything()
                await self._until_due(began)
        finally:
            if self.readings:
                if self._past is not None:
                    self._past.add(self.ledger.noted(self._past.known))
                self._store()

    async def _begin_past(self) -> None:
        try:
            if self._past is not None:
                mark = self._stored.past_mark if self._stored is not None else ""
                read = {name for name, one in self.readings.items() if one.read_at is not None}
                if not await asyncio.to_thread(self._past.begin, self.ledger, mark, read):
                    self.ledger = FleetLedger(self._clean_word)
                    if self._stored is not None:
                        self._begin_with(self._stored)
        finally:
            self._stored = None
            self._has_begun.set()

    async def _until_due(self, began: float) -> None:
        while not self._is_wanted:
            self.wake.clear()
            interval = INTERVAL_S if self._is_visible() else UNSEEN_INTERVAL_S
            left = began + interval - self._clock.monotonic()
            if left <= 0:
                return
            await sleep_unless(self._clock, left, self.wake)

    async def _read_everything(self) -> None:
        try:
            subscriptions = await self._source.subscriptions()
        except BackendError as error:
            fault = self._clean(error.fault)
            for name, reading in self.readings.items():
                self.readings[name] = msgspec.structs.replace(reading, faults=(fault,))
            if not self.readings:
                self.readings[""] = FleetReading("", "Azure Resource Graph", faults=(fault,))
            self._tell_readings()
            return
        self.readings.pop("", None)
        for subscription, name in subscriptions:
            known = self.readings.get(subscription) or FleetReading(subscription)
            self.readings[subscription] = msgspec.structs.replace(
                known, name=name or known.name, is_going_on=True
            )
        self._tell_readings()
        for subscription, _name in subscriptions:
            await self._read(subscription)
        if not self._was_whole:
            # The first whole reading: a worker that is lost from here on takes this up.
            self._was_whole = True
            await asyncio.to_thread(self._store)

    async def _read(self, subscription: str) -> None:
        """One subscription; what fails there is its own fault beside what was read before."""
        at = self._clock.now()
        try:
            async with asyncio.timeout(_HANGS_AFTER_S):
                faults = await self._read_pages(subscription)
        except BackendError as error:
            self._failed(subscription, error.fault)
        except TimeoutError:
            summary = "Reading this subscription did not come to an end in time."
            self._failed(subscription, Fault(FaultCode.TIMED_OUT, summary, kept=_KEPT))
        except Exception as error:  # a bug in reading one must not end the reading of all
            _log.exception("reading %s failed", subscription)
            summary = "This subscription could not be read: a fault of the console."
            self._failed(subscription, Fault(FaultCode.MALFORMED, summary, detail=repr(error)))
        else:
            self.readings[subscription] = msgspec.structs.replace(
                self.readings[subscription], read_at=at, faults=faults, is_going_on=False
            )
        await self._publish()
        # Before it is told: what is told as read can be gone back to.
        await self._keep(subscription)
        self._tell_readings()
        if self._clock.monotonic() - self._saved_at >= _STORE_EVERY_S:
            await asyncio.to_thread(self._store)

    async def _read_pages(self, subscription: str) -> tuple[Fault, ...]:
        """The rows that could not be read, as a partial fault."""
        ledger = self.ledger
        ledger.set_clusters(subscription, await self._source.clusters(subscription))
        self._tell_readings()
        ledger.begin()
        rows = unreadable = 0
        async for page in self._source.pages(subscription):
            unreadable += ledger.take(page)
            rows += len(page.fingerprints)
            await self._publish()
        if not unreadable:
            ledger.end(subscription)
            return ()
        return (
            Fault(
                FaultCode.MALFORMED,
                f"{unreadable} of {rows} VMs could not be read.",
                kept="They are shown as not known, with what was read of them before.",
                remedy="Open their clusters to ask those; if it stays, report it.",
                at=self._clock.now(),
                is_partial=True,
            ),
        )

    def _failed(self, subscription: str, fault: Fault) -> None:
        fault = msgspec.structs.replace(self._clean(fault), at=self._clock.now())
        self.readings[subscription] = msgspec.structs.replace(
            self.readings[subscription], faults=(fault,), is_going_on=False
        )

    # -- telling -------------------------------------------------------------------------------
    async def _publish(self) -> None:
        for part in self.ledger.changes():
            await self._tell(FleetChanged(part))

    async def _tell(self, message: ToWindow) -> None:
        while self._is_congested():
            await self._clock.sleep(_WAIT_S)
        self._send(message)

    def _tell_readings(self) -> None:
        clusters: tuple[FleetCluster, ...] | None = tuple(self.ledger.clusters.values())
        if clusters == self._told_clusters:
            clusters = None
        else:
            self._told_clusters = clusters
        interval = INTERVAL_S if self._is_visible() else UNSEEN_INTERVAL_S
        self.readings = {
            name: msgspec.structs.replace(one, interval=interval)
            for name, one in self.readings.items()
        }
        self._send(FleetTold(clusters, tuple(self.readings.values())))

    # -- the past ------------------------------------------------------------------------------
    async def moment(self, at: float) -> tuple[FleetMoment, Fault | None]:
        """The fleet as it was known then; the fault says why that cannot be told."""
        past = self._past
        if past is None:
            return FleetMoment(at), None
        await self._has_begun.wait()
        past.add(self.ledger.noted(past.known))
        now, readings = self.ledger.copy(), tuple(self.readings.values())
        try:
            return await asyncio.to_thread(past.moment, at, now, readings), None
        except HistoryUnreadableError as error:
            return FleetMoment(at), msgspec.structs.replace(UNREADABLE, detail=str(error))

    async def _keep(self, subscription: str) -> None:
        """What changed by this reading, and that it was one."""
        if self._past is not None:
            self._past.add(self.ledger.noted(self._past.known))
            reading = self.readings[subscription]
            read = () if reading.read_at is None or _has_failed(reading) else (subscription,)
            await asyncio.to_thread(self._past.write, read)

    def _store(self) -> None:
        self._saved_at = self._clock.monotonic()
        mark = ""
        if self._past is not None:
            self._past.write()
            mark = self._past.mark
        snapshot = msgspec.structs.replace(
            self.ledger.snapshot(), readings=tuple(self.readings.values()), past_mark=mark
        )
        try:
            self._save(snapshot)
        except OSError as error:
            _log.warning("the fleet could not be stored: %s", error)


_KEPT = "What was read before is kept, dated."


def _has_failed(reading: FleetReading) -> bool:
    """Not read this time; what was read in part was read."""
    return any(not fault.is_partial for fault in reading.faults)
