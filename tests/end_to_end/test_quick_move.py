"""A quick migration over the lab's sockets: told before, watched, measured, verified; no cancel."""

import pytest
from pytestqt.qtbot import QtBot

from console.model.operation import OperationState
from console.model.request import LiveMigrate, MoveMethod
from console.ui.main_window import MainWindow
from tests.end_to_end.lab_process import Lab

pytestmark = pytest.mark.timeout(180)


def test_a_vm_is_saved_handed_over_and_resumed(window: MainWindow, lab: Lab, qtbot: QtBot) -> None:
    store, bridge = window._store, window._bridge
    inventory, known = store.inventory, store.operations
    qtbot.waitUntil(lambda: len(inventory.nodes) == 4 and len(inventory.vms) > 50, timeout=30_000)
    qtbot.waitUntil(lambda: inventory.arm.read_at is not None, timeout=30_000)
    vm = inventory.vm_named("app-05")
    assert vm is not None
    target = next(name for name in inventory.nodes if name != vm.owner_node)
    before = lab.ask("vm", name="app-05")["vm"]
    name = bridge.submit(
        LiveMigrate(vm.key, vm.name, vm.owner_node or "", target, MoveMethod.QUICK)
    )
    qtbot.waitUntil(
        lambda: (
            name in known
            and (progress := known[name].progress) is not None
            and progress.phase == "Saving"
        ),
        timeout=30_000,
    )
    assert not known[name].can_cancel
    bridge.cancel(name)
    qtbot.waitUntil(lambda: known[name].is_over, timeout=120_000)
    record = known[name]
    assert record.state is OperationState.SUCCEEDED, (record.fault, record.result)
    assert not record.cancel_requested
    told = [step.text for step in record.steps]
    phases = [text for text in ("Saving", "Resuming") if any(text in step for step in told)]
    assert phases == ["Saving", "Resuming"]
    assert any("It stands still for" in step.detail for step in record.steps)
    assert record.measured is not None
    assert (record.measured.blackout_ms or 0.0) > 0.0
    after = lab.ask("vm", name="app-05")
    assert after["vm"]["owner"] == target
    assert (after["vm"]["state"], after["vm"]["tpm_state"]) == ("Running", before["tpm_state"])
    assert after["migration"]["method"] == "quick"
    assert lab.ask("counters")["counters"][f"migrate:{vm.key}"] == 1


def test_one_that_is_off_changes_hands(window: MainWindow, lab: Lab, qtbot: QtBot) -> None:
    inventory, known = window._store.inventory, window._store.operations
    qtbot.waitUntil(lambda: len(inventory.nodes) == 4 and len(inventory.vms) > 50, timeout=30_000)
    qtbot.waitUntil(lambda: inventory.arm.read_at is not None, timeout=30_000)
    vm = next(
        vm
        for vm in inventory.vms.values()
        if vm.power == "Stopped" and vm.owner_node and vm.kind == "AzureLocal"
    )
    target = next(name for name in inventory.nodes if name != vm.owner_node)
    request = LiveMigrate(vm.key, vm.name, vm.owner_node or "", target, MoveMethod.QUICK)
    name = window._bridge.submit(request)
    qtbot.waitUntil(lambda: name in known and known[name].is_over, timeout=60_000)
    assert known[name].state is OperationState.SUCCEEDED, (known[name].fault, known[name].result)
    moved = lab.ask("vm", name=vm.name)["vm"]
    assert (moved["owner"], moved["state"]) == (target, "Off")
