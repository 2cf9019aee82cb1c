"""The plan for emptying a node: opened from the node's menu, read, handed on, run as one group."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QMenu

from console.model.plan import DrainPlan, StaysBehind
from console.model.request import LiveMigrate
from console.model.snapshot import SnapshotDelta
from console.ui.main_window import MainWindow
from console.ui.models import plan_words as words
from console.ui.views.drain_plan_window import DrainPlanWindow
from tests.ui.conftest import RecordingBridge, press, settle

NODE = "LAB-N1"


@pytest.fixture
def plan(window: MainWindow) -> Iterator[DrainPlanWindow]:
    menu = QMenu(window)
    window.actions_table.fill_node_menu(menu, NODE)
    entry = next(action for action in menu.actions() if action.objectName() == "plan_drain")
    entry.trigger()
    settle()
    opened = window.findChild(DrainPlanWindow)
    assert opened is not None
    yield opened
    menu.deleteLater()
    for left in window.findChildren(DrainPlanWindow):
        left.close()
    settle()


def said(plan: DrainPlanWindow, name: str) -> str:
    label = plan.findChild(QLabel, name)
    assert label is not None
    return label.text()


def test_the_plan_is_read_before_anything_moves(
    plan: DrainPlanWindow, window: MainWindow, bridge: RecordingBridge
) -> None:
    assert plan.isVisible()
    assert not plan.isModal()
    vms = window._store.inventory.vms_on(NODE)
    assert plan.moves.rowCount() + plan.stays.rowCount() == len(vms)
    assert said(plan, "plan_headline").startswith(f"Empty {NODE}: {plan.moves.rowCount()} moves, ")
    assert "N+1 kept" in said(plan, "plan_reserve")
    # What holds for every move is said once.
    assert "not encrypted" in said(plan, "plan_notes")
    last = plan.moves.columnCount() - 1
    cells = [plan.moves.item(row, last) for row in range(plan.moves.rowCount())]
    assert not any(cell is not None and "encrypted" in cell.text() for cell in cells)
    # Return in the table is no button.
    plan.moves.setFocus()
    QTest.keyClick(plan.moves, Qt.Key.Key_Return)
    settle()
    assert bridge.requests == []


def test_running_asks_for_the_moves_in_order_as_one_group(
    plan: DrainPlanWindow, bridge: RecordingBridge
) -> None:
    wanted = [LiveMigrate(move.vm_key, move.vm_name, NODE, move.target) for move in plan.plan.moves]
    press(plan, "plan_run")
    ((_id, title, parts),) = bridge.groups
    assert title == f"Empty {NODE}: {len(wanted)} moves"
    assert [part.request for part in parts] == wanted


def test_planning_again_follows_the_cluster(plan: DrainPlanWindow, window: MainWindow) -> None:
    before = plan.moves.rowCount()
    first = plan.plan.moves[0]
    vm = window._store.inventory.vms[first.vm_key]
    assert vm.cluster is not None
    gone = replace(vm, cluster=replace(vm.cluster, owner_node="LAB-N2"))
    window._store.apply(SnapshotDelta(upserted=(gone,)))
    assert plan.moves.rowCount() == before
    press(plan, "plan_again")
    assert plan.moves.rowCount() == before - 1


def test_old_data_make_no_plan_and_nothing_can_be_run(
    plan: DrainPlanWindow, window: MainWindow
) -> None:
    wire = replace(window._store.inventory.cluster_wire, read_at=1.0)
    window._store.apply(SnapshotDelta(cluster_wire=wire))
    press(plan, "plan_again")
    assert "old data" in said(plan, "plan_headline")
    assert plan.moves.isHidden()
    assert not plan._run.isEnabled()


def test_the_copy_is_a_document_that_names_cannot_break(plan: DrainPlanWindow) -> None:
    press(plan, "plan_copy")
    text = QGuiApplication.clipboard().text()
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    tables = 1 + bool(plan.stays.rowCount())
    assert len(rows) == plan.moves.rowCount() + plan.stays.rowCount() + 2 * tables
    hostile = StaysBehind("k", "a | b\n# <b>x</b> `y` [z](http://w)", "why", "fix")
    line = words.markdown(DrainPlan("N", 0.0, stays=(hostile,))).splitlines()[-3]
    assert line.startswith(r"| a \| b")
    assert line.replace(r"\|", "").count("|") == 4
    assert "<b>" not in line.replace(r"\<", "")


def test_a_node_without_vms_and_one_where_nothing_moves_say_so() -> None:
    assert words.headline(DrainPlan("N", 0.0)) == "There is no VM on N."
    one = StaysBehind("k", "a", "why", "fix")
    assert (
        words.headline(DrainPlan("N", 0.0, stays=(one,)))
        == "Empty N: Nothing can be moved. 1 VM would stay behind."
    )
