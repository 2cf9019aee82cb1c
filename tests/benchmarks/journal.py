"""A durable journal append beside a bare SQLite commit with the same durability, interleaved."""

import asyncio
import sqlite3
import statistics
import tempfile
import time
from pathlib import Path

from console.model.request import LiveMigrate
from console.worker.journal import Journal
from console.worker.journal_lines import Intent, Line, Noted
from console.worker.journal_salvage import open_store
from tests.benchmarks.row import Row

ROUNDS = 300
LIMIT = 1.5
_REQUEST = LiveMigrate("vm", "vm", "N1", "N2")
_FIRST = Line("op", 0.0, Intent(_REQUEST, "t", "bench"))


def run() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        bare, ours = _in_one_thread(Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        bare_awaited, awaited = asyncio.run(_awaited(Path(folder)))
    return [
        Row("durable journal append, in its thread, median", ours, "ms", floor=bare),
        Row("append in its thread / bare SQLite commit", ours / bare, "x", None, 1.0),
        # What the worker's loop waits, with the way to the writing thread and back in it. The loop
        # itself must not commit: a slow disk would hold up every other operation. The limit holds
        # here, as an operation sees it: measured without the way it would be met too easily.
        Row("durable journal append, awaited, median", awaited, "ms", floor=bare_awaited),
        Row("durable journal append / bare SQLite commit", awaited / bare, "x", LIMIT, 1.0),
    ]


def _in_one_thread(folder: Path) -> tuple[float, float]:
    """Medians in ms: a bare commit and an append of the store, by turns."""
    connection = _bare(folder)
    store, _faults = open_store(folder)
    store.append([[_FIRST]])
    bare: list[float] = []
    ours: list[float] = []
    for at in range(ROUNDS):
        started = time.perf_counter()
        _commit(connection)
        bare.append((time.perf_counter() - started) * 1000)
        line = Line("op", float(at), Noted("n" * 200))
        started = time.perf_counter()
        store.append([[line]])
        ours.append((time.perf_counter() - started) * 1000)
    store.close()
    connection.close()
    return statistics.median(bare), statistics.median(ours)


async def _awaited(folder: Path) -> tuple[float, float]:
    """The same as the worker's loop sees them, each done in another thread."""
    connection = _bare(folder)
    journal, _faults = await Journal.open(folder)
    await journal.append(_FIRST)
    bare: list[float] = []
    ours: list[float] = []
    for at in range(ROUNDS):
        started = time.perf_counter()
        await asyncio.to_thread(_commit, connection)
        bare.append((time.perf_counter() - started) * 1000)
        started = time.perf_counter()
        await journal.append(Line("op", float(at), Noted("n" * 200)))
        ours.append((time.perf_counter() - started) * 1000)
    await journal.close()
    connection.close()
    return statistics.median(bare), statistics.median(ours)


def _bare(folder: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        folder / "bare.sqlite", isolation_level=None, check_same_thread=False
    )
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE line (number INTEGER PRIMARY KEY, body BLOB)")
    return connection


def _commit(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO line (body) VALUES (?)", (b"x" * 300,))
