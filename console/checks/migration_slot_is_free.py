"""A live-migration slot is free on both nodes under the cluster's own limit, else it queues."""

from console.checks.moving_vms import MovingVms
from console.checks.situation import Situation, note, waits
from console.model.finding import Finding
from console.model.node import Node

ID = "migration_slot_is_free"
TITLE = "A live-migration slot is free"


def on_group(moving: MovingVms, node: Node, situation: Situation) -> tuple[Finding, ...]:
    untold: tuple[Finding, ...] = ()
    if situation.inventory.cluster.parallel_migrations is None and moving.go_to(node.name):
        text = "The cluster's limit of moves at a time is not known; one at a time is counted with."
        untold = (note(ID, text, "The cluster itself keeps its limit."),)
    position = queue_position(moving, node.name, situation)
    if position is None:
        return untold
    limit = situation.slots_per_node
    is_here = _position(node.name, situation) > 0
    busy = node.name if is_here else moving.owners_beside(node.name)[0]
    text = f"{busy} moves {limit} VM{'s' if limit > 1 else ''} at a time; this one would wait."
    return (waits(ID, text, f"Place {position} in the queue."), *untold)


def queue_position(moving: MovingVms, node: str, situation: Situation) -> int | None:
    """Place of the first of them in the queue, 1 for the next; None if it would start at once.

    A move takes a slot on both of its nodes.
    """
    place = max(_position(node, situation), _position_of_sources(moving, node, situation))
    return place or None


def _position_of_sources(moving: MovingVms, node: str, situation: Situation) -> int:
    """Place on the node that lets one of them go first; 0 if one could go at once."""
    first = 0
    for owner in moving.by_owner:
        if owner is None or owner == node:
            continue
        place = _position(owner, situation)
        if place == 0:
            return 0
        first = min(first, place) if first else place
    return first


def _position(node: str, situation: Situation) -> int:
    return max(0, situation.moves_by_node[node] - situation.slots_per_node + 1)
