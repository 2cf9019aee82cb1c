"""Notifications through the tray's icon: Windows and macOS; Linux has a bus for them."""

from PySide6.QtCore import QObject, QRect, Qt, Signal
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QSystemTrayIcon

from console.health import HealthLevel
from console.ui import theme

_SIDE = 64


class Tray(QObject):
    """Signal: ``clicked(str)`` with the target of the notification shown last; empty for the icon.

    Never run on Windows or macOS yet: unverified.
    """

    clicked = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._target = ""
        self._icon = QSystemTrayIcon(_picture(), self)
        self._icon.setToolTip("Trusted launch console")
        self._icon.messageClicked.connect(lambda: self.clicked.emit(self._target))
        self._icon.activated.connect(self._on_activated)
        self._icon.show()

    def show(self, title: str, text: str, target: str, *, is_critical: bool) -> None:
        self._target = target
        kinds = QSystemTrayIcon.MessageIcon
        self._icon.showMessage(title, text, kinds.Critical if is_critical else kinds.Information)

    def close(self) -> None:
        self._icon.hide()

    def _on_activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason != QSystemTrayIcon.ActivationReason.Context:
            self.clicked.emit("")


def _picture() -> QIcon:
    picture = QPixmap(_SIDE, _SIDE)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    theme.paint_health(painter, QRect(4, 4, _SIDE - 8, _SIDE - 8), HealthLevel.HEALTHY)
    painter.end()
    return QIcon(picture)
