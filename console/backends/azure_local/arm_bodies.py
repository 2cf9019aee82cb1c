"""Bodies of what the console creates in ARM, exactly as they are sent."""

from collections.abc import Mapping
from typing import Any

from console.backends.azure_local import arm_paths
from console.model.request import (
    DataDiskSpec,
    DomainJoinSpec,
    DownloadImage,
    NetworkInterfaceSpec,
    SecretField,
    VirtualMachineSpec,
)

# Answers "is this half-built thing mine?" after a crash, even when the status URL is gone.
OPERATION_TAG = "tlc-operation"

Body = dict[str, Any]


def tags(operation_id: str, more: Mapping[str, str] | None = None) -> dict[str, str]:
    return {**(more or {}), OPERATION_TAG: operation_id}


def nic_id(spec: VirtualMachineSpec, nic: NetworkInterfaceSpec) -> str:
    """Id of a new or existing interface."""
    return nic.existing_id or arm_paths.in_group(
        spec, "Microsoft.AzureStackHCI", "networkInterfaces", nic.name
    )


def disk_id(spec: VirtualMachineSpec, disk: DataDiskSpec) -> str:
    """Id of a new or existing data disk."""
    return disk.existing_id or arm_paths.in_group(
        spec, "Microsoft.AzureStackHCI", "virtualHardDisks", disk.name
    )


def _custom_location(custom_location_id: str) -> Body:
    return {"type": "CustomLocation", "name": custom_location_id}


def network_interface(
    spec: VirtualMachineSpec, nic: NetworkInterfaceSpec, operation_id: str
) -> Body:
    address: Body = {"subnet": {"id": nic.logical_network_id}}
    if nic.address:
        address["privateIPAddress"] = nic.address
    properties: Body = {
        "ipConfigurations": [{"name": f"{nic.name}-ip"[:80], "properties": address}]
    }
    if spec.dns_servers:
        properties["dnsSettings"] = {"dnsServers": list(spec.dns_servers)}
    return {
        "location": spec.location,
        "extendedLocation": _custom_location(spec.custom_location_id),
        "tags": tags(operation_id, spec.tags),
        "properties": properties,
    }


def data_disk(spec: VirtualMachineSpec, disk: DataDiskSpec, operation_id: str) -> Body:
    properties: Body = {
        "diskSizeGB": disk.size_gib,
        "dynamic": disk.is_dynamic,
        "diskFileFormat": "vhdx",
    }
    container = disk.storage_path_id or spec.storage_path_id
    if container:
        properties["containerId"] = container
    return {
        "location": spec.location,
        "extendedLocation": _custom_location(spec.custom_location_id),
        "tags": tags(operation_id, spec.tags),
        "properties": properties,
    }


def machine(spec: VirtualMachineSpec, operation_id: str) -> Body:
    """The identity belongs here: on the instance it answers ConflictingOperation (domain 2.3)."""
    return {
        "location": spec.location,
        "kind": "HCI",
        "identity": {"type": "SystemAssigned"},
        "tags": tags(operation_id, spec.tags),
    }


def vm_instance(spec: VirtualMachineSpec, secrets: Mapping[str, str]) -> Body:
    """Trusted launch needs its three fields together; each left out makes a standard VM."""
    properties: Body = {
        "hardwareProfile": _hardware(spec),
        "securityProfile": {
            "securityType": "TrustedLaunch",
            "enableTPM": spec.vtpm,
            "uefiSettings": {"secureBootEnabled": spec.secure_boot},
        },
        "osProfile": _account(spec, secrets),
        "storageProfile": _storage(spec),
        "networkProfile": {
            "networkInterfaces": [{"id": nic_id(spec, nic)} for nic in spec.network_interfaces]
        },
    }
    proxy = _proxy(spec)
    if proxy:
        properties["httpProxyConfig"] = proxy
    return {
        "extendedLocation": _custom_location(spec.custom_location_id),
        "properties": properties,
    }


def _hardware(spec: VirtualMachineSpec) -> Body:
    hardware: Body = {
        "vmSize": "Custom",
        "processors": spec.processors,
        "memoryMB": spec.memory_mib,
    }
    if spec.dynamic_memory is not None:
        hardware["dynamicMemoryConfig"] = {
            "minimumMemoryMB": spec.dynamic_memory.minimum_mib,
            "maximumMemoryMB": spec.dynamic_memory.maximum_mib,
            "targetMemoryBuffer": spec.dynamic_memory.buffer_percent,
        }
    return hardware


def _account(spec: VirtualMachineSpec, secrets: Mapping[str, str]) -> Body:
    agents = {
        "provisionVMAgent": spec.guest_management,
        # Carries power and address reports; the guest agent above needs it (domain.md 2.2).
        "provisionVMConfigAgent": True,
    }
    account: Body = {
        "computerName": spec.computer_name or spec.name,
        "adminUsername": spec.admin_username,
    }
    password = secrets.get(SecretField.ADMIN_PASSWORD, "")
    if password:
        account["adminPassword"] = password
    home = f"/home/{spec.admin_username}/.ssh/authorized_keys"
    ssh = {"publicKeys": [{"path": home, "keyData": key} for key in spec.ssh_public_keys]}
    if spec.os_type.lower() == "linux":
        account["linuxConfiguration"] = {
            **agents,
            "disablePasswordAuthentication": bool(spec.ssh_public_keys) and not password,
            **({"ssh": ssh} if spec.ssh_public_keys else {}),
        }
    else:
        account["windowsConfiguration"] = {
            **agents,
            **({"ssh": ssh} if spec.ssh_public_keys else {}),
        }
    return account


def _storage(spec: VirtualMachineSpec) -> Body:
    storage: Body = {
        "imageReference": {"id": spec.image_id},
        "osDisk": {"osType": spec.os_type},
        "dataDisks": [{"id": disk_id(spec, disk)} for disk in spec.data_disks],
    }
    if spec.storage_path_id:
        storage["vmConfigStoragePathId"] = spec.storage_path_id
    return storage


def _proxy(spec: VirtualMachineSpec) -> Body:
    if spec.proxy is None:
        return {}
    words = {
        "httpProxy": spec.proxy.http,
        "httpsProxy": spec.proxy.https,
        "noProxy": list(spec.proxy.no_proxy),
        "trustedCa": spec.proxy.trusted_ca,
    }
    return {name: value for name, value in words.items() if value}


def domain_join(
    spec: VirtualMachineSpec, join: DomainJoinSpec, password: str, operation_id: str
) -> Body:
    """Extension JsonADDomainExtension 1.3 on the machine (domain.md 2.4)."""
    settings = {"Name": join.domain, "User": join.user, "Restart": "true", "Options": "3"}
    if join.organizational_unit:
        settings["OUPath"] = join.organizational_unit
    return {
        "location": spec.location,
        "tags": tags(operation_id),
        "properties": {
            "publisher": "Microsoft.Compute",
            "type": "JsonADDomainExtension",
            "typeHandlerVersion": "1.3",
            "autoUpgradeMinorVersion": True,
            "settings": settings,
            "protectedSettings": {"Password": password},
        },
    }


def marketplace_image(request: DownloadImage, operation_id: str) -> Body:
    properties: Body = {
        "osType": request.os_type,
        "hyperVGeneration": "V2",
        "identifier": {
            "publisher": request.image.publisher,
            "offer": request.image.offer,
            "sku": request.image.sku,
        },
    }
    if request.image.version:
        properties["version"] = {"name": request.image.version}
    if request.storage_path_id:
        properties["containerId"] = request.storage_path_id
    return {
        "location": request.location,
        "extendedLocation": _custom_location(request.custom_location_id),
        "tags": tags(operation_id),
        "properties": properties,
    }


def image_id(request: DownloadImage) -> str:
    return (
        f"/subscriptions/{request.subscription_id}/resourceGroups/{request.resource_group}"
        f"/providers/Microsoft.AzureStackHCI/marketplaceGalleryImages/{request.name}"
    )
