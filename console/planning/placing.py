"""Where a VM goes: to the node with most memory free that nothing speaks against.

Simple to explain, and it leaves the memory even, which is what the loss of a node asks for. What
a solver makes of the same task is measured beside it (tests/benchmarks/solver.py).
"""

from collections.abc import Sequence

from console.checks import moves
from console.checks.node_has_memory import gib
from console.model.finding import Finding
from console.model.outlook import StaysBehind
from console.model.plan import Method, PlannedMove
from console.model.virtual_machine import VirtualMachine
from console.planning.copied_cluster import CopiedCluster
from console.planning.method import methods_for, usual_method
from console.planning.step_findings import against, findings_of

# What is wrong with the VM itself is so on every node: no other has to be looked at.
_OF_VM = frozenset(check.ID for check in moves.ON_VM)


def place(
    vms: Sequence[VirtualMachine], source: str, copy: CopiedCluster
) -> list[PlannedMove] | None:
    """Put these VMs, which have to be together, on one node of the copy; None if none takes all.

    What was put before in vain is put back.
    """
    for target in copy.targets:
        if target == source:
            continue
        done: list[PlannedMove] = []
        found: list[Finding] = []
        for vm in vms:
            move = PlannedMove(vm.key, vm.name, source, target, usual_method(vm))
            found = against(findings_of(move, copy))
            if found:
                break
            done.append(move)
            copy.put(vm.key, target)
        if len(done) == len(vms):
            left = copy.free_mib(target) or 0
            reason = _reason(target, left, len(vms))
            return [_because(move, reason) for move in done]
        for move in done:
            copy.put(move.vm_key, source)
        if _is_of_vm(found):
            return None
    return None


def _is_of_vm(found: Sequence[Finding]) -> bool:
    return any(finding.check in _OF_VM for finding in found)


def _reason(target: str, left_mib: int, count: int) -> str:
    """``left_mib`` may be below nought where nobody knows how much a VM takes."""
    together = f"It goes with its {count - 1} partner(s): " if count > 1 else ""
    return f"{together}{target} has most memory free for it: {gib(max(0, left_mib))} left."


def _because(move: PlannedMove, reason: str) -> PlannedMove:
    return PlannedMove(move.vm_key, move.vm_name, move.source, move.target, move.method, reason)


def why_stays(vm: VirtualMachine, source: str, copy: CopiedCluster) -> StaysBehind:
    """Why no node takes it by its usual method, and which other method one would take it by."""
    reasons: dict[str, list[Finding]] = {}
    method = usual_method(vm)
    targets = [name for name in copy.targets if name != source]
    for target in targets:
        move = PlannedMove(vm.key, vm.name, source, target, method)
        found = against(findings_of(move, copy))
        if not found:
            # A person left it where it is, or gave its place to another VM.
            why, fix = f"It could go to {target}.", "Take it into the plan again."
            return StaysBehind(vm.key, vm.name, why, fix, False, (method,), target)
        reasons[target] = found
        if _is_of_vm(found):
            break
    why, fix = _in_words(reasons)
    offers: list[Method] = []
    where = ""
    for other in methods_for(vm):
        if other is method:
            continue
        at = _taker(vm, source, other, copy)
        if at and where in ("", at):
            offers.append(other)
            where = at
    return StaysBehind(vm.key, vm.name, why, fix, False, tuple(offers), where)


def _taker(vm: VirtualMachine, source: str, method: Method, copy: CopiedCluster) -> str:
    """The first node that would take it by this method; empty if none would."""
    for target in copy.targets:
        move = PlannedMove(vm.key, vm.name, source, target, method)
        found = against(findings_of(move, copy))
        if not found:
            return target
        if _is_of_vm(found):
            break
    return ""


def _in_words(reasons: dict[str, list[Finding]]) -> tuple[str, str]:
    """One sentence if the same holds on every node, else the first reason of each node."""
    if not reasons:
        return "No other node is up.", "Bring another node up first."
    common = set.intersection(*({f.text for f in found} for found in reasons.values()))
    first = next(iter(reasons.values()))
    shared = [finding for finding in first if finding.text in common]
    if shared:
        return shared[0].text, shared[0].remedy
    why = " ".join(dict.fromkeys(found[0].text for found in reasons.values()))
    fix = " ".join(dict.fromkeys(found[0].remedy for found in reasons.values() if found[0].remedy))
    return why, fix
