"""Who may run now: locks on what is acted on, and slots of what is scarce, first come."""

import asyncio
from collections import Counter
from collections.abc import Callable

# Later moves between free nodes may pass one that waits for a full node, but not for ever.
_MAX_OVERTAKEN = 8


class Ticket:
    """One operation's place: waiting until ``granted`` is set, then holding until released."""

    __slots__ = ("granted", "has_slots", "is_ready", "locks", "nodes", "number", "overtaken")

    def __init__(self, number: int, locks: frozenset[str], nodes: tuple[str, ...]) -> None:
        self.number = number
        self.locks = locks
        self.nodes = nodes
        self.granted = asyncio.Event()
        self.has_slots = False
        self.is_ready = True
        self.overtaken = 0


class Admission:
    """Grants tickets. ``limit`` tells for a slot's key (a node's name) how many may hold it."""

    def __init__(self, limit: Callable[[str], int]) -> None:
        self._limit = limit
        self._number = 0
        self._waiting: list[Ticket] = []
        self._holding: set[Ticket] = set()

    def ask(
        self, locks: frozenset[str], nodes: tuple[str, ...], *, is_ready: bool = True
    ) -> Ticket:
        """A new place at the end of the queue; granted at once if nothing is in its way.

        One that is not ready keeps its place and stands in nobody's way until ``make_ready``.
        """
        ticket = self._new(locks, nodes)
        ticket.is_ready = is_ready
        self._waiting.append(ticket)
        self.serve()
        return ticket

    def take(self, locks: frozenset[str], nodes: tuple[str, ...]) -> Ticket:
        """Locks and slots without waiting, for what may be going on already (after a restart)."""
        ticket = self._new(locks, nodes)
        self._hold(ticket)
        return ticket

    def put_back(self, ticket: Ticket) -> None:
        """Give up what was granted, but keep the place in the queue; not served at once."""
        self._holding.discard(ticket)
        ticket.has_slots = False
        ticket.granted.clear()
        self._waiting.append(ticket)
        self._waiting.sort(key=lambda waiting: waiting.number)

    def make_ready(self, ticket: Ticket) -> None:
        """It waits for its turn only, from here on.

        That can let nobody go but itself: hundreds that get ready together and find no room are
        not each a walk through the whole queue.
        """
        ticket.is_ready = True
        used = self._slots_used()
        has_room = all(used[node] < max(1, self._limit(node)) for node in set(ticket.nodes))
        if has_room and not any(ticket.locks & holder.locks for holder in self._holding):
            self.serve()

    def place(self, ticket: Ticket, before: Ticket | None) -> tuple[Ticket, ...]:
        """Put a waiting ticket right before another that waits (None: first of all).

        Those that wait behind it then, in order; empty if either waits no longer.
        """
        others = [waiting for waiting in self._waiting if waiting is not ticket]
        if len(others) == len(self._waiting) or (before is not None and before not in others):
            return ()
        at = others.index(before) if before is not None else 0
        # Tickets that hold may be put back: they keep their place among all.
        ranked = sorted((*others, *self._holding), key=lambda known: known.number)
        rank = ranked.index(others[at]) if others else len(ranked)
        ranked.insert(rank, ticket)
        for number, known in enumerate(ranked, start=1):
            known.number = number
        self._number = len(ranked)
        self._waiting.sort(key=lambda waiting: waiting.number)
        self.serve()
        return tuple(others[at:])

    def lend_slots(self, ticket: Ticket) -> None:
        """Let others use the slots of an operation that only looks now and then."""
        ticket.has_slots = False
        self.serve()

    def retake_slots(self, ticket: Ticket) -> None:
        """Count the slots again without waiting: what is looked at may be running."""
        ticket.has_slots = True

    def release(self, ticket: Ticket) -> None:
        """Leave: whether it waited or held."""
        self._holding.discard(ticket)
        if ticket in self._waiting:
            self._waiting.remove(ticket)
        ticket.has_slots = False
        self.serve()

    def serve(self) -> None:
        """Grant every ticket that may go now, in order of arrival."""
        if not self._waiting:
            return
        held = {key for ticket in self._holding for key in ticket.locks}
        used = self._slots_used()
        reserved: set[str] = set()
        passed: list[Ticket] = []
        for ticket in list(self._waiting):
            if not ticket.is_ready:
                continue
            if ticket.locks & held:
                held |= ticket.locks  # a later one for the same thing stays behind it
                continue
            has_room = all(used[node] < max(1, self._limit(node)) for node in set(ticket.nodes))
            if has_room and reserved.isdisjoint(ticket.nodes):
                for earlier in passed:
                    earlier.overtaken += not set(earlier.nodes).isdisjoint(ticket.nodes)
                self._waiting.remove(ticket)
                self._hold(ticket)
                used.update(set(ticket.nodes))
            else:
                passed.append(ticket)
                if ticket.overtaken >= _MAX_OVERTAKEN:
                    reserved.update(ticket.nodes)
            held |= ticket.locks

    def positions(self) -> dict[Ticket, int]:
        """For each waiting ticket its place, from 1, at the busiest thing it waits for."""
        ahead: Counter[str] = Counter()
        places: dict[Ticket, int] = {}
        for ticket in self._waiting:
            keys = {*ticket.locks, *(f"slot:{node}" for node in ticket.nodes)}
            places[ticket] = 1 + max((ahead[key] for key in keys), default=0)
            ahead.update(keys)
        return places

    def _new(self, locks: frozenset[str], nodes: tuple[str, ...]) -> Ticket:
        self._number += 1
        return Ticket(self._number, locks, nodes)

    def _hold(self, ticket: Ticket) -> None:
        self._holding.add(ticket)
        ticket.has_slots = True
        ticket.granted.set()

    def _slots_used(self) -> Counter[str]:
        used: Counter[str] = Counter()
        for ticket in self._holding:
            if ticket.has_slots:
                used.update(set(ticket.nodes))
        return used
