"""The cluster's half of a snapshot, as its reader hands it to the join."""

import msgspec

from console.model.freshness import Fault
from console.model.node import Node
from console.model.placement import AffinityRule, BalancingMode
from console.model.snapshot import HealthFault
from console.model.storage import StorageLink, Volume
from console.model.virtual_machine import ClusterFacts, VmMetrics


class ClusterVm(msgspec.Struct, frozen=True):
    """One VM of the cluster; ``group`` is the name of its cluster group."""

    name: str
    group: str
    facts: ClusterFacts
    metrics: VmMetrics


class ClusterHalf(msgspec.Struct, frozen=True):
    """What the nodes say. A node that did not answer keeps its VMs and its own ``read_at``."""

    read_at: float
    name: str
    parallel_migrations: int | None = None
    migration_encrypted: bool | None = None
    affinity_rules: tuple[AffinityRule, ...] | None = None
    balancing: BalancingMode = BalancingMode.UNKNOWN
    balancing_level: int | None = None
    enforces_anti_affinity: bool | None = None
    rights: tuple[str, ...] | None = None
    os_build: str = ""
    release: str = ""
    health_faults: tuple[HealthFault, ...] = ()
    volumes: tuple[Volume, ...] | None = None
    storage_links: tuple[StorageLink, ...] | None = None
    nodes: tuple[Node, ...] = ()
    vms: tuple[ClusterVm, ...] = ()
    faults: tuple[Fault, ...] = ()  # partial ones and unknown words
