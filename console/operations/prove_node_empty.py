"""Look whether a node may be rebooted. "Safe to reboot" is said only on proof."""

from console.checks.moving_vms import memory_needed
from console.checks.node_has_memory import cluster_survives_loss, holding_memory
from console.model.freshness import Fault, FaultCode
from console.model.inventory import Inventory
from console.model.node import DrainStatus, Maintenance, NodeState
from console.model.operation import OperationState, Progress
from console.model.request import ProveNodeEmpty
from console.operations.base import OperationContext, Outcome

_S = OperationState
_TOLD = 8


class ProveNodeEmptyOperation:
    """Sends nothing: it reads what the cluster, another node and both planes tell now."""

    kind = "prove_node_empty"
    checks = (
        "platform_allows",
        "node_is_known",
    )
    can_cancel = True

    def title(self, request: ProveNodeEmpty) -> str:
        return f"Prove that {request.node} may be rebooted"

    def locks(self, request: ProveNodeEmpty) -> frozenset[str]:
        # No drain or resume of this console goes on meanwhile.
        return frozenset({f"node:{request.node}"})

    def slots(self, request: ProveNodeEmpty) -> tuple[str, ...]:
        return ()

    async def run(self, context: OperationContext, request: ProveNodeEmpty) -> Outcome:
        await context.report(Progress("Looking", text=f"what {request.node} still has"))
        await context.refresh()
        seen = await context.backend.read_maintenance(request.node)
        if seen is None:
            text = f"There is no node {request.node} in this cluster."
            return Outcome(_S.FAILED, text, Fault(FaultCode.NOT_FOUND, text))
        against = [*_of_node(seen), *_of_vms(seen, context.inventory), *_of_others(seen, context)]
        if against:
            text = f"{request.node} is not safe to reboot: {' '.join(against)}"
            fault = Fault(
                FaultCode.REJECTED,
                text,
                remedy="See to each of these, then prove it again.",
                kept="Nothing was changed.",
                at=context.now(),
            )
            return Outcome(_S.FAILED, text, fault)
        proof = (
            f"Safe to reboot: {request.node} is paused and closed to Azure, owns no VM, nothing "
            "moves to or from it, and no storage job runs."
        )
        return Outcome(_S.SUCCEEDED, " ".join((proof, *_notes(seen, context.inventory))))


def _of_node(seen: Maintenance) -> list[str]:
    """What speaks against it in the node's own state."""
    against = []
    if seen.state is not NodeState.PAUSED:
        against.append(f"It is {seen.state.lower()}, not paused.")
    if seen.drain is DrainStatus.IN_PROGRESS:
        against.append("Its drain still goes on.")
    if seen.accepts_azure_placement is None:
        against.append("Whether Azure places VMs on it could not be read.")
    elif seen.accepts_azure_placement:
        against.append("Azure may still place VMs on it.")
    return against


def _of_vms(seen: Maintenance, inventory: Inventory) -> list[str]:
    """VMs that it owns (of the cluster, and others), and moves under way."""
    if seen.vms is None:
        return ["Which VMs it owns could not be read."]
    owned = {vm.vm_key or vm.name: f"{vm.name} ({vm.group_state})" for vm in seen.vms}
    for vm in inventory.vms_on(seen.node):
        owned.setdefault(vm.key, f"{vm.name} ({vm.power.lower()})")
    moving = sorted(
        vm.name
        for vm in inventory.vms.values()
        if vm.cluster is not None
        and vm.cluster.migration is not None
        and seen.node in (vm.cluster.owner_node, vm.cluster.migration.target)
    )
    against = []
    if owned:
        against.append(f"It still owns {_listed(sorted(owned.values()))}.")
    if moving:
        against.append(f"On the move to or from it: {_listed(moving)}.")
    return against


def _of_others(seen: Maintenance, context: OperationContext) -> list[str]:
    """Storage that repairs itself, and nodes that are out already: one at a time."""
    inventory = context.inventory
    against = []
    wire = inventory.cluster_wire
    if wire.is_down or wire.is_stale(context.now()):
        against.append("The cluster has not answered lately.")
    if seen.storage_jobs is None:
        against.append("Whether storage jobs run could not be read.")
    elif seen.storage_jobs:
        against.append(f"Storage is at work: {_listed(list(seen.storage_jobs))}.")
    out = sorted(
        node.name
        for node in inventory.nodes.values()
        if node.name != seen.node and node.state is not NodeState.UP
    )
    if out:
        against.append(f"{_listed(out)} is out of service too: take one node down at a time.")
    return against


def _notes(seen: Maintenance, inventory: Inventory) -> list[str]:
    """What does not speak against it, but is to be known."""
    notes = []
    if seen.other_groups is None:
        notes.append("Which groups of the cluster itself it owns could not be read.")
    elif seen.other_groups:
        notes.append(
            f"Groups of the cluster itself move at the reboot: {_listed(list(seen.other_groups))}."
        )
    match _survives(seen.node, inventory):
        case None:
            notes.append("Whether the rest could bear the loss of one more node is not known.")
        case False:
            notes.append("While it is away, the rest could not bear the loss of one more node.")
    return notes


def _survives(node: str, inventory: Inventory) -> bool | None:
    """Whether the nodes that stay could take the VMs of any one of them."""
    free, used = {}, {}
    for each in inventory.nodes.values():
        if each.name == node:
            continue
        needed = memory_needed(holding_memory(inventory.vms_on(each.name)))
        if each.memory_available_mib is None or needed is None:
            return None
        free[each.name], used[each.name] = each.memory_available_mib, needed
    return cluster_survives_loss(free, used) if len(free) > 1 else False


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - _TOLD} more" if len(names) > _TOLD else ""
    return ", ".join(names[:_TOLD]) + more
