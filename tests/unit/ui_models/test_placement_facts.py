"""The inspector tells where the cluster wants a VM, and nothing where it was not said."""

import msgspec

from console.model.inventory import Inventory
from console.model.placement import AffinityKind, AffinityRule
from console.ui.models.inspector_facts import vm_overview
from tests.ui.sample import snapshot

replace = msgspec.structs.replace


def told(inventory: Inventory, name: str) -> dict[str, str]:
    vm = inventory.vm_named(name)
    assert vm is not None
    return {fact.name: fact.value for fact in vm_overview(vm, inventory, 0.0)}


def test_rules_and_owners_are_told_of_the_vm_they_name() -> None:
    inventory = Inventory(snapshot("small"))
    before = told(inventory, "app-01")
    rules = (
        AffinityRule("pair", AffinityKind.SAME_NODE, ("APP-01", "web-01")),
        AffinityRule("apart", AffinityKind.DIFFERENT_NODE, ("app-01", "app-02"), False),
        AffinityRule("others", AffinityKind.DIFFERENT_NODE, ("sql-01", "sql-02")),
    )
    inventory.cluster = replace(inventory.cluster, affinity_rules=rules)
    vm = inventory.vm_named("app-01")
    assert vm is not None
    assert vm.cluster is not None
    owners = replace(vm.cluster, possible_owners=("N1", "N2"), preferred_owners=("N2",))
    inventory.vms[vm.key] = replace(vm, cluster=owners)
    after = told(inventory, "app-01")
    assert {name: after[name] for name in after.keys() - before.keys()} == {
        "Rule pair": "on one node with web-01",
        "Rule apart": "on another node than app-02 (off)",
        "May run on": "N1, N2",
        "Rather runs on": "N2",
    }


def test_what_could_not_be_read_is_not_told_as_a_rule() -> None:
    inventory = Inventory(snapshot("small"))
    inventory.cluster = replace(inventory.cluster, affinity_rules=None)
    assert not [name for name in told(inventory, "app-01") if name.startswith("Rule")]
