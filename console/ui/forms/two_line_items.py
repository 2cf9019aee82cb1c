"""List entries of two lines, title and detail, with a shape that tells the entry's state."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QKeyEvent, QPainter, QPalette
from PySide6.QtWidgets import (
    QListView,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from console.ui import theme

_DETAIL = int(Qt.ItemDataRole.UserRole) + 1
_SHAPE = _DETAIL + 1
_TOKEN = _DETAIL + 2
_Index = QModelIndex | QPersistentModelIndex
_WRAP = int(Qt.TextFlag.TextWordWrap)


class TwoLineList(QListWidget):
    """A list that wraps, follows the font, and needs no colour to be understood."""

    # Whether Enter is spent on the entry; else it also presses the dialog's default button.
    keeps_enter = False

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setItemDelegate(_TwoLines(self))
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)

    def add(self, title: str, detail: str = "", spoken: str = "") -> QListWidgetItem:
        """Texts are drawn as they are, never as markup; ``spoken`` is for screen readers."""
        item = QListWidgetItem(title)
        item.setData(_DETAIL, detail)
        item.setData(
            Qt.ItemDataRole.AccessibleTextRole, spoken or ". ".join(filter(None, (title, detail)))
        )
        self.addItem(item)
        return item

    def keyPressEvent(self, event: QKeyEvent) -> None:
        super().keyPressEvent(event)
        if self.keeps_enter and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            event.accept()

    def height_of_all(self) -> int:
        """Pixels that show every entry without scrolling."""
        rows = sum(self.sizeHintForRow(row) for row in range(self.count()))
        return rows + 2 * self.frameWidth() + 2

    @staticmethod
    def set_state(item: QListWidgetItem, shape: str, token: str, detail: str | None = None) -> None:
        """A shape of ``theme.paint_shape`` in a token's colour."""
        item.setData(_SHAPE, shape)
        item.setData(_TOKEN, token)
        if detail is not None:
            item.setData(_DETAIL, detail)


class _TwoLines(QStyledItemDelegate):
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        state, area, colours = option.state, option.rect, theme.current()
        is_selected = bool(state & QStyle.StateFlag.State_Selected)
        painter.save()
        if is_selected:
            painter.fillRect(area, colours.color("tile"))
            painter.fillRect(QRect(area.left(), area.top(), 3, area.height()),
                             colours.color("accent"))  # fmt: skip
        elif state & QStyle.StateFlag.State_MouseOver and state & QStyle.StateFlag.State_Enabled:
            painter.fillRect(area, colours.color("raised"))
        fonts = _Fonts(option, index)
        text_area = fonts.text_area(area)
        shape = index.data(_SHAPE)
        if shape:
            side = fonts.side
            box = QRect(area.left() + fonts.pad, text_area.top(), side, side)
            theme.paint_shape(painter, box, shape, colours.color(index.data(_TOKEN)))
        is_enabled = bool(state & QStyle.StateFlag.State_Enabled)
        painter.setPen(colours.color("text" if is_enabled else "muted"))
        painter.setFont(fonts.font)
        painter.drawText(text_area, _WRAP, fonts.title)
        if fonts.detail:
            painter.setFont(fonts.small)
            painter.setPen(colours.color("muted"))
            below = text_area.adjusted(0, fonts.title_height(text_area.width()) + 1, 0, 0)
            painter.drawText(below, _WRAP, fonts.detail)
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(option.palette.color(QPalette.ColorRole.Highlight))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(area.adjusted(0, 0, -1, -1))
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        view = self.parent()
        assert isinstance(view, QListWidget)
        width = view.viewport().width()
        fonts = _Fonts(option, index)
        inner = fonts.text_area(QRect(0, 0, width, 10_000)).width()
        height = fonts.title_height(inner) + 2 * fonts.pad
        if fonts.detail:
            height += fonts.detail_height(inner) + 1
        return QSize(width, height)


class _Fonts:
    """Sizes of one entry, all from its font: text scaled to 200 % grows everything."""

    def __init__(self, option: QStyleOptionViewItem, index: _Index) -> None:
        self.font = option.font
        self.small = QFont(option.font)
        self.small.setPointSizeF(max(option.font.pointSizeF() * 0.9, 1.0))
        self._metrics = QFontMetrics(self.font)
        self._small_metrics = QFontMetrics(self.small)
        self.side = self._metrics.ascent() + 3
        self.pad = max(6, self._metrics.height() // 2 - 1)
        self.title = str(index.data(Qt.ItemDataRole.DisplayRole) or "")
        self.detail = str(index.data(_DETAIL) or "")
        self._has_shape = bool(index.data(_SHAPE))

    def text_area(self, area: QRect) -> QRect:
        left = self.pad + (self.side + self.pad if self._has_shape else 0)
        return area.adjusted(left, self.pad, -self.pad, -self.pad)

    def title_height(self, width: int) -> int:
        return self._metrics.boundingRect(QRect(0, 0, width, 10_000), _WRAP, self.title).height()

    def detail_height(self, width: int) -> int:
        area = QRect(0, 0, width, 10_000)
        return self._small_metrics.boundingRect(area, _WRAP, self.detail).height()
