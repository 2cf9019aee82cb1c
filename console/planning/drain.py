"""Empty a node: where each of its VMs goes and in which order; and how they come back.

The largest VM is placed first: the more is placed, the less choice there is for it.
"""

from collections.abc import Sequence

from console.checks import affinity_is_kept
from console.checks.situation import Situation
from console.model.plan import Method, Plan, PlanKind, PlannedMove
from console.model.virtual_machine import VirtualMachine
from console.planning.copied_cluster import CopiedCluster
from console.planning.method import OFF
from console.planning.placing import place


def plan_drain(node: str, situation: Situation) -> Plan:
    """The plan for this node on what was read last. No I/O. What it cannot move is not in it:
    ``judge`` tells why.
    """
    inventory = situation.inventory
    plan = Plan(PlanKind.DRAIN, inventory.cluster.name, situation.now, node=node)
    refusal = why_no_plan(situation, node)
    if refusal:
        return _refused(plan, refusal)
    copy = CopiedCluster(situation, leaving=node)
    planned: list[PlannedMove] = []
    for unit in _units(inventory.vms_on(node), situation):
        planned += place(unit, node, copy) or []
    return Plan(plan.kind, plan.cluster, plan.made_at, tuple(planned), node)


def plan_return(drained: Plan, done: Sequence[PlannedMove] = ()) -> Plan:
    """The same VMs back to the node that was emptied, in the same order. ``done``: what earlier
    runs of the plan moved, which may not stand in it any more.
    """
    moves = {m.vm_key: m for m in (*done, *drained.moves) if m.source == drained.node}
    back = tuple(map(_back, moves.values()))
    return Plan(PlanKind.RETURN, drained.cluster, drained.made_at, back, drained.node)


def _back(move: PlannedMove) -> PlannedMove:
    reason = f"It was on {move.source} before."
    if move.method is Method.SHUT_DOWN:
        reason += " It was shut down for this: start it once it is back."
    method = Method.LIVE if move.method is Method.LIVE else Method.QUICK
    return PlannedMove(move.vm_key, move.vm_name, move.target, move.source, method, reason)


def why_no_plan(situation: Situation, node: str = "") -> str:
    """Why nothing can be planned on what is known; empty if it can."""
    inventory = situation.inventory
    if node and node not in inventory.nodes:
        return f"There is no node {node} in this cluster."
    if inventory.cluster_wire.is_stale(situation.now):
        return "The cluster has not answered lately; a plan on old data would be a guess."
    return ""


def _refused(plan: Plan, why: str) -> Plan:
    return Plan(plan.kind, plan.cluster, plan.made_at, node=plan.node, refusal=why)


def _units(vms: list[VirtualMachine], situation: Situation) -> list[list[VirtualMachine]]:
    """The VMs to place, those that have to be together as one; the largest first, then by name.

    What is off comes last: it holds no memory, so it takes no place from the others.
    """

    def size(unit: list[VirtualMachine]) -> tuple[bool, int, str, str]:
        memory = sum(vm.memory_mib or 0 for vm in unit)
        return all(vm.power in OFF for vm in unit), -memory, unit[0].name, unit[0].key

    by_key = {vm.key: vm for vm in vms}
    units: list[list[VirtualMachine]] = []
    while by_key:
        _key, vm = by_key.popitem()
        drawn = affinity_is_kept.drawn_by((vm,), situation)
        others = [by_key.pop(other.key) for other in drawn if other.key in by_key]
        unit = sorted([vm, *others], key=lambda one: (-(one.memory_mib or 0), one.name, one.key))
        units.append(unit)
    return sorted(units, key=size)
