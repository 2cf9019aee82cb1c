"""Over the lab's sockets: a VM is powered off, and the past still shows it running."""

import time
from pathlib import Path

from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from console.model.virtual_machine import PowerState
from console.ui.past.past_window import PastWindow
from tests.end_to_end.lab_process import Lab
from tests.end_to_end.opened_window import opened_window
from tests.end_to_end.test_the_past_is_kept import heartbeat, is_read, until


def test_the_cluster_as_it_was_before_a_guest_hung(
    lab: Lab, qapp: QApplication, qtbot: QtBot, tmp_path: Path
) -> None:
    folder = tmp_path / "state"
    with opened_window(lab.endpoints, folder, qapp) as window:
        until(qtbot, lambda: is_read(window))
        vm = next(v for v in window._store.inventory.vms.values() if v.name == "app-02")
        before = heartbeat(window, vm.key)
    then = time.time()
    lab.ask("fault", name="heartbeat", args={"vm": "app-02", "word": "LostCommunication"})
    with opened_window(lab.endpoints, folder, qapp) as window:
        until(qtbot, lambda: is_read(window) and heartbeat(window, vm.key) == "LostCommunication")
    with opened_window(lab.endpoints, folder, qapp) as window:
        until(qtbot, lambda: is_read(window))
        window.health.past.open(then)
        past = window.health.past.past
        assert isinstance(past, PastWindow)
        until(qtbot, lambda: past.moment.snapshot is not None)
        known = past.store.inventory.vms[vm.key].cluster
        assert known is not None
        assert str(known.heartbeat) == before
        assert known.power is PowerState.RUNNING
        assert heartbeat(window, vm.key) == "LostCommunication"  # now goes on beside it
        past._tabs.setCurrentWidget(past.compare)
        until(qtbot, lambda: past.compare.comparison is not None)
        assert past.compare.comparison is not None
        found = {
            (group.title, each.name)
            for group in past.compare.comparison.groups
            for each in group.changes
        }
        assert ("Guest heartbeat", "app-02") in found
        past.close()
