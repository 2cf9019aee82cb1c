"""Where Azure and the cluster disagree: how long, harmful or not, and the supported repair."""

import time

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from console.ui import theme
from console.ui.alarm_watch import AlarmWatch
from console.ui.models.alarm_book import StandingDisagreement
from console.ui.models.alarm_words import INBOX_COLUMNS, for_how_long, harm_text, inbox_row
from console.ui.plain_text import one_line, plain, tip
from console.ui.views.health_link import word_label

_ID = Qt.ItemDataRole.UserRole
_MOST_ROWS = 2_000


class InboxView(QWidget):
    """Signals: ``vm_wanted(key)``; ``rows_wanted(keys, title)`` to show VMs as rows."""

    vm_wanted = Signal(str)
    rows_wanted = Signal(tuple, str)

    def __init__(self, watch: AlarmWatch, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._watch = watch
        self._shown: list[StandingDisagreement] = []
        self._summary = QLabel(self)
        self._summary.setObjectName("inbox_summary")
        self._summary.setTextFormat(Qt.TextFormat.PlainText)
        self._expected = QCheckBox("Show those that are to be e&xpected", self)
        self._expected.setObjectName("inbox_expected")
        self._expected.toggled.connect(lambda _: self._follow())
        self.table = _InboxTable(self)
        self.table.itemSelectionChanged.connect(self._tell)
        self.table.wanted.connect(self._open)
        self._what = word_label(self, "inbox_what")
        self._repair = word_label(self, "inbox_repair")
        self._source = word_label(self, "inbox_source")
        self._source.setForegroundRole(theme.MUTED_ROLE)
        show = QPushButton("Show &all as rows", self)
        show.setObjectName("inbox_rows")
        show.clicked.connect(lambda _=False: self._show_rows())
        self._rows_button = show
        top = QHBoxLayout()
        top.addWidget(self._summary, 1)
        top.addWidget(self._expected)
        top.addWidget(show)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.addLayout(top)
        layout.addWidget(self.table, 1)
        for label in (self._what, self._repair, self._source):
            layout.addWidget(label)
        watch.changed.connect(self._follow)
        self._follow()

    @property
    def chosen(self) -> StandingDisagreement | None:
        at = self.table.currentRow()
        return self._shown[at] if 0 <= at < len(self._shown) else None

    def focus_list(self) -> None:
        self.table.setFocus(Qt.FocusReason.OtherFocusReason)

    def _follow(self) -> None:
        known = self._watch.disagreements
        shows_all = self._expected.isChecked()
        before = self.chosen
        self._shown = [each for each in known if shows_all or not each.is_expected][:_MOST_ROWS]
        quiet = sum(each.is_expected for each in known)
        told = len(known) - quiet
        text = f"{told} disagreement{'' if told == 1 else 's'} to look at" if told else "None"
        more = f"; {quiet} young ones are to be expected" if quiet else ""
        self._summary.setText(f"Azure and the cluster disagree: {text}{more}.")
        self._expected.setVisible(quiet > 0 or shows_all)
        self._rows_button.setEnabled(bool(self._shown))
        now = time.time()
        self.table.setRowCount(len(self._shown))
        for row, each in enumerate(self._shown):
            for column, text in enumerate(inbox_row(each, now)):
                item = self.table.item(row, column)
                if item is None:
                    item = QTableWidgetItem()
                    self.table.setItem(row, column, item)
                item.setText(one_line(text))
                item.setToolTip(tip(text))
        wanted = before.found.id if before is not None else ""
        at = next((n for n, each in enumerate(self._shown) if each.found.id == wanted), 0)
        if self._shown and self.table.currentRow() != at:
            self.table.setCurrentCell(at, 0)
        self._tell()

    def _tell(self) -> None:
        each = self.chosen
        if each is None:
            for label in (self._what, self._repair, self._source):
                label.setText("")
            return
        found, rule = each.found, each.found.rule
        age = for_how_long(each.since, time.time())
        self._what.setText(
            plain(
                f"{found.vm_name}: Azure says “{found.azure_says}”, the cluster says "
                f"“{found.cluster_says}”, seen for {age} ({harm_text(each)}). {rule.text}"
            )
        )
        self._repair.setText(plain(f"What to do:  {rule.repair}"))
        self._source.setText(plain(f"From: {rule.source}. Not tried on a real cluster."))

    def _open(self) -> None:
        if self.chosen is not None:
            self.vm_wanted.emit(self.chosen.found.vm_key)

    def _show_rows(self) -> None:
        keys = tuple(dict.fromkeys(each.found.vm_key for each in self._shown))
        if keys:
            self.rows_wanted.emit(keys, "Azure and the cluster disagree")


class _InboxTable(QTableWidget):
    """Signals: ``wanted()`` on Enter or a double click."""

    wanted = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(0, len(INBOX_COLUMNS), parent)
        self.setObjectName("inbox_list")
        self.setAccessibleName("Where Azure and the cluster disagree")
        self.setHorizontalHeaderLabels(list(INBOX_COLUMNS))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.verticalHeader().hide()
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        width = self.fontMetrics().averageCharWidth()
        for column, letters in ((0, 16), (2, 20), (3, 20), (4, 10), (5, 17)):
            header.resizeSection(column, letters * width)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.doubleClicked.connect(lambda _: self.wanted.emit())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.wanted.emit()
            return
        super().keyPressEvent(event)
