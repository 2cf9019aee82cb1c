"""A bar over the views for what a person has to know and did not ask for; stays until dismissed."""

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from console.model.freshness import Fault
from console.ui import theme
from console.ui.plain_text import plain, tip


class NoticeBar(QFrame):
    """The newest notice, with how many came before it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("notice_bar")
        self._text = QLabel(self)
        self._text.setObjectName("notice")
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setWordWrap(True)
        # One word of ten thousand letters must not make the window as wide.
        self._text.setMinimumWidth(1)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._dismiss = QToolButton(self)
        self._dismiss.setObjectName("notice_dismiss")
        self._dismiss.setText("Dismiss")
        self._dismiss.clicked.connect(self.hide)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 8, 10, 8)
        layout.addWidget(self._text, 1)
        layout.addWidget(self._dismiss, 0, Qt.AlignmentFlag.AlignTop)
        self._colour()
        self.hide()

    def tell(self, fault: Fault) -> None:
        """Show a notice: what happened, what was kept, what to do."""
        words = (fault.summary, fault.kept, fault.remedy)
        self._text.setText(plain(" ".join(word for word in words if word)))
        self._text.setToolTip(tip(fault.detail))
        self.show()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._colour()

    def _colour(self) -> None:
        colors = theme.current()
        wanted = (
            f"#notice_bar {{ background: {colors.surface}; border: none;"
            f" border-left: 4px solid {colors.attention};"
            f" border-bottom: 1px solid {colors.line}; }}"
        )
        if self.styleSheet() != wanted:
            self.setStyleSheet(wanted)
