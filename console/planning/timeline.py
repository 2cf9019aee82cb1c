"""When moves would start and end if they are asked for in this order, at the real concurrency."""

from collections import defaultdict
from collections.abc import Sequence

import msgspec

from console.model.outlook import Step
from console.model.plan import Range


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


def timed(steps: Sequence[Step], slots_per_node: int) -> tuple[Step, ...]:
    """The steps with their times; those that cannot be done get none, and nobody does if the
    duration of one that can is not known.
    """
    done = iter(_timed([step for step in steps if not step.is_broken], slots_per_node))
    return tuple(step if step.is_broken else next(done) for step in steps)


def _timed(steps: Sequence[Step], slots_per_node: int) -> tuple[Step, ...]:
    durations: list[Range] = [s.duration_s for s in steps if s.duration_s is not None]
    if len(durations) < len(steps):
        return tuple(steps)
    low, high = (
        schedule(
            [
                (step.move.source, step.move.target, duration[at])
                for step, duration in zip(steps, durations, strict=True)
            ],
            slots_per_node,
        )
        for at in (0, 1)
    )
    return tuple(
        msgspec.structs.replace(
            step,
            starts_s=(low[at][0], high[at][0]),
            ends_s=(low[at][1], high[at][1]),
        )
        for at, step in enumerate(steps)
    )
