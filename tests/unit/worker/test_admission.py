"""Locks and slots: nobody holds what another holds, and nobody waits for ever."""

import random

from console.worker.admission import Admission, Ticket


def _ask(admission: Admission, vm: str, *nodes: str) -> Ticket:
    return admission.ask(frozenset({f"vm:{vm}"}), nodes)


async def test_a_later_ticket_stays_behind_an_earlier_one_for_the_same_thing() -> None:
    admission = Admission(lambda _key: 1)
    first = _ask(admission, "a")
    node = admission.ask(frozenset({"vm:a", "node:N1"}), ())
    later = admission.ask(frozenset({"node:N1"}), ())
    assert first.granted.is_set()
    assert not node.granted.is_set()
    assert not later.granted.is_set()
    assert admission.positions() == {node: 1, later: 2}
    admission.release(first)
    assert node.granted.is_set()
    assert not later.granted.is_set()
    admission.release(node)
    assert later.granted.is_set()


async def test_one_that_waits_for_a_full_node_is_not_overtaken_for_ever() -> None:
    admission = Admission(lambda _key: 1)
    holds_a = _ask(admission, "0", "A", "X")
    waits = _ask(admission, "1", "A", "B")
    passed = 0
    while passed < 100:
        other = _ask(admission, f"b{passed}", "B", "C")
        if not other.granted.is_set():
            break
        passed += 1
        admission.release(other)
    assert passed == 8
    admission.release(holds_a)
    assert waits.granted.is_set()


async def test_slots_can_be_lent_and_taken_back() -> None:
    admission = Admission(lambda _key: 1)
    looks = admission.take(frozenset({"vm:a"}), ("N1",))
    waits = _ask(admission, "b", "N1")
    assert not waits.granted.is_set()
    admission.lend_slots(looks)
    assert waits.granted.is_set()
    admission.retake_slots(looks)
    third = _ask(admission, "c", "N1")
    admission.release(waits)
    assert not third.granted.is_set()
    admission.release(looks)
    assert third.granted.is_set()


async def test_a_ticket_put_back_keeps_its_place() -> None:
    admission = Admission(lambda _key: 1)
    first = _ask(admission, "a", "N1")
    second = _ask(admission, "b", "N1")
    admission.put_back(first)
    admission.serve()
    assert first.granted.is_set()
    assert not second.granted.is_set()


async def test_random_use_never_breaks_a_lock_or_a_limit() -> None:
    for seed in range(30):
        randomly = random.Random(seed)
        admission = Admission(lambda _key: 2)
        tickets: list[Ticket] = []
        for _ in range(200):
            if tickets and randomly.random() < 0.5:
                admission.release(tickets.pop(randomly.randrange(len(tickets))))
            else:
                nodes = tuple(randomly.sample(["A", "B", "C", "D"], 2))
                tickets.append(_ask(admission, str(randomly.randrange(6)), *nodes))
            granted = [ticket for ticket in tickets if ticket.granted.is_set()]
            locks = [key for ticket in granted for key in ticket.locks]
            assert len(locks) == len(set(locks)), seed
            for node in "ABCD":
                assert sum(node in ticket.nodes for ticket in granted) <= 2, seed
        for ticket in tickets[:]:
            admission.release(ticket)
            tickets.remove(ticket)
            assert not tickets or any(left.granted.is_set() for left in tickets), seed


def test_what_is_not_ready_stands_in_nobodys_way_and_keeps_its_place() -> None:
    admission = Admission(lambda _key: 1)
    running = admission.ask(frozenset({"vm:a"}), ("N1",))
    held = admission.ask(frozenset({"vm:b"}), ("N1",), is_ready=False)
    later = admission.ask(frozenset({"vm:c"}), ("N1",))
    same = admission.ask(frozenset({"vm:b"}), ("N2",))
    assert same.granted.is_set()
    admission.release(running)
    assert later.granted.is_set()
    assert not held.granted.is_set()
    admission.release(same)
    last = admission.ask(frozenset({"vm:d"}), ("N1",))
    admission.make_ready(held)
    admission.release(later)
    assert (held.granted.is_set(), last.granted.is_set()) == (True, False)


def test_what_gets_ready_goes_at_once_if_there_is_room() -> None:
    admission = Admission(lambda _key: 1)
    held = admission.ask(frozenset({"vm:a"}), ("N1",), is_ready=False)
    admission.make_ready(held)
    assert held.granted.is_set()
    other = admission.ask(frozenset({"vm:a"}), ("N2",), is_ready=False)
    admission.make_ready(other)
    assert not other.granted.is_set()
    admission.release(held)
    assert other.granted.is_set()


def test_a_new_place_counts_among_those_that_were_put_back_too() -> None:
    admission = Admission(lambda _key: 1)
    first, second, third = (admission.ask(frozenset({f"vm:{n}"}), ("N1",)) for n in range(3))
    assert first.granted.is_set()
    assert admission.place(third, second) == (second,)
    assert admission.place(third, first) == ()
    assert admission.place(first, None) == ()
    admission.put_back(first)
    assert [admission.positions()[ticket] for ticket in (first, third, second)] == [1, 2, 3]
    assert admission.place(second, None) == (first, third)
    admission.serve()
    assert second.granted.is_set()
    fourth = admission.ask(frozenset({"vm:4"}), ("N1",))
    assert admission.positions()[fourth] == 3
