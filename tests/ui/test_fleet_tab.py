"""The fleet in the main window: one red VM among 100,000 in six key strokes; nothing acts there."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, Signal
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QToolButton

from console.model.freshness import Fault, FaultCode
from console.settings import Settings
from console.ui import theme
from console.ui.actions import Scope
from console.ui.fleet_tab import FleetTab
from console.ui.main_window import MainWindow
from console.ui.store import Store
from tests.fleet_sample import fleet_snapshot
from tests.ui.conftest import RecordingBridge, settle


class FleetBridge(RecordingBridge):
    fleet_changed = Signal(object)
    fleet_told = Signal(object, object)


@pytest.fixture
def tab(qapp: QApplication, tmp_path: Path) -> Iterator[FleetTab]:
    theme.apply("light")
    bridge, store = FleetBridge(), Store()
    main = MainWindow(store, bridge, Settings(), tmp_path, "fleet")  # type: ignore[arg-type]
    made = FleetTab(main, bridge, tmp_path)  # type: ignore[arg-type]
    main.resize(1360, 860)
    main.show()
    QTest.qWaitForWindowExposed(main)
    settle()
    yield made
    main.close()
    main.deleteLater()
    settle()


def _window(tab: FleetTab) -> MainWindow:
    window = tab.page.window()
    assert isinstance(window, MainWindow)
    return window


def test_a_red_vm_is_found_and_explained_with_six_keys_among_100_000(tab: FleetTab, qtbot) -> None:
    tab.load_stored(fleet_snapshot(100_000, 500))
    settle()
    window, page = _window(tab), tab.page
    window._tabs.setCurrentIndex(0)
    strokes = 0

    def press(key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        nonlocal strokes
        strokes += 1
        target = QApplication.focusWidget() or window
        QTest.keyClick(target, key, modifier)
        settle()

    control = Qt.KeyboardModifier.ControlModifier
    press(Qt.Key.Key_4, control)  # the fleet
    press(Qt.Key.Key_F, control)  # its search
    for letter in "sql":  # what the caller said
        press(Qt.Key(ord(letter.upper())))
    press(Qt.Key.Key_F8)  # the next red one
    assert strokes == 6
    qtbot.waitUntil(lambda: page.list.cursor_slot >= 0)
    slot = page.list.cursor_slot
    assert tab.store.texts["name"][slot].startswith("sql-")
    assert tab.store.level(slot).name == "CRITICAL"
    told = page.story.story.text
    assert tab.store.texts["name"][slot] in told
    assert "What to try" in told
    assert tab.store.word("error", slot) in told
    assert page.story.isVisible()


def test_nothing_acts_on_a_vm_whose_cluster_is_not_open(tab: FleetTab) -> None:
    tab.load_stored(fleet_snapshot())
    window = _window(tab)
    tab.page.next_red()
    assert tab.page.list.selected
    assert window.selected_keys == []
    assert list(window.selected(Scope.ONE_VM)) == []


def test_docks_of_the_open_cluster_step_aside_and_come_back(tab: FleetTab) -> None:
    window = _window(tab)
    tab.load_stored(fleet_snapshot())
    assert all(dock.isHidden() for dock in window._docks.values())
    window._tabs.setCurrentIndex(0)
    settle()
    assert not any(dock.isHidden() for dock in window._docks.values())


def test_a_cluster_that_nobody_told_how_to_reach_is_said_and_listed(tab: FleetTab) -> None:
    tab.load_stored(fleet_snapshot())
    arm_id = next(iter(tab.store.clusters))
    wanted: list[str] = []
    tab.site_wanted.connect(wanted.append)
    tab.page.cluster_wanted.emit(arm_id)
    tab.page.rows.finish()
    line = _window(tab).notice.findChild(QLabel, "fleet")
    assert line is not None
    assert "not in this profile" in line.text()
    assert _window(tab).notice.findChild(QToolButton, "fleet_act") is None
    settle()
    tab.can_be_told = True
    told: list[str] = []
    tab.reach_wanted.connect(told.append)
    tab.page.cluster_wanted.emit(arm_id)
    settle()
    act = _window(tab).notice.findChild(QToolButton, "fleet_act")
    assert act is not None
    act.click()
    assert told == [arm_id]
    assert wanted == []
    codes = {tab.store.word("cluster", slot) for slot in tab.page.rows.visible}
    assert codes == {arm_id}
    tab.sites = frozenset({arm_id})
    tab.page.cluster_wanted.emit(arm_id)
    assert wanted == [arm_id]
    # It opens in a tab of its own: the fleet stays in sight.
    assert _window(tab)._tabs.currentWidget() is tab.page


def test_a_stored_fleet_that_does_not_fit_is_left(tab: FleetTab) -> None:
    import msgspec

    snapshot = fleet_snapshot()
    columns = {**snapshot.part.columns, "power": b"123"}
    broken = msgspec.structs.replace(
        snapshot, part=msgspec.structs.replace(snapshot.part, columns=columns)
    )
    tab.load_stored(broken)
    assert tab.store.count == 0


def test_without_a_fleet_its_key_says_so(window: MainWindow) -> None:
    before = window._tabs.currentIndex()
    QTest.keyClick(window, Qt.Key.Key_4, Qt.KeyboardModifier.ControlModifier)
    settle()
    assert window._tabs.currentIndex() == before
    texts = [label.text() for label in window._notice.findChildren(QLabel)]
    assert any("covers one cluster" in text for text in texts)


def test_the_status_bar_tells_no_age_of_a_cluster_that_is_not_open(tab: FleetTab) -> None:
    """But what becomes of the worker, also after the page to start with has gone."""
    strip = _window(tab).strip
    strip.is_idle = False
    strip.tell()
    assert not strip._cluster.isVisible()
    assert not strip._azure.isVisible()
    assert strip._worker.text() != "Not connected"
    strip._bridge.worker_fault = Fault(FaultCode.TIMED_OUT, "The worker was lost.")
    strip.tell()
    assert strip._worker.text() == "The worker was lost."
