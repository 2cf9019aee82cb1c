"""The journal's file: its tables, its pragmas, and how it is opened, checked and migrated."""

import contextlib
import os
import shutil
import sqlite3
import tempfile
from pathlib import Path

FILE_NAME = "journal.sqlite"
APPLICATION_ID = 0x544C434A  # "TLCJ"
# Room made in the log when the journal is opened: as much as SQLite fills before it writes the log
# back and begins it anew.
LOG_ROOM_PAGES = 1000
# A full check of a larger file would delay the start; quick_check leaves out only the indexes.
_FULL_CHECK_BYTES = 32 * 1024 * 1024

_TABLES_1 = """
CREATE TABLE operation (
  op_id TEXT PRIMARY KEY NOT NULL,
  kind TEXT NOT NULL,
  connection_id TEXT NOT NULL,
  created_at REAL NOT NULL
) STRICT;
CREATE INDEX operation_by_age ON operation (connection_id, created_at);
CREATE TABLE event (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  op_id TEXT NOT NULL REFERENCES operation (op_id),
  kind TEXT NOT NULL,
  at REAL NOT NULL,
  monotonic REAL NOT NULL,
  run_id TEXT NOT NULL,
  body TEXT NOT NULL,
  hash BLOB NOT NULL
) STRICT;
CREATE INDEX event_by_operation ON event (op_id, seq);
CREATE TABLE ending (
  op_id TEXT PRIMARY KEY NOT NULL REFERENCES operation (op_id),
  seq INTEGER NOT NULL,
  state TEXT NOT NULL
) STRICT;
"""

# Version 2: the audit log in the same file, so that an act and its audit entry are one commit;
# and retention. ``gone`` tells what was pruned up to which row and the chain's hash there;
# ``bridges`` holds, for each older row that stays, the hash of the row that stood before it.
_TABLES_2 = """
ALTER TABLE operation ADD COLUMN group_id TEXT NOT NULL DEFAULT '';
CREATE INDEX operation_by_group ON operation (group_id);
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  at REAL NOT NULL,
  op_id TEXT NOT NULL,
  connection_id TEXT NOT NULL,
  actor TEXT NOT NULL,
  act TEXT NOT NULL,
  target TEXT NOT NULL,
  body TEXT NOT NULL,
  hash BLOB NOT NULL
) STRICT;
CREATE INDEX audit_by_operation ON audit (op_id, seq);
CREATE TABLE gone (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  chain TEXT NOT NULL,
  at REAL NOT NULL,
  through INTEGER NOT NULL,
  rows INTEGER NOT NULL,
  head BLOB NOT NULL,
  bridges TEXT NOT NULL
) STRICT;
DROP TRIGGER event_no_delete;
CREATE TRIGGER event_no_delete BEFORE DELETE ON event
WHEN OLD.seq > (SELECT coalesce(max(through), 0) FROM gone WHERE chain = 'event')
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
DROP TRIGGER operation_no_delete;
CREATE TRIGGER operation_no_delete BEFORE DELETE ON operation
WHEN EXISTS (SELECT 1 FROM event WHERE op_id = OLD.op_id)
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
DROP TRIGGER ending_no_delete;
CREATE TRIGGER ending_no_delete BEFORE DELETE ON ending
WHEN EXISTS (SELECT 1 FROM event WHERE op_id = OLD.op_id)
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
WHEN OLD.seq > (SELECT coalesce(max(through), 0) FROM gone WHERE chain = 'audit')
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
"""


# Version 3: lines that an older console cannot read (a group stopped, a place in the queue).
_TABLES_3 = ""


def _append_only(table: str) -> str:
    return "".join(
        f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
        f"BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;\n"
        for act in ("UPDATE", "DELETE")
    )


# Entry n makes version n + 1 out of version n. A released entry is never edited.
MIGRATIONS: tuple[str, ...] = (
    _TABLES_1 + _append_only("operation") + _append_only("event") + _append_only("ending"),
    _TABLES_2 + _append_only("gone"),
    _TABLES_3,
)
LATEST = len(MIGRATIONS)


class JournalDamagedError(Exception):
    """The file is no journal of ours, or not whole."""


class JournalNewerError(Exception):
    """A later version of the console wrote this file: it is left as it is."""


class JournalUnusableError(Exception):
    """The file may be fine, but it cannot be written here and now."""


def open_file(path: Path) -> sqlite3.Connection:
    """The journal's connection, checked, migrated, durable on every commit; made if missing.

    Raises JournalDamagedError, JournalNewerError or JournalUnusableError.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if os.name == "posix":
            path.parent.chmod(0o700)
        if not path.exists():
            _make(path)
        elif path.stat().st_size == 0:
            raise JournalDamagedError("the file is empty")
    except OSError as error:
        raise JournalUnusableError(str(error)) from error
    connection = connect(path)
    try:
        _check(connection, path)
        _migrate(connection)
        _set_durable(connection)
        _make_room_in_log(connection, path)
    except sqlite3.Error as error:
        connection.close()
        raise judged(error) from error
    except UnicodeDecodeError as error:
        connection.close()
        raise JournalDamagedError(str(error)) from error
    except Exception:
        connection.close()
        raise
    return connection


def connect(path: Path) -> sqlite3.Connection:
    """A bare connection without implicit transactions, used in the journal's own thread."""
    try:
        return sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=2.0)
    except sqlite3.Error as error:
        raise JournalUnusableError(str(error)) from error


def copy_aside(path: Path, stamp: str) -> Path:
    """Copy a damaged journal and its WAL to a name of their own, durably. Raises OSError.

    A copy and not a rename: whenever we crash, the damaged file is found again at the next start.
    """
    aside = path.with_name(f"journal.damaged-{stamp}.sqlite")
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"journal.damaged-{stamp}-{number}.sqlite")
    for suffix in ("-wal", ""):
        with contextlib.suppress(FileNotFoundError):
            shutil.copy2(f"{path}{suffix}", f"{aside}{suffix}")
            # What it was copied from is replaced next: a power cut must leave one of the two.
            _sync_file(Path(f"{aside}{suffix}"))
    return aside


def put_in_place(fresh: Path, path: Path) -> None:
    """Let a closed, whole file take the journal's name. Raises OSError.

    The old WAL goes first: SQLite would play it into whatever file bears the name.
    """
    remove(path, ("-wal", "-shm"))
    os.replace(fresh, path)
    _sync_folder(path.parent)


def remove(path: Path, suffixes: tuple[str, ...] = ("", "-wal", "-shm")) -> None:
    """Remove a database's files of these endings, where they exist. Raises OSError."""
    for suffix in suffixes:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(f"{path}{suffix}")


def _make(path: Path) -> None:
    """Create the file under another name and rename it: a crash leaves none or a whole one."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".journal-")
    os.close(handle)
    try:
        with contextlib.closing(connect(Path(name))) as connection:
            connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
            _migrate(connection)
        os.replace(name, path)
    except sqlite3.Error as error:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise JournalUnusableError(str(error)) from error
    _sync_folder(path.parent)


def _sync_file(path: Path) -> None:
    # Windows flushes only what was opened for writing; elsewhere a copy may be read-only.
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    """Make a rename durable where a folder can be synced."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _check(connection: sqlite3.Connection, path: Path) -> None:
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if application != APPLICATION_ID:
        raise JournalDamagedError("the file was made by another program")
    if version > LATEST:
        raise JournalNewerError(f"version {version}, this console knows up to {LATEST}")
    if version < 1 or _tables_of(connection) != _tables_expected(version):
        raise JournalDamagedError("its tables are not those of a journal")
    pragma = "integrity_check" if path.stat().st_size <= _FULL_CHECK_BYTES else "quick_check"
    (found,) = connection.execute(f"PRAGMA {pragma}(1)").fetchone()
    if found != "ok":
        raise JournalDamagedError(str(found))


def _migrate(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    for number in range(version, LATEST):
        connection.executescript(
            f"BEGIN IMMEDIATE;\n{MIGRATIONS[number]}PRAGMA user_version={number + 1};\nCOMMIT;"
        )


def _set_durable(connection: sqlite3.Connection) -> None:
    """WAL loses acknowledged rows on power loss unless every commit is synced: ask back."""
    (mode,) = connection.execute("PRAGMA journal_mode=WAL").fetchone()
    for pragma in (
        "synchronous=FULL",
        "fullfsync=ON",
        "checkpoint_fullfsync=ON",
        "foreign_keys=ON",
        "trusted_schema=OFF",
        "cell_size_check=ON",
    ):
        connection.execute(f"PRAGMA {pragma}")
    (synchronous,) = connection.execute("PRAGMA synchronous").fetchone()
    if mode != "wal" or synchronous != 2:
        raise JournalUnusableError(
            f"this folder cannot keep a durable journal (mode {mode}, synchronous {synchronous})"
        )


def _make_room_in_log(connection: sqlite3.Connection, path: Path) -> None:
    """Let the log have its size already: a commit into a file that grows costs nearly twice as
    much, because the file system has to make the new size durable too.

    A large change spills out of the small cache into the log and is rolled back: nothing of it was
    ever committed, the frames are overwritten from the first append on. Where the disk has no room
    for it, the log grows as it always did.
    """
    (page_bytes,) = connection.execute("PRAGMA page_size").fetchone()
    log = Path(f"{path}-wal")
    with contextlib.suppress(OSError):
        if log.stat().st_size >= LOG_ROOM_PAGES * page_bytes:
            return  # left by a run that was killed
    (cache_size,) = connection.execute("PRAGMA cache_size").fetchone()
    try:
        connection.execute("PRAGMA cache_size=8")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("CREATE TABLE room (filler BLOB)")
        connection.execute("INSERT INTO room VALUES (zeroblob(?))", (LOG_ROOM_PAGES * page_bytes,))
    except sqlite3.OperationalError:
        pass
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        connection.execute(f"PRAGMA cache_size={cache_size}")
    with contextlib.suppress(OSError):
        _sync_file(log)


def _tables_of(connection: sqlite3.Connection) -> set[tuple[str, str, str]]:
    return set(
        connection.execute(
            "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        )
    )


def _tables_expected(version: int) -> set[tuple[str, str, str]]:
    with contextlib.closing(sqlite3.connect(":memory:", isolation_level=None)) as model:
        for script in MIGRATIONS[:version]:
            model.executescript(script)
        return _tables_of(model)


def judged(error: sqlite3.Error) -> Exception:
    """Damage, or a reason that may pass (disk full, locked, read-only)."""
    code: int | None = getattr(error, "sqlite_errorcode", None)
    if code is None:  # not SQLite's own: what it read does not decode
        return JournalDamagedError(str(error))
    # The primary result code is the low byte of the extended one.
    if code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR):
        return JournalDamagedError(str(error))
    return JournalUnusableError(str(error))
