"""What the simulated site consists of. Plain mutable records; only ``Site`` changes them.

Words are those of the real platform (Hyper-V, failover clustering, ARM), because both servers
answer from here and the console must translate them itself.
"""

from dataclasses import dataclass, field


@dataclass
class WorldNode:
    name: str
    fqdn: str
    state: str = "Up"  # Get-ClusterNode State: Up, Down, Paused, Joining
    status_flags: int = 0  # CLUSTER_NODE_STATUS bit field (0x1 isolated, 0x2 quarantined, ...)
    drain_status: str = "NotInitiated"
    logical_processors: int = 64
    memory_mib: int = 512 * 1024
    host_reserve_mib: int = 16 * 1024
    igvm_agent: str | None = "Running"  # service status; None: not installed
    igvm_agent_version: str = "1.3.0"
    processor_model: str = "Intel(R) Xeon(R) Gold 6338"
    os_build: str = "10.0.26100.1742"
    migration_networks: list[dict[str, object]] = field(default_factory=list)
    fault_domain: str = ""  # name of the rack or site above it
    switches: tuple[str, ...] = ("ConvergedSwitch(compute_management)",)
    vm_versions: tuple[str, ...] = ("9.0", "10.0", "11.0", "12.0")
    # Words of Get-ClusterNetworkInterface, by storage network; up where nothing is said.
    storage_links: dict[str, str] = field(default_factory=dict)
    accepts_azure_placement: bool = True
    is_frozen: bool = False  # accepts connections, never answers
    wsman_delay_s: float = 0.0


@dataclass
class WorldVolume:
    """A cluster shared volume. ``storage_path``: the ARM resource whose room it has."""

    name: str
    path: str
    owner: str
    storage_path: str
    state: str = "Online"
    # Nodes that do not reach it directly: name -> word of Get-ClusterSharedVolumeState.
    access: dict[str, str] = field(default_factory=dict)


@dataclass
class WorldMigration:
    """One migration in the world; ``phase`` as an operator would tell it.

    Live: Queued, Setup, Memory, Blackout, Cleanup; quick: Saving, Moving, Resuming; then
    Completed, Failed or Canceled. ``blackout_ms``: how long the guest stood still.
    """

    vm_id: str
    source: str
    target: str
    operation_id: str
    started_at: float
    phase: str = "Queued"
    method: str = "live"  # or quick
    pass_number: int = 0
    copied_mib: float = 0.0
    remaining_mib: float = 0.0
    percent: int = 0
    blackout_ms: float | None = None
    failure_code: str = ""  # HRESULT word, as 0x800705AA
    failure_text: str = ""
    cancel_requested: bool = False
    ended_at: float | None = None


@dataclass
class WorldVm:
    """A VM as Hyper-V and the cluster know it. ``vm_id`` is a lower-case GUID."""

    vm_id: str
    name: str
    owner: str
    state: str = "Running"  # Hyper-V word: Off, Running, Saved, Paused, PausedCritical, ...
    group_state: str = "Online"
    generation: int = 2
    configuration_version: str = "12.0"
    processors: int = 4
    memory_mib: int = 8192
    dynamic_memory: tuple[int, int] | None = None  # minimum, maximum MiB
    memory_demand_mib: int = 0
    dirty_mib_s: float = 40.0
    cpu_percent: int = 5
    heartbeat: str = "OkApplicationsHealthy"
    operational_status: str = "Ok"
    isolation: str = "TrustedLaunch"  # GuestStateIsolationType; Disabled for a standard VM
    secure_boot: bool = True
    vtpm: bool = True
    # Grows with every "boot" of the guest; travels with a live migration, lost with a plain vTPM.
    tpm_state: str = ""
    started_at: float = 0.0
    mounted_iso: str = ""
    checkpoints: int = 0
    possible_owners: tuple[str, ...] = ()
    preferred_owners: tuple[str, ...] = ()
    anti_affinity_classes: tuple[str, ...] = ()
    processor_compatibility: bool = False
    switches: tuple[str, ...] = ("ConvergedSwitch(compute_management)",)
    is_clustered: bool = True
    group_flags: int = 0  # CLUSGRP_STATUS bit field (0x1 locked, 0x4 waits for a move)
    addresses: tuple[str, ...] = ()
    is_resource_bridge: bool = False
    volume: str = ""  # name of the shared volume it lies on
    has_guest_state_key: bool = True
    network_kib_s: int | None = None
    storage_kib_s: int | None = None
    # Counts for tests: how often each act was really executed on this VM.
    executed: dict[str, int] = field(default_factory=dict)


@dataclass
class ArmResource:
    """One ARM resource, body as ARM would return it, without secrets. ``id`` as created."""

    id: str
    type: str
    body: dict[str, object]
    etag: str = ""
    put_count: int = 0


@dataclass
class ArmOperation:
    """One long-running operation of the Azure plane, as its status URL would tell it."""

    id: str
    resource_id: str
    kind: str  # create, update, delete, start, stop, restart, pause, save
    started_at: float
    ends_at: float  # when it is expected to end; the truth once it ended
    status: str = "InProgress"  # InProgress, Succeeded, Failed, Canceled
    percent: int = 0
    error: tuple[str, str] | None = None  # code, message
    phase: str = ""


@dataclass
class WorldDrain:
    """A node that empties itself (or takes its VMs back), one live migration after the other."""

    node: str
    kind: str  # drain, failback
    operation_id: str
    started_at: float
    waiting: list[str] = field(default_factory=list)  # vm ids still to move
    moving: str = ""  # vm id that moves now
    total: int = 0
    done: int = 0
    status: str = "InProgress"  # InProgress, Completed, Failed, Canceled
    failure_text: str = ""
    ended_at: float | None = None


@dataclass
class WorldAffinityRule:
    """A rule of the cluster; ``groups`` are group names, in the lab those of the VMs."""

    name: str
    rule_type: str  # SameNode, SameFaultDomain, DifferentNode, DifferentFaultDomain
    groups: tuple[str, ...]
    is_enabled: bool = True


@dataclass
class WorldStorageJob:
    """A job of Storage Spaces that is not over, in the words of Get-StorageJob."""

    name: str
    state: str = "Running"
    percent: int = 0


@dataclass
class WorldHealthFault:
    """A fault of the cluster's Health Service, in the words of Get-HealthFault."""

    fault_id: str
    severity: str  # Informational, Warning, Error
    fault_type: str
    reason: str
    object_name: str = ""
    object_location: str = ""
