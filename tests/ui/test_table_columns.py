"""Columns of the VM table chosen by mouse, kept over a restart; the busiest by a click."""

import csv
import io

import msgspec
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QLineEdit, QMenu, QToolButton

from console.model.snapshot import ClusterSnapshot, SnapshotDelta
from console.model.virtual_machine import Heartbeat, PowerState
from console.settings import Settings
from console.ui.main_window import MainWindow
from console.ui.store import Store
from console.ui.views.vm_table import VmTable
from tests.ui.conftest import settle
from tests.ui.sample import snapshot


@pytest.fixture
def small(window: MainWindow, store: Store) -> ClusterSnapshot:
    known = snapshot("small")
    store.replace(known)
    window._tabs.setCurrentIndex(1)
    settle()
    return known


def button(window: MainWindow, name: str) -> QToolButton:
    found = window.table.findChild(QToolButton, name)
    assert found is not None
    return found


def click_column(window: MainWindow, column: str) -> None:
    QTest.mouseClick(button(window, "vm_columns_button"), Qt.MouseButton.LeftButton)
    settle()
    menu = window.table.findChild(QMenu, "columns_menu")
    assert menu is not None
    action = next(each for each in menu.actions() if each.objectName() == f"column_{column}")
    QTest.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(action).center())
    assert menu.isVisible()  # a second one can be switched
    menu.close()
    settle()


def test_a_column_is_switched_by_mouse_and_kept(
    window: MainWindow, store: Store, small: ClusterSnapshot
) -> None:
    header = window.table.list.header
    assert "network" not in header.shown_ids
    click_column(window, "network")
    click_column(window, "kind")
    header.moveSection(header.visualIndex(header.logicalIndex(header.count() - 1)), 1)
    shown = header.shown_ids
    assert "network" in shown
    assert "kind" not in shown
    assert window._settings.table_columns == shown
    again = VmTable(store, window.actions_table, window._settings)
    assert again.list.header.shown_ids == shown
    exported = next(csv.reader(io.StringIO(again.csv()())))
    assert "Network" in exported
    assert "Kind" not in exported
    again.list.grab()
    again.deleteLater()


def test_columns_of_another_version_are_passed_over(
    window: MainWindow, store: Store, small: ClusterSnapshot
) -> None:
    settings = Settings(table_columns=("gone", "cpu", "state"))
    table = VmTable(store, window.actions_table, settings)
    assert table.list.header.shown_ids == ("name", "cpu", "state")
    none = VmTable(store, window.actions_table, Settings(table_columns=("gone",)))
    assert len(none.list.header.shown_ids) > 5
    for each in (table, none):
        each.deleteLater()


def test_the_busiest_by_a_click_stay_while_figures_change(
    window: MainWindow, store: Store, small: ClusterSnapshot
) -> None:
    menu = button(window, "vm_busiest").menu()
    action = next(each for each in menu.actions() if each.objectName() == "busiest_cpu")
    action.trigger()
    settle()
    rows = window.table.rows
    vms = store.inventory.vms
    figures = [vms[key].metrics for key in rows.visible]
    loads = [each.cpu_percent or 0 for each in figures if each is not None]
    assert len(loads) == 10
    assert loads == sorted(loads, reverse=True)
    others = [vm for vm in vms.values() if vm.key not in rows.visible and vm.metrics]
    assert all((vm.metrics.cpu_percent or 0) <= loads[-1] for vm in others if vm.metrics)
    only = button(window, "vm_filter_only")
    assert only.text().startswith("Most CPU at ")
    before = list(rows.visible)
    store.replace(
        msgspec.structs.replace(
            small,
            vms=tuple(
                msgspec.structs.replace(
                    vm, metrics=msgspec.structs.replace(vm.metrics, cpu_percent=1)
                )
                if vm.metrics
                else vm
                for vm in small.vms
            ),
        )
    )
    assert set(rows.visible) == set(before)


def test_a_hidden_column_comes_with_its_busiest(window: MainWindow, small: ClusterSnapshot) -> None:
    window.table.show_busiest("storage", "storage")
    assert "storage" in window.table.list.header.shown_ids


def test_a_field_that_there_is_not_is_said(window: MainWindow, small: ClusterSnapshot) -> None:
    search = window.table.findChild(QLineEdit, "vm_search")
    assert search is not None
    search.setFocus()
    QTest.keyClicks(search, "colour:red")
    QTest.qWait(80)
    count = window.table.findChild(QLabel, "vm_count")
    assert count is not None
    assert count.text().startswith("There is no field “colour”")
    search.clear()
    QTest.keyClicks(search, "cpu:>=0 node:n1")
    QTest.qWait(80)
    nodes = {window._store.inventory.vms[key].owner_node for key in window.table.rows.visible}
    assert nodes == {"LAB-N1"}


def test_the_name_stays_first_to_find(window: MainWindow, small: ClusterSnapshot) -> None:
    header = window.table.list.header
    where = header.mapToGlobal(QPoint(20, 5))
    header.choose(where)
    menu = window.table.findChild(QMenu, "columns_menu")
    assert menu is not None
    assert "column_name" not in {each.objectName() for each in menu.actions()}
    menu.close()
    settle()


def test_the_button_that_opened_the_menu_switches_nothing(
    window: MainWindow, small: ClusterSnapshot
) -> None:
    header = window.table.list.header
    before = header.shown_ids
    header.choose(header.mapToGlobal(QPoint(20, 5)))
    menu = window.table.findChild(QMenu, "columns_menu")
    assert menu is not None
    where = menu.actionGeometry(menu.actions()[0]).center()
    QTest.mouseRelease(menu, Qt.MouseButton.RightButton, pos=where)
    assert header.shown_ids == before
    menu.close()
    settle()


def test_what_turns_red_joins_a_search_for_it(
    window: MainWindow, store: Store, small: ClusterSnapshot
) -> None:
    window.table.search.setText("health:red")
    window.table._search_now()
    assert window.table.rows.visible == []
    vm = next(vm for vm in small.vms if vm.cluster and vm.power is PowerState.RUNNING)
    lost = msgspec.structs.replace(vm.cluster, heartbeat=Heartbeat.LOST)
    store.apply(SnapshotDelta(upserted=(msgspec.structs.replace(vm, cluster=lost),)))
    settle()
    assert window.table.rows.visible == [vm.key]


def test_what_the_second_wire_tells_first_is_sorted_in(window: MainWindow, store: Store) -> None:
    small = snapshot("small")
    later = min(small.vms, key=lambda vm: vm.name)
    silent = msgspec.structs.replace(small.arm, read_at=None)
    rest = tuple(vm for vm in small.vms if vm.key != later.key)
    store.replace(msgspec.structs.replace(small, vms=rest, arm=silent))
    window._tabs.setCurrentIndex(1)
    settle()
    store.apply(SnapshotDelta(upserted=(later,), arm=small.arm))
    assert window.table.rows.visible[0] == later.key
