"""What a person can ask for: one frozen record an operation, the same from mouse, menu and key.

Requests live in ``model`` and not with their operations because checks, channel, journal and
window all speak of them and none of those may import ``operations``.
"""

import enum

import msgspec

from console.model.site import ImageReference


class DataDiskSpec(msgspec.Struct, frozen=True, gc=False):
    """A data disk: new (``name``, ``size_gib``) or existing (``existing_id``)."""

    name: str = ""
    size_gib: int = 0
    is_dynamic: bool = True
    storage_path_id: str = ""
    existing_id: str = ""


class NetworkInterfaceSpec(msgspec.Struct, frozen=True, gc=False):
    """A network interface: new on ``logical_network_id``, or existing (``existing_id``)."""

    name: str = ""
    logical_network_id: str = ""
    address: str = ""  # empty: handed out by the network (DHCP or its pool)
    existing_id: str = ""


class DynamicMemorySpec(msgspec.Struct, frozen=True, gc=False):
    minimum_mib: int
    maximum_mib: int
    buffer_percent: int = 20


class DomainJoinSpec(msgspec.Struct, frozen=True, gc=False):
    """Active Directory join of a Windows VM; the password travels as a secret."""

    domain: str
    user: str
    organizational_unit: str = ""


class ProxySpec(msgspec.Struct, frozen=True, gc=False):
    http: str = ""
    https: str = ""
    no_proxy: tuple[str, ...] = ()
    trusted_ca: str = ""


class VirtualMachineSpec(msgspec.Struct, frozen=True):
    """Everything the wizard collects, without any secret.

    Exactly one of ``image_id`` (on the cluster) and ``image`` (to be downloaded first) is set.
    """

    name: str
    subscription_id: str
    resource_group: str
    location: str
    custom_location_id: str
    image_id: str = ""
    image: ImageReference | None = None
    os_type: str = "Windows"
    secure_boot: bool = True
    vtpm: bool = True
    processors: int = 4
    memory_mib: int = 8192
    dynamic_memory: DynamicMemorySpec | None = None
    storage_path_id: str = ""
    data_disks: tuple[DataDiskSpec, ...] = ()
    computer_name: str = ""
    admin_username: str = ""
    ssh_public_keys: tuple[str, ...] = ()
    domain_join: DomainJoinSpec | None = None
    network_interfaces: tuple[NetworkInterfaceSpec, ...] = ()
    dns_servers: tuple[str, ...] = ()
    proxy: ProxySpec | None = None
    guest_management: bool = True
    tags: dict[str, str] = {}


class SecretField(enum.StrEnum):
    """Secrets travel beside a request, under these names, and are never journalled."""

    ADMIN_PASSWORD = "admin_password"  # noqa: S105 - the field's name, not a password
    DOMAIN_PASSWORD = "domain_password"  # noqa: S105 - the field's name, not a password


class CreateVirtualMachine(msgspec.Struct, frozen=True, tag="create_virtual_machine"):
    spec: VirtualMachineSpec


class CleanUpCreation(msgspec.Struct, frozen=True, tag="clean_up_creation"):
    """Delete what the creation ``creation_id`` made of ``spec``: only what carries its tag."""

    creation_id: str
    spec: VirtualMachineSpec


class DownloadImage(msgspec.Struct, frozen=True, tag="download_image"):
    name: str
    image: ImageReference
    subscription_id: str
    resource_group: str
    location: str
    custom_location_id: str
    storage_path_id: str = ""
    os_type: str = "Windows"


class MoveMethod(enum.StrEnum):
    """How a VM changes nodes. The values are journalled."""

    LIVE = "live"  # it keeps running; a pause of well under a second
    QUICK = "quick"  # saved to disk, moved, resumed: a pause that grows with its memory


class LiveMigrate(msgspec.Struct, frozen=True, tag="live_migrate"):
    """``source`` is the owner node the person saw: the cluster refuses if it moved since."""

    vm_key: str
    vm_name: str
    source: str
    target: str
    method: MoveMethod = MoveMethod.LIVE


class PowerAction(enum.StrEnum):
    START = "start"
    STOP = "stop"
    RESTART = "restart"
    PAUSE = "pause"
    SAVE = "save"


class ChangePowerState(msgspec.Struct, frozen=True, tag="change_power_state"):
    vm_key: str
    vm_name: str
    action: PowerAction


class DeleteVirtualMachine(msgspec.Struct, frozen=True, tag="delete_virtual_machine"):
    """Deletes the instance and the Arc machine; interfaces and disks only where named."""

    vm_key: str
    vm_name: str
    also_delete: tuple[str, ...] = ()  # ARM ids of network interfaces and data disks


class DrainNode(msgspec.Struct, frozen=True, tag="drain_node"):
    node: str


class PauseNode(msgspec.Struct, frozen=True, tag="pause_node"):
    """Nothing new comes to the node, from the cluster or from Azure; what is there stays."""

    node: str


class ProveNodeEmpty(msgspec.Struct, frozen=True, tag="prove_node_empty"):
    """Look whether the node may be rebooted. Changes nothing."""

    node: str


class ResumeNode(msgspec.Struct, frozen=True, tag="resume_node"):
    node: str
    failback: bool = True


Request = (
    CreateVirtualMachine
    | CleanUpCreation
    | DownloadImage
    | LiveMigrate
    | ChangePowerState
    | DeleteVirtualMachine
    | DrainNode
    | PauseNode
    | ProveNodeEmpty
    | ResumeNode
)


def goes_on_after_failure(request: Request) -> bool:
    """Whether it may start once what it waits for is over, however that ended.

    Looking is of use after any end; whatever acts waits for success.
    """
    return isinstance(request, ProveNodeEmpty)


def kind_of(request: Request) -> str:
    """The request's tag: the name of its operation's file."""
    return str(request.__struct_config__.tag)


def verb_of(request: Request) -> str:
    """The name of the operation that carries it out: that of its tag, but for a quick migration."""
    if isinstance(request, LiveMigrate) and request.method is MoveMethod.QUICK:
        return "quick_migrate"
    return kind_of(request)
