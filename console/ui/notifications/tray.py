"""Notifications through the tray's icon: Windows and macOS; Linux has a bus for them."""

from PySide6.QtCore import QObject, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QSystemTrayIcon

from console.ui import theme
from console.ui.plain_text import tip
from console.ui.shell.page_state import PageState, worst_of
from console.ui.shell.shell_window import ShellWindow

_SIDE = 64
_TELL_MS = 3_000


class Tray(QObject):
    """Signal: ``clicked(str)`` with the target of the notification shown last; empty for the icon.

    Never run on Windows or macOS yet: unverified.
    """

    clicked = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._target = ""
        # Until something is known: no sign of health.
        self._icon = QSystemTrayIcon(self)
        self.tell_state(PageState("ring", "muted", "Nothing is known yet."))
        self._icon.messageClicked.connect(lambda: self.clicked.emit(self._target))
        self._icon.activated.connect(self._on_activated)
        self._icon.show()

    def tell_state(self, state: PageState) -> None:
        """Shape and colour of the worst, its words as the tool tip."""
        self.state = state
        self._icon.setIcon(_picture(state))
        self._icon.setToolTip(tip(f"Trusted launch console\n{state.words}"))

    def show(self, title: str, text: str, target: str, *, is_critical: bool) -> None:
        self._target = target
        kinds = QSystemTrayIcon.MessageIcon
        self._icon.showMessage(title, text, kinds.Critical if is_critical else kinds.Information)

    def close(self) -> None:
        self._icon.hide()

    def _on_activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason != QSystemTrayIcon.ActivationReason.Context:
            self.clicked.emit("")


class TrayState(QObject):
    """Keeps the icon at the worst of all tabs, as their strip shows it; ages grow by themselves."""

    def __init__(self, tray: Tray, shell: ShellWindow) -> None:
        super().__init__(tray)
        self._tray, self._shell = tray, shell
        self._clock = QTimer(self, interval=_TELL_MS)
        self._clock.timeout.connect(self.tell)
        self._clock.start()

    def tell(self) -> None:
        state = worst_of(self._shell.pages)
        if state != self._tray.state:
            self._tray.tell_state(state)


def _picture(state: PageState) -> QIcon:
    picture = QPixmap(_SIDE, _SIDE)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    colour = theme.current().color(state.token)
    theme.paint_shape(painter, QRect(4, 4, _SIDE - 8, _SIDE - 8), state.shape, colour)
    painter.end()
    return QIcon(picture)
