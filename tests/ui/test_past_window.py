"""The cluster as it was, by real keys: unmistakable, nothing acts, and the way back is short."""

import time
from typing import Any

import msgspec
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QMenu, QPushButton, QTreeWidget
from pytestqt.qtbot import QtBot

from console.channel import chores
from console.model.change import changes
from console.model.freshness import Fault, FaultCode
from console.model.moment import Moment
from console.model.settled import as_of, settled
from console.model.snapshot import ClusterSnapshot
from console.ui.bridge import ChangesRead, OnChanges, OnChore
from console.ui.main_window import MainWindow
from console.ui.past.past_window import PastWindow
from console.ui.store import Store
from tests.ui.conftest import settle
from tests.ui.sample import snapshot

NOW = time.time()
replace = msgspec.structs.replace


def moved(live: ClusterSnapshot) -> ClusterSnapshot:
    """As it was before: the first VM ran on the last node."""
    vm = live.vms[0]
    assert vm.cluster is not None
    was = replace(vm, cluster=replace(vm.cluster, owner_node=live.nodes[-1].name))
    return replace(live, vms=(was, *live.vms[1:]))


class Stored:
    """Answers as the worker does, from two moments; counts what else it is asked for."""

    def __init__(self, live: ClusterSnapshot) -> None:
        self.live = live
        self.asked: list[float] = []
        self.waiting: list[tuple[chores.ReadMoment, OnChore]] = []
        self.given_up: list[str] = []

    def ask_chore(self, question: chores.Ask, on_answer: OnChore) -> None:
        assert isinstance(question, chores.ReadMoment)
        self.asked.append(question.at)
        self.waiting.append((question, on_answer))

    def give_up_chore(self, token: str) -> None:
        self.given_up.append(token)

    def answer(self, **more: Any) -> None:
        question, on_answer = self.waiting.pop()
        at = question.at
        then = as_of(settled(moved(self.live), at), at)
        told = {"earlier": NOW - 9000, "later": NOW - 1000, "first": NOW - 90_000, "last": NOW}
        moment = replace(Moment(at, then, at - 60, **told), **more)  # type: ignore[arg-type]
        on_answer(chores.MomentRead(question.token, moment))

    def read_changes(
        self, subject: str, since: float, on_read: OnChanges, until: float | None = None
    ) -> None:
        then = as_of(settled(moved(self.live), since), since)
        found = changes(then, as_of(settled(self.live, NOW), NOW), NOW - 60)
        on_read(ChangesRead("", tuple(c for c in found if subject in ("", c.subject)), since))


@pytest.fixture
def live(store: Store) -> ClusterSnapshot:
    known = snapshot("small")
    store.replace(known)
    return known


@pytest.fixture
def stored(live: ClusterSnapshot) -> Stored:
    return Stored(live)


@pytest.fixture
def past(window: MainWindow, store: Store, stored: Stored) -> PastWindow:
    made = PastWindow(store, stored, lambda: 2, window)
    made.show()
    made.go(NOW - 7200)
    stored.answer()
    made.activateWindow()
    settle()
    return made


def text(past: PastWindow, name: str) -> str:
    found = past.findChild(QLabel, name)
    assert found is not None
    return found.text()


def test_it_is_unmistakably_the_past(past: PastWindow, live: ClusterSnapshot) -> None:
    assert text(past, "past_band").startswith("THE PAST: ")
    assert "2 h ago" in text(past, "past_band")
    assert past.windowTitle().startswith("THE PAST of ")
    assert text(past, "past_now") == "Now: 2 open alarms."
    assert past.store.inventory.vms[live.vms[0].key].owner_node == live.nodes[-1].name


def test_what_was_fresh_then_is_judged_by_the_clock_of_then(past: PastWindow) -> None:
    assert not past.store.surroundings().is_cluster_silent


def test_nothing_acts_there(past: PastWindow, qtbot: QtBot) -> None:
    assert not past.map.can_lift
    past.map.menu_wanted.emit(past.mapToGlobal(QPoint(30, 30)))
    menu = past.findChild(QMenu)
    assert menu is not None
    assert [action.text() for action in menu.actions() if action.isEnabled()] == ["&Back to now"]
    menu.close()
    other = QMenu(past)
    past.table._actions.fill_menu(other, [])
    assert not any(action.isEnabled() for action in other.actions())
    other.deleteLater()


def test_keys_step_through_changes_and_escape_goes_back(past: PastWindow, stored: Stored) -> None:
    QTest.keyClick(past, Qt.Key.Key_Left, Qt.KeyboardModifier.AltModifier)
    assert stored.asked[-1] == NOW - 9000
    stored.answer(earlier=None)
    earlier = past.findChild(QPushButton, "past_earlier")
    assert earlier is not None
    assert not earlier.isEnabled()
    QTest.keyClick(past, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    assert stored.asked[-1] == NOW - 1000
    stored.answer()
    QTest.keyClick(past, Qt.Key.Key_Escape)
    assert not past.isVisible()


def test_an_answer_that_was_overtaken_is_not_shown(past: PastWindow, stored: Stored) -> None:
    past.go(NOW - 5000)
    late = stored.waiting.pop()
    past.go(NOW - 4000)
    assert stored.given_up
    then = as_of(settled(stored.live, NOW - 5000), NOW - 5000)
    late[1](chores.MomentRead(late[0].token, Moment(NOW - 5000, then, NOW - 5000)))
    assert past.moment.asked_at == NOW - 7200
    stored.answer()
    assert past.moment.asked_at == NOW - 4000


def test_what_is_not_stored_leaves_the_screen_under_its_own_name(
    past: PastWindow, stored: Stored
) -> None:
    past.go(NOW - 900_000)
    stored.answer(snapshot=None, kept_at=None)
    assert past.moment.asked_at == NOW - 7200
    assert "begins at" in text(past, "past_belief")
    assert "2 h ago" in text(past, "past_band")


def test_a_damaged_past_and_a_dead_worker_are_told(past: PastWindow, stored: Stored) -> None:
    past.go(NOW - 5000)
    question, on_answer = stored.waiting.pop()
    fault = Fault(FaultCode.MALFORMED, "It cannot be read.", remedy="Choose another.")
    on_answer(chores.MomentRead(question.token, Moment(question.at), fault))
    assert text(past, "past_belief") == "It cannot be read. Choose another."
    past.go(NOW - 4000)
    stored.waiting.pop()[1](None)
    assert "worker stopped" in text(past, "past_belief")
    assert past.moment.asked_at == NOW - 7200


def test_nobody_looked_is_said(past: PastWindow, stored: Stored) -> None:
    past.go(NOW - 5000)
    stored.answer(unseen_since=NOW - 6000, unseen_until=NOW - 2000)
    assert text(past, "past_belief").startswith("No console looked from")


def test_compared_with_now_and_with_another_moment(
    past: PastWindow, stored: Stored, live: ClusterSnapshot, qtbot: QtBot
) -> None:
    past._tabs.setCurrentWidget(past.compare)
    qtbot.waitUntil(lambda: past.compare.comparison is not None)
    tree = past.findChild(QTreeWidget, "compare_list")
    assert tree is not None
    tops = [tree.topLevelItem(at) for at in range(tree.topLevelItemCount())]
    assert [top.text(0) for top in tops if top is not None] == ["Moved (1)"]
    child = tops[0].child(0) if tops[0] is not None else None
    assert child is not None
    assert child.text(0) == live.vms[0].name
    assert child.text(1).startswith(f"{live.nodes[-1].name} → ")
    past.compare.findChild(QPushButton, "compare_copy").click()  # type: ignore[union-attr]
    assert "**Moved** (1)" in QApplication.clipboard().text()
    past.compare.comparison = None
    past.compare.compare_with(NOW - 3000)
    stored.answer()
    qtbot.waitUntil(lambda: past.compare.comparison is not None)
    assert past.compare.comparison is not None
    assert past.compare.comparison.count == 0


def test_the_menu_and_a_changed_row_lead_there(window: MainWindow, store: Store) -> None:
    store.replace(snapshot("small"))
    asked: list[float] = []

    class Answers:
        def ask_chore(self, question: chores.Ask, _on_answer: OnChore) -> None:
            assert isinstance(question, chores.ReadMoment)
            asked.append(question.at)

        def give_up_chore(self, _token: str) -> None: ...

        def read_changes(self, *_: object) -> None: ...

    window.health.past._reads = Answers()
    window.activateWindow()
    settle()
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    QTest.keyClick(window, Qt.Key.Key_B, both)
    assert window.health.past.past is not None
    assert time.time() - asked[-1] == pytest.approx(3600, abs=60)
    window.health.page.changes.moment_wanted.emit(1234.5)
    assert asked[-1] == 1234.5
