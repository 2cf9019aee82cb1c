"""A few rows of small inputs with a button to add and one to take away: data disks, tags."""

from collections.abc import Mapping
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from console.ui import theme
from console.ui.forms.outlined import outline
from console.ui.plain_text import one_line

_FEWEST_LETTERS = 4  # where the window is small and the text large
Cell = str | int | bool
Row = dict[str, Cell]


@dataclass(frozen=True)
class Column:
    """``initial`` says by its type what is typed: a text, a number, or one of ``options``."""

    name: str
    title: str
    initial: Cell
    limits: tuple[int, int] = (0, 0)
    unit: str = ""
    options: tuple[tuple[Cell, str], ...] = ()
    stretch: int = 0


class RowsEditor(QWidget):
    """Signal: ``rows_changed()`` after a person changed something; ``rows()`` tells what."""

    rows_changed = Signal()

    def __init__(
        self, columns: tuple[Column, ...], add_label: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._columns = columns
        self._cells: list[dict[str, QWidget]] = []
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(4)
        for at, column in enumerate(columns):
            self._grid.setColumnStretch(at, column.stretch)
        self._add = QPushButton(add_label, self)
        self._add.setAutoDefault(False)
        self._add.clicked.connect(self._on_add)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(self._grid)
        layout.addWidget(self._add, 0, Qt.AlignmentFlag.AlignLeft)
        self.setFocusProxy(self._add)

    def setObjectName(self, name: str) -> None:
        super().setObjectName(name)
        self._add.setObjectName(f"{name}_add")

    def rows(self) -> list[Row]:
        return [
            {column.name: _value(cells[column.name]) for column in self._columns}
            for cells in self._cells
        ]

    def set_rows(self, rows: list[Row]) -> None:
        """Show these; nothing is touched where they stand already, so a cursor stays."""
        if rows == self.rows():
            return
        self._show(rows)

    def set_options(self, name: str, options: tuple[tuple[Cell, str], ...]) -> None:
        """Other choices for a column, as the site's storage paths become known."""
        columns = tuple(
            Column(c.name, c.title, c.initial, c.limits, c.unit, options, c.stretch)
            if c.name == name
            else c
            for c in self._columns
        )
        if columns != self._columns:
            rows = self.rows()
            self._columns = columns
            self._show(rows)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self._add.setFocus(event.reason())

    # -- inside --------------------------------------------------------------------------------
    def _show(self, rows: list[Row]) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self._cells = []
        if rows:
            for at, column in enumerate(self._columns):
                title = QLabel(column.title, self)
                title.setTextFormat(Qt.TextFormat.PlainText)
                title.setForegroundRole(theme.MUTED_ROLE)
                # A title never makes its column wider than what is typed there.
                title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
                title.setToolTip(column.title)
                self._grid.addWidget(title, 0, at)
        for row in rows:
            self._append(row)

    def _append(self, row: Mapping[str, Cell]) -> None:
        place = len(self._cells)
        cells = {}
        for at, column in enumerate(self._columns):
            cell = self._cell(column, row.get(column.name, column.initial))
            cell.setObjectName(f"{self.objectName()}_{place}_{column.name}")
            cell.setAccessibleName(f"{column.title}, row {place + 1}")
            outline(cell)
            cells[column.name] = cell
            self._grid.addWidget(cell, place + 1, at)
            cell.show()  # a layout shows it later, too late to take the cursor
        remove = QToolButton(self)
        remove.setText("✕")
        remove.setToolTip("Remove")
        remove.setObjectName(f"{self.objectName()}_{place}_remove")
        remove.setAccessibleName(f"Remove row {place + 1}")
        remove.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        remove.setProperty("chip", True)  # the theme's narrow button: a sign, no word
        remove.clicked.connect(lambda: self._on_remove(place))
        self._grid.addWidget(remove, place + 1, len(self._columns))
        self._cells.append(cells)
        self._order_tabs()

    def _cell(self, column: Column, value: Cell) -> QWidget:
        if column.options:
            box = QComboBox(self)
            box.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
            box.setMinimumContentsLength(_FEWEST_LETTERS)
            for data, text in column.options:
                box.addItem(one_line(text), data)
            box.setCurrentIndex(max(0, box.findData(value)))
            box.currentIndexChanged.connect(self.rows_changed)
            return box
        if isinstance(column.initial, int):
            spin = QSpinBox(self)
            spin.setRange(*column.limits)
            spin.setSuffix(f" {column.unit}" if column.unit else "")
            spin.setValue(int(value))
            spin.valueChanged.connect(self.rows_changed)
            return spin
        line = QLineEdit(str(value), self)
        line.setMinimumWidth(_FEWEST_LETTERS * self.fontMetrics().averageCharWidth())
        line.textChanged.connect(self.rows_changed)
        return line

    def _order_tabs(self) -> None:
        before: QWidget | None = None
        for row in range(1, self._grid.rowCount()):
            for at in range(self._grid.columnCount()):
                item = self._grid.itemAtPosition(row, at)
                widget = item.widget() if item is not None else None
                if widget is not None:
                    if before is not None:
                        QWidget.setTabOrder(before, widget)
                    before = widget
        if before is not None:
            QWidget.setTabOrder(before, self._add)

    def _on_add(self) -> None:
        self._show([*self.rows(), {column.name: column.initial for column in self._columns}])
        next(iter(self._cells[-1].values())).setFocus(Qt.FocusReason.OtherFocusReason)
        self.rows_changed.emit()

    def _on_remove(self, place: int) -> None:
        rows = self.rows()
        self._show(rows[:place] + rows[place + 1 :])
        self._add.setFocus(Qt.FocusReason.OtherFocusReason)
        self.rows_changed.emit()


def _value(cell: QWidget) -> Cell:
    if isinstance(cell, QComboBox):
        value: Cell = cell.currentData()
        return value
    if isinstance(cell, QSpinBox):
        return cell.value()
    assert isinstance(cell, QLineEdit)
    return cell.text()
