"""Alarms, disagreements and the story of one VM, by keys, as somebody at a desk uses them."""

import time

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton, QSplitter, QTabWidget, QToolButton, QTreeWidget

from console.health import HealthLevel
from console.model.change import Change
from console.model.operation import OperationRecord, OperationState
from console.model.request import ChangePowerState, DrainNode, PowerAction
from console.model.snapshot import SnapshotDelta
from console.model.virtual_machine import Heartbeat
from console.ui.bridge import ChangesRead
from console.ui.main_window import MainWindow
from console.ui.models.alarm_book import Standing, StandingAlarm
from console.ui.store import Store
from tests.ui.conftest import RecordingBridge, settle
from tests.ui.sample import snapshot

replace = msgspec.structs.replace


@pytest.fixture
def troubled(window: MainWindow, store: Store) -> MainWindow:
    store.replace(snapshot("degraded"))
    window.health.watch.finish_look()
    window.activateWindow()
    settle()
    return window


def tree(window: MainWindow) -> QTreeWidget:
    found = window.findChild(QTreeWidget, "alarms_list")
    assert found is not None
    return found


def label(window: MainWindow, name: str) -> str:
    found = window.findChild(QLabel, name)
    assert found is not None
    return found.text()


def row(window: MainWindow, words: str) -> int:
    there = tree(window)
    for at in range(there.topLevelItemCount()):
        item = there.topLevelItem(at)
        if item is not None and words in item.text(0):
            return at
    raise AssertionError(words)


def test_a_lost_storage_network_is_one_alarm_that_opens_to_its_vms(troubled: MainWindow) -> None:
    QTest.keyClick(troubled, Qt.Key.Key_3, Qt.KeyboardModifier.ControlModifier)
    settle()
    there = tree(troubled)
    assert there.hasFocus()
    there.setCurrentItem(there.topLevelItem(row(troubled, "LAB-N4 lost its storage network")))
    QTest.keyClick(there, Qt.Key.Key_Right)
    item = there.currentItem()
    assert item is not None
    names = {item.child(at).text(0).split()[0] for at in range(item.childCount())}
    assert {"sql-01", "file-02", "web-03"} <= names
    assert "suffer from it" in label(troubled, "health_headline")
    QTest.keyClick(there, Qt.Key.Key_Down)
    QTest.keyClick(there, Qt.Key.Key_Return)
    settle()
    tabs = troubled.findChild(QTabWidget, "inspector_tabs")
    assert tabs is not None
    assert tabs.tabText(tabs.currentIndex()) == "Health"
    first = item.child(0)
    assert first is not None
    assert label(troubled, "inspector_title") == first.text(0).split()[0]


def test_a_title_gets_the_width_that_nothing_else_needs(troubled: MainWindow) -> None:
    troubled.resize(1600, 1000)
    troubled.health.open(0)
    settle()
    there = tree(troubled)
    split = troubled.findChild(QSplitter, "alarms_split")
    assert split is not None
    of_list, of_story = split.sizes()
    assert of_list > 1.4 * of_story
    for column in range(1, there.columnCount()):
        needed = max(there.sizeHintForColumn(column), there.header().sectionSizeHint(column))
        assert there.columnWidth(column) <= needed
    at = row(troubled, "The Arc resource bridge is offline")
    item = there.topLevelItem(at)
    assert item is not None
    words = there.fontMetrics().horizontalAdvance(item.text(0))
    before = there.indentation() + there.iconSize().width()
    assert before + words < there.columnWidth(0)


def test_the_count_is_a_link_to_the_rows(troubled: MainWindow) -> None:
    troubled.health.open(0)
    there = tree(troubled)
    there.setCurrentItem(there.topLevelItem(row(troubled, "LAB-N4 lost its storage")))
    button = troubled.findChild(QPushButton, "alarm_show_vms")
    assert button is not None
    button.setFocus()
    QTest.keyClick(button, Qt.Key.Key_Space)
    settle()
    found = next(
        each for each in troubled.health.watch.alarms if each.alarm.node == "LAB-N4"
        and "storage" in each.alarm.title
    )  # fmt: skip
    assert button.text() == f"&Show its {len(found.alarm.vm_keys)} VMs"
    assert set(troubled.table.rows.visible) == set(found.alarm.vm_keys)
    assert "LAB-N4 lost" in troubled.findChild(QToolButton, "vm_filter_only").text()
    troubled.findChild(QToolButton, "vm_filter_all").click()
    assert len(troubled.table.rows.visible) == len(troubled._store.inventory.vms)
    assert troubled.findChild(QToolButton, "vm_filter_only").isHidden()


def test_acknowledged_stays_quiet_until_it_is_worse(troubled: MainWindow, store: Store) -> None:
    troubled.health.open(0)
    there = tree(troubled)
    there.setCurrentItem(there.topLevelItem(row(troubled, "app-02 runs")))
    button = troubled.findChild(QPushButton, "alarm_acknowledge")
    assert button is not None
    QTest.keyClick(button, Qt.Key.Key_Space)
    settle()

    def standing() -> Standing:
        return next(
            each.standing
            for each in troubled.health.watch.alarms
            if each.alarm.id == "GUEST_SILENT|vm"
        )

    assert standing() is Standing.ACKNOWLEDGED
    assert button.text() == "Open it &again"
    vm = next(vm for vm in store.inventory.vms.values() if vm.name == "app-01")
    assert vm.cluster is not None
    hung = replace(vm, cluster=replace(vm.cluster, heartbeat=Heartbeat.LOST))
    store.apply(SnapshotDelta(upserted=(hung,)))
    troubled.health.watch.finish_look()
    assert standing() is Standing.OPEN


def test_a_node_we_drain_is_expected_and_not_counted(troubled: MainWindow, store: Store) -> None:
    before = troubled.health.watch.count(Standing.OPEN)
    record = OperationRecord(
        "drain-5", DrainNode("LAB-N5"), "Drain LAB-N5", OperationState.RUNNING, time.time(), "ada"
    )
    store.operation_changed(record)
    troubled.health.watch.finish_look()
    assert troubled.health.watch.count(Standing.OPEN) == before - 1
    troubled.health.open(0)
    there = tree(troubled)
    there.setCurrentItem(there.topLevelItem(row(troubled, "LAB-N5 is being drained")))
    assert label(troubled, "alarm_standing").startswith("Expected: Drain LAB-N5, asked for by ada")


def test_a_new_alarm_is_said_once_over_the_views(troubled: MainWindow, store: Store) -> None:
    watch = troubled.health.watch
    watch.begin("lab")
    settle()
    watch.finish_look()
    assert not [x for x in troubled.findChildren(QLabel, "alarms") if x.isVisible()]
    vm = next(vm for vm in store.inventory.vms.values() if vm.name == "app-01")
    assert vm.cluster is not None
    off = replace(vm, cluster=replace(vm.cluster, heartbeat=Heartbeat.UNKNOWN))
    store.apply(SnapshotDelta(upserted=(off,)))
    watch.finish_look()
    settle()
    (said,) = [x for x in troubled.findChildren(QLabel, "alarms") if x.isVisible()]
    assert "whether its guest answers is not known" in said.text()


def test_disagreements_have_one_row_with_the_repair(troubled: MainWindow) -> None:
    watch = troubled.health.watch
    troubled.health.open(1)
    assert "to be expected" in label(troubled, "inbox_summary")
    watch.age(3 * 3600.0)
    settle()
    kinds = {each.found.kind for each in watch.disagreements_to_tell}
    assert {"only_in_azure", "only_on_cluster"} <= kinds
    assert "What to do:" in label(troubled, "inbox_repair")
    assert "Not tried on a real cluster" in label(troubled, "inbox_source")
    tabs = troubled.findChild(QTabWidget, "health_tabs")
    assert tabs is not None
    assert tabs.tabText(1) == f"Azure and cluster disagree ({len(watch.disagreements_to_tell)})"


def test_what_was_acknowledged_is_known_at_the_next_start(
    troubled: MainWindow, store: Store
) -> None:
    watch = troubled.health.watch
    watch.begin("lab")
    settle()
    watch.finish_look()
    watch.acknowledge("GUEST_SILENT|vm")
    settle()
    from console.ui.alarm_watch import AlarmWatch

    again = AlarmWatch(store, troubled._folder, troubled)
    again.begin("lab")
    settle()
    again.finish_look()
    found = {each.alarm.id: each.standing for each in again.alarms}
    assert found["GUEST_SILENT|vm"] is Standing.ACKNOWLEDGED
    again.end()
    settle()


def test_the_story_is_copied_as_plain_text(troubled: MainWindow, store: Store) -> None:
    from PySide6.QtGui import QGuiApplication

    key = next(vm.key for vm in store.inventory.vms.values() if vm.name == "sql-01")
    troubled.explain_vm(key)
    settle()
    button = troubled.inspector.findChild(QPushButton, "health_copy")
    assert button is not None
    QTest.keyClick(button, Qt.Key.Key_Space)
    text = QGuiApplication.clipboard().text()
    assert text.startswith("sql-01\nCritical: sql-01 stands still: its storage does not answer.")
    assert "likely because: LAB-N4 lost its storage network." in text
    assert "Mind: Do not restart it." in text
    assert "Who can put it right: whoever looks after the cluster's network" in text


def test_green_says_why(window: MainWindow, store: Store) -> None:
    key = next(
        key for key, vm in store.inventory.vms.items()
        if store.level_of(key) is HealthLevel.HEALTHY and vm.azure is not None
    )  # fmt: skip
    window.explain_vm(key)
    settle()
    story = window.inspector._health.text
    assert "What speaks for it:" in story
    assert "- Its guest answers." in story
    assert "reaches its volume" in story


def test_the_timeline_joins_the_stored_past_and_our_operations(
    window: MainWindow, store: Store, bridge: RecordingBridge
) -> None:
    vm = next(vm for vm in store.inventory.vms.values() if vm.azure is not None)
    request = ChangePowerState(vm.key, vm.name, PowerAction.RESTART)
    now = time.time()
    done = OperationRecord(
        "op", request, f"Restart {vm.name}", OperationState.SUCCEEDED, now - 60, "ada"
    )
    store.operation_changed(done)
    window.inspector.show_vm(vm.key)
    window.inspector.open_tab("History")
    text = window.inspector._history.toPlainText
    assert f"Restart {vm.name}: Succeeded, asked for by ada" in text()
    assert "was not read yet" in text()
    subject, on_read = bridge.change_questions[-1]
    assert subject == f"vm:{vm.key}"
    moved = Change(now - 30, subject, vm.name, "the cluster", "Runs on", "LAB-N1", "LAB-N2")
    on_read(ChangesRead("t", (moved,), now - 9000))
    settle()
    assert text().index("Runs on: LAB-N1 → LAB-N2  (seen by the cluster)") < text().index("Restart")
    assert "The stored past begins at" in text()
    window.inspector.show_node("LAB-N1")
    on_read(ChangesRead("t", (moved,), None))  # an answer that came too late
    assert "Runs on" not in text()
    assert bridge.change_questions[-1][0] == "node:LAB-N1"


def test_what_changed_is_listed_once_and_its_rows_are_links(
    window: MainWindow, store: Store, bridge: RecordingBridge
) -> None:
    window.health.begin("lab")
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(window, Qt.Key.Key_E, both)
    settle()
    vm = next(iter(store.inventory.vms.values()))
    at = time.time() - 50
    moved = Change(at, f"vm:{vm.key}", vm.name, "the cluster", "Runs on", "LAB-N1", "LAB-N2")
    subject, on_read = bridge.change_questions[-1]
    assert subject == ""
    on_read(ChangesRead("t", (moved,), at - 9e6))
    view = window.health.page.changes
    assert label(window, "changes_summary").startswith("1 change since you looked")
    assert "Runs on: LAB-N1 → LAB-N2" in view.list.item(0).text()
    view.list.itemActivated.emit(view.list.item(0))
    assert label(window, "inspector_title") == vm.name
    seen = window.findChild(QPushButton, "changes_seen")
    assert seen is not None
    QTest.keyClick(seen, Qt.Key.Key_Space)
    settle()
    bridge.change_questions[-1][1](ChangesRead("t", (), at - 9e6))
    assert label(window, "changes_summary").startswith("Nothing changed since you looked")
    view.begin("lab")  # the next start
    settle()
    assert view._since == at


def test_an_alarm_that_gets_worse_is_news(troubled: MainWindow, store: Store) -> None:
    watch = troubled.health.watch
    watch._is_loaded = True
    news: list[tuple[StandingAlarm, ...]] = []
    watch.appeared.connect(news.append)
    watch.finish_look()
    assert news == []
    vm = store.inventory.vm_named("app-01")
    assert vm is not None
    assert vm.cluster is not None
    silent = replace(vm.cluster, heartbeat=Heartbeat.LOST)
    store.apply(SnapshotDelta(upserted=(replace(vm, cluster=silent),)))
    watch.finish_look()
    assert len(news) == 1
    (worse,) = news[0]
    assert len(worse.alarm.vm_keys) == 2
    assert worse.alarm.title.startswith("2 VMs: ")
