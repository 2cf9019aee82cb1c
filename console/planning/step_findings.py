"""What speaks of one step, judged by the checks of a move on the copy as it is by then."""

from console.checks import moves
from console.model.finding import Finding, Severity
from console.model.plan import Method, PlannedMove
from console.model.virtual_machine import PowerState, VirtualMachine
from console.planning.copied_cluster import CopiedCluster
from console.planning.method import OFF, request_of

ID = "plan"
# The plan's own timeline says who waits for whom.
_TOLD_OTHERWISE = frozenset({"migration_slot_is_free"})
FIT_AGAIN = "Choose Fit to now."


def findings_of(move: PlannedMove, copy: CopiedCluster, leaving: str = "") -> tuple[Finding, ...]:
    """Worst first. ``leaving``: the node that this plan empties."""
    vm = copy.inventory.vms.get(move.vm_key)
    if vm is None:
        return (_blocks(f"{move.vm_name} is not in this cluster (any more).", FIT_AGAIN),)
    if vm.owner_node is None:
        return (_blocks(f"Nobody knows on which node {vm.name} is.", "Refresh."),)
    if vm.owner_node == move.target:
        return (_blocks(f"{vm.name} is on {move.target} by then.", "Leave this step out."),)
    if vm.owner_node != move.source:
        text = f"{vm.name} is on {vm.owner_node} by then, not on {move.source} as planned."
        return (_blocks(text, FIT_AGAIN),)
    if move.target == leaving:
        return (_blocks(f"{leaving} is the node that is to be emptied.", "Choose another node."),)
    request = request_of(move)
    found = moves.findings_for_request(request, copy.situation(request.method))
    return tuple(f for f in found if f.check not in _TOLD_OTHERWISE and not _is_met(f, move, vm))


def _is_met(finding: Finding, move: PlannedMove, vm: VirtualMachine) -> bool:
    """Whether the method makes it void: a VM that was shut down needs no memory there."""
    is_off = vm.power in OFF or move.method is Method.SHUT_DOWN
    return is_off and finding.check == "node_has_memory"


def against(findings: tuple[Finding, ...]) -> list[Finding]:
    """Those that forbid the step, or leave it open whether it may be."""
    return [f for f in findings if f.severity in (Severity.BLOCKS, Severity.UNKNOWN)]


def is_off_then(move: PlannedMove, vm: VirtualMachine) -> bool:
    return move.method is Method.SHUT_DOWN or vm.power in (PowerState.STOPPED, PowerState.SAVED)


def _blocks(text: str, remedy: str) -> Finding:
    return Finding(ID, Severity.BLOCKS, text, remedy)
