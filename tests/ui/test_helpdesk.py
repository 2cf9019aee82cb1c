"""The helpdesk's window: found by typing, told in words, and nothing else can be done."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from console.model.request import ChangePowerState, LiveMigrate, PowerAction
from console.model.virtual_machine import PowerState
from console.settings import Settings
from console.ui.main_window import MainWindow
from console.ui.store import Store
from console.ui.views.helpdesk_page import HelpdeskPage
from tests.ui.conftest import RecordingBridge, answer, open_box, settle
from tests.ui.sample import snapshot


@pytest.fixture
def desk(store: Store, bridge: RecordingBridge, tmp_path: Path) -> Iterator[MainWindow]:
    store.replace(snapshot("degraded"))
    window = MainWindow(store, bridge, Settings(), tmp_path, is_helpdesk=True)  # type: ignore[arg-type]
    window.resize(1400, 900)
    window.show()
    settle(20)
    yield window
    window.close()
    window.deleteLater()
    settle()


def page_of(window: MainWindow) -> HelpdeskPage:
    return window.helpdesk.page


def chosen(window: MainWindow) -> str:
    return window._store.inventory.vms[page_of(window).chosen].name


def test_a_red_vm_is_found_and_explained_by_a_few_letters(desk: MainWindow, qtbot: QtBot) -> None:
    page = page_of(desk)
    qtbot.keyClicks(page.field, "sql")
    settle()
    assert chosen(desk) == "sql-01"
    assert "stands still" in page.story.text
    assert "storage network" in page.story.text
    qtbot.keyClick(page.field, Qt.Key.Key_Down)
    assert chosen(desk) != "sql-01"
    assert chosen(desk).startswith("sql-")


def test_the_sickest_is_told_of_until_somebody_asks_for_another(
    desk: MainWindow, qtbot: QtBot
) -> None:
    page, store = page_of(desk), desk._store
    store.replace(snapshot("small"))
    qtbot.waitUntil(lambda: page.list.count() > 1)
    store.replace(snapshot("degraded"))  # the rest of the site was read: another is the sickest
    qtbot.waitUntil(
        lambda: page.list.currentRow() == 0 and store.level_of(page.chosen) == "Critical"
    )
    qtbot.keyClick(page.field, Qt.Key.Key_Down)
    asked = page.chosen
    store.replace(snapshot("small"))
    qtbot.waitUntil(lambda: store.level_of(asked) != "Critical")
    settle(300)
    assert page.chosen == asked


def test_nothing_changes_beneath_a_button_that_has_the_focus(
    desk: MainWindow, qtbot: QtBot
) -> None:
    page, store = page_of(desk), desk._store
    qtbot.keyClick(page.field, Qt.Key.Key_Return)
    assert any(button.hasFocus() for button in page._buttons.values())
    before = page.chosen
    store.replace(snapshot("small"))
    settle(300)
    assert page.chosen == before


def test_why_something_cannot_be_done_is_in_sight(desk: MainWindow, qtbot: QtBot) -> None:
    page = page_of(desk)
    refusals = desk.findChild(QLabel, "helpdesk_refusals")
    assert refusals is not None
    qtbot.keyClicks(page.field, "sql-04")
    settle()
    assert refusals.isVisible()
    assert refusals.text().startswith("Restart: The Arc resource bridge is offline")
    assert "Start:" not in refusals.text().replace("Restart:", "")  # it runs: nobody asks
    desk._store.replace(snapshot("small"))
    qtbot.waitUntil(lambda: not refusals.isVisible())


def test_what_nobody_knows_is_not_told_as_a_fact(desk: MainWindow, qtbot: QtBot) -> None:
    page = page_of(desk)
    refusals = desk.findChild(QLabel, "helpdesk_refusals")
    assert refusals is not None
    qtbot.keyClicks(page.field, "web-90")  # on no node that is known
    settle()
    assert "nothing inside it answers" not in refusals.text()
    assert "Connect by Remote Desktop, Copy SSH command: Nobody knows" in refusals.text()


def test_a_screen_reader_hears_how_it_is_now(desk: MainWindow, qtbot: QtBot) -> None:
    page, store = page_of(desk), desk._store
    qtbot.keyClicks(page.field, "sql-01")
    settle()
    spoken = int(Qt.ItemDataRole.AccessibleTextRole)
    assert ", Critical." in page.list.item(0).data(spoken)
    store.replace(snapshot("small"))
    qtbot.waitUntil(lambda: store.level_of(page.chosen) != "Critical")
    qtbot.waitUntil(lambda: "Critical" not in page.list.item(0).data(spoken))


def test_by_address_and_by_user(desk: MainWindow, qtbot: QtBot) -> None:
    page, vms = page_of(desk), desk._store.inventory.vms
    one = next(v for v in vms.values() if v.cluster is not None and v.cluster.addresses)
    assert one.cluster is not None
    qtbot.keyClicks(page.field, one.cluster.addresses[0])
    assert page.list.count() >= 1
    assert one.name in {page.list.item(at).text() for at in range(page.list.count())}
    page.field.clear()
    qtbot.keyClicks(page.field, "no such user")
    assert page.list.count() == 0
    assert page.chosen == ""


def test_restart_is_asked_and_sent(desk: MainWindow, bridge: RecordingBridge, qtbot: QtBot) -> None:
    desk._store.replace(snapshot("small"))  # in the other one Azure does not answer
    page, vms = page_of(desk), desk._store.inventory.vms
    well = next(
        v
        for v in sorted(vms.values(), key=lambda v: v.name)
        if v.power is PowerState.RUNNING
        and not desk.actions_table.why_not(ChangePowerState(v.key, v.name, PowerAction.RESTART))
    )
    qtbot.keyClicks(page.field, well.name)
    settle()
    assert page.chosen == well.key
    page._buttons["power_restart"].click()
    answer(desk, "Restart")
    assert bridge.requests == [ChangePowerState(well.key, well.name, PowerAction.RESTART)]


def test_nothing_else_can_be_done(desk: MainWindow, bridge: RecordingBridge, qtbot: QtBot) -> None:
    table, vms = desk.actions_table, desk._store.inventory.vms
    vm = next(v for v in vms.values() if v.owner_node == "LAB-N1" and v.power == "Running")
    allowed = {"power_start", "power_restart", "remote_desktop", "copy_ssh", "copy_hand_over"}
    for entry in table.entries:
        what = ["LAB-N1"] if entry.scope.name == "NODE" else [vm.key]
        is_forbidden = "helpdesk mode" in table.why_not_now(entry, what)
        assert is_forbidden is (entry.id not in allowed), entry.id
    table.submit(LiveMigrate(vm.key, vm.name, "LAB-N1", "LAB-N2"))
    assert bridge.requests == []
    desk.show_map()
    settle(10)
    start = desk.map.tile_rect(vm.key).center()
    qtbot.mousePress(desk.map.viewport(), Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(desk.map.viewport(), start + QPoint(80, 0))
    assert desk.map.lifted is None
    qtbot.mouseRelease(desk.map.viewport(), Qt.MouseButton.LeftButton, pos=start)


def test_the_card_can_be_pasted_into_a_ticket(desk: MainWindow, qtbot: QtBot) -> None:
    page = page_of(desk)
    qtbot.keyClicks(page.field, "sql-01")
    settle()
    page._buttons["copy_hand_over"].click()
    text = QGuiApplication.clipboard().text()
    for word in (
        "sql-01",
        "LAB-N4",
        "storage network",
        "Who can put it right",
        "Read from cluster",
    ):
        assert word in text
    assert "\t" not in text


def test_remote_desktop_gets_a_file_of_its_own(desk: MainWindow, qtbot: QtBot) -> None:
    opened: list[str] = []
    vms = desk._store.inventory.vms
    vm = next(v for v in vms.values() if v.power is PowerState.RUNNING and v.cluster.addresses)  # type: ignore[union-attr]
    reaching = desk.reaching
    reaching._open_file = lambda path: opened.append(path.read_text(encoding="ascii")) or True  # type: ignore[func-returns-value]
    reaching.remote_desktop(vm.key)
    settle(10)
    assert len(opened) == 1
    assert vm.cluster is not None
    assert vm.cluster.addresses[0] in opened[0]


def test_without_a_program_it_says_where_the_file_is(desk: MainWindow, qtbot: QtBot) -> None:
    vms = desk._store.inventory.vms
    vm = next(v for v in vms.values() if v.power is PowerState.RUNNING and v.cluster.addresses)  # type: ignore[union-attr]
    desk.reaching._open_file = lambda path: False
    desk.reaching.remote_desktop(vm.key)
    settle(10)
    box = open_box(desk)
    assert ".rdp" in box.text() + box.informativeText()
    box.close()
