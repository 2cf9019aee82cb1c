"""What a check looks at: the state as last read, the time, and what is already under way."""

import functools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from console.model.finding import Finding, Severity
from console.model.inventory import Inventory
from console.model.node import NodeState
from console.model.operation import OperationRecord
from console.model.placement import AffinityRule
from console.model.request import LiveMigrate, MoveMethod
from console.model.virtual_machine import VirtualMachine


@dataclass(frozen=True)
class Situation:
    """Read-only. ``running`` are this console's unfinished operations, oldest first; ``method`` is
    how VMs would be moved, where that is what is asked.
    """

    inventory: Inventory
    now: float
    running: Sequence[OperationRecord] = field(default=())
    method: MoveMethod = MoveMethod.LIVE

    @functools.cached_property
    def moves_by_node(self) -> Counter[str]:
        """Live migrations from or to each node: those the cluster reports and ours that wait."""
        seen = {
            vm.key: (vm.cluster.owner_node, vm.cluster.migration.target)
            for vm in self.inventory.vms.values()
            if vm.cluster is not None and vm.cluster.migration is not None
        }
        for record in self.running:
            if isinstance(record.request, LiveMigrate) and not record.is_over:
                request = record.request
                seen.setdefault(request.vm_key, (request.source, request.target))
        return Counter(node for ends in seen.values() for node in set(ends))

    @functools.cached_property
    def affinity_rules(self) -> tuple[AffinityRule, ...]:
        """Those that hold: enabled, and of more than one group."""
        rules = self.inventory.cluster.affinity_rules or ()
        return tuple(rule for rule in rules if rule.is_enabled and len(rule.groups) > 1)

    @functools.cached_property
    def rules_by_group(self) -> dict[str, list[AffinityRule]]:
        """The same by the name of each group that they speak of, in lower case."""
        found: dict[str, list[AffinityRule]] = {}
        for rule in self.affinity_rules:
            for name in dict.fromkeys(group.casefold() for group in rule.groups):
                found.setdefault(name, []).append(rule)
        return found

    @functools.cached_property
    def vm_by_group(self) -> dict[str, VirtualMachine]:
        """The VMs that rules speak of, by the casefolded name of their cluster group."""
        named = {group.casefold() for rule in self.affinity_rules for group in rule.groups}
        return {
            group: vm
            for vm in self.inventory.vms.values()
            if vm.cluster is not None and (group := vm.cluster.group.casefold()) in named
        }

    @functools.cached_property
    def vms_by_class(self) -> dict[str, dict[str, list[VirtualMachine]]]:
        """VMs by anti-affinity class and owner node."""
        found: dict[str, dict[str, list[VirtualMachine]]] = {}
        for vm in self.inventory.vms.values():
            if vm.cluster is not None and vm.cluster.anti_affinity:
                for name in vm.cluster.anti_affinity:
                    owned = found.setdefault(name, {})
                    owned.setdefault(vm.cluster.owner_node, []).append(vm)
        return found

    @functools.cached_property
    def unclassed_on(self) -> dict[str, list[VirtualMachine]]:
        """By owner node the VMs whose anti-affinity classes nobody could read."""
        found: dict[str, list[VirtualMachine]] = {}
        for vm in self.inventory.vms.values():
            if vm.cluster is not None and vm.cluster.anti_affinity is None:
                found.setdefault(vm.cluster.owner_node, []).append(vm)
        return found

    @functools.cached_property
    def memory_load(self) -> float | None:
        """Mean percentage of memory in use on the nodes that are up; None if not known."""
        loads = []
        for node in self.inventory.nodes.values():
            if node.state is not NodeState.UP:
                continue
            if not node.memory_total_mib or node.memory_available_mib is None:
                return None
            loads.append(max(0.0, 100 - 100 * node.memory_available_mib / node.memory_total_mib))
        return sum(loads) / len(loads) if loads else None

    @property
    def slots_per_node(self) -> int:
        """The cluster's own limit; one, its documented default, while nobody could read it."""
        return self.inventory.cluster.parallel_migrations or 1


def blocks(check: str, text: str, remedy: str = "", **more: str) -> Finding:
    return Finding(check, Severity.BLOCKS, text, remedy, **more)


def note(check: str, text: str, remedy: str = "", **more: str) -> Finding:
    return Finding(check, Severity.NOTE, text, remedy, **more)


def unknown(check: str, text: str, remedy: str = "", **more: str) -> Finding:
    return Finding(check, Severity.UNKNOWN, text, remedy, **more)


def waits(check: str, text: str, remedy: str = "", **more: str) -> Finding:
    return Finding(check, Severity.WAITS, text, remedy, **more)
