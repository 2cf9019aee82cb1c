"""The painted rows of the fleet's table, as vm_list paints those of one cluster: 100,000 or ten."""

from array import array
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QFontMetrics,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from console.model.fleet import NO_LEVEL
from console.ui import theme
from console.ui.fleet_store import FleetStore
from console.ui.models.fleet_columns import COLUMNS, FleetColumn
from console.ui.models.fleet_rows import FleetRows
from console.ui.plain_text import one_line, tip
from console.ui.views.column_header import PADDING as _PADDING
from console.ui.views.column_header import ColumnHeader
from console.ui.views.fleet import wall_painting
from console.ui.views.painted_area import PaintedArea

_MARK_COLUMN = "name"
_Section = tuple[FleetColumn, int, int]


class FleetList(PaintedArea):
    """Signals: ``cursor_moved(slot)``, ``selection_changed()``, ``activated(slot)`` by Enter or
    double click. The cursor is a VM, not a place: it stays with it while rows come and go.
    """

    cursor_moved = Signal(int)
    selection_changed = Signal()
    activated = Signal(int)

    def __init__(self, store: FleetStore, rows: FleetRows, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store, self._rows = store, rows
        self.selected: set[int] = set()
        self.cursor_slot = -1
        self._row = -1  # where the cursor was seen last
        self._anchor = -1
        self.setObjectName("fleet_list")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Virtual machines of the fleet")
        self.header = ColumnHeader(COLUMNS, self)
        self.header.setSortIndicatorShown(False)
        self.header.sectionResized.connect(self._fit_scroll_bars)
        self.header.columns_changed.connect(self._fit_scroll_bars)
        self.verticalScrollBar().valueChanged.connect(self.viewport().update)
        self.horizontalScrollBar().valueChanged.connect(self._scroll_sideways)
        rows.rows_changed.connect(self._on_rows_changed)
        rows.cells_changed.connect(self._on_cells_changed)

    # -- cursor and selection ------------------------------------------------------------------
    def row_of(self, slot: int) -> int:
        """Its place among the rows, -1 for none; quick where it was seen last."""
        visible = self._rows.visible
        if 0 <= self._row < len(visible) and visible[self._row] == slot:
            return self._row
        if not self._rows.is_shown(slot):
            return -1
        return visible.index(slot)

    def set_cursor(self, row: int, *, extend: bool = False, toggle: bool = False) -> None:
        """Make a row the current one; selects it alone, up to it, or adds and removes it."""
        visible = self._rows.visible
        slot = visible[row]
        if extend and self._anchor >= 0 and (start := self.row_of(self._anchor)) >= 0:
            low, high = min(start, row), max(start, row)
            self.selected = set(visible[low : high + 1])
        elif toggle:
            self.selected ^= {slot}
            self._anchor = slot
        else:
            self.selected = {slot}
            self._anchor = slot
        self.cursor_slot, self._row = slot, row
        self._scroll_to(row)
        self.viewport().update()
        self.selection_changed.emit()
        self.cursor_moved.emit(slot)

    def select_all(self) -> None:
        self.selected = set(self._rows.visible)
        self.viewport().update()
        self.selection_changed.emit()

    def selected_slots(self) -> "array[int]":
        """In the order of the rows."""
        return array("I", [slot for slot in self._rows.visible if slot in self.selected])

    def _on_rows_changed(self) -> None:
        levels = self._store.levels
        gone = {s for s in self.selected if s >= len(levels) or levels[s] == NO_LEVEL}
        if gone:
            self.selected -= gone
            self.selection_changed.emit()
        if self.cursor_slot >= len(levels) or (
            self.cursor_slot >= 0 and levels[self.cursor_slot] == NO_LEVEL
        ):
            self.cursor_slot = -1
        self._fit_scroll_bars()

    def _on_cells_changed(self, slots: Sequence[int]) -> None:
        first, last = self._visible_range()
        shown = {slot: at for at, slot in enumerate(self._rows.visible[first:last])}
        for slot in shown.keys() & slots:
            at = shown[slot]
            self.viewport().update(
                0, at * self.row_height, self.viewport().width(), self.row_height
            )

    # -- geometry ------------------------------------------------------------------------------
    @property
    def row_height(self) -> int:
        return QFontMetrics(self.font()).height() + _PADDING

    def sizeHint(self) -> QSize:
        return QSize(900, 24 * self.row_height)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_scroll_bars()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit_scroll_bars()

    def shown_columns(self) -> list[FleetColumn]:
        """In the order of the header."""
        known = {column.id: column for column in COLUMNS}
        return [known[name] for name in self.header.shown_ids]

    def _fit_scroll_bars(self) -> None:
        height = self.header.sizeHint().height()
        self.setViewportMargins(0, height, 0, 0)
        area = self.viewport().geometry()
        self.header.setGeometry(area.left(), area.top() - height, area.width(), height)
        page = max(1, self.viewport().height() // self.row_height)
        bar = self.verticalScrollBar()
        bar.setPageStep(page)
        bar.setRange(0, max(0, len(self._rows.visible) - page))
        sideways = self.horizontalScrollBar()
        sideways.setPageStep(self.viewport().width())
        sideways.setRange(0, max(0, self.header.length() - self.viewport().width()))
        self.viewport().update()

    def _scroll_sideways(self, offset: int) -> None:
        self.header.setOffset(offset)
        self.viewport().update()

    def _visible_range(self) -> tuple[int, int]:
        first = self.verticalScrollBar().value()
        count = self.viewport().height() // self.row_height + 2
        return first, min(len(self._rows.visible), first + count)

    def _row_at(self, point: QPoint) -> int:
        row = self.verticalScrollBar().value() + point.y() // self.row_height
        return row if 0 <= row < len(self._rows.visible) else -1

    def _scroll_to(self, row: int) -> None:
        bar = self.verticalScrollBar()
        if row < bar.value():
            bar.setValue(row)
        elif row >= bar.value() + bar.pageStep():
            bar.setValue(row - bar.pageStep() + 1)

    # -- painting ------------------------------------------------------------------------------
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        header, height = self.header, self.row_height
        width = self.viewport().width()
        sections = [
            (column, header.sectionViewportPosition(i), header.sectionSize(i))
            for i, column in enumerate(COLUMNS)
            if not header.isSectionHidden(i)
        ]
        sections = [one for one in sections if one[1] + one[2] > 0 and one[1] < width]
        first, last = self._visible_range()
        dirty = event.region()
        stale = self._stale_codes()
        side = round(height * 0.45)
        marks = wall_painting.row_marks(side, self.devicePixelRatioF())
        for at, slot in enumerate(self._rows.visible[first:last]):
            area = QRect(0, at * height, width, height)
            if not dirty.intersects(area):
                continue
            self._paint_row(painter, area, slot, sections, stale, marks)
        painter.end()

    def _stale_codes(self) -> frozenset[int]:
        stale = self._store.stale_subscriptions()
        words = self._store.words["subscription"]
        return frozenset(at for at, word in enumerate(words) if word in stale)

    def _paint_row(
        self,
        painter: QPainter,
        area: QRect,
        slot: int,
        sections: Sequence[_Section],
        stale: frozenset[int],
        marks: Sequence[QPixmap],
    ) -> None:
        store, palette = self._store, self.palette()
        ink = palette.text().color()
        if store.numbers["subscription"][slot] in stale:
            ink = palette.color(theme.MUTED_ROLE)  # old data are never drawn as fresh
        if slot in self.selected:
            painter.fillRect(area, palette.highlight())
            ink = palette.highlightedText().color()
        painter.setPen(ink)
        metrics = painter.fontMetrics()
        for column, left, width in sections:
            cell = QRect(left + _PADDING, area.top(), width - 2 * _PADDING, area.height())
            if column.id == _MARK_COLUMN:
                side = round(area.height() * 0.45)
                top = cell.top() + (cell.height() - side) // 2
                painter.drawPixmap(QPoint(cell.left(), top), marks[store.levels[slot] & 7])
                cell = cell.adjusted(side + _PADDING, 0, 0, 0)
            text = metrics.elidedText(
                one_line(column.text(store, slot)), Qt.TextElideMode.ElideRight, cell.width()
            )
            side_flag = (
                Qt.AlignmentFlag.AlignRight if column.is_number else Qt.AlignmentFlag.AlignLeft
            )
            painter.drawText(cell, side_flag | Qt.AlignmentFlag.AlignVCenter, text)
        painter.setPen(palette.color(QPalette.ColorRole.AlternateBase))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        if slot == self.cursor_slot and self.hasFocus():
            painter.setPen(palette.color(QPalette.ColorRole.Highlight))
            painter.drawRect(area.adjusted(0, 0, -1, -1))

    # -- input ---------------------------------------------------------------------------------
    def mousePressEvent(self, event: QMouseEvent) -> None:
        row = self._row_at(event.position().toPoint())
        if row >= 0:
            modifiers = event.modifiers()
            self.set_cursor(
                row,
                extend=bool(modifiers & Qt.KeyboardModifier.ShiftModifier),
                toggle=bool(modifiers & Qt.KeyboardModifier.ControlModifier),
            )

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        row = self._row_at(event.position().toPoint())
        if row >= 0:
            self.activated.emit(self._rows.visible[row])

    def keyPressEvent(self, event: QKeyEvent) -> None:
        page, count = self.verticalScrollBar().pageStep(), len(self._rows.visible)
        steps = {
            Qt.Key.Key_Down: 1,
            Qt.Key.Key_Up: -1,
            Qt.Key.Key_PageDown: page,
            Qt.Key.Key_PageUp: -page,
            Qt.Key.Key_Home: -count,
            Qt.Key.Key_End: count,
        }
        step = steps.get(Qt.Key(event.key()))
        row = self.row_of(self.cursor_slot) if self.cursor_slot >= 0 else -1
        if step is not None and count:
            target = max(0, min(count - 1, row + step))
            shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self.set_cursor(target, extend=shift)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and row >= 0:
            self.activated.emit(self.cursor_slot)
        elif event.key() == Qt.Key.Key_Space and row >= 0:
            self.set_cursor(row, toggle=True)
        elif (
            event.key() == Qt.Key.Key_A and event.modifiers() & Qt.KeyboardModifier.ControlModifier
        ):
            self.select_all()
        else:
            super().keyPressEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            row = self._row_at(event.pos())
            text = self._store.health_of(self._rows.visible[row]).sentence if row >= 0 else ""
            QToolTip.showText(event.globalPos(), tip(text), self.viewport())
            return True
        return super().viewportEvent(event)
