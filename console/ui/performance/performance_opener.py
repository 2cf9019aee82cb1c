"""The ways to figures over time: the menu, and the small lines of the inspector."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from console.model.performance import TimeFrame
from console.ui.main_menus import WindowEntry
from console.ui.store import Store

if TYPE_CHECKING:
    from console.ui.performance.performance_window import AsksWorker, PerformanceWindow

# So many side by side; the oldest makes room.
_MOST_WINDOWS = 8


class PerformanceOpener(QObject):
    """A window for each VM or node, so that two can be compared; asked again it comes forward."""

    def __init__(
        self,
        store: Store,
        worker: "AsksWorker",
        subject: Callable[[], str],
        say: Callable[..., None],
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._store, self._worker, self._subject = store, worker, subject
        self._say, self._window = say, window
        self._windows: dict[str, PerformanceWindow] = {}

    def entries(self) -> tuple[WindowEntry, ...]:
        """For the menu View."""
        return (WindowEntry("&View", "Fi&gures over time…", self.open_shown, "Ctrl+Shift+P"),)

    def open_shown(self) -> None:
        """Of what the inspector shows."""
        subject = self._subject()
        if subject:
            self.open(subject)
        else:
            self._say("performance", "Select a VM or a node first: its figures are shown then.")

    def open(self, subject: str) -> "PerformanceWindow":
        """Figures of ``vm:`` and a key or ``node:`` and a name, over the last day at first."""
        known = self._windows.pop(subject, None)
        if known is None or not isValid(known):
            from console.ui.performance.performance_window import PerformanceWindow

            known = PerformanceWindow(subject, self._name(subject), self._worker, self._window)
            known.ask(TimeFrame.DAY)
        self._windows = {key: each for key, each in self._windows.items() if isValid(each)}
        self._windows[subject] = known
        if len(self._windows) > _MOST_WINDOWS:
            self._windows.pop(next(iter(self._windows))).close()
        known.show()
        known.raise_()
        known.activateWindow()
        return known

    def _name(self, subject: str) -> str:
        kind, _, name = subject.partition(":")
        vm = self._store.inventory.vms.get(name) if kind == "vm" else None
        return name if vm is None else vm.name
