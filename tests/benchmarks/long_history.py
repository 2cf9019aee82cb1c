"""What 100,000 finished operations in the journal cost: first paint, listing, pruning."""

import asyncio
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from console.channel import stored_snapshot
from console.model.operation import OperationState
from console.model.request import LiveMigrate
from console.worker.journal import Journal
from console.worker.journal_lines import Intent, Line, Sending, StateEntered
from console.worker.journal_schema import FILE_NAME
from console.worker.journal_store import JournalStore
from console.worker.retention import Bound
from tests.benchmarks.row import Row
from tests.benchmarks.start_up import until_painted
from tests.ui.sample import snapshot

COUNT = 100_000
ROUNDS = 7
_BATCH = 2_000
S = OperationState


def run() -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        short, long = Path(name, "short"), Path(name, "long")
        for folder in (short, long):
            folder.mkdir()
            stored_snapshot.save(folder, "lab-small", snapshot("small"))
        _write_history(long)
        listed = asyncio.run(_listed(long))
        first = {"painted": short, "with history": long}
        times: dict[str, list[float]] = {kind: [] for kind in first}
        for at in range(ROUNDS + 1):
            for kind, folder in first.items():
                command = [sys.executable, "-m", "console", "--lab", "--state-folder", str(folder)]
                seconds = until_painted(command, folder, "live")
                if at:
                    times[kind].append(seconds)
        size = (long / FILE_NAME).stat().st_size / 1e6
        pruning = asyncio.run(_pruning(long))
        shutil.rmtree(long)
    medians = {kind: statistics.median(each) for kind, each in times.items()}
    added = 1000 * (medians["with history"] - medians["painted"])
    floor = 1000 * medians["painted"]
    return [
        Row("100,000 finished operations: first paint, added", added, "ms", 100.0, floor),
        Row("100,000 finished operations: opened and listed", listed, "s"),
        Row("100,000 finished operations: journal", size, "MB"),
        Row("append while 1,100 operations are pruned, p99", pruning, "ms"),
    ]


def _write_history(folder: Path) -> None:
    store = JournalStore(folder / FILE_NAME)
    for start in range(0, COUNT, _BATCH):
        store.append([_operation(number) for number in range(start, start + _BATCH)])
    store.close()


def _operation(number: int) -> list[Line]:
    name, at = f"op-{number:06}", float(number)
    request = LiveMigrate(f"key-{number % 500}", f"vm-{number % 500}", "N1", "N2")
    return [
        Line(name, at, Intent(request, f"Move vm-{number % 500} to N2", "lab-small", "grace")),
        Line(name, at, StateEntered(S.CHECKING)),
        Line(name, at, StateEntered(S.RUNNING)),
        Line(name, at, Sending("start_live_migration", "Start-TlcLiveMigration")),
        Line(name, at, StateEntered(S.VERIFYING, "Looking where it is")),
        Line(name, at, StateEntered(S.SUCCEEDED, "It is on N2: running, vTPM state as before.")),
    ]


async def _listed(folder: Path) -> float:
    """Seconds from opening the file to knowing what is unfinished and the newest 500."""
    began = time.perf_counter()
    journal, _faults = await Journal.open(folder)
    await journal.unfinished("lab-small")
    await journal.newest("lab-small", 500)
    took = time.perf_counter() - began
    await journal.close()
    return took


async def _pruning(folder: Path) -> float:
    """The slowest percent of appends, in ms, while the file is brought back to its bound."""
    journal, _faults = await Journal.open(folder)
    bound = Bound(operations=COUNT - 1_100)
    pruning = asyncio.create_task(journal.prune(bound, time.time))
    took: list[float] = []
    number = COUNT
    while not pruning.done():
        began = time.perf_counter()
        await journal.append(*_operation(number)[:1])
        took.append(1000 * (time.perf_counter() - began))
        number += 1
        await asyncio.sleep(0.01)
    await pruning
    await journal.close()
    return statistics.quantiles(took, n=100)[-1]
