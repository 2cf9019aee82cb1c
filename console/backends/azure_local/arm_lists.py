"""ARM's lists that a creation chooses from, read page by page and kept until their bytes change."""

import asyncio
from collections.abc import Mapping
from typing import Any, TypeVar

import msgspec

from console.backends.azure_local import arm_paths, arm_records, arm_rows
from console.backends.azure_local.arm_pipeline import ArmPipeline
from console.backends.azure_local.row_cache import RowCache
from console.backends.azure_local.translate import WordReader
from console.model.freshness import Fault
from console.model.site import DataDisk, LogicalNetwork, NetworkInterface
from console.model.snapshot import SiteFacts
from console.model.virtual_machine import AzureFacts

_VM_KINDS = {
    "images": "Microsoft.AzureStackHCI/marketplaceGalleryImages",
    "custom_images": "Microsoft.AzureStackHCI/galleryImages",
    "storage_paths": "Microsoft.AzureStackHCI/storageContainers",
    "logical_networks": "Microsoft.AzureStackHCI/logicalNetworks",
    "network_interfaces": "Microsoft.AzureStackHCI/networkInterfaces",
    "data_disks": "Microsoft.AzureStackHCI/virtualHardDisks",
}


_Part = TypeVar("_Part", NetworkInterface, DataDisk)


class SiteLists:
    """Reads ``SiteFacts``; a list that cannot be read raises, so that the last good one is kept."""

    def __init__(self, pipeline: ArmPipeline) -> None:
        self._pipeline = pipeline
        self._caches: dict[str, RowCache[Any, Any]] = {
            "images": RowCache(arm_rows.ImageResource, arm_records.image, "List images"),
            "custom_images": RowCache(
                arm_rows.ImageResource, arm_records.image, "List custom images"
            ),
            "storage_paths": RowCache(
                arm_rows.ContainerResource, arm_records.storage_path, "List storage paths"
            ),
            "logical_networks": RowCache(
                arm_rows.LogicalNetworkResource, arm_records.logical_network,
                "List logical networks",
            ),
            "network_interfaces": RowCache(
                arm_rows.NicResource, arm_records.network_interface, "List network interfaces"
            ),
            "data_disks": RowCache(arm_rows.DiskResource, arm_records.data_disk, "List data disks"),
            "custom_locations": RowCache(
                arm_rows.CustomLocationResource, arm_records.custom_location,
                "List custom locations",
            ),
            "resource_groups": RowCache(
                arm_rows.ResourceGroupResource, arm_records.resource_group,
                "List resource groups",
            ),
            "subscriptions": RowCache(
                arm_rows.SubscriptionResource, arm_records.subscription, "List subscriptions"
            ),
        }  # fmt: skip
        self._last = SiteFacts()
        self._final_nics: dict[str, tuple[NetworkInterface, str, NetworkInterface]] = {}
        self._final_disks: dict[str, tuple[DataDisk, str, DataDisk]] = {}

    async def subscriptions(self, words: WordReader) -> tuple[Any, ...]:
        """All subscriptions that the credential can see."""
        path = f"/subscriptions?api-version={arm_paths.SUBSCRIPTIONS_API}"
        arrays = [page async for page in self._pipeline.pages(path, "List subscriptions")]
        return self._caches["subscriptions"].read(arrays, words)[0]

    async def read(
        self, subscriptions: tuple[str, ...], words: WordReader
    ) -> tuple[dict[str, tuple[Any, ...]], tuple[Fault, ...]]:
        """Every list by its name in ``SiteFacts``, all asked at once."""
        names = [name for name in self._caches if name != "subscriptions"]
        answers = await asyncio.gather(*(self._arrays(name, subscriptions) for name in names))
        found: dict[str, tuple[Any, ...]] = {}
        faults: list[Fault] = []
        for name, arrays in zip(names, answers, strict=True):
            found[name], told = self._caches[name].read(arrays, words)
            faults.extend(told)
        found["images"] += found.pop("custom_images")
        return found, tuple(faults)

    async def _arrays(self, name: str, subscriptions: tuple[str, ...]) -> list[msgspec.Raw]:
        arrays: list[msgspec.Raw] = []
        for subscription in subscriptions:
            path = self._path(name, subscription)
            what = f"List {name.replace('_', ' ')}"
            arrays.extend([page async for page in self._pipeline.pages(path, what)])
        return arrays

    def _path(self, name: str, subscription: str) -> str:
        if name == "resource_groups":
            version = arm_paths.RESOURCE_GROUPS_API
            return f"/subscriptions/{subscription}/resourcegroups?api-version={version}"
        if name == "custom_locations":
            kind, version = (
                "Microsoft.ExtendedLocation/customLocations",
                arm_paths.EXTENDED_LOCATION_API,
            )
        else:
            kind, version = _VM_KINDS[name], self._pipeline.connection.vm_api_version
        return arm_paths.list_path(subscription, kind, version)

    def assemble(
        self,
        lists: dict[str, tuple[Any, ...]],
        subscriptions: tuple[Any, ...],
        vms: tuple[AzureFacts, ...],
    ) -> SiteFacts:
        """Lists joined: which VM holds which part, which network has which addresses used."""
        nics, self._final_nics = _attach(
            lists["network_interfaces"],
            {nic.lower(): vm.arm_id for vm in vms for nic in vm.network_interface_ids},
            self._final_nics,
        )
        disks, self._final_disks = _attach(
            lists["data_disks"],
            {disk.lower(): vm.arm_id for vm in vms for disk in vm.data_disk_ids},
            self._final_disks,
        )
        site = SiteFacts(
            subscriptions=subscriptions,
            resource_groups=lists["resource_groups"],
            custom_locations=lists["custom_locations"],
            images=lists["images"],
            storage_paths=lists["storage_paths"],
            logical_networks=_with_addresses(lists["logical_networks"], nics),
            network_interfaces=nics,
            data_disks=disks,
            rights=lists["rights"],
        )
        if site != self._last:
            self._last = site
        return self._last


def _attach(
    parts: tuple[_Part, ...],
    holders: Mapping[str, str],
    known: Mapping[str, tuple[_Part, str, _Part]],
) -> tuple[tuple[_Part, ...], dict[str, tuple[_Part, str, _Part]]]:
    """Parts with their holders; what did not change stays the same object, so that ``==`` is quick.

    ``known`` and the second answer: part as listed, holder, part as told, by id.
    """
    final: dict[str, tuple[_Part, str, _Part]] = {}
    for part in parts:
        holder = holders.get(part.arm_id.lower(), "")
        before = known.get(part.arm_id)
        if before is not None and before[0] is part and before[1] == holder:
            final[part.arm_id] = before
        else:
            joined = msgspec.structs.replace(part, attached_vm_id=holder) if holder else part
            final[part.arm_id] = (part, holder, joined)
    return tuple(entry[2] for entry in final.values()), final


def _with_addresses(
    networks: tuple[LogicalNetwork, ...], nics: tuple[NetworkInterface, ...]
) -> tuple[LogicalNetwork, ...]:
    used: dict[str, list[str]] = {}
    for nic in nics:
        if nic.address:
            used.setdefault(nic.logical_network_id.lower(), []).append(nic.address)
    return tuple(
        msgspec.structs.replace(
            network, used_addresses=tuple(sorted(used.get(network.arm_id.lower(), ())))
        )
        for network in networks
    )
