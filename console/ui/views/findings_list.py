"""Findings of a move as a list: shape and sentence, what to do and what it rests on beneath."""

from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QFrame, QWidget

from console.model.finding import Finding, Severity, Verdict
from console.ui import theme
from console.ui.forms.two_line_items import TwoLineList
from console.ui.models.move_words import NOTHING_AGAINST, VERDICT_OF, details_of
from console.ui.plain_text import plain


class FindingsList(TwoLineList):
    """Read, never chosen from. The text wraps at any size."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("What speaks for and against it")
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setFrameShape(QFrame.Shape.NoFrame)

    def show_findings(self, rows: Iterable[tuple[str, Finding]], *, is_whole: bool) -> None:
        """(target or nothing, finding), in this order; an empty list says that nothing is against
        it.
        """
        bar = self.verticalScrollBar()
        place = bar.value()
        self.clear()
        for target, finding in rows:
            text = f"{target}: {finding.text}" if target else finding.text
            self._add(text, details_of(finding, is_whole=is_whole), VERDICT_OF[finding.severity])
        if not self.count():
            self._add(NOTHING_AGAINST, (), VERDICT_OF[Severity.FINE])
        bar.setValue(place)

    def text(self) -> str:
        """Everything that it says."""
        role = Qt.ItemDataRole.AccessibleTextRole
        return "\n".join(str(self.item(row).data(role)) for row in range(self.count()))

    def _add(self, text: str, details: tuple[str, ...], verdict: Verdict) -> None:
        item = self.add(plain(text), plain("\n".join(details)))
        self.set_state(item, *theme.verdict_look(verdict))
