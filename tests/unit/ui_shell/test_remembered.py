"""Which connection is opened first, from what was asked for and what is remembered."""

import pytest

from console.model.connection import site_id
from console.settings import OpenTab, Settings
from console.ui.shell.remembered import connection_id, first_of

MUNICH, SITE = OpenTab("munich", name="Munich"), OpenTab("stores", site="/arm/1", name="Store 1")
LAB = OpenTab("lab-small", "small", name="Lab (small)")
KNOWN = Settings(open_tabs=(MUNICH, SITE, LAB), current_tab=1)


@pytest.mark.parametrize(
    ("profile", "scenario", "first"),
    [
        ("", "", SITE),
        ("munich", "", MUNICH),
        ("stores", "", OpenTab("stores")),  # the fleet itself, not its cluster
        ("oslo", "", OpenTab("oslo")),
        ("", "small", LAB),
        ("", "large", OpenTab("lab-large", "large", name="Lab (large)")),
    ],
)
def test_what_was_asked_for_comes_before_what_was_looked_at(
    profile: str, scenario: str, first: OpenTab
) -> None:
    assert first_of(KNOWN, profile, scenario) == first


@pytest.mark.parametrize("current", [-5, 99])
def test_a_number_of_nobody_is_no_trouble(current: int) -> None:
    assert first_of(Settings(open_tabs=(MUNICH,), current_tab=current), "", "") == MUNICH
    assert first_of(Settings(current_tab=current), "", "") is None


def test_its_id_is_the_one_that_journal_and_snapshot_are_kept_under() -> None:
    assert connection_id(MUNICH) == "munich"
    assert connection_id(LAB) == "lab-small"
    assert connection_id(SITE) == site_id("stores", "/arm/1")
