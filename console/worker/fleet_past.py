"""The fleet's past beside its stored snapshot: written and read in threads, one at a time."""

import logging
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from console.model.change import Change
from console.model.fleet import FleetReading
from console.model.fleet_moment import FleetMoment
from console.model.freshness import Fault, FaultCode
from console.worker import fleet_history
from console.worker.fleet_changes import FleetChanges
from console.worker.fleet_history import FleetHistory
from console.worker.fleet_ledger import FleetLedger
from console.worker.past_file import HistoryUnreadableError, PastDoor

_log = logging.getLogger(__name__)


class FleetPast:
    """A past that cannot be kept costs nothing else: it is logged."""

    def __init__(self, folder: Path, connection_id: str, now: Callable[[], float]) -> None:
        self._door = PastDoor(fleet_history.path_for(folder, connection_id), FleetHistory)
        self._now = now
        self.known: frozenset[str] = frozenset()  # subscriptions whose past has begun

    def begin(self, *, is_anew: bool) -> None:
        """Before anything is read. ``is_anew``: what was stored of the fleet is lost."""
        with self._door.lock:
            history = self._door.opened()
            if history is None:
                return
            try:
                if is_anew:
                    history.forget_baselines()
            except sqlite3.Error as error:
                _log.warning("the fleet's past could not be begun: %s", error)
                return
            self.known = frozenset(history.baselines)

    def keep(self, changes: FleetChanges, read: Sequence[str] = ()) -> None:
        """Write down what changed, and that these subscriptions were read whole."""
        with self._door.lock:
            history = self._door.opened()
            if history is None:
                return
            try:
                if not changes.is_empty:
                    history.record(changes, self._now())
                for subscription in read:
                    history.was_read(subscription, self._now())
            except sqlite3.Error as error:
                _log.warning("the fleet's past could not be written: %s", error)
            self.known = frozenset(history.baselines)

    def changes(
        self, subject: str, since: float, until: float, most: int
    ) -> tuple[tuple[Change, ...], float | None]:
        """What changed, the newest first, and the oldest moment that is kept."""
        return self._read(lambda history: history.changes(subject, since, until, most))

    def difference(self, since: float, until: float) -> tuple[tuple[Change, ...], float | None]:
        """What is other at ``until`` than at ``since``, the newest first, and the oldest moment."""
        return self._read(lambda history: history.difference(since, until))

    def _read(
        self, ask: Callable[[FleetHistory], tuple[Change, ...]]
    ) -> tuple[tuple[Change, ...], float | None]:
        with self._door.lock:
            history = self._door.opened()
            if history is None:
                return (), None
            try:
                span, found = history.span(), ask(history)
            except sqlite3.Error as error:
                _log.warning("the fleet's past could not be read: %s", error)
                return (), None
            return found, span[0] if span is not None else None

    def moment(self, at: float, now: FleetLedger, readings: Sequence[FleetReading]) -> FleetMoment:
        """What was known then. Raises HistoryUnreadableError: what is stored cannot be read."""
        with self._door.lock:
            history = self._door.opened()
            if history is None:
                return FleetMoment(at)
            try:
                return history.moment(at, now, readings)
            except sqlite3.Error as error:
                raise HistoryUnreadableError(str(error)) from error

    def close(self) -> None:
        self._door.close()


UNREADABLE = Fault(
    FaultCode.MALFORMED,
    "What is stored of that time cannot be read.",
    remedy="Choose another moment. If it stays, report it.",
    kept="The fleet is read on; its list is not touched by this.",
)
NO_FLEET = Fault(
    FaultCode.REJECTED,
    "The fleet is not read in this connection yet.",
    remedy="Look at what is said of Azure, and try again once it answers.",
)
