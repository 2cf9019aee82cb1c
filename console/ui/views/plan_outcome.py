"""What a plan promised beside what became of it, while it runs and afterwards."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from console.model.operation import OperationState
from console.planning.afterwards import Afterwards, PlanRun, compare
from console.ui import theme
from console.ui.models import plan_actual_words as words
from console.ui.plain_text import plain, tip
from console.ui.store import Store

_STATE_COLUMN = len(words.COLUMNS) - 1
_REDRAWN_MS = 200


class PlanOutcome(QWidget):
    """Follows the operations of one run of a plan."""

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._run: PlanRun | None = None
        self.afterwards: Afterwards | None = None
        self._headline, self._proof = QLabel(self), QLabel(self)
        self._headline.setObjectName("outcome_headline")
        self._proof.setObjectName("outcome_proof")
        font = self._proof.font()
        font.setBold(True)
        self._proof.setFont(font)
        self.table = QTableWidget(0, len(words.COLUMNS), self)
        self._dress_table()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for label in (self._proof, self._headline):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            layout.addWidget(label)
        layout.addWidget(self.table, 1)
        self._soon = QTimer(self, singleShot=True, interval=_REDRAWN_MS)
        self._soon.timeout.connect(self.look)
        store.operations_changed.connect(self._on_operations)
        store.snapshot_replaced.connect(self._begin_to_look)
        store.vms_changed.connect(self._on_vms)

    def show_run(self, run: PlanRun) -> None:
        """Follow this run from now on."""
        self._run = run
        self._ids = {f.operation_id for f in run.forecasts} | {run.proof_id}
        self._keys = {f.move.vm_key for f in run.forecasts}
        self.look()

    def look(self) -> None:
        """Compare again; only what changed is written."""
        if self._run is None:
            return
        self.afterwards = compare(self._run, self._store.operations, self._store.inventory)
        self._headline.setText(plain(words.headline(self.afterwards)))
        proof = words.proof_text(self.afterwards)
        self._proof.setText(plain(proof))
        self._proof.setVisible(bool(proof))
        rows = words.rows(self.afterwards)
        self.table.setRowCount(len(rows))
        states = [step.state for step in self.afterwards.steps]
        for at, (row, state) in enumerate(zip(rows, states, strict=True)):
            self._write(at, row, state)

    def _write(self, at: int, row: Sequence[str], state: OperationState | None) -> None:
        for column, text in enumerate(row):
            item = self.table.item(at, column)
            if item is None:
                item = QTableWidgetItem()
                self.table.setItem(at, column, item)
            if item.text() != plain(text):
                item.setText(plain(text))
                item.setToolTip(tip(text))
                if column == _STATE_COLUMN and state is not None:
                    item.setIcon(theme.state_icon(state))

    def _on_operations(self, ids: Sequence[str]) -> None:
        if self._run is None:
            return
        records = self._store.operations
        retried = {records[name].retry_of for name in ids if name in records}
        if not self._ids.isdisjoint(ids) or not self._ids.isdisjoint(retried - {""}):
            self._begin_to_look()

    def _on_vms(self, keys: Sequence[str]) -> None:
        if self._run is not None and self._run.is_by_cluster and not self._keys.isdisjoint(keys):
            self._begin_to_look()

    def _begin_to_look(self) -> None:
        if self._run is not None and not self._soon.isActive():
            self._soon.start()

    def _dress_table(self) -> None:
        table = self.table
        table.setObjectName("plan_outcome")
        table.setAccessibleName("Promised and done, a row a move")
        table.setHorizontalHeaderLabels(list(words.COLUMNS))
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
        header.setSectionResizeMode(_STATE_COLUMN, QHeaderView.ResizeMode.Stretch)
