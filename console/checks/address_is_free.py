"""Chosen addresses lie in their network's range and pool, and nobody known holds them."""

import ipaddress

from console.checks.situation import Situation, blocks
from console.model.finding import Finding
from console.model.request import CreateVirtualMachine, NetworkInterfaceSpec
from console.model.site import LogicalNetwork

ID = "address_is_free"
TITLE = "The address is free"
_FIELD = "network"


def on_request(request: CreateVirtualMachine, situation: Situation) -> tuple[Finding, ...]:
    networks = {n.arm_id.lower(): n for n in situation.inventory.site.logical_networks}
    findings: list[Finding] = []
    for nic in request.spec.network_interfaces:
        if nic.existing_id:
            continue
        network = networks.get(nic.logical_network_id.lower())
        if network is None:
            text = "The chosen logical network was not found."
            findings.append(blocks(ID, text, "Choose one from the list.", field=_FIELD))
        elif nic.address:
            why = why_not(nic, network)
            if why:
                findings.append(blocks(ID, why, "Choose another address.", field=_FIELD))
    return tuple(findings)


def why_not(nic: NetworkInterfaceSpec, network: LogicalNetwork) -> str:
    """Why this address cannot be had on this network; empty if it can."""
    try:
        address = ipaddress.ip_address(nic.address)
        subnet = ipaddress.ip_network(network.address_prefix, strict=False)
    except ValueError:
        return f"{nic.address} is not an address of {network.name}."
    if address not in subnet:
        return f"{nic.address} is outside {network.name} ({network.address_prefix})."
    if nic.address in network.used_addresses:
        return f"{nic.address} is in use on {network.name}."
    try:
        pools = [
            (ipaddress.ip_address(pool.start), ipaddress.ip_address(pool.end))
            for pool in network.pools
        ]
    except ValueError:
        return f"The address pools of {network.name} cannot be read."
    if pools and not any(
        start.version == address.version and int(start) <= int(address) <= int(end)
        for start, end in pools
    ):
        return f"{nic.address} is in no address pool of {network.name}."
    return ""
