"""Every change makes another plan, and its judgement says what the change breaks."""

import msgspec
import pytest

from console.checks.situation import Situation
from console.model.finding import Verdict
from console.model.inventory import Inventory
from console.model.outlook import Outlook
from console.model.plan import Method, Plan
from console.model.snapshot import SnapshotDelta
from console.planning import editing
from console.planning.drain import plan_drain
from console.planning.judge import alternatives, judge
from tests.ui.sample import snapshot

replace = msgspec.structs.replace
NODE = "LAB-N1"


@pytest.fixture
def inventory() -> Inventory:
    return Inventory(snapshot("small"))


def situation(inventory: Inventory) -> Situation:
    return Situation(inventory, (inventory.cluster_wire.read_at or 0.0) + 1.0)


@pytest.fixture
def plan(inventory: Inventory) -> Plan:
    return plan_drain(NODE, situation(inventory))


def judged(plan: Plan, inventory: Inventory) -> Outlook:
    return judge(plan, situation(inventory))


def move_vm(inventory: Inventory, key: str, target: str) -> None:
    vm = inventory.vms[key]
    assert vm.cluster is not None
    moved = replace(vm, cluster=replace(vm.cluster, owner_node=target))
    inventory.apply(SnapshotDelta(upserted=(moved,)))


@pytest.mark.parametrize(
    ("rows", "before", "expected"),
    [
        ((0,), 2, "bac"),
        ((2,), 0, "cab"),
        ((0, 1), 3, "cab"),
        ((1, 2), 0, "bca"),
        ((0, 2), 2, "bac"),
        ((1,), 1, "abc"),
    ],
)
def test_rows_are_put_right_before_another(
    plan: Plan, rows: tuple[int, ...], before: int, expected: str
) -> None:
    three = replace(plan, moves=plan.moves[:3])
    letters = dict(zip((move.vm_key for move in three.moves), "abc", strict=True))
    moved = editing.reordered(three, rows, before)
    assert "".join(letters[move.vm_key] for move in moved.moves) == expected


def test_a_target_without_room_breaks_the_steps_that_do_not_fit(
    plan: Plan, inventory: Inventory
) -> None:
    nodes = tuple(
        replace(n, memory_available_mib=20 * 1024) if n.name == "LAB-N2" else n
        for n in inventory.nodes.values()
    )
    inventory.apply(SnapshotDelta(nodes=nodes))
    rows = range(len(plan.moves))
    outlook = judged(editing.with_target(plan, rows, "LAB-N2"), inventory)
    assert outlook.broken
    assert not outlook.steps[0].is_broken  # 16 of 20 GiB
    second = outlook.steps[1]
    assert second.verdict is Verdict.CANNOT
    assert "0x800705AA" in second.findings[0].text
    assert outlook.why_not_run.startswith("Steps 2, 3")
    kept = editing.without(outlook.plan, [number - 1 for number in outlook.broken])
    assert not judged(kept, inventory).broken


def test_the_emptied_node_takes_nothing(plan: Plan, inventory: Inventory) -> None:
    other = replace(plan.moves[0], source=plan.moves[0].target, target=NODE)
    outlook = judged(replace(plan, moves=(*plan.moves, other)), inventory)
    assert outlook.broken == (len(plan.moves) + 1,)
    assert "to be emptied" in outlook.steps[-1].findings[0].text


def test_what_is_left_out_is_told_and_can_be_taken_along_again(
    plan: Plan, inventory: Inventory
) -> None:
    first = plan.moves[0]
    outlook = judged(editing.without(plan, [0]), inventory)
    (left,) = [vm for vm in outlook.stays if vm.vm_key == first.vm_key]
    assert left.is_left_out
    assert left.why == "You left it out."
    assert left.offers == (Method.LIVE,)
    again = editing.with_move(outlook.plan, replace(first, target=left.target))
    assert again.left_out == ()
    assert len(judged(again, inventory).stays) == len(judged(plan, inventory).stays)


def test_a_vm_that_went_elsewhere_or_away_is_marked_and_fitted(
    plan: Plan, inventory: Inventory
) -> None:
    elsewhere, there, gone = plan.moves[:3]
    other = next(n for n in inventory.nodes if n not in (NODE, elsewhere.target))
    move_vm(inventory, elsewhere.vm_key, other)
    move_vm(inventory, there.vm_key, there.target)
    inventory.apply(SnapshotDelta(removed=(gone.vm_key,)))
    outlook = judged(plan, inventory)
    assert outlook.broken == (1, 2, 3)
    told = [outlook.steps[at].findings[0].text for at in range(3)]
    assert f"on {other} by then, not on {NODE}" in told[0]
    assert f"is on {there.target} by then" in told[1]
    assert "not in this cluster" in told[2]
    fitted = editing.fitted(plan, inventory, 5.0)
    assert not judged(fitted, inventory).broken
    assert len(fitted.moves) == len(plan.moves) - 2
    assert fitted.moves[0].source == other


def test_a_plan_of_another_cluster_says_so(plan: Plan, inventory: Inventory) -> None:
    outlook = judged(replace(plan, cluster="elsewhere"), inventory)
    assert "made for the cluster elsewhere" in outlook.warning


def test_the_menu_of_targets_says_what_the_judgement_would(
    plan: Plan, inventory: Inventory
) -> None:
    row = 3
    for node, findings in alternatives(plan, row, situation(inventory)):
        outlook = judged(editing.with_target(plan, [row], node), inventory)
        told = {f.text for f in outlook.steps[row].findings if f.check != "plan" or f in findings}
        assert {f.text for f in findings} == told


def test_judging_leaves_the_cluster_alone(plan: Plan, inventory: Inventory) -> None:
    before = inventory.snapshot()
    judged(plan, inventory)
    assert inventory.snapshot() == before


def test_what_cannot_be_done_takes_no_time(plan: Plan, inventory: Inventory) -> None:
    whole = judged(plan, inventory).finish_s
    outlook = judged(editing.with_target(plan, [0], NODE), inventory)
    assert outlook.broken == (1,)
    assert outlook.steps[0].ends_s is None
    assert outlook.steps[1].starts_s == (0.0, 0.0)
    assert outlook.finish_s is not None
    assert whole is not None
    assert outlook.finish_s[1] < whole[1]


def test_a_plan_whose_cluster_fell_silent_stays_in_sight_and_cannot_be_run(
    plan: Plan, inventory: Inventory
) -> None:
    late = Situation(inventory, (inventory.cluster_wire.read_at or 0.0) + 3600)
    outlook = judge(plan, late)
    assert len(outlook.steps) == len(plan.moves)
    assert {step.verdict for step in outlook.steps} == {Verdict.UNKNOWN}
    assert "old data" in outlook.warning
    assert outlook.why_not_run


def test_a_plan_for_a_node_that_is_gone_says_so(plan: Plan, inventory: Inventory) -> None:
    outlook = judged(replace(plan, node="LAB-N9"), inventory)
    assert outlook.warning == "There is no node LAB-N9 in this cluster."
