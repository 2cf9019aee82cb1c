"""The map: tiles and cards, selection, what every node says to a lifted VM, dropping."""

import time

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from console.model.finding import Finding, Severity, Verdict
from console.model.request import LiveMigrate
from console.model.snapshot import SnapshotDelta
from console.settings import Settings
from console.ui.main_window import MainWindow
from console.ui.store import Store
from console.ui.views.cluster_map import ClusterMap
from console.ui.views.map_drag import MIME
from console.ui.views.map_lift import Drop, lift
from tests.ui.conftest import RecordingBridge, answer, open_box, press, settle
from tests.ui.sample import snapshot


def key_of(window: MainWindow, name: str) -> str:
    vm = window._store.inventory.vm_named(name)
    assert vm is not None
    return vm.key


def owner(window: MainWindow, key: str) -> str:
    return window._store.inventory.vms[key].owner_node or ""


def another_node(window: MainWindow, key: str) -> str:
    return next(name for name in window._store.inventory.nodes if name != owner(window, key))


def hover(window: MainWindow, keys: tuple[str, ...], node: str) -> None:
    """Lift and move over a node, with the events a real drag delivers."""
    map_ = window.map
    map_.lifted = lift(window._store, keys)
    data = QMimeData()
    data.setData(MIME, "\n".join(keys).encode())
    point = map_.card_rect(node).center()
    buttons, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(point, Qt.DropAction.MoveAction, data, buttons, none)
    map_.dragEnterEvent(enter)
    move = QDragMoveEvent(point, Qt.DropAction.MoveAction, data, buttons, none)
    map_.dragMoveEvent(move)
    window._last_move = move  # type: ignore[attr-defined]


def drop(window: MainWindow, node: str) -> None:
    point = QPointF(window.map.card_rect(node).center())
    buttons, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    event = QDropEvent(point, Qt.DropAction.MoveAction, QMimeData(), buttons, none)
    window.map.dropEvent(event)
    window.map._after_drag()
    settle()


def test_every_vm_has_one_tile_in_its_owners_card(window: MainWindow) -> None:
    inventory = window._store.inventory
    for vm in inventory.vms.values():
        tile = window.map.tile_rect(vm.key)
        assert not tile.isEmpty(), vm.name
        assert window.map.card_rect(vm.owner_node or "").contains(tile)
        assert window.map.key_at(tile.center()) == vm.key


def test_tiles_are_in_natural_order_and_stay_there(window: MainWindow) -> None:
    card = window.map.cards[0]
    names = [window._store.inventory.vms[key].name for key in card.keys]
    assert names == sorted(names)
    window._store.apply(SnapshotDelta(metrics=()))
    assert window.map.cards[0].keys == card.keys


def test_clicks_select_as_everywhere(window: MainWindow) -> None:
    map_ = window.map
    first, second, third = map_.cards[0].keys[:3]

    def click(key: str, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        point = map_.tile_rect(key).center()
        QTest.mouseClick(map_.viewport(), Qt.MouseButton.LeftButton, modifier, point)

    click(first)
    assert map_.selected == {first}
    click(third, Qt.KeyboardModifier.ShiftModifier)
    assert map_.selected == {first, second, third}
    click(second, Qt.KeyboardModifier.ControlModifier)
    assert map_.selected == {first, third}
    click(second)
    assert map_.selected == {second}


def test_the_keyboard_reaches_every_tile(window: MainWindow) -> None:
    map_ = window.map
    map_.setFocus()
    seen = set()
    QTest.keyClick(map_, Qt.Key.Key_Right)
    for _ in range(len(window._store.inventory.vms)):
        seen.add(map_.cursor_key)
        QTest.keyClick(map_, Qt.Key.Key_Right)
    assert seen == set(window._store.inventory.vms)


def test_every_node_answers_while_the_mouse_moves(window: MainWindow) -> None:
    key = key_of(window, "app-05")
    hover(window, (key,), another_node(window, key))
    assert window.map.lifted is not None
    assert set(window.map.lifted.verdicts) == set(window._store.inventory.nodes)
    assert window.map.lifted.verdicts[owner(window, key)].verdict is Verdict.CANNOT
    assert window.map._panel.isVisible()


def test_a_drop_asks_once_and_sends_the_request(
    window: MainWindow, bridge: RecordingBridge
) -> None:
    window._settings.confirm_moves = True
    key = key_of(window, "app-05")
    target = another_node(window, key)
    hover(window, (key,), target)
    drop(window, target)
    press(window, "notes_move")
    assert bridge.requests == []
    answer(window, "Move")
    assert bridge.requests == [LiveMigrate(key, "app-05", owner(window, key), target)]
    # The tile stays until the cluster says that it moved.
    assert key in next(card for card in window.map.cards if card.node == owner(window, key)).keys


def test_a_cancelled_question_sends_nothing(window: MainWindow, bridge: RecordingBridge) -> None:
    window._settings.confirm_moves = True
    key = key_of(window, "app-05")
    hover(window, (key,), another_node(window, key))
    drop(window, another_node(window, key))
    press(window, "notes_move")
    answer(window, "Cancel")
    assert bridge.requests == []


def test_do_not_ask_again_is_remembered(window: MainWindow, bridge: RecordingBridge) -> None:
    window._settings.confirm_moves = True
    key = key_of(window, "app-05")
    target = another_node(window, key)
    hover(window, (key,), target)
    drop(window, target)
    press(window, "notes_move")
    box = open_box(window).checkBox()
    assert box is not None
    box.setChecked(True)
    answer(window, "Move")
    hover(window, (key,), target)
    drop(window, target)
    press(window, "start_now")
    assert len(bridge.requests) == 2
    assert window._settings.confirm_moves is False


def test_a_refused_drop_keeps_its_reasons_and_sends_nothing(
    window: MainWindow, bridge: RecordingBridge, qtbot: QtBot
) -> None:
    bridge_vm = next(vm for vm in window._store.inventory.vms.values() if "control" in vm.name)
    target = another_node(window, bridge_vm.key)
    hover(window, (bridge_vm.key,), target)
    move = window._last_move  # type: ignore[attr-defined]
    assert not move.isAccepted()
    window.map._after_drag()
    assert bridge.requests == []
    assert window.map.lifted is not None
    assert window.map.lifted.is_pinned
    assert "resource bridge" in window.map._panel.text()
    QTest.keyClick(window.map, Qt.Key.Key_Escape)
    assert window.map.lifted is None


def test_a_selection_moves_as_one_group(window: MainWindow, bridge: RecordingBridge) -> None:
    keys = window.map.cards[0].keys[:3]
    target = window.map.cards[1].node
    hover(window, keys, target)
    drop(window, target)
    press(window, "notes_move")
    press(window, "start_now")
    assert [r.vm_key for r in bridge.requests if isinstance(r, LiveMigrate)] == list(keys)
    groups = {group for _request, _secrets, group in bridge.submitted}
    assert len(groups) == 1
    assert groups != {""}


def test_the_map_keeps_its_order_while_something_is_lifted(window: MainWindow) -> None:
    key = key_of(window, "app-05")
    hover(window, (key,), another_node(window, key))
    before = [card.keys for card in window.map.cards]
    moved = snapshot("degraded").vms[:5]
    window._store.apply(SnapshotDelta(upserted=moved))
    assert [card.keys for card in window.map.cards] == before
    window.map.dismiss()
    assert [card.keys for card in window.map.cards] != before


def test_control_m_opens_the_same_choice_by_keyboard(
    window: MainWindow, bridge: RecordingBridge
) -> None:
    from console.ui.forms.choose_node import ChooseNode

    key = key_of(window, "app-05")
    window.map.select({key}, cursor=key)
    window.map.setFocus()
    QTest.keyClick(window, Qt.Key.Key_M, Qt.KeyboardModifier.ControlModifier)
    settle()
    dialog = window.findChild(ChooseNode)
    assert dialog is not None
    spoken = [
        dialog._list.item(row).data(Qt.ItemDataRole.AccessibleTextRole)
        for row in range(dialog._list.count())
    ]
    assert any("Can't" in text and "already" in text for text in spoken)
    QTest.keyClick(dialog._list, Qt.Key.Key_Return)
    settle()
    assert bridge.requests == []
    press(window, "start_now")
    assert len(bridge.requests) == 1
    assert isinstance(bridge.requests[0], LiveMigrate)
    assert bridge.requests[0].vm_key == key


@pytest.mark.parametrize("scenario", ["small", "degraded", "large", "empty"])
@pytest.mark.parametrize("colours", ["light", "dark", "contrast"])
def test_every_scenario_paints(window: MainWindow, scenario: str, colours: str) -> None:
    window.set_theme(colours)
    window._store.replace(snapshot(scenario))
    settle()
    picture = window.map.grab().toImage()
    colors = {picture.pixel(x, y) for x in range(0, picture.width(), 7) for y in range(40, 400, 9)}
    assert len(colors) > 3


def test_settings_are_the_default(window: MainWindow) -> None:
    assert window._settings == Settings()


def test_press_on_nothing_clears(window: MainWindow) -> None:
    window.map.select({window.map.cards[0].keys[0]})
    where = QPoint(window.map.viewport().width() - 2, window.map.viewport().height() - 2)
    QTest.mouseClick(window.map.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert window.map.selected == set()


def test_cards_stand_in_the_clusters_order_whatever_arrives_first(window: MainWindow) -> None:
    """As a start does it: an empty snapshot, then nodes and VMs in one delta."""
    full = snapshot("large")
    for _ in range(3):
        window._store.replace(replace(full, nodes=(), vms=()))
        window._store.apply(SnapshotDelta(upserted=tuple(reversed(full.vms)), nodes=full.nodes))
        window._store.finish_slices()
        settle()
        shown = [card.node for card in window.map.cards if card.node]
        assert shown == [node.name for node in full.nodes]


def test_the_cluster_is_asked_at_the_lift_and_its_word_counts(
    window: MainWindow, bridge: RecordingBridge
) -> None:
    key = key_of(window, "app-05")
    target = another_node(window, key)
    hover(window, (key,), target)
    map_ = window.map
    map_._tick()
    keys, targets, told = bridge.move_checks[-1]
    assert (keys, targets) == ((key,), ())
    assert "last reading" in map_._panel.text()
    assert "asking the cluster" in map_._panel.text()
    assert map_.lifted is not None
    before = map_.lifted.verdicts[target]
    paused = Finding("node_is_up", Severity.BLOCKS, f"{target} was paused.", "Resume it.")
    refused = replace(before, verdict=Verdict.CANNOT, findings=(paused,))
    told((refused,), time.time())
    assert "checked just now" in map_._panel.text().casefold()
    assert f"{target} was paused." in map_._panel.text()
    assert not map_.lifted.takes(target)
    # An older reading that arrives meanwhile does not put the verdict back.
    wire = replace(window._store.inventory.cluster_wire, read_at=time.time() - 5)
    window._store.apply(SnapshotDelta(cluster_wire=wire, nodes=snapshot().nodes))
    assert not map_.lifted.takes(target)
    newer = replace(wire, read_at=time.time() + 1)
    window._store.apply(SnapshotDelta(cluster_wire=newer, nodes=snapshot().nodes))
    assert map_.lifted.takes(target)


def test_space_tells_every_reason_with_its_evidence(window: MainWindow) -> None:
    key = key_of(window, "app-05")
    target = another_node(window, key)
    hover(window, (key,), target)
    map_ = window.map
    assert map_.lifted is not None
    found = tuple(
        Finding("x", Severity.NOTE, f"Reason {at}.", f"Do {at}.", evidence=f"seen {at}")
        for at in range(5)
    )
    map_.lifted.verdicts[target] = replace(map_.lifted.verdicts[target], findings=found)
    map_._show_findings()
    assert "Reason 4." not in map_._panel.text()
    assert "and 2 more" in map_._panel.text()
    QTest.keyClick(map_, Qt.Key.Key_Space)
    for at in range(5):
        for words in (f"Reason {at}.", f"What to do: Do {at}.", f"Seen: seen {at}"):
            assert words in map_._panel.text()
    assert map_.viewport().rect().contains(map_._panel.geometry())


def test_a_map_works_over_a_copy_of_the_cluster(window: MainWindow, qtbot: QtBot) -> None:
    """What a plan is dragged on: a store of its own, and drops that only it hears of."""
    copy = Store()
    copy.replace(window._store.inventory.snapshot())
    map_ = ClusterMap(copy)
    qtbot.addWidget(map_)
    map_.resize(1000, 700)
    map_.show()
    key = map_.cards[0].keys[0]
    heard: list[Drop] = []
    map_.dropped.connect(heard.append)
    target = map_.cards[1].node
    map_.take_up(lift(copy, (key,)))
    data = QMimeData()
    point, button = map_.card_rect(target).center(), Qt.MouseButton.LeftButton
    none, act = Qt.KeyboardModifier.NoModifier, Qt.DropAction.MoveAction
    map_.dragMoveEvent(QDragMoveEvent(point, act, data, button, none))
    map_.dropEvent(QDropEvent(QPointF(point), act, data, button, none))
    map_._after_drag()
    settle()
    assert [(drop.keys, drop.node) for drop in heard] == [((key,), target)]
    vm = copy.inventory.vms[key]
    assert vm.cluster is not None
    copy.apply(
        SnapshotDelta(upserted=(replace(vm, cluster=replace(vm.cluster, owner_node=target)),))
    )
    map_.mark({key: f"from {map_.cards[0].node}"})
    assert key in map_.cards[1].keys
    assert "from" in map_.spoken_vm(key)
    assert window._store.inventory.vms[key].owner_node == map_.cards[0].node
