"""The ways into the past: the menu, and a row of what changed."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from console.ui.alarm_watch import AlarmWatch
from console.ui.main_menus import WindowEntry
from console.ui.models.alarm_book import Standing
from console.ui.store import Store

if TYPE_CHECKING:
    from console.ui.health_desk import ReadsPast
    from console.ui.past.past_window import PastWindow

_HOUR_S = 3600.0


class PastOpener(QObject):
    """Holds the one window of the past; another moment is shown in the same one."""

    def __init__(
        self, store: Store, reads: "ReadsPast", watch: AlarmWatch, window: QWidget
    ) -> None:
        super().__init__(window)
        self._store, self._reads, self._watch, self._window = store, reads, watch, window
        self.past: PastWindow | None = None
        # Whose past is meant instead while something else is in front; None: the cluster's.
        self.elsewhere: Callable[[], Callable[[], None] | None] = lambda: None

    def entries(self) -> tuple[WindowEntry, ...]:
        """For the menu View."""
        go = WindowEntry("&View", "Go &back in time…", self.hour_ago, "Ctrl+Shift+B")
        return (go,)

    def hour_ago(self) -> None:
        """The cluster as it was an hour ago; from there the person goes on."""
        go_back = self.elsewhere()
        if go_back is not None:
            go_back()
        else:
            self.open(time.time() - _HOUR_S)

    def open(self, at: float) -> None:
        """The cluster as it was at this moment (wall-clock seconds)."""
        if self.past is None or not isValid(self.past):
            from console.ui.past.past_window import PastWindow

            self.past = PastWindow(self._store, self._reads, self._count, self._window)
            self._watch.changed.connect(self.past.tell_now)
        self.past.go(at)
        self.past.show()
        self.past.raise_()
        self.past.activateWindow()

    def _count(self) -> int:
        return self._watch.count(Standing.OPEN)
