"""Views of the table of VMs: chosen from the menu by keys, kept over a restart, forgotten."""

import time
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from console.model.change import CLUSTER, Change
from console.model.snapshot import ClusterSnapshot
from console.model.virtual_machine import PowerState
from console.settings import Settings
from console.ui.bridge import ChangesRead
from console.ui.main_window import MainWindow
from console.ui.models import saved_views
from console.ui.models.saved_views import SavedView
from console.ui.store import Store
from console.ui.views.views_button import ViewsButton
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


def views(window: MainWindow) -> ViewsButton:
    assert window.table.views is not None
    return window.table.views


def open_menu(window: MainWindow) -> QMenu:
    """Not by the button's own press: that one runs a loop of events of its own until it is shut."""
    menu = views(window).menu()
    menu.popup(views(window).mapToGlobal(views(window).rect().bottomLeft()))
    settle()
    return menu


def choose(menu: QMenu, text: str) -> None:
    action = next(each for each in menu.actions() if each.text() == text)
    QTest.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(action).center())
    settle()


def type_search(window: MainWindow, text: str) -> None:
    window.table.search.clear()
    QTest.keyClicks(window.table.search, text)
    QTest.keyClick(window.table.search, Qt.Key.Key_Return)
    settle()


def shown(window: MainWindow) -> set[str]:
    return set(window.table.rows.visible)


def test_a_built_in_view_finds_its_rows_and_leaves_the_filter_of_before(
    window: MainWindow, store: Store, small: ClusterSnapshot
) -> None:
    off = {vm.key for vm in small.vms if vm.power in
           (PowerState.STOPPED, PowerState.SAVED, PowerState.PAUSED)}  # fmt: skip
    assert off
    type_search(window, "nothing is called so")
    choose(open_menu(window), "Off")
    assert shown(window) == off
    choose(open_menu(window), "Every VM")
    assert shown(window) == {vm.key for vm in small.vms}


def test_a_node_has_its_view(window: MainWindow, store: Store, small: ClusterSnapshot) -> None:
    menu = open_menu(window)
    nodes = next(each.menu() for each in menu.actions() if each.text() == "On node")
    name = small.nodes[1].name
    assert isinstance(nodes, QMenu)
    next(each for each in nodes.actions() if each.text() == name).trigger()
    menu.close()
    settle()
    assert window.table.search.text() == f'node:"{name}"'
    here = {vm.key for vm in small.vms if vm.cluster and vm.cluster.owner_node == name}
    assert shown(window) == here != set()


def test_a_search_with_its_filter_and_order_is_kept_and_forgotten(
    window: MainWindow, store: Store, small: ClusterSnapshot, tmp_path: Path
) -> None:
    window.table._filters["off"].click()
    type_search(window, "a")
    window.table._sort("memory", is_descending=True)
    rows, view = list(window.table.rows.visible), window.table._shown()
    assert rows
    choose(open_menu(window), "Keep what is searched as a view")
    assert views(window).own == (view,) == (SavedView("Off, a", "a", "memory", True, "off"),)
    QApplication.processEvents()

    again = VmTable(store, window.actions_table, Settings(), window._folder)
    settle()
    assert again.views is not None
    assert again.views.own == (view,)
    again.show_view(view)
    assert again.rows.visible == rows
    again.deleteLater()

    menu = open_menu(window)
    keep = next(each for each in menu.actions() if each.objectName() == "keep_view")
    assert not keep.isEnabled()  # it is kept already
    choose(menu, "Forget this view")
    assert views(window).own == ()
    settle()
    assert saved_views.load(window._folder, saved_views.VMS) == ()


def test_every_built_in_view_is_a_search_that_there_is(
    window: MainWindow, store: Store, small: ClusterSnapshot
) -> None:
    for view in saved_views.VMS.built_in:
        window.table.show_view(view)
        assert not window.table.rows.query.unknown, view
        assert window.table._shown().shows_as(view)


def test_a_disk_that_refuses_is_told(
    window: MainWindow, store: Store, small: ClusterSnapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, str]] = []
    monkeypatch.setattr(
        window.table._actions, "tell_failure", lambda *words: told.append(words), raising=True
    )

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(saved_views, "save", refuse)
    type_search(window, "web")
    views(window).keep()
    settle()
    assert "No space left on device" in told[0][1]
    assert views(window).own[0].text == "web"  # until the console closes


def test_what_changed_today_is_a_view(
    window: MainWindow, store: Store, small: ClusterSnapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, float]] = []
    key, now = small.vms[3].key, time.time()
    changes = (
        Change(now, f"vm:{key}", "one", CLUSTER, "State", "Running", "Off"),
        Change(now, "vm:is-gone", "two", CLUSTER, "State", "Running", "Off"),
        Change(now, "node:LAB-N1", "LAB-N1", CLUSTER, "State", "Up", "Paused"),
    )

    def read(subject: str, since: float, on_read) -> None:  # type: ignore[no-untyped-def]
        asked.append((subject, since))
        on_read(ChangesRead("t", changes, now - 9e5))

    monkeypatch.setattr(window.health._reads, "read_changes", read)
    choose(open_menu(window), "Changed today")
    assert asked[0][0] == ""
    assert 0 <= now - asked[0][1] <= 86400 + 1
    assert shown(window) == {key}
    keep = next(each for each in open_menu(window).actions() if each.objectName() == "keep_view")
    assert not keep.isEnabled()  # it is another one tomorrow


def test_two_tabs_keep_each_other_s_views(
    window: MainWindow, store: Store, small: ClusterSnapshot
) -> None:
    other = VmTable(store, window.actions_table, Settings(), window._folder)
    settle()
    assert other.views is not None
    type_search(window, "web")
    views(window).keep()
    other.search.setText("sql")
    settle()
    other.views.keep()
    settle()
    assert [view.name for view in saved_views.load(window._folder, saved_views.VMS)] == [
        "web",
        "sql",
    ]
    other.deleteLater()
