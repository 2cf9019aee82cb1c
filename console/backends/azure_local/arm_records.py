"""ARM's rows turned into the model's records; pure functions, one for each kind of resource."""

import msgspec

from console.backends.azure_local import arm_rows as rows
from console.backends.azure_local.translate import (
    AZURE_POWER,
    AZURE_SECURITY,
    IMAGE_STATE,
    PROVISIONING,
    WordReader,
)
from console.model.site import (
    AddressPool,
    CustomLocation,
    DataDisk,
    Image,
    ImageReference,
    ImageState,
    LogicalNetwork,
    NetworkInterface,
    ResourceGroup,
    StoragePath,
    Subscription,
)
from console.model.virtual_machine import AzureFacts, SecurityType

_NO_SECURITY = rows.Security()


class AzureVm(msgspec.Struct, frozen=True):
    """ARM's half of one VM, by the name of its Arc machine."""

    name: str
    facts: AzureFacts
    # vmId of API versions that have no hyperVVmId: counts only where the cluster knows it.
    other_id: str = ""
    # False for an Arc machine without its virtualMachineInstances/default.
    has_instance: bool = True


class NodeConnection(msgspec.Struct, frozen=True, gc=False):
    """What Azure says of a node's own Arc agent (Connected, Disconnected, ...)."""

    name: str
    status: str


def azure_vm(row: rows.GraphVm, words: WordReader) -> AzureVm:
    instance = row.properties
    tags = row.tags or {}
    if instance is None:
        # A machine without its instance: just made, or half deleted.
        return AzureVm(
            row.name,
            AzureFacts(
                arm_id=row.id, agent_status=row.arc_status or "", tags=tags, read_at=words.at
            ),
            has_instance=False,
        )
    hardware = instance.hardware_profile or rows.Hardware()
    security = instance.security_profile or _NO_SECURITY
    storage = instance.storage_profile or rows.Storage()
    status = instance.status or rows.InstanceStatus()
    account = instance.os_profile or rows.Os()
    uefi = security.uefi_settings
    return AzureVm(
        row.name,
        AzureFacts(
            arm_id=row.id,
            vm_id=_guid(instance.hyper_v_vm_id),
            power=words.read(AZURE_POWER, status.power_state, row.name),
            provisioning=words.read(PROVISIONING, instance.provisioning_state, row.name),
            security=_security_type(security.security_type, row.name, words),
            secure_boot=uefi.secure_boot_enabled if uefi is not None else None,
            vtpm=security.enable_tpm,
            processors=hardware.processors,
            memory_mib=hardware.memory_mb,
            has_dynamic_memory=hardware.dynamic_memory_config is not None
            and bool(hardware.dynamic_memory_config.maximum_mb),
            computer_name=account.computer_name or "",
            admin_username=account.admin_username or "",
            os_type=(storage.os_disk.os_type if storage.os_disk else None) or "",
            image_id=(storage.image_reference.id if storage.image_reference else None) or "",
            storage_path_id=storage.vm_config_storage_path_id or "",
            network_interface_ids=_ids(
                instance.network_profile.network_interfaces if instance.network_profile else None
            ),
            data_disk_ids=_ids(storage.data_disks),
            custom_location_id=row.custom_location or "",
            host_node=instance.host_node_name or "",
            agent_status=_agent_status(instance) or row.arc_status or "",
            error_code=status.error_code or "",
            error_message=status.error_message or "",
            tags=tags,
            read_at=words.at,
        ),
        _guid(instance.vm_id),
    )


def _guid(text: str | None) -> str:
    return (text or "").strip("{}").lower()


def _security_type(word: str | None, name: str, words: WordReader) -> SecurityType:
    """An instance without a security type *is* a standard VM (arm.md 0.5)."""
    return words.read(AZURE_SECURITY, word, name) if word else SecurityType.STANDARD


def _agent_status(instance: rows.Instance) -> str:
    agent = instance.instance_view.vm_agent if instance.instance_view else None
    statuses = agent.statuses if agent and agent.statuses else []
    return next((status.display_status for status in statuses if status.display_status), "")


def _ids(references: list[rows.Reference] | None) -> tuple[str, ...]:
    return tuple(reference.id for reference in references or () if reference.id)


def node_connection(row: rows.GraphNode, words: WordReader) -> NodeConnection:
    return NodeConnection(row.name, row.status or "")


def image(row: rows.ImageResource, words: WordReader) -> Image:
    body = row.properties or rows.ImageProperties()
    status = body.status or rows.ImageStatus()
    version = body.version or rows.ImageVersion()
    storage = version.properties.storage_profile if version.properties else None
    size = storage.os_disk_image.size_mb if storage and storage.os_disk_image else None
    state = words.read(IMAGE_STATE, body.provisioning_state, row.name)
    identifier = body.identifier
    is_custom = "/marketplacegalleryimages/" not in row.id.lower()
    return Image(
        arm_id=row.id,
        name=row.name,
        state=state,
        os_type=body.os_type or "",
        reference=None
        if is_custom or identifier is None
        else ImageReference(
            identifier.publisher, identifier.offer, identifier.sku, version.name or ""
        ),
        generation=body.hyper_v_generation or "",
        size_mib=_whole(size),
        progress_percent=_whole(status.progress_percentage)
        if state is ImageState.DOWNLOADING
        else None,
        storage_path_id=body.container_id or "",
        error_message=status.error_message or "",
    )


def storage_path(row: rows.ContainerResource, words: WordReader) -> StoragePath:
    body = row.properties or rows.ContainerProperties()
    status = body.status or rows.ContainerStatus()
    return StoragePath(
        arm_id=row.id,
        name=row.name,
        path=body.path,
        available_mib=_whole(status.available_size_mb),
        size_mib=_whole(status.container_size_mb),
    )


def data_disk(row: rows.DiskResource, words: WordReader) -> DataDisk:
    """Without ``attached_vm_id``: the VM names its disks, not the other way round."""
    body = row.properties or rows.DiskProperties()
    return DataDisk(
        arm_id=row.id,
        name=row.name,
        size_gib=_whole(body.disk_size_gb),
        is_dynamic=body.dynamic,
        storage_path_id=body.container_id or "",
        provisioning=body.provisioning_state or "",
    )


def logical_network(row: rows.LogicalNetworkResource, words: WordReader) -> LogicalNetwork:
    """Without ``used_addresses``: those stand on the network interfaces."""
    body = row.properties or rows.LogicalNetworkProperties()
    first = body.subnets[0].properties if body.subnets else None
    subnet = first or rows.SubnetProperties()
    method = (subnet.ip_allocation_method or "").lower()
    return LogicalNetwork(
        arm_id=row.id,
        name=row.name,
        switch_name=body.vm_switch_name or "",
        address_prefix=subnet.address_prefix or "",
        is_static={"static": True, "dynamic": False}.get(method),
        vlan=subnet.vlan,
        pools=tuple(
            AddressPool(pool.start, pool.end)
            for pool in subnet.ip_pools or ()
            if pool.start and pool.end
        ),
        dns_servers=tuple((body.dhcp_options.dns_servers if body.dhcp_options else None) or ()),
    )


def network_interface(row: rows.NicResource, words: WordReader) -> NetworkInterface:
    """Without ``attached_vm_id``: the VM names its interfaces, not the other way round."""
    body = row.properties or rows.NicProperties()
    first = body.ip_configurations[0].properties if body.ip_configurations else None
    address = first or rows.IpProperties()
    return NetworkInterface(
        arm_id=row.id,
        name=row.name,
        logical_network_id=(address.subnet.id if address.subnet else None) or "",
        address=address.private_ip_address or "",
        mac_address=body.mac_address or "",
    )


def custom_location(row: rows.CustomLocationResource, words: WordReader) -> CustomLocation:
    body = row.properties or rows.CustomLocationProperties()
    return CustomLocation(row.id, row.name, row.location, body.host_resource_id or "")


def resource_group(row: rows.ResourceGroupResource, words: WordReader) -> ResourceGroup:
    return ResourceGroup(row.id, row.name, row.location)


def subscription(row: rows.SubscriptionResource, words: WordReader) -> Subscription:
    return Subscription(row.subscription_id, row.display_name)


def _whole(number: float | None) -> int | None:
    return None if number is None else int(number)
