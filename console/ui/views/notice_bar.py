"""A bar over the views for what a person has to know and did not ask for; stays until dismissed."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from console.model.freshness import Fault
from console.ui import theme
from console.ui.plain_text import plain, tip

Act = Callable[[], object]


class _Line(QWidget):
    """Words, an act if there is one, and Dismiss."""

    def __init__(self, name: str, on_dismiss: Act, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName(f"{name}_line")
        self.label = QLabel(self)
        self.label.setObjectName(name)
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.label.setWordWrap(True)
        # One word of ten thousand letters must not make the window as wide.
        self.label.setMinimumWidth(1)
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.label, 1)
        self._row = row
        self.add_button("dismiss", "Dismiss", on_dismiss)

    def add_button(self, name: str, text: str, act: Act) -> None:
        button = QToolButton(self)
        button.setObjectName(f"{self.label.objectName()}_{name}")
        button.setText(text)
        button.setAccessibleName(text)
        button.clicked.connect(lambda _=False: act())
        self._row.insertWidget(1, button, 0, Qt.AlignmentFlag.AlignTop)


class NoticeBar(QFrame):
    """The newest fault, with how many came before it; under it calm lines, each of its own name."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notice_bar")
        self._faults: list[str] = []
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(16, 8, 10, 8)
        self._fault = _Line("notice", self._forget_faults, self)
        self._fault.hide()
        self._column.addWidget(self._fault)
        self._lines: dict[str, _Line] = {}
        self._colour()
        self.hide()

    def tell(self, fault: Fault) -> None:
        """Show a notice: what happened, what was kept, what to do."""
        words = (fault.summary, fault.kept, fault.remedy)
        text = " ".join(word for word in words if word)
        if text in self._faults:
            self._faults.remove(text)
        before = len(self._faults)
        self._faults.append(text)
        earlier = f"  ({before} earlier)" if before else ""
        self._fault.label.setText(plain(text) + earlier)
        self._fault.label.setToolTip(tip("\n".join((fault.detail, *self._faults[-9:-1])).strip()))
        self._fault.show()
        self._follow()

    def say(
        self, name: str, text: str, *, act: tuple[str, Act] | None = None, on_dismiss: Act = bool
    ) -> None:
        """Show a calm line, or change what the line of this name says; no text takes it away."""
        line = self._lines.get(name)
        if not text:
            self._withdraw(name)
            return
        if line is None:

            def dismiss() -> None:
                self._withdraw(name)
                on_dismiss()

            line = self._lines[name] = _Line(name, dismiss, self)
            if act is not None:
                line.add_button("act", *act)
            self._column.addWidget(line)
        line.label.setText(plain(text))
        line.show()
        self._follow()

    def _withdraw(self, name: str) -> None:
        line = self._lines.pop(name, None)
        if line is not None:
            line.hide()
            line.deleteLater()
        self._follow()

    def _forget_faults(self) -> None:
        self._faults.clear()
        self._fault.hide()
        self._follow()

    def _follow(self) -> None:
        self._colour()
        self.setVisible(bool(self._faults or self._lines))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._colour()

    def _colour(self) -> None:
        colors = theme.current()
        edge = colors.attention if self._faults else colors.accent
        wanted = (
            f"#notice_bar {{ background: {colors.surface}; border: none;"
            f" border-left: 4px solid {edge};"
            f" border-top: 1px solid {colors.line}; }}"
        )
        if self.styleSheet() != wanted:
            self.setStyleSheet(wanted)
