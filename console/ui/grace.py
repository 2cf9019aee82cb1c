"""An act that begins in a few seconds unless it is taken back: an undo instead of a question."""

from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal

SECONDS = 5


class Grace(QObject):
    """Holds at most one act; nothing of it has left this window while it is held.

    Signal: ``changed()`` when one began to be held, a second passed, or it was started or undone.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.title = ""
        self.told = ""  # what is known of it by now, in one line
        self.seconds_left = 0
        self._act: Callable[[], None] | None = None
        self._clock = QTimer(self, interval=1000)
        self._clock.timeout.connect(self.second_passed)

    @property
    def is_holding(self) -> bool:
        return self._act is not None

    def hold(self, title: str, act: Callable[[], None]) -> None:
        """Begin ``act`` in ``SECONDS``. What was held before begins now: it was not undone."""
        self.start_now()
        self.title, self._act, self.seconds_left = title, act, SECONDS
        self.told = ""
        self._clock.start()
        self.changed.emit()

    def tell(self, text: str) -> None:
        """Say more of what is held."""
        if self._act is not None and text != self.told:
            self.told = text
            self.changed.emit()

    def undo(self) -> None:
        """Forget what is held."""
        if self._take() is not None:
            self.changed.emit()

    def start_now(self) -> None:
        """Begin what is held; also what a closing window does, so that no drop is lost."""
        act = self._take()
        if act is not None:
            act()
            self.changed.emit()

    def second_passed(self) -> None:
        if self._act is None:
            return
        self.seconds_left -= 1
        if self.seconds_left <= 0:
            self.start_now()
        else:
            self.changed.emit()

    def _take(self) -> Callable[[], None] | None:
        act, self._act = self._act, None
        self._clock.stop()
        return act
