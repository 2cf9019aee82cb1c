"""Search, state chips with counts, kind, person and time above the list of operations."""

from collections.abc import Mapping

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QToolButton, QWidget

from console.ui.forms.outlined import outline
from console.ui.models.operation_filter import KINDS, Bucket, OperationFilter, Who

_SEARCH_PAUSE_MS = 120
_TIPS = {
    Bucket.RUNNING: "On their way, moves by others included",
    Bucket.WAITING: "Not begun yet: waiting for their turn, or being checked",
    Bucket.FAILED: "Failed, or not started because a check stood against it",
    Bucket.UNKNOWN: "Nobody can tell yet what became of it",
    Bucket.DONE: "Done, and seen to be so",
    Bucket.CANCELED: "Cancelled",
}
_TIMES = (
    ("Any time", None),
    ("Last hour", 3600.0),
    ("Last 24 hours", 86_400.0),
    ("Last 7 days", 604_800.0),
)


class OperationFilterBar(QWidget):
    """Signals: ``changed(OperationFilter)`` after a pause of typing, or at once for the rest."""

    changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._told = OperationFilter()
        self._pause = QTimer(self, singleShot=True, interval=_SEARCH_PAUSE_MS)
        self._pause.timeout.connect(self._tell)
        self.search = QLineEdit(self)
        outline(self.search)
        self.search.setObjectName("operation_search")
        self.search.setPlaceholderText("Name, node, person or id")
        self.search.setToolTip("Find operations by VM, node, person or id (Ctrl+Shift+F)")
        self.search.setAccessibleName("Search operations")
        self.search.setClearButtonEnabled(True)
        self.search.setMinimumWidth(12 * self.fontMetrics().averageCharWidth())
        self.search.textChanged.connect(lambda _: self._pause.start())
        self.search.returnPressed.connect(self._tell)
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(8, 4, 8, 4)
        self.row.addWidget(self.search, 1)
        self.chips = {bucket: self._chip(bucket) for bucket in Bucket}
        self.kind = self._choice("operation_kind", "Kind", KINDS)
        self.who = self._choice("operation_who", "Whose", tuple((who, who.value) for who in Who))
        self.time = self._choice("operation_time", "When", tuple((at, text) for text, at in _TIMES))
        self.show_counts({})

    @property
    def wanted(self) -> OperationFilter:
        """What is set now."""
        return OperationFilter(
            text=self.search.text().strip(),
            buckets=frozenset(b for b, chip in self.chips.items() if chip.isChecked()),
            kind=self.kind.currentData(),
            who=Who(self.who.currentData()),
            within_s=self.time.currentData(),
        )

    def clear(self) -> None:
        """Everything is shown again."""
        for widget in (self.search, *self.chips.values(), self.kind, self.who, self.time):
            widget.blockSignals(True)
        self.search.clear()
        for chip in self.chips.values():
            chip.setChecked(False)
        for choice in (self.kind, self.who, self.time):
            choice.setCurrentIndex(0)
        for widget in (self.search, *self.chips.values(), self.kind, self.who, self.time):
            widget.blockSignals(False)
        self._tell()

    def show_counts(self, counts: Mapping[Bucket, int]) -> None:
        """How many of what the rest of the filter takes are in each state."""
        for bucket, chip in self.chips.items():
            text = f"{bucket.value} {counts.get(bucket, 0)}"
            if chip.text() != text:
                chip.setText(text)
                chip.setAccessibleName(f"Only {text}")

    def _chip(self, bucket: Bucket) -> QToolButton:
        chip = QToolButton(self)
        chip.setCheckable(True)
        chip.setProperty("chip", True)
        chip.setObjectName(f"operation_chip_{bucket.name.lower()}")
        chip.setToolTip(_TIPS[bucket])
        chip.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        chip.toggled.connect(lambda _: self._tell())
        self.row.addWidget(chip)
        return chip

    def _choice(self, name: str, spoken: str, entries: tuple[tuple[object, str], ...]) -> QComboBox:
        choice = QComboBox(self)
        choice.setObjectName(name)
        choice.setAccessibleName(spoken)
        choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        choice.setMinimumContentsLength(6)
        for value, text in entries:
            choice.addItem(text, value)
        choice.currentIndexChanged.connect(lambda _: self._tell())
        self.row.addWidget(choice)
        return choice

    def _tell(self) -> None:
        self._pause.stop()
        if self.wanted != self._told:
            self._told = self.wanted
            self.changed.emit(self._told)
