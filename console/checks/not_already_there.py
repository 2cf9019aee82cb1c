"""The VM does not run on the target already."""

from console.checks.situation import Situation, blocks
from console.model.finding import Finding
from console.model.node import Node
from console.model.virtual_machine import VirtualMachine

ID = "not_already_there"
TITLE = "The VM is somewhere else"


def on_pair(vm: VirtualMachine, node: Node, situation: Situation) -> tuple[Finding, ...]:
    if vm.owner_node == node.name:
        return (blocks(ID, f"{vm.name} is already on {node.name}."),)
    return ()
