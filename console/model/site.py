"""What a cluster offers to a new VM: locations, networks, storage paths, images."""

import enum

import msgspec


class ImageState(enum.StrEnum):
    """Where a gallery image stands on this cluster."""

    READY = "Ready"
    DOWNLOADING = "Downloading"
    FAILED = "Failed"
    UNKNOWN = "Unknown"


class AzureRights(msgspec.Struct, frozen=True):
    """What this account may not do in a resource group: words as in ``backends.rights.ACTS``.

    ``scope`` is the group's ARM id in lower case.
    """

    scope: str
    missing: tuple[str, ...] = ()


class ImageReference(msgspec.Struct, frozen=True, gc=False):
    """Identity of a Marketplace image: publisher, offer, SKU and (if fixed) version."""

    publisher: str
    offer: str
    sku: str
    version: str = ""


class Image(msgspec.Struct, frozen=True):
    """An image on the cluster; ``reference`` is None for a custom (non-Marketplace) image."""

    arm_id: str
    name: str
    state: ImageState
    os_type: str = ""
    reference: ImageReference | None = None
    generation: str = ""
    size_mib: int | None = None
    progress_percent: int | None = None
    storage_path_id: str = ""
    error_message: str = ""


class StoragePath(msgspec.Struct, frozen=True, gc=False):
    """A storage container and the room in it."""

    arm_id: str
    name: str
    path: str
    available_mib: int | None = None
    size_mib: int | None = None


class AddressPool(msgspec.Struct, frozen=True, gc=False):
    start: str
    end: str


class LogicalNetwork(msgspec.Struct, frozen=True):
    """A logical network; ``used_addresses`` are those that known network interfaces hold."""

    arm_id: str
    name: str
    switch_name: str = ""
    address_prefix: str = ""
    is_static: bool | None = None
    vlan: int | None = None
    pools: tuple[AddressPool, ...] = ()
    dns_servers: tuple[str, ...] = ()
    used_addresses: tuple[str, ...] = ()


class NetworkInterface(msgspec.Struct, frozen=True):
    arm_id: str
    name: str
    logical_network_id: str = ""
    address: str = ""
    mac_address: str = ""
    attached_vm_id: str = ""  # ARM id of the machine that uses it, empty if free


class DataDisk(msgspec.Struct, frozen=True):
    """A virtual hard disk that Azure knows. ``size_gib`` and ``is_dynamic`` None: not told."""

    arm_id: str
    name: str
    size_gib: int | None = None
    is_dynamic: bool | None = None
    storage_path_id: str = ""
    provisioning: str = ""  # ARM's word
    attached_vm_id: str = ""  # ARM id of the machine that uses it, empty if free


class CustomLocation(msgspec.Struct, frozen=True, gc=False):
    arm_id: str
    name: str
    location: str
    host_resource_id: str = ""


class ResourceGroup(msgspec.Struct, frozen=True, gc=False):
    arm_id: str
    name: str
    location: str


class Subscription(msgspec.Struct, frozen=True, gc=False):
    id: str
    name: str
