"""The whole list of findings for the hovered node, floating over the map while VMs are lifted."""

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from console.model.finding import NodeVerdict
from console.ui.plain_text import plain
from console.ui.views.map_painting import outlook_text

_WIDTH_LETTERS = 52


class FindingsPanel(QFrame):
    """Never takes the mouse: the drag goes on beneath it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("findings_panel")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        self._text = QLabel(self)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setWordWrap(True)
        self._layout = QVBoxLayout(self)
        self._layout.addWidget(self._text)
        self.hide()

    def show_verdict(self, verdict: NodeVerdict, what: str, beside: QRect) -> None:
        """Show every finding of one node, under or over its header."""
        lines = [f"{what} to {verdict.node}: {verdict.verdict}", outlook_text(verdict)]
        for finding in verdict.findings:
            lines.append(f"\n{_MARK.get(finding.severity, '•')} {finding.text}")
            if finding.remedy:
                lines.append(f"   {finding.remedy}")
        self._text.setText(plain("\n".join(lines)))
        # A wrapping label tells its height only for a width: adjustSize() alone would clip it.
        width = _WIDTH_LETTERS * self.fontMetrics().averageCharWidth()
        margins = self.contentsMargins() + self._layout.contentsMargins()
        inner = width - margins.left() - margins.right()
        height = self._text.heightForWidth(inner) + margins.top() + margins.bottom()
        self.setFixedSize(width, height)
        parent = self.parentWidget()
        assert parent is not None
        left = min(beside.left(), parent.width() - self.width() - 8)
        top = beside.bottom() + 8
        if top + self.height() > parent.height():
            # Above what it speaks of, if it does not fit below.
            top = max(8, min(beside.top(), parent.height()) - self.height() - 8)
        self.move(QPoint(max(8, left), top))
        self.show()
        self.raise_()


_MARK = {"fine": "✓", "note": "ℹ", "waits": "◷", "unknown": "?", "blocks": "✕"}
