"""A live-migration slot is free on the target under the cluster's own limit, else it queues."""

from console.checks.situation import Situation, waits
from console.model.finding import Finding
from console.model.node import Node

ID = "migration_slot_is_free"
TITLE = "A live-migration slot is free"


def on_node(node: Node, situation: Situation) -> tuple[Finding, ...]:
    position = queue_position(node.name, situation)
    if position is None:
        return ()
    limit = situation.slots_per_node
    text = f"{node.name} moves {limit} VM{'s' if limit > 1 else ''} at a time; this one would wait."
    return (waits(ID, text, f"Place {position} in the queue."),)


def queue_position(node: str, situation: Situation) -> int | None:
    """Place in this node's queue, 1 for the next; None if it would start at once."""
    busy = situation.moves_touching(node)
    limit = situation.slots_per_node
    return busy - limit + 1 if busy >= limit else None
