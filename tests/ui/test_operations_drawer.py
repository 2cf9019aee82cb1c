"""The operations drawer with keys and clicks: groups, filters, history, stories, many at once."""

import math
import time

import msgspec
import pytest
from PySide6.QtCore import QModelIndex, QPoint, Qt
from PySide6.QtGui import QAccessible, QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from console.model.foreign_move import ForeignMove, ForeignMoveState
from console.model.freshness import Fault, FaultCode
from console.model.operation import GroupRecord, OperationRecord, OperationState, Progress
from console.model.request import DrainNode, LiveMigrate
from console.ui.main_window import MainWindow
from console.ui.models.operation_filter import Bucket
from console.ui.models.operation_model import ACTOR, ASKED, PROGRESS, STATE
from console.ui.views.operations_drawer import OperationsDrawer
from tests.ui.conftest import RecordingBridge, open_box, settle

S = OperationState
LEFT = Qt.MouseButton.LeftButton
replace = msgspec.structs.replace


def move(window: MainWindow, number: int, name: str, state: OperationState, **more: object) -> str:
    """A move of the number-th VM, put into the store."""
    vm = [vm for vm in window._store.inventory.vms.values() if vm.owner_node][number]
    target = "LAB-N3" if vm.owner_node != "LAB-N3" else "LAB-N4"
    request = LiveMigrate(vm.key, vm.name, vm.owner_node or "", target)
    known: dict[str, object] = {"created_at": time.time() - 60 + number, "actor": "me"}
    record = OperationRecord(
        name,
        request,
        f"Move {vm.name} to {target}",
        state,
        **{**known, **more},  # type: ignore[arg-type]
    )
    window._store.operation_changed(record)
    return name


def group(window: MainWindow, *states: OperationState) -> None:
    """Group ``g`` with children c0, c1, ... in these states."""
    title = f"Move {len(states)} VMs"
    window._store.groups_known(GroupRecord("g", title, time.time() - 60, "me"))
    for number, state in enumerate(states):
        move(window, number, f"c{number}", state, group_id="g", can_cancel=state is S.RUNNING)
    window.drawer.model.flush()


def cell(index: QModelIndex, column: int) -> str:
    return str(index.siblingAtColumn(column).data())


def button(drawer: OperationsDrawer, name: str) -> QPushButton:
    found = drawer.findChild(QPushButton, f"operation_{name}")
    assert found is not None
    return found


def text(drawer: OperationsDrawer, name: str) -> str:
    found = drawer.findChild(QLabel, name)
    assert found is not None
    return found.text()


def titles(drawer: OperationsDrawer) -> list[str]:
    model = drawer.model
    return [str(model.index(row, 0).data()) for row in range(model.rowCount())]


@pytest.fixture
def drawer(window: MainWindow) -> OperationsDrawer:
    return window.drawer


# -- groups ------------------------------------------------------------------------------------
def test_right_unfolds_a_group_and_left_folds_it(
    window: MainWindow, drawer: OperationsDrawer
) -> None:
    group(window, *[S.SUCCEEDED] * 9, S.FAILED, S.QUEUED, S.QUEUED)
    drawer.select("g")
    tree = drawer.tree
    at = drawer.model.index_of("g")
    assert cell(at, PROGRESS) == "9 of 12 done, 1 failed, 2 waiting"
    assert cell(at, STATE) == "Running"
    tree.setFocus()
    QTest.keyClick(tree, Qt.Key.Key_Right)
    assert tree.isExpanded(at)
    QTest.keyClick(tree, Qt.Key.Key_Down)
    assert tree.currentIndex().parent() == at
    assert text(drawer, "operation_ids") == "Id c0   Group g"
    QTest.keyClick(tree, Qt.Key.Key_Left)
    QTest.keyClick(tree, Qt.Key.Key_Left)
    assert not tree.isExpanded(at)


def test_a_click_on_the_branch_unfolds_too(window: MainWindow, drawer: OperationsDrawer) -> None:
    group(window, S.RUNNING, S.RUNNING)
    settle()
    at = drawer.model.index_of("g")
    row = drawer.tree.visualRect(at)
    QTest.mouseClick(drawer.tree.viewport(), LEFT, pos=QPoint(8, row.center().y()))
    assert drawer.tree.isExpanded(at)
    child = drawer.tree.visualRect(drawer.model.index_of("c1"))
    QTest.mouseClick(drawer.tree.viewport(), LEFT, pos=child.center())
    assert text(drawer, "operation_ids") == "Id c1   Group g"


def test_one_cancel_asks_for_the_whole_group(
    window: MainWindow, drawer: OperationsDrawer, bridge: RecordingBridge
) -> None:
    group(window, S.RUNNING, S.QUEUED)
    drawer.select("g")
    cancel = button(drawer, "cancel")
    assert cancel.text() == "&Cancel all"
    QTest.mouseClick(cancel, LEFT)
    assert bridge.cancelled == ["g"]
    window._store.groups_known(replace(window._store.groups["g"], cancel_requested=True))
    assert not cancel.isEnabled()
    assert cancel.toolTip() == "All of it was asked to stop already."
    assert cell(drawer.model.index_of("g"), STATE) == "Cancelling…"


def test_a_drain_says_why_it_cannot_be_cancelled_where_nobody_has_to_point(
    window: MainWindow, drawer: OperationsDrawer, bridge: RecordingBridge
) -> None:
    why = "A drain cannot be stopped from here"
    drain = OperationRecord("d", DrainNode("LAB-N2"), "Drain LAB-N2", S.QUEUED, time.time())
    window._store.groups_known(GroupRecord("g", "Drain two nodes", time.time(), "me"))
    window._store.operation_changed(replace(drain, group_id="g", can_cancel=True))
    drawer.model.flush()
    drawer.select("d")
    assert button(drawer, "cancel").isEnabled(), "while it waits it can be given up"
    assert why not in text(drawer, "operation_headline")
    window._store.operation_changed(replace(drain, group_id="g", state=S.RUNNING))
    drawer.model.flush()
    cancel = button(drawer, "cancel")
    assert not cancel.isEnabled()
    assert cancel.toolTip().startswith(why)
    assert why in text(drawer, "operation_headline")
    QTest.mouseClick(cancel, LEFT)
    assert bridge.cancelled == []
    drawer.select("g")
    assert not cancel.isEnabled()
    assert cancel.toolTip().startswith(f"None of it can be stopped now. {why}")
    window._store.operation_changed(replace(drain, group_id="g", state=S.SUCCEEDED))
    drawer.model.flush()
    drawer.select("d")
    assert why not in text(drawer, "operation_headline")


def test_retry_failed_asks_for_what_failed_and_nothing_else(
    window: MainWindow, drawer: OperationsDrawer, bridge: RecordingBridge
) -> None:
    group(window, S.SUCCEEDED, S.FAILED, S.UNKNOWN, S.CANCELED, S.BLOCKED)
    drawer.select("g")
    assert cell(drawer.model.index_of("g"), STATE) == "Not known, looking"
    retry = button(drawer, "retry_failed")
    assert retry.text() == "&Retry failed (3)"
    retry.setFocus()
    QTest.keyClick(retry, Qt.Key.Key_Space)
    assert sorted(bridge.retried) == ["c1", "c3", "c4"]
    assert bridge.groups[0][0] == "g"


def test_what_cannot_be_asked_again_is_said_and_left_out(
    window: MainWindow, drawer: OperationsDrawer, bridge: RecordingBridge
) -> None:
    group(window, S.FAILED, S.FAILED)
    first = window._store.operations["c0"]
    assert isinstance(first.request, LiveMigrate)
    back = replace(first.request, target=first.request.source, source="LAB-N4")
    window._store.operation_changed(replace(first, request=back))
    drawer.select("g")
    QTest.mouseClick(button(drawer, "retry_failed"), LEFT)
    assert bridge.retried == ["c1"]
    assert f"is not on another node than {back.target} now" in open_box(window).text()


def test_nothing_failed_disables_with_the_reason(
    window: MainWindow, drawer: OperationsDrawer
) -> None:
    group(window, S.SUCCEEDED, S.UNKNOWN)
    drawer.select("g")
    retry = button(drawer, "retry_failed")
    assert not retry.isEnabled()
    assert retry.toolTip() == "Nothing of it failed."
    drawer.select("c1")
    assert button(drawer, "retry").toolTip() == (
        "It may have happened: it is asked for again only once that is known."
    )


def test_a_retried_child_shows_its_newest_attempt(
    window: MainWindow, drawer: OperationsDrawer
) -> None:
    group(window, S.SUCCEEDED, S.SUCCEEDED)
    fault = Fault(FaultCode.REJECTED, "The target failed.")
    move(window, 1, "c1", S.FAILED, group_id="g", fault=fault)
    move(window, 1, "again", S.RUNNING, group_id="g", retry_of="c1")
    drawer.select("c1")
    assert drawer.model.rowCount(drawer.model.index_of("g")) == 2
    assert text(drawer, "operation_ids") == "Id again   Group g"
    log = drawer.story.log.toPlainText()
    assert "Earlier attempt of" in log
    assert "The target failed." in log


# -- filters -----------------------------------------------------------------------------------
def test_typing_filters_and_escape_clears(
    window: MainWindow, drawer: OperationsDrawer, qtbot: QtBot
) -> None:
    for number in range(6):
        move(window, number, f"op-{number}", S.SUCCEEDED)
    drawer.select("op-3")
    QTest.keyClick(window, Qt.Key.Key_F, Qt.KeyboardModifier(0x06000000))
    assert drawer.filter_bar.search.hasFocus()
    QTest.keyClicks(drawer.filter_bar.search, "op-3")
    qtbot.waitUntil(lambda: drawer.model.rowCount() == 1)
    assert text(drawer, "operation_ids") == "Id op-3"
    move(window, 3, "op-3", S.FAILED)
    move(window, 7, "op-9", S.RUNNING)
    drawer.model.flush()
    assert drawer.model.rowCount() == 1
    assert drawer.filter_bar.chips[Bucket.FAILED].text() == "Failed 1"
    QTest.keyClick(drawer.filter_bar.search, Qt.Key.Key_Escape)
    assert drawer.filter_bar.search.text() == ""
    assert drawer.model.rowCount() == 7
    assert text(drawer, "operation_ids") == "Id op-3"


def test_chips_count_and_combine(window: MainWindow, drawer: OperationsDrawer) -> None:
    states = (S.SUCCEEDED, S.FAILED, S.BLOCKED, S.UNKNOWN, S.RUNNING, S.QUEUED, S.CANCELED)
    for number, state in enumerate(states):
        move(window, number, f"op-{number}", state)
    drawer.model.flush()
    chips = drawer.filter_bar.chips
    assert [chip.text() for chip in chips.values()] == [
        "Running 1", "Waiting 1", "Failed 2", "Unknown 1", "Done 1", "Cancelled 1",
    ]  # fmt: skip
    QTest.mouseClick(chips[Bucket.FAILED], LEFT)
    assert drawer.model.rowCount() == 2
    QTest.mouseClick(chips[Bucket.UNKNOWN], LEFT)
    assert drawer.model.rowCount() == 3
    move(window, 0, "op-0", S.UNKNOWN)
    drawer.model.flush()
    assert drawer.model.rowCount() == 4
    assert chips[Bucket.UNKNOWN].text() == "Unknown 2"
    drawer.select("op-4")  # hidden by the chips, which give way
    assert drawer.model.rowCount() == 7
    assert text(drawer, "operation_ids") == "Id op-4"


def test_a_filter_of_many_rows_keeps_cursor_and_unfolded_groups(
    window: MainWindow, drawer: OperationsDrawer
) -> None:
    """So many rows come and go that the model is reset."""
    group(window, S.RUNNING, S.FAILED)
    for number in range(400):
        state = S.SUCCEEDED if number % 2 else S.FAILED
        move(window, number % 40, f"op-{number}", state, created_at=time.time() - 1000 + number)
    drawer.select("c1")
    QTest.mouseClick(drawer.filter_bar.chips[Bucket.FAILED], LEFT)
    assert drawer.model.rowCount() == 201
    assert drawer.tree.isExpanded(drawer.model.index_of("g"))
    assert text(drawer, "operation_ids") == "Id c1   Group g"
    drawer.filter_bar.clear()
    assert drawer.model.rowCount() == 401
    assert text(drawer, "operation_ids") == "Id c1   Group g"


def test_kind_person_and_time(window: MainWindow, drawer: OperationsDrawer) -> None:
    move(window, 0, "mine", S.SUCCEEDED)
    move(window, 1, "theirs", S.SUCCEEDED, actor="bob")
    move(window, 2, "old", S.SUCCEEDED, created_at=100.0, ended_at=200.0)
    bar = drawer.filter_bar
    seen = []
    for choice in (bar.who, bar.who, bar.time):
        choice.setFocus()
        QTest.keyClick(choice, Qt.Key.Key_Down)
        seen.append(titles(drawer))
    assert [len(rows) for rows in seen] == [2, 1, 1]
    QTest.keyClick(bar.time, Qt.Key.Key_Escape)
    QTest.keyClick(bar.time, Qt.Key.Key_Down)
    assert drawer.model.rowCount() == 2
    QTest.keyClick(bar.kind, Qt.Key.Key_End)
    assert bar.kind.currentText() == "Image downloads"
    assert drawer.model.rowCount() == 0


# -- history -----------------------------------------------------------------------------------
def test_older_operations_are_loaded_until_there_are_none(
    window: MainWindow, drawer: OperationsDrawer, bridge: RecordingBridge
) -> None:
    store, older = window._store, drawer.findChild(QPushButton, "operations_older")
    assert older is not None
    assert not older.isVisible()
    assert text(drawer, "operations_reach") == "The history was not read yet."
    move(window, 0, "new", S.SUCCEEDED)
    store.history_known(1_000_000.0)
    assert older.isVisible()
    assert "100,000" in older.toolTip()
    QTest.mouseClick(older, LEFT)
    assert not older.isEnabled()
    assert text(drawer, "operations_reach") == "Reading older operations…"
    move(window, 1, "old", S.FAILED, created_at=5.0)
    store.history_known(None)
    bridge.histories.pop()()
    drawer.model.flush()
    assert not older.isVisible()
    assert text(drawer, "operations_reach") == "2 operations: all that is kept. Nothing older."
    assert drawer.model.index_of("old").row() == 1
    assert math.isinf(store.known_since)


# -- stories -----------------------------------------------------------------------------------
def test_ids_commands_and_log_are_copied(window: MainWindow, drawer: OperationsDrawer) -> None:
    fault = Fault(FaultCode.REJECTED, "It failed.", detail="0x8007274C")
    move(window, 0, "op-0", S.FAILED, fault=fault, commands=("Move-VM x",))
    drawer.select("op-0")
    clipboard = QGuiApplication.clipboard()
    for name, expected in (("copy_id", "op-0"), ("copy", "Move-VM x"), ("copy_log", "0x8007274C")):
        QTest.mouseClick(button(drawer, name), LEFT)
        assert expected in clipboard.text()


def test_a_move_by_somebody_else_is_a_row_without_buttons(
    window: MainWindow, drawer: OperationsDrawer
) -> None:
    known = ForeignMove("k", "web", "N1", "N2", ForeignMoveState.MOVING, 1000.0, 1001.0, 12)
    window._store.foreign_moves_seen((known,))
    at = drawer.model.index(0, 0)
    assert cell(at, 0) == "Move web: N1 → N2"
    assert cell(at, PROGRESS) == "started by someone else, 12 %"
    assert cell(at, ACTOR) == "someone else"
    assert cell(at, ASKED).startswith("seen ")
    drawer.select(f"foreign:k:{1000.0}")
    assert not button(drawer, "cancel").isVisible()
    assert not button(drawer, "retry").isVisible()
    assert "First seen" in drawer.story.log.toPlainText()
    window._store.foreign_moves_seen((replace(known, state=ForeignMoveState.ARRIVED),))
    assert drawer.model.rowCount() == 1
    assert cell(drawer.model.index(0, 0), PROGRESS) == "started by someone else, seen on N2"


def test_rows_and_chips_have_names_for_a_screen_reader(
    window: MainWindow, drawer: OperationsDrawer
) -> None:
    group(window, S.RUNNING, S.UNKNOWN)
    index = drawer.model.index(0, PROGRESS)
    spoken = index.data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "Progress: 0 of 2 done, 1 not known, 1 running"
    tree = QAccessible.queryAccessibleInterface(drawer.tree)
    assert tree.role() == QAccessible.Role.Tree
    assert tree.text(QAccessible.Text.Name) == "Operations"
    chip = QAccessible.queryAccessibleInterface(drawer.filter_bar.chips[Bucket.UNKNOWN])
    assert chip.text(QAccessible.Text.Name) == "Only Unknown 1"
    assert chip.role() == QAccessible.Role.CheckBox


def test_the_status_bar_never_counts_what_is_not_known_as_running(window: MainWindow) -> None:
    for number, state in enumerate((S.RUNNING, S.VERIFYING, S.QUEUED, S.UNKNOWN, S.SUCCEEDED)):
        move(window, number, f"op-{number}", state)
    window.strip.tell()
    label = window.findChild(QLabel, "status_worker")
    assert label is not None
    assert label.text() == "Operations: 2 running, 1 waiting, 1 not known"


# -- many --------------------------------------------------------------------------------------
def test_many_changes_are_told_in_batches_and_never_by_a_reset(
    window: MainWindow, drawer: OperationsDrawer, qtbot: QtBot
) -> None:
    group(window, *[S.QUEUED] * 40)
    drawer.select("g")
    drawer.tree.expand(drawer.model.index_of("g"))
    resets: list[bool] = []
    tellings: list[bool] = []
    drawer.model.modelReset.connect(lambda: resets.append(True))
    drawer.model.told.connect(lambda: tellings.append(True))
    for _ in range(10):
        for number in range(40):
            move(window, number, f"c{number}", S.RUNNING, group_id="g", progress=Progress("Memory"))
    qtbot.waitUntil(lambda: not drawer.model._waiting)
    assert cell(drawer.model.index_of("g"), PROGRESS) == "0 of 40 done, 40 running"
    assert not resets
    assert len(tellings) < 60


def test_what_has_not_begun_of_a_group_is_stopped(
    window: MainWindow, drawer: OperationsDrawer, bridge: RecordingBridge
) -> None:
    group(window, S.RUNNING, S.QUEUED)
    drawer.select("g")
    settle()
    stop = button(drawer, "stop_between")
    assert stop.isVisible()
    QTest.mouseClick(stop, LEFT)
    assert bridge.stopped == ["g"]
    move(window, 1, "c1", S.CANCELED, group_id="g")
    move(window, 0, "c0", S.RUNNING, group_id="g", started_at=time.time())
    drawer.model.flush()
    drawer.select("g")
    assert not stop.isEnabled()
    assert stop.toolTip() == "All of it has begun."


def test_a_waiting_operation_is_moved_up_and_to_the_front(
    window: MainWindow, drawer: OperationsDrawer, bridge: RecordingBridge
) -> None:
    move(window, 0, "first", S.QUEUED, queue_position=1)
    move(window, 1, "second", S.QUEUED, queue_position=2)
    drawer.model.flush()
    drawer.select("second")
    settle()
    QTest.mouseClick(button(drawer, "move_up"), LEFT)
    QTest.mouseClick(button(drawer, "to_front"), LEFT)
    assert bridge.reordered == [("second", "first"), ("second", "")]
    drawer.select("first")
    settle()
    assert not button(drawer, "move_up").isEnabled()
    assert button(drawer, "move_up").toolTip() == "Nothing waits before it."
    move(window, 0, "first", S.RUNNING)
    drawer.model.flush()
    assert not button(drawer, "move_up").isVisible()
