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

_LOG_ROOM_PAGES = 14
_CODES = {apsw.FullError: apsw.SQLITE_FULL, apsw.IOError: apsw.SQLITE_IOERR}


class Connection:
    """The part of ``sqlite3.Connection`` that the journal uses."""

    def __init__(self, path: Path, vfs: str, *, checkpoint_pages: int = 1000) -> None:
        with _as_sqlite3():
            self._connection = apsw.Connection(str(path), vfs=vfs)
            # A file layer written in Python has no shared memory: WAL needs the file to itself.
            self._connection.execute("PRAGMA locking_mode=EXCLUSIVE").close()
            # As SQLite's own automatic checkpoint, whose errors it ignores: apsw would raise them
            # out of the COMMIT. 1,000 pages, the default, would need long workloads.
            self._checkpoint_pages = checkpoint_pages
            self._wal_pages = 0
            self._connection.set_wal_hook(self._committed)

    def execute(self, statement: str, values: Sequence[object] = ()) -> "Cursor":
        with _as_sqlite3():
            cursor = self._connection.execute(statement, tuple(values))
            last = self._connection.last_insert_rowid()
        if self._wal_pages >= self._checkpoint_pages:
            self._wal_pages = 0
            with contextlib.suppress(apsw.Error):
                self._connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        return Cursor(cursor, last)

    def executescript(self, script: str) -> None:
        """To its end, whatever its statements answer on the way."""
        for _ in self.execute(script):
            pass

    @property
    def in_transaction(self) -> bool:
        return bool(self._connection.in_transaction)

    def close(self) -> None:
        # SQLite ignores what goes wrong in the checkpoint of a close; apsw would raise it.
        with contextlib.suppress(apsw.Error):
            self._connection.close()

    def _committed(self, _connection: apsw.Connection, _name: str, pages: int) -> int:
        self._wal_pages = pages
        return apsw.SQLITE_OK


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
        # One that the file layer raised carries no code yet.
        raised.sqlite_errorcode = getattr(error, "extendedresult", 0) or _CODES.get(type(error), 0)
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
        # Enough to be spilt and rolled back; its real size would be most of what is written here.
        patch.setattr(journal_schema, "LOG_ROOM_PAGES", _LOG_ROOM_PAGES)
        yield
