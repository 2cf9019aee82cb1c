"""What will happen when: the world's list of coming events, in the order of their time."""

import heapq
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(order=True)
class Timer:
    """An event to come. Events of the same moment happen in the order they were planned."""

    at: float
    order: int
    act: Callable[[], None] = field(compare=False)
    is_canceled: bool = field(default=False, compare=False)

    def cancel(self) -> None:
        self.is_canceled = True


class Schedule:
    """Events ordered by time. Running it to a moment gives the same history in one step or many."""

    def __init__(self) -> None:
        self._heap: list[Timer] = []
        self._order = itertools.count()

    def at(self, when: float, act: Callable[[], None]) -> Timer:
        timer = Timer(when, next(self._order), act)
        heapq.heappush(self._heap, timer)
        return timer

    def pop_due(self, until: float) -> Timer | None:
        """The next event not later than ``until``, taken off the list."""
        while self._heap and self._heap[0].at <= until:
            timer = heapq.heappop(self._heap)
            if not timer.is_canceled:
                return timer
        return None
