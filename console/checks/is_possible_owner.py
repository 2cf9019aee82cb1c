"""The cluster allows this VM on this node."""

from console.checks.moving_vms import MovingVms
from console.checks.situation import Situation, blocks
from console.model.finding import Finding
from console.model.node import Node

ID = "is_possible_owner"
TITLE = "The node is a possible owner of the VM"


def on_group(moving: MovingVms, node: Node, situation: Situation) -> tuple[Finding, ...]:
    found = []
    for vm in moving.restricted:
        owners = (vm.cluster.possible_owners if vm.cluster is not None else None) or ()
        if vm.owner_node != node.name and node.name not in owners:
            text = f"{node.name} is not a possible owner of {vm.name} (0x80071398)."
            found.append(blocks(ID, text, f"It may run on {', '.join(owners)}."))
    return tuple(found)
