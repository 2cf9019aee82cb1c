"""The account may do in Azure everything that this creation does, each at its own scope."""

from collections.abc import Iterator

from console.backends import Backend, Permission
from console.backends.rights import is_granted
from console.checks.situation import Situation, blocks, note
from console.model.finding import Finding
from console.model.request import CreateVirtualMachine, VirtualMachineSpec

ID = "rights_suffice"
TITLE = "The account may create it"
_SOURCE = "Use Role-based Access Control to manage Azure Local VMs (20 March 2025)"
_HCI, _HYBRID = "Microsoft.AzureStackHCI", "Microsoft.HybridCompute"
# Right, where it is needed, the wizard's field, and what it is for.
Need = tuple[str, str, str, str]


def on_request(request: CreateVirtualMachine, situation: Situation) -> tuple[Finding, ...]:
    """Nothing that was read tells rights: they are asked for."""
    return ()


async def on_backend(request: CreateVirtualMachine, backend: Backend) -> tuple[Finding, ...]:
    found: list[Finding] = []
    known: dict[str, tuple[Permission, ...] | None] = {}
    for right, scope, field, what in needs(request.spec):
        if scope not in known:
            known[scope] = await backend.permissions(scope)
        granted = known[scope]
        if granted is None:
            continue
        if not is_granted(right, granted):
            text = f"This account may not {what} ({_name(scope)}): Azure grants it no {right}."
            remedy = "Ask for the role Azure Stack HCI VM Contributor or Administrator."
            found.append(blocks(ID, text, remedy, field=field, evidence=scope, source=_SOURCE))
    if None in known.values():
        silent = ", ".join(_name(scope) for scope, granted in known.items() if granted is None)
        text = f"Whether this account may do it is not known: Azure does not tell for {silent}."
        # Azure itself decides in the end, so this refuses nothing.
        found.append(note(ID, text, source=_SOURCE))
    return tuple(found)


def needs(spec: VirtualMachineSpec) -> Iterator[Need]:
    """Every right that this creation uses."""
    group = f"/subscriptions/{spec.subscription_id}/resourceGroups/{spec.resource_group}"
    at = "resource_group"
    yield f"{_HYBRID}/machines/write", group, at, "register machines"
    yield f"{_HCI}/virtualMachineInstances/write", group, at, "create VMs"
    deploy = "Microsoft.ExtendedLocation/customLocations/deploy/action"
    yield deploy, spec.custom_location_id, "custom_location_id", "create anything on this cluster"
    for nic in spec.network_interfaces:
        if not nic.existing_id:
            yield f"{_HCI}/networkInterfaces/write", group, at, "create network interfaces"
            join = f"{_HCI}/logicalNetworks/join/action"
            yield join, nic.logical_network_id, "logical_network_id", "use this logical network"
    if any(not disk.existing_id for disk in spec.data_disks):
        yield f"{_HCI}/virtualHardDisks/write", group, at, "create data disks"
    if spec.storage_path_id:
        use = f"{_HCI}/storageContainers/deploy/action"
        yield use, spec.storage_path_id, "storage_path_id", "use this storage path"
    if spec.image is not None:
        yield f"{_HCI}/marketplaceGalleryImages/write", group, "image", "download images"
    elif "/marketplacegalleryimages/" in spec.image_id.lower():
        use = f"{_HCI}/marketplaceGalleryImages/deploy/action"
        yield use, spec.image_id, "image", "use this image"
    if spec.domain_join is not None:
        yield f"{_HYBRID}/machines/extensions/write", group, "joins_domain", "add extensions"


def _name(scope: str) -> str:
    return scope.rstrip("/").rsplit("/", 1)[-1]
