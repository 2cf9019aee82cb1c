"""A fleet of 100,000 VMs in the window: first paint, search, refresh, frames, memory, linearity.

``python -m tests.benchmarks.fleet --hours 1`` is the soak: memory and gaps while it refreshes.
"""

import argparse
import math
import os
import random
import statistics
import sys
import tempfile
import time
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from console.channel import stored_fleet
from console.model.fleet import FleetSnapshot, FleetValues
from tests.benchmarks.row import Row
from tests.benchmarks.start_up import until_painted
from tests.fleet_sample import fleet_snapshot

SIZES = (1_000, 10_000, 100_000)
ROUNDS = 7
FRAMES = 120
FRAME_MS, KEY_MS, MEMORY_MIB = 16.0, 50.0, 600.0
SOAK_S = 20.0


def run() -> list[Row]:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    rows = _start_up()
    figures = {size: _figures(size) for size in SIZES}
    rows += _limits(figures[SIZES[-1]])
    rows += _linearity(figures)
    return rows


def _snapshot(size: int) -> FleetSnapshot:
    return fleet_snapshot(size, max(5, size // 200))


# -- start -----------------------------------------------------------------------------------------
def _start_up() -> list[Row]:
    """Processes of their own, interleaved; the first round only warms the disk cache."""
    bare = [sys.executable, str(Path(__file__).with_name("bare_window.py"))]
    times: dict[str, list[float]] = {"bare": [], "empty": [], "fleet": []}
    with tempfile.TemporaryDirectory() as name:
        full, empty = Path(name) / "full", Path(name) / "empty"
        full.mkdir()
        empty.mkdir()
        stored_fleet.save(full, "lab-fleet", _snapshot(SIZES[-1]))
        ours = [sys.executable, "-m", "console", "--lab", "--scenario", "fleet", "--state-folder"]
        for at in range(ROUNDS + 1):
            for kind, command, folder, milestone in (
                ("bare", bare, empty, "painted"),
                ("empty", [*ours, str(empty)], empty, "live"),
                ("fleet", [*ours, str(full)], full, "fleet"),
            ):
                seconds = until_painted(command, folder, milestone)
                if at:
                    times[kind].append(seconds)
                for file in empty.iterdir():
                    file.unlink() if file.is_file() else None
    medians = {kind: statistics.median(each) for kind, each in times.items()}
    empty_s, fleet_s = medians["empty"], medians["fleet"]
    return [
        Row("fleet: start to a wall of 100,000 stored VMs", fleet_s, "s", floor=medians["bare"]),
        Row("fleet: the same / our empty window", fleet_s / empty_s, "x", 2.0, 1.0),
        Row("fleet: the same / a bare Qt window", fleet_s / medians["bare"], "x", floor=1.0),
    ]


# -- in the window ---------------------------------------------------------------------------------
@contextmanager
def _page(size: int, folder: Path) -> Iterator[Any]:
    from PySide6.QtWidgets import QApplication

    from console.ui import theme
    from console.ui.fleet_store import FleetStore
    from console.ui.views.fleet.fleet_page import FleetPage

    application = QApplication.instance() or QApplication([])
    theme.apply("light")
    store = FleetStore()
    store.load_stored(_snapshot(size))
    page = FleetPage(store, folder)
    store.setParent(page)
    page.resize(1_500, 900)
    page.show()
    _spin(0.3)
    page.groups.finish()
    page.rows.finish()
    page.wall.finish()
    _spin(0.2)
    # What stays for the whole run is not walked again (as the bridge has it after a reading).
    import gc

    gc.collect()
    gc.freeze()
    yield page
    page.close()
    page.deleteLater()
    _spin(0.1)
    assert application is not None


def _figures(size: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as name, _page(size, Path(name)) as page:
        found = {"load": _median_ms(lambda: _load(page, size), 5)}
        found |= _keys(page)
        found |= _frames(page)
        found |= _changes(page, size)
        found |= _sorting(page)
        found["rss"] = _rss_mib()
        return found


def _load(page: Any, size: int) -> None:
    from console.ui.fleet_store import FleetStore

    fresh = FleetStore()
    fresh.load_stored(_snapshot(size))
    fresh.deleteLater()


def _keys(page: Any) -> dict[str, float]:
    """Key after key, each until its rows are painted; words that find many and few."""
    from PySide6.QtTest import QTest

    page.show_part(1)
    page.search.setFocus()
    # Once, so that what is looked through is there: it is made in the first search.
    QTest.keyClick(page.search, "x")
    _until_found(page)
    page.search.clear()
    _until_found(page)
    times, gaps = [], []
    words = ("sql-01", "10.1.0.2", "site-00", "avd erp", "desktops", "owner:data health:c")
    for word in words:
        for letter in word:
            before = time.perf_counter()
            QTest.keyClick(page.search, letter)
            gaps.append(_until_found(page))
            times.append((time.perf_counter() - before) * 1000)
        page.search.clear()
        _until_found(page)
    return {"key p99": _p99(times), "key median": statistics.median(times), "key gap": max(gaps)}


def _until_found(page: Any) -> float:
    """Serve events until the search is done and its rows are painted; the longest step, ms."""
    from PySide6.QtWidgets import QApplication

    longest = 0.0
    while True:
        before = time.perf_counter()
        QApplication.processEvents()
        longest = max(longest, (time.perf_counter() - before) * 1000)
        if not page.rows.is_working:
            page.list.viewport().repaint()
            return longest


def _frames(page: Any) -> dict[str, float]:
    """A jump and a whole repaint each: the worst that scrolling and zooming can ask for."""
    wall, fleet_list = page.wall, page.list
    page.show_part(0)
    _spin(0.05)
    found = {}
    for name, zoom in (("fleet", 1), ("shapes", 5), ("names", 9)):
        wall.set_zoom(zoom)
        _spin(0.05)
        found[f"scroll {name}"] = _scrolled(wall)
    wall.set_zoom(0)
    times = []
    for at in range(FRAMES):
        zoom = at % 20 if at % 20 < 10 else 19 - at % 20
        before = time.perf_counter()
        wall.set_zoom(zoom)
        wall.viewport().repaint()
        times.append((time.perf_counter() - before) * 1000)
    found["zoom"], found["zoom median"] = _p99(times), statistics.median(times)
    page.show_part(1)
    _spin(0.05)
    found["scroll list"] = _scrolled(fleet_list)
    return found


def _scrolled(view: Any) -> float:
    bar = view.verticalScrollBar()
    times = []
    for at in range(FRAMES):
        before = time.perf_counter()
        bar.setValue(int(bar.maximum() * ((at * 37) % FRAMES) / FRAMES))
        view.viewport().repaint()
        times.append((time.perf_counter() - before) * 1000)
    return _p99(times)


def _changes(page: Any, size: int) -> dict[str, float]:
    """A tenth of all VMs change state, as the worker's parts tell it; the window is served on."""
    from console.ui.stall_watchdog import StallWatchdog

    store, chance = page._store, random.Random(1)
    found = {}
    for part, name in ((0, "wall"), (1, "list")):
        page.show_part(part)
        _spin(0.3)
        watchdog = StallWatchdog(lambda _seconds, _stack: None)
        watchdog.start()
        began = time.perf_counter()
        for _ in range(5):
            _send_changes(store, chance.sample(range(size), size // 10), chance)
            _spin(0.4)
        watchdog.stop()
        _send_changes(store, chance.sample(range(size), size // 10), chance)
        found[f"step {name}"] = _longest_step(0.6)
        found[f"gap {name}"] = max(watchdog.gaps_ms)
        found[f"gap p99 {name}"] = watchdog.percentile_ms(0.99)
        found["seconds"] = time.perf_counter() - began
    before = time.perf_counter()
    _send_changes(store, chance.sample(range(size), size // 10), chance)
    store.finish()
    found["apply"] = (time.perf_counter() - before) * 1000
    return found


def _longest_step(seconds: float) -> float:
    """Serve events for a while; the longest turn of the loop, ms."""
    from PySide6.QtWidgets import QApplication

    longest, end = 0.0, time.monotonic() + seconds
    while time.monotonic() < end:
        before = time.perf_counter()
        QApplication.processEvents()
        longest = max(longest, (time.perf_counter() - before) * 1000)
    return longest


def _send_changes(store: Any, slots: list[int], chance: random.Random) -> None:
    power = len(store.words["power"])
    for start in range(0, len(slots), 2_000):
        some = slots[start : start + 2_000]
        store.take(
            FleetValues(
                store.generation,
                store.size,
                array("I", some),
                {
                    "power": array("I", [chance.randrange(power) for _ in some]),
                    "level": bytes(chance.randrange(5) for _ in some),
                },
                {},
            )
        )


def _sorting(page: Any) -> dict[str, float]:
    page.search.clear()
    page.rows.finish()
    times = []
    longest = 0.0
    for column in ("name", "level", "memory_mib"):
        before = time.perf_counter()
        page.rows.sort_by(column, True)
        longest = max(longest, _until_found(page))
        times.append((time.perf_counter() - before) * 1000)
    return {"sort": max(times), "sort step": longest}


# -- rows ------------------------------------------------------------------------------------------
def _limits(found: dict[str, float]) -> list[Row]:
    return [
        Row("fleet: a key until its rows stand, p99", found["key p99"], "ms", KEY_MS),
        Row("fleet: a key, median", found["key median"], "ms"),
        Row("fleet: longest step while a key is looked for", found["key gap"], "ms", FRAME_MS),
        Row("fleet: sort 100,000 by name until painted", found["sort"], "ms"),
        Row("fleet: longest step while sorting", found["sort step"], "ms", FRAME_MS),
        Row("fleet: 10,000 changes, worst GUI gap, wall", found["gap wall"], "ms", FRAME_MS),
        Row("fleet: 10,000 changes, worst GUI gap, list", found["gap list"], "ms", FRAME_MS),
        Row("fleet: 10,000 changes, longest step, wall", found["step wall"], "ms", FRAME_MS),
        Row("fleet: 10,000 changes, longest step, list", found["step list"], "ms", FRAME_MS),
        Row("fleet: 10,000 changes applied without a rest", found["apply"], "ms"),
        Row("fleet: scroll frame, all tiles, p99", found["scroll fleet"], "ms", FRAME_MS),
        Row("fleet: scroll frame, shapes, p99", found["scroll shapes"], "ms", FRAME_MS),
        Row("fleet: scroll frame, names, p99", found["scroll names"], "ms", FRAME_MS),
        Row("fleet: scroll frame, list, p99", found["scroll list"], "ms", FRAME_MS),
        Row("fleet: zoom frame, p99", found["zoom"], "ms", FRAME_MS),
        Row("fleet: resident memory of the window", found["rss"], "MiB", MEMORY_MIB),
    ]


def _linearity(figures: dict[int, dict[str, float]]) -> list[Row]:
    """Growth from 1,000 to 100,000 as an exponent: 1 is linear, less is better."""
    rows = []
    for what, name in (
        ("load", "load from the stored file"),
        ("key median", "a key"),
        ("apply", "a tenth of all change"),
        ("sort", "sort by name"),
        ("zoom median", "zoom frame"),
    ):
        for size in SIZES:
            rows.append(Row(f"fleet: {name}, {size:,} VMs", figures[size][what], "ms"))
        span = math.log(SIZES[-1] / SIZES[0])
        growth = math.log(max(figures[SIZES[-1]][what], 0.01) / max(figures[SIZES[0]][what], 0.01))
        rows.append(Row(f"fleet: {name}, growth (1 = linear)", growth / span, "exp", 1.1))
    return rows


def _median_ms(act: Callable[[], object], times: int) -> float:
    taken = []
    for _ in range(times):
        before = time.perf_counter()
        act()
        taken.append((time.perf_counter() - before) * 1000)
    return statistics.median(taken)


def _p99(times: list[float]) -> float:
    return sorted(times)[min(len(times) - 1, math.ceil(len(times) * 0.99) - 1)]


def _rss_mib() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def _spin(seconds: float) -> None:
    """Serve the event loop as the application does."""
    from PySide6.QtCore import QEventLoop, QTimer

    loop = QEventLoop()
    QTimer.singleShot(int(seconds * 1000), loop.quit)
    loop.exec()


# -- soak ------------------------------------------------------------------------------------------
def soak(seconds: float) -> list[Row]:
    """Searching, scrolling and 2,000 changes a second for a while; memory must stay flat."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    chance = random.Random(2)
    with tempfile.TemporaryDirectory() as name, _page(SIZES[-1], Path(name)) as page:
        _work_for(page, min(seconds / 4, 60.0), chance)
        early = _rss_mib()
        _work_for(page, seconds, chance)
        late = _rss_mib()
    return [
        Row(f"fleet: memory after {seconds:.0f} s of work", late, "MiB", MEMORY_MIB),
        Row("fleet: memory gained meanwhile", late - early, "MiB", 8.0 + seconds / 400),
    ]


def _work_for(page: Any, seconds: float, chance: random.Random) -> None:
    end = time.monotonic() + seconds
    turn = 0
    while time.monotonic() < end:
        _send_changes(page._store, chance.sample(range(SIZES[-1]), 2_000), chance)
        page.search.setText(chance.choice(("", "sql", "site-04", "health:red", "owner:erp")))
        page.show_part(turn % 2)
        page.wall.set_zoom(chance.randrange(10))
        if turn % 10 == 0:
            page.groups.divide_by(chance.choice(("cluster", "owner", "level")))
        turn += 1
        _spin(1.0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=SOAK_S / 3600)
    for row in soak(parser.parse_args().hours * 3600):
        print(row.text())
