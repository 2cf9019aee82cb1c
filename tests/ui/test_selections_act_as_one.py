"""A selection made with keys or mouse, on the map or in the table, is asked for as one group."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QListWidget
from pytestqt.qtbot import QtBot

from console.model.request import ChangePowerState, LiveMigrate, PowerAction
from console.ui.forms.choose_node import ChooseNode
from console.ui.main_window import MainWindow
from tests.ui.conftest import RecordingBridge, answer, press, settle

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
LEFT = Qt.MouseButton.LeftButton


def choose_first_node(window: MainWindow) -> str:
    """Return on what the dialog offers first."""
    settle()
    dialog = window.findChild(ChooseNode)
    assert dialog is not None
    nodes = dialog.findChild(QListWidget, "nodes")
    assert nodes is not None
    target = dialog._current()
    assert target is not None
    QTest.keyClick(nodes, Qt.Key.Key_Return)
    settle()
    press(window, "start_now")
    return target


def the_group(bridge: RecordingBridge) -> tuple[str, list[object]]:
    ((_name, title, parts),) = bridge.groups
    assert len({group for _request, _secrets, group in bridge.submitted}) == 1
    return title, [part.request for part in parts]


def test_shift_and_arrows_in_the_table_then_ctrl_m(
    window: MainWindow, bridge: RecordingBridge
) -> None:
    QTest.keyClick(window, Qt.Key.Key_2, CTRL)
    rows = [
        key
        for key in window.table.rows.visible
        if window._store.inventory.vms[key].name.startswith("web-")
    ]
    lister = window.table.list
    lister.setFocus()
    lister.set_cursor(rows[0])
    for _ in range(2):
        QTest.keyClick(lister, Qt.Key.Key_Down, SHIFT)
    assert window.selected_keys == rows[:3]
    QTest.keyClick(window, Qt.Key.Key_M, CTRL)
    target = choose_first_node(window)
    title, requests = the_group(bridge)
    moved = [request.vm_key for request in requests if isinstance(request, LiveMigrate)]
    # Who is there already stays, and is not counted.
    assert title == f"Move {len(moved)} VMs to {target}"
    off_target = [k for k in rows[:3] if window._store.inventory.vms[k].owner_node != target]
    assert moved == off_target
    assert len(moved) > 1


def test_ctrl_clicks_on_the_map_then_a_power_key(
    window: MainWindow, bridge: RecordingBridge, qtbot: QtBot
) -> None:
    map_ = window.map
    vms = window._store.inventory.vms
    keys = [
        key
        for key in map_.cards[0].keys
        if not window.actions_table.why_not(
            ChangePowerState(key, vms[key].name, PowerAction.RESTART)
        )
    ][:3]
    for at, key in enumerate(keys):
        where = map_.tile_rect(key).center()
        modifier = CTRL if at else Qt.KeyboardModifier.NoModifier
        QTest.mouseClick(map_.viewport(), LEFT, modifier, where)
    assert set(window.selected_keys) == set(keys)
    QTest.keyClick(window, Qt.Key.Key_R, CTRL | SHIFT)
    answer(window, "Restart")
    title, requests = the_group(bridge)
    assert title == "Restart 3 VMs"
    assert {r.vm_key for r in requests if isinstance(r, ChangePowerState)} == set(keys)


@pytest.mark.parametrize("count", [1, 2])
def test_one_vm_is_no_group(window: MainWindow, bridge: RecordingBridge, count: int) -> None:
    keys = window.map.cards[0].keys[:count]
    window.map.select(set(keys), cursor=keys[0])
    QTest.keyClick(window.map, Qt.Key.Key_M, CTRL)
    choose_first_node(window)
    assert len(bridge.requests) == count
    assert len(bridge.groups) == (0 if count == 1 else 1)


def test_what_was_asked_for_comes_into_sight(window: MainWindow) -> None:
    window._docks["operations"].hide()
    keys = window.map.cards[0].keys[:2]
    window.actions_table.power(keys, PowerAction.START)
    assert window._docks["operations"].isVisible()
