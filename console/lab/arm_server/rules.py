"""What providers demand of a request beyond its shape: places, networks, what may be changed."""

import ipaddress
from typing import Any

from console.lab.arm_server.exchange import ArmError
from console.lab.arm_server.served_types import ServedType
from console.lab.arm_server.target import Target
from console.lab.world import arm_ids
from console.lab.world.state import ArmResource

# Below ``properties``: the provider's own word, whatever a request says.
_READ_ONLY = frozenset(
    {"status", "provisioningState", "instanceView", "vmId", "hyperVVmId", "hostNodeName",
     "hostNodeIpAddress", "networkType", "reportedProperties", "connectivityStatus"}
)  # fmt: skip
# What may be sent and is never said again.
_SECRETS = frozenset({"adminpassword", "password", "protectedsettings"})
# Properties that a PATCH takes (models of azure-mgmt-azurestackhcivm 1.0.0b1); others: tags only.
_PATCHABLE = {
    arm_ids.INSTANCES: frozenset(
        {"hardwareProfile", "storageProfile", "networkProfile", "osProfile"}
    ),
    arm_ids.INTERFACES: frozenset({"networkSecurityGroup", "dnsSettings"}),
    arm_ids.DISKS: frozenset({"diskSizeGB"}),
    arm_ids.EXTENSIONS: frozenset(
        {"publisher", "type", "typeHandlerVersion", "settings", "forceUpdateTag"}
    ),
}


def accepted_part(body: dict[str, Any]) -> dict[str, Any]:
    """The body without what a provider ignores and what it never says again."""
    given = body.get("properties") or {}
    properties = {name: item for name, item in given.items() if name not in _READ_ONLY}
    kept: dict[str, Any] = _unsecret({**body, "properties": properties})
    return kept


def patchable_part(type_: str, body: dict[str, Any]) -> dict[str, Any]:
    wanted = _PATCHABLE.get(type_, frozenset())
    given = accepted_part(body)["properties"]
    properties = {name: item for name, item in given.items() if name in wanted}
    return {**body, "properties": properties}


def _unsecret(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _unsecret(item) for name, item in value.items() if name.lower() not in _SECRETS
        }
    return [_unsecret(item) for item in value] if isinstance(value, list) else value


def demand_location(
    target: Target, served: ServedType, body: dict[str, Any], existing: ArmResource | None
) -> None:
    """A tracked resource has a place, and keeps it."""
    if not served.is_tracked:
        return
    location = _place(body.get("location"))
    if not location:
        raise ArmError(
            400, "LocationRequired", "The location property is required for this definition."
        )
    held = _place(existing.body.get("location")) if existing is not None else location
    if held != location:
        raise ArmError(
            409,
            "InvalidResourceLocation",
            f"The resource '{target.names[-1]}' already exists in location '{held}' in "
            f"resource group '{target.group}'. A resource with the same name cannot be created "
            f"in location '{location}'. Please select a new resource name.",
        )


def _place(location: object) -> str:
    return str(location or "").replace(" ", "").lower()


def with_kept_security(body: dict[str, Any], existing: ArmResource | None) -> dict[str, Any]:
    """The security of a VM is chosen when it is made: kept if not said, refused if other."""
    before = existing.body.get("properties") if existing is not None else None
    if not isinstance(before, dict) or before.get("provisioningState") == "Failed":
        return body
    held = before.get("securityProfile")
    given = body.get("properties") or {}
    wanted = given.get("securityProfile", held)
    if wanted != held:
        raise ArmError(
            409,
            "PropertyChangeNotAllowed",
            "Changing property 'securityProfile' is not allowed.",
        )
    return body if held is None else {**body, "properties": {**given, "securityProfile": held}}


def demand_usable_network(body: dict[str, Any]) -> None:
    """A logical network has subnets, and static ones addresses."""
    subnets = (body.get("properties") or {}).get("subnets")
    if not subnets:
        raise _no_network("at least one subnet is required")
    for subnet in subnets:
        properties = subnet.get("properties")
        if not properties:
            raise _no_network("a subnet has no properties")
        if properties.get("ipAllocationMethod") != "Static":
            continue
        try:
            ipaddress.ip_network(properties.get("addressPrefix", ""))
            for pool in properties.get("ipPools") or []:
                for end in ("start", "end"):
                    ipaddress.ip_address(pool.get(end, ""))
        except ValueError as error:
            raise _no_network(str(error)) from error


def _no_network(why: str) -> ArmError:
    return ArmError(400, "InvalidRequest", f"The logical network cannot be used: {why}.")
