"""What the window looked like when it closed, on the screen again before anything is imported.

The views take a quarter of a second to import and build; this takes none. It is a picture, marked
with its age, and goes as soon as the real window was painted. Imports Qt and nothing of ours.
"""

import contextlib
import os
import time
from pathlib import Path

from PySide6.QtCore import QByteArray, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QApplication, QWidget

# A window that the desktop keeps hidden is never painted: the start must not wait for it.
_BLINK_S = 0.3
_PICTURE, _GEOMETRY = "last-view.png", "last-view.geometry"


class FirstPicture(QWidget):
    """A window that shows one picture and says how old it is."""

    def __init__(self, picture: QPixmap, seen_at: float) -> None:
        super().__init__()
        self.setWindowTitle("Trusted launch console")
        self._picture = picture
        self._caption = time.strftime(
            "As of %d %b %H:%M. Opening, nothing is read yet.", time.localtime(seen_at)
        )
        self.was_painted = False

    def show_now(self, application: QApplication) -> None:
        """Show it and serve events until it was painted, a blink at most."""
        self.show()
        deadline = time.monotonic() + _BLINK_S
        while not self.was_painted and time.monotonic() < deadline:
            application.processEvents()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.drawPixmap(self.rect(), self._picture)
        strip = self.rect().adjusted(0, self.height() - self.fontMetrics().height() - 10, 0, 0)
        painter.fillRect(strip, self.palette().window())
        painter.setPen(self.palette().windowText().color())
        flags = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
        painter.drawText(strip.adjusted(12, 0, 0, 0), flags, self._caption)
        self.was_painted = True


def load(folder: Path, title: str) -> FirstPicture | None:
    """The kept picture as a window, at its old place; None if there is none."""
    path = folder / _PICTURE
    picture = QPixmap(str(path)) if path.is_file() else QPixmap()
    if picture.isNull():
        return None
    window = FirstPicture(picture, path.stat().st_mtime)
    window.setWindowTitle(title)
    with contextlib.suppress(OSError):
        window.restoreGeometry(QByteArray((folder / _GEOMETRY).read_bytes()))
    window.resize(picture.deviceIndependentSize().toSize())
    return window


def save(folder: Path, window: QWidget) -> None:
    """Keep what this window shows now. A folder that cannot be written costs only the picture."""
    with contextlib.suppress(OSError):
        (folder / _GEOMETRY).write_bytes(bytes(window.saveGeometry().data()))
        # A name of its own until it is whole: a crash never leaves half a picture.
        half = folder / f".{_PICTURE}.{os.getpid()}.png"
        if window.grab().save(str(half), "PNG", 90):
            os.replace(half, folder / _PICTURE)
