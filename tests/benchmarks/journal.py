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
from tests.benchmarks.row import Row

ROUNDS = 300
LIMIT = 1.5


def run() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        bare, ours = asyncio.run(_measure(Path(folder)))
    floor, value = statistics.median(bare), statistics.median(ours)
    return [
        Row("durable journal append, awaited, median", value, "ms", floor=floor),
        Row("durable journal append / bare SQLite commit", value / floor, "x", LIMIT, 1.0),
    ]


async def _measure(folder: Path) -> tuple[list[float], list[float]]:
    connection = sqlite3.connect(folder / "bare.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE line (number INTEGER PRIMARY KEY, body BLOB)")
    journal, _faults = await Journal.open(folder)
    request = LiveMigrate("vm", "vm", "N1", "N2")
    await journal.append(Line("op", 0.0, Intent(request, "t", "bench")))
    bare: list[float] = []
    ours: list[float] = []
    for at in range(ROUNDS):
        started = time.perf_counter()
        connection.execute("INSERT INTO line (body) VALUES (?)", (b"x" * 300,))
        bare.append((time.perf_counter() - started) * 1000)
        started = time.perf_counter()
        await journal.append(Line("op", float(at), Noted("n" * 200)))
        ours.append((time.perf_counter() - started) * 1000)
    connection.close()
    await journal.close()
    return bare, ours
