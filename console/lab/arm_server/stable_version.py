"""Answers in the stable api-version 2024-01-01: without what only the preview has."""

from typing import Any

from console.lab.world import arm_ids

# Paths below ``properties``, from the published types of both versions.
_ONLY_IN_PREVIEW: dict[str, tuple[str, ...]] = {
    arm_ids.INSTANCES.lower(): (
        "hardwareProfile.virtualMachineGPUs", "placementProfile", "createFromLocal",
        "storageProfile.osDisk.managedDisk", "hyperVVmId", "hostNodeName", "hostNodeIpAddress",
    ),
    arm_ids.NETWORKS.lower(): ("networkType",),
    arm_ids.INTERFACES.lower(): ("createFromLocal", "networkSecurityGroup"),
    arm_ids.CUSTOM_IMAGES.lower(): ("sourceVirtualMachineId",),
    arm_ids.DISKS.lower(): (
        "downloadUrl", "createFromLocal", "maxShares", "status.downloadStatus",
        "status.uploadStatus", "status.managedBy", "status.uniqueId",
    ),
}  # fmt: skip


def as_stable(type_: str, body: dict[str, Any]) -> dict[str, Any]:
    """A copy of the body; the one that was given stays as it is."""
    properties = body.get("properties")
    if not isinstance(properties, dict):
        return body
    for path in _ONLY_IN_PREVIEW.get(type_.lower(), ()):
        properties = _without(properties, path.split("."))
    return {**body, "properties": properties}


def _without(value: dict[str, Any], path: list[str]) -> dict[str, Any]:
    name, *rest = path
    if name not in value:
        return value
    if not rest:
        return {key: item for key, item in value.items() if key != name}
    inner = value[name]
    return {**value, name: _without(inner, rest)} if isinstance(inner, dict) else value
