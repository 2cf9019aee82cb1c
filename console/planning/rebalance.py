"""Even out the nodes with few moves: each step takes the one move that evens out most.

A move is proposed only if it changes something that somebody would notice: what is within
``LEAST_SPREAD`` points of memory is noise that a move's own risk outweighs.
"""

from collections.abc import Iterator, Mapping

import msgspec

from console.checks import affinity_is_kept
from console.checks.situation import Situation
from console.model.finding import Severity
from console.model.inventory import Inventory
from console.model.node import Node, NodeState
from console.model.plan import Plan, PlanKind, PlannedMove
from console.model.virtual_machine import PowerState, VirtualMachine
from console.planning.copied_cluster import CopiedCluster, used_mib
from console.planning.drain import why_no_plan
from console.planning.step_findings import findings_of

# Percentage points between the fullest and the emptiest node. The console's own limits, chosen by
# judgement; the cluster's balancer acts at 80, 70 or 60 % of one node (see its documentation).
LEAST_SPREAD = 10.0
LEAST_CPU_SPREAD = 25.0
# A VM that is less than this share of its node is not worth a move's risk.
_LEAST_POINTS = 0.5
_MOST_MOVES = 200
_ENDS = 4  # so many of the fullest and of the emptiest nodes are looked at


class Load(msgspec.Struct, frozen=True, gc=False):
    """Used share of a node in percent; ``cpu`` None where a node or a VM does not tell it."""

    memory: float
    cpu: float | None


def plan_rebalance(situation: Situation) -> Plan:
    """Moves that even out memory, and CPU where all nodes tell it. Without any: ``refusal`` says
    why there is nothing to do.
    """
    plan = Plan(PlanKind.REBALANCE, situation.inventory.cluster.name, situation.now)
    refusal = why_no_plan(situation) or _why_not(situation)
    if refusal:
        return msgspec.structs.replace(plan, refusal=refusal)
    copy = CopiedCluster(situation)
    shares = cpu_shares_of(situation.inventory)
    moves: list[PlannedMove] = []
    while len(moves) < _MOST_MOVES:
        loads = loads_of(copy, shares)
        if _is_even(loads):
            break
        move = _best(copy, loads, shares)
        if move is None:
            break
        copy.put(move.vm_key, move.target)
        moves.append(_reasoned(move, loads, loads_of(copy, shares)))
    if not moves:
        text = (
            f"{_spread_text(loads_of(copy))}, but no move evens that out without breaking a rule "
            "or the reserve for the loss of a node."
        )
        return msgspec.structs.replace(plan, refusal=text)
    return msgspec.structs.replace(plan, moves=tuple(_needed(moves, copy, situation, shares)))


def _needed(
    moves: list[PlannedMove],
    copy: CopiedCluster,
    situation: Situation,
    shares: Mapping[str, float],
) -> list[PlannedMove]:
    """Without the moves that later ones made needless; ``copy``: the cluster after all of them."""
    needed = list(moves)
    if not _is_even(loads_of(copy, shares)):
        return needed
    for move in reversed(moves):
        copy.put(move.vm_key, move.source)
        if _is_even(loads_of(copy, shares)):
            needed.remove(move)
        else:
            copy.put(move.vm_key, move.target)
    # Every step has to be allowed without the ones that were left out, too.
    anew = CopiedCluster(situation)
    told = []
    for move in needed:
        before = loads_of(anew, shares)
        if not _is_allowed(move, anew, anew.survives_node_loss()):
            return moves
        anew.put(move.vm_key, move.target)
        told.append(_reasoned(move, before, loads_of(anew, shares)))
    return told


def loads_of(copy: CopiedCluster, cpu_shares: Mapping[str, float] | None = None) -> dict[str, Load]:
    """Of every node that is up and tells its memory; ``cpu_shares`` as ``cpu_shares_of``."""
    nodes = copy.inventory.nodes
    shift: dict[str, float] = {}
    for key, (source, target) in copy.moved.items():
        share = (cpu_shares or {}).get(key, 0.0)
        shift[source] = shift.get(source, 0.0) - share
        shift[target] = shift.get(target, 0.0) + share * _scale(nodes[source], nodes[target])
    loads = {}
    for node in nodes.values():
        used = used_mib(node)
        if node.state is not NodeState.UP or used is None or not node.memory_total_mib:
            continue
        cpu = None if node.cpu_percent is None else node.cpu_percent + shift.get(node.name, 0.0)
        loads[node.name] = Load(used / node.memory_total_mib * 100, cpu)
    return loads


def cpu_shares_of(inventory: Inventory) -> dict[str, float]:
    """By VM: percentage points of its node's CPU. The node's own reading is shared out among its
    VMs by their own figure and number of processors; what a VM's figure is a percentage of was
    never verified on a real cluster, and so does not matter.
    """
    shares: dict[str, float] = {}
    for node in inventory.nodes.values():
        busy = {vm.key: _busy(vm) for vm in inventory.vms_on(node.name)}
        whole = sum(busy.values())
        if whole and node.cpu_percent is not None:
            shares |= {key: node.cpu_percent * part / whole for key, part in busy.items()}
    return shares


def _busy(vm: VirtualMachine) -> float:
    processors = vm.cluster.processors if vm.cluster is not None else None
    return float((vm.metrics.cpu_percent if vm.metrics else 0) or 0) * (processors or 1)


def _scale(source: Node, target: Node) -> float:
    return (source.logical_processors or 1) / (target.logical_processors or 1)


def _why_not(situation: Situation) -> str:
    copy = CopiedCluster(situation)
    loads = loads_of(copy)
    if len(loads) < 2:
        return "Fewer than two nodes are up and tell their memory: there is nothing to even out."
    if _is_even(loads):
        return (
            f"Nothing to do: {_spread_text(loads)}. Differences of up to {LEAST_SPREAD:.0f} points "
            f"of memory and {LEAST_CPU_SPREAD:.0f} of CPU are left alone: a move would cost more "
            "than it brings."
        )
    return ""


def _spread_text(loads: dict[str, Load]) -> str:
    fullest = max(loads, key=lambda name: loads[name].memory)
    emptiest = min(loads, key=lambda name: loads[name].memory)
    return (
        f"memory in use is between {loads[emptiest].memory:.0f} % ({emptiest}) and "
        f"{loads[fullest].memory:.0f} % ({fullest})"
    )


def _spreads(loads: dict[str, Load]) -> tuple[float, float]:
    memory = [load.memory for load in loads.values()]
    cpu = [load.cpu for load in loads.values() if load.cpu is not None]
    knows_cpu = len(cpu) == len(memory)
    return max(memory) - min(memory), max(cpu) - min(cpu) if knows_cpu else 0.0


def _is_even(loads: dict[str, Load]) -> bool:
    memory, cpu = _spreads(loads)
    return memory <= LEAST_SPREAD and cpu <= LEAST_CPU_SPREAD


def _best(
    copy: CopiedCluster, loads: dict[str, Load], shares: Mapping[str, float]
) -> PlannedMove | None:
    """The allowed move that evens out most; None if none is worth it."""
    by_memory = _spreads(loads)[0] > LEAST_SPREAD
    values = {n: load.memory if by_memory else load.cpu or 0.0 for n, load in loads.items()}
    order = sorted(values, key=lambda name: (values[name], name))
    survived = copy.survives_node_loss()
    # The emptiest node first: only if nothing may go there is the next one looked at.
    for target in order[:_ENDS]:
        above = [name for name in order[-_ENDS:] if values[name] > values[target]]
        cpu = None if by_memory else shares
        found = [one for name in above for one in _candidates(copy, values, cpu, name, target)]
        for _gained, _name, key, source in sorted(found):
            move = PlannedMove(key, copy.inventory.vms[key].name, source, target)
            if _is_allowed(move, copy, survived):
                return move
    return None


def _candidates(
    copy: CopiedCluster,
    values: Mapping[str, float],
    shares: Mapping[str, float] | None,
    source: str,
    target: str,
) -> Iterator[tuple[float, str, str, str]]:
    """Running VMs of the source whose move would even something out, as (-gain, name, key,
    source); by their CPU if ``shares`` are given.
    """
    nodes = copy.inventory.nodes
    for vm in copy.inventory.vms_on(source):
        if vm.key in copy.moved or vm.power is not PowerState.RUNNING:
            continue
        cpu = None if shares is None else shares.get(vm.key, 0.0)
        points = _points(vm, nodes[source], nodes[target], cpu)
        gain = _gain(points, values, source, target)
        if gain > 0 and points[0] >= _LEAST_POINTS:
            yield -gain, vm.name, vm.key, source


def _is_allowed(move: PlannedMove, copy: CopiedCluster, survived: bool | None) -> bool:
    """Nothing forbids it, delays it or leaves it open, no other VM is drawn along by a rule, and
    N+1 is not lost by it.
    """
    if affinity_is_kept.drawn_by((copy.inventory.vms[move.vm_key],), copy.situation()):
        return False
    found = findings_of(move, copy)
    if any(f.severity in (Severity.BLOCKS, Severity.UNKNOWN, Severity.WAITS) for f in found):
        return False
    copy.put(move.vm_key, move.target)
    survives = copy.survives_node_loss()
    copy.put(move.vm_key, move.source)
    return survives is not False or survived is False


def _gain(
    points: tuple[float, float], values: Mapping[str, float], source: str, target: str
) -> float:
    """By how much the squares of what differs from the mean would shrink; below 0: it grows."""
    off, on = points
    high, low = values[source], values[target]
    # The mean falls out of the difference as long as both lose and gain about the same.
    return (high**2 + low**2) - ((high - off) ** 2 + (low + on) ** 2)


def _points(
    vm: VirtualMachine, source: Node, target: Node, cpu: float | None
) -> tuple[float, float]:
    """Percentage points that the source loses and the target gains with it; of CPU if given."""
    if cpu is not None:
        return cpu, cpu * _scale(source, target)
    memory = (vm.memory_mib or 0) * 100
    return memory / (source.memory_total_mib or 1), memory / (target.memory_total_mib or 1)


def _reasoned(move: PlannedMove, before: dict[str, Load], after: dict[str, Load]) -> PlannedMove:
    what = "memory" if _spreads(before)[0] > LEAST_SPREAD else "cpu"
    told = "memory" if what == "memory" else "CPU"
    parts = [
        f"{node} {getattr(before[node], what):.0f} → {getattr(after[node], what):.0f} %"
        for node in (move.source, move.target)
    ]
    return msgspec.structs.replace(move, reason=f"Evens out {told}: {', '.join(parts)}.")
