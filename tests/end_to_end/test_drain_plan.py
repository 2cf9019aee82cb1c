"""A node is emptied by its plan over the lab's sockets, with a fault on the way, then drained."""

import pytest
from pytestqt.qtbot import QtBot

from console.model.operation import OperationRecord, OperationState
from console.model.request import DrainNode, LiveMigrate
from console.ui.main_window import MainWindow
from console.ui.views.drain_plan_window import DrainPlanWindow
from tests.end_to_end.lab_process import Lab
from tests.ui.conftest import press

pytestmark = pytest.mark.timeout(300)
NODE = "LAB-N4"


def moves(window: MainWindow) -> list[OperationRecord]:
    records = window._store.operations.values()
    return [record for record in records if isinstance(record.request, LiveMigrate)]


def test_a_node_is_emptied_by_its_plan(window: MainWindow, lab: Lab, qtbot: QtBot) -> None:
    inventory = window._store.inventory
    qtbot.waitUntil(lambda: len(inventory.nodes) == 4 and len(inventory.vms) > 50, timeout=30_000)
    qtbot.waitUntil(lambda: inventory.arm.read_at is not None, timeout=30_000)
    window.actions_table.plan_wanted.emit(NODE)
    opened = window.findChild(DrainPlanWindow)
    assert opened is not None
    plan = opened.plan
    assert len(plan.moves) > 5
    press(opened, "plan_run")
    qtbot.waitUntil(lambda: len(moves(window)) == len(plan.moves), timeout=10_000)
    # One of those that wait is cancelled: the others go on, and the plan's end is told truly.
    last = next(r for r in moves(window) if r.request.vm_key == plan.moves[-1].vm_key)
    window.actions_table.cancel_operation(last.id)
    qtbot.waitUntil(lambda: all(r.is_over for r in moves(window)), timeout=180_000)
    ended = {record.request.vm_key: record for record in moves(window)}
    for step in plan.moves[:-1]:
        record = ended[step.vm_key]
        assert record.state is OperationState.SUCCEEDED, (record.title, record.fault)
        assert lab.ask("vm", name=step.vm_name)["vm"]["owner"] == step.target
    assert ended[plan.moves[-1].vm_key].state is OperationState.CANCELED
    counters = lab.ask("counters")["counters"]
    for step in plan.moves[:-1]:
        assert counters[f"migrate:{step.vm_key}"] == 1
    assert counters.get(f"migrate:{plan.moves[-1].vm_key}", 0) == 0
    assert lab.ask("vm", name=plan.moves[-1].vm_name)["vm"]["owner"] == NODE

    # What stayed is taken by the cluster's own drain, which is also the proof.
    name = window._bridge.submit(DrainNode(NODE))
    operations = window._store.operations
    qtbot.waitUntil(lambda: name in operations and operations[name].is_over, timeout=120_000)
    drained = operations[name]
    assert drained.state is OperationState.SUCCEEDED, (drained.fault, drained.result)
    assert "paused and empty" in drained.result
    assert lab.ask("vm", name=plan.moves[-1].vm_name)["vm"]["owner"] != NODE
