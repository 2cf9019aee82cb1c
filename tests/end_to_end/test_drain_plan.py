"""A node is emptied by its plan over the lab's sockets: changed, stopped between two moves, run
again, proven, and everything is brought home.
"""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from console.model.node import NodeState
from console.model.operation import OperationRecord, OperationState
from console.model.plan import Method
from console.model.request import LiveMigrate, PauseNode, ProveNodeEmpty
from console.ui.main_window import MainWindow
from console.ui.views.plan_window import PlanWindow
from tests.end_to_end.lab_process import Lab
from tests.ui.conftest import answer, press, settle

pytestmark = pytest.mark.timeout(400)
NODE = "LAB-N4"
_S = OperationState


def of_kind(window: MainWindow, kind: type) -> list[OperationRecord]:
    return [r for r in window._store.operations.values() if isinstance(r.request, kind)]


def is_over(window: MainWindow) -> bool:
    records = window._store.operations.values()
    return bool(records) and all(record.is_over for record in records)


def owners(lab: Lab, names: list[str]) -> set[str]:
    return {lab.ask("vm", name=name)["vm"]["owner"] for name in names}


@pytest.fixture
def plan(window: MainWindow, qtbot: QtBot) -> PlanWindow:
    inventory = window._store.inventory
    qtbot.waitUntil(lambda: len(inventory.nodes) == 4 and len(inventory.vms) > 50, timeout=30_000)
    qtbot.waitUntil(lambda: inventory.arm.read_at is not None, timeout=30_000)
    window.actions_table.plan_wanted.emit(NODE)
    qtbot.waitUntil(lambda: window.findChild(PlanWindow) is not None, timeout=5_000)
    opened = window.findChild(PlanWindow)
    assert opened is not None
    return opened


def test_a_node_is_emptied_proven_and_filled_again(
    plan: PlanWindow, window: MainWindow, lab: Lab, qtbot: QtBot
) -> None:
    lab.ask("speed", factor=4.0)
    inventory = window._store.inventory
    page, count = plan.page, len(plan.page.plan.moves)
    assert count > 5
    # The last one first, by keys; what stays behind is taken along where that is offered.
    page.table.choose([count - 1])
    for _ in range(count - 1):
        QTest.keyClick(page.table, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    # One is shut down for it, with consent.
    page.table.choose([count - 1])
    page.table.method_wanted.emit((count - 1,), Method.SHUT_DOWN)
    answer(plan, "They agreed, shut it down")
    names = [move.vm_name for move in page.plan.moves]
    assert page.outlook.why_not_run == ""

    press(plan, "plan_run")
    qtbot.waitUntil(
        lambda: any(r.state is _S.RUNNING for r in of_kind(window, LiveMigrate)), timeout=60_000
    )
    assert of_kind(window, PauseNode)[0].state is _S.SUCCEEDED
    press(plan, "plan_stop")
    qtbot.waitUntil(lambda: is_over(window), timeout=120_000)
    first_run = {r.request.vm_name: r for r in of_kind(window, LiveMigrate)}
    done = [name for name in names if first_run[name].state is _S.SUCCEEDED]
    assert names[0] in done  # it was put first
    assert 0 < len(done) < count, "stopped between two moves"
    assert NODE not in owners(lab, done)
    assert owners(lab, [name for name in names if name not in done]) == {NODE}
    assert not any(r.state is _S.SUCCEEDED for r in of_kind(window, ProveNodeEmpty))

    # What is left, run again.
    qtbot.waitUntil(
        lambda: (
            sum(inventory.vms[m.vm_key].owner_node == NODE for m in page.plan.moves)
            == count - len(done)
        ),
        timeout=30_000,
    )
    plan.tabs.setCurrentWidget(page)
    press(plan, "plan_again")
    assert len(page.plan.moves) == count - len(done)
    press(plan, "plan_run")
    qtbot.waitUntil(
        lambda: len(of_kind(window, ProveNodeEmpty)) == 2 and is_over(window), timeout=240_000
    )
    assert NODE not in owners(lab, names)
    counters = lab.ask("counters")["counters"]
    keys = {vm.name: vm.key for vm in inventory.vms.values()}
    assert {counters.get(f"migrate:{keys[name]}") for name in names} == {1}

    plan.outcome.look()
    assert lab.ask("vm", name=names[-1])["vm"]["state"] == "Off"
    assert inventory.vms_on(NODE) == []
    assert plan.outcome._proof.text().startswith(f"Safe to reboot: {NODE}")

    # Home again, after a judgement made now.
    plan.tabs.setCurrentWidget(plan.back)
    settle()
    assert len(plan.back.plan.moves) == count
    assert plan.back.outlook.why_not_run == ""
    press(plan, "plan_run")
    qtbot.waitUntil(
        lambda: len(of_kind(window, LiveMigrate)) == 3 * count - len(done) and is_over(window),
        timeout=240_000,
    )
    assert owners(lab, names) == {NODE}
    assert window._store.inventory.nodes[NODE].state is NodeState.UP
    plan.outcome.look()
    assert f"{count} of {count} moves done and verified" in plan.outcome._headline.text()


def test_the_cluster_empties_it_by_itself_watched_vm_by_vm(
    plan: PlanWindow, window: MainWindow, lab: Lab, qtbot: QtBot
) -> None:
    lab.ask("speed", factor=4.0)
    names = [move.vm_name for move in plan.page.plan.moves]
    press(plan, "plan_cluster")
    answer(plan, "Drain")
    table = plan.outcome.table
    last = table.columnCount() - 1

    def told() -> list[str]:
        return [table.item(row, last).text() for row in range(table.rowCount())]

    qtbot.waitUntil(lambda: any("Moving to" in text for text in told()), timeout=60_000)
    qtbot.waitUntil(lambda: is_over(window), timeout=200_000)
    qtbot.waitUntil(lambda: all("It is on" in text for text in told()), timeout=30_000)
    assert NODE not in owners(lab, names)
    # The view looks again a moment after the record changed.
    qtbot.waitUntil(lambda: "paused and empty" in plan.outcome._proof.text(), timeout=10_000)

    plan.tabs.setCurrentWidget(plan.back)
    press(plan, "plan_cluster")
    answer(plan, "Resume with failback")
    qtbot.waitUntil(
        lambda: window._store.inventory.nodes[NODE].state is NodeState.UP, timeout=60_000
    )
    running = [name for name in names if lab.ask("vm", name=name)["vm"]["state"] == "Running"]
    qtbot.waitUntil(lambda: owners(lab, running) == {NODE}, timeout=200_000)
