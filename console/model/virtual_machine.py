"""A virtual machine: the cluster's word and Azure's word kept apart, joined by Hyper-V VM id."""

import enum

import msgspec


class PowerState(enum.StrEnum):
    """Words of both planes brought together; Hyper-V's ``*Critical`` twins are ``CRITICAL``."""

    RUNNING = "Running"
    STOPPED = "Stopped"
    STARTING = "Starting"
    STOPPING = "Stopping"
    PAUSED = "Paused"
    PAUSING = "Pausing"
    SAVED = "Saved"
    SAVING = "Saving"
    RESUMING = "Resuming"
    CRITICAL = "Critical"  # paused-critical and friends: its storage is not answering
    UNKNOWN = "Unknown"


class ProvisioningState(enum.StrEnum):
    """ARM provisioningState."""

    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    IN_PROGRESS = "InProgress"
    ACCEPTED = "Accepted"
    DELETING = "Deleting"
    CANCELED = "Canceled"
    UNKNOWN = "Unknown"


class Heartbeat(enum.StrEnum):
    """Hyper-V heartbeat integration service."""

    OK = "Ok"
    APPLICATIONS_CRITICAL = "ApplicationsCritical"
    NO_CONTACT = "NoContact"
    LOST = "LostCommunication"
    DISABLED = "Disabled"
    ERROR = "Error"
    PAUSED = "Paused"
    UNKNOWN = "Unknown"


class SecurityType(enum.StrEnum):
    """What the platform made of the VM; ``STANDARD`` is the absence of a security type."""

    TRUSTED_LAUNCH = "TrustedLaunch"
    CONFIDENTIAL = "ConfidentialVM"
    STANDARD = "Standard"
    UNKNOWN = "Unknown"


class VmKind(enum.StrEnum):
    """What may be done to a VM depends on who manages it (research: three kinds on one cluster)."""

    AZURE_LOCAL = "AzureLocal"
    UNMANAGED = "Unmanaged"  # a clustered Hyper-V VM that Azure does not know
    RESOURCE_BRIDGE = "ResourceBridge"  # the Arc resource bridge: shown, never dragged


class VmActivity(enum.StrEnum):
    """What Hyper-V says it is busy with (OperationalStatus)."""

    NONE = "None"
    MIGRATING = "Migrating"
    BACKING_UP = "BackingUp"
    CHECKPOINTING = "Checkpointing"
    MERGING_DISKS = "MergingDisks"
    OTHER = "Other"
    UNKNOWN = "Unknown"


class Migration(msgspec.Struct, frozen=True, gc=False):
    """A live migration that the cluster reports as running now, whoever started it."""

    target: str
    percent: int | None = None
    phase: str = ""
    operation_id: str = ""


class ClusterFacts(msgspec.Struct, frozen=True):
    """The cluster's word on a VM. ``running_since`` replaces uptime so that it does not change."""

    vm_id: str
    owner_node: str
    power: PowerState
    heartbeat: Heartbeat = Heartbeat.UNKNOWN
    activity: VmActivity = VmActivity.NONE
    is_clustered: bool | None = None  # a role of the cluster, which alone it can move
    group: str = ""  # name of its cluster group: rules speak of it, not of the VM
    group_state: str = ""
    group_flags: int | None = None  # CLUSGRP_STATUS bit field
    generation: int | None = None
    configuration_version: str = ""
    processors: int | None = None
    memory_mib: int | None = None  # assigned at start-up or fixed
    has_dynamic_memory: bool | None = None
    security: SecurityType = SecurityType.UNKNOWN  # GuestStateIsolationType
    secure_boot: bool | None = None
    vtpm: bool | None = None
    # Opaque fingerprint of the vTPM state where the wire offers one: equal before and after a
    # migration means the state travelled.
    vtpm_state: str = ""
    running_since: float | None = None
    mounted_iso: str | None = None  # path; empty: none, None: not known
    has_checkpoints: bool | None = None
    possible_owners: tuple[str, ...] | None = None  # empty: every node, None: not known
    preferred_owners: tuple[str, ...] | None = None
    anti_affinity: tuple[str, ...] | None = None  # AntiAffinityClassNames of its group
    is_processor_compatible: bool | None = None  # runs with a reduced set of CPU features
    switches: tuple[str, ...] | None = None  # names of the virtual switches it is plugged into
    addresses: tuple[str, ...] = ()
    migration: Migration | None = None
    volumes: tuple[str, ...] = ()  # folders of the shared volumes it lies on; empty: not told
    # Whether the cluster's key vault holds its guest state protection key; None: not known.
    has_guest_state_key: bool | None = None
    read_at: float | None = None


class AzureFacts(msgspec.Struct, frozen=True):
    """ARM's word on a VM (machine and virtualMachineInstances/default read together)."""

    arm_id: str  # of the Microsoft.HybridCompute/machines resource, as ARM spells it
    vm_id: str = ""
    power: PowerState = PowerState.UNKNOWN
    provisioning: ProvisioningState = ProvisioningState.UNKNOWN
    security: SecurityType = SecurityType.UNKNOWN
    secure_boot: bool | None = None
    vtpm: bool | None = None
    processors: int | None = None
    memory_mib: int | None = None
    has_dynamic_memory: bool | None = None
    computer_name: str = ""
    admin_username: str = ""
    os_type: str = ""
    image_id: str = ""
    storage_path_id: str = ""
    network_interface_ids: tuple[str, ...] = ()
    data_disk_ids: tuple[str, ...] = ()
    custom_location_id: str = ""
    host_node: str = ""  # hostNodeName, preview API versions only; may lag
    agent_status: str = ""
    error_code: str = ""
    error_message: str = ""
    tags: dict[str, str] = {}
    # When the answer that held it was made; Resource Graph lags seconds to minutes behind a GET.
    read_at: float | None = None


class VmMetrics(msgspec.Struct, frozen=True, gc=False):
    """Figures that change with every reading; they travel packed and never make a row "changed"."""

    cpu_percent: int | None = None
    memory_assigned_mib: int | None = None
    memory_demand_mib: int | None = None
    network_kib_s: int | None = None
    storage_kib_s: int | None = None


class VirtualMachine(msgspec.Struct, frozen=True):
    """One VM. ``key`` is the Hyper-V VM id in lower case, or the ARM id while there is none yet."""

    key: str
    name: str
    kind: VmKind
    cluster: ClusterFacts | None = None
    azure: AzureFacts | None = None
    metrics: VmMetrics | None = None

    @property
    def owner_node(self) -> str | None:
        """The cluster's word; Azure's hostNodeName is never used to place a tile."""
        return self.cluster.owner_node if self.cluster else None

    @property
    def power(self) -> PowerState:
        """The cluster's word if it has one, else Azure's."""
        if self.cluster is not None:
            return self.cluster.power
        return self.azure.power if self.azure is not None else PowerState.UNKNOWN

    @property
    def security(self) -> SecurityType:
        if self.cluster is not None and self.cluster.security is not SecurityType.UNKNOWN:
            return self.cluster.security
        return self.azure.security if self.azure is not None else SecurityType.UNKNOWN

    @property
    def memory_mib(self) -> int | None:
        """What a node must have free to take this VM: the assigned memory, else the configured.

        What a VM with dynamic memory that is not at rest has now only its node can tell: else it is
        not known.
        """
        if self.metrics is not None and self.metrics.memory_assigned_mib:
            return self.metrics.memory_assigned_mib
        facts = self.cluster
        is_at_rest = facts is None or facts.power in (PowerState.STOPPED, PowerState.SAVED)
        if facts is not None and facts.has_dynamic_memory and not is_at_rest:
            return None
        if self.cluster is not None and self.cluster.memory_mib is not None:
            return self.cluster.memory_mib
        return self.azure.memory_mib if self.azure is not None else None
