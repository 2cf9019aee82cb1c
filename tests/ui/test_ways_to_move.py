"""Menu of a drop, chooser with a method, and the cluster's own word before anything is sent."""

import time

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QMenu

from console.model.finding import Finding, NodeVerdict, Severity, Verdict
from console.model.operation import OperationRecord, OperationState
from console.model.request import LiveMigrate, MoveMethod
from console.model.snapshot import SnapshotDelta
from console.ui.forms.choose_node import ChooseNode
from console.ui.main_window import MainWindow
from tests.ui.conftest import RecordingBridge, answer, open_box, press, settle
from tests.ui.test_cluster_map import another_node, hover, key_of, owner

LONG_AGO = 1_700_000_000.0


@pytest.fixture
def fitting(window: MainWindow) -> MainWindow:
    """Traffic and a known issue of the release are notes; here a move simply fits."""
    cluster = window._store.inventory.cluster
    told = replace(cluster, migration_encrypted=True, release="2606")
    window._store.apply(SnapshotDelta(cluster=told))
    settle()
    return window


def drop_menu(window: MainWindow, key: str, target: str) -> QMenu:
    """As a right-button drag ends over a node."""
    hover(window, (key,), target)
    window.map._is_right = True
    window.map._after_drag()
    settle()
    menu = window.findChild(QMenu, "drop_menu")
    assert menu is not None
    assert menu.isVisible()
    assert window.map.lifted is None
    return menu


def entry(menu: QMenu, name: str) -> object:
    return next(action for action in menu.actions() if action.objectName() == name)


def pick(menu: QMenu, name: str) -> None:
    action = next(action for action in menu.actions() if action.objectName() == name)
    assert action.isEnabled(), action.toolTip()
    action.trigger()
    menu.close()
    settle()


def test_the_menu_of_a_drop_moves_live(fitting: MainWindow, bridge: RecordingBridge) -> None:
    key = key_of(fitting, "app-05")
    target = another_node(fitting, key)
    pick(drop_menu(fitting, key, target), "drop_live")
    press(fitting, "start_now")
    assert bridge.requests == [LiveMigrate(key, "app-05", owner(fitting, key), target)]


def test_the_menu_of_a_drop_tells_the_pause_of_a_quick_move(
    fitting: MainWindow, bridge: RecordingBridge
) -> None:
    key = key_of(fitting, "app-05")
    target = another_node(fitting, key)
    source = owner(fitting, key)
    menu = drop_menu(fitting, key, target)
    texts = {action.objectName(): action.text() for action in menu.actions()}
    assert "stands still" in texts["drop_quick"]
    assert " s\t" in texts["drop_quick"]  # a range of seconds, then the verdict
    assert "keeps running" in texts["drop_live"]
    pick(menu, "drop_quick")
    if fitting.ways.notes.isVisible():
        press(fitting, "notes_move")
    press(fitting, "start_now")
    assert bridge.requests == [LiveMigrate(key, "app-05", source, target, MoveMethod.QUICK)]


def test_what_is_barred_stays_in_the_menu_with_its_reason(
    window: MainWindow, bridge: RecordingBridge
) -> None:
    vm = next(vm for vm in window._store.inventory.vms.values() if "control" in vm.name)
    menu = drop_menu(window, vm.key, another_node(window, vm.key))
    for name in ("drop_live", "drop_quick"):
        action = next(a for a in menu.actions() if a.objectName() == name)
        why = next(a for a in menu.actions() if a.objectName() == f"{name}_why")
        assert not action.isEnabled()
        assert "resource bridge" in why.text()
    pick(menu, "drop_cancel")
    assert bridge.requests == []
    assert not window.actions_table.moving.grace.is_holding


def test_into_a_plan_only_where_there_is_one(fitting: MainWindow, bridge: RecordingBridge) -> None:
    key = key_of(fitting, "app-05")
    target = another_node(fitting, key)
    menu = drop_menu(fitting, key, target)
    plan = next(action for action in menu.actions() if action.objectName() == "drop_plan")
    assert plan.isEnabled() == (fitting.ways.add_to_plan is not None)
    menu.close()
    settle()
    taken: list[tuple[tuple[str, ...], str]] = []
    fitting.ways.add_to_plan = lambda keys, node: taken.append((keys, node))
    pick(drop_menu(fitting, key, target), "drop_plan")
    assert taken == [((key,), target)]
    assert bridge.requests == []


def chooser(window: MainWindow, key: str) -> ChooseNode:
    window.map.select({key}, cursor=key)
    window.map.setFocus()
    QTest.keyClick(window, Qt.Key.Key_M, Qt.KeyboardModifier.ControlModifier)
    settle()
    dialog = window.findChild(ChooseNode)
    assert dialog is not None
    return dialog


def test_control_m_chooses_a_method_too_by_keys(
    fitting: MainWindow, bridge: RecordingBridge
) -> None:
    key = key_of(fitting, "app-05")
    source = owner(fitting, key)
    dialog = chooser(fitting, key)
    quick = dialog._methods[MoveMethod.QUICK]
    quick.setFocus()
    QTest.keyClick(quick, Qt.Key.Key_Space)
    assert dialog.method is MoveMethod.QUICK
    target = dialog._current() or ""
    text = next(
        str(dialog._list.item(row).data(Qt.ItemDataRole.AccessibleTextRole))
        for row in range(dialog._list.count())
        if dialog._list.item(row).text().startswith(target)
    )
    assert "pause" in text
    QTest.keyClick(dialog._list, Qt.Key.Key_Return)
    settle()
    press(fitting, "start_now")
    assert bridge.requests == [LiveMigrate(key, "app-05", source, target, MoveMethod.QUICK)]


def test_the_verdict_is_spoken_when_the_node_or_the_method_changes(
    fitting: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(
        QAccessible, "updateAccessibility", lambda event: said.append(event.message())
    )
    dialog = chooser(fitting, key_of(fitting, "app-05"))
    first = dialog._list.accessibleDescription()
    assert said
    assert said[-1] == first
    assert str(dialog._verdicts[dialog._current() or ""].verdict) in first
    before = len(said)
    QTest.keyClick(dialog._list, Qt.Key.Key_Down)
    assert len(said) == before + 1
    assert (dialog._current() or "") in said[-1]
    dialog._tell()  # nothing changed: nothing is said
    assert len(said) == before + 1
    dialog.reject()


def test_space_unfolds_the_reasons_of_the_node_with_the_keyboard(window: MainWindow) -> None:
    dialog = chooser(window, key_of(window, "app-05"))
    assert "What to do:" not in dialog._why.text()
    QTest.keyClick(dialog._list, Qt.Key.Key_Space)
    assert "What to do:" in dialog._why.text()
    dialog.reject()


def test_the_chooser_takes_the_clusters_own_word(
    fitting: MainWindow, bridge: RecordingBridge
) -> None:
    dialog = chooser(fitting, key_of(fitting, "app-05"))
    _keys, targets, told = bridge.move_checks[-1]
    assert targets == ()
    target = dialog._current() or ""
    assert "asking the cluster" in dialog._age.text()
    told((refusal(dialog._verdicts[target]),), time.time())
    assert "just now" in dialog._age.text()
    assert not dialog._move.isEnabled()
    assert "was paused" in dialog._why.text()
    dialog.reject()
    settle()


def refusal(verdict: NodeVerdict) -> NodeVerdict:
    text = f"{verdict.node} was paused."
    finding = Finding("node_is_up", Severity.BLOCKS, text, "Resume it.")
    return replace(verdict, verdict=Verdict.CANNOT, findings=(finding,))


def test_what_is_held_is_asked_of_the_cluster_and_stopped_if_it_refuses(
    fitting: MainWindow, bridge: RecordingBridge
) -> None:
    key = key_of(fitting, "app-05")
    target = another_node(fitting, key)
    moving = fitting.actions_table.moving
    moving.move((key,), target)
    more = fitting.findChild(QLabel, "undo_more")
    assert more is not None
    assert "asking the cluster" in more.text()
    keys, targets, told = bridge.move_checks[-1]
    assert (keys, targets) == ((key,), (target,))
    told((moving.offer((key,), target).verdicts[0],), time.time())
    assert "Fits" in more.text()
    assert "checked just now" in more.text()
    assert moving.grace.is_holding
    moving.grace.undo()
    moving.move((key,), target)
    told = bridge.move_checks[-1][2]
    told((refusal(moving.offer((key,), target).verdicts[0]),), time.time())
    settle()
    assert not moving.grace.is_holding
    assert f"{target} was paused." in open_box(fitting).text()
    assert "Nothing was moved." in open_box(fitting).text()
    answer(fitting, "OK")
    assert bridge.requests == []
    told((refusal(moving.offer((key,), target).verdicts[0]),), time.time())
    assert not [box for box in fitting.findChildren(QLabel, "ask") if box.isVisible()]


def finished(window: MainWindow, name: str, source: str) -> OperationRecord:
    vm = window._store.inventory.vm_named(name)
    assert vm is not None
    request = LiveMigrate(vm.key, name, source, vm.owner_node or "")
    record = OperationRecord(
        f"done-{name}", request, "Move", OperationState.SUCCEEDED, created_at=LONG_AGO
    )
    window._store.operation_changed(record)
    return record


def test_move_back_from_a_tile_is_judged_anew(fitting: MainWindow, bridge: RecordingBridge) -> None:
    key = key_of(fitting, "app-05")
    home = owner(fitting, key)
    away = another_node(fitting, key)
    finished(fitting, "app-05", away)
    entry_ = next(e for e in fitting.actions_table.entries if e.id == "move_back")
    assert fitting.actions_table.why_not_now(entry_, [key]) == ""
    fitting.actions_table.do(entry_, [key])
    assert fitting.actions_table.moving.grace.title == f"Move app-05 back to {away}"
    assert "N+1" in fitting.actions_table.moving.grace.told
    press(fitting, "start_now")
    assert bridge.requests == [LiveMigrate(key, "app-05", home, away)]


def test_what_cannot_go_back_is_told_and_the_others_go(
    fitting: MainWindow, bridge: RecordingBridge
) -> None:
    names = ("app-05", "app-06")
    nodes = list(fitting._store.inventory.nodes)
    free = {
        name: [n for n in nodes if n != owner(fitting, key_of(fitting, name))] for name in names
    }
    first = free["app-05"][0]
    second = next(node for node in free["app-06"] if node != first)
    records = [finished(fitting, "app-05", first), finished(fitting, "app-06", second)]
    down = tuple(
        replace(node, state=type(node.state).DOWN) if node.name == second else node
        for node in fitting._store.inventory.nodes.values()
    )
    fitting._store.apply(SnapshotDelta(nodes=down))
    fitting.actions_table.moving.back_all(records)
    settle()
    assert "1 of 2 stay" in open_box(fitting).windowTitle()
    assert second in open_box(fitting).text()
    answer(fitting, "OK")
    if fitting.ways.notes.isVisible():
        press(fitting, "notes_move")
    press(fitting, "start_now")
    assert [r.target for r in bridge.requests if isinstance(r, LiveMigrate)] == [first]


@pytest.mark.parametrize(
    "state",
    [
        OperationState.QUEUED,
        OperationState.CHECKING,
        OperationState.RUNNING,
        OperationState.VERIFYING,
        OperationState.UNKNOWN,
    ],
)
def test_a_move_is_cancelled_from_its_tile_in_every_phase(
    window: MainWindow, bridge: RecordingBridge, state: OperationState
) -> None:
    key = key_of(window, "app-05")
    request = LiveMigrate(key, "app-05", owner(window, key), another_node(window, key))
    record = OperationRecord("m", request, "Move", state, time.time(), can_cancel=True)
    window._store.operation_changed(record)
    window.map.select({key}, cursor=key)
    menu = QMenu(window)
    window.actions_table.fill_menu(menu, [key])
    cancel = next(action for action in menu.actions() if action.objectName() == "cancel_move")
    assert cancel.isEnabled()
    cancel.trigger()
    assert bridge.cancelled == ["m"]
    window._store.operation_changed(replace(record, cancel_requested=True))
    entry_ = next(e for e in window.actions_table.entries if e.id == "cancel_move")
    assert "being cancelled" in window.actions_table.why_not_now(entry_, [key])
    window._store.operation_changed(replace(record, can_cancel=False))
    assert "cannot be stopped" in window.actions_table.why_not_now(entry_, [key])
    menu.deleteLater()


def test_those_drawn_along_look_as_if_they_moved(window: MainWindow) -> None:
    key = key_of(window, "app-05")
    target = another_node(window, key)
    partner = next(k for k in window.map.cards[0].keys if k != key)
    hover(window, (key,), target)
    map_ = window.map
    assert map_.lifted is not None
    drawn = replace(map_.lifted.verdicts[target], also_moves=(partner,))
    map_._on_checked((drawn,), time.time())
    face = map_._face(partner)
    assert face is not None
    assert face.look.is_moving
    assert face.second == "moves along"
    assert "moves along" in map_.spoken_vm(partner)
    assert "1 more move along" in map_._panel.text().replace("moves", "move")
    map_.hover(None)
    map_.dismiss()
    face = map_._face(partner)
    assert face is not None
    assert not face.look.is_moving


def test_a_right_click_without_a_drag_opens_the_selections_menu(window: MainWindow) -> None:
    key = key_of(window, "app-05")
    where = window.map.tile_rect(key).center()
    right = Qt.MouseButton.RightButton
    QTest.mousePress(window.map.viewport(), right, pos=where)
    assert not [m for m in window.findChildren(QMenu) if m.isVisible()]
    QTest.mouseRelease(window.map.viewport(), right, pos=where + QPoint(1, 1))
    settle()
    shown = [m for m in window.findChildren(QMenu) if m.isVisible()]
    assert len(shown) == 1
    assert "move_to_node" in {action.objectName() for action in shown[0].actions()}
    shown[0].close()
    settle()


def test_a_drop_goes_into_planning_mode_from_its_menu(
    fitting: MainWindow, bridge: RecordingBridge
) -> None:
    from console.ui.views.planning_mode import PlanningMode

    key = key_of(fitting, "app-05")
    target = another_node(fitting, key)
    pick(drop_menu(fitting, key, target), "drop_plan")
    mode = fitting.findChild(PlanningMode)
    assert mode is not None
    assert [(move.vm_key, move.target) for move in mode.copy.moves] == [(key, target)]
    assert bridge.requests == []
    mode.close()
    settle()
