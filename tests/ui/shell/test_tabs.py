"""Several connections in one window, by real keys and mouse; each worker is a recorder."""

import gc
import weakref
from typing import Any

import msgspec
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QLabel,
    QLineEdit,
    QMenu,
    QMessageBox,
    QTabBar,
    QToolButton,
)
from pytestqt.qtbot import QtBot

from console import profiles
from console import settings as settings_file
from console.model.connection import ClusterEndpoint
from console.model.freshness import Fault, FaultCode, Wire, WireReading
from console.model.operation import OperationRecord, OperationState
from console.model.request import LiveMigrate
from console.settings import OpenTab, Settings
from console.ui.connections.ask_secret import AskSecret
from console.ui.shell.open_connections import OpenConnections
from console.ui.shell.page_state import state_of
from console.ui.wizard.create_vm_wizard import CreateVmWizard
from tests.ui.conftest import settle
from tests.ui.sample import snapshot
from tests.ui.shell.connections import MUNICH, OSLO, Home, at_nodes, strip_of, worker_of

CONTROL, ALT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.AltModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


def press(opened: OpenConnections, key: Qt.Key, *modifiers: Qt.KeyboardModifier) -> None:
    held = Qt.KeyboardModifier.NoModifier
    for modifier in modifiers:
        held |= modifier
    QTest.keyClick(QApplication.focusWidget() or opened.shell, key, held)
    settle()


def a_move(name: str, state: OperationState = OperationState.RUNNING) -> OperationRecord:
    request = LiveMigrate("vm", name, "N1", "N2")
    return OperationRecord(f"move-{name}", request, f"Move {name} to N2", state, 1.0)


# -- how many ---------------------------------------------------------------------------------
def test_one_connection_has_no_strip_and_keeps_its_keys(home: Home) -> None:
    opened = home.start("munich")
    assert opened.shell.strip is None
    assert opened.shell.windowTitle().startswith("Munich")
    views = opened.shell.current.window._tabs
    views.tabBar().setFocus()
    press(opened, Qt.Key.Key_Tab, CONTROL)
    assert views.currentIndex() == 1  # of the views, as ever


def test_keys_change_the_connection_and_only_what_is_seen_hears_them(
    opened: OpenConnections,
) -> None:
    munich, oslo = opened.shell.pages
    assert strip_of(opened).isVisible()
    assert opened.shell.current is oslo
    press(opened, Qt.Key.Key_F5)
    assert (worker_of(munich).refreshes, worker_of(oslo).refreshes) == (0, 1)
    press(opened, Qt.Key.Key_Tab, CONTROL)
    assert opened.shell.current is munich
    assert opened.shell.windowTitle().startswith("Munich")
    press(opened, Qt.Key.Key_F5)
    assert (worker_of(munich).refreshes, worker_of(oslo).refreshes) == (1, 1)
    press(opened, Qt.Key.Key_2, ALT)
    assert opened.shell.current is oslo
    press(opened, Qt.Key.Key_1, CONTROL)  # a view of the one in sight
    assert opened.shell.current is oslo
    press(opened, Qt.Key.Key_Tab, CONTROL, SHIFT)
    assert opened.shell.current is munich
    press(opened, Qt.Key.Key_9, ALT)
    assert opened.shell.current is munich


def test_the_worker_of_a_hidden_tab_is_told_that_nobody_looks(opened: OpenConnections) -> None:
    munich, oslo = opened.shell.pages
    assert worker_of(munich).attention[-1] is False
    assert worker_of(oslo).attention[-1] is True
    press(opened, Qt.Key.Key_1, ALT)
    assert worker_of(munich).attention[-1] is True
    assert worker_of(oslo).attention[-1] is False
    opened.shell.hide()
    assert worker_of(munich).attention[-1] is False
    opened.shell.show()
    assert worker_of(munich).attention[-1] is True
    assert worker_of(oslo).attention[-1] is False


def test_a_hidden_tab_makes_no_view_that_nobody_saw(home: Home) -> None:
    home.start("munich")
    assert home.opened is not None
    page = home.opened.new_page()
    for _ in range(10):
        QTest.qWait(20)
    assert page.window._table is None
    assert page.window._inspector is None
    home.opened.shell.show_page(page)
    for _ in range(10):
        QTest.qWait(20)
    assert page.window._inspector is not None


# -- mouse and menu ---------------------------------------------------------------------------
def test_a_click_a_drag_and_the_menu(opened: OpenConnections, home: Home, qtbot: QtBot) -> None:
    munich, oslo = opened.shell.pages
    bar = strip_of(opened).bar
    QTest.mouseClick(bar, Qt.MouseButton.LeftButton, pos=bar.tabRect(0).center())
    assert opened.shell.current is munich
    # A drag of the first behind the second, remembered at once.
    start, end = bar.tabRect(0).center(), bar.tabRect(1).center() + QPoint(30, 0)
    QTest.mousePress(bar, Qt.MouseButton.LeftButton, pos=start)
    for part in range(1, 11):
        QTest.mouseMove(bar, start + (end - start) * part / 10)
        QTest.qWait(5)
    QTest.mouseRelease(bar, Qt.MouseButton.LeftButton, pos=end)
    qtbot.waitUntil(lambda: opened.shell.pages == [oslo, munich])
    settle()
    known = settings_file.load(home.folder)[0]
    assert [tab.profile for tab in known.open_tabs] == ["oslo", "munich"]
    assert known.current_tab == 1
    # The menu of the other one, by the mouse.
    where = bar.tabRect(0).center()
    QTest.mouseClick(bar, Qt.MouseButton.RightButton, pos=where)
    from PySide6.QtGui import QContextMenuEvent

    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, where, bar.mapToGlobal(where))
    QApplication.sendEvent(bar, event)
    menu = opened.shell.findChild(QMenu, "connection_menu")
    assert menu is not None
    texts = [entry.text().replace("&", "") for entry in menu.actions()]
    assert texts == ["Close", "Close the others", "Reconnect", "Open another connection…"]
    before = len(worker_of(oslo).opened)
    menu.actions()[2].trigger()
    assert len(worker_of(oslo).opened) == before + 1
    assert len(worker_of(munich).opened) == 1
    menu.actions()[1].trigger()
    menu.close()
    settle()
    assert opened.shell.pages == [oslo]
    assert worker_of(oslo).is_closed is False


def test_closing_by_key_and_by_its_button_leaves_the_others(opened: OpenConnections) -> None:
    munich, oslo = opened.shell.pages
    their = worker_of(oslo)
    press(opened, Qt.Key.Key_W, CONTROL)
    assert opened.shell.pages == [munich]
    assert their.is_closed
    assert not worker_of(munich).is_closed
    assert not strip_of(opened).isVisible()
    opened.open_new()
    settle()
    bar = strip_of(opened).bar
    assert bar.tabText(1) == "New connection"
    button = bar.tabButton(1, QTabBar.ButtonPosition.RightSide)
    assert button.accessibleName() == "Close New connection"
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    settle()
    assert opened.shell.pages == [munich]
    # The last one leaves the doors.
    press(opened, Qt.Key.Key_W, CONTROL)
    (doors,) = opened.shell.pages
    assert doors.connector.page is not None
    assert doors.connector.page.isVisible()


def test_a_tab_closed_while_it_was_opening_starts_nothing(home: Home) -> None:
    opened = home.start("munich")
    opened.open_profile(OSLO)
    opened._is_sure = True
    page = opened.shell.current
    worker = worker_of(page)
    assert worker.opened == []  # where its journal is, is being looked up
    opened.close([page])
    settle()
    assert worker.opened == []
    assert worker.is_closed


def a_tab_that_was_closed(opened: OpenConnections, qtbot: QtBot) -> "list[weakref.ref[Any]]":
    """One that was looked at until all its views were there; what is left of its parts."""
    page = opened.open_new()
    settle()
    page.connector.open(at_nodes("Rome", "ro"))
    settle()
    page.store.replace(snapshot("small"))
    qtbot.waitUntil(lambda: page.window._table is not None)
    opened.close([page])
    parts = (page.window, page.store, page.session, page.connector, page)
    return [weakref.ref(part) for part in parts]


def test_a_closed_tab_leaves_nothing_behind(opened: OpenConnections, qtbot: QtBot) -> None:
    left = a_tab_that_was_closed(opened, qtbot)

    def is_gone() -> bool:
        settle(1)
        gc.collect()
        return all(one() is None for one in left)

    qtbot.waitUntil(is_gone)


def test_plus_opens_the_doors_and_a_known_connection_comes_to_the_front(
    opened: OpenConnections,
) -> None:
    munich, oslo = opened.shell.pages
    plus = opened.shell.findChild(QToolButton, "another_connection")
    assert plus is not None
    QTest.mouseClick(plus, Qt.MouseButton.LeftButton)
    settle()
    doors = opened.shell.current
    assert doors.name == "New connection"
    page = doors.connector.page
    assert page is not None
    assert page.list.count() == 2
    page.profile_opened.emit("munich")
    settle()
    assert opened.shell.current is munich
    assert opened.shell.pages == [munich, oslo]  # the doors are gone


def test_another_profile_of_the_same_cluster_does_not_open_beside_it(
    opened: OpenConnections, home: Home
) -> None:
    """Each worker holds its own locks of VMs: two at one cluster would not know of each other."""
    again = msgspec.structs.replace(MUNICH, id="munich-reader", name="Munich, reader")
    opened.open_profile(again)
    settle()
    assert len(opened.shell.pages) == 2
    assert opened.shell.current.name == "Munich"
    line = opened.shell.current.window.notice.findChild(object, "same_cluster")
    assert line is not None


def test_changed_settings_of_an_open_connection_are_used_by_reconnecting(
    opened: OpenConnections,
) -> None:
    munich, _oslo = opened.shell.pages
    changed = msgspec.structs.replace(MUNICH, name="Munich, new", cluster=OSLO.cluster)
    changed = msgspec.structs.replace(changed, cluster=ClusterEndpoint({"N9": "mu-9.contoso.com"}))
    opened.open_profile(MUNICH)
    assert munich.window.notice.findChild(QToolButton, "changed_profile_act") is None
    munich.connector.open(changed, {"cluster_password": "new"})
    settle()
    assert opened.shell.current is munich
    act = munich.window.notice.findChild(QToolButton, "changed_profile_act")
    assert act is not None
    assert len(worker_of(munich).opened) == 1  # nothing changes behind a person's back
    QTest.mouseClick(act, Qt.MouseButton.LeftButton)
    settle()
    profile, folder, secrets = worker_of(munich).opened[-1]
    assert (profile, secrets) == (changed, {"cluster_password": "new"})
    assert folder == worker_of(munich).opened[0][1]
    assert munich.name == "Munich, new"
    assert munich.window.notice.findChild(QToolButton, "changed_profile_act") is None


def test_another_start_that_asks_for_nothing_known_is_answered(opened: OpenConnections) -> None:
    opened.open_named("nowhere", "")
    settle()
    label = opened.shell.current.window.notice.findChild(QLabel, "asked")
    assert label is not None
    assert "nowhere, which is not known" in label.text()
    assert len(opened.shell.pages) == 2


# -- what a tab tells -------------------------------------------------------------------------
def test_a_tab_tells_the_worst_in_shape_count_and_words(opened: OpenConnections) -> None:
    munich, oslo = opened.shell.pages
    for page in (munich, oslo):
        page.store.replace(snapshot("degraded"))
        page.window.health.watch.finish_look()
    now = max(munich.store.inventory.cluster_wire.read_at or 0, 0) + 1
    state = state_of(munich, now)
    assert state.token == "critical"
    assert state.alarms > 3
    assert f"{state.alarms} open alarms." in state.words
    # Old is not good.
    stale = state_of(munich, now + 10_000)
    assert (stale.shape, stale.token) == ("question", "unknown")
    assert "stale" in stale.words
    # A worker that stopped says so, and the other one is as it was.
    fault = Fault(FaultCode.UNREACHABLE, "The background process stopped.")
    worker_of(munich).worker_fault = fault
    munich.bridge.worker_changed.emit()
    assert state_of(munich, now).words.startswith("The background process stopped.")
    assert state_of(oslo, now)[:2] == state[:2]
    assert state_of(oslo, now).alarms == state.alarms
    bar = strip_of(opened).bar
    assert "stopped" in bar.accessibleTabName(0)
    assert "stopped" in bar.tabToolTip(0)
    assert f"({state.alarms})" in bar.tabText(1)


def test_a_silent_wire_and_what_was_never_read_are_told(opened: OpenConnections) -> None:
    page = opened.shell.pages[0]
    before = state_of(page)
    assert (before.shape, before.token) == ("clock", "muted")  # read, and not judged yet
    page.window.health.watch.finish_look()
    fault = Fault(FaultCode.UNREACHABLE, "No node answers.")
    page.store.inventory.cluster_wire = WireReading(Wire.CLUSTER, read_at=100.0, faults=(fault,))
    state = state_of(page, 160.0)
    assert state.words.startswith("Cluster: No node answers. Data from 1 min")
    assert state.token == "unknown"
    page.store.inventory.cluster_wire = WireReading(Wire.CLUSTER, read_at=None, faults=(fault,))
    assert state_of(page, 160.0).words == "Cluster: No node answers. No open alarm."
    page.store.inventory.cluster_wire = WireReading(Wire.CLUSTER, read_at=None)
    assert "not read yet" in state_of(page, 160.0).words


def test_a_screen_reader_gets_each_tab(opened: OpenConnections) -> None:
    bar = strip_of(opened).bar
    interface = QAccessible.queryAccessibleInterface(bar)
    assert interface is not None
    names = [
        interface.child(at).text(QAccessible.Text.Name) for at in range(interface.childCount())
    ]
    assert any(name.startswith("Munich: ") for name in names)
    assert any(name.startswith("Oslo: ") for name in names)


def test_a_hostile_name_is_shown_as_text(opened: OpenConnections) -> None:
    bad = at_nodes("Evil", "evil")
    bad = msgspec.structs.replace(bad, name="A & <b>B</b> \u202eevil " + "x" * 50)
    opened.open_profile(bad)
    settle()
    bar = strip_of(opened).bar
    assert bar.tabText(2).startswith("A && <b>B</b> \u2039202E\u203a")
    assert "&lt;b&gt;" in bar.tabToolTip(2)
    assert bar.tabText(2).endswith("…")


# -- secrets ----------------------------------------------------------------------------------
def test_passwords_are_asked_for_when_a_tab_is_looked_at_and_never_in_a_burst(home: Home) -> None:
    for name in ("Munich", "Oslo", "Rome"):
        profile = at_nodes(name, name.lower(), user="CONTOSO\\grace")
        profiles.save(home.folder, profile)
    tabs = tuple(OpenTab(name.lower(), name=name) for name in ("Munich", "Oslo", "Rome"))
    settings_file.save(home.folder, Settings(open_tabs=tabs, current_tab=1))
    opened = home.start()
    shell = opened.shell
    assert shell.current.name == "Oslo"
    opened._open_next()
    settle()
    opened._open_next()
    settle()
    assert [page.name for page in shell.pages] == ["Munich", "Oslo", "Rome"]
    dialogs = shell.findChildren(AskSecret)
    assert len(dialogs) == 1
    assert state_of(shell.pages[0]).words.startswith("Waits for a password: look at this tab")
    field = dialogs[0].findChild(QLineEdit, "secret")
    assert field is not None
    QTest.keyClicks(field, "of-oslo")
    QTest.keyClick(field, Qt.Key.Key_Return)
    settle()
    shell.activateWindow()
    QTest.qWaitForWindowActive(shell)
    press(opened, Qt.Key.Key_1, ALT)
    (dialog,) = [each for each in shell.findChildren(AskSecret) if each.isVisible()]
    field = dialog.findChild(QLineEdit, "secret")
    assert field is not None
    QTest.keyClicks(field, "of-munich")
    QTest.keyClick(field, Qt.Key.Key_Return)
    settle()
    munich, oslo, rome = shell.pages
    assert [secrets for _, _, secrets in worker_of(munich).opened] == [
        {"cluster_password": "of-munich"}
    ]
    assert [secrets for _, _, secrets in worker_of(oslo).opened] == [
        {"cluster_password": "of-oslo"}
    ]
    assert worker_of(rome).opened == []
    assert "of-munich" not in (home.folder / "settings.json").read_text()


# -- remembering ------------------------------------------------------------------------------
def test_what_was_open_is_open_again_but_for_what_was_deleted(
    opened: OpenConnections, home: Home
) -> None:
    third = at_nodes("Rome", "ro")
    profiles.save(home.folder, third)
    opened.open_profile(third)
    settle()
    homes = [worker_of(page).opened[0][1] for page in opened.shell.pages]
    assert len(set(homes)) == 3
    press(opened, Qt.Key.Key_1, ALT)
    home.end()
    profiles.delete(home.folder, "oslo")
    again = home.start()
    assert again.shell.current.name == "Munich"
    # Not all are here yet: what is to come is not forgotten if the console ends now.
    assert [tab.profile for tab in home.settings.open_tabs] == ["munich", "oslo", "rome"]
    again._open_next()
    settle()
    again._open_next()
    settle()
    assert [page.name for page in again.shell.pages] == ["Munich", "Rome"]
    assert [worker_of(page).opened[0][1] for page in again.shell.pages] == [homes[0], homes[2]]


# -- leaving ----------------------------------------------------------------------------------
def test_closing_the_window_asks_once_and_names_all_that_is_under_way(
    opened: OpenConnections,
) -> None:
    munich, oslo = opened.shell.pages
    munich.store.operation_changed(a_move("app-01"), a_move("app-02"))
    oslo.store.operation_changed(
        *(a_move(f"sql-{at}") for at in range(7)), a_move("done", OperationState.SUCCEEDED)
    )
    opened.shell.close()
    (box,) = opened.shell.findChildren(QMessageBox)
    assert "Munich: Move app-01 to N2; Move app-02 to N2." in box.text()
    assert "Oslo: Move sql-0 to N2; " in box.text()
    assert "and 2 more." in box.text()
    assert "done" not in box.text()
    box.button(QMessageBox.StandardButton.Cancel).click()
    settle()
    assert opened.shell.isVisible()
    assert not worker_of(munich).is_closed
    # One tab asks for itself only.
    opened.close([munich])
    (box,) = [each for each in opened.shell.findChildren(QMessageBox) if each.isVisible()]
    assert "Oslo" not in box.text()
    next(each for each in box.buttons() if each.text() == "Close").click()
    settle()
    assert opened.shell.pages == [oslo]
    assert len(oslo.store.running()) == 7
    opened.shell.close()
    (box,) = [each for each in opened.shell.findChildren(QMessageBox) if each.isVisible()]
    next(each for each in box.buttons() if each.text() == "Close").click()
    settle()
    assert not opened.shell.isVisible()


def test_a_tab_with_an_unfinished_wizard_stays_and_each_has_a_draft_of_its_own(
    opened: OpenConnections, qtbot: QtBot
) -> None:
    munich, oslo = opened.shell.pages
    wizards = []
    for page in (munich, oslo):
        opened.shell.show_page(page)
        page.window.open_wizard()
        qtbot.waitUntil(lambda page=page: page.window.findChild(CreateVmWizard) is not None)
        wizard = page.window.findChild(CreateVmWizard)
        assert wizard is not None
        wizards.append(wizard)
    assert wizards[0]._folder == munich.session.home
    assert wizards[1]._folder == oslo.session.home != munich.session.home
    name = wizards[0].findChild(QLineEdit, "field_name")
    assert name is not None
    QTest.keyClicks(name, "app-77")
    opened.close([munich])
    settle()
    assert opened.shell.pages == [munich, oslo]
    assert opened.shell.current is munich
    assert wizards[0].findChild(QMessageBox, "wizard_leave") is not None
    for wizard in wizards:
        wizard._is_settled = True
        wizard.close()
    settle()


def test_a_question_of_a_hidden_tab_waits_until_it_is_looked_at(opened: OpenConnections) -> None:
    munich, _oslo = opened.shell.pages
    box = munich.window.ask.report("Exported", "It is done.")
    settle()
    assert not box.isVisible()
    press(opened, Qt.Key.Key_1, ALT)
    settle()
    assert box.isVisible()
    box.accept()
    settle()


# -- the palette ------------------------------------------------------------------------------
def test_the_palette_finds_vms_of_other_tabs_and_goes_there(opened: OpenConnections) -> None:
    munich, oslo = opened.shell.pages
    name = next(iter(munich.store.inventory.vms.values())).name
    oslo.store.replace(msgspec.structs.replace(snapshot("small"), vms=()))
    press(opened, Qt.Key.Key_K, CONTROL)
    field = opened.shell.findChild(QLineEdit, "palette_field")
    assert field is not None
    QTest.keyClicks(field, name)
    assert field.accessibleDescription() == f"{name}. VM of another open connection: Munich"
    QTest.keyClick(field, Qt.Key.Key_Return)
    settle()
    assert opened.shell.current is munich
    assert munich.window.map.selected_keys == [munich.window.map.cursor_key]
    vm = munich.store.inventory.vms[munich.window.map.cursor_key]
    assert vm.name == name


def test_the_palette_opens_another_connection(opened: OpenConnections) -> None:
    press(opened, Qt.Key.Key_K, CONTROL)
    field = opened.shell.findChild(QLineEdit, "palette_field")
    assert field is not None
    QTest.keyClicks(field, "open another connection")
    QTest.keyClick(field, Qt.Key.Key_Return)
    settle()
    assert opened.shell.current.name == "New connection"
