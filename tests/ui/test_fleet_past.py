"""The fleet's past in the window: what changed, a VM's own timeline, and the fleet as it was."""

import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import QDateTime, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QToolButton
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from console.health.fleet import LEVELS
from console.health.levels import HealthLevel
from console.model.change import AZURE, Change
from console.model.fleet import NO_LEVEL, FleetSnapshot
from console.model.fleet_moment import FleetMoment
from console.model.freshness import Fault, FaultCode
from console.settings import Settings
from console.ui import theme
from console.ui.bridge import OnChore, chores
from console.ui.fleet_tab import FleetTab
from console.ui.main_window import MainWindow
from console.ui.past.fleet_past_window import FleetPastWindow
from console.ui.store import Store
from tests.fleet_sample import fleet_snapshot
from tests.ui.conftest import RecordingBridge, settle
from tests.ui.test_fleet_tab import FleetBridge

HOUR = 3600.0


@pytest.fixture
def bridge() -> FleetBridge:
    return FleetBridge()


@pytest.fixture
def tab(qapp: QApplication, bridge: FleetBridge, tmp_path: Path) -> Iterator[FleetTab]:
    theme.apply("light")
    store = Store()
    main = MainWindow(store, bridge, Settings(), tmp_path, "fleet")  # type: ignore[arg-type]
    made = FleetTab(main, bridge, tmp_path)  # type: ignore[arg-type]
    made.load_stored(fleet_snapshot(400, 6))
    made.store.is_stored = False  # and read since
    made.page.begin("the-fleet")
    main.resize(1360, 860)
    main.show()
    QTest.qWaitForWindowExposed(main)
    settle()
    yield made
    main.close()
    main.deleteLater()
    settle()


def window(tab: FleetTab) -> MainWindow:
    found = tab.page.window()
    assert isinstance(found, MainWindow)
    return found


def asked(bridge: RecordingBridge, kind: type) -> tuple[chores.Ask, OnChore]:
    """The newest question of this kind."""
    return next(each for each in reversed(bridge.chores) if isinstance(each[0], kind))


def has_asked(bridge: RecordingBridge, kind: type, subject: str = "") -> bool:
    return any(
        isinstance(question, kind) and getattr(question, "subject", subject) == subject
        for question, _ in bridge.chores
    )


def key_of(tab: FleetTab, slot: int) -> str:
    return tab.store.arm_id(slot).lower()


def paused(tab: FleetTab, slot: int, at: float) -> Change:
    name = tab.store.texts["name"][slot]
    return Change(at, f"vm:{key_of(tab, slot)}", name, AZURE, "State in Azure", "Running", "Paused")


def tell_changes(bridge: RecordingBridge, *found: Change, back_to: float | None = 1.0) -> None:
    question, on_answer = asked(bridge, chores.ReadFleetChanges)
    on_answer(chores.FleetChangesRead(question.token, found, back_to))
    settle()


def test_what_changed_is_a_part_of_the_page_and_its_rows_lead_to_the_vm(
    tab: FleetTab, bridge: FleetBridge, qtbot: QtBot
) -> None:
    window(tab).health.open(2)  # View > What changed, with the fleet in front
    assert tab.page.changes is not None
    qtbot.waitUntil(lambda: has_asked(bridge, chores.ReadFleetChanges))
    tell_changes(bridge, paused(tab, 7, time.time() - 60))
    rows = tab.page.changes.list
    assert "State in Azure: Running → Paused" in rows.item(0).text()
    summary = tab.page.changes.findChild(QLabel, "changes_summary")
    assert summary is not None
    assert summary.text().startswith("1 change since you looked")
    tab.page.search.setText("nothing is called so")
    rows.setFocus()
    QTest.keyClick(rows, Qt.Key.Key_Return)
    settle()
    assert tab.page.list.cursor_slot == 7
    assert tab.page.search.text() == ""  # it would have hidden the row


def test_a_vm_that_is_gone_meanwhile_is_said_so(tab: FleetTab, bridge: FleetBridge) -> None:
    said: list[str] = []
    tab.page.said.connect(said.append)
    tab.store.levels[9] = NO_LEVEL
    tab.page.show_vm(key_of(tab, 9))
    assert "is gone" in said[0]


def test_a_count_or_a_cluster_leads_from_what_changed_to_its_rows(
    tab: FleetTab, bridge: FleetBridge, qtbot: QtBot
) -> None:
    tab.page.show_changes()
    qtbot.waitUntil(lambda: has_asked(bridge, chores.ReadFleetChanges))
    arm_id, cluster = next(iter(tab.store.clusters.items()))
    change = Change(1.0, f"cluster:{arm_id}", cluster.name, AZURE, "Azure connection", "a", "b")
    tell_changes(bridge, change)
    assert tab.page.changes is not None
    QTest.keyClick(tab.page.changes.list, Qt.Key.Key_Return)
    settle()
    assert tab.page.stack.currentIndex() == 1
    assert tab.page.search.text() == f'cluster:"{cluster.name}"'
    tab.page.show_changes()
    QTest.mouseClick(tab.page._counts[HealthLevel.OFF], Qt.MouseButton.LeftButton)
    assert tab.page.stack.currentIndex() == 1


def test_who_rests_on_a_vm_reads_what_changed_of_it(
    tab: FleetTab, bridge: FleetBridge, qtbot: QtBot
) -> None:
    tab.page.show_part(1)
    for row in range(5):
        tab.page.list.set_cursor(row)  # running through a list asks nothing
    slot = tab.page.list.cursor_slot
    subject = f"vm:{key_of(tab, slot)}"
    qtbot.waitUntil(lambda: has_asked(bridge, chores.ReadFleetChanges, subject))
    questions = [one for one, _ in bridge.chores if isinstance(one, chores.ReadFleetChanges)]
    assert [one.subject for one in questions if one.subject] == [subject]
    story = tab.page.findChild(QLabel, "fleet_story_changes")
    assert story is not None
    tell_changes(bridge, *(paused(tab, slot, 1e9 + at) for at in range(9)))
    assert story.text().count("Running → Paused") == 6
    assert story.text().endswith("and 3 more before")
    tell_changes(bridge, back_to=1e9)
    assert story.text().startswith("Nothing of it changed since")
    tell_changes(bridge, back_to=None)
    assert story.text() == "No past of it is stored yet."
    question, on_answer = asked(bridge, chores.ReadFleetChanges)
    tab.page.list.set_cursor(60)
    assert not story.isVisible()  # that was of another VM
    on_answer(chores.FleetChangesRead(question.token, (paused(tab, slot, 1e9),), 1.0))
    assert not story.isVisible()


def a_moment(
    at: float,
    snapshot: FleetSnapshot,
    healthy: tuple[int, ...] = (),
    gone: tuple[int, ...] = (),
) -> FleetMoment:
    levels = bytearray(snapshot.part.columns["level"])
    for slot in gone:
        levels[slot] = NO_LEVEL
    for slot in healthy:
        levels[slot] = LEVELS.index(HealthLevel.HEALTHY)
    part = msgspec.structs.replace(
        snapshot.part, columns={**snapshot.part.columns, "level": bytes(levels)}
    )
    then = msgspec.structs.replace(snapshot, part=part)
    return FleetMoment(at, then, at - 60, earlier=at - 60, first=at - HOUR, last=at + HOUR)


def past_of(tab: FleetTab, bridge: FleetBridge, qtbot: QtBot, **more: object) -> FleetPastWindow:
    """An hour ago, opened by its keys."""
    QTest.keyClick(
        window(tab),
        Qt.Key.Key_B,
        Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier,
    )
    assert tab.past is not None
    answer_moment(bridge, **more)
    past = tab.past
    qtbot.waitUntil(lambda: past.moment.snapshot is not None)
    settle()
    return past


def answer_moment(
    bridge: FleetBridge,
    healthy: tuple[int, ...] = (),
    gone: tuple[int, ...] = (),
    **more: object,
) -> None:
    question, on_answer = asked(bridge, chores.ReadFleetMoment)
    assert isinstance(question, chores.ReadFleetMoment)
    moment = a_moment(question.at, fleet_snapshot(400, 6), healthy, gone)
    moment = msgspec.structs.replace(moment, **more)
    on_answer(chores.FleetMomentRead(question.token, moment))


def test_the_fleet_as_it_was_is_unmistakable_and_nothing_acts(
    tab: FleetTab, bridge: FleetBridge, qtbot: QtBot
) -> None:
    red = 11
    tab.store.levels[red] = LEVELS.index(HealthLevel.CRITICAL)
    past = past_of(tab, bridge, qtbot, healthy=(red,), unread=("Sites Berlin",))
    assert past.windowTitle().startswith("THE PAST of the fleet")
    assert "THE PAST" in past.findChild(QLabel, "past_band").text()  # type: ignore[union-attr]
    belief = past.findChild(QLabel, "past_belief")
    assert belief is not None
    assert belief.text().endswith("no console had read it by then: Sites Berlin.")
    assert past.store.level(red) is HealthLevel.HEALTHY
    assert tab.store.level(red) is HealthLevel.CRITICAL
    assert past._now.text() == "Now: 1 VM critical."
    past.page.show_part(1)
    past.page.list.set_cursor(0)
    assert not past.page.story.open.isVisible()
    past.page.list.activated.emit(0)
    assert "Nothing can be done in the past" in belief.text()
    assert past.page.findChild(QToolButton, "fleet_go_back") is None
    assert past.page.findChild(QToolButton, "fleet_show_changed") is None
    QTest.keyClick(past, Qt.Key.Key_Escape)
    settle()
    assert not isValid(past)  # Esc is back to now


def test_a_chosen_vm_stays_chosen_from_moment_to_moment(
    tab: FleetTab, bridge: FleetBridge, qtbot: QtBot
) -> None:
    past = past_of(tab, bridge, qtbot)
    past.page.show_part(1)
    past.page.list.set_cursor(5)
    key = past.store.arm_id(past.page.list.cursor_slot).lower()
    QTest.keyClick(past, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    answer_moment(bridge)
    settle()
    qtbot.waitUntil(lambda: past.moment.asked_at == asked_at(bridge))
    assert past.store.arm_id(past.page.story.slot).lower() == key
    # A moment at which it is not there does not forget it.
    past.page.list.selected = {1, 2, 3}
    for is_there in (False, True):
        past.go(past.moment.asked_at - 60)
        answer_moment(bridge, gone=() if is_there else (past.page.story.slot,))
        qtbot.waitUntil(lambda: past.moment.asked_at == asked_at(bridge))
        settle()
        assert past.page.list.selected == set()  # those were slots of another moment
        assert past.page.story._title.text() == (
            past.store.texts["name"][past.page.story.slot]
            if is_there
            else "This VM was not there at that moment."
        )
    assert past.store.arm_id(past.page.story.slot).lower() == key
    past.close()


def asked_at(bridge: FleetBridge) -> float:
    question, _ = asked(bridge, chores.ReadFleetMoment)
    assert isinstance(question, chores.ReadFleetMoment)
    return question.at


def compared(bridge: FleetBridge) -> chores.CompareFleet:
    question, _ = asked(bridge, chores.CompareFleet)
    assert isinstance(question, chores.CompareFleet)
    return question


def test_a_moment_is_compared_with_now_and_with_another(
    tab: FleetTab, bridge: FleetBridge, qtbot: QtBot
) -> None:
    past = past_of(tab, bridge, qtbot)
    view, summary = past.compare, past.findChild(QLabel, "fleet_compare_summary")
    assert summary is not None
    assert compared(bridge).since == past.moment.asked_at
    assert abs(compared(bridge).until - time.time()) < 60
    question, on_answer = asked(bridge, chores.CompareFleet)
    found = (paused(tab, 3, time.time() - 5), paused(tab, 4, time.time() - 9))
    on_answer(chores.FleetCompared(question.token, found, 5_000, 1.0))
    assert summary.text().startswith("5,000 differences between")
    assert summary.text().endswith("The newest 2 are shown.")
    past.tabs.setCurrentIndex(1)
    settle()
    # The other side is earlier: then that is where it begins.
    view.with_what.setCurrentIndex(1)
    earlier = past.moment.asked_at - 600
    view.other.setDateTime(QDateTime.fromMSecsSinceEpoch(int(earlier) * 1000))
    go = past.findChild(QPushButton, "fleet_compare_go")
    assert go is not None
    QTest.mouseClick(go, Qt.MouseButton.LeftButton)
    assert (compared(bridge).since, compared(bridge).until) == (
        int(earlier),
        past.moment.asked_at,
    )
    question, on_answer = asked(bridge, chores.CompareFleet)
    on_answer(chores.FleetCompared(question.token, found[:1], 1, earlier + 60))
    assert summary.text().startswith("1 difference between")
    assert "The stored past begins only at" in summary.text()
    view.list.setFocus()
    QTest.keyClick(view.list, Qt.Key.Key_Return)
    settle()
    assert past.tabs.currentIndex() == 0
    assert past.page.list.cursor_slot == 3
    view.look()
    _, on_answer = asked(bridge, chores.CompareFleet)
    on_answer(None)
    assert "worker stopped" in summary.text()
    past.close()


def test_a_moment_that_cannot_be_told_is_said_and_the_old_one_stays(
    tab: FleetTab, bridge: FleetBridge, qtbot: QtBot
) -> None:
    past = past_of(tab, bridge, qtbot)
    kept, belief = past.moment, past._belief
    past.go(5.0)
    question, on_answer = asked(bridge, chores.ReadFleetMoment)
    fault = Fault(FaultCode.MALFORMED, "It cannot be read.", remedy="Choose another.")
    on_answer(chores.FleetMomentRead(question.token, FleetMoment(5.0), fault))
    assert belief.text() == "It cannot be read. Choose another."
    past.go(6.0)
    _, on_answer = asked(bridge, chores.ReadFleetMoment)
    on_answer(None)
    assert "worker stopped" in belief.text()
    past.go(7.0)
    question, on_answer = asked(bridge, chores.ReadFleetMoment)
    broken = a_moment(7.0, fleet_snapshot(400, 6))
    assert broken.snapshot is not None
    columns = {**broken.snapshot.part.columns, "name": b"one"}
    part = msgspec.structs.replace(broken.snapshot.part, columns=columns)
    torn = msgspec.structs.replace(broken.snapshot, part=part)
    on_answer(
        chores.FleetMomentRead(question.token, msgspec.structs.replace(broken, snapshot=torn))
    )
    qtbot.waitUntil(lambda: "does not fit together" in belief.text())
    assert past.moment is kept
    past.close()
