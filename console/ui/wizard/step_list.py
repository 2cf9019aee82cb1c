"""The wizard's steps at the left: clickable, each with its state as shape and word."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from console.ui import theme
from console.ui.wizard.flow import PAGES

_SIDE = 18


class StepList(QListWidget):
    """Rows in the order of the pages; ``currentRowChanged`` tells which one is wanted."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("steps")
        self.setAccessibleName("Steps")
        self.setIconSize(QSize(_SIDE, _SIDE))
        self.setFrameShape(QListWidget.Shape.NoFrame)
        self.setSpacing(3)
        self._states: list[str] = []
        for page in PAGES:
            self.addItem(QListWidgetItem(page.title.replace("&&", "&")))
        self.setFixedWidth(26 * self.fontMetrics().averageCharWidth())

    def show_states(self, right: list[bool], visited: set[int]) -> None:
        """Right and seen: done. Wrong and seen: wrong. Not seen yet: open."""
        for row, is_right in enumerate(right):
            if row not in visited:
                word, shape, token = "not visited", "bar", "off"
            elif is_right:
                word, shape, token = "complete", "check", "healthy"
            else:
                word, shape, token = "needs attention", "cross", "critical"
            item = self.item(row)
            item.setIcon(_icon(shape, token))
            item.setToolTip(word)
            title = PAGES[row].title.replace("&&", "and")
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{title}: {word}")


def _icon(shape: str, token: str) -> QIcon:
    pixmap = QPixmap(_SIDE * 2, _SIDE * 2)
    pixmap.setDevicePixelRatio(2.0)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    area = pixmap.rect().adjusted(1, 1, -_SIDE - 2, -_SIDE - 2)
    theme.paint_shape(painter, area, shape, theme.current().color(token))
    painter.end()
    return QIcon(pixmap)
