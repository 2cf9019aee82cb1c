"""What each list of the wizard offers, best first, and why it is empty or an entry is refused."""

import ipaddress
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from console.catalog import SupportedImage, load_images, same_image
from console.checks.creation_rules import interface_name_of
from console.model.inventory import Inventory
from console.model.site import (
    DataDisk,
    Image,
    ImageReference,
    ImageState,
    LogicalNetwork,
    NetworkInterface,
    StoragePath,
)
from console.ui.wizard.draft import Draft

_MOST_TRIED = 65_536
_ON_CLUSTER, _OFFER = "id:", "offer:"


@dataclass(frozen=True)
class Choice:
    """One entry of a list; ``detail`` says more of it, ``why_not`` why it cannot be chosen."""

    value: str
    text: str
    detail: str = ""
    why_not: str = ""

    @property
    def line(self) -> str:
        """All in one line, for a list that has no room for two."""
        return f"{self.text}, {self.detail}" if self.detail else self.text


Choices = Callable[[Draft, Inventory], list[Choice]]


def subscriptions(_: Draft, inventory: Inventory) -> list[Choice]:
    return [Choice(one.id, one.name, one.id) for one in inventory.site.subscriptions]


def resource_groups(draft: Draft, inventory: Inventory) -> list[Choice]:
    """Those of the chosen subscription."""
    within = f"/subscriptions/{draft.subscription_id}/".lower()
    return [
        Choice(one.name, one.name, one.location)
        for one in inventory.site.resource_groups
        if one.arm_id.lower().startswith(within)
    ]


def custom_locations(_: Draft, inventory: Inventory) -> list[Choice]:
    return [Choice(one.arm_id, one.name, one.location) for one in inventory.site.custom_locations]


def storage_paths(_: Draft, inventory: Inventory) -> list[Choice]:
    """Most room first, and that one recommended; unknown room last."""
    paths = sorted(
        inventory.site.storage_paths,
        key=lambda path: (path.available_mib is None, -(path.available_mib or 0), path.name),
    )
    return [
        Choice(path.arm_id, path.name, _room(path, is_best=at == 0 and len(paths) > 1))
        for at, path in enumerate(paths)
    ]


def _room(path: StoragePath, *, is_best: bool) -> str:
    if path.available_mib is None:
        return "free space not known"
    text = f"{path.available_mib // 1024} GiB free"
    if path.size_mib:
        text += f" of {path.size_mib // 1024} GiB"
    return f"{text}, recommended" if is_best else text


def networks(_: Draft, inventory: Inventory) -> list[Choice]:
    return [Choice(one.arm_id, one.name, _about(one)) for one in inventory.site.logical_networks]


def _about(network: LogicalNetwork) -> str:
    kind = {True: "static", False: "DHCP", None: "static or DHCP not known"}[network.is_static]
    parts = [network.address_prefix, kind, f"VLAN {network.vlan}" if network.vlan else ""]
    return ", ".join(part for part in parts if part)


def network_of(draft: Draft, inventory: Inventory) -> LogicalNetwork | None:
    wanted = draft.logical_network_id
    return next((one for one in inventory.site.logical_networks if one.arm_id == wanted), None)


def interfaces(draft: Draft, inventory: Inventory) -> list[Choice]:
    """A new one first, then every interface that no VM uses; those in use are only counted."""
    site = inventory.site
    networks = {one.arm_id.lower(): one.name for one in site.logical_networks}
    free = [one for one in site.network_interfaces if not one.attached_vm_id]
    named = interface_name_of(draft.name) if draft.name else "named after the VM"
    used = len(site.network_interfaces) - len(free)
    return [
        Choice("", "A new one", f"{named}; {used} others are in use" if used else named),
        *(
            Choice(one.arm_id, one.name, _about_interface(one, networks))
            for one in sorted(free, key=lambda one: one.name)
        ),
    ]


def _about_interface(nic: NetworkInterface, networks: Mapping[str, str]) -> str:
    network = networks.get(nic.logical_network_id.lower(), "its network is not known")
    return ", ".join(part for part in (network, nic.address or "address by DHCP") if part)


def free_disks(inventory: Inventory) -> list[Choice]:
    """Disks that no VM uses."""
    paths = {one.arm_id.lower(): one.name for one in inventory.site.storage_paths}
    return [
        Choice(one.arm_id, one.name, _about_disk(one, paths))
        for one in sorted(inventory.site.data_disks, key=lambda one: one.name)
        if not one.attached_vm_id
    ]


def _about_disk(disk: DataDisk, paths: Mapping[str, str]) -> str:
    size = "size not known" if disk.size_gib is None else f"{disk.size_gib} GiB"
    kind = {True: "dynamic", False: "fixed", None: ""}[disk.is_dynamic]
    return ", ".join(p for p in (size, kind, paths.get(disk.storage_path_id.lower(), "")) if p)


def free_addresses(network: LogicalNetwork) -> Iterator[str]:
    """The addresses of its pools that nobody known holds, lowest first, pool by pool."""
    used = set(network.used_addresses)
    for pool in network.pools:
        try:
            low, high = ipaddress.ip_address(pool.start), ipaddress.ip_address(pool.end)
        except ValueError:
            continue
        for value in range(int(low), min(int(high), int(low) + _MOST_TRIED) + 1):
            address = str(type(low)(value))
            if address not in used:
                yield address


def next_free_address(network: LogicalNetwork) -> str:
    """The first free address; empty if there is none."""
    return next(free_addresses(network), "")


# -- images ------------------------------------------------------------------------------------
def offers(inventory: Inventory) -> tuple[SupportedImage, ...]:
    """What this cluster's release supports, by the dated list."""
    return load_images().offers(inventory.cluster.release)


def offer_value(reference: ImageReference) -> str:
    """Stays the same when lists grow or the cluster is updated."""
    return f"{_OFFER}{reference.publisher}/{reference.offer}/{reference.sku}".lower()


def offer_of(draft: Draft, inventory: Inventory) -> SupportedImage | None:
    """The offer that is chosen to be downloaded first, if one is."""
    return next((o for o in offers(inventory) if offer_value(o.reference) == draft.image), None)


def image_id_of(draft: Draft) -> str:
    """The ARM id of the chosen image if it is on the cluster, else empty."""
    return draft.image.removeprefix(_ON_CLUSTER) if draft.image.startswith(_ON_CLUSTER) else ""


def os_type_of(draft: Draft, inventory: Inventory) -> str:
    """Of the chosen image; Windows where nothing is chosen or the image does not tell."""
    offer = offer_of(draft, inventory)
    if offer is not None:
        return offer.os_type
    wanted = image_id_of(draft)
    image = next((one for one in inventory.site.images if one.arm_id == wanted), None)
    return (image.os_type if image is not None else "") or "Windows"


def is_linux(draft: Draft, inventory: Inventory) -> bool:
    return os_type_of(draft, inventory).casefold() == "linux"


def images(_: Draft, inventory: Inventory) -> list[Choice]:
    """Ready images first, then what can be downloaded, then what is refused, each with its why."""
    catalogue, release = load_images(), inventory.cluster.release
    ready: list[Choice] = []
    refused: list[Choice] = []
    for image in inventory.site.images:
        reason = catalogue.why_not(image, release) or _not_ready(image)
        entry = Choice(_ON_CLUSTER + image.arm_id, image.name, _on_cluster(image), reason)
        (refused if reason else ready).append(entry)
    present = [
        image.reference
        for image in inventory.site.images
        if image.reference and image.state in (ImageState.READY, ImageState.DOWNLOADING)
    ]
    missing = [
        Choice(offer_value(offer.reference), offer.name, _to_download(offer))
        for offer in offers(inventory)
        if not any(same_image(offer.reference, known) for known in present)
    ]
    return [*ready, *missing, *refused]


def _on_cluster(image: Image) -> str:
    parts = ["On this cluster"]
    if image.size_mib:
        parts.append(f"{image.size_mib / 1024:.0f} GiB")
    if image.reference is not None:
        parts.append(f"{image.reference.sku} {image.reference.version}".strip())
    return ", ".join(parts)


def _to_download(offer: SupportedImage) -> str:
    version = offer.reference.version or "newest version"
    return f"Will be downloaded first: {offer.reference.sku}, {version}"


def _not_ready(image: Image) -> str:
    if image.state is ImageState.READY:
        return ""
    if image.state is ImageState.DOWNLOADING:
        percent = "" if image.progress_percent is None else f" ({image.progress_percent} %)"
        return f"It is still being downloaded{percent}."
    if image.state is ImageState.FAILED:
        return f"Its download failed. {image.error_message}".strip()
    return "Whether it is ready is not known."


def why_empty(what: str, inventory: Inventory) -> str:
    """Why there is nothing to choose, in words; ``what`` as "a storage path"."""
    reading = inventory.arm
    if reading.faults:
        return f"Nothing to choose: Azure could not be read. {reading.faults[0].summary}"
    if reading.read_at is None:
        return "Nothing to choose yet: Azure has not answered."
    return f"Azure lists nothing to choose here: this cluster has not {what} you may use."
