"""Table, operations drawer, inspector, status strip and menus, with keys and clicks."""

import csv
import io
import time
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QMenu, QPushButton
from pytestqt.qtbot import QtBot

from console.model.freshness import Fault, FaultCode
from console.model.operation import OperationRecord, OperationState, Progress
from console.model.request import ChangePowerState, DrainNode, LiveMigrate, PowerAction
from console.model.snapshot import SnapshotDelta
from console.ui.main_window import MainWindow
from console.ui.models.operation_model import PROGRESS, STATE
from tests.ui.conftest import RecordingBridge, answer, settle
from tests.ui.sample import snapshot

replace = msgspec.structs.replace
HOSTILE = "<b>bold</b>\n=cmd()|'x'\u202egnp.exe\u0000" + "x" * 10_000


def a_record(window: MainWindow, state: OperationState, name: str = "1", **more: object) -> str:
    vm = next(vm for vm in window._store.inventory.vms.values() if vm.name == "app-05")
    request = LiveMigrate(vm.key, vm.name, vm.owner_node or "", "LAB-N3")
    record = OperationRecord(
        id=name,
        request=request,
        title="Move app-05 to LAB-N3",
        state=state,
        created_at=time.time(),
        **more,  # type: ignore[arg-type]
    )
    window._store.operation_changed(record)
    return name


def press(window: MainWindow, name: str) -> None:
    button = window.drawer.findChild(QPushButton, f"operation_{name}")
    assert button is not None
    assert button.isEnabled(), name
    button.click()


def label(window: MainWindow, name: str) -> str:
    found = window.findChild(QLabel, name)
    assert found is not None
    return found.text()


# -- table -------------------------------------------------------------------------------------
def test_typing_finds_a_vm_at_once(window: MainWindow, qtbot: QtBot) -> None:
    QTest.keyClick(window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    QTest.keyClicks(window.table.search, "sql-03")
    qtbot.waitUntil(lambda: len(window.table.rows.visible) == 1)
    QTest.keyClick(window.table.search, Qt.Key.Key_Return)
    assert label(window, "inspector_title") == "sql-03"
    assert label(window, "vm_count").startswith("1 of 61")


def test_a_count_filter_lists_its_rows(window: MainWindow) -> None:
    window._store.replace(snapshot("degraded"))
    window.table._filters["red"].click()
    shown = window.table.rows.visible
    assert 0 < len(shown) < len(window._store.inventory.vms)
    assert all(window._store.health_of(key).level.value != "Healthy" for key in shown)


def test_selection_survives_a_refresh(window: MainWindow) -> None:
    rows = window.table.rows.visible
    window.table.list.set_cursor(rows[2])
    window.table.list.set_cursor(rows[4], extend=True)
    chosen = set(window.table.list.selected)
    window._store.replace(snapshot())
    assert window.table.list.selected == chosen == set(rows[2:5])


def test_csv_is_whole_and_harmless(window: MainWindow) -> None:
    vm = next(iter(window._store.inventory.vms.values()))
    window._store.apply(SnapshotDelta(upserted=(replace(vm, name="=cmd()|'/c calc'!A0"),)))
    rows = list(csv.reader(io.StringIO(window.table.csv()())))
    assert len(rows) == 1 + len(window._store.inventory.vms)
    assert any(row[0] == "'=cmd()|'/c calc'!A0" for row in rows)


def test_a_hostile_name_is_shown_as_plain_text(window: MainWindow) -> None:
    vm = next(iter(window._store.inventory.vms.values()))
    window._store.apply(SnapshotDelta(upserted=(replace(vm, name=HOSTILE),)))
    window.inspector.show_vm(vm.key)
    settle()
    title = label(window, "inspector_title")
    assert "<b>bold</b>" in title
    assert "\u202e" not in title
    assert "‹202E›" in title
    assert "\u0000" not in title
    window.map.grab()
    window.table.list.grab()


# -- operations --------------------------------------------------------------------------------
def test_an_operation_is_told_from_start_to_verified_end(window: MainWindow) -> None:
    name = a_record(window, OperationState.QUEUED, queue_position=2)
    model = window.drawer.model
    assert model.index(0, STATE).data() == "Waiting, number 2"
    a_record(window, OperationState.RUNNING, progress=Progress("Memory", 0.4, "pass 2", 5.0))
    assert "about 5 s left" in model.index(0, PROGRESS).data()
    a_record(window, OperationState.SUCCEEDED, result="On LAB-N3: running.")
    assert model.index(0, STATE).data() == "Done, verified"
    assert model.rowCount() == 1
    assert window.drawer.model.index_of(name).row() == 0


def test_cancel_is_asked_of_the_worker(window: MainWindow, bridge: RecordingBridge) -> None:
    name = a_record(window, OperationState.RUNNING, can_cancel=True)
    window.drawer.select(name)
    press(window, "cancel")
    assert bridge.cancelled == [name]


def test_what_cannot_be_cancelled_offers_no_button(window: MainWindow) -> None:
    window.drawer.select(a_record(window, OperationState.RUNNING, can_cancel=False))
    button = window.drawer.findChild(QPushButton, "operation_cancel")
    assert button is not None
    assert not button.isEnabled()


def test_retry_sends_the_move_again_from_where_the_vm_is(
    window: MainWindow, bridge: RecordingBridge
) -> None:
    text = "The target failed."
    fault = Fault(FaultCode.REJECTED, text, "Try again.", "It still runs.", "0x8007274C")
    window.drawer.select(a_record(window, OperationState.FAILED, fault=fault))
    story = window.drawer.story.log.toPlainText()
    for part in (text, "Try again.", "It still runs.", "0x8007274C"):
        assert part in story
    press(window, "retry")
    assert isinstance(bridge.requests[0], LiveMigrate)


def test_move_back_needs_the_vm_to_be_there(window: MainWindow, bridge: RecordingBridge) -> None:
    window.drawer.select(a_record(window, OperationState.SUCCEEDED))
    button = window.drawer.findChild(QPushButton, "operation_move_back")
    assert button is not None
    assert not button.isEnabled()
    vm = window._store.inventory.vm_named("app-05")
    assert vm is not None
    assert vm.cluster is not None
    arrived = replace(vm, cluster=replace(vm.cluster, owner_node="LAB-N3"))
    source = vm.cluster.owner_node
    window._store.apply(SnapshotDelta(upserted=(arrived,)))
    window._store.operation_changed(window._store.operations["1"])
    press(window, "move_back")
    window.ways.notes._move.click()  # the way back was judged anew, and has notes
    window.actions_table.moving.grace.start_now()
    assert bridge.requests == [LiveMigrate(vm.key, vm.name, "LAB-N3", source)]


def test_copy_as_command(window: MainWindow) -> None:
    command = "Start-TlcLiveMigration -VMId x"
    window.drawer.select(a_record(window, OperationState.RUNNING, commands=(command,)))
    press(window, "copy")
    assert QGuiApplication.clipboard().text() == command


# -- menus and power ---------------------------------------------------------------------------
def test_stopping_is_confirmed_by_name_starting_is_not(
    window: MainWindow, bridge: RecordingBridge
) -> None:
    vm = window._store.inventory.vm_named("app-05")
    assert vm is not None
    window.actions_table.power([vm.key], PowerAction.STOP)
    assert bridge.requests == []
    answer(window, "Stop")
    window.actions_table.power([vm.key], PowerAction.START)
    assert bridge.requests == [
        ChangePowerState(vm.key, "app-05", PowerAction.STOP),
        ChangePowerState(vm.key, "app-05", PowerAction.START),
    ]


def test_what_the_platform_forbids_is_visible_disabled_and_explained(window: MainWindow) -> None:
    vm = next(vm for vm in window._store.inventory.vms.values() if vm.name == "legacy-01")
    menu = QMenu(window)
    window.actions_table.fill_menu(menu, [vm.key])
    stop = next(action for action in menu.actions() if action.text().startswith("S&top"))
    assert not stop.isEnabled()
    assert "Azure does not manage this VM" in stop.toolTip()
    menu.deleteLater()


def test_draining_says_how_many_vms_move(window: MainWindow, bridge: RecordingBridge) -> None:
    window.actions_table.drain("LAB-N2")
    answer(window, "Drain")
    assert bridge.requests == [DrainNode("LAB-N2")]


def test_f5_refreshes(window: MainWindow, bridge: RecordingBridge) -> None:
    QTest.keyClick(window, Qt.Key.Key_F5)
    assert bridge.refreshes == 1


# -- inspector and status ----------------------------------------------------------------------
def test_the_inspector_never_calls_boot_integrity_available(window: MainWindow) -> None:
    vm = window._store.inventory.vm_named("app-05")
    assert vm is not None
    window.inspector.show_vm(vm.key)
    texts = [label.text() for label in window.inspector._security.findChildren(QLabel)]
    at = texts.index("Guest boot integrity verification")
    assert texts[at + 1].startswith("In preview since release 2509")
    assert "A VM made here has it not" in texts[at + 1]
    assert "Virtualization-based security" in texts


def test_both_wires_tell_their_age_and_their_fault(window: MainWindow) -> None:
    assert label(window, "status_cluster").startswith("Cluster: 0 s ago")
    inventory = window._store.inventory
    fault = Fault(FaultCode.WRONG_CREDENTIALS, "LAB-N1 did not accept the password.")
    old = replace(inventory.cluster_wire, read_at=time.time() - 125, faults=(fault,))
    window._store.apply(SnapshotDelta(cluster_wire=old))
    told = label(window, "status_cluster")
    assert "did not accept the password" in told
    assert "Data from 2 min ago" in told


def test_what_was_stored_is_marked(window: MainWindow) -> None:
    window._store.load_stored(snapshot())
    assert "not read yet" in label(window, "status_azure")


def test_a_notice_says_what_happened_and_what_to_do(window: MainWindow) -> None:
    window._store.notice(Fault(FaultCode.MALFORMED, "Journal set aside.", "Look.", "All kept."))
    assert label(window, "notice") == "Journal set aside. All kept. Look."


def test_the_lab_is_marked(window: MainWindow) -> None:
    assert "LAB" in label(window, "lab_marker")


# -- gallery -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "view",
    [
        "map",
        "lift",
        "table",
        "stale",
        "operations",
        "operations-none",
        "operations-one",
        "choose-node",
    ],
)
@pytest.mark.parametrize("colours", ["light", "dark", "contrast"])
def test_the_gallery_draws(view: str, colours: str, tmp_path: Path) -> None:
    from PySide6.QtWidgets import QApplication

    from console.ui import gallery_views, theme

    theme.apply(colours)
    widget = gallery_views.VIEWS[view](snapshot("degraded"), tmp_path, "degraded")
    widget.resize(1024, 700)
    widget.show()
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    gallery_views.settle(application, 8)
    picture = widget.grab().toImage()
    assert picture.width() >= 1024 or view == "choose-node"
    widget.close()
    widget.deleteLater()
    settle()
