"""Two consoles at one cluster: moves by the other are seen, the same VM is moved only once."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QListWidget
from pytestqt.qtbot import QtBot

from console.model.foreign_move import ForeignMoveState
from console.model.operation import OperationRecord, OperationState
from console.ui.forms.choose_node import ChooseNode
from console.ui.main_window import MainWindow
from tests.end_to_end.lab_process import Lab
from tests.end_to_end.opened_window import opened_window

pytestmark = pytest.mark.timeout(180)
S = OperationState


@pytest.fixture
def other(window: MainWindow, lab: Lab, qapp: QApplication, tmp_path: Path) -> Iterator[MainWindow]:
    """A second console, as on another computer: with a state folder of its own."""
    with opened_window(lab.endpoints, tmp_path / "other", qapp) as main:
        yield main


def ready(window: MainWindow, qtbot: QtBot) -> None:
    inventory = window._store.inventory
    qtbot.waitUntil(lambda: len(inventory.nodes) == 4 and len(inventory.vms) > 50, timeout=30_000)
    qtbot.waitUntil(lambda: inventory.arm.read_at is not None, timeout=30_000)


def move_with_keys(window: MainWindow, qtbot: QtBot, key: str, target: str) -> None:
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=10_000)
    window.map.select({key}, cursor=key)
    QTest.keyClick(window.map, Qt.Key.Key_M, Qt.KeyboardModifier.ControlModifier)
    dialog = window.findChild(ChooseNode)
    assert dialog is not None
    nodes = dialog.findChild(QListWidget, "nodes")
    assert nodes is not None
    row = next(at for at in range(nodes.count()) if nodes.item(at).text().startswith(target))
    nodes.setCurrentRow(row)
    QTest.keyClick(nodes, Qt.Key.Key_Return)


def only(window: MainWindow) -> OperationRecord:
    (record,) = window._store.operations.values()
    return record


def test_the_same_vm_is_moved_once_and_the_other_is_told_why(
    window: MainWindow, other: MainWindow, lab: Lab, qtbot: QtBot
) -> None:
    ready(window, qtbot)
    ready(other, qtbot)
    vm = window._store.inventory.vm_named("app-05")
    assert vm is not None
    first, second = [name for name in window._store.inventory.nodes if name != vm.owner_node][:2]
    move_with_keys(window, qtbot, vm.key, first)
    move_with_keys(other, qtbot, vm.key, second)
    for console in (window, other):
        qtbot.waitUntil(lambda c=console: bool(c._store.operations), timeout=10_000)
        qtbot.waitUntil(lambda c=console: only(c).is_over, timeout=90_000)
    states = {only(window).state, only(other).state}
    assert S.SUCCEEDED in states
    (state,) = states - {S.SUCCEEDED}
    assert state in (S.BLOCKED, S.FAILED)
    won, lost = (window, other) if only(window).state is S.SUCCEEDED else (other, window)
    target = first if won is window else second
    assert lab.ask("vm", name="app-05")["vm"]["owner"] == target
    assert lab.ask("counters")["counters"][f"migrate:{vm.key}"] == 1
    lost.drawer.select(only(lost).id)
    shown = lost.drawer.story.log.toPlainText()
    assert "app-05" in shown
    # The check saw the other's move, or the cluster refused because of it.
    words = (
        "Check, blocks: " if state is S.BLOCKED else "What happened: app-05 is already migrating"
    )
    assert words in shown
    assert state is S.BLOCKED or "What to do next: Somebody else moves it" in shown
    # What the other console does is seen here, and never as our own.
    qtbot.waitUntil(
        lambda: any(
            move.vm_key == vm.key
            and move.state in (ForeignMoveState.ARRIVED, ForeignMoveState.NOT_SEEN)
            for move in lost._store.foreign_moves
        ),
        timeout=40_000,
    )
    assert not any(move.vm_key == vm.key for move in won._store.foreign_moves)
