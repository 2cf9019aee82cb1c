"""The request in words and as code: ARM, Bicep, Terraform, Azure CLI. Secrets are parameters."""

import json
from collections.abc import Callable
from typing import Any

from console.model.request import VirtualMachineSpec
from console.ui.wizard.as_commands import bash, powershell
from console.ui.wizard.as_resources import (
    IdOf,
    Parameter,
    Resource,
    parameters,
    resources,
)
from console.ui.wizard.as_terraform import terraform

_SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


def in_words(spec: VirtualMachineSpec) -> list[tuple[str, str]]:
    """What is to be made, as label and text; what was typed stands as it was typed."""
    image = _last(spec.image_id)
    if spec.image is not None:
        image = f"{spec.image.offer} {spec.image.sku}, downloaded first"
    memory = f"{spec.memory_mib // 1024} GiB memory"
    if spec.dynamic_memory is not None:
        low, high = spec.dynamic_memory.minimum_mib, spec.dynamic_memory.maximum_mib
        memory += f" at start, dynamic from {low // 1024} to {high // 1024} GiB"
    disks = [
        f"{_last(disk.existing_id)} (exists)"
        if disk.existing_id
        else f"{disk.name} {disk.size_gib} GiB"
        for disk in spec.data_disks
    ]
    networks = (
        f"{_last(nic.existing_id)} (exists)"
        if nic.existing_id
        else f"{_last(nic.logical_network_id)}, {nic.address or 'address from the network'}"
        for nic in spec.network_interfaces
    )
    keys = f", {len(spec.ssh_public_keys)} SSH keys" if spec.ssh_public_keys else ""
    joins = f", joins {spec.domain_join.domain}" if spec.domain_join is not None else ""
    who = f"{spec.admin_username}{keys}{joins}"
    where = f"{_last(spec.custom_location_id)}, resource group {spec.resource_group}"
    told = [
        ("Name", spec.name),
        ("Security", "Trusted launch with Secure Boot and vTPM"),
        ("Where", f"{where}, {spec.location}"),
        ("Image", image),
        ("Size", f"{spec.processors} processors, {memory}"),
        ("Storage", ", ".join([_last(spec.storage_path_id), *disks])),
        ("Guest", f"computer {spec.computer_name}, administrator {who}"),
        ("Network", "; ".join(networks)),
    ]
    if spec.tags:
        told.append(("Tags", ", ".join(f"{name}={text}" for name, text in spec.tags.items())))
    return told


def _last(arm_id: str) -> str:
    return arm_id.rsplit("/", 1)[-1]


# -- ARM template ------------------------------------------------------------------------------
def arm_template(spec: VirtualMachineSpec) -> str:
    """A deployment template for the resource group, schema 2019-04-01."""
    template = {
        "$schema": _SCHEMA,
        "contentVersion": "1.0.0.0",
        "parameters": {name: {"type": "secureString"} for name in parameters(spec)},
        "resources": [_arm_resource(resource) for resource in resources(spec)],
    }
    return json.dumps(template, indent=2, ensure_ascii=False) + "\n"


def _arm_resource(resource: Resource) -> dict[str, Any]:
    written: dict[str, Any] = {
        "type": resource.type,
        "apiVersion": resource.version,
        "name": _arm_text(resource.name),
    }
    if resource.parent is not None:
        written["name"] = f"{resource.parent.name}/{resource.name}"
    if resource.scope is not None:
        written["scope"] = f"{resource.scope.type}/{resource.scope.name}"
    written.update(_arm_value(resource.body))
    owner = resource.scope or resource.parent
    before = [*([owner] if owner is not None else []), *resource.after]
    if before:
        written["dependsOn"] = [_arm_id(one) for one in before]
    return written


def _arm_id(resource: Resource) -> str:
    if resource.scope is not None:
        within = _arm_id(resource.scope)[1:-1]
        return f"[extensionResourceId({within}, '{resource.type}', '{resource.name}')]"
    # A quote inside a text of an expression is doubled.
    name = resource.name.replace("'", "''")
    return f"[resourceId('{resource.type}', '{name}')]"


def _arm_value(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _arm_value(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_arm_value(item) for item in value]
    if isinstance(value, Parameter):
        return f"[parameters('{value.name}')]"
    if isinstance(value, IdOf):
        return _arm_id(value.resource)
    return _arm_text(value) if isinstance(value, str) else value


def _arm_text(text: str) -> str:
    """A text that begins with a bracket would be taken for an expression."""
    return f"[{text}" if text.startswith("[") else text


# -- Bicep -------------------------------------------------------------------------------------
def bicep(spec: VirtualMachineSpec) -> str:
    """The same as Bicep."""
    parts = [f"@secure()\nparam {name} string\n" for name in parameters(spec)]
    for resource in resources(spec):
        body: dict[str, Any] = {"name": resource.name}
        for word, owner in (("scope", resource.scope), ("parent", resource.parent)):
            if owner is not None:
                body[word] = _Symbol(owner.symbol)
        body.update(resource.body)
        hidden = [one for one in resource.after if not _mentions(resource.body, one)]
        if hidden:
            body["dependsOn"] = [_Symbol(one.symbol) for one in hidden]
        head = f"resource {resource.symbol} '{resource.type}@{resource.version}' = "
        parts.append(head + _bicep_value(body, 0) + "\n")
    return "\n".join(parts)


class _Symbol(str):
    """A name in Bicep, not a text."""


def _mentions(value: Any, resource: Resource) -> bool:
    if isinstance(value, dict):
        return any(_mentions(item, resource) for item in value.values())
    if isinstance(value, list):
        return any(_mentions(item, resource) for item in value)
    return isinstance(value, IdOf) and value.resource is resource


def _bicep_value(value: Any, depth: int) -> str:
    pad, end = "  " * (depth + 1), "  " * depth
    if isinstance(value, dict):
        rows = "".join(
            f"{pad}{_bicep_key(key)}: {_bicep_value(item, depth + 1)}\n"
            for key, item in value.items()
        )
        return "{\n" + rows + end + "}" if rows else "{}"
    if isinstance(value, list):
        rows = "".join(f"{pad}{_bicep_value(item, depth + 1)}\n" for item in value)
        return "[\n" + rows + end + "]" if rows else "[]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | _Symbol):
        return str(value)
    if isinstance(value, Parameter):
        return value.name
    if isinstance(value, IdOf):
        return f"{value.resource.symbol}.id"
    return "'" + _bicep_text(str(value)) + "'"


def _bicep_text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("${", "\\${")
    return escaped.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")


def _bicep_key(key: str) -> str:
    is_plain = key.isidentifier() and key.isascii()
    return key if is_plain else "'" + _bicep_text(key) + "'"


# Tabs of the review page, in this order.
LANGUAGES: dict[str, Callable[[VirtualMachineSpec], str]] = {
    "ARM JSON": arm_template,
    "Bicep": bicep,
    "Terraform": terraform,
    "Azure CLI, bash": bash,
    "Azure CLI, PowerShell": powershell,
}
