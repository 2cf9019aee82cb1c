"""The whole list of findings for the hovered node, floating over the map while VMs are lifted."""

from PySide6.QtCore import QEvent, QPoint, QRect, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from console.model.finding import NodeVerdict
from console.ui import theme
from console.ui.plain_text import plain
from console.ui.views.map_painting import outlook_text

_WIDTH_LETTERS = 54


class FindingsPanel(QFrame):
    """Never takes the mouse: the drag goes on beneath it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("findings_panel")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._verdict: NodeVerdict | None = None
        self._title, self._outlook, self._text = QLabel(self), QLabel(self), QLabel(self)
        bold = self._title.font()
        bold.setBold(True)
        self._title.setFont(bold)
        self._outlook.setForegroundRole(theme.MUTED_ROLE)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(14, 10, 14, 12)
        for label in (self._title, self._outlook, self._text):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            self._layout.addWidget(label)
        self.hide()

    def show_verdict(
        self, verdict: NodeVerdict, what: str, beside: QRect, *, is_pinned: bool = False
    ) -> None:
        """Show every finding of one node, under what it speaks of or above it.

        ``is_pinned`` adds how to be rid of it: the mouse button is up, nothing else tells.
        """
        self._verdict = verdict
        lines = []
        for finding in verdict.findings:
            lines.append(f"{_MARK.get(finding.severity, '•')} {finding.text}")
            if finding.remedy:
                lines.append(f"    {finding.remedy}")
        if is_pinned:
            lines += ["", "Nothing was moved. Click or press Escape to go on."]
        self._title.setText(plain(f"{what} to {verdict.node}: {verdict.verdict}"))
        self._outlook.setText(plain(outlook_text(verdict)))
        self._text.setText(plain("\n".join(lines) or "Nothing against it."))
        self._take_size()
        self._take_place(beside)
        self.show()
        self.raise_()
        self.update()

    def text(self) -> str:
        """Everything the panel says."""
        return "\n".join(label.text() for label in (self._title, self._outlook, self._text))

    def paintEvent(self, event: QPaintEvent) -> None:
        colors = theme.current()
        painter = QPainter(self)
        painter.fillRect(self.rect(), colors.color("surface"))
        painter.setPen(colors.color("line"))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        if self._verdict is not None:
            token = colors.color(theme.VERDICT_TOKEN[self._verdict.verdict])
            painter.fillRect(QRect(0, 0, 4, self.height()), token)
        painter.end()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.update()

    def _take_size(self) -> None:
        """A wrapping label tells its height only for a width: adjustSize() alone would clip it."""
        width = _WIDTH_LETTERS * self.fontMetrics().averageCharWidth()
        margins = self._layout.contentsMargins()
        inner = width - margins.left() - margins.right()
        labels = (self._title, self._outlook, self._text)
        height = sum(label.heightForWidth(inner) for label in labels)
        height += margins.top() + margins.bottom() + 2 * self._layout.spacing()
        self.setFixedSize(width, height)

    def _take_place(self, beside: QRect) -> None:
        parent = self.parentWidget()
        assert parent is not None
        left = min(beside.left(), parent.width() - self.width() - 8)
        top = beside.bottom() + 8
        if top + self.height() > parent.height():
            top = min(beside.top(), parent.height()) - self.height() - 8
        self.move(QPoint(max(8, left), max(8, top)))


_MARK = {"fine": "✓", "note": "ℹ", "waits": "◷", "unknown": "?", "blocks": "✕"}
