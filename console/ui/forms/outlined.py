"""Inputs with an outline that can be seen: Fusion draws it from the window's colour, made darker,
which leaves nothing of it on a dark window.
"""

from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QWidget

from console.ui import theme

_DONE_FOR = "outlined_for"


def outline(widget: QWidget) -> None:
    """Give the theme in use a visible outline; cheap to call again."""
    name = theme.current().name
    if widget.property(_DONE_FOR) == name:
        return
    palette = QPalette()
    if name != theme.LIGHT.name:
        palette.setColor(QPalette.ColorRole.Window, theme.current().color("off"))
    widget.setPalette(palette)
    widget.setProperty(_DONE_FOR, name)
