"""The cluster allows this VM on this node, and would rather have it there than elsewhere."""

from console.checks.moving_vms import MovingVms, listed
from console.checks.situation import Situation, blocks, note
from console.model.finding import Finding
from console.model.node import Node
from console.model.virtual_machine import VirtualMachine

ID = "is_possible_owner"
TITLE = "The node is a possible owner of the VM"


def on_group(moving: MovingVms, node: Node, situation: Situation) -> tuple[Finding, ...]:
    found: list[Finding] = []
    for vm in moving.restricted:
        owners = (vm.cluster.possible_owners if vm.cluster is not None else None) or ()
        if vm.owner_node != node.name and node.name not in owners:
            text = f"{node.name} is not a possible owner of {vm.name} (0x80071398)."
            found.append(blocks(ID, text, f"It may run on {', '.join(owners)}."))
    if not moving.go_to(node.name):
        return tuple(found)
    if moving.without_owners:
        text = (
            f"The possible and preferred owners of {listed(moving.without_owners)} are not known."
        )
        found.append(note(ID, text, "The cluster refuses a node that is no possible owner."))
    unloved = [vm for vm in moving.with_preferences if _is_unloved(vm, node)]
    if unloved:
        text = f"{node.name} is no preferred owner of {listed(unloved)}."
        fix = "If failback is allowed, the cluster may bring it back to one that is."
        found.append(note(ID, text, fix))
    return tuple(found)


def _is_unloved(vm: VirtualMachine, node: Node) -> bool:
    preferred = (vm.cluster.preferred_owners if vm.cluster is not None else None) or ()
    return vm.owner_node != node.name and node.name not in preferred
