"""Chosen addresses lie in their network's range and pool, are asked for once and held by nobody."""

import ipaddress

from console.checks import creation_rules as rules
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
    asked: set[tuple[str, str]] = set()
    for nic in request.spec.network_interfaces:
        if nic.existing_id:
            continue
        network = networks.get(nic.logical_network_id.lower())
        if network is None:
            text = "The chosen logical network was not found."
            findings.append(blocks(ID, text, "Choose one from the list.", field=_FIELD))
        elif nic.address:
            why = why_not(nic, network)
            mark = (network.arm_id, _plain(nic.address))
            if not why and mark in asked:
                why = f"{nic.address} is asked for twice in this request."
            asked.add(mark)
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
    if _is_used(str(address), network):
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
    return rules.host_address(nic.address, network.address_prefix)


def _is_used(address: str, network: LogicalNetwork) -> bool:
    if address in network.used_addresses:
        return True
    # IPv6 has many spellings of one address; IPv4 has one, and thousands need no second look.
    return ":" in address and any(_plain(one) == address for one in network.used_addresses)


def _plain(address: str) -> str:
    """One spelling an address: IPv6 has many."""
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return address
