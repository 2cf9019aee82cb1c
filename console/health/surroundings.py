"""What a VM or a node is judged by, beside itself: looked up once for all VMs of a cluster."""

from collections.abc import Iterable, Mapping

from console.model.freshness import WireReading
from console.model.inventory import Inventory
from console.model.node import Node, NodeState
from console.model.snapshot import ClusterInfo
from console.model.storage import LinkState, StorageLink, Volume

# A guest may take so long to answer after a start, in seconds.
STARTING_S = 300.0
# Hyper-V pauses VMs when a volume has no room for their growing discs. These two are ours.
FULL_MIB = 1024
_LOW_SHARE = 0.05
_NOTHING: Mapping[str, float] = {}
_ANSWERING = (NodeState.UP, NodeState.PAUSED, NodeState.DRAINING)


def room_of(volume: Volume) -> tuple[bool, bool]:
    """Whether a volume is full, and whether it is nearly so; both False where it is not known."""
    free, total = volume.free_mib, volume.total_mib
    if free is None or total is None or total <= 0:
        return False, False
    return free < FULL_MIB, free < total * _LOW_SHARE


class Surroundings:
    """One cluster at one moment (``now``, wall-clock seconds). Pure look-ups, no I/O."""

    def __init__(
        self,
        nodes: Mapping[str, Node],
        cluster: ClusterInfo,
        arm: WireReading,
        cluster_wire: WireReading,
        now: float,
        disagreeing_since: Mapping[str, float] = _NOTHING,
    ) -> None:
        self.nodes, self.cluster = nodes, cluster
        self.arm, self.cluster_wire, self.now = arm, cluster_wire, now
        self.disagreeing_since = disagreeing_since  # by the disagreement's id, wall-clock seconds
        self.is_cluster_silent = cluster_wire.is_stale(now)
        self.volumes: dict[str, Volume] = {
            volume.path.casefold(): volume for volume in cluster.volumes or () if volume.path
        }
        self.links: dict[str, list[StorageLink]] = {}
        for link in cluster.storage_links or ():
            self.links.setdefault(link.node.casefold(), []).append(link)

    @classmethod
    def of(
        cls, inventory: Inventory, now: float, disagreeing_since: Mapping[str, float] = _NOTHING
    ) -> "Surroundings":
        return cls(
            inventory.nodes,
            inventory.cluster,
            inventory.arm,
            inventory.cluster_wire,
            now,
            disagreeing_since,
        )

    def storage_words(self) -> tuple[object, ...]:
        """What of storage bears on VMs, without figures that change all the time."""
        volumes = tuple(
            (volume.path, volume.state, volume.access, *room_of(volume))
            for volume in self.volumes.values()
        )
        links = self.cluster.storage_links
        return volumes, links, self.cluster.resource_bridge_online

    def lost_links(self, node: str) -> tuple[StorageLink, ...]:
        """The node's storage links that the cluster says do not work."""
        broken = (LinkState.FAILED, LinkState.UNREACHABLE, LinkState.UNAVAILABLE)
        return tuple(each for each in self.links.get(node.casefold(), ()) if each.state in broken)

    def has_lost_storage(self, node: str) -> bool:
        """Whether none of the node's storage links works; False where none was told of."""
        links = self.links.get(node.casefold(), ())
        return bool(links) and len(self.lost_links(node)) == len(links)

    def is_node_silent(self, node: Node | None) -> bool:
        """Up for the cluster, but silent itself: what is known of its VMs is as old as its word."""
        if node is None or node.state not in _ANSWERING:
            return False
        return node.read_at is None or self.now - node.read_at > 3 * self.cluster_wire.interval

    def volumes_of(self, paths: Iterable[str]) -> list[tuple[str, Volume | None]]:
        """Each folder with the volume it is on; None where no node told of such a volume."""
        return [(path, self.volumes.get(path.rstrip("\\").casefold())) for path in paths]
