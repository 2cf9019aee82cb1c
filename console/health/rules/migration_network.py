"""Whether any network that may carry live migrations is up on a node."""

from collections.abc import Iterator

from console.health.levels import HealthLevel, Kind, Owner, Reason
from console.health.surroundings import Surroundings
from console.model.node import Node, NodeState

_IS_HERE = (NodeState.UP, NodeState.PAUSED, NodeState.DRAINING)


def of_node(node: Node, around: Surroundings) -> Iterator[Reason]:
    networks = node.migration_networks
    if node.state in _IS_HERE and networks and not any(network.is_up for network in networks):
        yield Reason(
            HealthLevel.ATTENTION,
            f"No live-migration network of {node.name} is up.",
            ", ".join(network.name for network in networks),
            "Look at its adapters; VMs cannot be moved from or to it.",
            node.read_at,
            Kind.MIGRATION_NETWORK,
            f"node:{node.name}",
            owner=Owner.NETWORK,
        )
