"""A file of the past: SQLite beside the journal, with since when and until when somebody looked.

It holds no secret. It can be deleted at any time: only the past is lost.
"""

import contextlib
import hashlib
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Generic, Protocol, TypeVar

_log = logging.getLogger(__name__)

KEPT_S = 30 * 86400.0
MOST_BYTES = 256 * 1024 * 1024
# The past is written at least every few minutes: who was silent for longer was not looking.
LOOK_GAP_S = 300.0
# For a lock of somebody else's: everything else waits for what holds this.
_WAITS_S, _TRIED_AGAIN_S = 1.0, 60.0
# A quiet night and a switched off computer differ.
_LOOKS = "CREATE TABLE IF NOT EXISTS look (began REAL NOT NULL, until REAL NOT NULL)"


class _Closes(Protocol):
    def close(self) -> None: ...


H = TypeVar("H", bound=_Closes)


class HistoryUnreadableError(Exception):
    """The file is damaged or of another version. Told, set aside, and begun anew."""


def path_for(folder: Path, kind: str, connection_id: str) -> Path:
    """Where it lies; the connection's id is data and never part of a path."""
    digest = hashlib.sha256(connection_id.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return folder / f"{kind}-{digest}.sqlite3"


class PastFile:
    """An open file. Used by one thread at a time."""

    def __init__(
        self, path: Path, schema: str, version: int, look_gap_s: float = LOOK_GAP_S
    ) -> None:
        """Raises HistoryUnreadableError, OSError, sqlite3.OperationalError (a full disk, a lock).

        ``schema`` is of this ``version``.
        """
        self.connection = _open(path, schema, version)
        self._look_gap_s = look_gap_s
        self._look: tuple[int | None, float] = (None, 0.0)

    def close(self) -> None:
        self.connection.close()

    def looked(self, at: float) -> None:
        """Somebody looks now. Raises sqlite3.Error."""
        number, until = self._look
        if number is not None and 0 <= at - until <= self._look_gap_s:
            self.connection.execute("UPDATE look SET until = ? WHERE rowid = ?", (at, number))
        else:
            number = self.connection.execute("INSERT INTO look VALUES (?, ?)", (at, at)).lastrowid
        self._look = (number, at)

    def unseen(self, at: float) -> tuple[float | None, float | None]:
        """Since when nobody looked, and until when; None where somebody did, or nobody can say."""
        until = self.one("SELECT max(until) FROM look WHERE began <= ?", at)
        if until is None or at - until <= self._look_gap_s:
            return None, None
        return until, self.one("SELECT min(began) FROM look WHERE began > ?", at)

    def one(self, question: str, *values: float | str) -> float | None:
        """A question that has one number or none as its answer."""
        row = self.connection.execute(question, values).fetchone()
        return None if row is None or row[0] is None else float(row[0])

    def size_bytes(self) -> int:
        pages = self.connection.execute("PRAGMA page_count").fetchone()[0]
        free = self.connection.execute("PRAGMA freelist_count").fetchone()[0]
        size = self.connection.execute("PRAGMA page_size").fetchone()[0]
        return int((pages - free) * size)

    def forget_looks(self, before: float) -> None:
        """But for the newest of them: since when nobody looked is told by it. Pages that no longer
        hold anything are given back.
        """
        self.connection.execute(
            "DELETE FROM look WHERE until < (SELECT max(until) FROM look WHERE until < ?)",
            (before,),
        )
        self.connection.execute("PRAGMA incremental_vacuum").fetchall()  # a page a row

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or none."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self.connection.execute("ROLLBACK")
            raise


class PastDoor(Generic[H]):
    """A history opened when first used, by one thread at a time: hold ``lock`` around its use.

    A past that cannot be kept costs nothing else: it is logged, and there is none.
    """

    def __init__(self, path: Path, opened: Callable[[Path], H]) -> None:
        self.lock = threading.Lock()
        self._path, self._make = path, opened
        self._history: H | None = None
        self._is_lost = False
        self._tried_at = float("-inf")  # monotonic

    def opened(self) -> H | None:
        is_due = time.monotonic() - self._tried_at >= _TRIED_AGAIN_S
        if self._history is None and not self._is_lost and is_due:
            try:
                self._history, was_broken = open_or_begin_anew(self._path, self._make)
            except sqlite3.OperationalError as error:
                self._tried_at = time.monotonic()
                _log.warning("the past cannot be opened now: %s", error)  # perhaps a minute later
            except (OSError, sqlite3.Error, HistoryUnreadableError) as error:
                _log.warning("the past cannot be kept: %s", error)
                self._is_lost = True
            else:
                if was_broken:
                    _log.warning("the past was not readable and was set aside")
        return self._history

    def close(self) -> None:
        with self.lock:
            if self._history is not None:
                self._history.close()
                self._history = None
            self._is_lost = True


def _make(connection: sqlite3.Connection, schema: str, wanted: int) -> None:
    """All of it or none, and once: half of it would be of no version, for good."""
    connection.execute("BEGIN IMMEDIATE")
    if connection.execute("PRAGMA user_version").fetchone()[0] == 0:  # nobody was quicker
        for statement in filter(str.strip, schema.split(";")):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {wanted}")
    connection.execute("COMMIT")


def is_of_the_disk(error: sqlite3.Error) -> bool:
    """A full disk, a lock, a file that may not be opened: nothing is wrong with its content."""
    if not isinstance(error, sqlite3.OperationalError):
        return False
    code = getattr(error, "sqlite_errorcode", None)
    return code is None or code & 0xFF != sqlite3.SQLITE_ERROR  # that one is of the content


def open_or_begin_anew(path: Path, opened: Callable[[Path], H]) -> tuple[H, bool]:
    """What ``opened`` makes of it, and whether an unreadable one was set aside. Raises OSError."""
    try:
        return opened(path), False
    except HistoryUnreadableError:
        for suffix in ("", "-wal", "-shm"):
            broken = path.with_name(path.name + suffix)
            if broken.exists():
                broken.replace(broken.with_name(f"{broken.name}.unreadable"))
        return opened(path), True


def _open(path: Path, schema: str, wanted: int) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, timeout=_WAITS_S
    )
    try:
        path.chmod(0o600)
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            connection.execute("PRAGMA journal_mode = WAL")
            _make(connection, schema, wanted)
        elif version != wanted:
            raise HistoryUnreadableError(f"format {version}")
        connection.execute(_LOOKS)
        # The past may lose its last seconds in a power cut; it must never be torn.
        connection.execute("PRAGMA synchronous = NORMAL")
    except (HistoryUnreadableError, OSError):
        connection.close()
        raise
    except sqlite3.Error as error:
        connection.close()
        if is_of_the_disk(error):
            raise  # that says nothing of what the file holds: it is left where it is
        raise HistoryUnreadableError(str(error)) from error
    return connection
