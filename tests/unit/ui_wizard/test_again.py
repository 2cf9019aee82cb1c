"""From a request back to a draft, and what the wizard begins with."""

import msgspec
import pytest

from console.model.inventory import Inventory
from console.model.operation import OperationRecord, OperationState
from console.model.request import CreateVirtualMachine, VirtualMachineSpec
from console.model.snapshot import SnapshotDelta
from console.ui.wizard import choices, flow
from console.ui.wizard.again import draft_of, last_created, next_like
from console.ui.wizard.building import build_request
from console.ui.wizard.draft import AGAIN_FILE, DiskRow, Draft, ExistingDiskRow, Kept, TagRow
from console.ui.wizard.starting import start_of
from tests.ui.sample import snapshot

replace = msgspec.structs.replace


@pytest.fixture
def inventory() -> Inventory:
    return Inventory(snapshot("small"))


def full_draft(inventory: Inventory) -> Draft:
    draft = flow.new_draft(inventory)
    network = next(one for one in inventory.site.logical_networks if one.is_static)
    paths = inventory.site.storage_paths
    draft.name, draft.admin_username, draft.computer_name = "web-77", "grace", "other"
    draft.processors, draft.memory_gib, draft.is_dynamic = 6, 12, True
    draft.memory_minimum_gib, draft.memory_maximum_gib, draft.memory_buffer = 4, 32, 30
    draft.data_disks = [DiskRow("data", 64, False), DiskRow("log", 5, True, paths[2].arm_id)]
    draft.existing_disks = [ExistingDiskRow(inventory.site.data_disks[0].arm_id)]
    draft.joins_domain, draft.domain, draft.domain_user = True, "contoso.example", "j@c.example"
    draft.organizational_unit = "OU=a,DC=b"
    draft.logical_network_id, draft.has_fixed_address = network.arm_id, True
    draft.address, draft.dns_servers = "10.110.3.3", "10.0.0.1, 10.0.0.2"
    draft.http_proxy, draft.no_proxy, draft.guest_management = "http://p:1", "a, b", False
    draft.tags = [TagRow("owner", "erp")]
    return draft


def record(
    spec: VirtualMachineSpec,
    ended_at: float = 10.0,
    state: OperationState = OperationState.SUCCEEDED,
) -> OperationRecord:
    return OperationRecord(
        f"id-{ended_at}", CreateVirtualMachine(spec), "t", state, 0.0, ended_at=ended_at
    )


def test_a_request_becomes_the_draft_it_came_from(inventory: Inventory) -> None:
    draft = full_draft(inventory)
    spec = build_request(draft, inventory).spec
    assert draft_of(spec) == draft
    assert build_request(draft_of(spec), inventory).spec == spec


def test_an_offer_an_interface_and_a_plain_name_come_back_too(inventory: Inventory) -> None:
    draft = flow.new_draft(inventory)
    offer = choices.offers(inventory)[-1]
    draft.name, draft.image = "web-77", choices.offer_value(offer.reference)
    draft.interface_id = "/nic"
    spec = build_request(draft, inventory).spec
    again = draft_of(spec)
    assert (again.image, again.interface_id, again.computer_name) == (draft.image, "/nic", "")
    assert build_request(again, inventory).spec == spec


def test_the_next_one_is_like_the_last_without_what_is_the_last_ones_own(
    inventory: Inventory,
) -> None:
    draft = full_draft(inventory)
    learnt = next_like(build_request(draft, inventory).spec, inventory)
    assert (learnt.name, learnt.computer_name, learnt.address) == ("", "", "")
    assert (learnt.existing_disks, learnt.has_fixed_address) == ([], False)
    assert learnt.data_disks == draft.data_disks
    assert (learnt.processors, learnt.admin_username, learnt.tags) == (6, "grace", draft.tags)
    assert learnt.logical_network_id == draft.logical_network_id


def test_what_is_not_offered_any_more_is_chosen_anew(inventory: Inventory) -> None:
    spec = build_request(full_draft(inventory), inventory).spec
    gone = replace(spec, image_id="/gone", storage_path_id="/gone", resource_group="gone")
    learnt = next_like(gone, inventory)
    assert learnt.image.removeprefix("id:") in {one.arm_id for one in inventory.site.images}
    assert learnt.storage_path_id == choices.storage_paths(learnt, inventory)[0].value
    assert learnt.resource_group == "rg-lab"


def test_only_the_newest_success_on_this_cluster_teaches(inventory: Inventory) -> None:
    spec = build_request(full_draft(inventory), inventory).spec
    records = [
        record(replace(spec, name="old"), 5.0),
        record(replace(spec, name="new"), 9.0),
        record(replace(spec, name="failed"), 20.0, OperationState.FAILED),
        record(replace(spec, name="elsewhere", custom_location_id="/other"), 30.0),
    ]
    found = last_created(records, inventory)
    assert found is not None
    assert found.name == "new"
    assert last_created([], inventory) is None


# -- what it begins with -----------------------------------------------------------------------
def test_nothing_known_begins_empty(inventory: Inventory) -> None:
    start = start_of(inventory)
    assert (start.draft, start.note, start.is_filled) == (flow.new_draft(inventory), "", False)


def test_the_last_one_is_named(inventory: Inventory) -> None:
    spec = build_request(full_draft(inventory), inventory).spec
    start = start_of(inventory, [record(spec)])
    assert start.note == "Filled in like web-77, the last VM that was created from here."
    assert start.draft.admin_username == "grace"
    assert not start.is_filled


def test_a_kept_draft_goes_before_the_last_one_and_a_wish_before_both(inventory: Inventory) -> None:
    spec = build_request(full_draft(inventory), inventory).spec
    kept = Kept(Draft(name="kept"), file=AGAIN_FILE)
    start = start_of(inventory, [record(spec)], kept)
    assert (start.draft.name, start.is_filled, start.file) == ("kept", True, AGAIN_FILE)
    assert "kept draft was taken up" in start.note
    start = start_of(inventory, [record(spec)], kept, replace(spec, name="wish"))
    assert (start.draft.name, start.is_filled, start.file) == ("wish", True, AGAIN_FILE)
    assert "from the creation of wish" in start.note


def test_a_damaged_draft_is_told_whatever_else_is_told(inventory: Inventory) -> None:
    kept = Kept(note="It was damaged.")
    assert start_of(inventory, kept=kept).note == "It was damaged."
    spec = build_request(full_draft(inventory), inventory).spec
    for start in (start_of(inventory, [record(spec)], kept), start_of(inventory, (), kept, spec)):
        assert start.note.startswith("It was damaged. Filled in")


def test_a_site_that_is_not_known_yet_learns_nothing(inventory: Inventory) -> None:
    spec = build_request(full_draft(inventory), inventory).spec
    inventory.apply(SnapshotDelta(site=replace(inventory.site, custom_locations=())))
    assert start_of(inventory, [record(spec)]).note == ""
