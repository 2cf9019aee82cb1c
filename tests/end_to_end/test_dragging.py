"""Drags by the X server's own pointer over a lab's sockets: the cluster's word under the mouse,
a group that is watched, one of it cancelled from its tile, the other moved back.
"""

import subprocess
import time
from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QPoint, QTimer
from PySide6.QtGui import QDrag, QGuiApplication
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from console.model.finding import Verdict
from console.model.operation import OperationRecord, OperationState
from console.model.request import LiveMigrate
from console.ui.main_window import MainWindow
from tests.end_to_end.lab_process import Lab
from tests.ui.conftest import press

pytestmark = [pytest.mark.xvfb, pytest.mark.timeout(240)]
STEP_MS = 60


@pytest.fixture(autouse=True)
def _ready(window: MainWindow, qtbot: QtBot) -> Iterator[None]:
    if QGuiApplication.platformName() != "xcb":
        pytest.skip("needs QT_QPA_PLATFORM=xcb and an X server")
    inventory = window._store.inventory
    qtbot.waitUntil(lambda: len(inventory.nodes) == 4 and len(inventory.vms) > 50, timeout=30_000)
    qtbot.waitUntil(lambda: inventory.arm.read_at is not None, timeout=30_000)
    window.move(20, 20)
    window.activateWindow()
    qtbot.wait(1500)  # notices above the map come first
    yield
    subprocess.run(["xdotool", "mouseup", "1"], check=True)


def mouse(*words: object) -> None:
    subprocess.run(["xdotool", *map(str, words)], check=True)


class Drag:
    """Steps that run inside the drag's own loop: each waits for its condition, then acts."""

    def __init__(self, window: MainWindow, keys: tuple[str, ...], node: str) -> None:
        self._window, self._map = window, window.map
        self._steps: list[tuple[Callable[[], bool], Callable[[], object]]] = []
        start = self._global(self._map.tile_rect(keys[0]).center())
        self._at, self._moves = start, 0
        self._node = node
        self._clock = QTimer(interval=STEP_MS)
        self._clock.timeout.connect(self._step)
        self._began = time.monotonic()
        mouse("mousemove", start.x(), start.y(), "sleep", "0.1", "mousedown", "1")

    def then(self, is_so: Callable[[], bool], act: Callable[[], object]) -> "Drag":
        self._steps.append((is_so, act))
        return self

    def run(self, qtbot: QtBot) -> None:
        self._clock.start()
        qtbot.waitUntil(lambda: not self._clock.isActive(), timeout=40_000)
        qtbot.waitUntil(lambda: self._map.lifted is None or self._map.lifted.is_pinned)

    def _global(self, point: QPoint) -> QPoint:
        return self._map.viewport().mapToGlobal(point)

    def _step(self) -> None:
        if time.monotonic() - self._began > 35:
            self._clock.stop()
            QDrag.cancel()
            return
        if self._moves < 10:
            self._moves += 1
            seen = self._map.card_rect(self._node).intersected(self._map.viewport().rect())
            end = self._global(seen.center())
            x = self._at.x() + (end.x() - self._at.x()) * self._moves // 10
            y = self._at.y() + (end.y() - self._at.y()) * self._moves // 10
            mouse("mousemove", x, y)
        elif not self._steps:
            self._clock.stop()
            mouse("mouseup", "1")
        elif self._steps[0][0]():
            self._steps.pop(0)[1]()


def key_of(window: MainWindow, name: str) -> str:
    vm = window._store.inventory.vm_named(name)
    assert vm is not None
    return vm.key


def moves(window: MainWindow) -> dict[str, OperationRecord]:
    return {
        record.request.vm_key: record
        for record in window._store.operations.values()
        if isinstance(record.request, LiveMigrate)
    }


def test_a_node_that_is_quarantined_under_the_mouse_refuses(
    window: MainWindow, lab: Lab, qtbot: QtBot
) -> None:
    key = key_of(window, "app-05")
    map_ = window.map
    map_.select({key}, cursor=key)
    home = window._store.inventory.vms[key].owner_node
    target = next(card.node for card in map_.cards[:2] if card.node != home)
    told: list[str] = []

    def live() -> bool:
        return map_.lifted is not None and target in map_.lifted.live_at

    def refused() -> bool:
        return map_.lifted is not None and map_.lifted.verdicts[target].verdict is Verdict.CANNOT

    def quarantine() -> None:
        assert map_.lifted is not None
        assert map_.lifted.takes(target)
        told.append(map_._panel.text())
        lab.fault("quarantine_node", name=target)

    Drag(window, (key,), target).then(live, quarantine).then(refused, lambda: None).run(qtbot)
    assert "hecked" in told[0]
    assert map_.lifted is not None
    assert map_.lifted.is_pinned
    assert "quarantine" in map_._panel.text().casefold()
    assert not window._store.operations
    counters = lab.ask("counters")["counters"]
    assert not counters.get("migrations_started", 0), counters
    map_.dismiss()


def test_a_group_is_watched_one_is_cancelled_and_one_goes_back(
    window: MainWindow, lab: Lab, qtbot: QtBot
) -> None:
    map_ = window.map
    keys = tuple(key_of(window, name) for name in ("app-05", "app-07"))
    homes = {key: window._store.inventory.vms[key].owner_node for key in keys}
    map_.select(set(keys), cursor=keys[0])
    target = next(card.node for card in map_.cards[:2] if card.node not in homes.values())
    lab.fault("slow_link", factor=3.0)
    Drag(window, keys, target).run(qtbot)
    qtbot.waitUntil(window.ways.notes.isVisible, timeout=5_000)
    button = window.ways.notes.findChild(QPushButton, "notes_move")
    assert button is not None
    button.click()
    press(window, "start_now")
    seen: dict[str, list[float]] = {key: [] for key in keys}
    places: set[str] = set()

    def watch() -> bool:
        for key in keys:
            move = map_._placement.moves.get(key)
            if move is not None and move.is_under_way and move.fraction is not None:
                seen[key].append(move.fraction)
        places.update(map_._placement.arriving.get(target, ()))
        return any(values and values[-1] > 0.2 for values in seen.values())

    qtbot.waitUntil(watch, timeout=40_000)
    # The one that waits or lags behind is given up from its tile's menu.
    first = next(key for key in keys if seen[key] and seen[key][-1] > 0.2)
    other = next(key for key in keys if key != first)
    cancel = next(e for e in window.actions_table.entries if e.id == "cancel_move")
    assert window.actions_table.why_not_now(cancel, [other]) == ""
    window.actions_table.do(cancel, [other])

    def is_over() -> bool:
        watch()
        known = moves(window)
        return all(key in known and known[key].is_over for key in keys)

    qtbot.waitUntil(is_over, timeout=90_000)
    assert first in places
    for values in seen.values():
        assert values == sorted(values)  # a bar never runs backwards
    ended = moves(window)
    assert ended[first].state is OperationState.SUCCEEDED, ended[first].fault
    assert ended[other].state is OperationState.CANCELED, ended[other].result
    assert lab.ask("vm", name=ended[other].request.vm_name)["vm"]["owner"] == homes[other]
    qtbot.waitUntil(lambda: window._store.inventory.vms[first].owner_node == target, timeout=20_000)
    assert map_._placement.arriving == {}
    lab.fault("slow_link", factor=1.0)
    back = next(e for e in window.actions_table.entries if e.id == "move_back")
    # On a busy machine readings come late; what rests on an old one would be refused, rightly.
    home, moving = homes[first], window.actions_table.moving
    assert home is not None
    qtbot.waitUntil(lambda: not moving.offer([first], home).is_refused, timeout=30_000)
    window.actions_table.do(back, [first])
    grace = moving.grace
    qtbot.waitUntil(
        lambda: window.ways.notes.isVisible() or "back to" in grace.title, timeout=5_000
    )
    if window.ways.notes.isVisible():
        button.click()  # other notes than on the way there are read too
    assert "back to" in grace.title
    # Judged anew by the cluster itself before anything is sent.
    qtbot.waitUntil(lambda: "checked just now" in grace.told or not grace.is_holding, timeout=5_000)
    qtbot.waitUntil(
        lambda: window._store.inventory.vms[first].owner_node == homes[first], timeout=60_000
    )
