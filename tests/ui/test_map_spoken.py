"""What a screen reader is told of the map: nodes, in them VMs, with names, states and places."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAccessibleInterface
from PySide6.QtTest import QTest

from console.model.snapshot import SnapshotDelta
from console.ui.main_window import MainWindow
from console.ui.views import map_spoken
from console.ui.views.map_lift import lift

NAME = QAccessible.Text.Name


def spoken_map(window: MainWindow) -> QAccessibleInterface:
    found = QAccessible.queryAccessibleInterface(window.map)
    assert found is not None
    return found


def children(of: QAccessibleInterface) -> list[QAccessibleInterface]:
    found = [of.child(at) for at in range(of.childCount())]
    assert all(child is not None for child in found)
    return found  # type: ignore[return-value]


def test_nodes_hold_their_vms(window: MainWindow) -> None:
    nodes = children(spoken_map(window))
    assert [node.text(NAME).split(",")[0] for node in nodes] == list(window._store.inventory.nodes)
    names = [child.text(NAME).split(",")[0] for node in nodes for child in children(node)]
    assert sorted(names) == sorted(vm.name for vm in window._store.inventory.vms.values())


def test_a_tile_is_where_it_is_seen(window: MainWindow) -> None:
    of = spoken_map(window)
    tile = children(children(of)[0])[2]
    middle = tile.rect().center()
    key = window.map.cards[0].keys[2]
    assert window.map.key_at(window.map.viewport().mapFromGlobal(middle)) == key
    found = of.childAt(middle.x(), middle.y())
    assert found is not None
    assert found.text(NAME) == tile.text(NAME)
    node = children(of)[0]
    assert of.indexOfChild(node) == 0
    assert node.indexOfChild(tile) == 2


def test_a_tile_tells_state_health_security_and_place(window: MainWindow) -> None:
    vm = window._store.inventory.vm_named("app-05")
    assert vm is not None
    assert window.map.spoken_vm(vm.key) == (
        f"app-05, Running, Healthy, Trusted launch, on {vm.owner_node}"
    )


def test_a_lifted_vm_makes_every_node_speak_its_verdict(window: MainWindow) -> None:
    key = window.map.cards[0].keys[0]
    window.map.lifted = lift(window._store, (key,))
    for node in children(spoken_map(window)):
        verdict = window.map.lifted.verdicts[node.node]  # type: ignore[attr-defined]
        assert f": {verdict.verdict}." in node.text(NAME)
        for finding in verdict.findings:
            assert finding.text in node.text(NAME)


def test_selection_and_focus_are_told(window: MainWindow) -> None:
    first = window.map.cards[0].keys[0]
    window.map.select({first}, cursor=first)
    tiles = children(children(spoken_map(window))[0])
    assert tiles[0].state().selected  # type: ignore[attr-defined]
    assert not tiles[1].state().selected  # type: ignore[attr-defined]


def test_a_vm_that_is_gone_is_no_longer_told(window: MainWindow) -> None:
    key = window.map.cards[0].keys[0]
    node = children(spoken_map(window))[0]
    tile = children(node)[0]
    count = node.childCount()
    window._store.apply(SnapshotDelta(removed=(key,)))
    assert node.childCount() == count - 1
    assert not tile.isValid()
    assert tile.text(NAME) == ""


def test_the_cursor_is_told_as_it_moves(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(map_spoken, "tell_focus", lambda canvas: told.append(canvas.cursor_key))
    window.map.setFocus()
    QTest.keyClick(window.map, Qt.Key.Key_Right)
    QTest.keyClick(window.map, Qt.Key.Key_Right)
    assert told == list(window.map.cards[0].keys[:2])


def test_telling_the_focus_survives_an_active_reader(window: MainWindow) -> None:
    QAccessible.setActive(True)
    try:
        window.map.setFocus()
        for _ in range(300):
            QTest.keyClick(window.map, Qt.Key.Key_Right)
        spoken = QAccessible.queryAccessibleInterface(window.map)
        assert isinstance(spoken, map_spoken.SpokenMap)
        assert spoken.childCount() == len(window.map.cards)
    finally:
        QAccessible.setActive(False)
