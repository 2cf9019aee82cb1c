"""A proposal evens out with few moves, breaks nothing, and says when there is nothing to do."""

import msgspec
import pytest

from console.checks.situation import Situation
from console.model.inventory import Inventory
from console.model.placement import AffinityKind, AffinityRule
from console.model.snapshot import SnapshotDelta
from console.model.virtual_machine import PowerState
from console.planning.copied_cluster import CopiedCluster
from console.planning.judge import judge
from console.planning.rebalance import LEAST_SPREAD, loads_of, plan_rebalance
from tests.ui.sample import snapshot

replace = msgspec.structs.replace


def situation(inventory: Inventory) -> Situation:
    return Situation(inventory, (inventory.cluster_wire.read_at or 0.0) + 1.0)


def spread(inventory: Inventory, moves: object = ()) -> float:
    copy = CopiedCluster(situation(inventory))
    for move in moves:  # type: ignore[attr-defined]
        copy.put(move.vm_key, move.target)
    used = [load.memory for load in loads_of(copy).values()]
    return max(used) - min(used)


@pytest.mark.parametrize("scenario", ["small", "large"])
def test_it_evens_out_and_breaks_nothing(scenario: str) -> None:
    inventory = Inventory(snapshot(scenario))
    before = spread(inventory)
    assert before > LEAST_SPREAD
    plan = plan_rebalance(situation(inventory))
    assert plan.moves
    assert spread(inventory, plan.moves) <= LEAST_SPREAD
    outlook = judge(plan, situation(inventory))
    assert not outlook.broken
    assert outlook.reserve_lost_at is None
    assert len({move.vm_key for move in plan.moves}) == len(plan.moves)
    assert all("Evens out memory" in move.reason for move in plan.moves)


def test_what_is_even_is_left_alone() -> None:
    inventory = Inventory(snapshot("small"))
    for move in plan_rebalance(situation(inventory)).moves:
        vm = inventory.vms[move.vm_key]
        assert vm.cluster is not None
        moved = replace(vm, cluster=replace(vm.cluster, owner_node=move.target))
        freed, taken = inventory.nodes[move.source], inventory.nodes[move.target]
        mib = vm.memory_mib or 0
        changed = {
            freed.name: replace(freed, memory_available_mib=freed.memory_available_mib + mib),
            taken.name: replace(taken, memory_available_mib=taken.memory_available_mib - mib),
        }
        nodes = tuple(changed.get(n.name, n) for n in inventory.nodes.values())
        inventory.apply(SnapshotDelta(upserted=(moved,), nodes=nodes))
    plan = plan_rebalance(situation(inventory))
    assert plan.moves == ()
    assert plan.refusal.startswith("Nothing to do: ")
    assert f"up to {LEAST_SPREAD:.0f} points" in plan.refusal


def test_partners_that_have_to_be_together_are_not_torn_apart() -> None:
    inventory = Inventory(snapshot("small"))
    (first,) = plan_rebalance(situation(inventory)).moves[:1]
    running = (vm for vm in inventory.vms_on(first.source) if vm.power is PowerState.RUNNING)
    mate = next(vm for vm in running if vm.key != first.vm_key)
    groups = tuple(inventory.vms[key].cluster.group for key in (first.vm_key, mate.key))
    rule = AffinityRule("together", AffinityKind.SAME_NODE, groups)
    inventory.apply(SnapshotDelta(cluster=replace(inventory.cluster, affinity_rules=(rule,))))
    moved = {move.vm_key for move in plan_rebalance(situation(inventory)).moves}
    assert moved.isdisjoint({first.vm_key, mate.key})


def test_cpu_is_evened_out_where_memory_is_even() -> None:
    inventory = Inventory(snapshot("small"))
    names = list(inventory.nodes)
    nodes = tuple(
        replace(
            node,
            memory_available_mib=300 * 1024,
            cpu_percent=90.0 if node.name == names[0] else 10.0,
        )
        for node in inventory.nodes.values()
    )
    inventory.apply(SnapshotDelta(nodes=nodes))
    plan = plan_rebalance(situation(inventory))
    assert plan.moves
    assert plan.moves[0].source == names[0]
    assert "Evens out CPU" in plan.moves[0].reason


def test_old_data_make_no_proposal() -> None:
    inventory = Inventory(snapshot("small"))
    late = (inventory.cluster_wire.read_at or 0.0) + 3600
    assert "old data" in plan_rebalance(Situation(inventory, late)).refusal
