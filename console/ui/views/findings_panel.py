"""What the hovered node says, floating over the map while VMs are lifted: reasons and figures."""

from typing import NamedTuple

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QWidget

from console.model.finding import NodeVerdict, Severity, Verdict
from console.ui import theme
from console.ui.models.move_words import NOTHING_AGAINST, VERDICT_OF, details_of, outlook_text
from console.ui.plain_text import plain

_WIDTH_LETTERS = 56
_WIDE_LETTERS = 84
_BRIEF = 3
_SPACE_UNFOLDS = "Space: every reason, and what it was seen from"
_SPACE_FOLDS = "Space: only the worst"
_LET_GO = "Nothing was moved. Click or press Escape to go on."
_WRAPPED = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop


class _Line(NamedTuple):
    """One paragraph. ``mark`` stands before it; ``space`` is the gap above it in line heights."""

    text: str
    is_bold: bool = False
    is_muted: bool = False
    mark: Verdict | None = None
    is_indented: bool = False
    space: float = 0.0


class FindingsPanel(QFrame):
    """Never takes the mouse: the drag goes on beneath it. Painted, because it follows the mouse."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("findings_panel")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._verdict: NodeVerdict | None = None
        self._lines: list[_Line] = []
        self._places: list[QRect] = []
        self._made_for: tuple[object, ...] = ()
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
        parent = self.parentWidget()
        assert parent is not None
        made_for = (verdict, what, checked, is_pinned, is_whole, self.font().key(), parent.size())
        if made_for != self._made_for:
            self._made_for, self._verdict = made_for, verdict
            self._lines = _lines(verdict, what, checked, is_pinned=is_pinned, is_whole=is_whole)
            self._lay_out(_WIDE_LETTERS if is_whole else _WIDTH_LETTERS)
            self.setAccessibleName(self._lines[0].text)
            self.setAccessibleDescription(self.text())
            self.update()
        self._take_place(beside)
        self.show()
        self.raise_()

    def text(self) -> str:
        """Everything the panel says."""
        return "\n".join(line.text for line in self._lines)

    def paintEvent(self, event: QPaintEvent) -> None:
        colors = theme.current()
        painter = QPainter(self)
        painter.fillRect(self.rect(), colors.color("surface"))
        painter.setPen(colors.color("line"))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        if self._verdict is not None:
            token = colors.color(theme.VERDICT_TOKEN[self._verdict.verdict])
            painter.fillRect(QRect(0, 0, 4, self.height()), token)
        for line, place in zip(self._lines, self._places, strict=True):
            self._draw(painter, line, place, colors.color("muted" if line.is_muted else "text"))
        painter.end()

    def _draw(self, painter: QPainter, line: _Line, place: QRect, color: QColor) -> None:
        font = QFont(self.font())
        font.setBold(line.is_bold)
        painter.setFont(font)
        painter.setPen(color)
        painter.drawText(place, int(_WRAPPED), line.text)
        if line.mark is not None:
            side = round(painter.fontMetrics().height() * 0.8)
            left = place.left() - self._indent()
            theme.paint_verdict(painter, QRect(left, place.top() + 1, side, side), line.mark)

    def _indent(self) -> int:
        return round(self.fontMetrics().height() * 1.25)

    def _lay_out(self, letters: int) -> None:
        """Places of the paragraphs; what would not fit into the map is counted instead."""
        parent = self.parentWidget()
        assert parent is not None
        wide = min(letters * self.fontMetrics().averageCharWidth(), parent.width() - 16)
        bold = QFont(self.font())
        bold.setBold(True)
        high, left, top = self.fontMetrics().height(), 16, 10
        room = parent.height() - 16 - 2 * high
        places: list[QRect] = []
        for at, line in enumerate(self._lines):
            indent = self._indent() if line.is_indented else 0
            metrics = QFontMetrics(bold if line.is_bold else self.font())
            box = QRect(left + indent, 0, wide - 2 * left - indent, 100_000)
            found = metrics.boundingRect(box, int(_WRAPPED), line.text)
            top += round(line.space * high)
            if top + found.height() > room:
                rest = f"… and {len(self._lines) - at} lines more: Ctrl+M lists them all."
                self._lines = [*self._lines[:at], _Line(rest, is_muted=True)]
                places.append(QRect(left, top, wide - 2 * left, high))
                top += high
                break
            places.append(QRect(box.left(), top, box.width(), found.height()))
            top += found.height()
        self._places = places
        self.setFixedSize(wide, top + 12)

    def _take_place(self, beside: QRect) -> None:
        parent = self.parentWidget()
        assert parent is not None
        left = min(beside.left(), parent.width() - self.width() - 8)
        top = beside.bottom() + 8
        if top + self.height() > parent.height():
            top = min(beside.top(), parent.height()) - self.height() - 8
        if top < 8:
            top = max(8, parent.height() - self.height() - 8)
        self.move(QPoint(max(8, left), top))


def _lines(
    verdict: NodeVerdict, what: str, checked: str, *, is_pinned: bool, is_whole: bool
) -> list[_Line]:
    title = f"{what} to {verdict.node}: {verdict.verdict}"
    lines = [_Line(plain(title), is_bold=True), _Line(outlook_text(verdict), is_muted=True)]
    lines.append(_Line(checked[:1].upper() + checked[1:], is_muted=True))
    found = verdict.findings
    for finding in found if is_whole else found[:_BRIEF]:
        mark = VERDICT_OF.get(finding.severity, Verdict.UNKNOWN)
        lines.append(_Line(plain(finding.text), mark=mark, is_indented=True, space=0.45))
        lines += [
            _Line(plain(text), is_muted=True, is_indented=True)
            for text in details_of(finding, is_whole=is_whole)
        ]
    if not found:
        fits = VERDICT_OF[Severity.FINE]
        lines.append(_Line(NOTHING_AGAINST, mark=fits, is_indented=True, space=0.45))
    left_out = 0 if is_whole else max(0, len(found) - _BRIEF)
    if left_out:
        lines.append(_Line(f"… and {left_out} more", is_indented=True, space=0.45))
    if is_pinned:
        lines.append(_Line(_LET_GO, space=0.6))
    if found:
        lines.append(_Line(_SPACE_FOLDS if is_whole else _SPACE_UNFOLDS, is_muted=True, space=0.6))
    return lines
