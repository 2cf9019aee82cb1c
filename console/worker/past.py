"""The connection's past beside its stored snapshot: written and read in threads, one at a time."""

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path

from console.model.change import Change
from console.model.freshness import Fault, FaultCode
from console.model.moment import Moment
from console.model.snapshot import ClusterSnapshot
from console.worker import snapshot_history
from console.worker.past_file import HistoryUnreadableError, PastDoor
from console.worker.snapshot_history import SnapshotHistory

_log = logging.getLogger(__name__)


class Past:
    """A past that cannot be kept costs nothing else: it is logged."""

    def __init__(self, folder: Path, connection_id: str, now: Callable[[], float]) -> None:
        path = snapshot_history.path_for(folder, connection_id)
        self._door = PastDoor(path, SnapshotHistory)
        self._now = now

    def keep(self, snapshot: ClusterSnapshot) -> None:
        """Write down what changed, once both planes were asked."""
        readings = (snapshot.arm, snapshot.cluster_wire)
        if any(reading.read_at is None and not reading.faults for reading in readings):
            return
        with self._door.lock:
            history = self._door.opened()
            if history is None:
                return
            try:
                history.record(snapshot, self._now())
            except sqlite3.Error as error:
                _log.warning("the past could not be written: %s", error)

    def with_store(
        self, store: Callable[[ClusterSnapshot], None]
    ) -> Callable[[ClusterSnapshot], None]:
        """``store`` and ``keep`` one after the other: the past has the grain of the stored one."""

        def both(snapshot: ClusterSnapshot) -> None:
            store(snapshot)
            self.keep(snapshot)

        return both

    def changes(
        self, subject: str, since: float, until: float, most: int
    ) -> tuple[tuple[Change, ...], float | None]:
        """What changed, the newest first, and the oldest moment that is kept."""
        with self._door.lock:
            history = self._door.opened()
            if history is None:
                return (), None
            try:
                span = history.span()
                found = history.changes(subject, since, until, most)
            except sqlite3.Error as error:
                _log.warning("the past could not be read: %s", error)
                return (), None
            return found, span[0] if span is not None else None

    def moment(self, at: float) -> Moment:
        """What was known then. Raises HistoryUnreadableError: what is stored cannot be read."""
        with self._door.lock:
            history = self._door.opened()
            if history is None:
                return Moment(at)
            try:
                return history.moment(at)
            except sqlite3.Error as error:
                raise HistoryUnreadableError(str(error)) from error

    def close(self) -> None:
        self._door.close()


async def read_moment(past: Past | None, at: float) -> tuple[Moment, Fault | None]:
    """What was known then; the fault says why that cannot be told."""
    if past is None:
        return Moment(at), None
    try:
        return await asyncio.to_thread(past.moment, at), None
    except HistoryUnreadableError as error:
        fault = Fault(
            FaultCode.MALFORMED,
            "What is stored of that time cannot be read.",
            remedy="Choose another moment. At the next start the file is set aside and begun anew.",
            kept="The running cluster and its operations are not touched by this.",
            detail=str(error),
        )
        return Moment(at), fault
