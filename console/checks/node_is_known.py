"""The cluster has a node of this name, and answered lately."""

from console.checks.situation import Situation, blocks, unknown
from console.model.finding import Finding
from console.model.request import PauseNode, ProveNodeEmpty

ID = "node_is_known"
TITLE = "The cluster knows this node"


def on_request(request: PauseNode | ProveNodeEmpty, situation: Situation) -> tuple[Finding, ...]:
    inventory = situation.inventory
    if inventory.cluster_wire.is_stale(situation.now):
        return (unknown(ID, "The cluster has not answered lately.", "Refresh."),)
    if request.node not in inventory.nodes:
        text = f"There is no node {request.node} in this cluster."
        return (blocks(ID, text, "Refresh, then choose a node that is there."),)
    return ()
