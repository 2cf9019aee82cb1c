"""A journal damaged in every way a file can be: never a crash, never silent, nothing made up."""

import random
import shutil
import sqlite3
from collections.abc import Callable
from functools import cache
from pathlib import Path

from console.model.operation import OperationState
from console.model.request import LiveMigrate
from console.worker import journal_schema
from console.worker.journal_lines import Intent, Line, Noted, StateEntered, fold
from console.worker.journal_salvage import open_store
from console.worker.journal_schema import (
    FILE_NAME,
    JournalDamagedError,
    JournalNewerError,
    JournalUnusableError,
)
from console.worker.journal_store import JournalStore
from tests.faults.power_loss import quick_folder

_CONNECTION = "damage"
_WAL = f"{FILE_NAME}-wal"
_PAGE = 4096
_OPERATIONS = 12
Files = dict[str, bytes]


@cache
def whole(variant: int = 0) -> Files:
    """A journal as a killed console leaves it: half in the file, half in the WAL."""
    with quick_folder() as folder:
        store = JournalStore(folder / FILE_NAME)
        for number in range(_OPERATIONS):
            name = f"op-{variant}-{number}"
            request = LiveMigrate(f"vm-{number}", name, "N1", "N2")
            intent = Intent(request, f"Move {name}", _CONNECTION)
            store.append([[Line(name, float(number), intent), Line(name, 1.0, Noted("x" * 600))]])
            if number % 2:
                ended = StateEntered(OperationState.CANCELED, "over")
                store.append([[Line(name, 9.0, ended)]])
            if number == _OPERATIONS // 2:
                store._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        files = {name: (folder / name).read_bytes() for name in (FILE_NAME, _WAL)}
        store.close()
    return files


def _bytes(files: Files, randomly: random.Random) -> None:
    for name in randomly.choice(((FILE_NAME,), (_WAL,), (FILE_NAME, _WAL))):
        content = bytearray(files[name])
        for _ in range(randomly.choice((1, 1, 20, 400))):
            content[randomly.randrange(len(content))] ^= randomly.randrange(1, 256)
        files[name] = bytes(content)


def _page(files: Files, randomly: random.Random) -> None:
    """A page of zeros, of noise, or another page in its place."""
    content = bytearray(files[FILE_NAME])
    pages = len(content) // _PAGE
    at = randomly.randrange(pages) * _PAGE
    other = randomly.randrange(pages) * _PAGE
    content[at : at + _PAGE] = randomly.choice(
        (bytes(_PAGE), randomly.randbytes(_PAGE), content[other : other + _PAGE])
    )
    files[FILE_NAME] = bytes(content)


def _cut(files: Files, randomly: random.Random) -> None:
    name = randomly.choice((FILE_NAME, _WAL))
    files[name] = files[name][: randomly.randrange(len(files[name]))]


def _longer(files: Files, randomly: random.Random) -> None:
    name = randomly.choice((FILE_NAME, _WAL))
    files[name] += randomly.randbytes(randomly.choice((1, 512, _PAGE, 3 * _PAGE)))


def _swapped(files: Files, randomly: random.Random) -> None:
    """The WAL, or the file under it, of another journal."""
    name = randomly.choice((FILE_NAME, _WAL))
    files[name] = whole(variant=1)[name]


def _empty(files: Files, randomly: random.Random) -> None:
    files[FILE_NAME] = b""
    if randomly.random() < 0.5:
        del files[_WAL]


def _foreign(files: Files, randomly: random.Random) -> None:
    """Another application's id, or no database at all."""
    if randomly.random() < 0.5:
        content = bytearray(files[FILE_NAME])
        content[68:72] = randomly.randbytes(4)
        files[FILE_NAME] = bytes(content)
    else:
        files[FILE_NAME] = randomly.randbytes(randomly.choice((10, 100, 5000)))
    files.pop(_WAL)


def _newer(files: Files, _randomly: random.Random) -> None:
    content = bytearray(files[FILE_NAME])
    content[60:64] = (journal_schema.LATEST + 1).to_bytes(4, "big")
    files[FILE_NAME] = bytes(content)
    files.pop(_WAL)


def _doctored(files: Files, randomly: random.Random) -> None:
    """J14: somebody who knows SQLite changes, drops or swaps rows and puts the triggers back."""
    with quick_folder() as folder:
        _put(folder / "journal", files)
        connection = sqlite3.connect(folder / "journal" / FILE_NAME, isolation_level=None)
        triggers = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        (last,) = connection.execute("SELECT max(seq) FROM event").fetchone()
        first, second = sorted(randomly.sample(range(1, last), 2))
        connection.execute("PRAGMA foreign_keys=OFF")
        match randomly.choice(("change", "drop", "swap", "time")):
            case "change":
                connection.execute(
                    "UPDATE event SET body = replace(body, 'x', 'y') || ' ' WHERE seq = ?", (first,)
                )
            case "drop":
                connection.execute("DELETE FROM event WHERE seq = ?", (first,))
            case "swap":
                connection.execute("UPDATE event SET seq = -1 WHERE seq = ?", (first,))
                connection.execute("UPDATE event SET seq = ? WHERE seq = ?", (first, second))
                connection.execute("UPDATE event SET seq = ? WHERE seq = -1", (second,))
            case "time":
                connection.execute("UPDATE event SET at = at + 1 WHERE seq = ?", (first,))
        for _, statement in triggers:
            connection.execute(statement)
        connection.close()
        files[FILE_NAME] = (folder / "journal" / FILE_NAME).read_bytes()
        files.pop(_WAL, None)


KINDS: dict[str, Callable[[Files, random.Random], None]] = {
    "bytes": _bytes,
    "page": _page,
    "cut": _cut,
    "longer": _longer,
    "swapped": _swapped,
    "empty": _empty,
    "foreign": _foreign,
    "newer": _newer,
    "doctored": _doctored,
}
# What SQLite can undo or ignore by itself; the others must always be said.
_MAY_BE_WITHOUT_EFFECT = frozenset({"bytes", "page", "cut", "longer", "swapped"})
_RowsById = dict[str, list[Line]]


def one_damage(seed: int, folder: Path) -> str:
    """``ok``, or what is wrong with how the journal took this damage."""
    randomly = random.Random(seed)
    kind = list(KINDS)[seed % len(KINDS)]
    files = dict(whole())
    KINDS[kind](files, randomly)
    state = folder / "state"
    _put(state, files)
    try:
        store, faults = open_store(state)
    except JournalNewerError:
        is_untouched = (state / FILE_NAME).read_bytes() == files[FILE_NAME]
        return "ok" if is_untouched and kind in ("newer", "bytes") else f"{kind}: taken as newer"
    except JournalUnusableError as error:
        return "ok" if str(error) else f"{kind}: refused without a reason"
    try:
        return _judged(kind, files, store, bool(faults), state)
    finally:
        store.close()


def _judged(kind: str, files: Files, store: JournalStore, is_said: bool, state: Path) -> str:
    known = _all_rows()
    found = {name: lines for name in _names() if (lines := store.lines_of(name))}
    made_up = [
        line
        for name, lines in found.items()
        for line in lines
        if line.at < 1e6 and line not in known[name]  # a salvage's own lines carry today's date
    ]
    if made_up:
        return f"{kind}: lines nobody wrote are believed: {made_up[0]}"
    if any(fold(lines) is None for lines in found.values()):
        return f"{kind}: lines without an intent are kept"
    is_whole = found == known
    if not is_said and not (is_whole and kind in _MAY_BE_WITHOUT_EFFECT):
        lost = len(known) - len(found)
        # A WAL cut or damaged at its end is what a power cut leaves: those commits never were.
        # Only a commit can be missing, and only the newest ones.
        if not (kind in _MAY_BE_WITHOUT_EFFECT and _is_prefix(store)):
            return f"{kind}: silent, {lost} operations are missing"
    if is_said and not list(state.glob("journal.damaged-*.sqlite")):
        return f"{kind}: nothing was set aside"
    line = Line("new", 1e9, Intent(LiveMigrate("k", "v", "N1", "N2"), "t", _CONNECTION))
    if store.append([[line]]) != [None]:
        return f"{kind}: nothing can be appended"
    return "ok" if store.first_broken() is None else f"{kind}: the chain does not hold"


def _is_prefix(store: JournalStore) -> bool:
    """Whether what is there is what was there at an earlier moment, row by row."""
    (count,) = store._connection.execute("SELECT count(*) FROM event").fetchone()
    rows = store._connection.execute("SELECT seq, hash FROM event ORDER BY seq").fetchall()
    return bool(rows == _hashes()[:count])


@cache
def _hashes() -> list[tuple[int, bytes]]:
    with quick_folder() as folder:
        _put(folder / "journal", whole())
        connection = sqlite3.connect(folder / "journal" / FILE_NAME)
        rows = connection.execute("SELECT seq, hash FROM event ORDER BY seq").fetchall()
        connection.close()
    return rows


@cache
def _all_rows() -> _RowsById:
    with quick_folder() as folder:
        _put(folder / "journal", whole())
        store = JournalStore(folder / "journal" / FILE_NAME)
        rows = {name: store.lines_of(name) for name in _names()}
        store.close()
    return rows


def _names() -> list[str]:
    return [f"op-0-{number}" for number in range(_OPERATIONS)]


def _put(folder: Path, files: Files) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)


__all__ = ["JournalDamagedError", "one_damage", "whole"]
