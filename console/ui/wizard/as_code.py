"""The request as code: ARM template, Bicep and Azure CLI. Secrets are parameters, never values."""

import json
from typing import Any

from console.model.request import VirtualMachineSpec

MACHINES_VERSION = "2026-07-15"
INSTANCE_VERSION = "2025-06-01-preview"
_NICS = "Microsoft.AzureStackHCI/networkInterfaces"
_PASSWORD = "adminPassword"  # noqa: S105 - a parameter's name


def instance_properties(spec: VirtualMachineSpec, password: str) -> dict[str, Any]:
    """Properties of virtualMachineInstances/default; ``password`` is an expression, no value."""
    hardware: dict[str, Any] = {
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
    storage: dict[str, Any] = {
        "imageReference": {"id": spec.image_id or "<id of the downloaded image>"},
        "vmConfigStoragePathId": spec.storage_path_id,
    }
    if spec.data_disks:
        group = f"/subscriptions/{spec.subscription_id}/resourceGroups/{spec.resource_group}"
        storage["dataDisks"] = [
            {"id": f"{group}/providers/Microsoft.AzureStackHCI/virtualHardDisks/{disk.name}"}
            for disk in spec.data_disks
        ]
    return {
        "hardwareProfile": hardware,
        "securityProfile": {
            "securityType": "TrustedLaunch",
            "enableTPM": spec.vtpm,
            "uefiSettings": {"secureBootEnabled": spec.secure_boot},
        },
        "osProfile": {
            "computerName": spec.computer_name or spec.name,
            "adminUsername": spec.admin_username,
            "adminPassword": password,
            "windowsConfiguration": {
                "provisionVMAgent": spec.guest_management,
                "provisionVMConfigAgent": True,
            },
        },
        "storageProfile": storage,
        "networkProfile": {"networkInterfaces": [{"id": nic} for nic in _interface_ids(spec)]},
    }


def _interface_ids(spec: VirtualMachineSpec) -> list[str]:
    group = f"/subscriptions/{spec.subscription_id}/resourceGroups/{spec.resource_group}"
    return [
        nic.existing_id or f"{group}/providers/Microsoft.AzureStackHCI/networkInterfaces/{nic.name}"
        for nic in spec.network_interfaces
    ]


def _interface(spec: VirtualMachineSpec, at: int) -> dict[str, Any]:
    nic = spec.network_interfaces[at]
    properties: dict[str, Any] = {"subnet": {"id": nic.logical_network_id}}
    if nic.address:
        properties["privateIPAddress"] = nic.address
    return {
        "name": nic.name,
        "location": spec.location,
        "extendedLocation": {"type": "CustomLocation", "name": spec.custom_location_id},
        "properties": {"ipConfigurations": [{"name": "ipconfig1", "properties": properties}]},
    }


def arm_template(spec: VirtualMachineSpec) -> str:
    """A deployment template, schema 2019-04-01."""
    location = {"type": "CustomLocation", "name": spec.custom_location_id}
    scope = f"[resourceId('Microsoft.HybridCompute/machines', '{spec.name}')]"
    resources: list[dict[str, Any]] = [
        {
            "type": "Microsoft.AzureStackHCI/networkInterfaces",
            "apiVersion": INSTANCE_VERSION,
            **_interface(spec, at),
        }
        for at, nic in enumerate(spec.network_interfaces)
        if not nic.existing_id
    ]
    resources += [
        {
            "type": "Microsoft.HybridCompute/machines",
            "apiVersion": MACHINES_VERSION,
            "name": spec.name,
            "location": spec.location,
            "kind": "HCI",
            "identity": {"type": "SystemAssigned"},
            "tags": spec.tags,
        },
        {
            "type": "Microsoft.AzureStackHCI/virtualMachineInstances",
            "apiVersion": INSTANCE_VERSION,
            "name": "default",
            "scope": scope,
            "extendedLocation": location,
            "properties": instance_properties(spec, f"[parameters('{_PASSWORD}')]"),
            "dependsOn": [
                scope,
                *(
                    f"[resourceId('Microsoft.AzureStackHCI/networkInterfaces', '{nic.name}')]"
                    for nic in spec.network_interfaces
                    if not nic.existing_id
                ),
            ],
        },
    ]
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {_PASSWORD: {"type": "secureString"}},
        "resources": resources,
    }
    return json.dumps(template, indent=2)


def _bicep_value(value: Any, depth: int) -> str:
    pad = "  " * (depth + 1)
    if isinstance(value, dict):
        rows = "\n".join(
            f"{pad}{_bicep_key(key)}: {_bicep_value(item, depth + 1)}"
            for key, item in value.items()
        )
        return "{\n" + rows + "\n" + "  " * depth + "}" if value else "{}"
    if isinstance(value, list):
        rows = "\n".join(f"{pad}{_bicep_value(item, depth + 1)}" for item in value)
        return "[\n" + rows + "\n" + "  " * depth + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, _Symbol):
        return str(value)
    return "'" + _bicep_text(str(value)) + "'"


def _bicep_text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("${", "\\${")
    return escaped.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")


def _bicep_key(key: str) -> str:
    is_plain = key.isidentifier() and key.isascii()
    return key if is_plain else "'" + _bicep_text(key) + "'"


class _Symbol(str):
    """A name in Bicep, not a text."""


def bicep(spec: VirtualMachineSpec) -> str:
    """The same as Bicep."""
    parts = ["@secure()", f"param {_PASSWORD} string", ""]
    names = []
    for at, nic in enumerate(spec.network_interfaces):
        if not nic.existing_id:
            names.append(f"nic{at}")
            parts += [
                f"resource nic{at} '{_NICS}@{INSTANCE_VERSION}' = "
                + _bicep_value(_interface(spec, at), 0),
                "",
            ]
    machine = {
        "name": spec.name,
        "location": spec.location,
        "kind": "HCI",
        "identity": {"type": "SystemAssigned"},
        "tags": spec.tags,
    }
    instance: dict[str, Any] = {
        "name": "default",
        "scope": _Symbol("machine"),
        "extendedLocation": {"type": "CustomLocation", "name": spec.custom_location_id},
        "properties": instance_properties(spec, _Symbol(_PASSWORD)),
    }
    if names:
        instance["dependsOn"] = [_Symbol(name) for name in names]
    parts += [
        f"resource machine 'Microsoft.HybridCompute/machines@{MACHINES_VERSION}' = "
        + _bicep_value(machine, 0),
        "",
        f"resource vm 'Microsoft.AzureStackHCI/virtualMachineInstances@{INSTANCE_VERSION}' = "
        + _bicep_value(instance, 0),
    ]
    return "\n".join(parts) + "\n"


def cli(spec: VirtualMachineSpec) -> str:
    """Azure CLI for bash. The password is asked by the command itself: it is left out."""
    lines = []
    for nic in spec.network_interfaces:
        if nic.existing_id:
            continue
        words = [
            "az stack-hci-vm network nic create",
            *_common(spec),
            f"--name {_quoted(nic.name)}",
        ]
        words.append(f"--subnet-id {_quoted(nic.logical_network_id)}")
        if nic.address:
            words.append(f"--ip-address {_quoted(nic.address)}")
        lines.append(" \\\n  ".join(words))
    for disk in spec.data_disks:
        if disk.existing_id:
            continue
        words = ["az stack-hci-vm disk create", *_common(spec), f"--name {_quoted(disk.name)}"]
        words.append(f"--size-gb {disk.size_gib}")
        lines.append(" \\\n  ".join(words))
    words = [
        "az stack-hci-vm create",
        *_common(spec),
        f"--name {_quoted(spec.name)}",
        f"--image {_quoted(spec.image_id or '<id of the downloaded image>')}",
        f"--admin-username {_quoted(spec.admin_username)}",
        f"--computer-name {_quoted(spec.computer_name or spec.name)}",
        f'--hardware-profile processors="{spec.processors}" memory-mb="{spec.memory_mib}"',
        f"--storage-path-id {_quoted(spec.storage_path_id)}",
        f"--security-type TrustedLaunch --enable-vtpm {str(spec.vtpm).lower()} "
        f"--enable-secure-boot {str(spec.secure_boot).lower()}",
        "--nics " + " ".join(_quoted(nic) for nic in _interface_ids(spec)),
        f"--enable-agent {str(spec.guest_management).lower()}",
    ]
    if spec.data_disks:
        words.append("--attach-data-disks " + " ".join(_quoted(d.name) for d in spec.data_disks))
    if spec.tags:
        pairs = (_quoted(f"{name}={value}") for name, value in spec.tags.items())
        words.append("--tags " + " ".join(pairs))
    lines.append(" \\\n  ".join(words))
    return "\n\n".join(lines) + "\n"


def _common(spec: VirtualMachineSpec) -> list[str]:
    return [
        f"--subscription {_quoted(spec.subscription_id)}",
        f"--resource-group {_quoted(spec.resource_group)}",
        f"--custom-location {_quoted(spec.custom_location_id)}",
        f"--location {_quoted(spec.location)}",
    ]


def _quoted(text: str) -> str:
    """One word for bash, whatever it holds."""
    return "'" + text.replace("'", "'\\''") + "'"
