"""A durable journal append beside a bare SQLite commit with the same durability."""

import sqlite3
import statistics
import tempfile
import time
from pathlib import Path

from tests.benchmarks.row import Row

ROUNDS = 300


def run() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        connection = sqlite3.connect(Path(folder) / "bare.sqlite", isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE line (number INTEGER PRIMARY KEY, body BLOB)")
        body, times = b"x" * 300, []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            connection.execute("INSERT INTO line (body) VALUES (?)", (body,))
            times.append((time.perf_counter() - started) * 1000)
        connection.close()
    return [Row("bare SQLite commit, WAL and FULL, median", statistics.median(times), "ms")]
