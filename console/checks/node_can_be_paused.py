"""Only a node that takes part is paused, and one at a time; one that is paused already may be."""

from console.checks.situation import Situation, blocks, note
from console.model.finding import Finding
from console.model.node import NodeState
from console.model.request import PauseNode

ID = "node_can_be_paused"
TITLE = "The node can be paused"


def on_request(request: PauseNode, situation: Situation) -> tuple[Finding, ...]:
    nodes = situation.inventory.nodes
    node = nodes.get(request.node)
    if node is None:
        return ()  # node_is_known says so
    if node.state not in (NodeState.UP, NodeState.PAUSED):
        text = f"{node.name} is {node.state.lower()}; only a node that is up pauses."
        return (
            blocks(ID, text, "Look at its state; a node that is paused already can be resumed."),
        )
    not_up = [n.name for n in nodes.values() if n is not node and n.state is not NodeState.UP]
    if not_up:
        text = f"{', '.join(not_up)} cannot take VMs now. Take one node down at a time."
        return (note(ID, text),)
    return ()
