"""The plans that are kept on this computer: open one, remove one, take one from a file."""

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from console.planning.afterwards import compare
from console.planning.plan_file import SavedPlan
from console.ui import theme
from console.ui.ask import Ask
from console.ui.models.operation_words import when_text
from console.ui.plain_text import one_line, plain
from console.ui.plan_keeping import PlanKeeping
from console.ui.store import Store
from console.ui.window_size import open_at

_COLUMNS = ("Plan", "Cluster", "Moves", "Kept", "Run")


class KeptPlans(QDialog):
    """Signal: ``chosen(SavedPlan)``."""

    chosen = Signal(object)

    def __init__(self, keeping: PlanKeeping, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("kept_plans")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Kept plans")
        self._keeping, self._store, self._ask = keeping, store, Ask(self)
        self._plans: tuple[SavedPlan, ...] = ()
        self._told = QLabel("Looking…", self)
        self._told.setForegroundRole(theme.MUTED_ROLE)
        self._told.setWordWrap(True)
        self.list = QTreeWidget(self)
        self.list.setObjectName("kept_plans_list")
        self.list.setAccessibleName("Kept plans, the newest first")
        self.list.setHeaderLabels(list(_COLUMNS))
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.itemActivated.connect(lambda *_: self._open())
        self.list.itemSelectionChanged.connect(self._on_selection)
        self._remove = self._button("kept_remove", "&Remove…", self._ask_remove)
        self._open_file = self._button("kept_file", "Open a &file…", self._ask_file)
        close = self._button("kept_close", "Close", self.close)
        self._open_button = self._button("kept_open", "&Open", self._open)
        self._open_button.setDefault(True)
        buttons = QHBoxLayout()
        buttons.addWidget(self._open_file)
        buttons.addWidget(self._remove)
        buttons.addStretch(1)
        buttons.addWidget(close)
        buttons.addWidget(self._open_button)
        layout = QVBoxLayout(self)
        layout.addWidget(self._told)
        layout.addWidget(self.list, 1)
        layout.addLayout(buttons)
        QShortcut(QKeySequence(Qt.Key.Key_Delete), self.list).activated.connect(self._ask_remove)
        keeping.kept_changed.connect(self.look)
        letters, lines = self.fontMetrics().averageCharWidth(), self.fontMetrics().height()
        open_at(self, 100 * letters, 22 * lines)
        self._on_selection()
        self.look()

    def look(self) -> None:
        """Read the list again."""
        self._keeping.list(self._show, self)

    def _show(self, plans: tuple[SavedPlan, ...]) -> None:
        self._plans = plans
        self.list.clear()
        for saved in plans:
            cells = (
                one_line(saved.name),
                one_line(saved.plan.cluster),
                str(len(saved.plan.moves)),
                when_text(saved.saved_at),
                self._run_text(saved),
            )
            self.list.addTopLevelItem(QTreeWidgetItem([plain(cell) for cell in cells]))
        for column in range(len(_COLUMNS)):
            self.list.resizeColumnToContents(column)
        first = self.list.topLevelItem(0)
        if first is not None:
            self.list.setCurrentItem(first)
        self._told.setText(
            "A plan is kept when it is run, or by Ctrl+S in its window. Opening one changes "
            "nothing: it is judged on the cluster as it is now."
            if plans
            else "No plan is kept yet. One is kept when it is run, or by Ctrl+S in its window."
        )
        self._on_selection()

    def _run_text(self, saved: SavedPlan) -> str:
        """How its last run stands."""
        runs = sorted((*saved.runs, *saved.back_runs), key=lambda run: run.asked_at)
        if not runs:
            return "never"
        last = compare(runs[-1], self._store.operations, self._store.inventory)
        way = "back, " if runs[-1] in saved.back_runs else ""
        known = [step for step in last.steps if step.state is not None]
        if not known:
            return f"{way}{when_text(runs[-1].asked_at)}"
        state = "goes on" if last.took_s is None else "ended"
        return f"{way}{when_text(runs[-1].asked_at)}, {state}"

    @property
    def _current(self) -> SavedPlan | None:
        row = self.list.currentIndex().row()
        return self._plans[row] if 0 <= row < len(self._plans) else None

    def _on_selection(self) -> None:
        has_one = self._current is not None
        self._open_button.setEnabled(has_one)
        self._remove.setEnabled(has_one)

    def _open(self) -> None:
        saved = self._current
        if saved is not None:
            self.close()
            self.chosen.emit(saved)

    def _ask_file(self) -> None:
        def take(saved: SavedPlan) -> None:
            self.close()
            self.chosen.emit(saved)

        self._keeping.ask_which(self, take)

    def _ask_remove(self) -> None:
        saved = self._current
        if saved is None:
            return
        text = (
            f"Remove {one_line(saved.name)} from this list?\n\nOperations that it began go on, and "
            "stay in the history."
        )
        self._ask.confirm("Remove this plan?", text, "Remove", lambda: self._forget(saved.id))

    def _forget(self, plan_id: str) -> None:
        self._keeping.forget(plan_id)

    def _button(self, name: str, text: str, act: Callable[[], object]) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.setAutoDefault(False)
        button.clicked.connect(lambda _=False: act())
        return button
