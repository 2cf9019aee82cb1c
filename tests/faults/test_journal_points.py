"""A crash at every journal write of every kind of operation: nothing lost, doubled or wrong."""

import pytest

from console import operations
from console.model.request import Request, verb_of
from tests.faults.journal_points import KINDS, every_point
from tests.faults.state_machine import ConsoleMachine


@pytest.mark.parametrize("kind", KINDS)
def test_a_crash_at_every_write(kind: str) -> None:
    tally = every_point(kind)
    assert tally.is_clean, tally.found
    assert tally.runs >= 10


def test_no_kind_of_operation_is_left_out() -> None:
    tried: set[str] = set()
    for make in KINDS.values():
        machine = ConsoleMachine()
        request = make(machine)[1]
        if isinstance(request, Request):
            tried.add(verb_of(request))
        machine.teardown()
    assert tried == set(operations.BY_KIND)
