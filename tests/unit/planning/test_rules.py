"""Plans keep the cluster's affinity rules: on the cluster as it is at that step."""

import msgspec
import pytest

from console.checks.situation import Situation
from console.model.inventory import Inventory
from console.model.placement import AffinityKind, AffinityRule
from console.model.request import MoveMethod
from console.model.snapshot import SnapshotDelta
from console.model.virtual_machine import PowerState, VirtualMachine
from console.planning import editing
from console.planning.copied_cluster import CopiedCluster
from console.planning.drain import plan_drain
from console.planning.judge import judge
from tests.ui.sample import snapshot

replace = msgspec.structs.replace
NODE = "LAB-N1"


@pytest.fixture
def inventory() -> Inventory:
    return Inventory(snapshot("small"))


def situation(inventory: Inventory) -> Situation:
    return Situation(inventory, (inventory.cluster_wire.read_at or 0.0) + 1.0)


def running(inventory: Inventory, node: str = NODE) -> list[VirtualMachine]:
    vms = (vm for vm in inventory.vms_on(node) if vm.power is PowerState.RUNNING)
    return sorted(vms, key=lambda vm: vm.name)


def rule(inventory: Inventory, kind: AffinityKind, *vms: VirtualMachine) -> None:
    groups = tuple(vm.cluster.group for vm in vms if vm.cluster is not None)
    assert all(groups)
    made = AffinityRule(f"{kind} rule", kind, groups)
    inventory.apply(SnapshotDelta(cluster=replace(inventory.cluster, affinity_rules=(made,))))


def test_partners_go_together_one_right_after_the_other(inventory: Inventory) -> None:
    vms = running(inventory)
    mates = (vms[0], vms[5], vms[9])
    rule(inventory, AffinityKind.SAME_NODE, *mates)
    plan = plan_drain(NODE, situation(inventory))
    at = [n for n, move in enumerate(plan.moves) if move.vm_key in {vm.key for vm in mates}]
    assert len(at) == 3
    assert at == list(range(at[0], at[0] + 3))
    assert len({plan.moves[n].target for n in at}) == 1
    assert "with its 2 partner(s)" in plan.moves[at[0]].reason
    assert not judge(plan, situation(inventory)).broken


def test_partners_that_fit_nowhere_together_stay_together(inventory: Inventory) -> None:
    vms = [vm for vm in running(inventory) if (vm.memory_mib or 0) >= 16 * 1024][:3]
    rule(inventory, AffinityKind.SAME_NODE, *vms)
    nodes = tuple(
        replace(n, memory_available_mib=40 * 1024) if n.name != NODE else n
        for n in inventory.nodes.values()
    )
    inventory.apply(SnapshotDelta(nodes=nodes))
    moved = {move.vm_key for move in plan_drain(NODE, situation(inventory)).moves}
    assert moved.isdisjoint({vm.key for vm in vms})


def test_enemies_of_one_node_are_placed_apart(inventory: Inventory) -> None:
    vms = running(inventory)
    enemies = vms[:3]
    rule(inventory, AffinityKind.DIFFERENT_NODE, *enemies)
    plan = plan_drain(NODE, situation(inventory))
    targets = {m.target for m in plan.moves if m.vm_key in {vm.key for vm in enemies}}
    assert len(targets) == 3
    outlook = judge(plan, situation(inventory))
    assert not outlook.broken

    # An edit that puts two of them on one node says so at the second of them, not at the first.
    rows = [n for n, m in enumerate(plan.moves) if m.vm_key in {enemies[0].key, enemies[1].key}]
    edited = editing.with_target(plan, rows, plan.moves[rows[0]].target)
    broken = judge(edited, situation(inventory))
    assert broken.broken == (rows[1] + 1,)
    assert "apart" in broken.steps[rows[1]].findings[0].text


def test_a_step_that_frees_a_node_from_an_enemy_lets_the_next_go_there(
    inventory: Inventory,
) -> None:
    here, there = running(inventory)[0], running(inventory, "LAB-N2")[3]
    rule(inventory, AffinityKind.DIFFERENT_NODE, here, there)
    plan = plan_drain(NODE, situation(inventory))
    row = next(n for n, m in enumerate(plan.moves) if m.vm_key == here.key)
    assert plan.moves[row].target != "LAB-N2"
    alone = replace(plan, moves=(plan.moves[row],))
    to_enemy = editing.with_target(alone, [0], "LAB-N2")
    assert judge(to_enemy, situation(inventory)).broken == (1,)
    away = replace(to_enemy.moves[0], vm_key=there.key, vm_name=there.name)
    first = replace(away, source="LAB-N2", target="LAB-N3")
    freed = replace(to_enemy, moves=(first, *to_enemy.moves))
    assert not judge(freed, situation(inventory)).broken


@pytest.mark.parametrize("classes", [("db",), None])
def test_what_was_worked_out_of_all_vms_follows_each_move(
    inventory: Inventory, classes: tuple[str, ...] | None
) -> None:
    """The copy keeps its indexes instead of making them anew: they have to be as if it had."""
    vms = tuple(
        replace(vm, cluster=replace(vm.cluster, anti_affinity=classes)) if vm.cluster else vm
        for vm in inventory.vms.values()
    )
    inventory.apply(SnapshotDelta(upserted=vms))
    rule(inventory, AffinityKind.DIFFERENT_NODE, *running(inventory)[:2])
    copy = CopiedCluster(situation(inventory))
    for method in MoveMethod:  # have them worked out
        known = copy.situation(method)
        assert known.vm_by_group
        assert known.vms_by_class is not None
        assert known.unclassed_on is not None
    for at, vm in enumerate(running(inventory)[:6]):
        copy.put(vm.key, f"LAB-N{2 + at % 3}", is_off=at == 4)
    fresh = Situation(copy.inventory, 0.0)
    for method in MoveMethod:
        known = copy.situation(method)
        assert known.vm_by_group == fresh.vm_by_group
        for name in fresh.vms_by_class:
            _same(known.vms_by_class[name], fresh.vms_by_class[name])
        _same(known.unclassed_on, fresh.unclassed_on)


def _same(kept: dict[str, list[VirtualMachine]], fresh: dict[str, list[VirtualMachine]]) -> None:
    def keys(index: dict[str, list[VirtualMachine]]) -> dict[str, set[str]]:
        return {node: {vm.key for vm in vms} for node, vms in index.items() if vms}

    assert keys(kept) == keys(fresh)
    at = {vm.key: vm.owner_node for vms in kept.values() for vm in vms}
    assert all(at[vm.key] == node for node, vms in kept.items() for vm in vms)
