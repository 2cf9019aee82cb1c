"""The journal's own statements over a simulated disk: apsw's SQLite in sqlite3's clothes.

Python's sqlite3 cannot be given a file layer of our own; apsw can. ``journal_schema.connect`` is
the only place where the journal gets its connection, so handing in this one lets JournalStore run
unchanged, with its own tables, pragmas and transactions.
"""

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import apsw
import pytest

from console.worker import journal_schema


class Connection:
    """The part of ``sqlite3.Connection`` that the journal uses."""

    def __init__(self, path: Path, vfs: str, *, checkpoint_pages: int = 1000) -> None:
        with _as_sqlite3():
            self._connection = apsw.Connection(str(path), vfs=vfs)
            # A file layer written in Python has no shared memory: WAL needs the file to itself.
            self._connection.execute("PRAGMA locking_mode=EXCLUSIVE").close()
            # The default of 1,000 pages would need long workloads to reach a checkpoint at all.
            self._connection.wal_autocheckpoint(checkpoint_pages)

    def execute(self, statement: str, values: Sequence[object] = ()) -> "Cursor":
        with _as_sqlite3():
            cursor = self._connection.execute(statement, tuple(values))
            return Cursor(cursor, self._connection.last_insert_rowid())

    def executescript(self, script: str) -> "Cursor":
        return self.execute(script)

    def close(self) -> None:
        with _as_sqlite3():
            self._connection.close()


class Cursor:
    """The part of ``sqlite3.Cursor`` that the journal uses."""

    def __init__(self, cursor: apsw.Cursor, last: int) -> None:
        self._cursor = cursor
        self.lastrowid = last

    def fetchone(self) -> Any:
        with _as_sqlite3():
            return self._cursor.fetchone()

    def fetchall(self) -> list[Any]:
        with _as_sqlite3():
            return list(self._cursor)

    def __iter__(self) -> Iterator[Any]:
        with _as_sqlite3():
            yield from self._cursor

    def close(self) -> None:
        self._cursor.close()


@contextlib.contextmanager
def _as_sqlite3() -> Iterator[None]:
    """apsw's errors as sqlite3 raises them, with the result code that the journal judges by."""
    try:
        yield
    except apsw.Error as error:
        kind: type[sqlite3.Error] = sqlite3.OperationalError
        if isinstance(error, apsw.ConstraintError):
            kind = sqlite3.IntegrityError
        elif isinstance(error, apsw.CorruptError | apsw.NotADBError):
            kind = sqlite3.DatabaseError
        raised = kind(str(error))
        raised.sqlite_errorcode = getattr(error, "extendedresult", 0)
        raise raised from error


@contextlib.contextmanager
def journal_over(vfs: str, *, checkpoint_pages: int = 1000) -> Iterator[None]:
    """Meanwhile every journal that is opened lies on the disk of this file layer."""

    def connect(path: Path) -> Connection:
        try:
            return Connection(path, vfs, checkpoint_pages=checkpoint_pages)
        except sqlite3.Error as error:
            raise journal_schema.JournalUnusableError(str(error)) from error

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal_schema, "connect", connect)
        yield
