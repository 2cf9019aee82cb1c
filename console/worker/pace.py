"""Every waiting time of the runner and the watcher, in one place."""

import random

import msgspec


class Pace(msgspec.Struct, frozen=True):
    """Seconds throughout."""

    # Following a job at the other end.
    poll: float = 1.0
    poll_least: float = 1.0
    poll_most: float = 300.0
    contact_lost_after: float = 120.0
    stalled_after: float = 180.0
    contact_back_off: tuple[float, ...] = (1.0, 2.0, 5.0, 10.0, 20.0)
    # Showing and journalling progress.
    show_every: float = 0.25
    mark_every: float = 10.0
    # Queue and checks.
    wait_again: float = 3.0
    wire_patience: float = 120.0
    refresh_at_most: float = 30.0
    # Somebody holds VMs with the mouse: longer than this nobody waits.
    live_look_at_most: float = 8.0
    # Looking again at what is not known.
    unknown_back_off: tuple[float, ...] = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)
    journal_back_off: tuple[float, ...] = (0.5, 1.0, 2.0, 5.0, 10.0)


def jittered(seconds: float) -> float:
    """Up to a fifth less or more, so that many waiters do not come at once."""
    return seconds * random.uniform(0.8, 1.2)  # noqa: S311 - no secret depends on it


def nth(back_off: tuple[float, ...], number: int) -> float:
    """The ``number``-th delay (from 0), the last one ever after."""
    return back_off[min(number, len(back_off) - 1)]
