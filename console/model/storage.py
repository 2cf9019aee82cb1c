"""What VMs lie on: shared volumes, who reaches them, and the links that carry storage."""

import enum

import msgspec


class VolumeState(enum.StrEnum):
    """State of a cluster shared volume's resource, as far as it matters to a VM on it."""

    ONLINE = "Online"
    OFFLINE = "Offline"
    FAILED = "Failed"
    PENDING = "Pending"
    UNKNOWN = "Unknown"


class VolumeAccess(enum.StrEnum):
    """How one node reaches a volume (Get-ClusterSharedVolumeState)."""

    DIRECT = "Direct"
    REDIRECTED = "Redirected"  # over the network through the owner node: slower, and it works
    UNAVAILABLE = "Unavailable"
    UNKNOWN = "Unknown"


class LinkState(enum.StrEnum):
    """A node's interface in a storage network, as the cluster sees it."""

    UP = "Up"
    FAILED = "Failed"
    UNREACHABLE = "Unreachable"
    UNAVAILABLE = "Unavailable"  # its node is down or the interface is switched off
    UNKNOWN = "Unknown"


class NodeAccess(msgspec.Struct, frozen=True, gc=False):
    node: str
    access: VolumeAccess


class Volume(msgspec.Struct, frozen=True):
    """A cluster shared volume. ``access`` is empty where no node's way to it was told."""

    name: str
    path: str  # its folder, as C:\\ClusterStorage\\UserStorage_1
    state: VolumeState
    owner_node: str = ""
    total_mib: int | None = None
    free_mib: int | None = None
    access: tuple[NodeAccess, ...] = ()

    def access_from(self, node: str) -> VolumeAccess:
        """How this node reaches it; not told is not known."""
        wanted = node.casefold()
        for each in self.access:
            if each.node.casefold() == wanted:
                return each.access
        return VolumeAccess.UNKNOWN


class StorageLink(msgspec.Struct, frozen=True, gc=False):
    """One node in one network that carries storage."""

    node: str
    network: str
    state: LinkState
