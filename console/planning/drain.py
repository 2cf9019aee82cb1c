"""Empty a node: where each of its VMs goes, in which order, and which of them cannot go.

The largest VM is placed first, on the node that keeps most memory free with it: simple to explain,
and it leaves the memory even, which is what the loss of a node asks for.
"""

import msgspec

from console.checks import moves
from console.checks.moving_vms import memory_needed
from console.checks.node_has_memory import cluster_survives_loss, gib, holding_memory
from console.checks.situation import Situation
from console.model.finding import Finding, Severity
from console.model.node import Node, NodeState
from console.model.plan import DrainPlan, PlannedMove, StaysBehind
from console.model.request import LiveMigrate
from console.model.virtual_machine import PowerState, VirtualMachine
from console.planning.timeline import schedule

_WITHOUT_MOVE = (PowerState.STOPPED, PowerState.SAVED)


def plan_drain(node: str, situation: Situation) -> DrainPlan:
    """The plan for this node on what was read last. No I/O."""
    inventory = situation.inventory
    if node not in inventory.nodes:
        return DrainPlan(node, situation.now, refusal=f"There is no node {node} in this cluster.")
    if inventory.cluster_wire.is_stale(situation.now):
        text = "The cluster has not answered lately; a plan on old data would be a guess."
        return DrainPlan(node, situation.now, refusal=text)
    vms = sorted(inventory.vms_on(node), key=lambda vm: (-(vm.memory_mib or 0), vm.name, vm.key))
    memory = _Memory(situation, node)
    planned: list[PlannedMove] = []
    stays: list[StaysBehind] = []
    for vm in vms:
        move = _place(vm, node, memory, situation)
        if isinstance(move, PlannedMove):
            planned.append(move)
            memory.take(move)
        else:
            stays.append(move)
    return DrainPlan(node, situation.now, _timed(planned, situation), tuple(stays))


class _Memory:
    """Free memory (MiB) and what VMs use on each node that stays, as the plan goes on."""

    def __init__(self, situation: Situation, leaving: str) -> None:
        inventory = situation.inventory
        self.free: dict[str, int] = {}
        self._used: dict[str, int] = {}
        self._is_known = True
        for node in inventory.nodes.values():
            if node.name == leaving or node.state is not NodeState.UP:
                continue
            used = memory_needed(holding_memory(inventory.vms_on(node.name)))
            if node.memory_available_mib is None:
                self._is_known = False
                continue
            self.free[node.name] = node.memory_available_mib
            if used is None:
                self._is_known = False
            self._used[node.name] = used or 0

    def take(self, move: PlannedMove) -> None:
        self.free[move.target] -= move.memory_mib
        self._used[move.target] += move.memory_mib

    def survives_with(self, node: str, mib: int) -> bool | None:
        """Whether any one of the nodes that stay may fail, this VM on ``node``; None: not known."""
        if not self._is_known:
            return None
        if len(self.free) < 2:
            return False
        free = {**self.free, node: self.free[node] - mib}
        used = {**self._used, node: self._used[node] + mib}
        return cluster_survives_loss(free, used)


def _place(
    vm: VirtualMachine, source: str, memory: _Memory, situation: Situation
) -> PlannedMove | StaysBehind:
    if vm.power in _WITHOUT_MOVE:
        why = f"It is {vm.power.lower()}: only a running VM is live-migrated."
        fix = "The cluster's own drain moves it, or start it first."
        return StaysBehind(vm.key, vm.name, why, fix)
    needed = vm.memory_mib
    if needed is None:
        why = "How much memory it needs is not known."
        return StaysBehind(vm.key, vm.name, why, "Refresh, then plan again.")
    reasons: dict[str, list[Finding]] = {}
    # Most free memory first: the first node that nothing speaks against is the best one.
    for name in sorted(memory.free, key=lambda name: (-memory.free[name], name)):
        found = _findings(vm, source, name, situation)
        against = [f for f in found if f.severity in (Severity.BLOCKS, Severity.UNKNOWN)]
        if needed > memory.free[name]:
            against = [f for f in against if f.check != "node_has_memory"]
            against.append(_too_full(name, memory.free[name], needed))
        if against:
            reasons[name] = against
            continue
        left = memory.free[name] - needed
        notes = tuple(f.text for f in found if f.severity is Severity.NOTE)
        return PlannedMove(
            vm.key,
            vm.name,
            source,
            name,
            f"{name} has most memory free that it may use: {gib(left)} left with it.",
            needed,
            left,
            memory.survives_with(name, needed),
            notes=notes,
        )
    return _stays(vm, reasons)


def _findings(
    vm: VirtualMachine, source: str, target: str, situation: Situation
) -> tuple[Finding, ...]:
    """What speaks of this move. Its memory is judged with what the plan has placed before."""
    request = LiveMigrate(vm.key, vm.name, source, target)
    found = moves.findings_for_request(request, situation)
    return tuple(f for f in found if f.check != "node_has_memory")


def _too_full(node: str, free: int, needed: int) -> Finding:
    text = f"{node} would have {gib(max(free, 0))} free, {gib(needed)} are needed."
    return Finding("node_has_memory", Severity.BLOCKS, text, "Stop or move something first.")


def _stays(vm: VirtualMachine, reasons: dict[str, list[Finding]]) -> StaysBehind:
    """One sentence if the same holds on every node, else the first reason of each node."""
    if not reasons:
        why, fix = "No other node is up.", "Bring another node up first."
        return StaysBehind(vm.key, vm.name, why, fix)
    common = set.intersection(*({f.text for f in found} for found in reasons.values()))
    first = next(iter(reasons.values()))
    shared = [finding for finding in first if finding.text in common]
    if shared:
        return StaysBehind(vm.key, vm.name, shared[0].text, shared[0].remedy)
    why = " ".join(dict.fromkeys(found[0].text for found in reasons.values()))
    fix = " ".join(dict.fromkeys(found[0].remedy for found in reasons.values() if found[0].remedy))
    return StaysBehind(vm.key, vm.name, why, fix)


def _timed(planned: list[PlannedMove], situation: Situation) -> tuple[PlannedMove, ...]:
    nodes = situation.inventory.nodes
    ranges = [_seconds(move, nodes[move.target]) for move in planned]
    known = [seconds for seconds in ranges if seconds is not None]
    if len(known) < len(planned):
        return tuple(planned)
    ends = [
        schedule(
            [
                (move.source, move.target, seconds[at])
                for move, seconds in zip(planned, known, strict=True)
            ],
            situation.slots_per_node,
        )
        for at in (0, 1)
    ]
    return tuple(
        msgspec.structs.replace(
            move,
            starts_s=(ends[0][at][0], ends[1][at][0]),
            ends_s=(ends[0][at][1], ends[1][at][1]),
        )
        for at, move in enumerate(planned)
    )


def _seconds(move: PlannedMove, target: Node) -> tuple[float, float] | None:
    return moves.duration_to(target, move.memory_mib)
