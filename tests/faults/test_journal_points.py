"""A crash at every journal write of every kind of operation: nothing lost, doubled or wrong."""

import pytest

from tests.faults.journal_points import KINDS, every_point


@pytest.mark.parametrize("kind", KINDS)
def test_a_crash_at_every_write(kind: str) -> None:
    tally = every_point(kind)
    assert tally.is_clean, tally.found
    assert tally.runs >= 10
