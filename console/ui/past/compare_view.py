"""What differs between the moment that is looked at and now, or another moment; rows are links."""

import functools
import time
import uuid

from PySide6.QtCore import QDateTime, Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QApplication,
    QDateTimeEdit,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)
from shiboken6 import isValid

from console.model.moment import Moment
from console.model.snapshot import ClusterSnapshot
from console.ui.bridge import ChangesRead, chores
from console.ui.file_thread import FileThread
from console.ui.forms.save_csv import ask_where, save_csv
from console.ui.health_desk import ReadsPast
from console.ui.past import comparison as comparing
from console.ui.past.comparison import Comparison
from console.ui.past.words import belief_text, moment_text
from console.ui.plain_text import one_line, plain, tip
from console.ui.store import Store

_SUBJECT = Qt.ItemDataRole.UserRole
_MOST_ROWS = 500  # of a group: the rest is in the file


class CompareView(QWidget):
    """Signals: ``vm_wanted(key)``, ``node_wanted(name)``. Works when it is looked at."""

    vm_wanted = Signal(str)
    node_wanted = Signal(str)

    def __init__(self, live: Store, reads: ReadsPast, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._live, self._reads = live, reads
        self._moment: Moment | None = None
        self._other: Moment | None = None  # what it is compared with; None: now
        self._token = ""
        self._is_due = False
        self.comparison: Comparison | None = None
        self._thinking = FileThread(self)
        self._build()

    def show_moment(self, moment: Moment) -> None:
        """Compare this moment with now, once somebody looks."""
        self._moment, self._is_due = moment, True
        if self.isVisible():
            self.look()

    def look(self) -> None:
        """Compare anew: now has gone on."""
        moment, self._is_due = self._moment, False
        if moment is None or moment.snapshot is None:
            self._summary.setText("There is nothing to compare: nothing is stored of that moment.")
            self.tree.clear()
            return
        self._summary.setText("Comparing…")
        other = self._other
        if other is None or other.snapshot is None:
            until, then = time.time(), self._live.inventory.snapshot()
        else:
            until, then = other.asked_at, other.snapshot
        sides = [(moment.asked_at, moment.snapshot), (until, then)]
        sides.sort(key=lambda side: side[0])  # the earlier one stands on the left
        on_read = functools.partial(self._on_between, moment, sides)
        self._reads.read_changes("", sides[0][0], on_read)

    def compare_with(self, at: float | None) -> None:
        """The other side becomes this moment; None: now, and whatever now becomes."""
        if at is None:
            self._other = None
            self.look()
            return
        self._token = str(uuid.uuid4())
        self._summary.setText("Reading what is stored…")
        self._reads.ask_chore(chores.ReadMoment(self._token, at), self._on_other)

    def _on_other(self, answer: chores.Answer | None) -> None:
        if not isValid(self):
            return
        if answer is None:
            self._summary.setText("The worker stopped while it read. Compare again.")
        elif isinstance(answer, chores.MomentRead) and answer.token == self._token:
            if answer.fault is not None:
                self._summary.setText(plain(f"{answer.fault.summary} {answer.fault.remedy}"))
            elif answer.moment.snapshot is None:
                self._summary.setText(plain(belief_text(answer.moment)))
            else:
                self._other = answer.moment
                self.look()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._is_due:
            self.look()

    # -- inside --------------------------------------------------------------------------------
    def _on_between(
        self, moment: Moment, sides: list[tuple[float, ClusterSnapshot]], read: ChangesRead
    ) -> None:
        if not isValid(self) or moment is not self._moment:
            return
        (then, old), (now, new) = sides
        work = functools.partial(comparing.compare, old, new, then, now, read.changes)
        self._thinking.run(work, functools.partial(self._show, moment), self)

    def _show(self, moment: Moment, found: Comparison) -> None:
        if moment is not self._moment:
            return
        self.comparison = found
        self._summary.setText(plain(f"{self._title(found)}: {comparing.summary(found)}"))
        self.tree.clear()
        for group in found.groups:
            rows = [
                (each.subject, each.name, f"{comparing.words_of(each)}   (seen by {each.plane})")
                for each in group.changes
            ]
            self._add(group.title, rows)
        restless = [
            (subject, name, f"changed {count} time{'' if count == 1 else 's'} in between")
            for subject, name, count in found.restless
        ]
        if restless:
            self._add("As before, but changed in between", restless)
        for button in (self._copy, self._save):
            button.setEnabled(True)

    def _add(self, title: str, rows: list[tuple[str, str, str]]) -> None:
        top = QTreeWidgetItem(self.tree, [plain(f"{title} ({len(rows)})"), ""])
        for subject, name, text in rows[:_MOST_ROWS]:
            item = QTreeWidgetItem(top, [one_line(name), one_line(text)])
            item.setData(0, _SUBJECT, subject)
            item.setToolTip(1, tip(text))
        if len(rows) > _MOST_ROWS:
            QTreeWidgetItem(top, ["", f"and {len(rows) - _MOST_ROWS} more: save them as CSV"])
        top.setExpanded(len(rows) <= 12)

    def _title(self, found: Comparison) -> str:
        return f"From {moment_text(found.then)} to {moment_text(found.now)}"

    def _build(self) -> None:
        self._summary = QLabel(self)
        self._summary.setObjectName("compare_summary")
        self._summary.setTextFormat(Qt.TextFormat.PlainText)
        self._summary.setWordWrap(True)
        self.tree = QTreeWidget(self)
        self.tree.setObjectName("compare_list")
        self.tree.setAccessibleName("What differs between the two moments")
        self.tree.setHeaderLabels(["What", "Before → after"])
        self.tree.setUniformRowHeights(True)
        self.tree.setColumnWidth(0, 36 * self.fontMetrics().averageCharWidth())
        self.tree.itemActivated.connect(self._open)
        again = QPushButton("With &now", self)
        again.setObjectName("compare_now")
        again.clicked.connect(lambda _=False: self.compare_with(None))
        self.chooser = QDateTimeEdit(QDateTime.currentDateTime(), self)
        self.chooser.setObjectName("compare_chooser")
        self.chooser.setAccessibleName("The other moment")
        self.chooser.setDisplayFormat("ddd d MMM yyyy  HH:mm:ss")
        self.chooser.setCalendarPopup(True)
        other = QPushButton("With &that moment", self)
        other.setObjectName("compare_other")
        other.clicked.connect(
            lambda _=False: self.compare_with(self.chooser.dateTime().toMSecsSinceEpoch() / 1000)
        )
        self._copy = QPushButton("&Copy for a ticket", self)
        self._copy.setObjectName("compare_copy")
        self._copy.clicked.connect(lambda _=False: self._copy_text())
        self._save = QPushButton("Save as CS&V…", self)
        self._save.setObjectName("compare_save")
        self._save.clicked.connect(lambda _=False: self._ask_file())
        row = QHBoxLayout()
        row.addWidget(QLabel("Compare", self))
        for widget in (again, self.chooser, other):
            row.addWidget(widget)
        row.addStretch(1)
        for widget in (self._copy, self._save):
            row.addWidget(widget)
        for button in (again, other, self._copy, self._save):
            button.setAutoDefault(False)
        for button in (self._copy, self._save):
            button.setEnabled(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 0)
        layout.addLayout(row)
        layout.addWidget(self._summary)
        layout.addWidget(self.tree, 1)

    def _open(self, item: QTreeWidgetItem, _column: int) -> None:
        kind, _, name = str(item.data(0, _SUBJECT) or "").partition(":")
        if kind == "vm":
            self.vm_wanted.emit(name)
        elif kind == "node":
            self.node_wanted.emit(name)

    def _copy_text(self) -> None:
        if self.comparison is not None:
            title = self._title(self.comparison)
            QApplication.clipboard().setText(comparing.markdown_text(self.comparison, title))

    def _ask_file(self) -> None:
        ask_where(self, "Save what differs", self._write)

    def _write(self, path: str) -> None:
        if self.comparison is not None:
            found = self.comparison
            text = functools.partial(comparing.csv_of, found)
            rows = sum(len(group.changes) for group in found.groups) + len(found.restless)
            save_csv(path, rows, text, lambda said, _: self._summary.setText(plain(said)), self)
