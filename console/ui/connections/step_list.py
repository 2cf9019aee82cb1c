"""The steps of a test as they come: shape, word and sentence, with what to do next."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QFont
from PySide6.QtWidgets import QLabel, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from console.model.connection import StepState, TestStep
from console.ui import theme
from console.ui.plain_text import one_line, plain, tip

_WORDS = {
    StepState.PASSED: ("✓", "Passed", "healthy"),
    StepState.NOTE: ("i", "Note", "attention"),
    StepState.FAILED: ("✕", "Failed", "critical"),
    StepState.NOT_TRIED: ("–", "Not tried", "muted"),
}


class StepList(QWidget):
    """Grouped by where; the line under the list tells the chosen step in full."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("step_list")
        self.tree = QTreeWidget(self)
        self.tree.setObjectName("steps")
        self.tree.setAccessibleName("Steps of the test")
        self.tree.setHeaderLabels(["Step", "Result", "What was found"])
        self.tree.setRootIsDecorated(True)
        self.tree.setUniformRowHeights(True)
        letters = self.fontMetrics().averageCharWidth()
        for column, width in enumerate((24, 14)):
            self.tree.setColumnWidth(column, width * letters)
        self.tree.currentItemChanged.connect(lambda *_: self._tell())
        self.tree.setMinimumHeight(7 * self.fontMetrics().height())
        self._why = QLabel(self)
        self._why.setObjectName("step_words")
        self._why.setTextFormat(Qt.TextFormat.PlainText)
        self._why.setWordWrap(True)
        self._why.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._why.setMinimumWidth(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.tree, 1)
        layout.addWidget(self._why)
        self._places: dict[str, QTreeWidgetItem] = {}
        self._steps: dict[int, TestStep] = {}

    def clear(self) -> None:
        self.tree.clear()
        self._places.clear()
        self._steps.clear()
        self._why.clear()

    def add(self, step: TestStep) -> None:
        """Show one more step; the first that failed is chosen."""
        place = self._places.get(step.where)
        if place is None:
            place = QTreeWidgetItem(self.tree, [one_line(step.where) or "Console"])
            place.setExpanded(True)
            place.setFirstColumnSpanned(True)
            self._places[step.where] = place
        sign, word, token = _WORDS[step.state]
        item = QTreeWidgetItem(place, [step.title, f"{sign} {word}", one_line(step.text)])
        item.setForeground(1, QColor(getattr(theme.current(), token)))
        item.setToolTip(2, tip(step.text))
        item.setData(
            0, int(Qt.ItemDataRole.AccessibleTextRole), f"{step.title}: {word}. {step.text}"
        )
        if step.state is StepState.FAILED:
            font = QFont(item.font(1))
            font.setBold(True)
            item.setFont(1, font)
        self._steps[id(item)] = step
        chosen = self._steps.get(id(self.tree.currentItem()))
        is_first_failure = chosen is None or chosen.state is not StepState.FAILED
        if step.state is StepState.FAILED and is_first_failure:
            self.tree.setCurrentItem(item)
            self.tree.scrollToItem(item)

    @property
    def steps(self) -> list[TestStep]:
        return list(self._steps.values())

    def as_text(self) -> str:
        """For the clipboard: everything that was found, without secrets."""
        lines = []
        for step in self._steps.values():
            lines.append(f"{step.where} | {step.title} | {_WORDS[step.state][1]} | {step.text}")
            lines += [f"    {part}" for part in (step.remedy, step.detail) if part]
        return "\n".join(lines)

    def _tell(self) -> None:
        step = self._steps.get(id(self.tree.currentItem()))
        parts = (step.text, step.remedy, step.detail) if step is not None else ()
        self._why.setText(plain("\n".join(part for part in parts if part)))

    def sizeHint(self) -> QSize:
        return QSize(640, 14 * self.fontMetrics().height())
