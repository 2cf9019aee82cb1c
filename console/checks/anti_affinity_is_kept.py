"""Anti-affinity classes (AntiAffinityClassNames): VMs of one class that would share a node."""

from console.checks.moving_vms import MovingVms, listed
from console.checks.situation import Situation, blocks, note
from console.model.finding import Finding
from console.model.node import Node
from console.model.virtual_machine import VirtualMachine

ID = "anti_affinity_is_kept"
TITLE = "No VM of its anti-affinity class is there"
_SOURCE = "AntiAffinityClassNames and ClusterEnforcedAntiAffinity (failover clustering)"


def on_group(moving: MovingVms, node: Node, situation: Situation) -> tuple[Finding, ...]:
    if not moving.go_to(node.name):
        return ()
    found: list[Finding] = []
    untold = moving.without_classes
    if untold:
        text = f"The anti-affinity classes of {listed(untold)} are not known."
        found.append(note(ID, text, "If the cluster enforces them, it may refuse the move."))
    if moving.by_class and (unread := situation.unclassed_on.get(node.name)):
        text = f"The anti-affinity classes of {listed(unread)} on {node.name} are not known."
        found.append(note(ID, text, "One of them may be of a class that keeps them apart."))
    for name, vms in moving.by_class.items():
        sharing = _others(name, moving, node, situation) or (vms if len(vms) > 1 else [])
        if sharing:
            found.append(_shared(name, vms, sharing, node, situation))
    return tuple(found)


def _others(name: str, moving: MovingVms, node: Node, situation: Situation) -> list[VirtualMachine]:
    """VMs of this class on the node that stay there."""
    return [
        vm
        for vm in situation.vms_by_class.get(name, {}).get(node.name, ())
        if vm.key not in moving.keys
    ]


def _shared(
    name: str,
    vms: list[VirtualMachine],
    sharing: list[VirtualMachine],
    node: Node,
    situation: Situation,
) -> Finding:
    together = sharing if sharing is vms else [*vms, *sharing]
    text = f"Anti-affinity class “{name}”: {listed(together)} would share {node.name}."
    if situation.inventory.cluster.enforces_anti_affinity:
        return blocks(ID, text, "The cluster enforces it: choose another node.", source=_SOURCE)
    fix = "The loss of this node would take them all; another node would not."
    return note(ID, text, fix, source=_SOURCE)
