"""The painted rows of the VM table: one pass of drawText over the visible rows, nothing per cell.

A stock QTableView costs 12 to 24 ms a frame in Python, this 4 (research of 2026, 41 rows by 6).
"""

from collections.abc import Iterable

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QFontMetrics,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QResizeEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from console.model.virtual_machine import VirtualMachine
from console.ui import theme
from console.ui.models.vm_columns import COLUMNS
from console.ui.models.vm_rows import VmRows
from console.ui.plain_text import one_line, tip
from console.ui.store import Store
from console.ui.views.column_header import PADDING as _PADDING
from console.ui.views.column_header import ColumnHeader
from console.ui.views.map_painting import paint_unequal
from console.ui.views.painted_area import PaintedArea

_MARK_COLUMN = "name"  # the health shape stands before the name


class VmList(PaintedArea):
    """Rows of ``rows.visible``, a cursor and a selection.

    Signals: ``cursor_moved(key)`` when another row becomes the current one,
    ``selection_changed()``, ``activated(key)`` on Enter or double click, ``menu_wanted(QPoint)`` in
    global coordinates.
    """

    cursor_moved = Signal(str)
    selection_changed = Signal()
    activated = Signal(str)
    menu_wanted = Signal(QPoint)

    def __init__(self, store: Store, rows: VmRows, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store, self._rows = store, rows
        self.selected: set[str] = set()
        self._cursor = ""
        self._anchor = ""
        self.setObjectName("vm_list")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Virtual machines")
        self.viewport().setMouseTracking(False)
        self.header = ColumnHeader(COLUMNS, self)
        self.header.setSortIndicatorShown(True)
        self.header.setSortIndicator(0, Qt.SortOrder.AscendingOrder)
        self.header.sectionResized.connect(self._fit_scroll_bars)
        self.header.columns_changed.connect(self._fit_scroll_bars)
        self.verticalScrollBar().valueChanged.connect(self.viewport().update)
        self.horizontalScrollBar().valueChanged.connect(self._scroll_sideways)
        self.rows_changed()

    def rows_changed(self) -> None:
        """``rows.visible`` is another list now: adjust scroll bar, cursor and selection."""
        known = self._store.inventory.vms
        kept = {key for key in self.selected if key in known}
        if kept != self.selected:
            self.selected = kept
            self.selection_changed.emit()
        if self._cursor not in known:
            self._cursor = ""
        self._fit_scroll_bars()
        self.viewport().update()

    def cells_changed(self, keys: Iterable[str]) -> None:
        """Values of these VMs changed: repaint the rows of them that can be seen."""
        first, last = self._visible_range()
        positions = {key: first + i for i, key in enumerate(self._rows.visible[first:last])}
        for key in keys:
            if key in positions:
                self.viewport().update(self._row_rect(positions[key]))

    @property
    def cursor_key(self) -> str:
        return self._cursor

    def set_cursor(self, key: str, *, extend: bool = False, toggle: bool = False) -> None:
        """Make a row the current one; selects it alone, up to it, or adds and removes it."""
        if extend and self._anchor in self._rows.visible:
            start, end = self._rows.visible.index(self._anchor), self._rows.visible.index(key)
            low, high = min(start, end), max(start, end)
            self.selected = set(self._rows.visible[low : high + 1])
        elif toggle:
            self.selected ^= {key}
            self._anchor = key
        else:
            self.selected = {key}
            self._anchor = key
        self._cursor = key
        self._scroll_to(self._rows.visible.index(key))
        self.viewport().update()
        self.selection_changed.emit()
        self.cursor_moved.emit(key)

    def select_all(self) -> None:
        self.selected = set(self._rows.visible)
        self.viewport().update()
        self.selection_changed.emit()

    # -- geometry ------------------------------------------------------------------------------
    @property
    def row_height(self) -> int:
        return QFontMetrics(self.font()).height() + _PADDING

    def sizeHint(self) -> QSize:
        return QSize(self.header.length() + 24, 24 * self.row_height)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_scroll_bars()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit_scroll_bars()

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

    def _row_rect(self, row: int) -> QRect:
        top = (row - self.verticalScrollBar().value()) * self.row_height
        return QRect(0, top, self.viewport().width(), self.row_height)

    def _key_at(self, point: QPoint) -> str:
        row = self.verticalScrollBar().value() + point.y() // self.row_height
        return self._rows.visible[row] if 0 <= row < len(self._rows.visible) else ""

    def _scroll_to(self, row: int) -> None:
        bar = self.verticalScrollBar()
        if row < bar.value():
            bar.setValue(row)
        elif row >= bar.value() + bar.pageStep():
            bar.setValue(row - bar.pageStep() + 1)

    # -- painting ------------------------------------------------------------------------------
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        palette = self.palette()
        height = self.row_height
        first, last = self._visible_range()
        vms = self._store.inventory.vms
        sections = [
            (column, self.header.sectionViewportPosition(i), self.header.sectionSize(i))
            for i, column in enumerate(COLUMNS)
            if not self.header.isSectionHidden(i)
        ]
        dirty = event.rect()
        for row in range(first, last):
            top = (row - first) * height
            if top > dirty.bottom() or top + height < dirty.top():
                continue
            vm = vms.get(self._rows.visible[row])
            if vm is not None:
                self._paint_row(painter, palette, QRect(0, top, self.width(), height), vm, sections)

    def _paint_row(
        self,
        painter: QPainter,
        palette: QPalette,
        area: QRect,
        vm: VirtualMachine,
        sections: list,
    ) -> None:
        is_selected = vm.key in self.selected
        if is_selected:
            painter.fillRect(area, palette.highlight())
        ink = palette.highlightedText() if is_selected else palette.text()
        painter.setPen(ink.color())
        metrics = painter.fontMetrics()
        for column, left, width in sections:
            if left + width < 0 or left > area.width():
                continue
            cell = QRect(left + _PADDING, area.top(), width - 2 * _PADDING, area.height())
            if column.id == _MARK_COLUMN:
                cell = self._paint_mark(painter, cell, vm)
                painter.setPen(ink.color())
            text = metrics.elidedText(
                one_line(column.text(vm)), Qt.TextElideMode.ElideRight, cell.width()
            )
            side = Qt.AlignmentFlag.AlignRight if column.is_number else Qt.AlignmentFlag.AlignLeft
            painter.drawText(cell, side | Qt.AlignmentFlag.AlignVCenter, text)
        painter.setPen(palette.color(QPalette.ColorRole.AlternateBase))
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        if vm.key == self._cursor and self.hasFocus():
            painter.setPen(palette.color(QPalette.ColorRole.Highlight))
            painter.drawRect(area.adjusted(0, 0, -1, -1))

    def _paint_mark(self, painter: QPainter, cell: QRect, vm: VirtualMachine) -> QRect:
        side = round(self.row_height * 0.45)
        mark = QRect(cell.left(), cell.top() + (cell.height() - side) // 2, side, side)
        theme.paint_health(painter, mark, self._store.health_of(vm.key).level)
        if vm.key not in self._store.disagreeing:
            return cell.adjusted(side + _PADDING, 0, 0, 0)
        paint_unequal(painter, mark.translated(side + _PADDING // 2, 0))
        return cell.adjusted(2 * side + 2 * _PADDING, 0, 0, 0)

    # -- input ---------------------------------------------------------------------------------
    def mousePressEvent(self, event: QMouseEvent) -> None:
        key = self._key_at(event.position().toPoint())
        is_menu = event.button() == Qt.MouseButton.RightButton
        if key and not (is_menu and key in self.selected):
            modifiers = event.modifiers()
            self.set_cursor(
                key,
                extend=bool(modifiers & Qt.KeyboardModifier.ShiftModifier),
                toggle=bool(modifiers & Qt.KeyboardModifier.ControlModifier),
            )
        if is_menu:
            self.menu_wanted.emit(event.globalPosition().toPoint())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        key = self._key_at(event.position().toPoint())
        if key:
            self.activated.emit(key)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Down: 1,
            Qt.Key.Key_Up: -1,
            Qt.Key.Key_PageDown: self.verticalScrollBar().pageStep(),
            Qt.Key.Key_PageUp: -self.verticalScrollBar().pageStep(),
            Qt.Key.Key_Home: -len(self._rows.visible),
            Qt.Key.Key_End: len(self._rows.visible),
        }
        visible = self._rows.visible
        step = steps.get(Qt.Key(event.key()))
        if step is not None and visible:
            at = visible.index(self._cursor) if self._cursor in visible else -1
            target = max(0, min(len(visible) - 1, at + step))
            shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self.set_cursor(visible[target], extend=shift)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._cursor:
            self.activated.emit(self._cursor)
        elif event.key() == Qt.Key.Key_Space and self._cursor in visible:
            self.set_cursor(self._cursor, toggle=True)
        elif (
            event.key() == Qt.Key.Key_A and event.modifiers() & Qt.KeyboardModifier.ControlModifier
        ):
            self.select_all()
        elif event.key() == Qt.Key.Key_Menu and self._cursor in visible:
            below = self._row_rect(visible.index(self._cursor)).bottomLeft()
            self.menu_wanted.emit(self.viewport().mapToGlobal(below))
        else:
            super().keyPressEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            key = self._key_at(event.pos())
            text = tip(self._store.health_of(key).sentence) if key else ""
            QToolTip.showText(event.globalPos(), text, self.viewport())
            return True
        return super().viewportEvent(event)
