"""The target node is up and takes VMs."""

from console.checks.situation import Situation, blocks, unknown
from console.model.finding import Finding
from console.model.node import Node, NodeState

ID = "node_is_up"
TITLE = "The target node is up"
_REMEDY = {
    NodeState.DOWN: "Choose another node; find out why this one is down.",
    NodeState.ISOLATED: "It lost contact with the others: look at its network, choose another.",
    NodeState.JOINING: "Wait until it has joined the cluster.",
    NodeState.PAUSED: "Resume the node first.",
    NodeState.DRAINING: "Wait for the drain to end, then resume the node.",
    NodeState.QUARANTINED: "Find out why it left the cluster before it may host VMs again.",
}


def on_node(node: Node, situation: Situation) -> tuple[Finding, ...]:
    if node.state is NodeState.UP:
        return ()
    if node.state is NodeState.UNKNOWN:
        text = f"The state of {node.name} is not known."
        return (unknown(ID, text, "Refresh; else look at the node, or choose another."),)
    remedy = _REMEDY.get(node.state, "Choose another node.")
    return (blocks(ID, f"{node.name} is {node.state.lower()}.", remedy),)
