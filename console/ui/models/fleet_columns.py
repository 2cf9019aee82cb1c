"""The columns of the fleet's table: how a VM is told and by what it is sorted. No Qt."""

from collections.abc import Callable

import msgspec

from console.health.fleet import LEVELS
from console.model.fleet import NO_LEVEL
from console.ui.models.fleet_facts import FleetFacts
from console.ui.models.vm_columns import memory_text


class FleetColumn(msgspec.Struct, frozen=True):
    """``id`` is the fleet's column that it is sorted by; ``width`` in average characters."""

    id: str
    title: str
    width: int
    text: Callable[[FleetFacts, int], str]
    is_number: bool = False
    is_shown: bool = True


def _plain(name: str) -> Callable[[FleetFacts, int], str]:
    return lambda store, slot: store.text(name, slot)


def _told(name: str) -> Callable[[FleetFacts, int], str]:
    """A word that Azure may not have told."""
    return lambda store, slot: store.word(name, slot) or "not told"


def _health(store: FleetFacts, slot: int) -> str:
    place = store.levels[slot]
    return LEVELS[place].value if place != NO_LEVEL else ""


def _cluster(store: FleetFacts, slot: int) -> str:
    return store.cluster_name(store.numbers["cluster"][slot])


def _subscription(store: FleetFacts, slot: int) -> str:
    return store.subscription_name(store.word("subscription", slot))


def _memory(store: FleetFacts, slot: int) -> str:
    return memory_text(store.number("memory_mib", slot))


COLUMNS: tuple[FleetColumn, ...] = (
    FleetColumn("name", "Name", 22, _plain("name")),
    FleetColumn("level", "Health", 15, _health),
    FleetColumn("power", "State", 10, _plain("power")),
    FleetColumn("cluster", "Cluster", 14, _cluster),
    FleetColumn("node", "Node (Azure)", 15, _plain("node")),
    FleetColumn("address", "Address", 14, _plain("address")),
    FleetColumn("security", "Security", 14, _plain("security")),
    FleetColumn("owner", "Owner", 12, _plain("owner")),
    FleetColumn("user", "User", 14, _plain("user")),
    FleetColumn("memory_mib", "Memory", 9, _memory, is_number=True),
    FleetColumn("processors", "Processors", 10, _plain("processors"), True, is_shown=False),
    FleetColumn("subscription", "Subscription", 20, _subscription, is_shown=False),
    FleetColumn("group", "Resource group", 16, _plain("group"), is_shown=False),
    FleetColumn("tags", "Tags", 24, _plain("tags"), is_shown=False),
    FleetColumn("secure_boot", "Secure Boot", 11, _told("secure_boot"), is_shown=False),
    FleetColumn("vtpm", "vTPM", 9, _told("vtpm"), is_shown=False),
    FleetColumn("agent", "Agent", 14, _plain("agent"), is_shown=False),
    FleetColumn("provisioning", "In Azure", 12, _plain("provisioning"), is_shown=False),
    FleetColumn("error", "Error", 22, _plain("error"), is_shown=False),
    FleetColumn("os", "System", 10, _plain("os"), is_shown=False),
    FleetColumn("vm_id", "VM id", 36, _plain("vm_id"), is_shown=False),
)
