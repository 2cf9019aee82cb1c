"""How large a window opens: as it likes to be, and never larger than the screen."""

from PySide6.QtWidgets import QWidget

# Device-independent pixels kept for the title bar, which the window manager adds.
_TITLE_BAR = 32


def open_at(window: QWidget, width: int, height: int) -> None:
    """Give a window its first size, in device-independent pixels.

    At 150 % a screen of 1920 x 1080 has room for 1280 x 720 only: without this the right edge of
    the window and the buttons at its foot would lie outside of it.
    """
    room = window.screen().availableSize()
    window.resize(min(width, room.width()), min(height, room.height() - _TITLE_BAR))
