"""A window of charts over what the cluster remembers of one VM or one node."""

import functools
import math
import uuid
from typing import Protocol

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QPalette, QShortcut
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from console.catalog import load_performance_history
from console.model.freshness import Fault
from console.model.performance import PerformanceHistory, TimeFrame
from console.ui import theme
from console.ui.bridge import OnChore, chores
from console.ui.forms.save_csv import ask_where, save_csv
from console.ui.performance import words
from console.ui.performance.chart import Chart
from console.ui.plain_text import one_line, plain, tip
from console.ui.window_size import open_at


class AsksWorker(Protocol):
    """The bridge, as far as this needs it."""

    def ask_chore(self, question: chores.Ask, on_answer: OnChore) -> None: ...

    def give_up_chore(self, token: str) -> None: ...


class PerformanceWindow(QMainWindow):
    """Asks when opened, for another time, and with F5; what is shown says when it was told."""

    def __init__(
        self, subject: str, name: str, worker: AsksWorker, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent, Qt.WindowType.Window)
        self.setObjectName("performance_window")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(plain(f"Figures over time: {one_line(name)}"))
        self.subject, self._worker = subject, worker
        self._token = ""
        self._asked = TimeFrame.DAY
        self._provenance = ""
        self.history: PerformanceHistory | None = None
        self.charts: list[Chart] = []
        self._place(name)
        for key, act in (("Esc", self.close), ("F5", self.ask_again)):
            QShortcut(QKeySequence(key), self).activated.connect(act)
        letters, lines = self.fontMetrics().averageCharWidth(), self.fontMetrics().height()
        open_at(self, 120 * letters, 62 * lines)

    def ask(self, frame: TimeFrame) -> None:
        """Ask the cluster; what is shown stays until the answer is there."""
        if self._token:
            self._worker.give_up_chore(self._token)
        self._token, self._asked = str(uuid.uuid4()), frame
        self._buttons[frame].setChecked(True)
        if not isinstance(self.focusWidget(), Chart):
            self._buttons[frame].setFocus()
        self._tell("Asking the cluster…")
        question = chores.ReadPerformance(self._token, self.subject, frame)
        self._worker.ask_chore(question, self._on_answer)

    def ask_again(self) -> None:
        self.ask(self._asked)

    def save(self, path: str) -> None:
        """What is on the screen, a row a figure."""
        if self.history is not None:
            text = functools.partial(words.history_csv, self.history)
            rows = sum(len(each.times) for each in self.history.series)
            save_csv(path, rows, text, self._on_saved, self)

    def _on_saved(self, said: str, is_written: bool) -> None:
        """Beside who told the figures and when, which stays in sight."""
        self._tell(f"{self._provenance} {said}", is_bad=not is_written)

    # -- answers -------------------------------------------------------------------------------
    def _on_answer(self, answer: chores.Answer | None) -> None:
        if not isValid(self):
            return
        if answer is None:
            self._token = ""
            self._fail(None)
        elif isinstance(answer, chores.PerformanceRead) and answer.token == self._token:
            self._token = ""
            if answer.history is None:
                self._fail(answer.fault)
            else:
                self._show(answer.history)

    def _fail(self, fault: Fault | None) -> None:
        summary = "The worker stopped while it asked." if fault is None else fault.summary
        remedy = "Press F5 to ask again." if fault is None else fault.remedy
        kept = ""
        if self.history is not None:
            # The button goes back to what is on the screen.
            self._buttons[self.history.frame].setChecked(True)
            shown = words.frame_facts(self.history.frame).title.lower()
            kept = f" What you see is the {shown} as it was told before."
        self._tell(f"{summary} {remedy}{kept}", is_bad=True)
        self._told.setToolTip(tip(fault.detail) if fault is not None else "")

    def _show(self, history: PerformanceHistory) -> None:
        self.history = history
        self._save.setEnabled(bool(history.series))
        told = words.told_text(history.frame, history.told_by, history.read_at)
        if not history.series:
            told += " It has recorded nothing of it in this time: it may be new, or it was off."
        self._provenance = told
        self._tell(told)
        self._told.setToolTip("")
        while len(self.charts) < len(history.series):
            chart = Chart(self._page)
            chart.pointed.connect(self._point)
            self._column.insertWidget(len(self.charts), chart, 1)
            self.charts.append(chart)
        begin = history.read_at - words.frame_facts(history.frame).kept_for_s
        for number, chart in enumerate(self.charts):
            chart.setVisible(number < len(history.series))
            if number < len(history.series):
                chart.show_series(history.series[number], history.frame, begin, history.read_at)
        # One moment stands at one place in all of them.
        shown = self.charts[: len(history.series)]
        margin = max((chart.label_width for chart in shown), default=0)
        for chart in shown:
            chart.margin = margin
            chart.update()

    def _point(self, at: float) -> None:
        for chart in self.charts:
            chart.point_at(None if math.isnan(at) else at)

    def _tell(self, text: str, *, is_bad: bool = False) -> None:
        self._told.setText(plain(text))
        self._told.setAccessibleName(plain(text))
        self._told.setForegroundRole(QPalette.ColorRole.WindowText if is_bad else theme.MUTED_ROLE)

    # -- places --------------------------------------------------------------------------------
    def _place(self, name: str) -> None:
        facts = load_performance_history()
        title = QLabel(plain(one_line(name)), self)
        title.setTextFormat(Qt.TextFormat.PlainText)
        font = title.font()
        font.setBold(True)
        font.setPointSizeF(font.pointSizeF() * 1.25)
        title.setFont(font)
        row = QHBoxLayout()
        row.addWidget(title, 1)
        group = QButtonGroup(self)
        self._buttons: dict[TimeFrame, QToolButton] = {}
        for number, fact in enumerate(facts.frame, start=1):
            frame = TimeFrame(fact.id)
            button = QToolButton(self)
            button.setText(fact.title)
            button.setCheckable(True)
            key = QShortcut(QKeySequence(f"Alt+{number}"), self)
            key.activated.connect(lambda frame=frame: self.ask(frame))
            button.setToolTip(f"The last {fact.title.lower()} (Alt+{number})")
            button.clicked.connect(lambda _=False, frame=frame: self.ask(frame))
            group.addButton(button)
            row.addWidget(button)
            self._buttons[frame] = button
        again = QPushButton("Ask again", self)
        again.setToolTip("Ask the cluster again (F5)")
        again.clicked.connect(self.ask_again)
        self._save = QPushButton("Save as CSV…", self)
        self._save.setObjectName("performance_save")
        self._save.setEnabled(False)
        self._save.clicked.connect(lambda _=False: ask_where(self, "Save these figures", self.save))
        row.addSpacing(12)
        row.addWidget(again)
        row.addWidget(self._save)
        self._told = QLabel(self)
        self._told.setObjectName("performance_told")
        self._told.setTextFormat(Qt.TextFormat.PlainText)
        self._told.setWordWrap(True)
        self._page = QWidget(self)
        self._column = QVBoxLayout(self._page)
        self._column.setContentsMargins(0, 0, 0, 0)
        scroll = QScrollArea(self)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QScrollArea.Shape.NoFrame)
        scroll.setWidget(self._page)
        caveat = QLabel(plain(facts.caveat), self)
        caveat.setTextFormat(Qt.TextFormat.PlainText)
        caveat.setToolTip(plain(f"{facts.source}; {facts.dated:%d %B %Y}"))
        caveat.setWordWrap(True)
        caveat.setForegroundRole(theme.MUTED_ROLE)
        centre = QWidget(self)
        layout = QVBoxLayout(centre)
        layout.setContentsMargins(14, 12, 14, 10)
        layout.addLayout(row)
        layout.addWidget(self._told)
        layout.addWidget(scroll, 1)
        layout.addWidget(caveat)
        self.setCentralWidget(centre)
