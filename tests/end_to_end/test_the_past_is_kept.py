"""Over the lab's sockets: what befell a VM stands in its timeline at the next start, and is red."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from console.ui.bridge import ChangesRead
from console.ui.main_window import MainWindow
from tests.end_to_end.lab_process import Lab
from tests.end_to_end.opened_window import opened_window


def is_read(window: MainWindow) -> bool:
    inventory = window._store.inventory
    wires = (inventory.arm, inventory.cluster_wire)
    return len(inventory.vms) > 50 and all(wire.read_at and not wire.is_down for wire in wires)


def heartbeat(window: MainWindow, key: str) -> str:
    vm = window._store.inventory.vms.get(key)
    return str(vm.cluster.heartbeat) if vm is not None and vm.cluster is not None else ""


def until(qtbot: QtBot, condition: Callable[[], bool]) -> None:
    qtbot.waitUntil(condition, timeout=30_000)


def test_a_hung_guest_is_red_now_and_in_its_timeline_at_the_next_start(
    lab: Lab, qapp: QApplication, qtbot: QtBot, tmp_path: Path
) -> None:
    folder = tmp_path / "state"
    with opened_window(lab.endpoints, folder, qapp) as window:
        until(qtbot, lambda: is_read(window))
        vm = next(v for v in window._store.inventory.vms.values() if v.name == "app-01")
    lab.ask("fault", name="heartbeat", args={"vm": "app-01", "word": "LostCommunication"})
    with opened_window(lab.endpoints, folder, qapp) as window:
        # The stored picture is shown first: the fresh reading has the other word.
        until(qtbot, lambda: is_read(window) and heartbeat(window, vm.key) == "LostCommunication")
        assert "does not answer" in window._store.health_of(vm.key).sentence
        until(
            qtbot,
            lambda: any(vm.key in each.alarm.vm_keys for each in window.health.watch.alarms),
        )
    with opened_window(lab.endpoints, folder, qapp) as window:
        found: list[ChangesRead] = []
        until(qtbot, lambda: is_read(window))
        window._bridge.read_changes(f"vm:{vm.key}", 0.0, found.append)
        until(qtbot, lambda: bool(found))
        texts = [change.text for change in found[0].changes]
        assert "Guest heartbeat: Ok → LostCommunication" in texts
        assert found[0].back_to is not None
