"""What the console reads of ARM's bodies: typed rows with the needed fields only.

Names of fields are ARM's own (rename rules of msgspec keep Python's spelling here).
"""

from typing import Any

import msgspec


class Row(msgspec.Struct, gc=False, rename="camel"):
    """Base of all rows: ARM writes camelCase; fields not named are skipped unread."""


class Error(Row):
    code: str = ""
    message: str = ""


class ProvisioningStatus(Row):
    status: str | None = None
    operation_id: str | None = None


# -- virtual machines --------------------------------------------------------------------------
class DynamicMemory(Row):
    maximum_mb: int | None = msgspec.field(default=None, name="maximumMemoryMB")


class Hardware(Row):
    processors: int | None = None
    memory_mb: int | None = msgspec.field(default=None, name="memoryMB")
    dynamic_memory_config: DynamicMemory | None = None


class Uefi(Row):
    secure_boot_enabled: bool | None = None


class Security(Row):
    security_type: str | None = None
    enable_tpm: bool | None = msgspec.field(default=None, name="enableTPM")
    uefi_settings: Uefi | None = None


class Os(Row):
    computer_name: str | None = None
    admin_username: str | None = None


class Reference(Row):
    id: str | None = None


class OsDisk(Row):
    os_type: str | None = None


class Storage(Row):
    image_reference: Reference | None = None
    vm_config_storage_path_id: str | None = None
    data_disks: list[Reference] | None = None
    os_disk: OsDisk | None = None


class Network(Row):
    network_interfaces: list[Reference] | None = None


class InstanceStatus(Row):
    error_code: str | None = None
    error_message: str | None = None
    power_state: str | None = None
    provisioning_status: ProvisioningStatus | None = None


class AgentStatus(Row):
    display_status: str | None = None


class VmAgent(Row):
    statuses: list[AgentStatus] | None = None


class InstanceView(Row):
    vm_agent: VmAgent | None = None


class Instance(Row):
    """properties of Microsoft.AzureStackHCI/virtualMachineInstances."""

    hardware_profile: Hardware | None = None
    security_profile: Security | None = None
    os_profile: Os | None = None
    storage_profile: Storage | None = None
    network_profile: Network | None = None
    provisioning_state: str | None = None
    status: InstanceStatus | None = None
    instance_view: InstanceView | None = None
    vm_id: str | None = None
    hyper_v_vm_id: str | None = msgspec.field(default=None, name="hyperVVmId")
    host_node_name: str | None = None


class ExtendedLocation(Row):
    name: str | None = None


class InstanceResource(Row):
    """A virtualMachineInstances/default as GET returns it."""

    id: str = ""
    properties: Instance | None = None
    extended_location: ExtendedLocation | None = None


class MachineProperties(Row):
    status: str | None = None
    provisioning_state: str | None = None
    parent_cluster_resource_id: str | None = None


class MachineResource(Row):
    """A Microsoft.HybridCompute/machines."""

    id: str
    name: str
    kind: str | None = None
    tags: dict[str, str] | None = None
    properties: MachineProperties | None = None


class GraphVm(Row):
    """A row of the query ``virtual_machines``."""

    id: str
    name: str
    tags: dict[str, str] | None = None
    arc_status: str | None = None
    properties: Instance | None = None
    custom_location: str | None = None


class GraphNode(Row):
    """A row of the query ``node_machines``."""

    id: str
    name: str
    status: str | None = None


class GraphAnswer(Row):
    data: msgspec.Raw = msgspec.Raw(b"[]")
    skip_token: str | None = msgspec.field(default=None, name="$skipToken")


# -- what a creation chooses from --------------------------------------------------------------
class Identifier(Row):
    publisher: str = ""
    offer: str = ""
    sku: str = ""


class OsDiskImage(Row):
    size_mb: float | None = msgspec.field(default=None, name="sizeInMB")


class ImageStorage(Row):
    os_disk_image: OsDiskImage | None = None


class ImageVersionProperties(Row):
    storage_profile: ImageStorage | None = None


class ImageVersion(Row):
    name: str | None = None
    properties: ImageVersionProperties | None = None


class Download(Row):
    size_mb: float | None = msgspec.field(default=None, name="downloadSizeInMB")


class ImageStatus(Row):
    error_code: str | None = None
    error_message: str | None = None
    progress_percentage: float | None = None
    download_status: Download | None = None


class ImageProperties(Row):
    container_id: str | None = None
    os_type: str | None = None
    hyper_v_generation: str | None = msgspec.field(default=None, name="hyperVGeneration")
    identifier: Identifier | None = None
    version: ImageVersion | None = None
    provisioning_state: str | None = None
    status: ImageStatus | None = None


class ImageResource(Row):
    """marketplaceGalleryImages and galleryImages."""

    id: str
    name: str
    type: str = ""
    properties: ImageProperties | None = None


class ContainerStatus(Row):
    available_size_mb: float | None = msgspec.field(default=None, name="availableSizeMB")
    container_size_mb: float | None = msgspec.field(default=None, name="containerSizeMB")


class ContainerProperties(Row):
    path: str = ""
    status: ContainerStatus | None = None


class ContainerResource(Row):
    id: str
    name: str
    properties: ContainerProperties | None = None


class DiskProperties(Row):
    disk_size_gb: float | None = msgspec.field(default=None, name="diskSizeGB")
    dynamic: bool | None = None
    container_id: str | None = None
    provisioning_state: str | None = None


class DiskResource(Row):
    id: str
    name: str
    properties: DiskProperties | None = None


class Pool(Row):
    start: str | None = None
    end: str | None = None


class SubnetProperties(Row):
    address_prefix: str | None = None
    ip_allocation_method: str | None = None
    vlan: int | None = None
    ip_pools: list[Pool] | None = None


class Subnet(Row):
    properties: SubnetProperties | None = None


class Dns(Row):
    dns_servers: list[str] | None = None


class LogicalNetworkProperties(Row):
    vm_switch_name: str | None = None
    dhcp_options: Dns | None = None
    subnets: list[Subnet] | None = None


class LogicalNetworkResource(Row):
    id: str
    name: str
    properties: LogicalNetworkProperties | None = None


class IpProperties(Row):
    private_ip_address: str | None = msgspec.field(default=None, name="privateIPAddress")
    subnet: Reference | None = None


class IpConfiguration(Row):
    properties: IpProperties | None = None


class NicProperties(Row):
    ip_configurations: list[IpConfiguration] | None = None
    mac_address: str | None = None


class NicResource(Row):
    id: str
    name: str
    properties: NicProperties | None = None


class CustomLocationProperties(Row):
    host_resource_id: str | None = None


class CustomLocationResource(Row):
    id: str
    name: str
    location: str = ""
    properties: CustomLocationProperties | None = None


class ResourceGroupResource(Row):
    id: str
    name: str
    location: str = ""


class SubscriptionResource(Row):
    subscription_id: str
    display_name: str = ""


class ReportedProperties(Row):
    cluster_name: str | None = None
    cluster_version: str | None = None


class ClusterProperties(Row):
    connectivity_status: str | None = None
    reported_properties: ReportedProperties | None = None


class ClusterResource(Row):
    id: str
    name: str
    properties: ClusterProperties | None = None


class UpdateSummaryProperties(Row):
    current_version: str | None = None


class UpdateSummary(Row):
    properties: UpdateSummaryProperties | None = None


# -- any resource, and the documents of long-running operations --------------------------------
class AnyStatus(Row):
    error_code: str | None = None
    error_message: str | None = None
    progress_percentage: float | None = None
    provisioning_status: ProvisioningStatus | None = None


class AnyProperties(Row):
    provisioning_state: str | None = None
    status: AnyStatus | str | None = None


class AnyResource(Row):
    id: str = ""
    tags: dict[str, str] | None = None
    properties: AnyProperties | None = None


class OperationStatus(Row):
    """What an Azure-AsyncOperation URL answers."""

    status: str | None = None
    percent_complete: float | None = None
    error: Error | None = None
    properties: dict[str, Any] | None = None


class PermissionRow(Row):
    actions: list[str] = []
    not_actions: list[str] = []
