"""The cluster's affinity rules, as far as placing several VMs has to know them."""

from collections.abc import Mapping

from console.model.inventory import Inventory
from console.model.placement import AffinityKind


def partners(inventory: Inventory) -> Mapping[str, frozenset[str]]:
    """By key of a VM: the keys of all that have to be on the same node with it, itself included.

    VMs without such a rule are not in it.
    """
    rules = inventory.cluster.affinity_rules or ()
    together = [rule for rule in rules if rule.is_enabled and rule.kind is AffinityKind.SAME_NODE]
    if not together:
        return {}
    names = {name.casefold() for rule in together for name in rule.groups}
    by_group: dict[str, set[str]] = {}
    for vm in inventory.vms.values():
        group = vm.cluster.group.casefold() if vm.cluster is not None else ""
        if group in names:
            by_group.setdefault(group, set()).add(vm.key)
    found: dict[str, frozenset[str]] = {}
    for rule in together:
        keys = {key for name in rule.groups for key in by_group.get(name.casefold(), ())}
        # Rules that share a VM bind all of theirs.
        whole = frozenset(keys.union(*(found.get(key, frozenset()) for key in keys)))
        found |= dict.fromkeys(whole, whole)
    return found
