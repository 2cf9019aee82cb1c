"""The window of the desktop: pages of open connections, one in sight, and a strip over several."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from console.ui.shell.tab_entries import NEXT, PREVIOUS
from console.ui.window_size import open_at

if TYPE_CHECKING:
    from console.settings import Settings
    from console.ui.main_window import MainWindow
    from console.ui.shell.connection_strip import ConnectionStrip
    from console.ui.shell.page import Page

# Many changes come together; one look a moment later serves them all.
_TELL_MS = 200
# Ages grow without any message.
_TELL_ANYWAY_MS = 5_000
_MOST_KEYS = 9


def _always() -> bool:
    return True


class ShellWindow(QWidget):
    """Signals: ``closing()``; ``current_changed(Page)``; ``moved()`` after tabs changed places;
    ``wanted(act, Page)`` from the strip.

    A page that is not in sight is hidden: its keys do nothing, nothing of it is painted, and its
    worker is told that nobody looks. The strip exists as soon as there were two pages.
    """

    closing = Signal()
    current_changed = Signal(object)
    moved = Signal()
    wanted = Signal(str, object)

    def __init__(self, settings: "Settings", first: "MainWindow") -> None:
        """``first`` is in sight from the start; its page is added once there is one."""
        super().__init__()
        self.setObjectName("shell")
        self.pages: list[Page] = []
        self.may_close: Callable[[], bool] = _always
        self._stack = QStackedWidget(self)
        self._stack.setObjectName("connection_pages")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addWidget(self._stack)
        self._take(first)
        self.setWindowTitle(first.windowTitle())
        self.strip: ConnectionStrip | None = None
        self._telling = QTimer(self, singleShot=True, interval=_TELL_MS)
        self._telling.timeout.connect(self._tell)
        self._clock = QTimer(self, interval=_TELL_ANYWAY_MS)
        self._clock.timeout.connect(self._tell_soon)
        geometry = QByteArray.fromBase64(settings.window_geometry.encode())
        if geometry.isEmpty() or not self.restoreGeometry(geometry):
            open_at(self, 1360, 860)

    # -- pages ---------------------------------------------------------------------------------
    @property
    def current(self) -> "Page":
        """The page in sight."""
        shown = self._stack.currentWidget()
        return next(page for page in self.pages if page.window is shown)

    def add(self, page: "Page", at: int | None = None) -> None:
        """Take a page in, behind the one in sight unless it is the first."""
        self.pages.insert(len(self.pages) if at is None else at, page)
        if self._stack.indexOf(page.window) < 0:
            self._take(page.window)
        page.changed.connect(self._tell_soon)
        page.renamed.connect(self._tell_name)
        if len(self.pages) == 1:
            self._tell_name()
        else:
            self._have_strip()

    def _take(self, window: "MainWindow") -> None:
        # It restored the place that is now the shell's.
        window.setWindowState(Qt.WindowState.WindowNoState)
        self._stack.addWidget(window)

    def show_page(self, page: "Page") -> None:
        """Bring it into sight, with the focus where it was."""
        if self._stack.currentWidget() is page.window:
            return
        self._stack.setCurrentWidget(page.window)
        if not page.window.isAncestorOf(self.focusWidget() or self):
            page.window.setFocus()
        self._tell_name()
        self._tell()
        self.current_changed.emit(page)

    def remove(self, page: "Page") -> None:
        """Take a page out; its neighbour comes into sight. There is always one."""
        at = self.pages.index(page)
        if self.current is page:
            self.show_page(self.pages[at + 1 if at + 1 < len(self.pages) else at - 1])
        self.pages.remove(page)
        self._stack.removeWidget(page.window)
        page.changed.disconnect(self._tell_soon)
        page.renamed.disconnect(self._tell_name)
        self._tell()

    def step(self, by: int) -> None:
        """The next or an earlier page, round and round."""
        at = self.pages.index(self.current)
        self.show_page(self.pages[(at + by) % len(self.pages)])

    # -- the strip -----------------------------------------------------------------------------
    def _have_strip(self) -> None:
        if self.strip is None:
            # Here and not above: most have one connection, and the first frame waits for nothing.
            from console.ui.shell.connection_strip import ConnectionStrip

            self.strip = ConnectionStrip(self)
            self.strip.chosen.connect(self._on_chosen)
            self.strip.moved.connect(self._on_moved)
            self.strip.wanted.connect(lambda act, at: self.wanted.emit(act, self.pages[at]))
            self._column.insertWidget(0, self.strip)
            self._make_keys()
        self.strip.show()
        self._clock.start()
        self._tell()

    def _make_keys(self) -> None:
        keys = {"Ctrl+Tab": NEXT, "Ctrl+Shift+Tab": PREVIOUS}
        self._keys = [QShortcut(QKeySequence(text), self) for text in keys]
        for key, by in zip(self._keys, (1, -1), strict=True):
            key.activated.connect(lambda by=by: self.step(by))
        for number in range(1, _MOST_KEYS + 1):
            key = QShortcut(QKeySequence(f"Alt+{number}"), self)
            key.activated.connect(lambda at=number - 1: self._on_number(at))
            self._keys.append(key)

    def _on_number(self, at: int) -> None:
        if at < len(self.pages):
            self.show_page(self.pages[at])

    def _on_chosen(self, at: int) -> None:
        if 0 <= at < len(self.pages):
            self.show_page(self.pages[at])

    def _on_moved(self, origin: int, target: int) -> None:
        self.pages.insert(target, self.pages.pop(origin))
        self.moved.emit()
        self._tell_soon()

    def _tell_soon(self) -> None:
        if self.strip is not None and not self._telling.isActive():
            self._telling.start()

    def _tell(self) -> None:
        if self.strip is None:
            return
        from console.ui.shell.connection_strip import TabFace
        from console.ui.shell.page_state import state_of

        faces = [TabFace(page.name, page.is_lab, state_of(page)) for page in self.pages]
        self.strip.show_faces(faces, self.pages.index(self.current))
        is_several = len(self.pages) > 1
        self.strip.setVisible(is_several)
        for key in self._keys:
            key.setEnabled(is_several)
        if not is_several:
            self._clock.stop()

    def _tell_name(self) -> None:
        if self.pages:
            self.setWindowTitle(self.current.window.windowTitle())

    # -- the window ----------------------------------------------------------------------------
    def come_to_front(self, _wanted: str = "") -> None:
        """Another start asked for this window."""
        if self.isMinimized():
            self.showNormal()
        self.show()
        self.raise_()
        self.activateWindow()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange and self.pages:
            self.current.window.tell_in_sight(not self.isMinimized())

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.may_close():
            event.ignore()
            return
        self.closing.emit()
        # The one in sight last: its layout is the one that is kept.
        for page in sorted(self.pages, key=lambda page: page is self.current):
            page.window.close()
        super().closeEvent(event)
