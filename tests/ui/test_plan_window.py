"""A plan in its window: read, changed by keys, handed on, kept, run, compared, brought back."""

import csv
import io
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu, QPushButton

from console.model.operation import GroupRecord, OperationRecord, OperationState
from console.model.outlook import Outlook, StaysBehind
from console.model.plan import Method, Plan, PlanKind
from console.model.request import (
    DrainNode,
    LiveMigrate,
    MoveMethod,
    PauseNode,
    ProveNodeEmpty,
    ResumeNode,
)
from console.model.snapshot import SnapshotDelta
from console.planning.plan_file import decoded
from console.ui.main_window import MainWindow
from console.ui.models import plan_document, plan_rows
from console.ui.models import plan_words as words
from console.ui.views.kept_plans import KeptPlans
from console.ui.views.plan_window import PlanWindow
from tests.ui.conftest import RecordingBridge, answer, open_box, press, settle
from tests.ui.plan_windows import NODE, file_dialog, opened_plan, said, visible_plans

_S = OperationState
_ALT = Qt.KeyboardModifier.AltModifier


@pytest.fixture
def plan(window: MainWindow) -> Iterator[PlanWindow]:
    with opened_plan(window) as opened:
        yield opened


def names(plan: PlanWindow) -> list[str]:
    return [step.move.vm_name for step in plan.page.outlook.steps]


def choose(plan: PlanWindow, *rows: int) -> None:
    plan.page.table.choose(rows)
    plan.page.table.setFocus()
    settle()


def menu_entry(plan: PlanWindow, name: str) -> QAction:
    """Open the menu of the chosen rows by key, and find one of its entries."""
    QTest.keyClick(plan.page.table, Qt.Key.Key_F2)
    settle()
    menus = [m for m in plan.page.table.findChildren(QMenu, "plan_menu") if m.isVisible()]
    (menu,) = menus
    found = menu.findChild(QAction, name)
    assert found is not None, name
    menu.close()
    return found


def move_vm(window: MainWindow, key: str, target: str) -> None:
    vm = window._store.inventory.vms[key]
    assert vm.cluster is not None
    moved = replace(vm, cluster=replace(vm.cluster, owner_node=target))
    window._store.apply(SnapshotDelta(upserted=(moved,)))


# -- reading -----------------------------------------------------------------------------------
def test_the_plan_is_read_before_anything_moves(
    plan: PlanWindow, window: MainWindow, bridge: RecordingBridge
) -> None:
    assert plan.isVisible()
    assert not plan.isModal()
    rows, stays = plan.page.table.rows, plan.page.stays
    vms = window._store.inventory.vms_on(NODE)
    assert rows.rowCount() + stays.table.rowCount() == len(vms)
    assert said(plan, "plan_headline").startswith(f"Empty {NODE}: {rows.rowCount()} moves, ")
    assert "N+1 kept" in said(plan, "plan_reserve")
    assert "Remove-MocPhysicalNode" in said(plan, "plan_next")
    # What holds for every move is said once.
    assert "not encrypted" in said(plan, "plan_notes")
    told = [rows.index(row, plan_rows.KNOW).data() for row in range(rows.rowCount())]
    assert not any("encrypted" in text for text in told)
    # Return in the table is no button.
    choose(plan, 0)
    QTest.keyClick(plan.page.table, Qt.Key.Key_Return)
    settle()
    assert bridge.requests == []


def test_every_nodes_memory_is_told_in_words_too(plan: PlanWindow, window: MainWindow) -> None:
    choose(plan, 2)
    spoken = plan.page.memory.accessibleDescription()
    assert spoken.startswith("Memory in use after step 3: ")
    index = plan.page.table.rows.index(2, plan_rows.NODES)
    cell = index.data(Qt.ItemDataRole.AccessibleTextRole)
    for name in window._store.inventory.nodes:
        assert name in spoken
        assert name in cell
    assert index.data() == ""  # it is drawn


def test_old_data_make_no_plan_and_nothing_can_be_run(plan: PlanWindow, window: MainWindow) -> None:
    wire = replace(window._store.inventory.cluster_wire, read_at=1.0)
    window._store.apply(SnapshotDelta(cluster_wire=wire))
    press(plan, "plan_again")
    assert "old data" in said(plan, "plan_headline")
    assert not plan._run.isEnabled()


def test_the_judgement_follows_the_cluster_by_itself(plan: PlanWindow, window: MainWindow) -> None:
    first = plan.page.plan.moves[0]
    move_vm(window, first.vm_key, first.target)
    assert not plan.page.outlook.broken
    plan.page._follow.timeout.emit()
    assert plan.page.outlook.broken == (1,)
    assert "Step 1 cannot be done" in said(plan, "plan_trouble")
    assert not plan._run.isEnabled()
    press(plan, "plan_again")
    assert len(plan.page.plan.moves) == plan.page.table.rows.rowCount()
    assert plan._run.isEnabled()


# -- changing ----------------------------------------------------------------------------------
def test_rows_go_up_and_down_by_key_and_undo_takes_it_back(plan: PlanWindow) -> None:
    before = names(plan)
    choose(plan, 2)
    QTest.keyClick(plan.page.table, Qt.Key.Key_Up, _ALT)
    assert names(plan)[:3] == [before[0], before[2], before[1]]
    assert plan.page.table.chosen == (1,)
    QTest.keyClick(plan.page.table, Qt.Key.Key_Down, _ALT)
    QTest.keyClick(plan.page.table, Qt.Key.Key_Down, _ALT)
    assert names(plan)[3] == before[2]
    choose(plan, 0, 1)
    QTest.keyClick(plan.page.table, Qt.Key.Key_Up, _ALT)  # they are first already
    for _ in range(3):
        plan.page.undo()
    assert names(plan) == before
    assert not plan.page.has_changes


def test_a_drop_between_rows_orders_anew(plan: PlanWindow) -> None:
    rows, before = plan.page.table.rows, names(plan)
    data = rows.mimeData([rows.index(0, 0), rows.index(0, 1), rows.index(1, 0)])
    rows.dropMimeData(data, Qt.DropAction.MoveAction, 4, 0, QModelIndex())
    settle()
    assert names(plan)[:4] == [before[2], before[3], before[0], before[1]]
    assert plan.page.table.chosen == (2, 3)
    # Nothing from elsewhere, and no copy.
    assert not rows.dropMimeData(data, Qt.DropAction.CopyAction, 0, 0, QModelIndex())


def test_a_target_that_cannot_take_it_breaks_the_plan_and_says_so(plan: PlanWindow) -> None:
    choose(plan, 1)
    name = names(plan)[1]
    entry = menu_entry(plan, f"to_{NODE}")
    assert "Can't" in entry.text()
    entry.trigger()
    settle()
    assert plan.page.outlook.broken == (2,)
    assert said(plan, "plan_trouble").startswith(f"Step 2 cannot be done as planned. {name}: ")
    assert not plan._run.isEnabled()
    assert "Step 2" in plan._run.toolTip()
    cell = plan.page.table.rows.index(1, plan_rows.KNOW)
    assert cell.data().startswith("Can't: ")
    press(plan, "plan_broken")
    assert plan.page.outlook.broken == ()
    assert name not in names(plan)
    assert plan._run.isEnabled()


def test_another_target_is_chosen_by_keyboard(plan: PlanWindow, window: MainWindow) -> None:
    choose(plan, 0)
    other = next(
        n for n in window._store.inventory.nodes if n not in (NODE, plan.page.plan.moves[0].target)
    )
    entry = menu_entry(plan, f"to_{other}")
    assert "Fits" in entry.text()
    entry.trigger()
    settle()
    assert plan.page.plan.moves[0].target == other
    assert plan.page.plan.moves[0].reason == "Chosen by hand."


def test_what_interrupts_people_needs_consent(plan: PlanWindow) -> None:
    choose(plan, 0)
    menu_entry(plan, "by_quick").trigger()
    settle()
    assert plan.page.plan.moves[0].method is Method.LIVE
    assert "agreed" in open_box(plan).text()
    answer(plan, "Cancel")
    assert plan.page.plan.moves[0].method is Method.LIVE
    menu_entry(plan, "by_shut down").trigger()
    settle()
    answer(plan, "They agreed, shut it down")
    assert plan.page.plan.moves[0].method is Method.SHUT_DOWN
    assert plan.page.outlook.steps[0].memory_mib == 0


def test_what_is_off_is_handed_over(plan: PlanWindow) -> None:
    step = plan.page.outlook.steps[-1]
    assert step.move.vm_name == "mon-02"
    assert step.move.method is Method.QUICK
    cell = plan.page.table.rows.index(len(names(plan)) - 1, plan_rows.METHOD)
    assert cell.data() == "Handed over, off"


def test_a_vm_is_left_out_and_taken_along_again(plan: PlanWindow) -> None:
    name, count = names(plan)[0], len(names(plan))
    choose(plan, 0)
    QTest.keyClick(plan.page.table, Qt.Key.Key_Delete)
    assert len(names(plan)) == count - 1
    stays = plan.page.stays
    rows = [stays.table.item(row, 0).text() for row in range(stays.table.rowCount())]
    stays.table.setCurrentCell(rows.index(name), 0)
    assert stays.table.item(rows.index(name), 1).text() == "You left it out."
    press(plan.page, "take_along_live")
    assert names(plan)[-1] == name
    assert len(names(plan)) == count


# -- handing on --------------------------------------------------------------------------------
def test_the_copy_is_a_document_that_names_cannot_break(plan: PlanWindow) -> None:
    choose(plan, 0)
    QTest.keyClick(plan.page.table, Qt.Key.Key_Delete)
    plan.copy()
    text = QGuiApplication.clipboard().text()
    steps, stays = len(names(plan)), len(plan.page.outlook.stays)
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    # Three tables with a head of two lines; memory also with the state before the first step.
    assert stays
    assert len(rows) == (steps + 2) + (steps + 3) + (stays + 2)
    hostile = StaysBehind("k", "a | b\n# <b>x</b> `y` [z](http://w)", "why", "fix")
    empty = Plan(PlanKind.DRAIN, "lab", 0.0, node="N")
    line = plan_document.markdown(Outlook(empty, 0.0, stays=(hostile,))).splitlines()[-3]
    assert line.startswith(r"| a \| b")
    assert line.replace(r"\|", "").count("|") == 4
    assert "<b>" not in line.replace(r"\<", "")


def test_csv_has_a_column_for_every_node(plan: PlanWindow, tmp_path: Path) -> None:
    plan.findChild(QAction, "plan_csv").trigger()
    path = tmp_path / "out.csv"
    file_dialog(plan).fileSelected.emit(str(path))
    file_dialog(plan).close()
    settle()
    table = list(csv.reader(io.StringIO(path.read_text("utf-8-sig"))))
    assert table[0][-4:] == [f"LAB-N{n} in use (GiB)" for n in range(1, 5)]
    assert [row[1] for row in table[1 : 1 + len(names(plan))]] == names(plan)
    assert said_below(plan).startswith("Written: ")


def test_a_cell_never_begins_a_formula() -> None:
    assert plan_document._csv([["VM"], ["=1+1"], ["sql-01"]]) == "VM\r\n'=1+1\r\nsql-01\r\n"


def said_below(plan: PlanWindow) -> str:
    return plan._said.text()


def test_a_plan_is_saved_to_a_file_and_opened_again(
    plan: PlanWindow, window: MainWindow, tmp_path: Path
) -> None:
    choose(plan, 0)
    QTest.keyClick(plan.page.table, Qt.Key.Key_Delete)
    path = tmp_path / "mine.json"
    plan.findChild(QAction, "plan_save").trigger()
    file_dialog(plan).fileSelected.emit(str(path))
    file_dialog(plan).close()
    settle()
    saved = decoded(path.read_bytes())
    assert saved.plan == plan.page.plan
    assert "password" not in path.read_text().casefold()

    # Meanwhile one of its VMs is gone: it is opened with that marked.
    gone = saved.plan.moves[0]
    window._store.apply(SnapshotDelta(removed=(gone.vm_key,)))
    plan.findChild(QAction, "plan_open").trigger()
    file_dialog(plan).fileSelected.emit(str(path))
    file_dialog(plan).close()
    settle()
    (other,) = [p for p in visible_plans(window) if p is not plan]
    assert other.page.outlook.broken == (1,)
    assert "not in this cluster" in said(other, "plan_trouble")
    assert not other._run.isEnabled()


def test_a_broken_file_is_told_in_words(plan: PlanWindow, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text("[]")
    plan.findChild(QAction, "plan_open").trigger()
    file_dialog(plan).fileSelected.emit(str(path))
    file_dialog(plan).close()
    settle()
    assert "no plan of this console" in said_below(plan)


def test_kept_plans_are_listed_opened_and_removed(plan: PlanWindow, window: MainWindow) -> None:
    QTest.keyClick(plan, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    settle()
    assert said_below(plan).startswith("Kept: Empty LAB-N1, ")
    plan.close()
    settle()
    window.plans.show_kept()
    settle()
    kept = window.findChild(KeptPlans)
    assert kept is not None
    assert kept.list.topLevelItemCount() == 1
    assert kept.list.topLevelItem(0).text(4) == "never"
    press(kept, "kept_open")
    settle()
    assert len(visible_plans(window)) == 1

    window.plans.show_kept()
    settle()
    kept = next(k for k in window.findChildren(KeptPlans) if k.isVisible())
    press(kept, "kept_remove")
    answer(kept, "Remove")
    settle()
    assert kept.list.topLevelItemCount() == 0
    kept.close()


# -- running -----------------------------------------------------------------------------------
def test_running_pauses_moves_in_order_and_looks(plan: PlanWindow, bridge: RecordingBridge) -> None:
    moves = plan.page.plan.moves
    press(plan, "plan_run")
    ((group, title, parts),) = bridge.groups
    assert title == f"Empty {NODE}: {len(moves)} moves"
    assert parts[0].request == PauseNode(NODE)
    assert [part.request for part in parts[1:-1]] == [
        LiveMigrate(m.vm_key, m.vm_name, NODE, m.target, MoveMethod(m.method.value)) for m in moves
    ]
    assert {part.after for part in parts[1:-1]} == {(parts[0].operation_id,)}
    assert parts[-1].request == ProveNodeEmpty(NODE)
    assert parts[-1].after == tuple(part.operation_id for part in parts[:-1])
    assert plan.tabs.currentWidget() is plan.outcome
    assert "Not safe" not in plan.outcome._proof.text() or plan.outcome.isVisible()
    # It was kept with what was promised.
    (path,) = (plan._keeping._folder).glob("*.plan.json")
    (run,) = decoded(path.read_bytes()).runs
    assert run.group_id == group
    assert [f.operation_id for f in run.forecasts] == [p.operation_id for p in parts[1:-1]]


def test_a_plan_that_was_run_is_opened_again_on_how_it_went(
    plan: PlanWindow, window: MainWindow, bridge: RecordingBridge
) -> None:
    """As after a crash: the window knows the plan from its file, the operations from the worker."""
    count = len(plan.page.plan.moves)
    press(plan, "plan_run")
    play(window, bridge, dict.fromkeys(range(4, count + 2), _S.QUEUED))
    plan.close()
    settle()
    window.plans.show_kept()
    settle()
    kept = window.findChild(KeptPlans)
    assert kept is not None
    assert kept.list.topLevelItem(0).text(4).endswith("goes on")
    press(kept, "kept_open")
    settle()
    (again,) = visible_plans(window)
    assert again.tabs.currentWidget() is again.outcome
    assert again.outcome._headline.text().startswith(f"3 of {count} moves done")
    press(again, "plan_stop")
    assert bridge.stopped == [bridge.groups[0][0]]


def play(window: MainWindow, bridge: RecordingBridge, states: dict[int, OperationState]) -> None:
    """The worker's word on the parts of the last group."""
    group, title, parts = bridge.groups[-1]
    window._store.groups_known(GroupRecord(group, title, 0.0))
    now = time.time()
    records = []
    for at, part in enumerate(parts):
        state = states.get(at % len(parts), states.get(at - len(parts), _S.SUCCEEDED))
        over = state in (_S.SUCCEEDED, _S.FAILED)
        records.append(
            OperationRecord(
                part.operation_id,
                part.request,
                "x",
                state,
                now,
                group_id=group,
                started_at=now if state is not _S.QUEUED else None,
                ended_at=now + 5.0 if over else None,
                result="Safe to reboot: LAB-N1 is paused and closed to Azure."
                if over and isinstance(part.request, ProveNodeEmpty)
                else "",
            )
        )
    window._store.operation_changed(*records)


def test_it_is_stopped_between_moves_and_only_proof_says_safe(
    plan: PlanWindow, window: MainWindow, bridge: RecordingBridge
) -> None:
    press(plan, "plan_run")
    count = len(plan.page.plan.moves)
    play(window, bridge, {2: _S.RUNNING, 3: _S.QUEUED, count + 1: _S.QUEUED})
    plan.outcome.look()
    assert plan.outcome._proof.text().startswith("Not safe to reboot yet")
    press(plan, "plan_stop")
    assert bridge.stopped == [bridge.groups[0][0]]
    play(window, bridge, {count + 1: _S.FAILED})
    plan.outcome.look()
    assert plan.outcome._proof.text().startswith("NOT safe to reboot")
    play(window, bridge, {})
    plan.outcome.look()
    assert plan.outcome._proof.text() == "Safe to reboot: LAB-N1 is paused and closed to Azure."
    assert f"{count} of {count} moves done" in plan.outcome._headline.text()
    assert plan._stop.isHidden()
    took = plan.outcome.table.item(0, 6).text()
    assert took == "5 s"
    plan.copy()
    assert "promised and done" in QGuiApplication.clipboard().text()


def test_what_is_left_is_planned_and_run_again(
    plan: PlanWindow, window: MainWindow, bridge: RecordingBridge
) -> None:
    moves = plan.page.plan.moves
    press(plan, "plan_run")
    play(window, bridge, dict.fromkeys(range(3, len(moves) + 2), _S.CANCELED))
    for move in moves[:2]:
        move_vm(window, move.vm_key, move.target)
    plan.tabs.setCurrentWidget(plan.page)
    assert plan.page.is_frozen
    assert not plan._run.isEnabled()
    press(plan, "plan_again")
    assert len(plan.page.plan.moves) == len(moves) - 2
    press(plan, "plan_run")
    assert len(bridge.groups) == 2
    # The way back knows what both runs moved.
    for move in plan.page.plan.moves:
        move_vm(window, move.vm_key, move.target)
    plan.tabs.setCurrentWidget(plan.back)
    assert {m.vm_key for m in plan.back.plan.moves} == {m.vm_key for m in moves}


def test_a_node_that_holds_nothing_is_still_paused_and_proven(
    plan: PlanWindow, window: MainWindow, bridge: RecordingBridge
) -> None:
    """As after a stop right before the proof: the plan of what is left has no move."""
    for vm in list(window._store.inventory.vms_on(NODE)):
        move_vm(window, vm.key, "LAB-N2")
    press(plan, "plan_again")
    assert said(plan, "plan_headline") == f"There is no VM on {NODE}."
    assert plan._run.text() == "&Pause it and prove it"
    press(plan, "plan_run")
    assert [part.request for part in bridge.groups[0][2]] == [
        PauseNode(NODE),
        ProveNodeEmpty(NODE),
    ]
    play(window, bridge, {})
    plan.outcome.look()
    assert plan.outcome._headline.text().startswith("Nothing had to be moved. It took ")
    assert plan.outcome._proof.text().startswith("Safe to reboot: ")


def test_the_way_back_is_run_after_the_plan(
    plan: PlanWindow, window: MainWindow, bridge: RecordingBridge
) -> None:
    moves = plan.page.plan.moves
    plan.tabs.setCurrentWidget(plan.back)
    assert said(plan, "plan_headline").startswith(f"Bring the VMs back to {NODE}: {len(moves)} ")
    assert not plan._run.isEnabled()
    assert "first" in plan._run.toolTip()
    plan.tabs.setCurrentWidget(plan.page)
    press(plan, "plan_run")
    play(window, bridge, {})
    for move in moves:
        move_vm(window, move.vm_key, move.target)
    plan.tabs.setCurrentWidget(plan.back)
    assert not plan.back.outlook.broken
    press(plan, "plan_run")
    _group, _title, parts = bridge.groups[-1]
    assert parts[0].request == ResumeNode(NODE, failback=False)
    assert [part.request for part in parts[1:]] == [
        LiveMigrate(m.vm_key, m.vm_name, m.target, NODE, MoveMethod(m.method.value)) for m in moves
    ]


def test_the_cluster_may_do_it_and_is_watched_vm_by_vm(
    plan: PlanWindow, window: MainWindow, bridge: RecordingBridge
) -> None:
    first = plan.page.plan.moves[0]
    press(plan, "plan_cluster")
    box = open_box(plan)
    assert "chooses order and targets" in box.text()
    answer(plan, "Drain")
    assert bridge.requests == [DrainNode(NODE)]
    assert plan.tabs.currentWidget() is plan.outcome
    last = plan.outcome.table.columnCount() - 1
    assert "still on LAB-N1" in plan.outcome.table.item(0, last).text()
    move_vm(window, first.vm_key, first.target)
    plan.outcome.look()
    assert f"It is on {first.target}" in plan.outcome.table.item(0, last).text()
    plan.tabs.setCurrentWidget(plan.back)
    press(plan, "plan_cluster")
    answer(plan, "Resume with failback")
    assert bridge.requests[-1] == ResumeNode(NODE, failback=True)


# -- evening out -------------------------------------------------------------------------------
def test_evening_out_opens_a_plan_or_says_that_nothing_is_to_do(
    window: MainWindow, bridge: RecordingBridge
) -> None:
    window.plans.even_out()
    window.plans._thinking.finish()
    settle()
    (plan,) = visible_plans(window)
    assert said(plan, "plan_headline").startswith("Even out lab-cluster: 1 move")
    assert "Evens out memory" in plan.page.plan.moves[0].reason
    assert "of a node now, and between" in said(plan, "plan_reserve")
    assert "up to 10 points" in said(plan, "plan_next")
    assert not plan.tabs.isTabVisible(plan.tabs.indexOf(plan.back))
    press(plan, "plan_run")
    assert len(bridge.groups[0][2]) == 1
    plan.close()
    nodes = tuple(
        replace(node, memory_available_mib=300 * 1024, cpu_percent=20.0)
        for node in window._store.inventory.nodes.values()
    )
    window._store.apply(SnapshotDelta(nodes=nodes))
    window.plans.even_out()
    window.plans._thinking.finish()
    settle()
    assert open_box(window).text().startswith("Nothing to do: ")
    answer(window, "OK")


def test_a_plan_with_nothing_says_so() -> None:
    empty = Plan(PlanKind.DRAIN, "lab", 0.0, node="N")
    assert words.headline(Outlook(empty, 0.0)) == "There is no VM on N."
    one = StaysBehind("k", "a", "why", "fix")
    assert (
        words.headline(Outlook(empty, 0.0, stays=(one,)))
        == "Empty N: nothing can be moved. 1 VM would stay behind."
    )


def test_no_button_is_the_default_of_the_window(plan: PlanWindow) -> None:
    assert not any(b.autoDefault() or b.isDefault() for b in plan.findChildren(QPushButton))
