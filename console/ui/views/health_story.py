"""Why something is red: the chain of reasons, from symptom to cause, with evidence and age."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QScrollArea, QVBoxLayout, QWidget

from console.health import Health
from console.ui.models.inspector_facts import age_text
from console.ui.plain_text import plain


class HealthStory(QScrollArea):
    """One block a reason; the first line is the plain sentence for the helpdesk."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("health_story")
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        page = QWidget(self)
        self._layout = QVBoxLayout(page)
        self._layout.setContentsMargins(4, 10, 4, 10)
        self._text = QLabel(page)
        self._text.setObjectName("health_text")
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setWordWrap(True)
        self._text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._layout.addWidget(self._text)
        self._layout.addStretch(1)
        self.setWidget(page)

    def show_health(self, health: Health | None, now: float) -> None:
        """Tell it; None empties the page."""
        if health is None:
            self._text.setText("")
            return
        lines = [health.sentence]
        for reason in health.reasons:
            lines += ["", f"• {reason.text}"]
            if reason.evidence:
                lines.append(f"   Seen: {reason.evidence}")
            if reason.read_at is not None:
                lines.append(f"   Read {age_text(reason.read_at, now)}")
            if reason.remedy:
                lines.append(f"   What to try: {reason.remedy}")
        text = plain("\n".join(lines))
        if text != self._text.text():
            self._text.setText(text)
