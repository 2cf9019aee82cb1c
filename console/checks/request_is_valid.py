"""Every part of the request holds what Azure, Windows and Linux allow; the same rules as typing."""

from collections.abc import Iterator

from console.checks import creation_rules as rules
from console.checks.situation import Situation, blocks
from console.model.finding import Finding
from console.model.request import CreateVirtualMachine, VirtualMachineSpec

ID = "request_is_valid"
TITLE = "Every part of the request is allowed"
_GIB = 1024


def on_request(request: CreateVirtualMachine, situation: Situation) -> tuple[Finding, ...]:
    wrong = wrong_parts(request.spec, situation.inventory.cluster.os_build)
    return tuple(blocks(ID, text, field=field) for field, text in wrong.items())


def wrong_parts(spec: VirtualMachineSpec, os_build: str) -> dict[str, str]:
    """Sentences by the wizard's field; the first of each field counts. Needs nothing of a site."""
    found: dict[str, str] = {}
    for field, text in _judged(spec, os_build):
        if text:
            found.setdefault(field, text)
    return found


def is_linux(spec: VirtualMachineSpec) -> bool:
    return spec.os_type.casefold() == "linux"


def _judged(spec: VirtualMachineSpec, os_build: str) -> Iterator[tuple[str, str]]:
    yield "name", rules.vm_name(spec.name)
    yield from _size(spec, os_build)
    yield "data_disks", rules.data_disks([one for one in spec.data_disks if not one.existing_id])
    yield "existing_disks", _twice([one.existing_id for one in spec.data_disks], "disk")
    if len(spec.data_disks) > rules.MOST_DISKS:
        yield "data_disks", f"A VM takes {rules.MOST_DISKS} data disks at most."
    yield from _guest(spec)
    yield from _network(spec)
    yield "tags", rules.tags(spec.tags.items())


def _size(spec: VirtualMachineSpec, os_build: str) -> Iterator[tuple[str, str]]:
    limits = rules.processors_limits(os_build)
    yield "processors", rules.number(spec.processors, limits, "processors")
    start = spec.memory_mib // _GIB
    yield "memory_gib", rules.number(start, rules.MEMORY_GIB, "GiB")
    dynamic = spec.dynamic_memory
    if dynamic is None:
        return
    low, high = dynamic.minimum_mib // _GIB, dynamic.maximum_mib // _GIB
    yield "memory_buffer", rules.number(dynamic.buffer_percent, rules.BUFFER_PERCENT, "per cent")
    yield "memory_minimum_gib", rules.number(low, rules.MEMORY_GIB, "GiB")
    yield "memory_maximum_gib", rules.number(high, rules.MEMORY_GIB, "GiB")
    if low > start:
        yield "memory_minimum_gib", f"Not more than the {start} GiB that it starts with."
    if high < start:
        yield "memory_maximum_gib", f"Not less than the {start} GiB that it starts with."


def _guest(spec: VirtualMachineSpec) -> Iterator[tuple[str, str]]:
    linux = is_linux(spec)
    yield "admin_username", rules.user_name(spec.admin_username, is_linux=linux)
    guest = spec.computer_name or rules.computer_name_of(spec.name, is_linux=linux)
    yield "computer_name", rules.computer_name(guest, is_linux=linux)
    yield "ssh_keys", rules.ssh_keys(spec.ssh_public_keys)
    if spec.ssh_public_keys and not linux:
        yield "ssh_keys", "Keys are for Linux guests; this image is Windows."
    join = spec.domain_join
    if join is None:
        return
    if linux:
        yield "joins_domain", "Only Windows joins a domain at creation."
    yield "domain", rules.domain(join.domain)
    yield "organizational_unit", rules.organizational_unit(join.organizational_unit)
    yield "domain_user", rules.domain_user(join.user)


def _network(spec: VirtualMachineSpec) -> Iterator[tuple[str, str]]:
    nics = spec.network_interfaces
    if len(nics) > rules.MOST_INTERFACES:
        text = f"A VM takes {rules.MOST_INTERFACES} network interfaces; these are {len(nics)}."
        yield "interface_id", text
    yield "interface_id", _twice([one.existing_id for one in nics], "network interface")
    yield "interface_id", _twice([one.name.casefold() for one in nics], "name of an interface")
    if spec.guest_management and not nics:
        yield "guest_management", "Guest management needs a network interface."
    yield "dns_servers", rules.addresses(" ".join(spec.dns_servers))
    proxy = spec.proxy
    if proxy is None:
        return
    yield "http_proxy", rules.proxy(proxy.http)
    yield "https_proxy", rules.proxy(proxy.https)
    yield "no_proxy", rules.no_proxy(proxy.no_proxy)
    yield "trusted_ca", rules.trusted_ca(proxy.trusted_ca)
    if not (proxy.http or proxy.https):
        if proxy.no_proxy:
            yield "no_proxy", "There is no proxy to make exceptions from."
        if proxy.trusted_ca:
            yield "trusted_ca", "There is no proxy that would need a certificate."


def _twice(ids: list[str], what: str) -> str:
    named = [one.lower() for one in ids if one]
    return f"The same {what} is named twice." if len(set(named)) < len(named) else ""
