"""A moment of the past is named with its day, its age, and whether anybody looked."""

from console.model.moment import Moment
from console.ui.past.words import band_text, belief_text, moment_text
from tests.unit.worker.test_snapshot_history import a_snapshot

SNAPSHOT = a_snapshot(1000.0)


def test_the_band_names_the_moment_and_that_nothing_acts() -> None:
    text = band_text(Moment(1000.0, SNAPSHOT, 900.0), "c1", 1000.0 + 7200)
    assert text.startswith("THE PAST: c1 as it was on ")
    assert moment_text(1000.0) in text
    assert "2 h ago" in text
    assert text.endswith("Nothing can be done here.")


def test_nobody_looked_is_not_nothing_changed() -> None:
    unseen = Moment(1000.0, SNAPSHOT, 500.0, 600.0, 2000.0, first=1.0, last=3000.0)
    assert "No console looked from" in belief_text(unseen)
    assert moment_text(2000.0) in belief_text(unseen)
    assert "not known" in belief_text(unseen)
    seen = Moment(1000.0, SNAPSHOT, 500.0, first=1.0, last=3000.0)
    assert "like this since" in belief_text(seen)


def test_where_the_past_begins_is_told() -> None:
    assert "begins at" in belief_text(Moment(1.0, first=500.0, last=900.0))
    assert "No past is stored yet" in belief_text(Moment(1.0))
