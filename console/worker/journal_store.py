"""Rows of the journal: appended in order, hash-chained, each act with its audit entry."""

import contextlib
import os
import sqlite3
import time
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from console.model.operation import TERMINAL
from console.model.request import kind_of as kind_of_request
from console.worker import journal_chain, journal_rows, journal_schema, retention
from console.worker.audit_log import AuditEntry, AuditLog
from console.worker.journal_lines import GroupIntent, Intent, Line, StateEntered, kind_of
from console.worker.journal_rows import History
from console.worker.retention import Bound

# Rows verified at start: the newest; `tlconsole audit verify` reads them all.
VERIFIED_AT_START = 20_000

_encoder = msgspec.json.Encoder()


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
        try:
            self._head = journal_chain.head_of(self._connection, "event")
            self._audit = AuditLog(
                self._connection, journal_chain.head_of(self._connection, "audit")
            )
            broken = next(filter(None, map(self._looked_at, ("event", "audit"))), None)
        except sqlite3.Error as error:
            # A disk that is full or fails for a moment damaged nothing.
            self._connection.close()
            raise journal_schema.judged(error) from error
        except journal_chain.UNREADABLE as error:
            self._connection.close()
            raise journal_schema.JournalDamagedError(str(error)) from error
        if broken is not None:
            self._connection.close()
            raise journal_schema.JournalDamagedError(broken)

    def close(self) -> None:
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()

    def append(
        self, groups: Sequence[Sequence[Line]], *, is_copy: bool = False
    ) -> list[Exception | None]:
        """One durable commit for several groups; each is written whole or not at all.

        The answer has one entry a group: None, or why it was not written. A copy (of a damaged
        journal's lines) leaves the audit log alone, which is copied by itself.
        """
        if _identity_of(self._path) != self._identity:
            gone = JournalWriteError("the journal's file was moved or deleted while in use")
            return [gone] * len(groups)
        if len(groups) == 1:
            return [self._append_alone(groups[0], is_copy)]
        answers: list[Exception | None] = []
        try:
            with self._transaction():
                for group in groups:
                    answers.append(self._append_group(group, is_copy))
        except sqlite3.Error as error:
            return [JournalWriteError(str(error))] * len(groups)
        return answers

    def add_to_audit(self, *entries: AuditEntry) -> None:
        """Entries that belong to no journal line (a refusal, a copy); their ``seq`` is made anew.

        Raises JournalWriteError.
        """
        try:
            with self._transaction():
                for entry in entries:
                    self._audit.add(entry.at, entry.operation_id, entry.subject, entry.body)
        except sqlite3.Error as error:
            raise JournalWriteError(str(error)) from error

    def is_pruning_due(self, bound: Bound) -> bool:
        return retention.is_due(self._connection, bound)

    def prune_some(self, at: float, bound: Bound) -> bool:
        """Remove some of what is over the bound; False if nothing is or the disk refuses."""
        try:
            with self._transaction():
                return retention.prune_some(self._connection, self._audit, at, bound)
        except sqlite3.Error:
            return False

    @property
    def anchor(self) -> tuple[int, str]:
        """Number and hash of the newest audit entry, to be remembered elsewhere."""
        (number,) = self._connection.execute("SELECT coalesce(max(seq), 0) FROM audit").fetchone()
        return number, self._audit.head.hex()

    def unfinished(self, connection_id: str) -> list[list[Line]]:
        """The lines of every operation without an ending, oldest operation first."""
        return journal_rows.unfinished(self._connection, connection_id)

    def members_of(self, group_id: str) -> list[list[Line]]:
        """The lines of every operation of a group, oldest operation first."""
        return journal_rows.members_of(self._connection, group_id)

    def newest(self, connection_id: str, count: int, before: float | None = None) -> History:
        """The newest operations made before ``before``, oldest of them first, and their groups."""
        return journal_rows.newest(self._connection, connection_id, count, before)

    def lines_of(self, operation_id: str) -> list[Line]:
        return journal_rows.lines_of(self._connection, operation_id)

    def first_broken(self, newest: int | None = None) -> int | None:
        """The ``seq`` of the first journal row whose hash does not follow from the row before."""
        return journal_chain.first_broken(self._connection, "event", newest)

    def _looked_at(self, chain: str) -> str | None:
        """What is wrong with the newest rows of a chain."""
        broken = journal_chain.first_broken(self._connection, chain, VERIFIED_AT_START)
        return None if broken is None else f"{chain} row {broken} is not as it was written"

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing, durable at its end; the heads of both chains go back with it."""
        heads = self._head, self._audit.head
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            self._head, self._audit.head = heads
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise

    def _append_alone(self, group: Sequence[Line], is_copy: bool) -> Exception | None:
        """The same for a group that shares its commit with no other: a savepoint would cost as
        much again as half the commit.
        """
        try:
            with self._transaction():
                for line in group:
                    self._insert(line, is_copy)
        except (sqlite3.IntegrityError, UnicodeError) as error:
            return _refusal(group, error)
        except sqlite3.Error as error:
            return JournalWriteError(str(error))
        return None

    def _append_group(self, group: Sequence[Line], is_copy: bool) -> Exception | None:
        """Write one group inside the open transaction; a refused one leaves no trace."""
        heads = self._head, self._audit.head
        self._connection.execute("SAVEPOINT one_group")
        try:
            for line in group:
                self._insert(line, is_copy)
        # A line that nothing can write down is refused like one that does not fit.
        except (sqlite3.IntegrityError, UnicodeError) as error:
            self._head, self._audit.head = heads
            self._connection.execute("ROLLBACK TO one_group")
            self._connection.execute("RELEASE one_group")
            return _refusal(group, error)
        self._connection.execute("RELEASE one_group")
        return None

    def _insert(self, line: Line, is_copy: bool) -> None:
        body = line.body
        if isinstance(body, Intent | GroupIntent):
            self._insert_operation(line.operation_id, line.at, body)
        text = _encoder.encode(body).decode()
        content = (
            line.operation_id,
            kind_of(body),
            line.at,
            time.monotonic(),
            self._run_id,
            text,
        )
        self._head = journal_chain.chained(self._head, content)
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
        if not is_copy:
            self._audit.follow(line)

    def _insert_operation(self, name: str, at: float, intent: Intent | GroupIntent) -> None:
        kind, group_id = journal_rows.GROUP, ""
        if isinstance(intent, Intent):
            kind, group_id = kind_of_request(intent.request), intent.group_id
        self._connection.execute(
            "INSERT INTO operation (op_id, kind, connection_id, created_at, group_id) "
            "VALUES (?, ?, ?, ?, ?)",
            (name, kind, intent.connection_id, at, group_id),
        )


def _refusal(group: Sequence[Line], error: Exception) -> Exception:
    """Why a group that does not fit was not written."""
    is_known = isinstance(error, sqlite3.IntegrityError)
    if is_known and any(isinstance(line.body, Intent | GroupIntent) for line in group):
        return DuplicateOperationError(group[0].operation_id)
    return JournalWriteError(str(error))


def _identity_of(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
