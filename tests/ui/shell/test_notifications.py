"""What happens in a tab reaches the desktop once, and a click goes back to where it came from."""

import time
from collections.abc import Iterator

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QLabel, QListWidget, QPushButton
from pytestqt.qtbot import QtBot

from console.model.freshness import Fault, FaultCode
from console.model.node import NodeState
from console.model.operation import OperationRecord, OperationState, StepEntry
from console.model.request import ChangePowerState, PowerAction
from console.model.snapshot import SnapshotDelta
from console.ui import state_file
from console.ui.file_thread import file_thread
from console.ui.notifications import opening
from console.ui.notifications.choices import Kind, Rule
from console.ui.notifications.choices_dialog import ChoicesDialog
from console.ui.notifications.notifier import Kept, Notifier
from console.ui.notifications.tray import Tray, TrayState
from console.ui.shell.open_connections import OpenConnections
from console.ui.shell.page import Page
from tests.ui.conftest import settle
from tests.ui.shell.connections import Home

replace = msgspec.structs.replace


class Shown:
    """In place of the desktop."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, str, str, bool]] = []

    def show(self, title: str, text: str, target: str, *, is_critical: bool) -> None:
        self.shown.append((title, text, target, is_critical))

    def close(self) -> None:
        pass


@pytest.fixture
def shown() -> Shown:
    return Shown()


@pytest.fixture
def notifier(
    home: Home,
    opened: OpenConnections,
    shown: Shown,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Notifier]:
    monkeypatch.setattr(Notifier, "_is_looking", lambda _: False)
    made = opening.begin(home.folder, opened, shown)
    qtbot.waitUntil(lambda: made._is_loaded)
    for page in opened.shell.pages:
        qtbot.waitUntil(lambda page=page: page.window.health.watch._is_loaded)
        page.window.health.watch.finish_look()
    yield made
    file_thread().finish()


def lose_a_node(page: Page) -> None:
    nodes = page.store.inventory.snapshot().nodes
    down = replace(nodes[0], state=NodeState.DOWN)
    page.store.apply(SnapshotDelta(nodes=(down, *nodes[1:])))
    page.window.health.watch.finish_look()


def ended(page: Page, state: OperationState, name: str = "op-1") -> OperationRecord:
    key = next(iter(page.store.inventory.vms))
    request = ChangePowerState(key, "app-01", PowerAction.RESTART)
    now = time.time()
    return OperationRecord(
        name,
        request,
        "Restart app-01",
        state,
        now,
        page.bridge.actor,
        ended_at=now,
        result="The guest did not answer.",
    )


def test_a_lost_node_with_all_its_vms_is_one_and_a_click_leads_there(
    opened: OpenConnections,
    notifier: Notifier,
    shown: Shown,
) -> None:
    munich = opened.shell.pages[0]
    lose_a_node(munich)
    notifier.decide_now()
    assert len(shown.shown) == 1
    title, text, target, is_critical = shown.shown[0]
    assert "is down" in title
    assert text.startswith("Munich: ")
    assert "Read " in text
    assert is_critical
    notifier.on_clicked(target)
    settle()
    assert opened.shell.current is munich
    chosen = munich.window.health.page.alarms.chosen
    assert chosen is not None
    assert chosen.alarm.title == title
    lose_a_node(munich)
    notifier.decide_now()
    assert len(shown.shown) == 1


def test_who_looks_at_the_window_is_not_told_twice(
    opened: OpenConnections,
    notifier: Notifier,
    shown: Shown,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Notifier, "_is_looking", lambda _: True)
    lose_a_node(opened.shell.pages[0])
    notifier.decide_now()
    assert shown.shown == []
    assert "looking at the window" in notifier.kept.memory.decisions[-1].why


def test_my_failed_operation_is_told_and_nobody_elses(
    opened: OpenConnections,
    notifier: Notifier,
    shown: Shown,
) -> None:
    page = opened.shell.pages[1]
    page.store.operation_changed(ended(page, OperationState.FAILED))
    page.store.operation_changed(
        replace(ended(page, OperationState.FAILED, "op-2"), actor="somebody else")
    )
    page.store.operation_changed(ended(page, OperationState.SUCCEEDED, "op-3"))
    notifier.decide_now()
    assert [each[0] for each in shown.shown] == ["Restart app-01: Failed"]
    assert "The guest did not answer." in shown.shown[0][1]
    notifier.on_clicked(shown.shown[0][2])
    settle()
    assert not page.window._docks["operations"].isHidden()


def test_what_was_told_before_a_restart_is_not_told_again(
    home: Home,
    opened: OpenConnections,
    notifier: Notifier,
    shown: Shown,
    qtbot: QtBot,
) -> None:
    lose_a_node(opened.shell.pages[0])
    notifier.decide_now()
    assert len(shown.shown) == 1
    file_thread().finish()
    again = Notifier(home.folder, shown, opened.shell)
    qtbot.waitUntil(lambda: again._is_loaded)
    assert again.kept.memory.told == notifier.kept.memory.told
    again.end()


def test_hostile_words_are_one_bounded_line(
    opened: OpenConnections,
    notifier: Notifier,
    shown: Shown,
) -> None:
    page = opened.shell.pages[0]
    hostile = "<b>x</b>\n\u202e" + "y" * 10_000
    page.store.operation_changed(replace(ended(page, OperationState.FAILED), title=hostile))
    notifier.decide_now()
    title = shown.shown[0][0]
    assert len(title) <= 300
    assert "\n" not in title
    assert "\u202e" not in title


def test_choices_by_keys_hold_at_once_and_are_kept(
    home: Home,
    opened: OpenConnections,
    notifier: Notifier,
    shown: Shown,
) -> None:
    opened.do("notifications", opened.shell.current)
    dialog = opened.shell.findChild(ChoicesDialog)
    assert dialog is not None
    dialog.activateWindow()
    settle()
    done = dialog.findChild(QCheckBox, "notify_done")
    assert done is not None
    done.setFocus()
    QTest.keyClick(done, Qt.Key.Key_Space)
    page = opened.shell.current
    page.store.operation_changed(ended(page, OperationState.SUCCEEDED))
    notifier.decide_now()
    assert [each[0] for each in shown.shown] == ["Restart app-01: Succeeded"]
    decisions = dialog.findChild(QListWidget, "notify_decisions")
    assert decisions is not None
    first = decisions.item(0)
    assert first is not None
    assert "told: rule: ended operation" in first.text()
    one = dialog.findChild(QPushButton, "notify_try")
    assert one is not None
    one.click()
    assert shown.shown[-1][0] == "This is how it looks"
    where = dialog.findChild(QLabel, "notify_where")
    assert where is not None
    assert where.text() == "This desktop shows them."
    file_thread().finish()
    kept = state_file.load(home.folder / "notifications.json", Kept)
    assert kept is not None
    assert [rule.is_on for rule in kept.choices.rules] == [True] * 4
    dialog.close()
    settle()


# -- what used to be silent --------------------------------------------------------------------
@pytest.mark.parametrize("state", [OperationState.UNKNOWN, OperationState.BLOCKED])
def test_what_nobody_knows_and_what_was_blocked_is_told(
    opened: OpenConnections, notifier: Notifier, shown: Shown, state: OperationState
) -> None:
    page = opened.shell.pages[0]
    step = StepEntry(time.time(), state, "contact was lost")
    record = replace(ended(page, state), steps=(step,), ended_at=None, result="")
    page.store.operation_changed(record)
    notifier.decide_now()
    assert [each[0] for each in shown.shown] == [f"Restart app-01: {state}"]
    if state is OperationState.UNKNOWN:
        assert "whether it was done is not known" in shown.shown[0][1]


def test_a_group_of_three_hundred_that_fails_is_told_in_one(
    opened: OpenConnections, notifier: Notifier, shown: Shown
) -> None:
    page = opened.shell.pages[0]
    records = [ended(page, OperationState.FAILED, f"op-{n}") for n in range(300)]
    page.store.operations |= {record.id: record for record in records}
    page.store.operations_changed.emit(tuple(record.id for record in records))
    notifier.decide_now()
    assert [each[0] for each in shown.shown] == ["At once: 300 failed operations"]


def test_a_listing_of_the_past_is_no_news(
    opened: OpenConnections, notifier: Notifier, shown: Shown
) -> None:
    page = opened.shell.pages[0]
    page.store.operation_changed(
        replace(ended(page, OperationState.FAILED), ended_at=time.time() - 3600)
    )
    notifier.decide_now()
    assert shown.shown == []


def test_who_looks_at_a_window_beside_it_looks(opened: OpenConnections, qtbot: QtBot) -> None:
    child = QLabel("beside", opened.shell, Qt.WindowType.Window)
    child.show()
    child.activateWindow()
    qtbot.waitUntil(child.isActiveWindow)
    assert not opened.shell.isActiveWindow()
    assert Notifier._is_looking(None)  # type: ignore[arg-type]
    child.deleteLater()
    settle()


def test_a_click_after_its_tab_was_closed_leads_to_the_tab_in_sight(
    opened: OpenConnections, notifier: Notifier, shown: Shown
) -> None:
    munich, oslo = opened.shell.pages
    lose_a_node(munich)
    notifier.decide_now()
    target = shown.shown[0][2]
    opened._is_sure = True
    opened.close([munich])
    settle()
    notifier.on_clicked(target)
    settle()
    assert opened.shell.current is oslo


# -- what is over ------------------------------------------------------------------------------
def come_back(page: Page) -> None:
    nodes = page.store.inventory.snapshot().nodes
    page.store.apply(SnapshotDelta(nodes=tuple(replace(n, state=NodeState.UP) for n in nodes)))
    page.window.health.watch.finish_look()


def read_now(page: Page) -> None:
    """Both planes answered just now."""
    inventory, now = page.store.inventory, time.time()
    arm, cluster = (
        replace(wire, read_at=now, faults=()) for wire in (inventory.arm, inventory.cluster_wire)
    )
    page.store.apply(SnapshotDelta(arm=arm, cluster_wire=cluster))


def test_that_a_node_is_back_is_told_with_how_long_it_was_gone(
    opened: OpenConnections, notifier: Notifier, shown: Shown
) -> None:
    page = opened.shell.pages[0]
    read_now(page)
    lose_a_node(page)
    notifier.decide_now()
    come_back(page)
    notifier.decide_now()
    assert [each[0].partition(":")[0] for each in shown.shown][1:] == ["Over"]
    assert "it stood for" in shown.shown[1][1]
    assert not shown.shown[1][3]


def test_not_known_any_more_is_not_over(
    opened: OpenConnections, notifier: Notifier, shown: Shown
) -> None:
    page = opened.shell.pages[0]
    read_now(page)
    lose_a_node(page)
    notifier.decide_now()
    wire = page.store.inventory.cluster_wire
    down = replace(wire, faults=(Fault(FaultCode.UNREACHABLE, "no node answers"),))
    page.store.apply(SnapshotDelta(cluster_wire=down))
    come_back(page)
    notifier.decide_now()
    assert not [each for each in shown.shown if each[0].startswith("Over")]
    read_now(page)
    page.window.health.watch.finish_look()
    notifier.decide_now()
    assert len([each for each in shown.shown if each[0].startswith("Over")]) == 1


def test_a_wire_that_a_new_worker_did_not_hear_yet_ends_no_alarm(
    opened: OpenConnections, notifier: Notifier, shown: Shown
) -> None:
    page = opened.shell.pages[0]
    read_now(page)
    lose_a_node(page)
    notifier.decide_now()
    known = page.store.inventory.snapshot()
    unheard = replace(known.cluster_wire, read_at=None, faults=())
    page.store.replace(replace(known, nodes=(), vms=(), cluster_wire=unheard))
    page.window.health.watch.finish_look()
    notifier.decide_now()
    assert len(shown.shown) == 1


def test_what_troubled_another_connection_is_not_over_here(
    opened: OpenConnections, notifier: Notifier, shown: Shown
) -> None:
    page = opened.shell.pages[0]
    read_now(page)
    lose_a_node(page)
    notifier.decide_now()
    page.window.health.begin("another")
    come_back(page)
    notifier.decide_now()
    assert len(shown.shown) == 1


# -- by hand, and before it is ready -----------------------------------------------------------
def test_quiet_for_an_hour_by_a_click_and_what_was_held_comes_at_its_end(
    opened: OpenConnections, notifier: Notifier, shown: Shown
) -> None:
    opened.do("notifications", opened.shell.current)
    dialog = opened.shell.findChild(ChoicesDialog)
    assert dialog is not None
    hour, end = (dialog.findChild(QPushButton, f"notify_quiet_{name}") for name in ("hour", "end"))
    assert hour is not None
    assert end is not None
    assert not end.isEnabled()
    QTest.mouseClick(hour, Qt.MouseButton.LeftButton)
    assert 3590 < notifier.kept.choices.quiet_until - time.time() <= 3600
    assert end.isEnabled()
    lose_a_node(opened.shell.pages[0])
    notifier.decide_now()
    assert shown.shown == []
    label = dialog.findChild(QLabel, "notify_by_hand")
    assert label is not None
    assert label.text().startswith("Quiet until ")
    QTest.mouseClick(end, Qt.MouseButton.LeftButton)
    assert [each[0] for each in shown.shown] == ["Meanwhile: 1 alarm"]
    assert not end.isEnabled()
    dialog.close()
    settle()


def test_before_it_is_ready_the_menu_says_so(opened: OpenConnections) -> None:
    opened.do("notifications", opened.shell.current)
    settle()
    texts = [each.text() for each in opened.shell.current.window.notice.findChildren(QLabel)]
    assert any("being made ready" in text for text in texts)


# -- rules -------------------------------------------------------------------------------------
def test_an_alarm_knows_its_nodes_tags_and_cluster(
    opened: OpenConnections, notifier: Notifier, shown: Shown
) -> None:
    page = opened.shell.pages[0]
    lost = next(iter(page.store.inventory.nodes))
    leave_out = Rule(Kind.ALARM, pattern=f"-node:{lost}")
    notifier.choose(replace(notifier.kept.choices, rules=(leave_out,)))
    lose_a_node(page)
    notifier.decide_now()
    assert shown.shown == []
    assert notifier.kept.memory.decisions[-1].why == "no rule takes it"
    only = Rule(Kind.ALARM, pattern=f"node:{lost} cluster:munich")
    notifier.choose(replace(notifier.kept.choices, rules=(only,)))
    come_back(page)
    lose_a_node(page)
    notifier.decide_now()
    assert len(shown.shown) == 1


# -- the icon ----------------------------------------------------------------------------------
@pytest.mark.qt_log_ignore("systemTrayWindowChanged", extend=True)  # no tray without a screen
def test_the_icon_is_never_better_than_what_is_known(opened: OpenConnections) -> None:
    tray = Tray(opened.shell)
    assert tray.state.token == "muted"
    follows = TrayState(tray, opened.shell)
    munich, oslo = opened.shell.pages
    for page in (munich, oslo):
        read_now(page)
        page.window.health.watch.finish_look()
    lose_a_node(oslo)
    follows.tell()
    assert tray.state.token == "critical"
    assert "Munich: " in tray.state.words
    assert "Oslo: " in tray.state.words
    come_back(oslo)
    wire = munich.store.inventory.cluster_wire
    old = replace(wire, read_at=time.time() - 4000)
    munich.store.apply(SnapshotDelta(cluster_wire=old))
    follows.tell()
    assert tray.state.token == "unknown"
    tray.close()
    tray.deleteLater()
    settle()
