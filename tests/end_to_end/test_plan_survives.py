"""Pause, moves and proof as one group over the lab's sockets; the worker is killed in between."""

import os
import signal
import time

import pytest
from pytestqt.qtbot import QtBot

from console.checks.situation import Situation
from console.model.operation import OperationRecord, OperationState, waiting_reason
from console.model.request import LiveMigrate, PauseNode, ProveNodeEmpty, ResumeNode
from console.planning.asked import asked_of
from console.planning.drain import plan_drain
from console.ui.bridge import Part
from console.ui.main_window import MainWindow
from tests.end_to_end.lab_process import Lab

pytestmark = pytest.mark.timeout(300)
NODE = "LAB-N4"
S = OperationState


def emptying(window: MainWindow) -> list[Part]:
    """What the window would send for the plan of this node."""
    plan = plan_drain(NODE, Situation(window._store.inventory, time.time(), ()))
    asked = asked_of(plan)
    ids = [f"part-{number}" for number in range(len(asked))]
    return [
        Part(one.request, operation_id=name, after=tuple(ids[at] for at in one.after))
        for name, one in zip(ids, asked, strict=True)
    ]


def test_a_plan_goes_on_after_its_worker_died(window: MainWindow, lab: Lab, qtbot: QtBot) -> None:
    store, bridge = window._store, window._bridge
    inventory, known = store.inventory, store.operations
    qtbot.waitUntil(lambda: len(inventory.nodes) == 4 and len(inventory.vms) > 50, timeout=30_000)
    qtbot.waitUntil(lambda: inventory.arm.read_at is not None, timeout=30_000)
    parts = emptying(window)
    moves = [part for part in parts if isinstance(part.request, LiveMigrate)]
    assert len(moves) > 5
    assert isinstance(parts[0].request, PauseNode)
    assert isinstance(parts[-1].request, ProveNodeEmpty)
    pause, proof_id = parts[0].operation_id, parts[-1].operation_id
    group, ids = bridge.submit_group(f"Empty {NODE}", parts)
    assert ids == tuple(part.operation_id for part in parts)
    qtbot.waitUntil(lambda: set(ids) <= known.keys(), timeout=20_000)
    qtbot.waitUntil(lambda: known[pause].is_over, timeout=60_000)
    assert known[pause].state is S.SUCCEEDED, known[pause].fault
    proof = known[proof_id]
    assert (proof.state, proof.group_id) == (S.QUEUED, group)
    assert waiting_reason(proof).startswith("Waits for")

    def done(records: list[OperationRecord]) -> int:
        return sum(record.state is S.SUCCEEDED for record in records)

    moved = [part.operation_id for part in moves]
    qtbot.waitUntil(lambda: done([known[name] for name in moved]) >= 2, timeout=90_000)
    old = bridge.worker_pid
    assert old is not None
    os.kill(old, signal.SIGKILL)
    qtbot.waitUntil(lambda: bridge.worker_pid not in (None, old), timeout=30_000)
    qtbot.waitUntil(lambda: all(known[name].is_over for name in ids), timeout=240_000)

    for name in ids:
        assert known[name].state is S.SUCCEEDED, (known[name].title, known[name].result)
    assert known[proof_id].result.startswith(f"Safe to reboot: {NODE} is paused")
    pause_ended = known[pause].ended_at or 0.0
    assert all((known[name].started_at or 0.0) >= pause_ended for name in moved)
    assert (known[proof_id].started_at or 0.0) >= max(known[n].ended_at or 0.0 for n in moved)
    counters = lab.ask("counters")["counters"]
    assert counters[f"suspend:{NODE}"] == 1
    for part in moves:
        assert isinstance(part.request, LiveMigrate)
        assert counters[f"migrate:{part.request.vm_key}"] == 1, part.request.vm_name
    nodes = {node["name"]: node for node in lab.ask("nodes")["nodes"]}
    assert (nodes[NODE]["state"], nodes[NODE]["accepts_azure_placement"]) == ("Paused", False)
    assert not [vm for vm in lab.ask("vms")["vms"] if vm["owner"] == NODE]

    # And back: both steps are undone.
    back = bridge.submit(ResumeNode(NODE, failback=False))
    qtbot.waitUntil(lambda: back in known and known[back].is_over, timeout=60_000)
    assert known[back].state is S.SUCCEEDED, known[back].fault
    nodes = {node["name"]: node for node in lab.ask("nodes")["nodes"]}
    assert (nodes[NODE]["state"], nodes[NODE]["accepts_azure_placement"]) == ("Up", True)
