"""Over every order and clock: one notification a cause, nothing lost over quiet hours."""

from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from console.health.levels import HealthLevel
from console.ui.notifications.deciding import (
    AGAIN_S,
    STORM,
    STORM_S,
    Choices,
    Event,
    Kind,
    Memory,
    Notification,
    QuietHours,
    Rule,
    decide,
)

CRITICAL, ATTENTION = HealthLevel.CRITICAL, HealthLevel.ATTENTION
ALL = (Rule(Kind.ALARM), Rule(Kind.FAILED), Rule(Kind.DONE))


def at(text: str) -> float:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").timestamp()


def alarm(name: str, level: HealthLevel = CRITICAL, moment: float = 0.0) -> Event:
    return Event(name, Kind.ALARM, level, f"{name} is down.", "40 VMs", moment)


def told(
    memory: Memory, choices: Choices, events: list[Event], now: float
) -> tuple[Memory, tuple[Notification, ...]]:
    return decide(memory, choices, events, now)


def test_a_node_loss_with_forty_vms_is_one() -> None:
    memory, found = told(Memory(), Choices(), [alarm("N1")], 1000.0)
    assert [each.title for each in found] == ["N1 is down."]
    assert found[0].target == "N1"
    again, nothing = told(memory, Choices(), [alarm("N1")], 1060.0)
    assert nothing == ()
    assert "1 min ago already" in again.decisions[-1].why
    _, later = told(again, Choices(), [alarm("N1")], 1000.0 + AGAIN_S + 1)
    assert len(later) == 1


def test_a_storm_is_told_in_one() -> None:
    _, found = told(Memory(), Choices(), [alarm(f"N{n}") for n in range(12)], 1000.0)
    assert len(found) == 1
    assert found[0].title == "At once: 12 alarms"
    assert found[0].text.endswith("; and 9 more")


def test_a_trickling_storm_is_told_in_one_once_it_calms_down() -> None:
    memory, shown = Memory(), []
    for at_s in range(0, 60, 4):
        memory, found = told(memory, Choices(), [alarm(f"N{at_s}")], 1000.0 + at_s)
        shown += found
    assert len(shown) == STORM
    memory, found = told(memory, Choices(), [], 1000.0 + 60 + STORM_S)
    assert [each.title for each in found] == ["Meanwhile: 12 alarms"]


def test_worse_than_it_was_told_is_news() -> None:
    choices = Choices(rules=ALL)
    memory, found = told(Memory(), choices, [alarm("N1", ATTENTION)], 1000.0)
    assert len(found) == 1
    memory, found = told(memory, choices, [alarm("N1", CRITICAL)], 1060.0)
    assert len(found) == 1
    assert told(memory, choices, [alarm("N1", ATTENTION)], 1120.0)[1] == ()


def test_any_rule_that_breaks_through_counts() -> None:
    rules = (Rule(Kind.ALARM), Rule(Kind.ALARM, CRITICAL, breaks_quiet=True))
    choices = Choices(rules=rules, quiet_until=5000.0)
    assert len(told(Memory(), choices, [alarm("N1")], 1000.0)[1]) == 1


def test_what_no_rule_takes_is_not_told_and_says_why() -> None:
    memory, found = told(Memory(), Choices(), [alarm("N1", ATTENTION)], 1.0)
    assert found == ()
    assert memory.decisions[-1].why == "no rule takes it"


def test_a_pattern_picks_by_name() -> None:
    choices = Choices(rules=(Rule(Kind.ALARM, ATTENTION, "sql*"),))
    _, found = told(Memory(), choices, [alarm("SQL-01", ATTENTION), alarm("web-01")], 1.0)
    assert [each.target for each in found] == ["SQL-01"]


def test_over_midnight_a_night_belongs_to_the_day_it_began() -> None:
    friday = QuietHours(is_on=True, begin="22:00", end="06:00", days=(4,))
    assert friday.covers(datetime(2026, 11, 27, 23, 0))  # Friday evening
    assert friday.covers(datetime(2026, 11, 28, 5, 59))  # the morning after it
    assert not friday.covers(datetime(2026, 11, 28, 6, 0))
    assert not friday.covers(datetime(2026, 11, 28, 23, 0))  # Saturday evening
    assert not friday.covers(datetime(2026, 11, 27, 5, 0))  # Friday morning


def test_quiet_hours_end_in_one_digest_that_outlives_a_restart() -> None:
    choices = Choices(quiet=QuietHours(is_on=True, begin="20:00", end="07:00"))
    memory, found = told(Memory(), choices, [alarm("N1")], at("2026-11-25 23:00"))
    assert found == ()
    memory, found = told(memory, choices, [alarm("N2")], at("2026-11-26 03:00"))
    assert found == ()
    memory, found = told(memory, choices, [], at("2026-11-26 07:00"))
    assert [each.title for each in found] == ["Meanwhile: 2 alarms"]
    assert memory.held == ()
    assert told(memory, choices, [], at("2026-11-26 07:01"))[1] == ()


def test_what_may_break_through_does() -> None:
    rules = (Rule(Kind.ALARM, CRITICAL, breaks_quiet=True),)
    choices = Choices(rules=rules, quiet_until=5000.0)
    assert len(told(Memory(), choices, [alarm("N1")], 1000.0)[1]) == 1


def mark(event: Event) -> str:
    return f"{event.id}|{event.level}"


EVENTS = st.builds(
    Event,
    st.sampled_from([f"e{n}" for n in range(8)]),
    st.sampled_from(list(Kind)),
    st.sampled_from([CRITICAL, ATTENTION]),
    st.sampled_from(["one", "two"]),
    st.just(""),
    st.floats(0, 100),
)
STEPS = st.lists(st.tuples(st.floats(-4000, 40_000), st.lists(EVENTS, max_size=6)), max_size=12)


@given(STEPS, st.booleans())
def test_nothing_is_lost_and_nothing_is_told_twice(
    steps: list[tuple[float, list[Event]]], quiet: bool
) -> None:
    """Whatever the clock does: each cause is told, or in the digest, once in its time."""
    choices = Choices(
        rules=ALL, quiet=QuietHours(is_on=quiet, begin="08:00", end="20:00", days=(0, 2, 4))
    )
    memory, now = Memory(), at("2026-11-25 00:00")
    for wait, events in steps:
        now += wait
        before = memory
        memory, found = decide(memory, choices, events, now)
        unique = {event.id: event for event in events}.values()
        newly = set()
        for event in unique:
            was = before.told.get(mark(event))
            is_recent = was is not None and 0 <= now - was < AGAIN_S
            is_new = memory.told.get(mark(event)) == now and was != now
            assert is_new != is_recent
            if is_new:
                newly.add(mark(event))
        assert {mark(each) for each in memory.held} <= {mark(each) for each in before.held} | newly
        is_storming = sum(0 <= now - each < STORM_S for each in before.recent) >= STORM
        if not choices.is_quiet(now) and not is_storming:
            assert memory.held == ()
            assert bool(found) == bool(newly or before.held)
        else:
            assert found == ()
            assert {mark(each) for each in memory.held} >= newly
    assert len(memory.decisions) <= 100


@given(st.lists(EVENTS, max_size=8), st.randoms())
def test_the_order_of_arrival_does_not_matter(events: list[Event], chance: object) -> None:
    unique = list({event.id: event for event in events}.values())
    mixed = list(unique)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    one = decide(Memory(), Choices(rules=ALL), unique, 1000.0)
    assert decide(Memory(), Choices(rules=ALL), mixed, 1000.0) == one
