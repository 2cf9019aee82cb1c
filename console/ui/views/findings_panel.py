"""The whole list of findings for the hovered node, floating over the map while VMs are lifted."""

from PySide6.QtCore import QEvent, QPoint, QRect, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from console.model.finding import NodeVerdict
from console.ui import theme
from console.ui.models.move_words import NOTHING_AGAINST, brief_lines, outlook_text, whole_lines
from console.ui.plain_text import plain

_WIDTH_LETTERS = 54
_WIDE_LETTERS = 84
_BRIEF = 3
_SPACE_UNFOLDS = "Space: every reason, with what it was seen from"
_SPACE_FOLDS = "Space: only the worst"


class FindingsPanel(QFrame):
    """Never takes the mouse: the drag goes on beneath it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("findings_panel")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._verdict: NodeVerdict | None = None
        self._shown: tuple[object, ...] = ()
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
        self,
        verdict: NodeVerdict,
        what: str,
        checked: str,
        beside: QRect,
        *,
        is_pinned: bool = False,
        is_whole: bool = False,
    ) -> None:
        """Show what one node says, under what it speaks of or above it.

        ``checked`` tells how old that word is; ``is_whole`` unfolds every finding with its
        evidence; ``is_pinned`` adds how to be rid of it: the mouse button is up, nothing else
        tells.
        """
        found = verdict.findings
        lines = whole_lines(found) if is_whole else brief_lines(found, _BRIEF)
        if found:
            lines += ["", _SPACE_FOLDS if is_whole else _SPACE_UNFOLDS]
        if is_pinned:
            lines += ["", "Nothing was moved. Click or press Escape to go on."]
        texts = (
            plain(f"{what} to {verdict.node}: {verdict.verdict}"),
            plain(f"{outlook_text(verdict)}\n{checked[:1].upper()}{checked[1:]}"),
            plain("\n".join(lines) or NOTHING_AGAINST),
        )
        self._verdict = verdict
        for label, text in zip((self._title, self._outlook, self._text), texts, strict=True):
            label.setText(text)
        shown = (*texts, is_whole, self.font().key())
        if shown != self._shown:
            # Measuring wrapped text is dear, and under a held mouse this is called for each move.
            self._shown = shown
            self._take_size(_WIDE_LETTERS if is_whole else _WIDTH_LETTERS)
            self.update()
        self._take_place(beside)
        self.show()
        self.raise_()

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

    def _take_size(self, letters: int) -> None:
        """A wrapping label tells its height only for a width: adjustSize() alone would clip it."""
        width = letters * self.fontMetrics().averageCharWidth()
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
