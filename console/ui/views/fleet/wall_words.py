"""What the wall shows in words, for tool tips and screen readers. No Qt."""

from console.health.fleet import LEVELS
from console.model.fleet import NO_LEVEL
from console.ui.models.fleet_facts import FleetFacts
from console.ui.models.fleet_groups import Group
from console.ui.plain_text import one_line


def vm(store: FleetFacts, slot: int) -> str:
    """Name, health, state, cluster and node; empty if there is no such VM."""
    if not 0 <= slot < len(store.levels) or store.levels[slot] == NO_LEVEL:
        return ""
    words = [one_line(store.texts["name"][slot]), str(store.level(slot))]
    words += [store.word("power", slot), one_line(store.cluster_name_of(slot))]
    node = store.word("node", slot)
    return ", ".join([*words, one_line(node)] if node else words)


def part(store: FleetFacts, group: Group, by: str) -> str:
    """Title, how many VMs are at which level, and what is wrong with the cluster as a whole."""
    counts = [
        f"{group.counts[place]} {level.value.lower()}"
        for place, level in reversed(list(enumerate(LEVELS)))
        if group.counts[place]
    ]
    notes = store.notes_of_cluster(group.key) if by == "cluster" else ()
    told = f"{one_line(group.title)}: {len(group.slots)} VMs, {', '.join(counts)}. "
    return told + " ".join(notes)
