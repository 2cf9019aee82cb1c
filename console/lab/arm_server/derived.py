"""Resources that nobody makes or stores: told from the site whenever they are asked for."""

from collections.abc import Callable
from typing import Any

from console.lab.arm_server import served_types as served
from console.lab.world import arm_ids
from console.lab.world.bodies import iso_time
from console.lab.world.site import Site
from console.lab.world.state import WorldVm

Body = dict[str, Any]


def _body(parent: str, type_: str, name: str, properties: Body, **top: object) -> Body:
    """Extension resources hang on the parent by a provider of their own, children do not."""
    kind = type_.rsplit("/", 1)[1]
    is_child = type_.lower().startswith(arm_ids.type_of(parent).lower() + "/")
    path = f"{kind}/{name}" if is_child else f"providers/{type_}/{name}"
    return {"id": f"{parent}/{path}", "name": name, "type": type_, **top, "properties": properties}


def _vm(site: Site, instance: str) -> WorldVm | None:
    return site.vms.get(site.vm_of_instance.get(instance.lower(), ""))


def _guest_agents(site: Site, parent: str) -> list[Body]:
    vm = _vm(site, parent)
    if vm is None:
        return []
    status = "Connected" if vm.state == "Running" else "Disconnected"
    properties = {
        "provisioningAction": "install", "status": status, "provisioningState": "Succeeded",
    }  # fmt: skip
    return [_body(parent, served.GUEST_AGENTS, "default", properties)]


def _identity_metadata(site: Site, parent: str) -> list[Body]:
    vm = _vm(site, parent)
    if vm is None:
        return []
    machine = site.get_resource(arm_ids.parent_of(parent))
    identity = machine.body.get("identity") if machine is not None else None
    properties: Body = {"resourceUid": vm.vm_id, "provisioningState": "Succeeded"}
    if identity is not None:
        properties["identity"] = identity
    return [_body(parent, served.IDENTITY_METADATA, "default", properties)]


def _attestation(site: Site, parent: str) -> list[Body]:
    """Guests of Trusted launch do not attest: what only an attestation could tell is Unknown."""
    vm = _vm(site, parent)
    if vm is None:
        return []
    properties = {
        "attestSecureBootEnabled": "Enabled" if vm.secure_boot else "Disabled",
        "attestationCertValidated": "Unknown",
        "bootIntegrityValidated": "Unknown",
        "healthStatus": "Unknown",
        "timestamp": iso_time(site.now),
        "provisioningState": "Succeeded",
        "attestHardwarePlatform": "Unknown",
        "attestDiskSecurityEncryptionType": "Unknown",
    }
    return [_body(parent, served.ATTESTATION, "default", properties)]


def _arc_settings(site: Site, parent: str) -> list[Body]:
    details = [
        {
            "name": node.name,
            "arcInstance": site.settings.resource_id(arm_ids.MACHINES, node.name),
            "state": "Disconnected" if node.state == "Down" else "Connected",
        }
        for node in site.nodes.values()
    ]
    states = {detail["state"] for detail in details}
    together = states.pop() if len(states) == 1 else "PartiallyConnected"
    properties = {
        "provisioningState": "Succeeded",
        "arcInstanceResourceGroup": site.settings.resource_group,
        "arcApplicationTenantId": site.settings.tenant_id,
        "aggregateState": together,
        "perNodeDetails": details,
    }
    return [_body(parent, served.ARC_SETTINGS, "default", properties)]


def _update_summaries(site: Site, parent: str) -> list[Body]:
    properties = {
        "provisioningState": "Succeeded",
        "currentVersion": site.settings.release,
        "hardwareModel": "LS-2210",
        "packageVersions": [{"packageType": "Solution", "version": site.settings.release}],
        "lastChecked": iso_time(site.now - 3600),
        "healthState": "Success",
        "state": "AppliedSuccessfully",
    }
    top = {"location": site.settings.location}
    return [_body(parent, served.UPDATE_SUMMARIES, "default", properties, **top)]


def _edge_devices(site: Site, parent: str) -> list[Body]:
    node = site.nodes.get(arm_ids.name_of(parent))
    if node is None:
        return []
    properties = {
        "provisioningState": "Succeeded",
        "reportedProperties": {
            "deviceState": _device_state(node.state, node.drain_status),
            "hardwareProfile": {"processorType": node.processor_model},
            "lastSyncTimestamp": iso_time(site.now - 600),
        },
    }
    return [_body(parent, served.EDGE_DEVICES, "default", properties, kind="HCI")]


def _device_state(state: str, drain_status: str) -> str:
    if state == "Down":
        return "Disconnected"
    if drain_status == "InProgress":
        return "Draining"
    return "InMaintenance" if state == "Paused" else "Connected"


def _enabled_types(site: Site, parent: str) -> list[Body]:
    extension = (
        f"{site.settings.bridge_id}/providers/Microsoft.KubernetesConfiguration/extensions/vmss-hci"
    )
    properties = {
        "clusterExtensionId": extension,
        "extensionType": "microsoft.azstackhci.operator",
        "typesMetadata": [
            {
                "apiVersion": served.VM_API,
                "resourceProviderNamespace": arm_ids.HCI,
                "resourceType": "virtualMachineInstances",
            }
        ],
    }
    return [_body(parent, served.ENABLED_TYPES, "vmss-hci", properties)]


_MAKERS: dict[str, Callable[[Site, str], list[Body]]] = {
    served.GUEST_AGENTS.lower(): _guest_agents,
    served.IDENTITY_METADATA.lower(): _identity_metadata,
    served.ATTESTATION.lower(): _attestation,
    served.ARC_SETTINGS.lower(): _arc_settings,
    served.UPDATE_SUMMARIES.lower(): _update_summaries,
    served.EDGE_DEVICES.lower(): _edge_devices,
    served.ENABLED_TYPES.lower(): _enabled_types,
}


def is_derived(type_: str) -> bool:
    return type_.lower() in _MAKERS


def derived_bodies(site: Site, type_: str, parent: str) -> list[Body]:
    """All of one type on a parent, whose id is written as it was created; under the lock."""
    return _MAKERS[type_.lower()](site, parent)
