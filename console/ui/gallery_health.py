"""What the gallery can draw of health: the story of one VM, alarms, disagreements."""

import math
import time
from array import array
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from console.model.snapshot import ClusterSnapshot
from console.ui.main_window import MainWindow

Builder = Callable[[ClusterSnapshot, Path, str], QWidget]
Window = Callable[[ClusterSnapshot, Path, str], MainWindow]
_OLD_S = 3 * 3600.0


def _why(window: Window, name: str, *, is_node: bool = False) -> Builder:
    """The Health tab of one VM or node, with the inspector wide."""

    def build(snapshot: ClusterSnapshot, folder: Path, scenario: str) -> QWidget:
        main = window(snapshot, folder, scenario)
        if is_node:
            main.explain_node(name)
        else:
            key = next((vm.key for vm in snapshot.vms if vm.name == name), snapshot.vms[0].key)
            main.explain_vm(key)
        main.resizeDocks([main._docks["inspector"]], [560], Qt.Orientation.Horizontal)
        return main

    return build


def _page(window: Window, tab: int) -> Builder:
    """The health page as it is once disagreements are hours old."""

    def build(snapshot: ClusterSnapshot, folder: Path, scenario: str) -> QWidget:
        main = window(snapshot, folder, scenario)
        main.health.watch.age(_OLD_S)
        main.health.open(tab)
        first = main.health.page.alarms.tree.topLevelItem(0)
        if first is not None:
            first.setExpanded(True)
        return main

    return build


def _figures(window: Window) -> Builder:
    """A VM that was read every twenty seconds, with a time in between in which nobody looked."""

    def build(snapshot: ClusterSnapshot, folder: Path, scenario: str) -> QWidget:
        main = window(snapshot, folder, scenario)
        seen, key = main.inspector._seen, snapshot.vms[0].key
        now = time.time()
        for at in range(50):
            if 20 <= at < 29:
                continue
            wave = 30 + 22 * math.sin(at / 5) + at % 3
            seen._began = now - 1000
            series = seen._series.setdefault(f"vm:{key}", array("f"))
            series.extend((at * 20.0, wave, 8192 + 40 * at, 900 + 25 * wave, 100 * (at % 7)))
        main.explain_vm(key)
        main.inspector.open_tab("Overview")
        return main

    return build


def views(window: Window) -> dict[str, Builder]:
    """By name; ``window`` makes the main window over a snapshot."""
    return {
        "why-red": _why(window, "sql-01"),
        "why-green": _why(window, "app-01"),
        "why-node": _why(window, "LAB-N4", is_node=True),
        "figures": _figures(window),
        "alarms": _page(window, 0),
        "disagreements": _page(window, 1),
        "posture": _page(window, 3),
    }
