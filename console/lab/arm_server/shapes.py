"""The shapes that request bodies must have where the world looks into them."""

from typing import Any

from console.lab.arm_server.exchange import ArmError
from console.lab.world import arm_ids

# A dict is an object with these known members, a list an array of its item, a type itself.
Shape = dict[str, Any] | list[Any] | type

_REFERENCES: Shape = [{"id": str}]
_SSH: Shape = {"publicKeys": [{"path": str, "keyData": str}]}
_COMMON: dict[str, Any] = {
    "location": str,
    "tags": dict,
    "kind": str,
    "identity": {"type": str},
    "extendedLocation": {"type": str, "name": str},
}
_IMAGE: Shape = {
    "osType": str,
    "hyperVGeneration": str,
    "containerId": str,
    "imagePath": str,
    "identifier": {"publisher": str, "offer": str, "sku": str},
    "version": {"name": str},
}
_PROPERTIES: dict[str, Shape] = {
    arm_ids.INSTANCES: {
        "hardwareProfile": {
            "vmSize": str,
            "processors": int,
            "memoryMB": int,
            "dynamicMemoryConfig": {
                "minimumMemoryMB": int,
                "maximumMemoryMB": int,
                "targetMemoryBuffer": int,
            },
        },
        "securityProfile": {
            "securityType": str,
            "enableTPM": bool,
            "uefiSettings": {"secureBootEnabled": bool},
        },
        "osProfile": {
            "adminUsername": str,
            "adminPassword": str,
            "computerName": str,
            "windowsConfiguration": {"provisionVMAgent": bool, "ssh": _SSH},
            "linuxConfiguration": {"provisionVMAgent": bool, "ssh": _SSH},
        },
        "storageProfile": {
            "imageReference": {"id": str},
            "vmConfigStoragePathId": str,
            "dataDisks": _REFERENCES,
            "osDisk": {"osType": str, "id": str},
        },
        "networkProfile": {"networkInterfaces": _REFERENCES},
        "httpProxyConfig": {"httpProxy": str, "httpsProxy": str, "noProxy": [str]},
    },
    arm_ids.INTERFACES: {
        "ipConfigurations": [
            {"name": str, "properties": {"privateIPAddress": str, "subnet": {"id": str}}}
        ],
        "dnsSettings": {"dnsServers": [str]},
        "macAddress": str,
    },
    arm_ids.DISKS: {"diskSizeGB": int, "dynamic": bool, "containerId": str},
    arm_ids.MARKET_IMAGES: _IMAGE,
    arm_ids.CUSTOM_IMAGES: _IMAGE,
    arm_ids.NETWORKS: {
        "vmSwitchName": str,
        "subnets": [
            {
                "name": str,
                "properties": {
                    "addressPrefix": str,
                    "ipAllocationMethod": str,
                    "vlan": int,
                    "ipPools": [{"start": str, "end": str}],
                },
            }
        ],
    },
    arm_ids.CONTAINERS: {"path": str},
    arm_ids.EXTENSIONS: {"publisher": str, "type": str, "settings": dict},
}
_WORDS = {str: "a string", bool: "a boolean", int: "an integer", dict: "an object"}


def demand_shape(type_: str, body: dict[str, Any]) -> None:
    """400 with the path of the first value of a wrong kind. Null counts as not given."""
    shape = {**_COMMON, "properties": _PROPERTIES.get(type_, dict)}
    wrong = _first_wrong(shape, body, "")
    if wrong:
        raise ArmError(
            400,
            "InvalidRequestContent",
            f"The request content was invalid and could not be deserialized: {wrong}.",
        )


def _first_wrong(shape: Shape, value: Any, path: str) -> str:
    if value is None:
        return ""
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return f"'{path}' must be an object"
        found = (
            _first_wrong(inner, value.get(name), f"{path}.{name}".lstrip("."))
            for name, inner in shape.items()
        )
        return next((wrong for wrong in found if wrong), "")
    if isinstance(shape, list):
        if not isinstance(value, list):
            return f"'{path}' must be an array"
        if None in value:
            return f"'{path}' must hold no null"
        items = (_first_wrong(shape[0], item, f"{path}[{i}]") for i, item in enumerate(value))
        return next((wrong for wrong in items if wrong), "")
    is_right = isinstance(value, shape) and not (shape is int and isinstance(value, bool))
    return "" if is_right else f"'{path}' must be {_WORDS[shape]}"
