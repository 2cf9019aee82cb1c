"""What a check looks at: the state as last read, the time, and what is already under way."""

import functools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from console.model.finding import Finding, Severity
from console.model.inventory import Inventory
from console.model.operation import OperationRecord
from console.model.request import LiveMigrate


@dataclass(frozen=True)
class Situation:
    """Read-only. ``running`` are this console's unfinished operations, oldest first."""

    inventory: Inventory
    now: float
    running: Sequence[OperationRecord] = field(default=())

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
