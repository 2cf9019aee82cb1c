"""The target has a live-migration network that is up."""

from console.checks.situation import Situation, blocks, unknown
from console.model.finding import Finding
from console.model.node import Node

ID = "migration_network_is_up"
TITLE = "A live-migration network is up"


def on_node(node: Node, situation: Situation) -> tuple[Finding, ...]:
    if not node.migration_networks:
        text = f"The live-migration networks of {node.name} are not known."
        return (unknown(ID, text, "Refresh; else look at the cluster's networks on that node."),)
    if any(network.is_up for network in node.migration_networks):
        return ()
    names = ", ".join(network.name for network in node.migration_networks)
    text = f"No live-migration network of {node.name} is up ({names})."
    return (
        blocks(
            ID, text, "Look at its network adapters, choose another node, or use quick migration."
        ),
    )
