"""The journal keeps what it acknowledged, refuses what it must, and never hides damage."""

import asyncio
import os
import random
import signal
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from console.model.operation import OperationState
from console.model.request import LiveMigrate
from console.worker import journal_schema
from console.worker.journal import Journal, JournalRefusedError
from console.worker.journal_lines import (
    UNREADABLE_STEP,
    Intent,
    Line,
    Noted,
    StateEntered,
    fold,
    sent_steps,
)
from console.worker.journal_salvage import open_store
from console.worker.journal_schema import FILE_NAME, JournalNewerError, JournalUnusableError
from console.worker.journal_store import (
    DuplicateOperationError,
    JournalStore,
    JournalWriteError,
)

MOVE = LiveMigrate("key", "vm", "N1", "N2")
S = OperationState


def intent(name: str, at: float = 1.0, connection: str = "lab", group: str = "") -> Line:
    return Line(name, at, Intent(MOVE, f"Move {name}", connection, group_id=group))


def ended(name: str, state: OperationState = S.CANCELED) -> Line:
    return Line(name, 9.0, StateEntered(state, "over"))


def noted(name: str, text: str) -> Line:
    return Line(name, 2.0, Noted(text))


async def test_what_is_appended_comes_back_in_order(tmp_path: Path) -> None:
    journal, faults = await Journal.open(tmp_path)
    assert faults == ()
    await asyncio.gather(*(journal.append(intent(f"op-{n}", float(n))) for n in range(50)))
    await journal.append(noted("op-3", "first"), noted("op-3", "second"))
    await journal.append(ended("op-4"))
    await journal.append(intent("elsewhere", connection="other"))
    assert [line.body for line in (await journal.lines_of("op-3"))[1:]] == [
        Noted("first"),
        Noted("second"),
    ]
    unfinished = await journal.unfinished("lab")
    assert [lines[0].operation_id for lines in unfinished] == [
        f"op-{n}" for n in range(50) if n != 4
    ]
    newest = await journal.newest("lab", 2)
    assert [lines[0].operation_id for lines in newest.operations] == ["op-48", "op-49"]
    await journal.close()
    again, _ = await Journal.open(tmp_path)
    assert len(await again.lines_of("op-3")) == 3
    await again.close()


async def test_pages_of_history_meet_without_a_gap(tmp_path: Path) -> None:
    """Several operations of one moment, and a group whose oldest part is far back."""
    journal, _ = await Journal.open(tmp_path)
    times = [1.0, 2.0, 3.0, 3.0, 3.0, 4.0, 5.0]
    for number, at in enumerate(times):
        name = f"op-{number}"
        await journal.append(intent(name, at, group="g" if number in (0, 6) else ""))
    newest = await journal.newest("lab", 2)
    assert [lines[0].operation_id for lines in newest.operations] == ["op-0", "op-5", "op-6"]
    assert newest.back_to == 4.0
    older = await journal.newest("lab", 2, newest.back_to)
    assert [lines[0].operation_id for lines in older.operations] == ["op-2", "op-3", "op-4"]
    assert older.back_to == 3.0
    last = await journal.newest("lab", 2, older.back_to)
    assert [lines[0].operation_id for lines in last.operations] == ["op-0", "op-1", "op-6"]
    assert last.back_to is None
    assert len(await journal.members_of("g")) == 2
    await journal.close()


async def test_a_page_that_ends_with_the_oldest_says_so(tmp_path: Path) -> None:
    journal, _ = await Journal.open(tmp_path)
    await journal.append(*(intent(f"op-{number}", 1.0) for number in range(5)))
    newest = await journal.newest("lab", 2)
    assert len(newest.operations) == 5
    assert newest.back_to is None
    await journal.close()


async def test_the_same_operation_is_not_taken_twice(tmp_path: Path) -> None:
    journal, _ = await Journal.open(tmp_path)
    await journal.append(intent("op"))
    first = asyncio.ensure_future(journal.append(noted("op", "kept")))
    second = asyncio.ensure_future(journal.append(intent("op"), noted("op", "not kept")))
    third = asyncio.ensure_future(journal.append(intent("other")))
    fourth = asyncio.ensure_future(journal.append(noted("op", "not kept either"), intent("op")))
    await asyncio.gather(first, third)
    with pytest.raises(DuplicateOperationError):
        await fourth
    with pytest.raises(DuplicateOperationError):
        await second
    with pytest.raises(JournalWriteError):
        await journal.append(noted("nobody", "an event without an operation"))
    assert [line.body for line in (await journal.lines_of("op"))[1:]] == [Noted("kept")]
    await journal.close()
    assert JournalStore(tmp_path / FILE_NAME).first_broken() is None


async def test_a_line_that_cannot_be_written_down_stops_nobody_else(tmp_path: Path) -> None:
    journal, _ = await Journal.open(tmp_path)
    await journal.append(intent("op"))
    refused = asyncio.ensure_future(journal.append(noted("op", "half a letter \ud83d")))
    fine = asyncio.ensure_future(journal.append(noted("op", "whole")))
    with pytest.raises(JournalWriteError, match="surrogates"):
        await refused
    await fine
    strange = Line("new", 1.0, Intent(MOVE, "Move \ud83d", "lab"))
    with pytest.raises(JournalWriteError):
        await journal.append(strange)
    assert [line.body for line in (await journal.lines_of("op"))[1:]] == [Noted("whole")]
    await journal.close()
    assert JournalStore(tmp_path / FILE_NAME).first_broken() is None


async def test_a_bug_while_writing_is_an_error_and_the_thread_lives_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, _ = await Journal.open(tmp_path)
    await journal.append(intent("op"))
    with monkeypatch.context() as patch:
        patch.setattr(JournalStore, "_insert", lambda *_values: {}["no such thing"])
        with pytest.raises(JournalWriteError, match="no such thing"):
            await journal.append(noted("op", "lost"))
    async with asyncio.timeout(5):
        await journal.append(noted("op", "kept"))
    assert [line.body for line in (await journal.lines_of("op"))[1:]] == [Noted("kept")]
    await journal.close()


def test_file_is_private_durable_and_append_only(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    store = JournalStore(folder / FILE_NAME)
    store.append([[intent("op")], [ended("op")]])
    if os.name == "posix":
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        for path in folder.iterdir():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    connection = store._connection
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    for table in ("operation", "event", "ending"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(f"UPDATE {table} SET op_id = 'x'")
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(f"DELETE FROM {table}")
    store.close()


def _log_bytes(folder: Path) -> int:
    return (folder / f"{FILE_NAME}-wal").stat().st_size


def test_the_log_has_its_size_before_the_first_append(tmp_path: Path) -> None:
    """A commit into a growing file costs nearly twice as much."""
    store, _ = open_store(tmp_path)
    room, whole = _log_bytes(tmp_path), (tmp_path / FILE_NAME).stat().st_size
    assert room > journal_schema.LOG_ROOM_PAGES * 4096 * 0.9
    store.append([[intent("op")]])
    for number in range(50):
        store.append([[noted("op", str(number))]])
    assert _log_bytes(tmp_path) == room
    # As after kill -9: what was appended is read from the log, which is not made longer again.
    again = JournalStore(tmp_path / FILE_NAME)
    assert len(again.lines_of("op")) == 51
    assert _log_bytes(tmp_path) == room
    assert (tmp_path / FILE_NAME).stat().st_size == whole, "nothing of the filler was committed"
    assert again.first_broken() is None
    again.close()
    store.close()


def test_a_newer_journal_is_refused_and_left_alone(tmp_path: Path) -> None:
    JournalStore(tmp_path / FILE_NAME).close()
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        connection.execute(f"PRAGMA user_version={journal_schema.LATEST + 1}")
    connection.close()
    before = (tmp_path / FILE_NAME).read_bytes()
    with pytest.raises(JournalRefusedError, match="newer version"):
        asyncio.run(_open(tmp_path))
    assert (tmp_path / FILE_NAME).read_bytes() == before


async def _open(folder: Path) -> None:
    await Journal.open(folder)


async def test_a_second_console_is_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.worker.journal._LOCK_TRIES", 2)
    first, _ = await Journal.open(tmp_path)
    with pytest.raises(JournalRefusedError, match="Another console"):
        await Journal.open(tmp_path)
    await first.close()
    second, _ = await Journal.open(tmp_path)
    await second.close()


async def test_a_full_disk_is_an_error_and_the_next_append_may_work(tmp_path: Path) -> None:
    journal, _ = await Journal.open(tmp_path)
    await journal.append(intent("op"))
    await journal._call(lambda store: store._connection.execute("PRAGMA max_page_count=1").close())
    with pytest.raises(JournalWriteError, match="full"):
        await journal.append(*(noted("op", "x" * 5000) for _ in range(20)))
    await journal._call(
        lambda store: store._connection.execute("PRAGMA max_page_count=100000").close()
    )
    await journal.append(noted("op", "room again"))
    assert [line.body for line in await journal.lines_of("op")][1:] == [Noted("room again")]
    await journal.close()
    assert JournalStore(tmp_path / FILE_NAME).first_broken() is None


async def test_a_file_moved_away_is_noticed(tmp_path: Path) -> None:
    journal, _ = await Journal.open(tmp_path)
    await journal.append(intent("op"))
    (tmp_path / FILE_NAME).rename(tmp_path / "elsewhere")
    with pytest.raises(JournalWriteError, match="moved or deleted"):
        await journal.append(noted("op", "lost"))
    await journal.close()


def test_a_folder_that_cannot_be_made_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(JournalRefusedError, match="cannot be written"):
        asyncio.run(_open(tmp_path / "file" / "state"))


def _filled(folder: Path, operations: int = 30) -> None:
    store = JournalStore(folder / FILE_NAME)
    for number in range(operations):
        name = f"op-{number}"
        store.append([[intent(name, float(number)), noted(name, "x" * 300)]])
        if number % 2:
            store.append([[ended(name)]])
    store.close()


@pytest.mark.parametrize(
    "content", [b"", b"not a database at all" * 100, b"SQLite format 3\0" + bytes(84)]
)
def test_a_foreign_file_is_set_aside_and_said(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    store, faults = open_store(tmp_path)
    assert len(faults) == 1
    assert "set aside" in faults[0].summary
    asides = list(tmp_path.glob("journal.damaged-*.sqlite"))
    assert [path.read_bytes() for path in asides] == [content]
    assert store.append([[intent("op")]]) == [None]
    store.close()


def test_what_is_set_aside_is_on_the_disk_before_the_damaged_file_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = b"not a database at all" * 100
    (tmp_path / FILE_NAME).write_bytes(content)
    synced: list[int] = []
    found: list[bool] = []
    real_sync, real_place = os.fsync, journal_schema.put_in_place

    def sync(descriptor: int) -> None:
        real_sync(descriptor)
        synced.append(os.fstat(descriptor).st_ino)

    def place(fresh: Path, path: Path) -> None:
        (aside,) = tmp_path.glob("journal.damaged-*.sqlite")
        found.append(aside.stat().st_ino in synced)
        real_place(fresh, path)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(journal_schema, "put_in_place", place)
    store, _ = open_store(tmp_path)
    store.close()
    assert found == [True]


def test_another_programs_database_is_set_aside(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
    connection.close()
    store, faults = open_store(tmp_path)
    assert "another program" in faults[0].detail
    store.close()


def test_a_changed_row_is_found_and_the_others_are_kept(tmp_path: Path) -> None:
    _filled(tmp_path)
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        connection.execute("DROP TRIGGER event_no_update")
        connection.execute("UPDATE event SET body = replace(body, 'xxx', 'yyy') WHERE seq = 7")
        connection.executescript(
            "CREATE TRIGGER event_no_update BEFORE UPDATE ON event "
            "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;"
        )
    connection.close()
    store, faults = open_store(tmp_path)
    assert "row 7 is not as it was written" in faults[0].detail
    assert "30 operations were recovered, 15 of them unfinished" in faults[0].kept
    assert "1 rows could not be read" in faults[0].kept
    unfinished = store.unfinished("lab")
    assert len(unfinished) == 15
    for lines in unfinished:
        assert [step.step for step in sent_steps(lines)] == [UNREADABLE_STEP]
    finished = [fold(lines) for lines in store.newest("lab", 100).operations]
    assert sum(record is not None and record.is_over for record in finished) == 15
    assert store.first_broken() is None
    store.close()


def test_a_disk_that_fails_while_opening_is_not_a_damaged_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _filled(tmp_path, operations=3)

    def failing(*_values: object) -> bytes:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR_READ
        raise error

    monkeypatch.setattr("console.worker.journal_chain.head_of", failing)
    with pytest.raises(JournalUnusableError, match="I/O error"):
        open_store(tmp_path)
    assert not list(tmp_path.glob("journal.damaged-*"))


def test_text_that_does_not_decode_is_damage(tmp_path: Path) -> None:
    _filled(tmp_path, operations=3)
    path = tmp_path / FILE_NAME
    content = path.read_bytes()
    path.write_bytes(content.replace(b"xxxxxxxx", b"\xff\xfexxxxxx"))
    store, faults = open_store(tmp_path)
    store.close()
    assert "set aside" in faults[0].summary


def test_a_changed_first_row_is_not_believed_either(tmp_path: Path) -> None:
    _filled(tmp_path, operations=3)
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        (trigger,) = connection.execute(
            "SELECT sql FROM sqlite_master WHERE name = 'event_no_update'"
        ).fetchone()
        connection.execute("DROP TRIGGER event_no_update")
        connection.execute("UPDATE event SET at = 77 WHERE seq = 1")
        connection.execute(trigger)
    connection.close()
    store, faults = open_store(tmp_path)
    assert "row 1 is not as it was written" in faults[0].detail
    assert all(line.at != 77 for line in store.lines_of("op-0"))
    store.close()


@pytest.mark.parametrize("seed", range(60))
def test_random_damage_is_never_a_crash_and_never_silent(tmp_path: Path, seed: int) -> None:
    _filled(tmp_path, operations=8)
    before = JournalStore(tmp_path / FILE_NAME)
    known = {lines[0].operation_id: lines for lines in before.newest("lab", 100).operations}
    before.close()
    randomly = random.Random(seed)
    path = tmp_path / FILE_NAME
    content = bytearray(path.read_bytes())
    if seed % 4 == 0:
        del content[randomly.randrange(len(content)) :]
    else:
        for _ in range(randomly.choice([1, 20, 400])):
            content[randomly.randrange(len(content))] ^= randomly.randrange(1, 256)
    path.write_bytes(content)
    try:
        store, faults = open_store(tmp_path)
    except (JournalUnusableError, JournalNewerError):
        return  # refused in words: nothing was believed
    found = {lines[0].operation_id: lines for lines in store.newest("lab", 100).operations}
    if not faults:
        assert found == known, "damage was believed without a word"
    for lines in found.values():
        assert fold(lines) is not None
    assert store.append([[intent("new")]]) == [None]
    store.close()


_APPENDER = """
import asyncio, sys
from pathlib import Path
from console.worker.journal import Journal
from console.worker.journal_lines import UNREADABLE_STEP, Intent, Line, Noted
from console.model.request import LiveMigrate

async def main():
    journal, _ = await Journal.open(Path(sys.argv[1]))
    async def one(n):
        for step in range(10_000):
            name = f"{n}-{step}"
            intent = Intent(LiveMigrate("key", "vm", "N1", "N2"), "t", "lab")
            await journal.append(Line(name, 1.0, intent), Line(name, 1.0, Noted("x")))
            print(name, flush=True)
    await asyncio.gather(*(one(n) for n in range(4)))

asyncio.run(main())
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
@pytest.mark.parametrize("acknowledged", [1, 57])
def test_kill_9_in_the_middle_of_appends_keeps_what_was_acknowledged(
    tmp_path: Path, acknowledged: int
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _APPENDER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        names = [child.stdout.readline().strip() for _ in range(acknowledged)]
        child.send_signal(signal.SIGKILL)
        names += [line.strip() for line in child.stdout if line.endswith("\n")]
    store, faults = open_store(tmp_path)
    assert faults == ()
    found = {lines[0].operation_id: lines for lines in store.newest("lab", 1_000_000).operations}
    assert set(names) <= set(found)
    assert all(len(lines) == 2 for lines in found.values()), "half a group was kept"
    store.close()
