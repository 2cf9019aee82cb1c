"""Every rule of the wizard: what is wrong, what is said, what puts it right. No Qt."""

import json
from pathlib import Path

import pytest

from console.model.inventory import Inventory
from console.model.request import DomainJoinSpec, DynamicMemorySpec, ProxySpec, SecretField
from console.ui.wizard import as_code, flow
from console.ui.wizard import draft as draft_file
from console.ui.wizard.draft import Draft
from tests.ui.sample import snapshot

CANARY = "Canary-Passw0rd-1"
SECRETS = {SecretField.ADMIN_PASSWORD: CANARY, flow.PASSWORD_AGAIN: CANARY}


@pytest.fixture
def inventory() -> Inventory:
    return Inventory(snapshot("small"))


@pytest.fixture
def draft(inventory: Inventory) -> Draft:
    return flow.defaults(inventory, Draft(name="web-77", admin_username="grace"))


# field, wrong value, a word of the message, right value
RULES = [
    ("name", "", "name", "web-77"),
    ("name", " web", "blanks", "web"),
    ("name", "Web", "lower-case", "web"),
    ("name", "wеb", "only looks like", "web"),  # a Cyrillic letter
    ("name", "-web", "begin and end", "web"),
    ("name", "w" * 55, "at most 54", "w" * 54),
    ("name", "app-05", "exists already", "app-99"),
    ("processors", 0, "Choose 1 to 2048", 4),
    ("memory_gib", 0, "Choose", 8),
    ("data_disks", "data1", "size in GiB", "data1 128"),
    ("data_disks", "data1 0", "Choose 1", "data1 1"),
    ("data_disks", "data1 99999", "Choose 1 to 65536", "data1 65536"),
    ("data_disks", "a 1\nA 2", "twice", "a 1\nb 2"),
    ("admin_username", "", "Name the local administrator", "grace"),
    ("admin_username", "Administrator", "reserved", "grace"),
    ("admin_username", "a" * 21, "20 characters", "a" * 20),
    ("admin_username", "gra ce", "not allowed", "grace"),
    ("computer_name", "a" * 16, "15 characters", "a" * 15),
    ("computer_name", "12345", "digits alone", "pc12345"),
    ("dns_servers", "10.0.0.1, here", "not an IP address", "10.0.0.1, fe80::1"),
    ("http_proxy", "proxy:8080", "http://host:port", "http://proxy:8080"),
    ("http_proxy", "http://u:p@proxy:8080", "stored readable", "http://proxy:8080"),
    ("http_proxy", "http://[", "http://host:port", ""),
    ("tags", "owner", "name=value", "owner=me"),
    ("tags", "a=1\nA=2", "twice", "a=1\nb=2"),
    ("tags", "\n".join(f"t{i}=x" for i in range(51)), "50 tags", "t=x"),
    ("tags", "a<b=1", "must not hold", "ab=1"),
    ("tags", f"a={'x' * 257}", "256", f"a={'x' * 256}"),
    ("image", "", "Choose an image", None),
    ("storage_path_id", "", "Choose a storage path", None),
    ("logical_network_id", "", "Choose a logical network", None),
]


@pytest.mark.parametrize(("field", "wrong", "word", "right"), RULES)
def test_a_rule_is_told_beside_its_field_and_goes_when_put_right(
    draft: Draft, inventory: Inventory, field: str, wrong: object, word: str, right: object
) -> None:
    before = getattr(draft, field)
    setattr(draft, field, wrong)
    assert word in flow.problems(draft, SECRETS, inventory)[field]
    setattr(draft, field, before if right is None else right)
    assert field not in flow.problems(draft, SECRETS, inventory)


@pytest.mark.parametrize(
    ("typed", "word"),
    [
        ("", "Give"),
        ("Short1!", "12 to 123"),
        ("onlylowercase", "three"),
        ("A1" + "x" * 122, "12 to 123"),
        ("Grace-12345-Abc", "contain"),
    ],
)
def test_password_rules(draft: Draft, inventory: Inventory, typed: str, word: str) -> None:
    secrets = {SecretField.ADMIN_PASSWORD: typed, flow.PASSWORD_AGAIN: typed}
    assert word in flow.problems(draft, secrets, inventory)[SecretField.ADMIN_PASSWORD]


def test_the_two_passwords_must_agree(draft: Draft, inventory: Inventory) -> None:
    wrong = flow.problems(draft, {**SECRETS, flow.PASSWORD_AGAIN: "other"}, inventory)
    assert wrong == {flow.PASSWORD_AGAIN: "The two passwords differ."}


def test_a_default_draft_needs_name_user_and_password_only(inventory: Inventory) -> None:
    wrong = flow.problems(flow.defaults(inventory), {}, inventory)
    assert set(wrong) == {"name", "admin_username", SecretField.ADMIN_PASSWORD}


def test_the_storage_path_with_most_room_is_recommended(inventory: Inventory) -> None:
    best = max(inventory.site.storage_paths, key=lambda path: path.available_mib or 0)
    assert flow.defaults(inventory).storage_path_id == best.arm_id
    assert "recommended" in flow.storage_paths(inventory)[0].text


def test_every_image_is_listed_and_refused_ones_say_why(inventory: Inventory) -> None:
    choices = flow.images(inventory)
    on_cluster = {choice.value for choice in choices if choice.value.startswith("id:")}
    assert on_cluster == {f"id:{image.arm_id}" for image in inventory.site.images}
    custom = next(image for image in inventory.site.images if image.reference is None)
    refused = next(choice for choice in choices if choice.value == f"id:{custom.arm_id}")
    assert "Marketplace" in refused.why_not
    assert any("downloaded first" in choice.text for choice in choices)
    assert not choices[0].why_not


def test_fixed_addresses_are_checked_against_the_network(
    draft: Draft, inventory: Inventory
) -> None:
    network = next(n for n in inventory.site.logical_networks if n.is_static)
    draft.logical_network_id, draft.has_fixed_address = network.arm_id, True
    draft.address = ""
    assert "Give" in flow.problems(draft, SECRETS, inventory)["address"]
    draft.address = "203.0.113.9"
    assert "outside" in flow.problems(draft, SECRETS, inventory)["address"]
    draft.address = network.used_addresses[0]
    assert "in use" in flow.problems(draft, SECRETS, inventory)["address"]
    draft.address = flow.next_free_address(network)
    assert "address" not in flow.problems(draft, SECRETS, inventory)


def test_the_request_says_exactly_what_was_typed(draft: Draft, inventory: Inventory) -> None:
    draft.is_dynamic, draft.memory_minimum_gib, draft.memory_maximum_gib = True, 4, 32
    draft.joins_domain = True
    draft.domain, draft.domain_user = "contoso.example", "joiner@contoso.example"
    draft.data_disks = "data1 128\nlog 64"
    draft.tags = "owner=erp\ncost center=42=b"
    draft.http_proxy, draft.no_proxy = "http://proxy:8080", "a, b"
    spec = flow.build_request(draft, inventory).spec
    assert (spec.name, spec.computer_name, spec.memory_mib) == ("web-77", "web-77", 8192)
    assert spec.secure_boot
    assert spec.vtpm
    assert spec.dynamic_memory == DynamicMemorySpec(4096, 32768, 20)
    assert spec.domain_join == DomainJoinSpec("contoso.example", "joiner@contoso.example")
    assert [(disk.name, disk.size_gib) for disk in spec.data_disks] == [
        ("web-77-data1", 128),
        ("web-77-log", 64),
    ]
    assert spec.tags == {"owner": "erp", "cost center": "42=b"}
    assert spec.proxy == ProxySpec("http://proxy:8080", "", ("a", "b"))
    assert spec.network_interfaces[0].name == "web-77-nic"
    assert spec.location == inventory.site.custom_locations[0].location


def test_an_image_to_download_travels_by_its_reference(draft: Draft, inventory: Inventory) -> None:
    draft.image = "offer:1"
    spec = flow.build_request(draft, inventory).spec
    assert spec.image_id == ""
    assert spec.image == flow.offers(inventory)[1].reference


def test_only_the_needed_secrets_leave(draft: Draft) -> None:
    secrets = {**SECRETS, SecretField.DOMAIN_PASSWORD: "other"}
    assert flow.secrets_to_send(draft, secrets) == {"admin_password": CANARY}
    draft.joins_domain = True
    assert flow.secrets_to_send(draft, secrets)["domain_password"] == "other"


def test_the_code_is_complete_trusted_launch_without_a_secret(
    draft: Draft, inventory: Inventory
) -> None:
    draft.tags = "it's=${x} 'quoted'"
    spec = flow.build_request(draft, inventory).spec
    template = json.loads(as_code.arm_template(spec))
    instance = template["resources"][-1]["properties"]
    assert instance["securityProfile"] == {
        "securityType": "TrustedLaunch",
        "enableTPM": True,
        "uefiSettings": {"secureBootEnabled": True},
    }
    assert instance["osProfile"]["adminPassword"] == "[parameters('adminPassword')]"
    assert template["parameters"]["adminPassword"]["type"] == "secureString"
    bicep, cli = as_code.bicep(spec), as_code.cli(spec)
    assert "@secure()" in bicep
    assert "adminPassword: adminPassword" in bicep
    assert "'it\\'s': '\\${x} \\'quoted\\''" in bicep
    assert "--security-type TrustedLaunch --enable-vtpm true --enable-secure-boot true" in cli
    assert "'it'\\''s=${x} '\\''quoted'\\'''" in cli
    for text in (as_code.arm_template(spec), bicep, cli):
        assert CANARY not in text


def test_a_draft_survives_without_secrets(tmp_path: Path, draft: Draft) -> None:
    draft_file.save(tmp_path, draft)
    assert draft_file.load(tmp_path) == draft
    assert "password" not in (tmp_path / "wizard-draft.json").read_text()
    draft_file.forget(tmp_path)
    assert draft_file.load(tmp_path) is None


@pytest.mark.parametrize("broken", [b"", b"{", b"\xff", b'{"processors": "four"}'])
def test_a_broken_draft_is_as_good_as_none(tmp_path: Path, broken: bytes) -> None:
    (tmp_path / "wizard-draft.json").write_bytes(broken)
    assert draft_file.load(tmp_path) is None
