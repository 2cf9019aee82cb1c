"""Marks of what looks like the running cluster and is not: a stripe in words, and a frame."""

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QBrush, QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QWidget

from console.ui import theme
from console.ui.plain_text import plain


class Band(QLabel):
    """The stripe that nobody can take for the cluster: coloured, hatched at its ends, in words."""

    def __init__(self, colour: str, text: str = "", parent: QWidget | None = None) -> None:
        """``colour`` is the name of a theme's token."""
        super().__init__(plain(text), parent)
        self._colour = colour
        font = self.font()
        font.setBold(True)
        self.setFont(font)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setMargin(self.fontMetrics().height() // 3)
        self.setMinimumWidth(1)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        colours = theme.current()
        painter.fillRect(self.rect(), colours.color(self._colour))
        wide = max(0, (self.width() - self.fontMetrics().horizontalAdvance(self.text())) // 2)
        hatch = QBrush(colours.color("surface"), Qt.BrushStyle.BDiagPattern)
        edge = max(0, wide - self.fontMetrics().height())
        for left in (0, self.width() - edge):
            painter.fillRect(QRect(left, 0, edge, self.height()), hatch)
        painter.setPen(colours.color("surface"))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.text())


class Frame(QWidget):
    """The same colour around everything that looks like the cluster."""

    def __init__(self, colour: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colour = colour

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(self.rect(), theme.current().color(self._colour))
