"""Several drafts out of one: names, addresses, and everything wrong told by VM."""

import time

import pytest

from console.model.inventory import Inventory
from console.ui.wizard import flow
from console.ui.wizard.draft import DiskRow, Draft, ExistingDiskRow, TagRow
from console.ui.wizard.several import planning
from console.ui.wizard.several.csv_rows import parse
from console.ui.wizard.several.planning import Planned
from tests.ui.sample import snapshot

SECRETS = {"admin_password": "Correct-Horse-7", flow.PASSWORD_AGAIN: "Correct-Horse-7"}


@pytest.fixture
def inventory() -> Inventory:
    return Inventory(snapshot("small"))


@pytest.fixture
def draft(inventory: Inventory) -> Draft:
    made = flow.new_draft(inventory)
    made.name, made.admin_username, made.memory_gib = "web-99", "grace", 2
    return made


def static(draft: Draft, inventory: Inventory) -> Draft:
    network = next(n for n in inventory.site.logical_networks if n.is_static)
    draft.logical_network_id, draft.has_fixed_address = network.arm_id, True
    return draft


def judged(plans: list[Planned], inventory: Inventory) -> list[Planned]:
    planning.judge_together(plans)
    for plan in plans:
        planning.judge_one(plan, SECRETS, inventory, time.time())
    return plans


def from_text(text: str, draft: Draft, inventory: Inventory) -> list[Planned]:
    parsed = parse(text.encode())
    assert parsed.faults == ()
    return judged(planning.from_rows(draft, parsed, inventory), inventory)


@pytest.mark.parametrize(
    ("pattern", "count", "first", "names"),
    [
        ("web-##", 2, 1, ["web-01", "web-02"]),
        ("web-#", 2, 9, ["web-09", "web-10"]),
        ("##-web", 2, 99, ["099-web", "100-web"]),
        ("web", 2, 1, ["web-01", "web-02"]),
        ("web-###", 1, 0, ["web-000"]),
        ("web-##", 0, 1, []),
    ],
)
def test_names_of_a_pattern(pattern: str, count: int, first: int, names: list[str]) -> None:
    assert planning.names_of(pattern, count, first) == names


def test_200_by_pattern_are_right_and_different(draft: Draft, inventory: Inventory) -> None:
    plans = planning.from_pattern(draft, "many-###", 200, 1, inventory)
    judged(plans, inventory)
    assert len({plan.draft.name for plan in plans}) == 200
    assert [plan.problems for plan in plans if plan.problems] == []


def test_addresses_are_handed_out_without_touching_used_ones(
    draft: Draft, inventory: Inventory
) -> None:
    network = next(n for n in inventory.site.logical_networks if n.is_static)
    plans = planning.from_pattern(static(draft, inventory), "batch-##", 5, 1, inventory)
    judged(plans, inventory)
    given = [plan.draft.address for plan in plans]
    assert len(set(given)) == 5
    assert not set(given) & set(network.used_addresses)
    assert all(not plan.problems for plan in plans), [plan.problems for plan in plans]


def test_a_row_says_what_is_different(draft: Draft, inventory: Inventory) -> None:
    draft.tags = [TagRow("owner", "Ann"), TagRow("site", "A")]
    path = inventory.site.storage_paths[-1]
    text = (
        "name,processors,memory_gib,storage_path,computer_name,tag:owner\n"
        f"web-50,8,4,{path.name.upper()},WEBFIFTY,Bob\n"
    )
    (plan,) = from_text(text, draft, inventory)
    made = plan.draft
    assert plan.problems == []
    assert (made.processors, made.memory_gib, made.computer_name) == (8, 4, "WEBFIFTY")
    assert made.storage_path_id == path.arm_id
    assert {tag.name: tag.value for tag in made.tags} == {"owner": "Bob", "site": "A"}
    assert draft.processors == 4, "the wizard's own draft is left alone"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name\nWeb-50\n", "lower-case"),
        ("name\nwеb-50\n", "looks like"),
        ("name\napp-01\n", "exists already"),
        ("name,processors\nweb-50,many\n", "not a whole number"),
        ("name,memory_gib\nweb-50,99999\n", "Memory"),
        ("name,storage_path\nweb-50,nowhere\n", "no storage path"),
        ("name,address\nweb-50,999.1.1.1\n", "Address"),
        ("name\nweb-50\nweb-50\n", "stands twice"),
        ("name,computer_name\nweb-50,SAME\nweb-51,same\n", "computer name"),
    ],
)
def test_every_fault_is_told_at_its_row(
    text: str, said: str, draft: Draft, inventory: Inventory
) -> None:
    plans = from_text(text, static(draft, inventory), inventory)
    assert said.casefold() in " ".join(plans[0].problems).casefold(), plans[0].problems


def test_an_address_twice_and_one_in_use(draft: Draft, inventory: Inventory) -> None:
    network = next(n for n in inventory.site.logical_networks if n.used_addresses)
    draft.logical_network_id = network.arm_id
    used = network.used_addresses[0]
    plans = from_text(f"name,address\nweb-50,{used}\nweb-51,{used}\n", draft, inventory)
    assert any("stands twice" in text for text in plans[0].problems)
    assert any(text.startswith("Address") for text in plans[1].problems), plans[1].problems


def test_what_serves_one_vm_only_is_refused_for_several(draft: Draft, inventory: Inventory) -> None:
    draft.existing_disks = [ExistingDiskRow("/subscriptions/s/disks/d")]
    plans = planning.from_pattern(draft, "web-##", 2, 1, inventory)
    planning.judge_together(plans)
    assert "one VM only" in plans[0].problems[0]


def test_the_outlook_counts_all_together(draft: Draft, inventory: Inventory) -> None:
    few = planning.from_pattern(draft, "web-##", 1, 1, inventory)
    assert not any("memory for" in text for text in planning.outlook(few, inventory))
    draft.memory_gib = 64
    many = planning.from_pattern(draft, "web-###", 200, 1, inventory)
    assert any("have memory for" in text for text in planning.outlook(many, inventory))
    draft.data_disks = [DiskRow("data", 4096, is_dynamic=False)]
    large = planning.from_pattern(draft, "web-###", 200, 1, inventory)
    assert any("GiB free" in text for text in planning.outlook(large, inventory))
