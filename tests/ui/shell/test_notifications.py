"""What happens in a tab reaches the desktop once, and a click goes back to where it came from."""

import time
from collections.abc import Iterator

import msgspec
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QCheckBox, QLabel, QListWidget, QPushButton
from pytestqt.qtbot import QtBot

from console.model.node import NodeState
from console.model.operation import OperationRecord, OperationState
from console.model.request import ChangePowerState, PowerAction
from console.model.snapshot import SnapshotDelta
from console.ui import state_file
from console.ui.file_thread import file_thread
from console.ui.notifications import opening
from console.ui.notifications.choices_dialog import ChoicesDialog
from console.ui.notifications.notifier import Kept, Notifier
from console.ui.shell.open_connections import OpenConnections
from console.ui.shell.page import Page
from tests.ui.conftest import settle
from tests.ui.shell.test_tabs import Home, home, opened  # noqa: F401 - fixtures

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
    home: Home,  # noqa: F811
    opened: OpenConnections,  # noqa: F811
    shown: Shown,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Notifier]:
    monkeypatch.setattr(opened.shell, "isActiveWindow", lambda: False)
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
    opened: OpenConnections,  # noqa: F811
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
    opened: OpenConnections,  # noqa: F811
    notifier: Notifier,
    shown: Shown,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(opened.shell, "isActiveWindow", lambda: True)
    lose_a_node(opened.shell.pages[0])
    notifier.decide_now()
    assert shown.shown == []
    assert "looking at the window" in notifier.kept.memory.decisions[-1].why


def test_my_failed_operation_is_told_and_nobody_elses(
    opened: OpenConnections,  # noqa: F811
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
    home: Home,  # noqa: F811
    opened: OpenConnections,  # noqa: F811
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
    opened: OpenConnections,  # noqa: F811
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
    home: Home,  # noqa: F811
    opened: OpenConnections,  # noqa: F811
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
    assert [rule.is_on for rule in kept.choices.rules] == [True, True, True]
    dialog.close()
    settle()
