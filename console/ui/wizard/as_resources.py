"""The resources that a creation makes, once, as data; every language is written from this list.

The bodies are those that the console itself sends, without its own tag and with parameters in
place of secrets. Types and versions: domain fact sheet, Azure Local release 2508 and later.
"""

from dataclasses import dataclass, field
from typing import Any

from console.catalog import image_name
from console.model.request import (
    DataDiskSpec,
    DomainJoinSpec,
    NetworkInterfaceSpec,
    VirtualMachineSpec,
)
from console.model.site import ImageReference

MACHINES_VERSION = "2026-07-15"
VM_VERSION = "2025-06-01-preview"
PASSWORD = "adminPassword"  # noqa: S105 - a parameter's name
DOMAIN_PASSWORD = "domainPassword"  # noqa: S105 - a parameter's name
_HCI = "Microsoft.AzureStackHCI"
Body = dict[str, Any]


@dataclass(frozen=True)
class Parameter:
    """A value that whoever deploys has to give."""

    name: str


@dataclass(frozen=True)
class IdOf:
    """The id of a resource made by the same deployment."""

    resource: "Resource"


@dataclass(frozen=True)
class Resource:
    """``symbol`` names it in Bicep; ``scope`` or ``parent`` is the machine it belongs to."""

    symbol: str
    type: str
    version: str
    name: str
    body: Body
    scope: "Resource | None" = None
    parent: "Resource | None" = None
    after: tuple["Resource", ...] = field(default=())


def resources(spec: VirtualMachineSpec) -> list[Resource]:
    """In the order in which they are made."""
    image = _image(spec, spec.image) if spec.image is not None else None
    interfaces = {
        nic.name: _interface(spec, nic, f"nic{at}")
        for at, nic in enumerate(spec.network_interfaces)
        if not nic.existing_id
    }
    disks = {
        disk.name: _disk(spec, disk, f"disk{at}")
        for at, disk in enumerate(spec.data_disks)
        if not disk.existing_id
    }
    machine = Resource(
        "machine",
        "Microsoft.HybridCompute/machines",
        MACHINES_VERSION,
        spec.name,
        {
            "location": spec.location,
            "kind": "HCI",
            "identity": {"type": "SystemAssigned"},
            "tags": dict(spec.tags),
        },
    )
    made = [*([image] if image else []), *interfaces.values(), *disks.values()]
    instance = Resource(
        "vm",
        f"{_HCI}/virtualMachineInstances",
        VM_VERSION,
        "default",
        {
            "extendedLocation": _custom_location(spec),
            "properties": _instance(spec, image, interfaces, disks),
        },
        scope=machine,
        after=tuple(made),
    )
    joined = [_domain_join(spec, spec.domain_join, machine, instance)] if spec.domain_join else []
    return [*made, machine, instance, *joined]


def needs_password(spec: VirtualMachineSpec) -> bool:
    """As code, a guest with keys is made without a password: it need not be handed around."""
    return not spec.ssh_public_keys


def parameters(spec: VirtualMachineSpec) -> list[str]:
    """The secrets that whoever deploys has to give, by name."""
    return [
        *([PASSWORD] if needs_password(spec) else []),
        *([DOMAIN_PASSWORD] if spec.domain_join is not None else []),
    ]


def _custom_location(spec: VirtualMachineSpec) -> Body:
    return {"type": "CustomLocation", "name": spec.custom_location_id}


def _on_cluster(spec: VirtualMachineSpec, properties: Body) -> Body:
    return {
        "location": spec.location,
        "extendedLocation": _custom_location(spec),
        "tags": dict(spec.tags),
        "properties": properties,
    }


def _image(spec: VirtualMachineSpec, reference: ImageReference) -> Resource:
    properties: Body = {
        "osType": spec.os_type,
        "hyperVGeneration": "V2",
        "identifier": {
            "publisher": reference.publisher,
            "offer": reference.offer,
            "sku": reference.sku,
        },
    }
    if reference.version:
        properties["version"] = {"name": reference.version}
    if spec.storage_path_id:
        properties["containerId"] = spec.storage_path_id
    body = {**_on_cluster(spec, properties), "tags": {}}
    kind = f"{_HCI}/marketplaceGalleryImages"
    return Resource("image", kind, VM_VERSION, image_name(reference), body)


def _interface(spec: VirtualMachineSpec, nic: NetworkInterfaceSpec, symbol: str) -> Resource:
    address: Body = {"subnet": {"id": nic.logical_network_id}}
    if nic.address:
        address["privateIPAddress"] = nic.address
    properties: Body = {
        "ipConfigurations": [{"name": f"{nic.name}-ip"[:80], "properties": address}]
    }
    if spec.dns_servers:
        properties["dnsSettings"] = {"dnsServers": list(spec.dns_servers)}
    body = _on_cluster(spec, properties)
    return Resource(symbol, f"{_HCI}/networkInterfaces", VM_VERSION, nic.name, body)


def _disk(spec: VirtualMachineSpec, disk: DataDiskSpec, symbol: str) -> Resource:
    properties: Body = {
        "diskSizeGB": disk.size_gib,
        "dynamic": disk.is_dynamic,
        "diskFileFormat": "vhdx",
    }
    container = disk.storage_path_id or spec.storage_path_id
    if container:
        properties["containerId"] = container
    body = _on_cluster(spec, properties)
    return Resource(symbol, f"{_HCI}/virtualHardDisks", VM_VERSION, disk.name, body)


def _instance(
    spec: VirtualMachineSpec,
    image: Resource | None,
    interfaces: dict[str, Resource],
    disks: dict[str, Resource],
) -> Body:
    storage: Body = {
        "imageReference": {"id": IdOf(image) if image is not None else spec.image_id},
        "osDisk": {"osType": spec.os_type},
        "dataDisks": [{"id": disk.existing_id or IdOf(disks[disk.name])}
                      for disk in spec.data_disks],
    }  # fmt: skip
    if spec.storage_path_id:
        storage["vmConfigStoragePathId"] = spec.storage_path_id
    properties: Body = {
        "hardwareProfile": _hardware(spec),
        "securityProfile": {
            "securityType": "TrustedLaunch",
            "enableTPM": spec.vtpm,
            "uefiSettings": {"secureBootEnabled": spec.secure_boot},
        },
        "osProfile": _account(spec),
        "storageProfile": storage,
        "networkProfile": {
            "networkInterfaces": [
                {"id": nic.existing_id or IdOf(interfaces[nic.name])}
                for nic in spec.network_interfaces
            ]
        },
    }
    if proxy := _proxy(spec):
        properties["httpProxyConfig"] = proxy
    return properties


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


def _account(spec: VirtualMachineSpec) -> Body:
    agents: Body = {"provisionVMAgent": spec.guest_management, "provisionVMConfigAgent": True}
    home = f"/home/{spec.admin_username}/.ssh/authorized_keys"
    account: Body = {
        "computerName": spec.computer_name or spec.name,
        "adminUsername": spec.admin_username,
    }
    if spec.ssh_public_keys:
        keys = [{"path": home, "keyData": key} for key in spec.ssh_public_keys]
        agents["ssh"] = {"publicKeys": keys}
    if needs_password(spec):
        account["adminPassword"] = Parameter(PASSWORD)
    if spec.os_type.lower() == "linux":
        agents["disablePasswordAuthentication"] = not needs_password(spec)
        account["linuxConfiguration"] = agents
    else:
        account["windowsConfiguration"] = agents
    return account


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


def _domain_join(
    spec: VirtualMachineSpec, join: DomainJoinSpec, machine: Resource, instance: Resource
) -> Resource:
    settings = {"Name": join.domain, "User": join.user, "Restart": "true", "Options": "3"}
    if join.organizational_unit:
        settings["OUPath"] = join.organizational_unit
    body = {
        "location": spec.location,
        "properties": {
            "publisher": "Microsoft.Compute",
            "type": "JsonADDomainExtension",
            "typeHandlerVersion": "1.3",
            "autoUpgradeMinorVersion": True,
            "settings": settings,
            "protectedSettings": {"Password": Parameter(DOMAIN_PASSWORD)},
        },
    }
    kind = "Microsoft.HybridCompute/machines/extensions"
    return Resource(
        "domainJoin", kind, MACHINES_VERSION, "joindomain", body, parent=machine, after=(instance,)
    )
