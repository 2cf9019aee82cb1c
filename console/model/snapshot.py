"""The state of one cluster at one moment, and the difference between two of them."""

import msgspec

from console.model.freshness import Wire, WireReading
from console.model.node import Node
from console.model.placement import AffinityRule, BalancingMode
from console.model.site import (
    AzureRights,
    CustomLocation,
    DataDisk,
    Image,
    LogicalNetwork,
    NetworkInterface,
    ResourceGroup,
    StoragePath,
    Subscription,
)
from console.model.storage import StorageLink, Volume
from console.model.virtual_machine import VirtualMachine, VmMetrics


class HealthFault(msgspec.Struct, frozen=True, gc=False):
    """A fault of the cluster's own Health Service (Get-HealthFault)."""

    fault_id: str
    severity: str
    fault_type: str
    reason: str
    object_name: str = ""
    object_location: str = ""


class ClusterInfo(msgspec.Struct, frozen=True):
    """The cluster itself. ``release`` is the Azure Local release, as ``2510``; empty: not known."""

    name: str
    arm_id: str = ""
    release: str = ""
    os_build: str = ""
    azure_connection: str = ""
    # The cluster's own limit of live migrations at a time on one node; None: not known.
    parallel_migrations: int | None = None
    # Whether anything was found that encrypts live-migration traffic; None: not known.
    migration_encrypted: bool | None = None
    # None: could not be read; empty: there are none.
    affinity_rules: tuple[AffinityRule, ...] | None = None
    balancing: BalancingMode = BalancingMode.UNKNOWN
    balancing_level: int | None = None  # AutoBalancerLevel: 1 low, 2 medium, 3 high
    # ClusterEnforcedAntiAffinity: whether anti-affinity classes refuse instead of prefer.
    enforces_anti_affinity: bool | None = None
    # What this account may do at the nodes, as names of operations; None: nobody told.
    rights: tuple[str, ...] | None = None
    resource_bridge_online: bool | None = None
    health_faults: tuple[HealthFault, ...] = ()
    # None: no node told of them.
    volumes: tuple[Volume, ...] | None = None
    storage_links: tuple[StorageLink, ...] | None = None


class SiteFacts(msgspec.Struct, frozen=True):
    """Everything a creation can choose from, as ARM lists it."""

    subscriptions: tuple[Subscription, ...] = ()
    resource_groups: tuple[ResourceGroup, ...] = ()
    custom_locations: tuple[CustomLocation, ...] = ()
    images: tuple[Image, ...] = ()
    storage_paths: tuple[StoragePath, ...] = ()
    logical_networks: tuple[LogicalNetwork, ...] = ()
    network_interfaces: tuple[NetworkInterface, ...] = ()
    data_disks: tuple[DataDisk, ...] = ()
    # Of the groups that hold VMs; a group that is not here: Azure did not tell.
    rights: tuple[AzureRights, ...] = ()


class ClusterSnapshot(msgspec.Struct, frozen=True):
    """One reading of both wires, joined. A wire that is down keeps its last good half, dated."""

    cluster: ClusterInfo
    nodes: tuple[Node, ...] = ()
    vms: tuple[VirtualMachine, ...] = ()
    site: SiteFacts = SiteFacts()
    arm: WireReading = WireReading(Wire.ARM)
    cluster_wire: WireReading = WireReading(Wire.CLUSTER)


class SnapshotDelta(msgspec.Struct, frozen=True):
    """What changed between two snapshots. Parts that did not change are None or empty.

    ``metrics`` holds only VMs whose figures changed; the channel packs them (console/channel).
    """

    upserted: tuple[VirtualMachine, ...] = ()
    removed: tuple[str, ...] = ()
    metrics: tuple[tuple[str, VmMetrics], ...] = ()
    nodes: tuple[Node, ...] | None = None
    cluster: ClusterInfo | None = None
    site: SiteFacts | None = None
    arm: WireReading | None = None
    cluster_wire: WireReading | None = None

    @property
    def is_empty(self) -> bool:
        return self == SnapshotDelta()


def _without_reading_noise(vm: VirtualMachine) -> VirtualMachine:
    """The VM without figures and reading times, so that equality means "nothing to repaint"."""
    cluster, azure = vm.cluster, vm.azure
    return msgspec.structs.replace(
        vm,
        metrics=None,
        cluster=cluster and msgspec.structs.replace(cluster, read_at=None),
        azure=azure and msgspec.structs.replace(azure, read_at=None),
    )


def diff(old: ClusterSnapshot, new: ClusterSnapshot) -> SnapshotDelta:
    """What must be told to make ``old`` into ``new``."""
    before = {vm.key: vm for vm in old.vms}
    upserted: list[VirtualMachine] = []
    metrics: list[tuple[str, VmMetrics]] = []
    for vm in new.vms:
        known = before.pop(vm.key, None)
        if known is vm:
            continue
        if known is None or _without_reading_noise(known) != _without_reading_noise(vm):
            upserted.append(vm)
        elif known.metrics != vm.metrics:
            metrics.append((vm.key, vm.metrics or VmMetrics()))
    return SnapshotDelta(
        upserted=tuple(upserted),
        removed=tuple(before),
        metrics=tuple(metrics),
        nodes=new.nodes if new.nodes != old.nodes else None,
        cluster=new.cluster if new.cluster != old.cluster else None,
        site=new.site if new.site != old.site else None,
        arm=new.arm if new.arm != old.arm else None,
        cluster_wire=new.cluster_wire if new.cluster_wire != old.cluster_wire else None,
    )
