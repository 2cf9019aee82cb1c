"""The worker is killed in the middle: nothing is lost, nothing happens twice, the truth is told."""

import os
import signal
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from console.model.operation import OperationState
from console.model.request import ChangePowerState, LiveMigrate, PowerAction
from console.ui.main_window import MainWindow
from tests.end_to_end.lab_process import Lab

pytestmark = pytest.mark.timeout(180)


def ready(window: MainWindow, qtbot: QtBot) -> None:
    inventory = window._store.inventory
    qtbot.waitUntil(lambda: len(inventory.nodes) == 4 and len(inventory.vms) > 50, timeout=30_000)
    qtbot.waitUntil(lambda: inventory.arm.read_at is not None, timeout=30_000)


def kill_worker(window: MainWindow) -> int:
    pid = window._bridge.worker_pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    return pid


@pytest.mark.parametrize("moment", ["at once", "while memory is copied"])
def test_a_move_survives_its_worker(
    window: MainWindow, lab: Lab, qtbot: QtBot, moment: str
) -> None:
    ready(window, qtbot)
    store, bridge = window._store, window._bridge
    vm = store.inventory.vm_named("app-05")
    assert vm is not None
    target = next(name for name in store.inventory.nodes if name != vm.owner_node)
    name = bridge.submit(LiveMigrate(vm.key, vm.name, vm.owner_node or "", target))
    qtbot.waitUntil(lambda: name in store.operations, timeout=10_000)
    if moment != "at once":
        qtbot.waitUntil(
            lambda: (p := store.operations[name].progress) is not None and p.phase == "Memory",
            timeout=20_000,
        )
    old = kill_worker(window)
    qtbot.waitUntil(lambda: bridge.worker_pid not in (None, old), timeout=20_000)
    # After SENDING the late-arrival window is waited out before anything could be sent again.
    qtbot.waitUntil(lambda: store.operations[name].is_over, timeout=120_000)
    record = store.operations[name]
    assert record.state is OperationState.SUCCEEDED, (record.fault, record.result)
    assert lab.ask("vm", name="app-05")["vm"]["owner"] == target
    assert lab.ask("counters")["counters"][f"migrate:{vm.key}"] == 1


def test_a_restart_is_never_sent_twice(window: MainWindow, lab: Lab, qtbot: QtBot) -> None:
    ready(window, qtbot)
    store, bridge = window._store, window._bridge
    vm = store.inventory.vm_named("app-04")
    assert vm is not None
    name = bridge.submit(ChangePowerState(vm.key, vm.name, PowerAction.RESTART))
    qtbot.waitUntil(
        lambda: (
            name in store.operations
            and store.operations[name].state is OperationState.RUNNING
            and bool(store.operations[name].commands)
        ),
        timeout=20_000,
    )
    kill_worker(window)
    qtbot.waitUntil(
        lambda: (
            store.operations[name].state
            in (OperationState.SUCCEEDED, OperationState.FAILED, OperationState.UNKNOWN)
            and bridge.is_ready
        ),
        timeout=90_000,
    )
    qtbot.wait(3_000)
    restarts = lab.ask("counters")["counters"].get(f"restart:{vm.key}", 0)
    assert restarts <= 1
    record = store.operations[name]
    if record.state is OperationState.SUCCEEDED:
        assert restarts == 1


def test_what_the_worker_wrote_is_private(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    ready(window, qtbot)
    qtbot.waitUntil(lambda: (tmp_path / "state" / "journal.sqlite").exists(), timeout=10_000)
    for path in (tmp_path / "state").iterdir():
        assert path.stat().st_mode & 0o077 == 0 or path.name.startswith("last-view"), path
