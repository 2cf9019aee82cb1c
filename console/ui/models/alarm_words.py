"""Alarms and disagreements in words: rows of their lists, and how each one stands. No Qt."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from console.health import HealthLevel
from console.ui.models.alarm_book import Standing, StandingAlarm, StandingDisagreement

COLUMNS = ("Alarm", "VMs", "For", "Standing")
MUTES = (
    ("For an &hour", 3600.0),
    ("For &four hours", 4 * 3600.0),
    ("Until &tomorrow", 16 * 3600.0),
    ("For a &week", 7 * 86400.0),
)


def for_how_long(since: float, now: float) -> str:
    """A span in words, rounded down: 40 s, 12 min, 3 h, 2 days."""
    seconds = max(0, int(now - since))
    for size, word in ((86400, "day"), (3600, "h"), (60, "min"), (1, "s")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {word}" + ("s" if word == "day" and count > 1 else "")
    return "0 s"


def row_of(each: StandingAlarm, now: float) -> tuple[str, str, str, str]:
    count = len(each.alarm.vm_keys)
    since = for_how_long(each.since, now)
    return each.alarm.title, str(count) if count else "", since, str(each.standing)


def standing_text(each: StandingAlarm, now: float) -> str:
    if each.standing is Standing.EXPECTED:
        return each.alarm.explained
    if each.standing is Standing.MUTED and each.muted_until is not None:
        until = datetime.fromtimestamp(each.muted_until).strftime("%d %b %H:%M")
        return f"Muted until {until}."
    if each.standing is Standing.ACKNOWLEDGED:
        return "Acknowledged; it opens again if it gets worse."
    return f"Open for {for_how_long(each.since, now)}."


def headline_of(each: StandingAlarm) -> str:
    """The cause, and how many suffer from it."""
    count = len(each.alarm.vm_keys)
    about = each.alarm.cause.about
    if not count or about.startswith("vm:"):
        return each.alarm.title
    return f"{each.alarm.title} {count} VM{' suffers' if count == 1 else 's suffer'} from it."


def summary(alarms: Iterable[StandingAlarm]) -> str:
    """One line over the list: how many are open at which level, and how many are quiet."""
    alarms = list(alarms)
    is_open = Counter(each.alarm.level for each in alarms if each.standing is Standing.OPEN)
    standing: list[Standing] = [each.standing for each in alarms]
    quiet = Counter(each for each in standing if each is not Standing.OPEN)
    if not alarms:
        return "No alarms."
    words = [
        f"{is_open[level]} {word}"
        for level, word in (
            (HealthLevel.CRITICAL, "critical"),
            (HealthLevel.UNKNOWN, "not known"),
            (HealthLevel.ATTENTION, "to look at"),
        )
        if is_open[level]
    ]
    text = f"Open: {', '.join(words)}." if words else "Nothing open."
    rest = [f"{count} {each.lower()}" for each, count in quiet.items()]
    return f"{text}  Quiet: {', '.join(rest)}." if rest else text


def notice_text(new: Iterable[StandingAlarm]) -> str:
    """New alarms in one line, grouped: the worst by name, the rest counted."""
    alarms = sorted(new, key=lambda each: each.alarm.level is not HealthLevel.CRITICAL)
    if not alarms:
        return ""
    first = alarms[0].alarm
    count = len(first.vm_keys)
    with_vms = f" ({count} VMs)" if count > 1 and str(count) not in first.title else ""
    more = f" And {len(alarms) - 1} more new." if len(alarms) > 1 else ""
    return f"New alarm: {first.title}{with_vms}{more}"


INBOX_COLUMNS = ("VM", "What", "Azure says", "The cluster says", "For", "Harm")


def inbox_row(each: StandingDisagreement, now: float) -> tuple[str, ...]:
    found = each.found
    return (
        found.vm_name,
        found.rule.title,
        found.azure_says,
        found.cluster_says,
        for_how_long(each.since, now),
        harm_text(each),
    )


def harm_text(each: StandingDisagreement) -> str:
    if each.is_expected:
        return "to be expected"
    return "harmless" if each.found.rule.is_harmless else "put it right"
