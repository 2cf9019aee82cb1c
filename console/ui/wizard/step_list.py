"""The wizard's steps at the left: clickable, each with its state as shape and word."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QListWidget, QWidget

from console.ui.forms.two_line_items import TwoLineList
from console.ui.wizard.flow import PAGES
from console.ui.wizard.judging import PageState

_LOOKS = {
    PageState.UNTOUCHED: ("ring", "off"),
    PageState.UNFILLED: ("ring", "off"),
    PageState.UNCHECKED: ("clock", "accent"),
    PageState.VALID: ("check", "healthy"),
    PageState.WARNING: ("triangle", "attention"),
    PageState.INVALID: ("cross", "critical"),
}
_LETTERS = 24


class StepList(TwoLineList):
    """Rows in the order of the pages; ``currentRowChanged`` tells which one is wanted."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("steps")
        self.setAccessibleName("Steps")
        self.setFrameShape(QListWidget.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        for number, page in enumerate(PAGES, 1):
            item = self.add(page.title.replace("&&", "&"))
            item.setToolTip(f"Alt+{number}")
        self.setFixedWidth(_LETTERS * self.fontMetrics().averageCharWidth())

    def show_states(self, states: Sequence[PageState]) -> None:
        """One state a page."""
        for row, state in enumerate(states):
            item = self.item(row)
            shape, token = _LOOKS[state]
            self.set_state(item, shape, token, str(state))
            spoken = f"{item.text()}: {state}"
            item.setData(Qt.ItemDataRole.AccessibleTextRole, spoken)
