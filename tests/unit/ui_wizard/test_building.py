"""The request says exactly what was typed, and nothing else leaves."""

import msgspec
import pytest

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
from console.model.snapshot import SnapshotDelta
from console.ui.wizard import choices, flow
from console.ui.wizard.building import build_request, secrets_to_send
from console.ui.wizard.draft import DiskRow, Draft, ExistingDiskRow, TagRow
from tests.ui.sample import snapshot


@pytest.fixture
def inventory() -> Inventory:
    return Inventory(snapshot("small"))


def test_a_full_draft_becomes_exactly_this_request(inventory: Inventory) -> None:
    site = inventory.site
    network = next(n for n in site.logical_networks if n.is_static)
    draft = Draft(
        name="web-server-number-77",
        subscription_id=site.subscriptions[0].id,
        resource_group="rg-lab",
        custom_location_id=site.custom_locations[0].arm_id,
        image=f"id:{site.images[0].arm_id}",
        processors=6,
        memory_gib=12,
        is_dynamic=True,
        memory_minimum_gib=4,
        memory_maximum_gib=32,
        memory_buffer=30,
        storage_path_id=site.storage_paths[0].arm_id,
        data_disks=[
            DiskRow("data1", 128),
            DiskRow("log", 64, is_dynamic=False, storage_path_id=site.storage_paths[1].arm_id),
        ],
        admin_username="grace",
        joins_domain=True,
        domain="contoso.example",
        domain_user="joiner@contoso.example",
        organizational_unit="OU=Web,DC=contoso,DC=example",
        logical_network_id=network.arm_id,
        has_fixed_address=True,
        address=" 10.110.2.1 ",
        dns_servers="10.0.0.1, 10.0.0.2",
        http_proxy="http://proxy:8080",
        no_proxy="localhost, .contoso.example",
        guest_management=False,
        tags=[TagRow("owner", "erp"), TagRow("cost center", "42=b")],
    )
    assert build_request(draft, inventory) == CreateVirtualMachine(
        VirtualMachineSpec(
            name="web-server-number-77",
            subscription_id=site.subscriptions[0].id,
            resource_group="rg-lab",
            location="westeurope",
            custom_location_id=site.custom_locations[0].arm_id,
            image_id=site.images[0].arm_id,
            os_type="Windows",
            secure_boot=True,
            vtpm=True,
            processors=6,
            memory_mib=12 * 1024,
            dynamic_memory=DynamicMemorySpec(4096, 32768, 30),
            storage_path_id=site.storage_paths[0].arm_id,
            data_disks=(
                DataDiskSpec("web-server-number-77-data1", 128, True, site.storage_paths[0].arm_id),
                DataDiskSpec("web-server-number-77-log", 64, False, site.storage_paths[1].arm_id),
            ),
            computer_name="web-server-numb",
            admin_username="grace",
            domain_join=DomainJoinSpec(
                "contoso.example", "joiner@contoso.example", "OU=Web,DC=contoso,DC=example"
            ),
            network_interfaces=(
                NetworkInterfaceSpec("web-server-number-77-nic", network.arm_id, "10.110.2.1"),
            ),
            dns_servers=("10.0.0.1", "10.0.0.2"),
            proxy=ProxySpec("http://proxy:8080", "", ("localhost", ".contoso.example")),
            guest_management=False,
            tags={"owner": "erp", "cost center": "42=b"},
        )
    )


def test_an_image_to_download_travels_by_its_reference(inventory: Inventory) -> None:
    draft = flow.new_draft(inventory)
    offer = choices.offers(inventory)[1]
    draft.image = choices.offer_value(offer.reference)
    spec = build_request(draft, inventory).spec
    assert (spec.image_id, spec.image) == ("", offer.reference)


def test_a_draft_of_nothing_makes_a_request_without_an_exception() -> None:
    request = build_request(Draft(), Inventory())
    assert request.spec.name == ""


def test_only_the_needed_secrets_leave() -> None:
    spec = VirtualMachineSpec("v", "s", "g", "l", "c")
    typed = {
        SecretField.ADMIN_PASSWORD: "one",
        flow.PASSWORD_AGAIN: "one",
        SecretField.DOMAIN_PASSWORD: "two",
    }
    assert secrets_to_send(spec, typed) == {"admin_password": "one"}
    joining = msgspec.structs.replace(spec, domain_join=DomainJoinSpec("d.example", "u@d"))
    assert secrets_to_send(joining, typed) == {"admin_password": "one", "domain_password": "two"}
    keyed = msgspec.structs.replace(spec, os_type="Linux", ssh_public_keys=("ssh-rsa A",))
    assert secrets_to_send(keyed, {}) == {}, "a key is enough"
    assert secrets_to_send(keyed, typed) == {"admin_password": "one"}


def with_linux(inventory: Inventory) -> str:
    """The site's first image becomes a Linux one; its value in the draft."""
    images = inventory.site.images
    linux = msgspec.structs.replace(images[0], os_type="Linux")
    site = msgspec.structs.replace(inventory.site, images=(linux, *images[1:]))
    inventory.apply(SnapshotDelta(site=site))
    return f"id:{linux.arm_id}"


def test_linux_takes_keys_and_windows_a_domain(inventory: Inventory) -> None:
    draft = Draft(
        name="a" * 40,
        ssh_keys=" ssh-ed25519 AAAA me \n\n",
        joins_domain=True,
        domain="contoso.example",
    )
    windows = build_request(draft, inventory).spec
    assert (windows.ssh_public_keys, windows.computer_name) == ((), "a" * 15)
    assert windows.domain_join is not None
    draft.image = with_linux(inventory)
    linux = build_request(draft, inventory).spec
    assert linux.os_type == "Linux"
    assert linux.ssh_public_keys == ("ssh-ed25519 AAAA me",)
    assert linux.computer_name == "a" * 40
    assert linux.domain_join is None


def test_existing_parts_are_named_by_id(inventory: Inventory) -> None:
    draft = flow.new_draft(inventory)
    draft.interface_id, draft.dns_servers = "/nic", "10.0.0.1"
    draft.existing_disks = [ExistingDiskRow("/disk"), ExistingDiskRow("")]
    draft.data_disks = [DiskRow("new", 5)]
    spec = build_request(draft, inventory).spec
    assert spec.network_interfaces == (NetworkInterfaceSpec(existing_id="/nic"),)
    assert spec.dns_servers == (), "an interface that exists has its own"
    assert [disk.existing_id for disk in spec.data_disks] == ["", "/disk"]
