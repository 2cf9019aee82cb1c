"""Addresses of network interfaces: from the pools of a static logical network, or by DHCP."""

import ipaddress
from collections.abc import Iterator

from console.lab.world import arm_ids
from console.lab.world.bodies import properties_of
from console.lab.world.core import World
from console.lab.world.errors import WorldError
from console.lab.world.state import ArmResource


def give_address(world: World, nic: ArmResource) -> None:
    """Fill in address, gateway, prefix length and MAC of an interface; refuses with WorldError."""
    properties = {**properties_of(nic.body)}
    configurations = []
    for number, given in enumerate(properties.get("ipConfigurations") or []):
        wanted = {**(given.get("properties") or {})}
        subnet = _subnet(world, str((wanted.get("subnet") or {}).get("id", "")))
        if subnet.get("ipAllocationMethod") == "Static":
            network = ipaddress.ip_network(str(subnet["addressPrefix"]))
            address = str(wanted.get("privateIPAddress") or "")
            taken = taken_addresses(world, without=nic.id)
            wanted["privateIPAddress"] = _checked(address, taken, network) or _free(subnet, taken)
            wanted["gateway"] = str(next(network.hosts()))
            wanted["prefixLength"] = str(network.prefixlen)
        configurations.append(
            {"name": given.get("name", f"ipconfig{number}"), "properties": wanted}
        )
    properties["ipConfigurations"] = configurations
    tail = int(world.chance("mac", nic.id.lower()) * 0xFFFFFF)
    properties.setdefault(
        "macAddress", f"00:15:5D:{tail >> 16:02X}:{tail >> 8 & 0xFF:02X}:{tail & 0xFF:02X}"
    )
    nic.body = {**nic.body, "properties": properties}


def taken_addresses(world: World, without: str = "") -> set[str]:
    """Every address that an interface of the site holds."""
    return {
        str(address)
        for resource in world.resources.values()
        if resource.type == arm_ids.INTERFACES and resource.id.lower() != without.lower()
        for configuration in properties_of(resource.body).get("ipConfigurations") or []
        if (address := (configuration.get("properties") or {}).get("privateIPAddress"))
    }


def pool_addresses(subnet: dict[str, object]) -> Iterator[str]:
    pools = subnet.get("ipPools")
    for pool in pools if isinstance(pools, list) else []:
        first = int(ipaddress.ip_address(pool["start"]))
        for number in range(first, int(ipaddress.ip_address(pool["end"])) + 1):
            yield str(ipaddress.ip_address(number))


def _subnet(world: World, network_id: str) -> dict[str, object]:
    network = world.resources.get(network_id.lower())
    if network is None or network.type != arm_ids.NETWORKS:
        raise WorldError(
            "InvalidRequest", f"logical network '{network_id}' does not exist", status=400
        )
    found: dict[str, object] = properties_of(network.body)["subnets"][0]["properties"]
    return found


def _checked(
    address: str, taken: set[str], network: ipaddress.IPv4Network | ipaddress.IPv6Network
) -> str:
    if not address:
        return ""
    try:
        is_inside = ipaddress.ip_address(address) in network
    except ValueError:
        is_inside = False
    if not is_inside:
        raise WorldError("InvalidRequest", f"{address} is not in {network}", status=400)
    if address in taken:
        raise WorldError("AddressInUse", f"{address} is already in use")
    return address


def _free(subnet: dict[str, object], taken: set[str]) -> str:
    address = next((a for a in pool_addresses(subnet) if a not in taken), None)
    if address is None:
        raise WorldError("PoolExhausted", "the logical network has no free address left")
    return address
