"""The plan for emptying a node: read it, hand it on, run it. Opening it changes nothing."""

import time
from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from console.checks.situation import Situation
from console.model.plan import DrainPlan
from console.model.request import LiveMigrate
from console.planning.drain import plan_drain
from console.ui import theme
from console.ui.actions import Actions
from console.ui.models import plan_words as words
from console.ui.plain_text import plain, tip
from console.ui.store import Store

_STAYS_IN_SIGHT = 5


class DrainPlanWindow(QDialog):
    """Not modal: the map stays in use beside it. A plan does not follow the cluster; it says so
    by its age and is made anew by a button.
    """

    def __init__(
        self, store: Store, actions: Actions, node: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("drain_plan")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(f"Plan: empty {node}")
        self._store, self._actions, self._node = store, actions, node
        self.plan = DrainPlan(node, 0.0)
        self._headline, self._reserve, self._notes, self._next = (QLabel(self) for _ in range(4))
        self._notes.setObjectName("plan_notes")
        self._headline.setObjectName("plan_headline")
        self._reserve.setObjectName("plan_reserve")
        font = self._headline.font()
        font.setBold(True)
        self._headline.setFont(font)
        self._next.setForegroundRole(theme.MUTED_ROLE)
        for label in (self._headline, self._reserve, self._notes, self._next):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        self._next.setText(words.WHAT_NEXT)
        self.moves = self._table("plan_moves", "Moves in order", words.COLUMNS)
        self.stays = self._table("plan_stays", "VMs that stay behind", words.STAY_COLUMNS)
        self._build()
        letters, lines = self.fontMetrics().averageCharWidth(), self.fontMetrics().height()
        self.resize(120 * letters, 36 * lines)
        self.make()

    def make(self) -> None:
        """Make the plan on what is known now."""
        now = time.time()
        situation = Situation(self._store.inventory, now, self._store.running())
        self.plan = plan_drain(self._node, situation)
        self._headline.setText(plain(words.headline(self.plan)))
        self._reserve.setText(plain(words.reserve_text(self.plan)))
        self._reserve.setVisible(bool(self.plan.moves))
        notes = words.notes_of_all(self.plan)
        self._notes.setText(plain("For every move: " + " ".join(notes)))
        self._notes.setVisible(bool(notes))
        rows = words.rows(self.plan)
        _fill(self.moves, rows)
        _fill(self.stays, [(vm.vm_name, vm.why, vm.fix) for vm in self.plan.stays])
        self.moves.setVisible(bool(rows))
        self.stays.setVisible(bool(self.plan.stays))
        lines = min(self.stays.rowCount(), _STAYS_IN_SIGHT) + 2
        self.stays.setFixedHeight(lines * self.stays.verticalHeader().defaultSectionSize())
        self._run.setEnabled(bool(rows))
        self._run.setText(f"&Run {len(rows)} move{'' if len(rows) == 1 else 's'}")

    def run(self) -> None:
        """Ask for the moves as one group, in the plan's order."""
        plan = self.plan
        requests = [
            LiveMigrate(move.vm_key, move.vm_name, move.source, move.target) for move in plan.moves
        ]
        self._actions.submit(*requests, title=f"Empty {plan.node}: {len(requests)} moves")
        self.close()

    def copy(self) -> None:
        QGuiApplication.clipboard().setText(words.markdown(self.plan))

    def _build(self) -> None:
        self._run = self._button("plan_run", self.run)
        again = self._button("plan_again", self.make, "&Plan again")
        copy = self._button("plan_copy", self.copy, "&Copy as Markdown")
        close = self._button("plan_close", self.close, "Close")
        buttons = QHBoxLayout()
        buttons.addWidget(copy)
        buttons.addWidget(again)
        buttons.addStretch(1)
        buttons.addWidget(close)
        buttons.addWidget(self._run)
        layout = QVBoxLayout(self)
        layout.addWidget(self._headline)
        layout.addWidget(self._reserve)
        layout.addWidget(self._notes)
        layout.addWidget(self.moves, 1)
        layout.addWidget(self.stays)
        layout.addWidget(self._next)
        layout.addLayout(buttons)

    def _button(self, name: str, act: Callable[[], object], text: str = "") -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.setAutoDefault(False)  # Return in a table must not move anything
        button.clicked.connect(lambda _=False: act())
        return button

    def _table(self, name: str, spoken: str, titles: tuple[str, ...]) -> QTableWidget:
        table = QTableWidget(0, len(titles), self)
        table.setObjectName(name)
        table.setAccessibleName(spoken)
        table.setHorizontalHeaderLabels(list(titles))
        table.verticalHeader().hide()
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setTabKeyNavigation(False)
        header = table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(len(titles) - 1, QHeaderView.ResizeMode.Stretch)
        return table


def _fill(table: QTableWidget, rows: Sequence[tuple[str, ...]]) -> None:
    table.setRowCount(len(rows))
    for at, row in enumerate(rows):
        for column, text in enumerate(row):
            item = QTableWidgetItem(plain(text))
            item.setToolTip(tip(text))
            table.setItem(at, column, item)
