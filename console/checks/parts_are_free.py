"""Disks and interfaces that exist are free to be used, and the names of new ones are not taken."""

from console.backends import Backend
from console.checks.situation import Situation, blocks, unknown
from console.model.finding import Finding
from console.model.request import CreateVirtualMachine
from console.model.site import DataDisk, NetworkInterface

ID = "parts_are_free"
TITLE = "Its disks and interfaces are free"
DISKS, NEW_DISKS, INTERFACE, NAME = "existing_disks", "data_disks", "interface_id", "name"
_READY = "succeeded"


def on_request(request: CreateVirtualMachine, situation: Situation) -> tuple[Finding, ...]:
    spec, site = request.spec, situation.inventory.site
    disks = {disk.arm_id.lower(): disk for disk in site.data_disks}
    nics = {nic.arm_id.lower(): nic for nic in site.network_interfaces}
    group = f"/subscriptions/{spec.subscription_id}/resourceGroups/{spec.resource_group}/".lower()
    taken_disks = {one.name.casefold() for key, one in disks.items() if key.startswith(group)}
    taken_nics = {one.name.casefold() for key, one in nics.items() if key.startswith(group)}
    found: list[Finding] = []
    for disk in spec.data_disks:
        if disk.existing_id:
            found += _disk(disks.get(disk.existing_id.lower()), disk.existing_id)
        elif disk.name.casefold() in taken_disks:
            found.append(_taken("disk", disk.name, NEW_DISKS))
    for nic in spec.network_interfaces:
        if nic.existing_id:
            found += _interface(nics.get(nic.existing_id.lower()), nic.existing_id)
        elif nic.name.casefold() in taken_nics:
            found.append(_taken("network interface", nic.name, NAME))
    return tuple(found)


async def on_backend(request: CreateVirtualMachine, backend: Backend) -> tuple[Finding, ...]:
    """Azure is asked by id: what it has by now, a list that was read earlier does not tell."""
    found: list[Finding] = []
    for part, arm_id in backend.resource_ids(request.spec).items():
        kind, _, name = part.partition(":")
        if not name or await backend.find_resource(arm_id) is None:
            continue
        what, field = ("disk", NEW_DISKS) if kind == "disk" else ("network interface", NAME)
        found.append(_taken(what, name, field))
    for disk in request.spec.data_disks:
        if disk.existing_id and await backend.find_resource(disk.existing_id) is None:
            found += _disk(None, disk.existing_id)
    for nic in request.spec.network_interfaces:
        if nic.existing_id and await backend.find_resource(nic.existing_id) is None:
            found += _interface(None, nic.existing_id)
    return tuple(found)


def _taken(what: str, name: str, field: str) -> Finding:
    # Sending it would take over what somebody left or uses.
    text = f"A {what} named {name} exists already."
    return blocks(ID, text, "Choose another name, or use the one that exists.", field=field)


def _disk(disk: DataDisk | None, arm_id: str) -> tuple[Finding, ...]:
    if disk is None:
        text = f"The disk {_last(arm_id)} is not there any more."
        return (blocks(ID, text, "Choose another disk.", field=DISKS),)
    if disk.attached_vm_id:
        text = f"The disk {disk.name} is in use by {_last(disk.attached_vm_id)}."
        return (blocks(ID, text, "Detach it there first, or choose another.", field=DISKS),)
    if not disk.provisioning:
        return (unknown(ID, f"Whether the disk {disk.name} is ready is not known.", field=DISKS),)
    if disk.provisioning.lower() != _READY:
        text = f"Azure says of the disk {disk.name}: {disk.provisioning}."
        return (blocks(ID, text, "Choose a disk that is ready.", field=DISKS),)
    return ()


def _interface(nic: NetworkInterface | None, arm_id: str) -> tuple[Finding, ...]:
    if nic is None:
        text = f"The network interface {_last(arm_id)} is not there any more."
        return (blocks(ID, text, "Choose another, or a new one.", field=INTERFACE),)
    if nic.attached_vm_id:
        text = f"The network interface {nic.name} is in use by {_last(nic.attached_vm_id)}."
        return (blocks(ID, text, "Choose another, or a new one.", field=INTERFACE),)
    return ()


def _last(arm_id: str) -> str:
    return arm_id.rsplit("/", 1)[-1]
