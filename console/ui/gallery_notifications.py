"""What the gallery can draw of notifications: the choices, and why something was told or not."""

import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QWidget

from console.health.levels import HealthLevel
from console.model.snapshot import ClusterSnapshot
from console.ui.main_window import MainWindow
from console.ui.notifications.choices import Event, Kind
from console.ui.notifications.choices_dialog import ChoicesDialog
from console.ui.notifications.deciding import Memory, decide
from console.ui.notifications.notifier import Kept, Notifier

Builder = Callable[[ClusterSnapshot, Path, str], QWidget]
Window = Callable[[ClusterSnapshot, Path, str], MainWindow]


class _NoDesktop:
    def show(self, title: str, text: str, target: str, *, is_critical: bool) -> None: ...

    def close(self) -> None: ...


def _choices(window: Window) -> Builder:
    def build(snapshot: ClusterSnapshot, folder: Path, scenario: str) -> QWidget:
        main = window(snapshot, folder, scenario)
        notifier = Notifier(folder, _NoDesktop(), main)
        now = time.time()
        events = [
            Event("1", Kind.ALARM, HealthLevel.CRITICAL, "LAB-N6 is down.", "", now),
            Event("2", Kind.ALARM, HealthLevel.ATTENTION, "A volume is nearly full.", "", now),
            Event("3", Kind.FAILED, HealthLevel.ATTENTION, "Move app-01: Failed", "", now),
        ]
        memory, _ = decide(Memory(), notifier.kept.choices, events, now)
        memory, _ = decide(memory, notifier.kept.choices, events[:1], now + 240)
        notifier.kept = Kept(notifier.kept.choices, memory)
        notifier._is_loaded = True
        dialog = ChoicesDialog(notifier)
        main.setParent(dialog)
        main.hide()
        return dialog

    return build


def views(window: Window) -> dict[str, Builder]:
    """By name; ``window`` makes the main window over a snapshot."""
    return {"notifications": _choices(window)}
