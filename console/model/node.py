"""A cluster node as both planes see it."""

import enum

import msgspec


class NodeState(enum.StrEnum):
    """Cluster state and status flags folded into the one word an operator needs."""

    UP = "Up"
    PAUSED = "Paused"
    DRAINING = "Draining"
    DOWN = "Down"
    ISOLATED = "Isolated"
    QUARANTINED = "Quarantined"
    JOINING = "Joining"
    UNKNOWN = "Unknown"


class DrainStatus(enum.StrEnum):
    """CLUSTER_NODE_DRAIN_STATUS."""

    NOT_INITIATED = "NotInitiated"
    IN_PROGRESS = "InProgress"
    COMPLETED = "Completed"
    FAILED = "Failed"
    UNKNOWN = "Unknown"


class ServiceState(enum.StrEnum):
    """State of a service that Trusted launch needs on a node (IgvmAgent)."""

    RUNNING = "Running"
    STOPPED = "Stopped"
    MISSING = "Missing"
    UNKNOWN = "Unknown"


class MigrationNetwork(msgspec.Struct, frozen=True, gc=False):
    """A network that may carry live migrations; ``is_encrypted`` is None when nobody could tell."""

    name: str
    is_up: bool
    link_mbps: int | None = None
    is_encrypted: bool | None = None


class RemainingVm(msgspec.Struct, frozen=True, gc=False):
    """A VM's group that a node still owns. ``group_state``: the cluster's word (Online, Failed).

    ``why``: what its latest migration came to, where the cluster tells that; else empty.
    """

    vm_key: str
    name: str
    group_state: str = ""
    why: str = ""


class Maintenance(msgspec.Struct, frozen=True):
    """How far a node is out of service, as another node tells it. None: could not be read."""

    node: str
    state: NodeState
    drain: DrainStatus = DrainStatus.UNKNOWN
    drain_failure: str = ""
    accepts_azure_placement: bool | None = None
    vms: tuple[RemainingVm, ...] | None = None
    other_groups: tuple[str, ...] | None = None
    storage_jobs: tuple[str, ...] | None = None  # those that are not over


class Node(msgspec.Struct, frozen=True):
    """One node. ``read_at`` is when this node itself last answered, not the cluster."""

    name: str
    state: NodeState
    fqdn: str = ""
    drain: DrainStatus = DrainStatus.UNKNOWN
    logical_processors: int | None = None
    cpu_percent: float | None = None
    memory_total_mib: int | None = None
    memory_available_mib: int | None = None
    igvm_agent: ServiceState = ServiceState.UNKNOWN
    igvm_agent_version: str = ""
    migration_networks: tuple[MigrationNetwork, ...] = ()
    processor_model: str = ""
    os_build: str = ""
    # The site, rack or chassis above the node; empty: it has none, None: not known.
    fault_domain: str | None = None
    switches: tuple[str, ...] | None = None  # names of its virtual switches
    vm_versions: tuple[str, ...] | None = None  # VM configuration versions that it runs
    # Whether Azure may place new VMs here (Get-MocPhysicalNode).
    accepts_azure_placement: bool | None = None
    azure_connection: str = ""
    network_kib_s: int | None = None
    storage_kib_s: int | None = None
    read_at: float | None = None
