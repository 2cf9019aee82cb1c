"""What a plan asks for, in what order; and what it promised beside what came of it."""

import msgspec
import pytest

from console.checks.situation import Situation
from console.model.inventory import Inventory
from console.model.operation import MoveProgress, OperationRecord, OperationState
from console.model.outlook import Outlook
from console.model.plan import Method, Plan, PlanKind, PlannedMove
from console.model.request import (
    ChangePowerState,
    LiveMigrate,
    MoveMethod,
    PauseNode,
    PowerAction,
    ProveNodeEmpty,
    ResumeNode,
)
from console.planning.afterwards import compare, run_by_cluster, run_of
from console.planning.asked import asked_of
from console.planning.drain import plan_drain, plan_return
from console.planning.judge import judge
from console.ui.models.plan_actual_words import COLUMNS, rows
from console.ui.models.plan_words import pause_range_text
from tests.ui.sample import snapshot

replace = msgspec.structs.replace
_S = OperationState
A = PlannedMove("a", "app", "N1", "N2")
B = PlannedMove("b", "db", "N1", "N3", Method.QUICK)
C = PlannedMove("c", "old", "N1", "N3", Method.SHUT_DOWN)


def test_a_drain_pauses_moves_and_looks() -> None:
    asked = asked_of(Plan(PlanKind.DRAIN, "lab", 0.0, (A, B, C), "N1"))
    assert [one.request for one in asked] == [
        PauseNode("N1"),
        LiveMigrate("a", "app", "N1", "N2"),
        LiveMigrate("b", "db", "N1", "N3", MoveMethod.QUICK),
        ChangePowerState("c", "old", PowerAction.STOP),
        LiveMigrate("c", "old", "N1", "N3", MoveMethod.QUICK),
        ProveNodeEmpty("N1"),
    ]
    assert [one.after for one in asked] == [(), (0,), (0,), (0,), (0, 3), (0, 1, 2, 3, 4)]
    assert [one.step for one in asked] == [0, 1, 2, 3, 3, 0]


def test_the_way_back_resumes_without_failback_first() -> None:
    back = plan_return(Plan(PlanKind.DRAIN, "lab", 0.0, (A, C), "N1"))
    asked = asked_of(back)
    assert asked[0].request == ResumeNode("N1", failback=False)
    assert [one.after for one in asked] == [(), (0,), (0,)]
    assert asked[2].request == LiveMigrate("c", "old", "N3", "N1", MoveMethod.QUICK)
    assert "start it" in back.moves[1].reason


def test_the_way_back_knows_what_earlier_runs_moved() -> None:
    left = Plan(PlanKind.DRAIN, "lab", 0.0, (B,), "N1")
    assert [m.vm_key for m in plan_return(left, done=[A]).moves] == ["a", "b"]


def test_a_vm_that_moves_twice_moves_one_after_the_other() -> None:
    on = PlannedMove("a", "app", "N2", "N3")
    asked = asked_of(Plan(PlanKind.ARRANGED, "lab", 0.0, (A, B, on)))
    assert [one.after for one in asked] == [(), (), (0,)]


@pytest.fixture
def outlook() -> Outlook:
    inventory = Inventory(snapshot("small"))
    now = Situation(inventory, (inventory.cluster_wire.read_at or 0.0) + 1.0)
    plan = plan_drain("LAB-N1", now)
    return judge(replace(plan, moves=plan.moves[:3]), now)


def record(name: str, outlook: Outlook, at: int, **more: object) -> OperationRecord:
    request = asked_of(outlook.plan)[at].request
    return OperationRecord(name, request, name, **{"state": _S.QUEUED, "created_at": 0.0, **more})


def test_every_step_is_compared_with_what_was_promised(outlook: Outlook) -> None:
    ids = tuple(f"o{at}" for at in range(5))
    run = run_of(outlook, "g", ids, 100.0)
    assert [f.operation_id for f in run.forecasts] == ["o1", "o2", "o3"]
    assert run.proof_id == "o4"
    known = [
        record(
            "o1",
            outlook,
            1,
            state=_S.SUCCEEDED,
            started_at=101.0,
            ended_at=111.0,
            result="ok",
            measured=MoveProgress(blackout_ms=180.0),
        ),
        record("o2", outlook, 2, state=_S.FAILED, started_at=101.0, ended_at=102.0),
    ]
    inventory = Inventory(snapshot("small"))
    after = compare(run, {r.id: r for r in known}, inventory)
    first, second, third = after.steps
    assert (first.started_s, first.took_s, first.state) == (1.0, 10.0, _S.SUCCEEDED)
    assert first.forecast.duration_s == outlook.steps[0].duration_s
    assert (first.pause_ms, first.forecast.pause_ms) == (180.0, outlook.steps[0].pause_ms)
    promised, paused = (COLUMNS.index(name) for name in ("Promised pause", "Pause"))
    told = rows(after)
    assert (told[0][paused], told[1][paused]) == ("0.18 s", "–")
    assert told[0][promised] == pause_range_text(outlook.steps[0].pause_ms)
    assert all(len(row) == len(COLUMNS) for row in told)
    assert second.state is _S.FAILED
    assert (third.state, third.took_s) == (None, None)
    assert after.took_s is None

    again = record(
        "r2", outlook, 2, state=_S.SUCCEEDED, started_at=120.0, ended_at=130.0, retry_of="o2"
    )
    last = record("o3", outlook, 3, state=_S.CANCELED, ended_at=125.0)
    after = compare(run, {r.id: r for r in (*known, again, last)}, inventory)
    assert after.steps[1].state is _S.SUCCEEDED
    assert after.took_s == 30.0
    assert after.proof is None


def test_the_clusters_own_drain_is_seen_on_the_vms(outlook: Outlook) -> None:
    inventory = Inventory(snapshot("small"))
    run = run_by_cluster(outlook, "d", 100.0)
    after = compare(run, {}, inventory)
    assert {step.result for step in after.steps} == {"It is still on LAB-N1."}
    vm = inventory.vms[outlook.steps[0].move.vm_key]
    assert vm.cluster is not None
    inventory.vms[vm.key] = replace(vm, cluster=replace(vm.cluster, owner_node="LAB-N3"))
    after = compare(run, {}, inventory)
    assert after.steps[0].result == "It is on LAB-N3."
    assert after.steps[0].state is _S.SUCCEEDED
    assert after.took_s is None
