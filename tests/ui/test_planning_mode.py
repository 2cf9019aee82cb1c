"""Planning mode: drags on a copy move nothing, follow the cluster, and become a plan."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu

from console.model.plan import Method, PlanKind
from console.model.request import MoveMethod
from console.model.snapshot import SnapshotDelta
from console.ui.forms.choose_node import ChooseNode
from console.ui.main_window import MainWindow
from console.ui.views import drop_menu
from console.ui.views.map_lift import lift
from console.ui.views.planning_mode import PlanningMode
from tests.ui.conftest import RecordingBridge, press, settle
from tests.ui.plan_windows import visible_plans

_CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def mode(window: MainWindow) -> Iterator[PlanningMode]:
    entry = next(a for a in window.findChildren(QAction) if a.text() == "&Planning mode…")
    entry.trigger()
    settle()
    opened = window.findChild(PlanningMode)
    assert opened is not None
    yield opened
    for plan in visible_plans(window):
        plan.close()
    opened_still = window.findChild(PlanningMode)
    if opened_still is not None:
        opened_still.close()
    settle()


def key_of(window: MainWindow, name: str) -> str:
    vm = window._store.inventory.vm_named(name)
    assert vm is not None
    return vm.key


def drop(mode: PlanningMode, keys: tuple[str, ...], node: str) -> None:
    """As the map tells it when VMs were let go over a node."""
    dropped = lift(mode.copy.store, keys).drop(node)
    assert dropped is not None
    mode.map.dropped.emit(dropped)
    settle()


def listed(mode: PlanningMode) -> list[str]:
    return [mode.list.item(row).text() for row in range(mode.list.count())]


def test_it_says_that_it_is_no_cluster(mode: PlanningMode) -> None:
    assert "Nothing you do here moves anything" in mode._band.text()
    assert mode.windowTitle().startswith("Planning mode: a copy of ")
    assert "planning" in mode.map.accessibleName()
    assert not mode.isModal()


def test_drags_happen_in_the_copy_only(
    mode: PlanningMode, window: MainWindow, bridge: RecordingBridge
) -> None:
    key = key_of(window, "app-01")
    live, copied = window._store.inventory, mode.copy.store.inventory
    before = live.nodes["LAB-N1"].memory_available_mib
    drop(mode, (key,), "LAB-N3")
    assert copied.vms[key].owner_node == "LAB-N3"
    assert live.vms[key].owner_node == "LAB-N1"
    assert live.nodes["LAB-N1"].memory_available_mib == before
    freed = copied.nodes["LAB-N1"].memory_available_mib
    assert freed == (before or 0) + (live.vms[key].memory_mib or 0)
    assert bridge.requests == []
    assert listed(mode) == ["1. app-01: LAB-N1 → LAB-N3"]
    assert "from LAB-N1" in mode.map.spoken_vm(key)


def test_the_order_of_drags_is_the_order_of_moves_and_the_last_is_undone(
    mode: PlanningMode, window: MainWindow
) -> None:
    a, b, c = (key_of(window, name) for name in ("app-01", "avd-10", "sql-03"))
    drop(mode, (b, c), "LAB-N2")
    drop(mode, (a,), "LAB-N3")
    assert [row.split(":")[0] for row in listed(mode)] == ["1. avd-10", "2. sql-03", "3. app-01"]
    QTest.keyClick(mode, Qt.Key.Key_Z, _CTRL)
    assert len(listed(mode)) == 2
    assert mode.copy.store.inventory.vms[a].owner_node == "LAB-N1"
    QTest.keyClick(mode, Qt.Key.Key_Z, _CTRL)
    assert listed(mode) == []
    assert not mode._make.isEnabled()
    assert mode.copy.store.inventory.nodes == window._store.inventory.nodes


def test_the_keyboard_does_the_same(mode: PlanningMode, window: MainWindow) -> None:
    key = key_of(window, "app-01")
    mode.map.select({key}, cursor=key)
    QTest.keyClick(mode, Qt.Key.Key_M, _CTRL)
    settle()
    dialog = mode.findChild(ChooseNode)
    assert dialog is not None
    dialog.chosen.emit((key,), "LAB-N2", MoveMethod.QUICK)
    dialog.close()
    settle()
    assert listed(mode) == ["1. app-01: LAB-N1 → LAB-N2"]
    assert mode.copy.moves[0].method is Method.QUICK


def test_it_becomes_a_plan_in_the_order_of_the_drags(
    mode: PlanningMode, window: MainWindow, bridge: RecordingBridge
) -> None:
    a, b = key_of(window, "app-01"), key_of(window, "app-02")
    drop(mode, (b,), "LAB-N4")
    drop(mode, (a,), "LAB-N2")
    drop(mode, (a,), "LAB-N3")  # dragged on: it goes there straight
    assert "2 moves" in mode._make.text()
    QTest.keyClick(mode, Qt.Key.Key_Return, _CTRL)
    settle()
    (plan,) = visible_plans(window)
    assert plan.page.plan.kind is PlanKind.ARRANGED
    moves = [(move.vm_key, move.source, move.target) for move in plan.page.plan.moves]
    assert moves == [(b, "LAB-N2", "LAB-N4"), (a, "LAB-N1", "LAB-N3")]
    assert not plan.page.outlook.broken
    press(plan, "plan_run")
    assert [part.request.vm_key for part in bridge.groups[0][2]] == [b, a]


def test_what_comes_back_home_is_no_move(mode: PlanningMode, window: MainWindow) -> None:
    key = key_of(window, "app-01")
    drop(mode, (key,), "LAB-N2")
    drop(mode, (key,), "LAB-N1")
    assert not mode._make.isEnabled()


def test_the_copy_follows_the_cluster_and_keeps_what_was_dragged(
    mode: PlanningMode, window: MainWindow
) -> None:
    store, copied = window._store, mode.copy.store
    key, other = key_of(window, "app-01"), key_of(window, "app-02")
    drop(mode, (key,), "LAB-N3")
    vm = store.inventory.vms[other]
    assert vm.cluster is not None
    moved = replace(vm, cluster=replace(vm.cluster, owner_node="LAB-N4"))
    again = replace(store.inventory.vms[key], name="renamed")
    store.apply(SnapshotDelta(upserted=(moved, again)))
    assert copied.inventory.vms[other].owner_node == "LAB-N4"
    assert copied.inventory.vms[key].name == "renamed"
    assert copied.inventory.vms[key].owner_node == "LAB-N3"
    nodes = tuple(
        replace(node, memory_available_mib=100 * 1024) for node in store.inventory.nodes.values()
    )
    store.apply(SnapshotDelta(nodes=nodes))
    mib = vm.memory_mib or 0
    there = copied.inventory.nodes["LAB-N3"].memory_available_mib
    assert there == 100 * 1024 - (store.inventory.vms[key].memory_mib or 0)
    assert mib
    wire = replace(store.inventory.cluster_wire, read_at=5.0)
    store.apply(SnapshotDelta(cluster_wire=wire))
    assert copied.inventory.cluster_wire.read_at == 5.0
    store.apply(SnapshotDelta(removed=(key,)))
    assert key not in copied.inventory.vms


def test_a_drop_on_the_real_map_can_be_added_to_the_plan(
    mode: PlanningMode, window: MainWindow, bridge: RecordingBridge
) -> None:
    key = key_of(window, "app-01")
    dropped = lift(window._store, (key,)).drop("LAB-N2")
    assert dropped is not None
    menu = QMenu(window)
    drop_menu.fill(menu, dropped, window.actions_table.moving, window.ways.add_to_plan)
    entry = next(a for a in menu.actions() if "plan" in a.text().casefold())
    assert entry.isEnabled()
    entry.trigger()
    settle()
    assert listed(mode) == ["1. app-01: LAB-N1 → LAB-N2"]
    assert bridge.requests == []
    menu.deleteLater()


def test_one_planning_mode_at_a_time(mode: PlanningMode, window: MainWindow) -> None:
    key = key_of(window, "app-01")
    window.plans.arrange((key,), "LAB-N2")
    settle()
    assert len([m for m in window.findChildren(PlanningMode) if m.isVisible()]) == 1
    assert listed(mode) == ["1. app-01: LAB-N1 → LAB-N2"]
