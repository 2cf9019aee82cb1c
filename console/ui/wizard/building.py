"""From a draft to the request, and to the secrets that travel beside it."""

from collections.abc import Mapping

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
from console.ui.wizard import choices, flow, rules
from console.ui.wizard.draft import Draft


def build_request(draft: Draft, inventory: Inventory) -> CreateVirtualMachine:
    """The request that the draft asks for. Never raises: a wrong draft makes a wrong request."""
    location = next(
        (c for c in inventory.site.custom_locations if c.arm_id == draft.custom_location_id), None
    )
    offer = choices.offer_of(draft, inventory)
    spec = VirtualMachineSpec(
        name=draft.name,
        subscription_id=draft.subscription_id,
        resource_group=draft.resource_group,
        # Everything that belongs to the VM has to lie in the custom location's region.
        location=location.location if location is not None else "",
        custom_location_id=draft.custom_location_id,
        image_id=choices.image_id_of(draft),
        image=offer.reference if offer is not None else None,
        os_type=_os_type(draft, inventory),
        secure_boot=draft.secure_boot,
        vtpm=draft.vtpm,
        processors=draft.processors,
        memory_mib=draft.memory_gib * 1024,
        dynamic_memory=_dynamic_memory(draft),
        storage_path_id=draft.storage_path_id,
        data_disks=_disks(draft),
        computer_name=draft.computer_name or rules.computer_name_of(draft.name),
        admin_username=draft.admin_username,
        domain_join=DomainJoinSpec(draft.domain, draft.domain_user, draft.organizational_unit)
        if draft.joins_domain
        else None,
        network_interfaces=(
            NetworkInterfaceSpec(
                name=rules.interface_name_of(draft.name),
                logical_network_id=draft.logical_network_id,
                address=draft.address.strip() if flow.has_fixed_address(draft, inventory) else "",
            ),
        ),
        dns_servers=tuple(rules.listed(draft.dns_servers)),
        proxy=_proxy(draft),
        guest_management=draft.guest_management,
        tags={row.name: row.value for row in draft.tags},
    )
    return CreateVirtualMachine(spec)


def secrets_to_send(draft: Draft, secrets: Mapping[str, str]) -> dict[str, str]:
    """Only what the request needs, by ``SecretField``."""
    sent = {SecretField.ADMIN_PASSWORD.value: secrets.get(SecretField.ADMIN_PASSWORD, "")}
    if draft.joins_domain:
        name = SecretField.DOMAIN_PASSWORD
        sent[name.value] = secrets.get(name, "")
    return sent


def _os_type(draft: Draft, inventory: Inventory) -> str:
    offer = choices.offer_of(draft, inventory)
    if offer is not None:
        return offer.os_type
    wanted = choices.image_id_of(draft)
    image = next((one for one in inventory.site.images if one.arm_id == wanted), None)
    return (image.os_type if image is not None else "") or "Windows"


def _dynamic_memory(draft: Draft) -> DynamicMemorySpec | None:
    if not draft.is_dynamic:
        return None
    return DynamicMemorySpec(
        draft.memory_minimum_gib * 1024, draft.memory_maximum_gib * 1024, draft.memory_buffer
    )


def _disks(draft: Draft) -> tuple[DataDiskSpec, ...]:
    return tuple(
        DataDiskSpec(
            name=rules.disk_name_of(draft.name, row.name),
            size_gib=row.size_gib,
            is_dynamic=row.is_dynamic,
            storage_path_id=row.storage_path_id or draft.storage_path_id,
        )
        for row in draft.data_disks
    )


def _proxy(draft: Draft) -> ProxySpec | None:
    if not (draft.http_proxy or draft.https_proxy):
        return None
    return ProxySpec(draft.http_proxy, draft.https_proxy, tuple(rules.listed(draft.no_proxy)))
