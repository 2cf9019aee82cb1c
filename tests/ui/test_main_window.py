"""The window: menus from the table of actions, views made when needed, notices, attention."""

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QMenu, QToolButton
from pytestqt.qtbot import QtBot

from console.model.freshness import Fault, FaultCode
from console.model.node import NodeState
from console.model.request import ResumeNode
from console.settings import Settings
from console.ui.actions import Scope
from console.ui.main_window import MainWindow
from console.ui.store import Store
from tests.ui.conftest import RecordingBridge, answer, open_box, settle


def action(window: MainWindow, name: str) -> QAction:
    found = window.findChild(QAction, name)
    assert found is not None
    return found


def menu_of(window: MainWindow, title: str) -> QMenu:
    return window._menus.menus[title]


def test_the_first_frame_is_the_map_alone(
    qapp: QApplication, store: Store, bridge: RecordingBridge, tmp_path: Path, qtbot: QtBot
) -> None:
    main = MainWindow(store, bridge, Settings(), tmp_path, "small")  # type: ignore[arg-type]
    made = []
    main.painted.connect(lambda: made.append((main._table, main._inspector, main._drawer)))
    main.show()
    qtbot.waitUntil(lambda: main._table is not None)
    assert made == [(None, None, None)]
    assert main._docks["inspector"].widget() is main.inspector
    assert main._docks["operations"].widget() is main.drawer
    main.close()
    main.deleteLater()
    settle()


def test_every_entry_of_the_table_is_in_the_menu_bar(window: MainWindow) -> None:
    for entry in window.actions_table.entries:
        assert action(window, entry.id).text() == entry.text


def test_no_key_is_given_twice(window: MainWindow) -> None:
    keys = [a.shortcut().toString() for a in window.findChildren(QAction) if a.shortcut()]
    given = [key for key in keys if key]
    assert len(given) == len(set(given))


def test_a_menu_greys_out_with_the_reason_and_gives_the_keys_back(window: MainWindow) -> None:
    stop = action(window, "power_stop")
    window.map.select(set())
    menu_of(window, "V&M").aboutToShow.emit()
    assert not stop.isEnabled()
    assert stop.toolTip() == "Select a VM first."
    menu_of(window, "V&M").aboutToHide.emit()
    assert stop.isEnabled()


def test_a_key_that_cannot_act_says_why(window: MainWindow, bridge: RecordingBridge) -> None:
    window.map.select(set())
    action(window, "move_to_node").trigger()
    assert "Select a VM first." in open_box(window).text()
    answer(window, "OK")
    stopped = next(vm for vm in window._store.inventory.vms.values() if vm.power == "Stopped")
    window.map.select({stopped.key}, cursor=stopped.key)
    action(window, "power_stop").trigger()
    assert open_box(window).text()
    answer(window, "OK")
    assert bridge.requests == []


def test_the_node_menu_acts_on_the_node_clicked_last(
    window: MainWindow, bridge: RecordingBridge
) -> None:
    card = window.map.cards[1]
    header = window.map.card_rect(card.node).topLeft()
    QTest.mouseClick(window.map.viewport(), Qt.MouseButton.LeftButton, pos=header + QPoint(20, 8))
    assert window.selected(Scope.NODE) == [card.node]
    action(window, "drain").trigger()
    assert card.node in open_box(window).text()
    answer(window, "Cancel")
    assert bridge.requests == []


def test_without_a_clicked_node_the_selected_vms_node_is_meant(window: MainWindow) -> None:
    key = window.map.cards[2].keys[0]
    window.map.select({key}, cursor=key)
    assert window.selected(Scope.NODE) == [window.map.cards[2].node]


def test_a_paused_node_is_resumed(window: MainWindow, bridge: RecordingBridge) -> None:
    import msgspec

    from console.model.snapshot import SnapshotDelta

    first, *others = window._store.inventory.nodes.values()
    paused = msgspec.structs.replace(first, state=NodeState.PAUSED)
    window._store.apply(SnapshotDelta(nodes=(paused, *others)))
    window._show_node(paused.name)
    action(window, "resume").trigger()
    assert bridge.requests == [ResumeNode(paused.name)]


@pytest.mark.parametrize(("key", "tab"), [(Qt.Key.Key_2, 1), (Qt.Key.Key_1, 0)])
def test_views_change_by_key(window: MainWindow, key: Qt.Key, tab: int) -> None:
    QTest.keyClick(window, key, Qt.KeyboardModifier.ControlModifier)
    assert window._tabs.currentIndex() == tab


def test_a_notice_stays_until_dismissed(window: MainWindow) -> None:
    window._store.notice(Fault(FaultCode.MALFORMED, "Settings set aside.", "Look.", "All kept."))
    assert window._notice.isVisible()
    label = window.findChild(QLabel, "notice")
    assert label is not None
    assert label.textFormat() is Qt.TextFormat.PlainText
    button = window.findChild(QToolButton, "notice_dismiss")
    assert button is not None
    button.click()
    assert not window._notice.isVisible()


def test_the_worker_hears_whether_somebody_looks(
    window: MainWindow, bridge: RecordingBridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[bool] = []
    monkeypatch.setattr(bridge, "set_attention", told.append)
    window.showMinimized()
    settle()
    window.showNormal()
    settle()
    assert told[0] is False
    assert told[-1] is True


def test_layout_is_remembered(
    window: MainWindow, store: Store, bridge: RecordingBridge, tmp_path: Path
) -> None:
    window._docks["operations"].hide()
    window.close()
    again = MainWindow(store, bridge, window._settings, tmp_path, "small")  # type: ignore[arg-type]
    again.show()
    settle()
    assert not again._docks["operations"].isVisible()
    assert again._docks["inspector"].isVisible()
    again.close()
    again.deleteLater()
    settle()


def test_help_names_every_key(window: MainWindow) -> None:
    window._tell_keys()
    text = open_box(window).text()
    for entry in window.actions_table.entries:
        assert entry.shortcut in text
    answer(window, "OK")
    window._tell_about()
    assert "Trusted launch console" in open_box(window).text()
    answer(window, "OK")


def test_a_notice_moves_no_tile(window: MainWindow) -> None:
    key = window.map.cards[0].keys[0]

    def place() -> QPoint:
        return window.map.viewport().mapToGlobal(window.map.tile_rect(key).center())

    before = place()
    window.notice.say("test", "Something happened somewhere.")
    settle(10)
    assert window.notice.isVisible()
    assert place() == before
