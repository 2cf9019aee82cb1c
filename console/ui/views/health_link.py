"""One link of a chain of reasons: its shape, its sentence, and what it rests on."""

from PySide6.QtCore import QEvent, QRect, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from console.health import HealthLevel, Reason
from console.ui import theme
from console.ui.models.health_words import LinkWords
from console.ui.plain_text import plain


def word_label(parent: QWidget, name: str = "") -> QLabel:
    """A label of plain text that wraps and can be selected with the mouse."""
    label = QLabel(parent)
    label.setObjectName(name)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    # One word of ten thousand letters must not make the window as wide.
    label.setMinimumWidth(1)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


class HealthLink(QWidget):
    """A row; a line in its gutter leads to the next link of the same chain."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._level = HealthLevel.UNKNOWN
        self._has_next = False
        self._lead = word_label(self)
        self._lead.setForegroundRole(theme.MUTED_ROLE)
        self._text = word_label(self, "health_link_text")
        self._meta = word_label(self)
        self._meta.setForegroundRole(theme.MUTED_ROLE)
        gutter = self._gutter()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(gutter, 2, 0, 6)
        layout.setSpacing(1)
        for label in (self._lead, self._text, self._meta):
            layout.addWidget(label)

    def tell(self, reason: Reason, words: LinkWords, *, has_next: bool, is_bold: bool) -> None:
        self._level, self._has_next = reason.level, has_next
        self._lead.setText(words.lead)
        self._lead.setVisible(bool(words.lead))
        self._text.setText(plain(words.text))
        font = self._text.font()
        font.setBold(is_bold)
        self._text.setFont(font)
        self._text.setAccessibleName(f"{words.lead} {plain(words.text)} ({reason.level})".strip())
        self._meta.setText(plain(words.meta))
        self._meta.setVisible(bool(words.meta))
        self.update()

    def _gutter(self) -> int:
        return int(self.fontMetrics().height() * 1.7)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            margins = self.contentsMargins()
            layout = self.layout()
            if layout is not None:
                layout.setContentsMargins(self._gutter(), 2, margins.right(), 6)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        size = int(self.fontMetrics().height() * 0.95)
        top = self._text.y() + (self.fontMetrics().height() - size) // 2
        middle = size // 2 + 1
        painter.setPen(theme.current().color("line"))
        if self._lead.text():
            painter.drawLine(middle, 0, middle, top - 2)
        if self._has_next:
            painter.drawLine(middle, top + size + 2, middle, self.height())
        theme.paint_health(painter, QRect(1, top, size, size), self._level)
        painter.end()
