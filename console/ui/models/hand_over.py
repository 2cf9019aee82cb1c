"""A VM as a few lines of plain text, to be pasted into a ticket. Holds no secret."""

from collections.abc import Sequence
from datetime import datetime

from console.health import Health
from console.model.inventory import Inventory
from console.model.operation import OperationRecord
from console.model.virtual_machine import VirtualMachine
from console.ui.models.health_words import story_text
from console.ui.models.inspector_facts import azure_read_at, cluster_read_at, history_lines
from console.ui.models.vm_columns import KIND_WORDS, addresses
from console.ui.plain_text import one_line

_MOST_OPERATIONS = 5


def hand_over(
    vm: VirtualMachine,
    health: Health,
    inventory: Inventory,
    operations: Sequence[OperationRecord],
    now: float,
) -> str:
    """What it is, how it is and why, what was done to it; every fact with when it was read."""
    azure = vm.azure
    rows = [
        ("VM", one_line(vm.name)),
        ("Kind", KIND_WORDS[vm.kind]),
        ("State", f"{vm.power}; {health.level}"),
        ("Cluster", one_line(inventory.cluster.name) or "not known"),
        ("Node", one_line(vm.owner_node or "") or "not known"),
        ("Addresses", one_line(addresses(vm)) or "not known"),
        ("Account", one_line(azure.admin_username if azure else "") or "not known"),
        ("VM id", vm.cluster.vm_id if vm.cluster else "not known"),
        ("Azure id", one_line(azure.arm_id) if azure else "not known to Azure"),
        ("Read from cluster", _moment(cluster_read_at(vm, inventory))),
        ("Read from Azure", _moment(azure_read_at(vm, inventory))),
        ("Written", _moment(now)),
    ]
    width = max(len(name) for name, _ in rows) + 2
    lines = [f"{name + ':':<{width}}{value}" for name, value in rows]
    lines += ["", story_text("", health, (), now).strip()]
    newest = sorted(operations, key=lambda record: record.created_at, reverse=True)
    mine = [record for record in newest if getattr(record.request, "vm_key", None) == vm.key]
    done = history_lines(vm.key, mine[:_MOST_OPERATIONS])
    lines += ["", "Done to it from this console, newest first:", done]
    return "\n".join(lines) + "\n"


def _moment(at: float | None) -> str:
    """Date and time with the zone: a ticket is read elsewhere."""
    if at is None:
        return "never"
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M:%S %z")
