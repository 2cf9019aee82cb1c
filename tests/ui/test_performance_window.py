"""Figures over time, by real keys and a real mouse: asked for, told when and by whom."""

import itertools
from pathlib import Path

import msgspec
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from console.channel import chores
from console.model.freshness import Fault, FaultCode
from console.model.performance import FigureSeries, PerformanceHistory, TimeFrame
from console.ui.bridge import OnChore
from console.ui.main_window import MainWindow
from console.ui.performance import words
from console.ui.performance.performance_window import PerformanceWindow
from console.ui.store import Store
from tests.ui.conftest import RecordingBridge, settle
from tests.ui.sample import snapshot

NOW = 1_790_000_000.0


def history(subject: str, frame: TimeFrame, names: int = 3) -> PerformanceHistory:
    step = words.frame_facts(frame).step_s
    times = tuple(NOW - step * number for number in range(200, 0, -1))
    values = tuple(None if 50 <= number < 60 else 512.0 * (number % 37) for number in range(200))
    titles = (("CPU", "percent"), ("Memory assigned", "MiB"), ("Network", "KiB/s"))[:names]
    series = tuple(FigureSeries(title, title, unit, times, values) for title, unit in titles)
    return PerformanceHistory(subject, frame, series, NOW, "LAB-N2")


class Worker:
    """Keeps the questions until the test answers them."""

    def __init__(self) -> None:
        self.waiting: list[tuple[chores.ReadPerformance, OnChore]] = []
        self.given_up: list[str] = []

    def ask_chore(self, question: chores.Ask, on_answer: OnChore) -> None:
        assert isinstance(question, chores.ReadPerformance)
        self.waiting.append((question, on_answer))

    def give_up_chore(self, token: str) -> None:
        self.given_up.append(token)

    def answer(self, names: int = 3, fault: Fault | None = None) -> chores.ReadPerformance:
        question, on_answer = self.waiting.pop()
        told = None if fault else history(question.subject, question.frame, names)
        on_answer(chores.PerformanceRead(question.token, told, fault))
        return question


@pytest.fixture
def worker(bridge: RecordingBridge, monkeypatch: pytest.MonkeyPatch) -> Worker:
    made = Worker()
    monkeypatch.setattr(RecordingBridge, "ask_chore", made.ask_chore, raising=False)
    monkeypatch.setattr(RecordingBridge, "give_up_chore", made.give_up_chore, raising=False)
    return made


@pytest.fixture
def opened(window: MainWindow, store: Store, worker: Worker) -> PerformanceWindow:
    """The window of the first VM, by its key; its first question still waits."""
    small = snapshot("small")
    store.replace(small)
    window.inspector.show_vm(small.vms[0].key)
    window.activateWindow()
    settle()
    QTest.keyClick(
        window,
        Qt.Key.Key_P,
        Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier,
    )
    settle()
    found = window.findChild(PerformanceWindow)
    assert found is not None
    assert found.subject == f"vm:{small.vms[0].key}"
    return found


def told(window: PerformanceWindow) -> str:
    label = window.findChild(QLabel, "performance_told")
    assert label is not None
    return label.text()


def test_it_asks_for_a_day_and_says_who_told_when(
    opened: PerformanceWindow, worker: Worker
) -> None:
    assert told(opened) == "Asking the cluster…"
    assert not opened.charts
    assert worker.answer().frame is TimeFrame.DAY
    settle()
    assert told(opened).startswith("One figure every 5 minutes, told by LAB-N2 at ")
    assert [chart.isVisible() for chart in opened.charts] == [True] * 3
    assert opened.charts[0].accessibleName().startswith("CPU: last ")
    assert "1 gap" in opened.charts[0].accessibleName()


def test_another_time_by_key(opened: PerformanceWindow, worker: Worker) -> None:
    worker.answer()
    opened.activateWindow()
    settle()
    for number, frame in enumerate(TimeFrame, start=1):
        QTest.keyClick(opened, Qt.Key(Qt.Key.Key_0 + number), Qt.KeyboardModifier.AltModifier)
        assert worker.answer(names=2).frame is frame
        assert opened._buttons[frame].isChecked()
        assert [chart.isVisible() for chart in opened.charts] == [True, True, False]
    QTest.keyClick(opened, Qt.Key.Key_F5)
    assert worker.answer().frame is TimeFrame.YEAR


def test_only_the_newest_question_counts(opened: PerformanceWindow, worker: Worker) -> None:
    first, on_first = worker.waiting[0]
    opened.ask(TimeFrame.WEEK)
    assert worker.given_up == [first.token]
    on_first(chores.PerformanceRead(first.token, history(first.subject, first.frame)))
    assert opened.history is None
    worker.answer()
    assert opened.history is not None
    assert opened.history.frame is TimeFrame.WEEK


def test_a_fault_is_told_and_what_is_shown_stays_named(
    opened: PerformanceWindow, worker: Worker
) -> None:
    worker.answer()
    opened.ask(TimeFrame.YEAR)
    fault = Fault(
        FaultCode.TIMED_OUT, "LAB-N2 does not answer.", remedy="Look at it.", detail="x<b>"
    )
    worker.answer(fault=fault)
    assert told(opened) == (
        "LAB-N2 does not answer. Look at it. What you see is the day as it was told before."
    )
    assert opened._buttons[TimeFrame.DAY].isChecked()
    assert opened.charts[0].isVisible()
    opened.ask(TimeFrame.HOUR)
    _, on_answer = worker.waiting.pop()
    on_answer(None)
    assert told(opened).startswith("The worker stopped while it asked. Press F5")


def test_what_is_shown_is_saved(
    opened: PerformanceWindow, worker: Worker, tmp_path: Path, qtbot: QtBot
) -> None:
    button = opened.findChild(QPushButton, "performance_save")
    assert button is not None
    assert not button.isEnabled()
    worker.answer()
    assert button.isEnabled()
    path = tmp_path / "figures.csv"
    opened.save(str(path))
    qtbot.waitUntil(lambda: "600 rows were written to" in told(opened))
    assert "told by LAB-N2 at" in told(opened)  # who told them stays in sight
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    assert lines[0] == "Figure,Unit,Time (UTC),Value"
    assert len(lines) == 601
    assert lines[51].endswith(",")  # recorded without a value is no zero
    opened.save(str(tmp_path / "none" / "x.csv"))
    qtbot.waitUntil(lambda: "was not written" in told(opened))


def test_nothing_recorded_is_not_a_flat_line(opened: PerformanceWindow, worker: Worker) -> None:
    worker.answer(names=0)
    assert "recorded nothing of it" in told(opened)
    assert not any(chart.isVisible() for chart in opened.charts)


def test_mouse_and_arrow_keys_read_the_same_moment_in_all_charts(
    opened: PerformanceWindow, worker: Worker
) -> None:
    worker.answer()
    opened.move(3000, 0)  # without a window manager the mouse reaches what is below first
    settle()
    cpu, memory, _network = opened.charts
    QTest.mouseMove(cpu, QPoint(cpu.width() // 2, cpu.height() // 2))
    settle()
    assert cpu.reading.split(": ")[0] == memory.reading.split(": ")[0]
    assert cpu.reading != memory.reading
    QTest.mouseMove(cpu, QPoint(1, 1))
    settle()
    assert cpu.reading.startswith("last ")
    memory.setFocus()
    QTest.keyClick(memory, Qt.Key.Key_End)
    newest = memory.reading
    assert newest.endswith(": 7 GiB")
    QTest.keyClick(memory, Qt.Key.Key_Left)
    assert memory.reading != newest
    assert memory.accessibleDescription() == memory.reading
    QTest.keyClick(memory, Qt.Key.Key_Home)
    for _ in range(55):
        QTest.keyClick(memory, Qt.Key.Key_Right)
    assert memory.reading.endswith("nothing recorded")


def test_the_inspector_offers_it_and_two_stand_side_by_side(
    opened: PerformanceWindow, window: MainWindow, worker: Worker
) -> None:
    worker.answer()
    button = window.inspector.findChild(QPushButton, "figures_further")
    assert button is not None
    assert not button.isHidden()
    node = next(iter(window._store.inventory.nodes))
    window.inspector.show_node(node)
    settle()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    worker.answer()
    subjects = {each.subject for each in window.findChildren(PerformanceWindow)}
    assert subjects == {opened.subject, f"node:{node}"}
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert not worker.waiting
    assert len(window.findChildren(PerformanceWindow)) == 2


def test_nothing_chosen_is_said(window: MainWindow, worker: Worker) -> None:
    window.inspector.clear()
    window.health.performance.open_shown()
    assert not worker.waiting
    assert window.findChild(PerformanceWindow) is None


def test_a_hostile_name_stays_text(window: MainWindow, store: Store, worker: Worker) -> None:
    small = snapshot("small")
    vm = msgspec.structs.replace(small.vms[0], name="<b>x</b>\n" + "y" * 500)
    store.replace(msgspec.structs.replace(small, vms=(vm, *small.vms[1:])))
    made = window.health.performance.open(f"vm:{vm.key}")
    worker.answer()
    assert all(label.textFormat() is Qt.TextFormat.PlainText for label in made.findChildren(QLabel))
    assert "\n" not in made.windowTitle()


def test_windows_are_bounded(window: MainWindow, store: Store, worker: Worker) -> None:
    small = snapshot("small")
    store.replace(small)
    for vm in itertools.islice(small.vms, 10):
        window.health.performance.open(f"vm:{vm.key}")
    settle()
    assert len(window.findChildren(PerformanceWindow)) == 8
