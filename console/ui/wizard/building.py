"""From a draft to the request, and to the secrets that travel beside it."""

from collections.abc import Mapping

from console.checks import creation_rules as rules
from console.model.inventory import Inventory
from console.model.request import (
    CreateVirtualMachine,
    DataDiskSpec,
    DomainJoinSpec,
    DynamicMemorySpec,
    NetworkInterfaceSpec,
    ProxySpec,
    SecretField,
    VirtualMachineSpec,
)
from console.ui.wizard import choices, flow
from console.ui.wizard.draft import Draft


def build_request(draft: Draft, inventory: Inventory) -> CreateVirtualMachine:
    """The request that the draft asks for. Never raises: a wrong draft makes a wrong request."""
    location = next(
        (c for c in inventory.site.custom_locations if c.arm_id == draft.custom_location_id), None
    )
    offer = choices.offer_of(draft, inventory)
    is_linux = choices.is_linux(draft, inventory)
    is_new_interface = not draft.interface_id
    spec = VirtualMachineSpec(
        name=draft.name,
        subscription_id=draft.subscription_id,
        resource_group=draft.resource_group,
        # Everything that belongs to the VM has to lie in the custom location's region.
        location=location.location if location is not None else "",
        custom_location_id=draft.custom_location_id,
        image_id=choices.image_id_of(draft),
        image=offer.reference if offer is not None else None,
        os_type=choices.os_type_of(draft, inventory),
        secure_boot=draft.secure_boot,
        vtpm=draft.vtpm,
        processors=draft.processors,
        memory_mib=draft.memory_gib * 1024,
        dynamic_memory=_dynamic_memory(draft),
        storage_path_id=draft.storage_path_id,
        data_disks=_disks(draft),
        computer_name=draft.computer_name or rules.computer_name_of(draft.name, is_linux=is_linux),
        admin_username=draft.admin_username,
        ssh_public_keys=tuple(rules.key_lines(draft.ssh_keys)) if is_linux else (),
        domain_join=DomainJoinSpec(draft.domain, draft.domain_user, draft.organizational_unit)
        if draft.joins_domain and not is_linux
        else None,
        network_interfaces=(_interface(draft, inventory),),
        # An interface that exists has its own servers.
        dns_servers=tuple(rules.listed(draft.dns_servers)) if is_new_interface else (),
        proxy=_proxy(draft),
        guest_management=draft.guest_management,
        tags={row.name: row.value for row in draft.tags},
    )
    return CreateVirtualMachine(spec)


def secrets_to_send(spec: VirtualMachineSpec, secrets: Mapping[str, str]) -> dict[str, str]:
    """Only what the request needs, by ``SecretField``; with keys there may be no password."""
    sent = {}
    password = secrets.get(SecretField.ADMIN_PASSWORD, "")
    if password or not spec.ssh_public_keys:
        sent[SecretField.ADMIN_PASSWORD.value] = password
    if spec.domain_join is not None:
        name = SecretField.DOMAIN_PASSWORD
        sent[name.value] = secrets.get(name, "")
    return sent


def _interface(draft: Draft, inventory: Inventory) -> NetworkInterfaceSpec:
    if draft.interface_id:
        return NetworkInterfaceSpec(existing_id=draft.interface_id)
    return NetworkInterfaceSpec(
        name=rules.interface_name_of(draft.name),
        logical_network_id=draft.logical_network_id,
        address=draft.address.strip() if flow.has_fixed_address(draft, inventory) else "",
    )


def _dynamic_memory(draft: Draft) -> DynamicMemorySpec | None:
    if not draft.is_dynamic:
        return None
    return DynamicMemorySpec(
        draft.memory_minimum_gib * 1024, draft.memory_maximum_gib * 1024, draft.memory_buffer
    )


def _disks(draft: Draft) -> tuple[DataDiskSpec, ...]:
    new = (
        DataDiskSpec(
            name=rules.disk_name_of(draft.name, row.name),
            size_gib=row.size_gib,
            is_dynamic=row.is_dynamic,
            storage_path_id=row.storage_path_id or draft.storage_path_id,
        )
        for row in draft.data_disks
    )
    existing = (DataDiskSpec(existing_id=row.arm_id) for row in draft.existing_disks if row.arm_id)
    return (*new, *existing)


def _proxy(draft: Draft) -> ProxySpec | None:
    exceptions = tuple(rules.listed(draft.no_proxy))
    authority = draft.trusted_ca.strip()
    if not (draft.http_proxy or draft.https_proxy or exceptions or authority):
        return None
    return ProxySpec(draft.http_proxy, draft.https_proxy, exceptions, authority)
