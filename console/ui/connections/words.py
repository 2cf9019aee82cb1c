"""Small pieces of text that all forms of connections use."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QLabel, QWidget

from console.ui.theme import MUTED_ROLE


def caption(text: str, parent: QWidget) -> QLabel:
    """A muted sentence under a field."""
    label = words(parent)
    label.setText(text)
    palette = QPalette(label.palette())
    palette.setColor(QPalette.ColorRole.WindowText, palette.color(MUTED_ROLE))
    label.setPalette(palette)
    return label


def words(parent: QWidget, name: str = "") -> QLabel:
    """A wrapping plain-text line that can be selected, empty at first."""
    label = QLabel(parent)
    if name:
        label.setObjectName(name)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    # A form asks how high it is when it is as narrow as can be.
    label.setMinimumWidth(56 * label.fontMetrics().averageCharWidth())
    label.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse
        | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    return label
