"""What the node module's functions put out: one JSON object each, typed here.

Every function answers ``{"schema": 1, "node": name, "time": ISO 8601, "data": ...}``; the files of
resources/scripts/schemas describe ``data``, and a test compares them with these rows.
"""

import msgspec

SCHEMA = 1


class Row(msgspec.Struct, gc=False, rename="camel"):
    """Base of all rows: camelCase on the wire; fields not named are skipped unread."""


class Envelope(Row):
    schema: int
    data: msgspec.Raw
    node: str = ""
    time: str = ""


class MigrationNetworkRow(Row):
    name: str
    is_up: bool = False
    link_mbps: int | None = None
    is_encrypted: bool | None = None


class NodeRow(Row):
    """Get-TlcNode: the node that is asked, as it sees itself; memory in MiB."""

    name: str
    fqdn: str = ""
    logical_processors: int | None = None
    cpu_percent: float | None = None
    memory_total_mi_b: int | None = msgspec.field(default=None, name="memoryTotalMiB")
    memory_available_mi_b: int | None = msgspec.field(default=None, name="memoryAvailableMiB")
    igvm_agent: str | None = None
    igvm_agent_version: str | None = None
    migration_networks: list[MigrationNetworkRow] | None = None
    processor_model: str | None = None
    os_build: str | None = None
    switches: list[str] | None = None
    vm_versions: list[str] | None = None
    network_ki_bps: int | None = msgspec.field(default=None, name="networkKiBps")
    storage_ki_bps: int | None = msgspec.field(default=None, name="storageKiBps")


class ClusterNodeRow(Row):
    """One node in Get-TlcCluster, as the cluster sees it; also of nodes that are down."""

    name: str
    state: str | None = None
    status_flags: int = 0
    drain_status: str | None = None
    accepts_azure_placement: bool | None = None
    fault_domain: str | None = None


class AffinityRuleRow(Row):
    name: str
    rule_type: str | None = None
    groups: list[str] | None = None
    is_enabled: bool | None = None


class HealthFaultRow(Row):
    fault_id: str
    severity: str = ""
    fault_type: str = ""
    reason: str = ""
    object_name: str = ""
    object_location: str = ""


class ClusterRow(Row):
    """Get-TlcCluster."""

    name: str
    nodes: list[ClusterNodeRow]
    parallel_migrations: int | None = None
    migration_encrypted: bool | None = None
    release: str | None = None
    os_build: str | None = None
    health_faults: list[HealthFaultRow] | None = None
    affinity_rules: list[AffinityRuleRow] | None = None
    balancer_mode: int | None = None
    balancer_level: int | None = None
    enforces_anti_affinity: bool | None = None
    allowed_functions: list[str] | None = None


class RunningMigrationRow(Row):
    target: str = ""
    percent: int | None = None
    phase: str | None = None
    operation_id: str | None = None


class VmRow(Row):
    """One VM in Get-TlcVirtualMachine: the VMs of the node that is asked; memory in MiB."""

    vm_id: str
    name: str
    owner_node: str
    state: str | None = None
    group_name: str | None = None
    group_state: str | None = None
    is_clustered: bool | None = None
    group_flags: int | None = None
    heartbeat: str | None = None
    operational_status: str | None = None
    generation: int | None = None
    configuration_version: str | None = None
    processors: int | None = None
    memory_mi_b: int | None = msgspec.field(default=None, name="memoryMiB")
    has_dynamic_memory: bool | None = None
    isolation: str | None = None
    secure_boot: bool | None = None
    vtpm: bool | None = None
    vtpm_state: str | None = None
    running_since: float | None = None
    mounted_iso: str | None = None
    has_checkpoints: bool | None = None
    possible_owners: list[str] | None = None
    preferred_owners: list[str] | None = None
    anti_affinity_classes: list[str] | None = None
    processor_compatibility: bool | None = None
    switches: list[str] | None = None
    addresses: list[str] | None = None
    migration: RunningMigrationRow | None = None
    cpu_percent: int | None = None
    memory_assigned_mi_b: int | None = msgspec.field(default=None, name="memoryAssignedMiB")
    memory_demand_mi_b: int | None = msgspec.field(default=None, name="memoryDemandMiB")
    network_ki_bps: int | None = msgspec.field(default=None, name="networkKiBps")
    storage_ki_bps: int | None = msgspec.field(default=None, name="storageKiBps")
    volumes: list[str] | None = None


class VolumeAccessRow(Row):
    node: str
    state: str | None = None


class SharedVolumeRow(Row):
    name: str
    path: str = ""
    state: str | None = None
    owner_node: str = ""
    total_mi_b: int | None = msgspec.field(default=None, name="totalMiB")
    free_mi_b: int | None = msgspec.field(default=None, name="freeMiB")
    access: list[VolumeAccessRow] | None = None


class StorageLinkRow(Row):
    node: str
    network: str
    state: str | None = None


class HealthRow(Row):
    """Get-TlcHealth, as far as the console reads it."""

    shared_volumes: list[SharedVolumeRow] | None = None
    storage_links: list[StorageLinkRow] | None = None
    guest_state_keys: list[str] | None = None


class MigrationRow(Row):
    """Get-TlcLiveMigration and Start-TlcLiveMigration: the last migration, and who owns the VM.

    ``vm_state``: Hyper-V's word; ``group_state``: the cluster's. Both tell a quick migration.
    """

    vm_id: str
    owner_node: str
    vm_state: str | None = None
    group_state: str | None = None
    phase: str = ""
    source: str | None = None
    target: str | None = None
    operation_id: str | None = None
    percent: int | None = None
    failure_code: str | None = None
    failure_text: str | None = None
    pass_number: int | None = None
    copied_mi_b: float | None = None
    remaining_mi_b: float | None = None
    blackout_ms: float | None = None


class RemainingVmRow(Row):
    """A VM's group that the node still owns."""

    name: str
    vm_id: str | None = None
    group_state: str = ""
    failure_code: str | None = None
    failure_text: str | None = None


class NodeDrainRow(Row):
    """Get-TlcNodeDrain: how far a node is out of service, as the cluster sees it."""

    name: str
    state: str | None = None
    status_flags: int = 0
    drain_status: str | None = None
    drain_failure: str | None = None
    accepts_azure_placement: bool | None = None
    vms_left: int | None = None
    vms: list[RemainingVmRow] | None = None
    other_groups: list[str] | None = None
    storage_jobs: list[str] | None = None


class HistorySeriesRow(Row):
    name: str
    times: list[float] = []
    values: list[float | None] = []


class PerformanceHistoryRow(Row):
    """Get-TlcVmHistory, Get-TlcNodeHistory: in the units of the cluster."""

    time_frame: str
    series: list[HistorySeriesRow] = []
