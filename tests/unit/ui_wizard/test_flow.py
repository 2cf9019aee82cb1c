"""Every rule of the wizard: what is wrong, what is said, what puts it right. No Qt."""

from typing import Any

import msgspec
import pytest

from console.model.finding import Finding, Severity
from console.model.inventory import Inventory
from console.model.request import SecretField
from console.model.site import ImageReference, ImageState
from console.model.snapshot import SiteFacts, SnapshotDelta
from console.model.virtual_machine import ProvisioningState
from console.ui.wizard import choices, flow
from console.ui.wizard.building import build_request
from console.ui.wizard.draft import DiskRow, Draft, TagRow
from console.ui.wizard.judging import Judgement, PageState, judge
from tests.ui.sample import snapshot

CANARY = "Canary-Passw0rd-1"
SECRETS = {SecretField.ADMIN_PASSWORD: CANARY, flow.PASSWORD_AGAIN: CANARY}
NOW = 1_800_000_000.0


@pytest.fixture
def inventory() -> Inventory:
    return Inventory(snapshot("small"))


@pytest.fixture
def draft(inventory: Inventory) -> Draft:
    made = flow.new_draft(inventory)
    made.name, made.admin_username = "web-77", "grace"
    return made


def judged(draft: Draft, inventory: Inventory, secrets: dict[Any, str] = SECRETS) -> Judgement:
    return judge(draft, secrets, inventory, NOW)


def tag_rows(count: int) -> list[TagRow]:
    return [TagRow(f"t{number}", "x") for number in range(count)]


# field, wrong value, words of the message, right value
RULES: list[tuple[str, Any, str, Any]] = [
    ("name", "", "Give the VM a name", "web-77"),
    ("name", " web", "blanks", "web"),
    ("name", "web\t", "blanks", "web"),
    ("name", "Web", "lower-case", "web"),
    ("name", "wеb", "only looks like", "web"),  # a Cyrillic letter
    ("name", "web_1", "Use letters a to z", "web-1"),
    ("name", "-web", "begin and end", "web"),
    ("name", "web-", "begin and end", "web"),
    ("name", "w" * 55, "at most 54", "w" * 54),
    ("name", "app-05", "exists already", "app-99"),
    ("processors", 0, "Choose 1 to 2048", 4),
    ("processors", 2049, "Choose 1 to 2048", 8),
    ("memory_gib", 0, "Choose 1 to 245760 GiB", 8),
    ("memory_gib", 245_761, "Choose 1 to 245760 GiB", 8),
    ("memory_gib", 4096, "No node has 4096 GiB free", 8),
    ("data_disks", [DiskRow("", 128)], "Give disk 1 a name", [DiskRow("data1", 128)]),
    ("data_disks", [DiskRow("data", 0)], "Choose 1 to 65536 GiB", [DiskRow("data", 1)]),
    ("data_disks", [DiskRow("d", 65_537)], "Choose 1 to 65536 GiB", [DiskRow("d", 65_536)]),
    ("data_disks", [DiskRow("a"), DiskRow("A")], "twice", [DiskRow("a"), DiskRow("b")]),
    ("data_disks", [DiskRow("d x")], "use letters", [DiskRow("d-x")]),
    ("data_disks", [DiskRow("dаta")], "only looks like", [DiskRow("data")]),  # Cyrillic
    ("data_disks", [DiskRow("d" * 58)], "64 are allowed", [DiskRow("d" * 57)]),
    (
        "data_disks",
        [DiskRow(f"d{number}", 1) for number in range(257)],
        "takes 256",
        [DiskRow(f"d{number}", 1) for number in range(256)],
    ),
    (
        "storage_path_id",
        "",
        "Choose a storage path",
        None,
    ),
    ("admin_username", "", "Name the local administrator", "grace"),
    ("admin_username", "Administrator", "reserved", "grace"),
    ("admin_username", "a" * 21, "20 characters", "a" * 20),
    ("admin_username", "gra ce", "not allowed", "grace"),
    ("admin_username", "grace.", "not allowed", "grace.h"),
    ("admin_username", "gra@ce", "not allowed", "grace"),
    ("computer_name", "a" * 16, "15 characters", "a" * 15),
    ("computer_name", "12345", "digits alone", "pc12345"),
    ("computer_name", "pc_1", "letters, digits and hyphens", "pc-1"),
    ("computer_name", "pс1", "only looks like", "pc1"),  # Cyrillic
    ("dns_servers", "10.0.0.1, here", "here is not an IP address", "10.0.0.1, fe80::1"),
    ("http_proxy", "proxy:8080", "http://host:port", "http://proxy:8080"),
    ("http_proxy", "http://u:p@proxy:8080", "stored readable", "http://proxy:8080"),
    ("http_proxy", "http://proxy:port", "http://host:port", "http://proxy:1"),
    ("http_proxy", "http://a b", "http://host:port", ""),
    ("https_proxy", "http://[", "http://host:port", ""),
    ("no_proxy", "localhost", "no proxy to make exceptions", ""),
    ("tags", [TagRow("", "me")], "a name", [TagRow("owner", "me")]),
    ("tags", [TagRow("a", "1"), TagRow("A", "2")], "twice", [TagRow("a"), TagRow("b")]),
    ("tags", tag_rows(50), "50 tags, one of which", tag_rows(49)),
    ("tags", [TagRow("a<b", "1")], "must not hold", [TagRow("ab", "1")]),
    ("tags", [TagRow("n" * 513)], "512", [TagRow("n" * 512)]),
    ("tags", [TagRow("a", "x" * 257)], "256", [TagRow("a", "x" * 256)]),
    ("tags", [TagRow("a", "x\u202ey")], "cannot be seen", [TagRow("a", "xy")]),
    ("tags", [TagRow(" a", "1")], "blanks", [TagRow("a", "1")]),
    ("tags", [TagRow("TLC-operation", "1")], "set by the console", [TagRow("tlc", "1")]),
    ("image", "", "Choose an image", None),
    ("image", "id:gone", "not offered any more", None),
    ("logical_network_id", "", "Choose a logical network", None),
    ("subscription_id", "", "Choose a subscription", None),
    ("resource_group", "gone", "not offered any more", None),
    ("custom_location_id", "", "Choose a custom location", None),
]


@pytest.mark.parametrize(("field", "wrong", "words", "right"), RULES)
def test_a_rule_is_told_beside_its_field_and_goes_when_put_right(
    draft: Draft, inventory: Inventory, field: str, wrong: Any, words: str, right: Any
) -> None:
    before = getattr(draft, field)
    assert field not in judged(draft, inventory).problems
    setattr(draft, field, wrong)
    assert words in judged(draft, inventory).problems[field]
    setattr(draft, field, before if right is None else right)
    assert field not in judged(draft, inventory).problems


# field, wrong, words, right; of fields that are there only after a switch
SWITCHED: list[tuple[str, str, Any, str, Any]] = [
    ("is_dynamic", "memory_minimum_gib", 9, "Not more than the 8 GiB", 8),
    ("is_dynamic", "memory_maximum_gib", 7, "Not less than the 8 GiB", 8),
    ("is_dynamic", "memory_buffer", 4, "Choose 5 to 2000", 5),
    ("is_dynamic", "memory_buffer", 2001, "Choose 5 to 2000", 2000),
    ("joins_domain", "domain", "contoso", "full name", "contoso.example"),
    ("joins_domain", "domain", "contoso..example", "full name", "contoso.example"),
    ("joins_domain", "domain_user", "joiner", "name@domain", "joiner@contoso.example"),
    ("joins_domain", "domain_user", "a@b@c", "name@domain", "a@b"),
    ("joins_domain", "organizational_unit", "Servers", "OU=Servers", "OU=Servers,DC=contoso"),
    ("has_fixed_address", "address", "", "Give the address", "10.110.2.1"),
    ("has_fixed_address", "address", "10.110.2", "is not an address", "10.110.2.1"),
    ("has_fixed_address", "address", "203.0.113.9", "outside", "10.110.2.1"),
    ("has_fixed_address", "address", "10.110.1.21", "in use", "10.110.2.1"),
    ("has_fixed_address", "address", "10.110.0.5", "no address pool", "10.110.2.1"),
    ("has_fixed_address", "address", "10.110.15.255", "no address pool", "10.110.2.1"),
]


@pytest.mark.parametrize(("switch", "field", "wrong", "words", "right"), SWITCHED)
def test_fields_behind_a_switch_are_judged_only_when_it_is_on(
    draft: Draft,
    inventory: Inventory,
    switch: str,
    field: str,
    wrong: Any,
    words: str,
    right: Any,
) -> None:
    static = next(n for n in inventory.site.logical_networks if n.is_static)
    draft.logical_network_id = static.arm_id
    setattr(draft, field, wrong)
    assert field not in judged(draft, inventory).problems
    setattr(draft, switch, True)
    assert words in judged(draft, inventory).problems[field]
    setattr(draft, field, right)
    assert field not in judged(draft, inventory).problems


def test_joining_a_domain_needs_a_password(draft: Draft, inventory: Inventory) -> None:
    draft.joins_domain = True
    assert "password" in judged(draft, inventory).problems[SecretField.DOMAIN_PASSWORD]
    secrets = {**SECRETS, SecretField.DOMAIN_PASSWORD: "x"}
    assert SecretField.DOMAIN_PASSWORD not in judged(draft, inventory, secrets).problems


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("Short1!", "12 to 123"),
        ("A1" + "x" * 122, "12 to 123"),
        ("onlylowercase", "three of"),
        ("Grace-12345-Abc", "user name"),
        (" Canary-Passw0rd", "blank"),
    ],
)
def test_password_rules_are_doubts_because_no_document_states_them(
    draft: Draft, inventory: Inventory, typed: str, words: str
) -> None:
    secrets = {SecretField.ADMIN_PASSWORD: typed, flow.PASSWORD_AGAIN: typed}
    found = judged(draft, inventory, secrets)
    assert found.problems == {}
    doubt = found.doubts[SecretField.ADMIN_PASSWORD]
    assert words in doubt
    assert typed not in doubt


def test_a_password_is_needed_and_typed_twice_alike(draft: Draft, inventory: Inventory) -> None:
    assert set(judged(draft, inventory, {}).problems) == {SecretField.ADMIN_PASSWORD}
    found = judged(draft, inventory, {**SECRETS, flow.PASSWORD_AGAIN: "other"})
    assert found.problems == {flow.PASSWORD_AGAIN: "The two passwords differ."}


def test_a_new_draft_needs_name_user_and_password_only(inventory: Inventory) -> None:
    found = judged(flow.new_draft(inventory), inventory, {})
    assert set(found.problems) == {"name", "admin_username", SecretField.ADMIN_PASSWORD}


def test_digits_alone_are_a_vm_name_but_no_computer_name(
    draft: Draft, inventory: Inventory
) -> None:
    draft.name = "12345"
    assert set(judged(draft, inventory).problems) == {"computer_name"}
    draft.computer_name = "pc12345"
    assert judged(draft, inventory).problems == {}


def test_an_interface_that_somebody_left_behind_takes_the_name(
    draft: Draft, inventory: Inventory
) -> None:
    one = inventory.site.network_interfaces[0]
    left = msgspec.structs.replace(one, name="WEB-77-nic", attached_vm_id="")
    inventory.site = msgspec.structs.replace(inventory.site, network_interfaces=(left,))
    assert "web-77-nic exists already" in judged(draft, inventory).problems["name"]


def test_more_processors_than_any_node_and_disks_larger_than_the_path_are_doubts(
    draft: Draft, inventory: Inventory
) -> None:
    draft.processors = 65
    draft.data_disks = [DiskRow("a", 3000), DiskRow("b", 3000)]
    found = judged(draft, inventory)
    assert found.problems == {}
    assert "64 logical processors" in found.doubts["processors"]
    assert "Filled up, these disks need 6000 GiB" in found.doubts["data_disks"]


def test_a_disk_that_takes_its_space_at_once_must_fit(draft: Draft, inventory: Inventory) -> None:
    draft.data_disks = [DiskRow("a", 60_000, is_dynamic=False)]
    assert "GiB free" in judged(draft, inventory).problems["data_disks"]


@pytest.mark.parametrize(("build", "most"), [("10.0.26100.1", 2048), ("10.0.25398.1", 1024)])
def test_the_systems_build_decides_how_many_processors(
    draft: Draft, inventory: Inventory, build: str, most: int
) -> None:
    inventory.cluster = msgspec.structs.replace(inventory.cluster, os_build=build)
    draft.processors = most + 1
    assert f"1 to {most}" in judged(draft, inventory).problems["processors"]


# -- choices -----------------------------------------------------------------------------------
def test_the_storage_path_with_most_room_is_recommended_and_taken(inventory: Inventory) -> None:
    best = max(inventory.site.storage_paths, key=lambda path: path.available_mib or 0)
    draft = flow.new_draft(inventory)
    assert draft.storage_path_id == best.arm_id
    offered = choices.storage_paths(draft, inventory)
    assert ["recommended" in choice.detail for choice in offered] == [True, False, False]


def test_what_was_chosen_is_never_replaced_by_something_else(
    draft: Draft, inventory: Inventory
) -> None:
    chosen = draft.logical_network_id
    networks = tuple(n for n in inventory.site.logical_networks if n.arm_id != chosen)
    inventory.site = msgspec.structs.replace(inventory.site, logical_networks=networks)
    flow.fill_empty(draft, inventory)
    assert draft.logical_network_id == chosen
    assert "any more" in judged(draft, inventory).problems["logical_network_id"]


def test_an_empty_list_says_why(draft: Draft, inventory: Inventory) -> None:
    inventory.site = SiteFacts()
    assert "Azure lists nothing" in judged(draft, inventory).problems["storage_path_id"]
    inventory.arm = msgspec.structs.replace(inventory.arm, read_at=None)
    assert "has not answered" in judged(draft, inventory).problems["storage_path_id"]


def test_resource_groups_are_those_of_the_subscription(draft: Draft, inventory: Inventory) -> None:
    other = "2ab00000-0000-4000-8000-000000000002"
    group = inventory.site.resource_groups[0]
    foreign = msgspec.structs.replace(
        group, name="rg-other", arm_id=f"/subscriptions/{other}/resourceGroups/rg-other"
    )
    inventory.site = msgspec.structs.replace(inventory.site, resource_groups=(group, foreign))
    assert [c.text for c in choices.resource_groups(draft, inventory)] == [group.name]
    draft.subscription_id = other
    flow.follow(draft, "subscription_id", inventory)
    assert draft.resource_group == "rg-other"


def test_every_image_is_listed_and_refused_ones_say_why(draft: Draft, inventory: Inventory) -> None:
    offered = choices.images(draft, inventory)
    on_cluster = {choice.value for choice in offered if choice.value.startswith("id:")}
    assert on_cluster == {f"id:{image.arm_id}" for image in inventory.site.images}
    custom = next(image for image in inventory.site.images if image.reference is None)
    refused = next(choice for choice in offered if choice.value == f"id:{custom.arm_id}")
    assert "Marketplace" in refused.why_not
    draft.image = refused.value
    assert "Marketplace" in judged(draft, inventory).problems["image"]
    assert any("downloaded first" in choice.detail for choice in offered)
    assert not offered[0].why_not


def test_a_failed_download_is_refused_and_offered_once_more(inventory: Inventory) -> None:
    image = next(image for image in inventory.site.images if image.reference is not None)
    reference = ImageReference("microsoftwindowsdesktop", "windows11preview", "win11-22h2-avd-m365")
    broken = msgspec.structs.replace(
        image, state=ImageState.FAILED, reference=reference, error_message="Disk full."
    )
    inventory.site = msgspec.structs.replace(inventory.site, images=(broken,))
    offered = {choice.value: choice for choice in choices.images(Draft(), inventory)}
    assert "Disk full." in offered[f"id:{image.arm_id}"].why_not
    assert choices.offer_value(reference) in offered


def test_a_download_survives_a_list_that_grew(draft: Draft, inventory: Inventory) -> None:
    offer = choices.offers(inventory)[5]
    draft.image = choices.offer_value(offer.reference)
    inventory.cluster = msgspec.structs.replace(inventory.cluster, release="2503")
    kept = choices.offer_of(draft, inventory)
    assert kept is None or kept.reference == offer.reference
    inventory.cluster = msgspec.structs.replace(inventory.cluster, release="2510")
    assert build_request(draft, inventory).spec.image == offer.reference


def test_the_four_images_of_june_2024_are_what_its_release_offers(inventory: Inventory) -> None:
    inventory.cluster = msgspec.structs.replace(inventory.cluster, release="2311")
    assert [offer.reference.version for offer in choices.offers(inventory)] == [
        "22621.2428.231001",
        "22621.382.220810",
        "22000.2538.231001",
        "19044.3570.231010",
    ]


def test_the_next_free_address_is_offered_and_free(draft: Draft, inventory: Inventory) -> None:
    network = next(n for n in inventory.site.logical_networks if n.is_static)
    draft.logical_network_id, draft.has_fixed_address = network.arm_id, True
    flow.follow(draft, "has_fixed_address", inventory)
    assert draft.address == network.pools[0].start
    assert judged(draft, inventory).problems == {}
    assert build_request(draft, inventory).spec.network_interfaces[0].address == draft.address


def test_a_dhcp_network_takes_no_fixed_address(draft: Draft, inventory: Inventory) -> None:
    network = next(n for n in inventory.site.logical_networks if n.is_static is False)
    draft.logical_network_id, draft.has_fixed_address = network.arm_id, True
    draft.address = "10.0.0.1"
    assert judged(draft, inventory).problems == {}
    assert build_request(draft, inventory).spec.network_interfaces[0].address == ""
    assert not flow.FIELDS["address"].is_shown(draft, inventory)


# -- pages -------------------------------------------------------------------------------------
def test_pages_tell_their_state_once_seen(draft: Draft, inventory: Inventory) -> None:
    draft.name, draft.processors = "", 65
    states = judged(draft, inventory).page_states({0, 3, 5, flow.LAST})
    assert states == [
        PageState.INVALID,
        PageState.UNTOUCHED,
        PageState.UNTOUCHED,
        PageState.WARNING,
        PageState.UNTOUCHED,
        PageState.VALID,
        PageState.UNTOUCHED,
        PageState.INVALID,
    ]


def test_a_page_nobody_began_waits_and_is_not_wrong(draft: Draft, inventory: Inventory) -> None:
    draft.name = ""
    found, everything = judged(draft, inventory), range(len(flow.PAGES))
    states = found.page_states(everything, unfilled=range(flow.LAST))
    assert states[0] is PageState.UNFILLED
    assert PageState.UNFILLED not in states[1:], "where nothing is missing all is well"
    assert states[flow.LAST] is PageState.INVALID, "the review refuses as before"
    assert found.page_states(everything, unfilled=(1,))[0] is PageState.INVALID


def test_the_review_is_right_only_when_both_planes_said_so(
    draft: Draft, inventory: Inventory
) -> None:
    found, everything = judged(draft, inventory), range(len(flow.PAGES))
    assert found.page_states(everything)[flow.LAST] is PageState.UNCHECKED
    assert set(found.page_states(everything, ())) == {PageState.VALID}
    taken = Finding("name_is_free", Severity.BLOCKS, "Taken.", field="name")
    full = Finding("a_node_has_room", Severity.NOTE, "Tight.", field="memory_gib")
    states = found.page_states(everything, (taken, full))
    assert states[0] is PageState.INVALID
    assert states[3] is PageState.WARNING
    assert states[flow.LAST] is PageState.INVALID


def test_every_topic_of_a_check_leads_to_a_field(draft: Draft, inventory: Inventory) -> None:
    topics = ("name", "image", "security", "memory", "storage_path", "network")
    for topic in topics:
        assert flow.field_of(topic, draft, inventory) in flow.PAGE_OF
    assert flow.field_of("elsewhere", draft, inventory) == ""
    static = next(n for n in inventory.site.logical_networks if n.is_static)
    draft.logical_network_id, draft.has_fixed_address = static.arm_id, True
    assert flow.field_of("network", draft, inventory) == "address"


def test_no_two_fields_of_a_page_share_a_key() -> None:
    # Buttons of every page: Back; Create and the review's own are on the last page only.
    for page in flow.PAGES:
        letters = [
            field.label.replace("&&", "")[field.label.index("&") + 1].lower()
            for field in page.fields
            if "&" in field.label.replace("&&", "")
        ]
        taken = [*letters, "b", *({"size": ["d"], "tags": ["a"]}.get(page.id, []))]
        assert len(taken) == len(set(taken)), page.id


def test_joining_a_domain_without_the_agent_is_doubtful(draft: Draft, inventory: Inventory) -> None:
    draft.joins_domain, draft.guest_management = True, False
    assert "extension" in judged(draft, inventory).doubts["guest_management"]
    draft.guest_management = True
    assert "guest_management" not in judged(draft, inventory).doubts


def test_a_name_that_a_failed_creation_left_can_be_cleaned_up(
    draft: Draft, inventory: Inventory
) -> None:
    known = inventory.vm_named("app-05")
    assert known is not None
    assert known.azure is not None
    draft.name = "app-05"
    assert "clean up" not in judged(draft, inventory).problems["name"].lower()
    broken = msgspec.structs.replace(known.azure, provisioning=ProvisioningState.FAILED)
    inventory.apply(SnapshotDelta(upserted=(msgspec.structs.replace(known, azure=broken),)))
    assert "Clean up the creation that failed" in judged(draft, inventory).problems["name"]
