"""Existing disks and interfaces, names of new ones, room on every path, addresses asked twice."""

import msgspec
import pytest

from console.checks import ON_REQUEST, run_on_snapshot
from console.checks.address_is_free import why_not
from console.lab.world import arm_ids
from console.lab.world.clock import MovableClock
from console.lab.world.scenarios import make_site
from console.model.finding import Finding, Severity
from console.model.inventory import Inventory
from console.model.request import (
    CreateVirtualMachine,
    DataDiskSpec,
    NetworkInterfaceSpec,
    VirtualMachineSpec,
)
from console.model.site import ImageReference, LogicalNetwork
from console.model.snapshot import SnapshotDelta
from tests.world_backend import WorldBackend

replace = msgspec.structs.replace


def found(inventory: Inventory, spec: VirtualMachineSpec, check: str) -> list[Finding]:
    return list(run_on_snapshot([check], CreateVirtualMachine(spec), inventory, 0.0))


def disk_id(inventory: Inventory, name: str) -> str:
    return next(disk.arm_id for disk in inventory.site.data_disks if disk.name == name)


def test_what_is_free_can_be_used(inventory: Inventory, spec: VirtualMachineSpec) -> None:
    nic = next(one for one in inventory.site.network_interfaces if not one.attached_vm_id)
    free = replace(
        spec,
        data_disks=(DataDiskSpec(existing_id=disk_id(inventory, "scratch-fixed")),),
        network_interfaces=(NetworkInterfaceSpec(existing_id=nic.arm_id),),
    )
    assert found(inventory, free, "parts_are_free") == []


@pytest.mark.parametrize(
    ("change", "severity", "words"),
    [
        ({"attached_vm_id": "/machines/erp-1"}, Severity.BLOCKS, "in use by erp-1"),
        ({"provisioning": "Failed"}, Severity.BLOCKS, "Failed"),
        ({"provisioning": ""}, Severity.UNKNOWN, "not known"),
    ],
)
def test_a_disk_that_is_not_free(
    inventory: Inventory,
    spec: VirtualMachineSpec,
    change: dict[str, object],
    severity: Severity,
    words: str,
) -> None:
    disks = tuple(replace(disk, **change) for disk in inventory.site.data_disks)
    inventory.apply(SnapshotDelta(site=replace(inventory.site, data_disks=disks)))
    wanted = replace(spec, data_disks=(DataDiskSpec(existing_id=disks[0].arm_id.upper()),))
    (finding,) = found(inventory, wanted, "parts_are_free")
    assert (finding.severity, finding.field) == (severity, "existing_disks")
    assert words in finding.text


def test_an_interface_in_use_and_parts_that_are_gone(
    inventory: Inventory,
    spec: VirtualMachineSpec,
) -> None:
    used = next(one for one in inventory.site.network_interfaces if one.attached_vm_id)
    wanted = replace(spec, network_interfaces=(NetworkInterfaceSpec(existing_id=used.arm_id),))
    (finding,) = found(inventory, wanted, "parts_are_free")
    assert "in use by" in finding.text
    assert finding.field == "interface_id"
    gone = replace(
        spec,
        data_disks=(DataDiskSpec(existing_id="/x/old"),),
        network_interfaces=(NetworkInterfaceSpec(existing_id="/x/nic"),),
    )
    told = [one.text for one in found(inventory, gone, "parts_are_free")]
    assert told == [
        "The disk old is not there any more.",
        "The network interface nic is not there any more.",
    ]


def test_a_name_of_the_group_is_not_taken_over(
    inventory: Inventory,
    spec: VirtualMachineSpec,
) -> None:
    taken = replace(
        spec,
        data_disks=(DataDiskSpec("Scratch-Fixed", 5),),
        network_interfaces=(
            NetworkInterfaceSpec(
                "spare-servers-nic", spec.network_interfaces[0].logical_network_id
            ),
        ),
    )
    fields = {one.field: one.text for one in found(inventory, taken, "parts_are_free")}
    assert fields == {
        "data_disks": "A disk named Scratch-Fixed exists already.",
        "name": "A network interface named spare-servers-nic exists already.",
    }
    elsewhere = replace(taken, resource_group="another")
    assert found(inventory, elsewhere, "parts_are_free") == []


async def test_azure_is_asked_for_what_a_list_does_not_tell_yet(spec: VirtualMachineSpec) -> None:
    site = make_site("small", MovableClock(1_800_000_000.0))
    backend = WorldBackend(site)
    check = ON_REQUEST["parts_are_free"]
    request = CreateVirtualMachine(spec)
    assert await check.on_backend(request, backend) == ()
    nic = site.settings.resource_id(arm_ids.INTERFACES, "new-1-nic")
    spare = site.settings.resource_id(arm_ids.INTERFACES, "spare-servers-nic")
    site.resources[nic.lower()] = site.resources.pop(spare.lower())
    wanted = replace(
        spec,
        data_disks=(DataDiskSpec("scratch-fixed", 5), DataDiskSpec(existing_id=f"{nic}/gone")),
        network_interfaces=(*spec.network_interfaces, NetworkInterfaceSpec(existing_id=spare)),
    )
    told = {one.field for one in await check.on_backend(CreateVirtualMachine(wanted), backend)}
    assert told == {"name", "data_disks", "existing_disks", "interface_id"}


# -- room --------------------------------------------------------------------------------------
def test_disks_on_other_paths_are_counted_there(
    inventory: Inventory,
    spec: VirtualMachineSpec,
) -> None:
    small = min(inventory.site.storage_paths, key=lambda path: path.available_mib or 0)
    disk = DataDiskSpec("d", 300, is_dynamic=False, storage_path_id=small.arm_id.upper())
    (finding,) = found(inventory, replace(spec, data_disks=(disk,)), "storage_has_room")
    assert finding.severity is Severity.BLOCKS
    assert finding.field == "data_disks"
    assert finding.text == "user-storage-3 has 212 GiB free; about 300 GiB are needed."
    two = replace(spec, data_disks=(replace(disk, size_gib=110), replace(disk, size_gib=110)))
    assert found(inventory, two, "storage_has_room")[0].severity is Severity.BLOCKS
    assert found(inventory, replace(two, data_disks=two.data_disks[:1]), "storage_has_room") == []
    growing = replace(spec, data_disks=(replace(disk, is_dynamic=True),))
    assert found(inventory, growing, "storage_has_room") == []


def test_an_image_of_unknown_size_is_not_nothing(
    inventory: Inventory,
    spec: VirtualMachineSpec,
) -> None:
    images = tuple(replace(image, size_mib=None) for image in inventory.site.images)
    inventory.apply(SnapshotDelta(site=replace(inventory.site, images=images)))
    (finding,) = found(inventory, spec, "storage_has_room")
    assert finding.severity is Severity.NOTE
    assert "How large the image is, is not known" in finding.text
    offer = replace(spec, image_id="", image=ImageReference("p", "o", "s"))
    assert "not known" in found(inventory, offer, "storage_has_room")[0].text
    full = replace(spec, data_disks=(DataDiskSpec("d", 9000, is_dynamic=False),))
    assert "and the image besides" in found(inventory, full, "storage_has_room")[0].text


def test_unknown_room_of_another_path_is_told(
    inventory: Inventory,
    spec: VirtualMachineSpec,
) -> None:
    paths = inventory.site.storage_paths
    blind = tuple(
        path if path.arm_id == spec.storage_path_id else replace(path, available_mib=None)
        for path in paths
    )
    inventory.apply(SnapshotDelta(site=replace(inventory.site, storage_paths=blind)))
    other = next(path.arm_id for path in blind if path.available_mib is None)
    disk = DataDiskSpec("d", 5, storage_path_id=other)
    (finding,) = found(inventory, replace(spec, data_disks=(disk,)), "storage_has_room")
    assert (finding.severity, finding.field) == (Severity.UNKNOWN, "data_disks")


# -- addresses ---------------------------------------------------------------------------------
def test_an_address_is_asked_for_once(inventory: Inventory, spec: VirtualMachineSpec) -> None:
    network = next(one for one in inventory.site.logical_networks if one.is_static)
    nics = tuple(NetworkInterfaceSpec(f"n{at}", network.arm_id, "10.110.3.3") for at in (1, 2))
    (finding,) = found(inventory, replace(spec, network_interfaces=nics), "address_is_free")
    assert "twice" in finding.text
    assert found(inventory, replace(spec, network_interfaces=nics[:1]), "address_is_free") == []


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("fd00::0007", "in use"),
        ("fd00::8", ""),
        ("10.0.0.0", "not an address|outside"),
    ],
)
def test_one_address_in_many_spellings(address: str, words: str) -> None:
    network = LogicalNetwork(
        "/n", "v6", address_prefix="fd00::/64", used_addresses=("fd00:0:0::7", "no address")
    )
    told = why_not(NetworkInterfaceSpec(address=address), network)
    assert any(word in told for word in words.split("|"))
    assert bool(told) == bool(words)


def test_the_first_and_last_address_belong_to_the_range() -> None:
    network = LogicalNetwork("/n", "v4", address_prefix="10.9.0.0/24")
    for address in ("10.9.0.0", "10.9.0.255"):
        assert "first or last" in why_not(NetworkInterfaceSpec(address=address), network)
