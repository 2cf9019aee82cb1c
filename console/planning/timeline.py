"""When moves would start and end if they are asked for in this order, at the real concurrency."""

from collections import defaultdict
from collections.abc import Sequence


def schedule(
    moves: Sequence[tuple[str, str, float]], slots_per_node: int
) -> list[tuple[float, float]]:
    """Start and end in seconds of each (source, target, seconds), in the given order.

    A move takes a slot on both of its nodes. A later one does not overtake an earlier one: the
    console's queue lets few pass, so this is the later bound.
    """
    free: dict[str, list[float]] = defaultdict(lambda: [0.0] * slots_per_node)
    planned = []
    earliest = 0.0
    for source, target, seconds in moves:
        start = max(earliest, min(free[source]), min(free[target]))
        for node in (source, target):
            slots = free[node]
            slots[slots.index(min(slots))] = start + seconds
        planned.append((start, start + seconds))
        earliest = start
    return planned
