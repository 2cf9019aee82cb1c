"""The cluster allows this VM on this node."""

from console.checks.situation import Situation, blocks
from console.model.finding import Finding
from console.model.node import Node
from console.model.virtual_machine import VirtualMachine

ID = "is_possible_owner"
TITLE = "The node is a possible owner of the VM"


def on_pair(vm: VirtualMachine, node: Node, situation: Situation) -> tuple[Finding, ...]:
    owners = vm.cluster.possible_owners if vm.cluster is not None else ()
    if owners and node.name not in owners:
        return (
            blocks(
                ID,
                f"{node.name} is not a possible owner of {vm.name} (0x80071398).",
                f"It may run on {', '.join(owners)}.",
            ),
        )
    return ()
