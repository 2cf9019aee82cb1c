"""What the decision rests on was read lately; old data decide nothing."""

from console.checks.situation import Situation, unknown
from console.model.finding import Finding
from console.model.node import Node
from console.model.virtual_machine import VirtualMachine

ID = "data_is_fresh"
TITLE = "The cluster's data are fresh"


def on_node(node: Node, situation: Situation) -> tuple[Finding, ...]:
    wire = situation.inventory.cluster_wire
    if wire.is_stale(situation.now):
        why = wire.faults[0].summary if wire.faults else ""
        return (unknown(ID, "The cluster has not answered lately.", "Refresh.", evidence=why),)
    if node.read_at is None or situation.now - node.read_at > 3 * wire.interval:
        text = f"{node.name} itself has not answered lately."
        return (unknown(ID, text, "Refresh; else look whether it can be reached."),)
    return ()


def on_vm(vm: VirtualMachine, situation: Situation) -> tuple[Finding, ...]:
    """What is known of a VM is as old as its own node's last word."""
    node = situation.inventory.nodes.get(vm.owner_node or "")
    wire = situation.inventory.cluster_wire
    if node is None or wire.is_stale(situation.now):
        return ()  # told by vm_is_migratable, or once for the whole cluster
    if node.read_at is None or situation.now - node.read_at > 3 * wire.interval:
        text = f"{node.name}, where {vm.name} is, has not answered lately."
        return (unknown(ID, text, "Refresh; else look whether it can be reached."),)
    return ()
