"""The fleet's past beside its stored snapshot: written and read in threads, one at a time."""

import logging
import sqlite3
from collections import deque
from collections.abc import Callable, Container, Sequence
from pathlib import Path

from console.model.change import Change
from console.model.fleet import FleetReading
from console.model.fleet_moment import FleetMoment
from console.model.freshness import Fault, FaultCode
from console.worker import fleet_history
from console.worker.fleet_changes import FleetChange
from console.worker.fleet_history import FleetHistory
from console.worker.fleet_ledger import FleetLedger
from console.worker.past_file import HistoryUnreadableError, PastDoor

_log = logging.getLogger(__name__)


# So many batches wait for a disk that takes none; then the past has a hole, and begins anew.
_MOST_WAITING = 200


class FleetPast:
    """A past that cannot be kept costs nothing else: it is logged.

    What changed is handed over in the loop's thread, in its order, and written in any thread: what
    could not be written is written first the next time.
    """

    def __init__(self, folder: Path, connection_id: str, now: Callable[[], float]) -> None:
        self._door = PastDoor(fleet_history.path_for(folder, connection_id), FleetHistory)
        self._now = now
        self._waiting: deque[tuple[float, tuple[FleetChange, ...]]] = deque()
        self._has_hole = False
        self.known: frozenset[str] = frozenset()  # subscriptions whose past has begun

    def begin(self, ledger: FleetLedger, mark: str, read: Container[str]) -> bool:
        """Before anything is read: the ledger is brought to where the past ends.

        ``mark`` and ``read`` are of the stored fleet; empty where there is none. False: the ledger
        is of no moment now, and the past begins anew with the next reading.
        """
        with self._door.lock:
            history = self._door.opened()
            if history is None:
                self._has_hole = True  # should it be opened later
                return True
            try:
                history.catch_up(ledger, mark, read)
            except (sqlite3.Error, HistoryUnreadableError) as error:
                _log.warning("the fleet's past could not be taken up: %s", error)
                self._has_hole = True
                return False
            self.known = frozenset(history.baselines)
            return True

    def add(self, changes: tuple[FleetChange, ...]) -> None:
        """To be written next. Called in one thread."""
        if changes:
            self._waiting.append((self._now(), changes))

    def write(self, read: Sequence[str] = ()) -> None:
        """What waits; and then that these subscriptions were read."""
        with self._door.lock:
            history = self._door.opened()
            if history is None:
                self._has_hole = self._has_hole or bool(self._waiting)
                self._waiting.clear()
                return
            try:
                self._write(history)
                for subscription in read:
                    history.was_read(subscription, self._now())
            except sqlite3.Error as error:
                _log.warning("the fleet's past could not be written: %s", error)
                if len(self._waiting) > _MOST_WAITING:
                    self._has_hole = True
            self.known = frozenset() if self._has_hole else frozenset(history.baselines)

    def _write(self, history: FleetHistory) -> None:
        if self._has_hole:
            self._waiting.clear()
            history.begin_anew()
            self._has_hole = False
        while self._waiting:
            at, changes = self._waiting[0]
            history.record(changes, at)
            self._waiting.popleft()

    @property
    def mark(self) -> str:
        """For a fleet that is stored now; empty where something of it could not be written."""
        with self._door.lock:
            history = self._door.opened()
            if history is None or self._waiting or self._has_hole:
                return ""
            return history.mark

    def changes(
        self, subject: str, since: float, until: float, most: int
    ) -> tuple[tuple[Change, ...], float | None]:
        """What changed, the newest first, and the oldest moment that is kept."""
        return self._read(lambda history: history.changes(subject, since, until, most), subject)

    def difference(self, since: float, until: float) -> tuple[tuple[Change, ...], float | None]:
        """What is other at ``until`` than at ``since``, the newest first, and the oldest moment."""
        return self._read(lambda history: history.difference(since, until))

    def _read(
        self, ask: Callable[[FleetHistory], tuple[Change, ...]], subject: str = ""
    ) -> tuple[tuple[Change, ...], float | None]:
        with self._door.lock:
            history = self._door.opened()
            if history is None:
                return (), None
            try:
                return ask(history), history.back_to(subject)
            except sqlite3.Error as error:
                _log.warning("the fleet's past could not be read: %s", error)
                return (), None

    def moment(self, at: float, now: FleetLedger, readings: Sequence[FleetReading]) -> FleetMoment:
        """What was known then. Raises HistoryUnreadableError: what is stored cannot be read."""
        with self._door.lock:
            history = self._door.opened()
            if history is None:
                return FleetMoment(at)
            try:
                self._write(history)  # what waits is not undone before it is written
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
