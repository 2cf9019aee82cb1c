"""Rows of the journal: appended in order, hash-chained, read back as lines. Knows no asyncio."""

import contextlib
import hashlib
import os
import sqlite3
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from console.model.operation import TERMINAL
from console.model.request import kind_of as kind_of_request
from console.worker import journal_schema
from console.worker.journal_lines import Body, Intent, Line, StateEntered, kind_of

# Rows verified at start: the newest; `tlconsole audit verify` reads them all.
VERIFIED_AT_START = 20_000
_EMPTY_HASH = bytes(32)

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[Body] = msgspec.json.Decoder(Body)

Row = tuple[int, str, str, float, float, str, str, bytes]
_COLUMNS = "seq, op_id, kind, at, monotonic, run_id, body, hash"


class DuplicateOperationError(Exception):
    """An intent with this operation id is in the journal already."""


class JournalWriteError(Exception):
    """Lines could not be made durable; nothing of them is in the journal."""


class JournalStore:
    """An open journal. Used by one thread at a time."""

    def __init__(self, path: Path) -> None:
        """Raises the errors of ``journal_schema.open_file``."""
        self._path = path
        self._connection = journal_schema.open_file(path)
        self._identity = _identity_of(self._path)
        # Monotonic times compare only within one run of the worker.
        self._run_id = uuid.uuid4().hex
        self._head = _EMPTY_HASH
        try:
            newest = self._connection.execute(
                "SELECT hash FROM event ORDER BY seq DESC LIMIT 1"
            ).fetchone()
            if newest is not None:
                self._head = newest[0]
            broken = self.first_broken(VERIFIED_AT_START)
        except (sqlite3.Error, UnicodeError, OverflowError, TypeError) as error:
            self._connection.close()
            raise journal_schema.JournalDamagedError(str(error)) from error
        if broken is not None:
            self._connection.close()
            raise journal_schema.JournalDamagedError(f"row {broken} is not as it was written")

    def close(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()

    def append(self, groups: Sequence[Sequence[Line]]) -> list[Exception | None]:
        """One durable commit for several groups; each is written whole or not at all.

        The answer has one entry a group: None, or why it was not written.
        """
        if _identity_of(self._path) != self._identity:
            gone = JournalWriteError("the journal's file was moved or deleted while in use")
            return [gone] * len(groups)
        head = self._head
        answers: list[Exception | None] = []
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for group in groups:
                answers.append(self._append_group(group))
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._head = head
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            return [JournalWriteError(str(error))] * len(groups)
        return answers

    def unfinished(self, connection_id: str) -> list[list[Line]]:
        """The lines of every operation without an ending, oldest operation first."""
        return self._histories(
            "SELECT op_id FROM operation WHERE connection_id = ? "
            "AND op_id NOT IN (SELECT op_id FROM ending) ORDER BY created_at",
            (connection_id,),
        )

    def newest(self, connection_id: str, count: int) -> list[list[Line]]:
        """The lines of the newest operations, oldest of them first."""
        return self._histories(
            "SELECT op_id FROM (SELECT op_id, created_at FROM operation WHERE connection_id = ? "
            "ORDER BY created_at DESC LIMIT ?) ORDER BY created_at",
            (connection_id, count),
        )

    def lines_of(self, operation_id: str) -> list[Line]:
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM event WHERE op_id = ? ORDER BY seq",  # noqa: S608 - constant
            (operation_id,),
        )
        return [line_of(row) for row in rows]

    def first_broken(self, newest: int | None = None) -> int | None:
        """The ``seq`` of the first row whose hash does not follow from the row before it."""
        query = f"SELECT {_COLUMNS} FROM event ORDER BY seq"  # noqa: S608 - constant
        before: Row | None = None
        if newest is not None:
            query = (
                f"SELECT {_COLUMNS} FROM event WHERE seq > "  # noqa: S608 - constant
                f"(SELECT coalesce(max(seq), 0) FROM event) - {newest} ORDER BY seq"
            )
        for row in self._connection.execute(query):
            if not follows(before, row):
                return int(row[0])
            before = row
        return None

    def _histories(self, query: str, values: tuple[object, ...]) -> list[list[Line]]:
        names = [row[0] for row in self._connection.execute(query, values)]
        return [self.lines_of(name) for name in names]

    def _append_group(self, group: Sequence[Line]) -> Exception | None:
        """Write one group inside the open transaction; a refused one leaves no trace."""
        head = self._head
        self._connection.execute("SAVEPOINT one_group")
        try:
            for line in group:
                self._insert(line)
        except sqlite3.IntegrityError as error:
            self._head = head
            self._connection.execute("ROLLBACK TO one_group")
            self._connection.execute("RELEASE one_group")
            if any(isinstance(line.body, Intent) for line in group):
                return DuplicateOperationError(group[0].operation_id)
            return JournalWriteError(str(error))
        self._connection.execute("RELEASE one_group")
        return None

    def _insert(self, line: Line) -> None:
        body = line.body
        if isinstance(body, Intent):
            self._connection.execute(
                "INSERT INTO operation VALUES (?, ?, ?, ?)",
                (line.operation_id, kind_of_request(body.request), body.connection_id, line.at),
            )
        text = _encoder.encode(body).decode()
        content = (
            line.operation_id,
            kind_of(body),
            line.at,
            time.monotonic(),
            self._run_id,
            text,
        )
        self._head = chained(self._head, content)
        cursor = self._connection.execute(
            "INSERT INTO event (op_id, kind, at, monotonic, run_id, body, hash) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*content, self._head),
        )
        if isinstance(body, StateEntered) and body.state in TERMINAL:
            self._connection.execute(
                "INSERT OR IGNORE INTO ending VALUES (?, ?, ?)",
                (line.operation_id, cursor.lastrowid, body.state.value),
            )


def chained(previous: bytes, content: tuple[object, ...]) -> bytes:
    """The hash of a row: of the one before it and of its own columns, lengths included."""
    return hashlib.sha256(msgspec.msgpack.encode((previous, *content))).digest()


def follows(before: Row | None, row: Row) -> bool:
    """Whether ``row`` is as it was written. A first row read is only held against a real start."""
    sequence, *content, stored = row
    if before is None:
        return sequence != 1 or chained(_EMPTY_HASH, tuple(content)) == stored
    return sequence == before[0] + 1 and chained(before[-1], tuple(content)) == stored


def line_of(row: Row) -> Line:
    """The line in a row. Raises JournalDamagedError if the body does not decode."""
    try:
        return Line(row[1], row[3], _decoder.decode(row[6]))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise journal_schema.JournalDamagedError(f"row {row[0]}: {error}") from error


def rows_readable(connection: sqlite3.Connection) -> Iterator[Row]:
    """Every event row that SQLite can still read: forwards, then backwards past the damage."""
    seen: set[int] = set()
    for direction in ("ASC", "DESC"):
        rows: Iterable[Row]
        try:
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM event ORDER BY seq {direction}"  # noqa: S608 - constant
            )
            for row in rows:
                if isinstance(row[0], int) and row[0] not in seen:
                    seen.add(row[0])
                    yield row
        except (sqlite3.Error, UnicodeDecodeError, OverflowError):
            continue
        return


def _identity_of(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
