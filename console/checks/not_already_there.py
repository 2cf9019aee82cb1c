"""The VM does not run on the target already."""

from console.checks.moving_vms import MovingVms
from console.checks.situation import Situation, blocks
from console.model.finding import Finding
from console.model.node import Node

ID = "not_already_there"
_FIX = "There is nothing to do, or choose another node."
TITLE = "The VM is somewhere else"


def on_group(moving: MovingVms, node: Node, situation: Situation) -> tuple[Finding, ...]:
    # Of a selection, those that are there already simply stay; if all are, that is the answer.
    if not moving.are_on(node.name):
        return ()
    return tuple(blocks(ID, f"{vm.name} is already on {node.name}.", _FIX) for vm in moving.lifted)
