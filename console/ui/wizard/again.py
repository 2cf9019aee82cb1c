"""From a request back to a draft: to create a VM again, or the next one like the last."""

from collections.abc import Iterable

from console.checks import creation_rules as rules
from console.model.inventory import Inventory
from console.model.operation import OperationRecord, OperationState
from console.model.request import CreateVirtualMachine, VirtualMachineSpec
from console.ui.wizard import choices, flow
from console.ui.wizard.draft import DiskRow, Draft, ExistingDiskRow, TagRow

_GIB = 1024


def draft_of(spec: VirtualMachineSpec) -> Draft:
    """Everything that was asked for; passwords are in no request, so in no draft either."""
    image = choices.offer_value(spec.image) if spec.image is not None else f"id:{spec.image_id}"
    is_linux = spec.os_type.casefold() == "linux"
    guest = rules.computer_name_of(spec.name, is_linux=is_linux)
    draft = Draft(
        name=spec.name,
        subscription_id=spec.subscription_id,
        resource_group=spec.resource_group,
        custom_location_id=spec.custom_location_id,
        image=image,
        processors=spec.processors,
        memory_gib=spec.memory_mib // _GIB,
        storage_path_id=spec.storage_path_id,
        admin_username=spec.admin_username,
        computer_name="" if spec.computer_name == guest else spec.computer_name,
        ssh_keys="\n".join(spec.ssh_public_keys),
        dns_servers=", ".join(spec.dns_servers),
        guest_management=spec.guest_management,
        tags=[TagRow(name, value) for name, value in spec.tags.items()],
    )
    _take_disks(draft, spec)
    _take_network(draft, spec)
    if spec.dynamic_memory is not None:
        draft.is_dynamic = True
        draft.memory_minimum_gib = spec.dynamic_memory.minimum_mib // _GIB
        draft.memory_maximum_gib = spec.dynamic_memory.maximum_mib // _GIB
        draft.memory_buffer = spec.dynamic_memory.buffer_percent
    if spec.domain_join is not None:
        draft.joins_domain = True
        draft.domain, draft.domain_user = spec.domain_join.domain, spec.domain_join.user
        draft.organizational_unit = spec.domain_join.organizational_unit
    return draft


def _take_disks(draft: Draft, spec: VirtualMachineSpec) -> None:
    for disk in spec.data_disks:
        if disk.existing_id:
            draft.existing_disks.append(ExistingDiskRow(disk.existing_id))
        else:
            is_beside = disk.storage_path_id == spec.storage_path_id
            path = "" if is_beside else disk.storage_path_id
            name = disk.name.removeprefix(rules.disk_name_of(spec.name, ""))
            draft.data_disks.append(DiskRow(name, disk.size_gib, disk.is_dynamic, path))


def _take_network(draft: Draft, spec: VirtualMachineSpec) -> None:
    for nic in spec.network_interfaces[:1]:
        draft.interface_id = nic.existing_id
        draft.logical_network_id = nic.logical_network_id
        draft.address, draft.has_fixed_address = nic.address, bool(nic.address)
    if spec.proxy is not None:
        draft.http_proxy, draft.https_proxy = spec.proxy.http, spec.proxy.https
        draft.no_proxy = ", ".join(spec.proxy.no_proxy)
        draft.trusted_ca = spec.proxy.trusted_ca


def last_created(
    records: Iterable[OperationRecord], inventory: Inventory
) -> VirtualMachineSpec | None:
    """The newest creation that succeeded on this cluster, or None."""
    here = {one.arm_id.lower() for one in inventory.site.custom_locations}
    made = [
        (record.ended_at or 0.0, record.request.spec)
        for record in records
        if record.state is OperationState.SUCCEEDED
        and isinstance(record.request, CreateVirtualMachine)
        and record.request.spec.custom_location_id.lower() in here
    ]
    return max(made, key=lambda pair: pair[0])[1] if made else None


def next_like(spec: VirtualMachineSpec, inventory: Inventory) -> Draft:
    """A draft for another VM of this kind: without what belongs to the one VM alone.

    What is not offered any more is chosen anew, as in an empty draft.
    """
    draft = draft_of(spec)
    draft.name = draft.computer_name = draft.address = draft.interface_id = ""
    draft.has_fixed_address = False
    draft.existing_disks = []
    return usable_here(draft, inventory)


def usable_here(draft: Draft, inventory: Inventory) -> Draft:
    """Choices that this site does not offer (any more) are made anew; the draft itself."""
    for one in flow.FIELDS.values():
        offered = {choice.value for choice in one.choices(draft, inventory) if not choice.why_not}
        if one.wanted and getattr(draft, one.name) not in offered:
            setattr(draft, one.name, "")
    flow.fill_empty(draft, inventory)
    return draft
