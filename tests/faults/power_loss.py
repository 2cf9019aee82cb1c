"""Power cut at every moment of the journal's life: what it acknowledged is there, whole, in order.

The journal itself runs over a recorded disk; every cut's remains are then opened by the journal
as it is, with Python's sqlite3 on real files. No row it acknowledged may be missing, no commit may
be there by half, the chain of hashes must hold, and the next append must work.
"""

import contextlib
import itertools
import random
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from console.model.operation import OperationState
from console.model.request import LiveMigrate
from console.worker import journal_chain, journal_schema
from console.worker.journal_lines import (
    Accepted,
    Intent,
    Line,
    Noted,
    Sending,
    StateEntered,
    kind_of,
)
from console.worker.journal_salvage import open_store
from console.worker.journal_store import JournalStore
from tests.faults.recorded_disk import Act, Disk, Recorder, recorded
from tests.faults.sqlite_over_disk import journal_over

_CONNECTION = "power"
_REMAINS_A_MOMENT = 3
# So many cuts of a run are followed by a second cut while the journal is being opened again.
_SECOND_CUTS = 2
# Later than every moment of a history.
_AFTER = 1e9
Commit = list[list[Line]]
Remains = dict[str, bytes]


@contextlib.contextmanager
def quick_folder() -> Iterator[Path]:
    """A folder in memory where there is one: the simulated disk decides what is durable."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        yield Path(name)


def commits_of(randomly: random.Random) -> list[Commit]:
    """A random history: operations that begin, go on and end, several to a commit."""
    began: list[str] = []
    history: list[Commit] = []
    for number in range(randomly.randint(8, 16)):
        commit: Commit = []
        for place in range(randomly.choice((1, 1, 2, 4))):
            at = float(number * 10 + place)
            text = "x" * randomly.choice((10, 300, 300, 3000))
            if not began or randomly.random() < 0.4:
                name = f"op-{number}-{place}"
                request = LiveMigrate(f"vm-{name}", name, "N1", "N2")
                commit.append(
                    [
                        Line(name, at, Intent(request, f"Move {name}", _CONNECTION)),
                        Line(name, at, Noted(text)),
                    ]
                )
                began.append(name)
            else:
                name = randomly.choice(began)
                body = randomly.choice(
                    (
                        Sending("start", text),
                        Accepted("start", text),
                        Noted(text),
                        StateEntered(OperationState.CANCELED, text),
                    )
                )
                commit.append([Line(name, at, body), Line(name, at, Noted("and so on"))])
        history.append(commit)
    return history


def live(folder: Path, history: list[Commit], randomly: random.Random, recorder: Recorder) -> None:
    """The journal's life: opened, appended to, now and then closed and opened again."""
    path = folder / journal_schema.FILE_NAME
    store = JournalStore(path)
    for number, commit in enumerate(history, start=1):
        assert store.append(commit) == [None] * len(commit)
        recorder.acknowledge(number)
        if randomly.random() < 0.1:
            store.close()
            store = JournalStore(path)
    store.close()


def verdict(remains: Remains, acknowledged: int, history: list[Commit], folder: Path) -> str:
    """``ok``, ``lost``, or what else is wrong with the journal that these files make."""
    _put(folder, remains)
    store, faults = open_store(folder)
    try:
        if faults:
            return f"said to be damaged: {faults[0].detail}"
        found = _lines_in(store, history)
        # The commit that was under way may be there or not, but whole.
        for commits in (acknowledged, acknowledged + 1):
            if found == _lines_after(history, commits):
                break
        else:
            missing = _lines_after(history, acknowledged) - found
            return "lost" if missing else "half a commit is there"
        if store.first_broken() is not None:
            return f"row {store.first_broken()} breaks the chain"
        line = Line("after", _AFTER, Intent(LiveMigrate("k", "v", "N1", "N2"), "t", _CONNECTION))
        return "ok" if store.append([[line]]) == [None] else "nothing can be appended"
    finally:
        store.close()


Lines = Counter[tuple[str, float, object]]


def _lines_in(store: JournalStore, history: list[Commit]) -> Lines:
    names = {line.operation_id for commit in history for group in commit for line in group}
    return Counter(
        (line.operation_id, line.at, line.body)
        for name in names
        for line in store.lines_of(name)
        if line.at < _AFTER  # not what a salvage adds
    )


def _lines_after(history: list[Commit], commits: int) -> Lines:
    return Counter(
        (line.operation_id, line.at, line.body)
        for commit in history[:commits]
        for group in commit
        for line in group
    )


def cuts(
    recorder: Recorder, randomly: random.Random, a_moment: int = _REMAINS_A_MOMENT
) -> Iterator[tuple[int, int, Remains]]:
    """Every moment of the recorded life, with what a cut leaves: moment, acknowledged, remains."""
    disk = Disk(recorder.before)
    for moment, event in enumerate(recorder.events):
        disk.take(event)
        if event.act is Act.ACKNOWLEDGE:
            continue
        for _ in range(1 if disk.is_settled else a_moment):
            yield moment, disk.acknowledged, disk.after_cut(randomly)


def one_life(seed: int, folder: Path, at_most: int | None = None) -> Counter[str]:
    """Record one life of the journal and cut it everywhere; how many verdicts of each kind."""
    randomly = random.Random(seed)
    history = commits_of(randomly)
    pages = randomly.choice((4, 8, 8, 16, 1000))
    written, opened = folder / "written", folder / "opened"
    _put(written, {})
    vfs = f"recorded-{seed}"
    with recorded(written, vfs) as recorder, journal_over(vfs, checkpoint_pages=pages):
        live(written, history, randomly, recorder)
    every = cuts(recorder, randomly)
    found: Counter[str] = Counter()
    kept: list[tuple[int, Remains]] = []
    for _, acknowledged, remains in itertools.islice(every, at_most):
        found[verdict(remains, acknowledged, history, opened)] += 1
        # A fair sample of all of them, for the second cut.
        if randomly.random() < 0.01 and acknowledged and len(kept) < _SECOND_CUTS:
            kept.append((acknowledged, remains))
    for acknowledged, remains in kept:
        found += _cut_again(f"{vfs}-again", remains, acknowledged, history, folder, randomly)
    return found


def _cut_again(
    vfs: str,
    remains: Remains,
    acknowledged: int,
    history: list[Commit],
    folder: Path,
    randomly: random.Random,
) -> Counter[str]:
    """The power goes again while the journal is opened after the first cut."""
    written, opened = folder / "again", folder / "opened"
    _put(written, remains)
    with recorded(written, vfs) as recorder, journal_over(vfs, checkpoint_pages=4):
        JournalStore(written / journal_schema.FILE_NAME).close()
    return Counter(
        verdict(left, acknowledged, history, opened) for _, _, left in cuts(recorder, randomly)
    )


def one_salvage(seed: int, folder: Path) -> Counter[str]:
    """A damaged journal is opened and the power goes: nothing that was readable may be lost by it.

    ``no evidence``: the damaged file was replaced, and the copy set aside is not whole.
    """
    randomly = random.Random(seed)
    history = commits_of(randomly)
    written, opened = folder / "written", folder / "opened"
    _damaged_journal(written, history)
    vfs = f"salvaged-{seed}"
    with recorded(written, vfs) as recorder, journal_over(vfs):
        store, faults = open_store(written)
        readable = _lines_in(store, history)
        store.close()
    if not faults:  # the WAL held a newer version of every page that was damaged
        return Counter()
    (aside,) = (path.read_bytes() for path in written.glob("journal.damaged-*.sqlite"))
    found: Counter[str] = Counter()
    for _, _, remains in cuts(recorder, randomly, a_moment=1):
        _put(opened, remains)
        store, faults = open_store(opened)
        lost = readable - _lines_in(store, history)
        store.close()
        asides = [path.read_bytes() for path in opened.glob("journal.damaged-*.sqlite")]
        if lost:
            found["lost"] += 1
        elif not faults and aside not in asides:
            found["no evidence"] += 1
        else:
            found["ok"] += 1
    return found


def one_migration(seed: int, folder: Path) -> Counter[str]:
    """J15: a journal of the first version is opened, and the power goes while it is migrated."""
    randomly = random.Random(seed)
    history = commits_of(randomly)
    written, opened = folder / "written", folder / "opened"
    _put(written, {})
    first_version(written / journal_schema.FILE_NAME, history)
    vfs = f"migrated-{seed}"
    with recorded(written, vfs) as recorder, journal_over(vfs):
        JournalStore(written / journal_schema.FILE_NAME).close()
    return Counter(
        verdict(remains, len(history), history, opened)
        for _, _, remains in cuts(recorder, randomly)
    )


def first_version(path: Path, history: list[Commit]) -> None:
    """A journal as the first released version wrote it."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA application_id={journal_schema.APPLICATION_ID}")
    connection.executescript(journal_schema.MIGRATIONS[0])
    connection.execute("PRAGMA user_version=1")
    connection.execute("PRAGMA journal_mode=WAL").fetchall()
    head = journal_chain.EMPTY_HASH
    ended: set[str] = set()
    for line in (line for commit in history for group in commit for line in group):
        if isinstance(line.body, Intent):
            row = (line.operation_id, "live_migrate", _CONNECTION, line.at)
            connection.execute("INSERT INTO operation VALUES (?, ?, ?, ?)", row)
        body = msgspec.json.encode(line.body).decode()
        content = (line.operation_id, kind_of(line.body), line.at, 1.0, "run", body)
        head = journal_chain.chained(head, content)
        cursor = connection.execute(
            "INSERT INTO event (op_id, kind, at, monotonic, run_id, body, hash) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (*content, head),
        )
        if isinstance(line.body, StateEntered) and line.operation_id not in ended:
            ended.add(line.operation_id)
            row = (line.operation_id, cursor.lastrowid, line.body.state.value)
            connection.execute("INSERT INTO ending VALUES (?, ?, ?)", row)
    connection.close()


def _damaged_journal(folder: Path, history: list[Commit]) -> None:
    """As a killed console left it, half of it in the WAL, with one byte of a row changed."""
    with quick_folder() as live_folder:
        store = JournalStore(live_folder / journal_schema.FILE_NAME)
        for number, commit in enumerate(history):
            store.append(commit)
            if number == len(history) // 2:
                store._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        names = (journal_schema.FILE_NAME, f"{journal_schema.FILE_NAME}-wal")
        remains = {name: (live_folder / name).read_bytes() for name in names}
        store.close()
    main = bytearray(remains[journal_schema.FILE_NAME])
    for place in [at for at in range(len(main)) if main.startswith(b"and so on", at)]:
        main[place] ^= 1
    _put(folder, {**remains, journal_schema.FILE_NAME: bytes(main)})


def _put(folder: Path, remains: Remains) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, content in remains.items():
        (folder / name).write_bytes(content)


@contextlib.contextmanager
def synchronous(level: str) -> Iterator[None]:
    """Meanwhile the journal opens its file with another ``PRAGMA synchronous``, unnoticed."""
    real = journal_schema._set_durable

    def weaker(connection: object) -> None:
        real(connection)  # type: ignore[arg-type]
        connection.execute(f"PRAGMA synchronous={level}")  # type: ignore[attr-defined]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal_schema, "_set_durable", weaker)
        yield
