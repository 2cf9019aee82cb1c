"""Stored snapshots of one connection, delta-coded: what the cluster was like at any moment.

Whole moments come every ``WHOLE_EVERY`` deltas; what changed is kept beside them in words, so that
a timeline needs no snapshot. Bounded by age and by size.
"""

import itertools
import sqlite3
import zlib
from pathlib import Path

import msgspec

from console.model.change import Change, changes
from console.model.inventory import Inventory
from console.model.moment import Moment
from console.model.settled import as_of, settled
from console.model.snapshot import ClusterSnapshot, SnapshotDelta, diff
from console.worker import past_file
from console.worker.past_file import KEPT_S, MOST_BYTES, HistoryUnreadableError, PastFile

WHOLE_EVERY = 200
_FORMAT = 1
_SCHEMA = """
CREATE TABLE moment (number INTEGER PRIMARY KEY, at REAL NOT NULL, is_whole INTEGER NOT NULL,
    body BLOB NOT NULL);
CREATE INDEX moment_at ON moment (at);
CREATE TABLE change (number INTEGER NOT NULL, at REAL NOT NULL, subject TEXT NOT NULL,
    name TEXT NOT NULL, plane TEXT NOT NULL, what TEXT NOT NULL, before TEXT NOT NULL,
    after TEXT NOT NULL);
CREATE INDEX change_at ON change (at);
CREATE INDEX change_subject ON change (subject, at);
"""
_whole = msgspec.msgpack.Decoder(ClusterSnapshot)
_delta = msgspec.msgpack.Decoder(SnapshotDelta)
_BROKEN = (sqlite3.Error, msgspec.MsgspecError, zlib.error, UnicodeDecodeError, RecursionError)


def path_for(folder: Path, connection_id: str) -> Path:
    """Where the history of a connection lies."""
    return past_file.path_for(folder, "history", connection_id)


class SnapshotHistory:
    """An open history. Used by one thread at a time."""

    def __init__(self, path: Path, *, kept_s: float = KEPT_S, most_bytes: int = MOST_BYTES) -> None:
        """Raises HistoryUnreadableError, OSError."""
        self._kept_s, self._most_bytes = kept_s, most_bytes
        self._file = PastFile(path, _SCHEMA, _FORMAT)
        self._connection = self._file.connection
        self._last: ClusterSnapshot | None = None
        self._since_whole = 0
        try:
            self._last = self._at(float("inf"))[1]
        except _BROKEN as error:
            self._file.close()
            if isinstance(error, sqlite3.Error) and past_file.is_of_the_disk(error):
                raise
            raise HistoryUnreadableError(str(error)) from error
        # The first moment of a run is whole: how long nobody looked is then plain.
        self._since_whole = WHOLE_EVERY

    def close(self) -> None:
        self._file.close()

    def record(self, snapshot: ClusterSnapshot, at: float) -> int:
        """Keep what changed since the moment before, in one commit; the count of changes.

        Raises sqlite3.Error (disk full); then the moment is not kept, and what is kept is whole.
        """
        now = settled(snapshot, at)
        self._file.looked(at)
        before = self._last
        if before is None:
            found: tuple[Change, ...] = ()
        else:
            found = changes(before, now, at)
            if diff(before, now).is_empty:
                return 0
        is_whole = before is None or self._since_whole >= WHOLE_EVERY
        with self._file.transaction():
            body = now if is_whole or before is None else diff(before, now)
            packed = zlib.compress(msgspec.msgpack.encode(body), 3)
            number = self._connection.execute(
                "INSERT INTO moment (at, is_whole, body) VALUES (?, ?, ?)", (at, is_whole, packed)
            ).lastrowid
            self._connection.executemany(
                "INSERT INTO change VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [(number, *msgspec.structs.astuple(each)) for each in found],
            )
        self._last = now
        self._since_whole = 0 if is_whole else self._since_whole + 1
        if is_whole:
            self._prune(at)
        return len(found)

    def at(self, moment: float) -> tuple[float, ClusterSnapshot] | None:
        """The last snapshot kept until then and when it was kept; None if nothing is that old."""
        try:
            at, found = self._at(moment)
        except _BROKEN as error:
            raise HistoryUnreadableError(str(error)) from error
        # Nothing else changed until the moment asked for.
        return (at, as_of(found, moment)) if found is not None else None

    def moment(self, asked_at: float) -> Moment:
        """What was known then, and how well. Raises HistoryUnreadableError, sqlite3.Error."""
        span = self.span()
        if span is None:
            return Moment(asked_at)
        first, last = span
        try:
            kept_at, found = self._at(asked_at)
        except _BROKEN as error:
            raise HistoryUnreadableError(str(error)) from error
        if found is None:
            return Moment(asked_at, later=first, first=first, last=last)
        since, until = self._file.unseen(asked_at)
        return Moment(
            asked_at,
            # As it was seen last: what nobody looked at since then has to grow old.
            as_of(found, asked_at if since is None else since),
            kept_at,
            since,
            until,
            earlier=self._file.one("SELECT max(at) FROM moment WHERE at < ?", kept_at),
            later=self._file.one("SELECT min(at) FROM moment WHERE at > ?", kept_at),
            first=first,
            last=last,
        )

    def span(self) -> tuple[float, float] | None:
        """The oldest and the newest moment that can be shown."""
        # Of a whole one: a clock that was set back leaves changes that stand before any.
        first = self._file.one("SELECT at FROM moment WHERE is_whole ORDER BY at LIMIT 1")
        last = self._file.one("SELECT max(at) FROM moment")
        return None if first is None or last is None else (first, last)

    def moments(self, since: float, until: float, most: int = 2_000) -> tuple[float, ...]:
        """When something changed, oldest first."""
        rows = self._connection.execute(
            "SELECT at FROM moment WHERE at BETWEEN ? AND ? ORDER BY at DESC LIMIT ?",
            (since, until, most),
        )
        return tuple(at for (at,) in rows)[::-1]

    def changes(
        self, subject: str, since: float, until: float, most: int = 500
    ) -> tuple[Change, ...]:
        """What changed of one subject (all of them: empty), the newest first."""
        asked = "AND subject = ? " if subject else ""
        rows = self._connection.execute(
            "SELECT at, subject, name, plane, what, before, after FROM change "  # noqa: S608
            f"WHERE at > ? AND at <= ? {asked}ORDER BY at DESC, rowid LIMIT ?",
            (since, until, *([subject] if subject else []), most),
        )
        return tuple(Change(*row) for row in rows)

    def size_bytes(self) -> int:
        return self._file.size_bytes()

    def _at(self, moment: float) -> tuple[float, ClusterSnapshot | None]:
        start = self._connection.execute(
            "SELECT number FROM moment WHERE is_whole AND at <= ? ORDER BY number DESC LIMIT 1",
            (min(moment, 1e300),),
        ).fetchone()
        if start is None:
            return 0.0, None
        rows = self._connection.execute(
            "SELECT at, is_whole, body FROM moment WHERE number >= ? AND at <= ? ORDER BY number",
            (start[0], min(moment, 1e300)),
        )
        inventory, at = Inventory(), 0.0
        for each_at, is_whole, body in rows:
            at, data = each_at, zlib.decompress(body)
            if is_whole:
                inventory.replace(_whole.decode(data))
            else:
                inventory.apply(_delta.decode(data))
        return at, inventory.snapshot()

    def _prune(self, now: float) -> None:
        """Whole stretches go, the oldest first; the newest stretch always stays."""
        starts = self._connection.execute(
            "SELECT number, at FROM moment WHERE is_whole ORDER BY number"
        ).fetchall()
        for (_number, _at), (next_number, next_at) in itertools.pairwise(starts):
            is_old = next_at < now - self._kept_s
            if not is_old and self.size_bytes() <= self._most_bytes:
                break
            with self._file.transaction():
                self._connection.execute("DELETE FROM moment WHERE number < ?", (next_number,))
                self._connection.execute("DELETE FROM change WHERE number < ?", (next_number,))
        self._file.forget_looks(now - self._kept_s)
