"""Over every order and clock: one notification a cause, nothing lost over quiet hours."""

from datetime import datetime

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from console.health.levels import HealthLevel
from console.ui.notifications.choices import (
    Choices,
    Event,
    Kind,
    QuietHours,
    Rule,
    tomorrow_morning,
    with_all_kinds,
)
from console.ui.notifications.deciding import STORM, STORM_S, Memory, Notification, decide
from console.ui.notifications.swings import AGAIN_S

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
    st.sampled_from([Kind.ALARM, Kind.FAILED, Kind.DONE]),
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


# -- what is over, and what comes and goes -----------------------------------------------------
def over(name: str, moment: float = 0.0) -> Event:
    return Event(name, Kind.OVER, HealthLevel.HEALTHY, f"Over: {name} is down.", "", moment)


def titles(found: tuple[Notification, ...]) -> list[str]:
    return [each.title for each in found]


def test_what_is_over_is_told_to_whom_it_was_told() -> None:
    memory, found = told(Memory(), Choices(), [over("N1")], 900.0)
    assert found == ()
    memory, _ = told(memory, Choices(), [alarm("N1")], 1000.0)
    memory, found = told(memory, Choices(), [over("N1")], 9000.0)  # long after it was told
    assert titles(found) == ["Over: N1 is down."]
    assert found[0].target == "N1"
    memory, found = told(memory, Choices(), [over("N1")], 9001.0)
    assert found == ()
    memory, found = told(memory, Choices(), [alarm("N1")], 9060.0)
    assert titles(found) == ["N1 is down."]  # its end was told, so that is news


def test_what_no_rule_told_has_no_end_to_tell() -> None:
    memory, _ = told(Memory(), Choices(), [alarm("N1", ATTENTION)], 1000.0)
    assert told(memory, Choices(), [over("N1")], 1060.0)[1] == ()


def test_what_is_over_in_quiet_hours_is_said_with_its_beginning() -> None:
    choices = Choices(quiet_until=5000.0)
    memory, _ = told(Memory(), choices, [alarm("N1")], 1000.0)
    memory, found = told(memory, choices, [over("N1")], 1600.0)
    assert found == ()
    assert len(memory.held) == 1
    memory, found = told(memory, choices, [], 5001.0)
    assert titles(found) == ["Meanwhile: 1 alarm"]
    clock = datetime.fromtimestamp(1600.0).strftime("%H:%M")
    assert found[0].text == f"N1 is down, over since {clock}"


def test_what_comes_and_goes_is_told_so_once_and_once_more_when_it_is_calm() -> None:
    memory, shown, now = Memory(), [], 1000.0
    for _ in range(10):
        for event in (alarm("N1"), over("N1")):
            memory, found = told(memory, Choices(), [event], now)
            shown += found
            now += 70
    assert [each.title for each in shown] == [
        "N1 is down.", "Over: N1 is down.", "N1 is down.", "Over: N1 is down.", "N1 is down.",
    ]  # fmt: skip
    assert shown[-1].text.startswith("It comes and goes, 3 times in 5 min: told again once")
    assert memory.decisions[-1].why == "it comes and goes: told once it is calm"
    memory, found = told(memory, Choices(), [], now + AGAIN_S)
    assert titles(found) == ["Over: N1 is down."]
    assert found[0].text.startswith("It came and went 10 times in 2")
    assert told(memory, Choices(), [], now + 2 * AGAIN_S)[1] == ()


def test_worse_is_news_even_of_what_comes_and_goes() -> None:
    choices, memory, now = Choices(rules=ALL), Memory(), 1000.0
    for _ in range(4):
        for event in (alarm("N1", ATTENTION), over("N1")):
            memory, _ = told(memory, choices, [event], now)
            now += 70
    _, found = told(memory, choices, [alarm("N1", CRITICAL)], now)
    assert titles(found) == ["N1 is down."]


@given(
    st.lists(st.tuples(st.floats(61, 4000), st.booleans()), max_size=30),
    st.booleans(),
)
@example(steps=[(28_800.0, True), (61.0, False)], quiet=True)  # both within the quiet hours
def test_what_was_told_last_is_how_it_stands(steps: list[tuple[float, bool]], quiet: bool) -> None:
    """Once it is calm, and no hour is quiet any more."""
    now, stands, memory = at("2026-11-25 00:00"), False, Memory()
    choices = Choices(quiet=QuietHours(is_on=quiet, begin="08:00", end="20:00"))
    last: Notification | None = None
    for wait, is_there in steps:
        now += wait
        events = []
        if is_there != stands:
            events = [alarm("N1") if is_there else over("N1")]
            stands = is_there
        memory, found = told(memory, choices, events, now)
        last = found[-1] if found else last
    for _ in range(60):
        now += 900
        memory, found = told(memory, choices, [], now)
        last = found[-1] if found else last
    assert memory.held == ()
    if last is None:
        assert not stands
        return
    said_over = "over" in (last.title + last.text).lower()
    assert said_over is not stands
    assert len(memory.swings) == stands


@given(st.lists(st.floats(30, 300), min_size=4, max_size=60))
def test_however_it_swings_few_are_shown(waits: list[float]) -> None:
    memory, now, moments = Memory(), 1000.0, []
    for number, wait in enumerate(waits):
        now += wait
        event = over("N1") if number % 2 else alarm("N1")
        memory, found = told(memory, Choices(), [event], now)
        moments += [now] * len(found)
    for moment in moments:
        assert sum(moment <= each < moment + AGAIN_S for each in moments) <= 6


# -- what it is about --------------------------------------------------------------------------
ABOUT = {"cluster:Munich": 4, "node:N3": 3, "node:N4": 1, "tag:env=prod": 4, "tag:owner=erp": 1}


@pytest.mark.parametrize(
    ("pattern", "takes"),
    [
        ("", True),
        ("n3 is*", True),
        ("node:N3", True),
        ("node:n4", True),
        ("node:N*", True),
        ("node:N", False),
        ("tag:env=prod", True),
        ("tag:prod", True),
        ("tag:env", True),
        ("tag:test", False),
        ("cluster:munich tag:prod", True),
        ("cluster:oslo", False),
        ("cluster:munich node:N9", False),
        ("-node:N3", True),  # it is about N4 as well
        ("-node:N*", False),
        ("-tag:prod", False),
        ("-tag:erp", True),  # one of four
        ("-cluster:oslo", True),
        ("-down", False),
        ("node:N3 down", True),
        ("node:N3 up", False),
    ],
)
def test_rules_ask_what_it_is_about(pattern: str, takes: bool) -> None:
    event = msgspec.structs.replace(alarm("N3"), about=ABOUT, vms=4)
    assert Rule(Kind.ALARM, ATTENTION, pattern).takes(event) is takes


def test_an_older_file_gets_the_rules_it_does_not_know() -> None:
    old = Choices(rules=(Rule(Kind.ALARM, ATTENTION), Rule(Kind.FAILED, is_on=False)))
    found = {rule.kind: rule for rule in with_all_kinds(old).rules}
    assert set(found) == set(Kind)
    assert found[Kind.ALARM].least is ATTENTION
    assert not found[Kind.FAILED].is_on


def test_tomorrow_morning_is_eight_on_the_next_day() -> None:
    for now in ("2026-11-25 00:10", "2026-11-25 07:00", "2026-11-25 23:59"):
        assert tomorrow_morning(at(now)) == at("2026-11-26 08:00")
