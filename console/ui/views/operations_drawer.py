"""The bottom drawer: every running and past operation, its log, and what can be done about it."""

from collections.abc import Iterable
from datetime import datetime

from PySide6.QtCore import QItemSelection, QModelIndex, QPersistentModelIndex, QRect, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QPainter, QPalette
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QSplitter,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from console.model.operation import OperationRecord
from console.model.request import CreateVirtualMachine, LiveMigrate
from console.ui import theme
from console.ui.actions import Actions
from console.ui.models.operation_model import (
    OPERATION,
    PROGRESS,
    RECORD_ROLE,
    STATE,
    OperationModel,
    progress_text,
    state_text,
)
from console.ui.plain_text import plain
from console.ui.store import Store


class _StateDelegate(QStyledItemDelegate):
    """The state as shape and word."""

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        record: OperationRecord = index.data(RECORD_ROLE)
        side = option.fontMetrics.ascent()
        area: QRect = option.rect
        mark = QRect(area.left() + 6, area.center().y() - side // 2, side, side)
        narrowed = QStyleOptionViewItem(option)
        narrowed.rect = area.adjusted(side + 8, 0, 0, 0)
        super().paint(painter, narrowed, index)
        is_selected = bool(option.state & QStyle.StateFlag.State_Selected)
        ink = option.palette.highlightedText().color() if is_selected else None
        theme.paint_operation_state(painter, mark, record.state, ink)


class _ProgressDelegate(QStyledItemDelegate):
    """A thin bar under the words; no bar where nobody can tell how far it is."""

    def paint(
        self,
        painter: QPainter,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> None:
        super().paint(painter, option, index)
        record: OperationRecord = index.data(RECORD_ROLE)
        if record.is_over or record.progress is None or record.progress.fraction is None:
            return
        area: QRect = option.rect
        track = QRect(area.left() + 4, area.bottom() - 4, area.width() - 8, 3)
        painter.fillRect(track, option.palette.color(QPalette.ColorRole.Mid))
        fraction = min(1.0, max(0.0, record.progress.fraction))
        track.setWidth(int(track.width() * fraction))
        is_selected = bool(option.state & QStyle.StateFlag.State_Selected)
        role = QPalette.ColorRole.HighlightedText if is_selected else QPalette.ColorRole.Highlight
        painter.fillRect(track, option.palette.color(role))


class OperationsDrawer(QWidget):
    """List on the left, the chosen operation's story on the right."""

    def __init__(self, store: Store, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store, self._actions = store, actions
        self.model = OperationModel(store.operations.values())
        self._build()
        self._clock = QTimer(self, interval=1000)
        self._clock.timeout.connect(self.model.tick)
        store.operations_changed.connect(self._on_operations_changed)
        self._show_record(None)

    def select(self, operation_id: str) -> None:
        """Bring one operation into view."""
        row = self.model.row_of(operation_id)
        if row is not None:
            self.table.selectRow(row)

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # type: ignore[arg-type]
        self._clock.start()

    def hideEvent(self, event: object) -> None:
        super().hideEvent(event)  # type: ignore[arg-type]
        self._clock.stop()

    def _build(self) -> None:
        self.table = QTableView(self)
        self.table.setObjectName("operations_table")
        self.table.setAccessibleName("Operations")
        self.table.setModel(self.model)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setItemDelegateForColumn(STATE, _StateDelegate(self.table))
        self.table.setItemDelegateForColumn(PROGRESS, _ProgressDelegate(self.table))
        self.table.setShowGrid(False)
        self.table.setWordWrap(False)
        self.table.verticalHeader().hide()
        height = self.fontMetrics().height() + 10
        self.table.verticalHeader().setDefaultSectionSize(height)
        header = self.table.horizontalHeader()
        header.setHighlightSections(False)
        width = self.fontMetrics().averageCharWidth()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for column, letters in enumerate((30, 26, 40, 11, 18, 10)):
            header.resizeSection(column, letters * width)
        header.setSectionResizeMode(PROGRESS, QHeaderView.ResizeMode.Stretch)
        self.table.selectionModel().selectionChanged.connect(self._on_selection)
        splitter = QSplitter(Qt.Orientation.Horizontal, self)
        splitter.addWidget(self.table)
        splitter.addWidget(self._make_story())
        splitter.setStretchFactor(0, 2)
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([2000, 1000])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(splitter)

    def _make_story(self) -> QWidget:
        panel = QWidget(self)
        self._headline = QLabel(panel)
        self._headline.setObjectName("operation_headline")
        self._headline.setTextFormat(Qt.TextFormat.PlainText)
        self._headline.setWordWrap(True)
        self._log = QPlainTextEdit(panel)
        self._log.setObjectName("operation_log")
        self._log.setReadOnly(True)
        self._log.setAccessibleName("Step log")
        buttons = QHBoxLayout()
        self._buttons: dict[str, QPushButton] = {}
        for name, text, slot in (
            ("cancel", "&Cancel", self._cancel),
            ("retry", "&Retry", self._retry),
            ("create_again", "Create a&gain…", self._create_again),
            ("clean_up", "Clean &up…", self._clean_up),
            ("move_back", "Move &back", self._move_back),
            ("copy", "Copy as co&mmand", self._copy),
        ):
            button = QPushButton(text, panel)
            button.setObjectName(f"operation_{name}")
            button.clicked.connect(slot)
            buttons.addWidget(button)
            self._buttons[name] = button
        buttons.addStretch(1)
        layout = QVBoxLayout(panel)
        layout.setContentsMargins(10, 6, 10, 6)
        layout.addWidget(self._headline)
        layout.addWidget(self._log, 1)
        layout.addLayout(buttons)
        return panel

    def _on_operations_changed(self, ids: Iterable[str]) -> None:
        records = [self._store.operations[name] for name in ids if name in self._store.operations]
        was_empty = self.model.rowCount() == 0
        self.model.changed(records)
        shown = self._chosen()
        if shown is not None and any(record.id == shown.id for record in records):
            self._show_record(shown)
        elif was_empty and records:
            self.table.selectRow(0)

    def _on_selection(self, _now: QItemSelection, _before: QItemSelection) -> None:
        self._show_record(self._chosen())

    def _chosen(self) -> OperationRecord | None:
        rows = self.table.selectionModel().selectedRows(OPERATION)
        return self.model.record_at(rows[0].row()) if rows else None

    def _show_record(self, record: OperationRecord | None) -> None:
        if record is None:
            self._headline.setText("No operation chosen. What you start appears here.")
            self._log.setPlainText("")
            for name, button in self._buttons.items():
                button.setEnabled(False)
                button.setVisible(name not in ("create_again", "clean_up"))
            return
        outcome = progress_text(record)
        self._headline.setText(
            plain(f"{record.title}: {state_text(record)}" + (f"\n{outcome}" if outcome else ""))
        )
        text = story(record)
        if text != self._log.toPlainText():
            self._log.setPlainText(text)
            bar = self._log.verticalScrollBar()
            bar.setValue(bar.maximum())
        is_move = isinstance(record.request, LiveMigrate)
        can_cancel = record.can_cancel and not record.is_over and not record.cancel_requested
        self._buttons["cancel"].setEnabled(can_cancel)
        self._buttons["retry"].setEnabled(self._actions.can_retry(record))
        is_creation = isinstance(record.request, CreateVirtualMachine)
        self._buttons["retry"].setVisible(not is_creation)
        for name, is_possible in (
            ("create_again", self._actions.can_create_again(record)),
            ("clean_up", self._actions.can_clean_up(record)),
        ):
            self._buttons[name].setVisible(is_creation)
            self._buttons[name].setEnabled(is_possible)
        self._buttons["move_back"].setVisible(is_move)
        self._buttons["move_back"].setEnabled(self._actions.can_move_back(record))
        self._buttons["copy"].setEnabled(bool(record.commands))

    def _cancel(self) -> None:
        if (record := self._chosen()) is not None:
            self._actions.cancel_operation(record.id)

    def _retry(self) -> None:
        if (record := self._chosen()) is not None:
            self._actions.retry(record)

    def _create_again(self) -> None:
        if (record := self._chosen()) is not None:
            self._actions.create_again(record)

    def _clean_up(self) -> None:
        if (record := self._chosen()) is not None:
            self._actions.clean_up(record)

    def _move_back(self) -> None:
        if (record := self._chosen()) is not None:
            self._actions.move_back(record)

    def _copy(self) -> None:
        if (record := self._chosen()) is not None:
            QGuiApplication.clipboard().setText("\n".join(record.commands))


def story(record: OperationRecord) -> str:
    """The whole log of an operation as plain text, with what was found and what to do next."""
    lines = []
    for step in record.steps:
        at = datetime.fromtimestamp(step.at).strftime("%H:%M:%S")
        lines.append(f"{at}  {step.text}" + (f"  ({step.detail})" if step.detail else ""))
    for finding in record.findings:
        lines.append(f"Check, {finding.severity}: {finding.text}")
        if finding.remedy:
            lines.append(f"    What to do: {finding.remedy}")
    if record.fault is not None:
        fault = record.fault
        lines.append(f"What happened: {fault.summary}")
        lines += [f"Kept: {fault.kept}"] if fault.kept else []
        lines += [f"What to do next: {fault.remedy}"] if fault.remedy else []
        lines += [f"Detail: {fault.detail}"] if fault.detail else []
    return plain("\n".join(lines))
