"""Who is told what, when: pure, so that it can be tried over every clock. No Qt, no I/O.

One event is one cause, however many VMs it touches. Nothing is lost: what quiet hours hold back is
told in one digest at their end, and every decision is kept with the rule that made it.
"""

import enum
import fnmatch
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import msgspec

from console.health.levels import RANK, HealthLevel

# The same cause again within this time is the same trouble: it flaps.
AGAIN_S = 1800.0
# More than this many within this time are a storm: what follows is told in one when it calms down.
STORM, STORM_S = 3, 60.0
_MOST_KEPT = 500
_MOST_DECISIONS = 100


class Kind(enum.StrEnum):
    ALARM = "alarm"
    FAILED = "failed operation"
    DONE = "ended operation"


class Event(msgspec.Struct, frozen=True):
    """``id`` is the same for the same cause; ``level`` says how bad it is."""

    id: str
    kind: Kind
    level: HealthLevel
    title: str
    text: str
    at: float


class Rule(msgspec.Struct, frozen=True):
    """``pattern``, with ``*`` and ``?``, is looked for in title and text; empty: takes all."""

    kind: Kind
    least: HealthLevel = HealthLevel.ATTENTION
    pattern: str = ""
    breaks_quiet: bool = False
    is_on: bool = True

    def takes(self, event: Event) -> bool:
        if not self.is_on or event.kind is not self.kind:
            return False
        if self.kind is Kind.ALARM and RANK[event.level] < RANK[self.least]:
            return False
        words = f"{event.title}\n{event.text}".casefold()
        return not self.pattern or fnmatch.fnmatchcase(words, f"*{self.pattern.casefold()}*")

    @property
    def words(self) -> str:
        which = f" with “{self.pattern}”" if self.pattern else ""
        least = f", at least {self.least}" if self.kind is Kind.ALARM else ""
        quiet = ", also in quiet hours" if self.breaks_quiet else ""
        return f"{self.kind}{least}{which}{quiet}"


class QuietHours(msgspec.Struct, frozen=True):
    """Clock times of this computer as ``HH:MM``; over midnight a night belongs to the day it begins
    on. ``days``: 0 is Monday.
    """

    is_on: bool = False
    begin: str = "20:00"
    end: str = "07:00"
    days: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)

    def covers(self, moment: datetime) -> bool:
        """By the clock on the wall, so that a change of it is no special case."""
        if not self.is_on or self.begin == self.end:
            return False
        clock, day = moment.strftime("%H:%M"), moment.weekday()
        if self.begin < self.end:
            return day in self.days and self.begin <= clock < self.end
        yesterday = (moment - timedelta(days=1)).weekday()
        return (day in self.days and clock >= self.begin) or (
            yesterday in self.days and clock < self.end
        )


class Choices(msgspec.Struct, frozen=True):
    """What this person chose. ``quiet_until``: asked for by hand (wall-clock seconds)."""

    is_on: bool = True
    rules: tuple[Rule, ...] = (
        Rule(Kind.ALARM, HealthLevel.CRITICAL),
        Rule(Kind.FAILED),
        Rule(Kind.DONE, is_on=False),
    )
    quiet: QuietHours = QuietHours()
    quiet_until: float = 0.0

    def is_quiet(self, now: float) -> bool:
        return now < self.quiet_until or self.quiet.covers(datetime.fromtimestamp(now))


class Decision(msgspec.Struct, frozen=True):
    """For the list that answers: why was I (not) told?"""

    at: float
    title: str
    why: str
    is_told: bool


class _Fate(enum.Enum):
    NOTHING, SEEN, HOLD, TELL = range(4)


class _Around(msgspec.Struct, frozen=True):
    is_quiet: bool
    is_storming: bool
    is_looking: bool


class Notification(msgspec.Struct, frozen=True):
    """``target`` is the event's id, empty for several: then the alarms are opened."""

    title: str
    text: str
    target: str
    level: HealthLevel


class Memory(msgspec.Struct, frozen=True):
    """What has to outlive a restart. ``told``: by event's id and level, when; ``held``: for the
    digest.
    """

    told: dict[str, float] = {}
    held: tuple[Event, ...] = ()
    decisions: tuple[Decision, ...] = ()
    recent: tuple[float, ...] = ()


def decide(
    memory: Memory,
    choices: Choices,
    events: Sequence[Event],
    now: float,
    *,
    is_looking: bool = False,
) -> tuple[Memory, tuple[Notification, ...]]:
    """Call it with what happened, and now and then with nothing: quiet hours end by themselves.

    ``is_looking``: the window is in front of the person, and has told it there.
    """
    # A clock that was set back must not silence anybody for longer than it was wrong.
    told = {name: at for name, at in memory.told.items() if 0 <= now - at < AGAIN_S}
    held, decisions = list(memory.held), list(memory.decisions)
    is_quiet, tell = choices.is_quiet(now), []
    recent = [at for at in memory.recent if 0 <= now - at < STORM_S]
    is_storming = len(recent) >= STORM
    around = _Around(is_quiet, is_storming, is_looking)
    for event in sorted({event.id: event for event in events}.values(), key=_worst_first):
        mark = f"{event.id}|{event.level}"  # worse than it was told is news
        fate, why = _fate(event, choices, now, told.get(mark), around)
        if fate is not _Fate.NOTHING:
            told[mark] = now
        if fate is _Fate.HOLD:
            held = [one for one in held if one.id != event.id] + [event]
        elif fate is _Fate.TELL:
            tell.append(event)
        decisions.append(Decision(now, event.title, why, fate is _Fate.TELL))
    found: list[Notification] = []
    if held and not is_quiet and not is_storming and choices.is_on:
        found.append(_several(held, "Meanwhile"))
        held = []
    if len(tell) > 1 and len(recent) + len(tell) > STORM:
        found.append(_several(tell, "At once"))
    else:
        found += [Notification(each.title, each.text, each.id, each.level) for each in tell]
    recent += [now] * len(tell)
    newest = sorted(told.items(), key=lambda item: item[1])[-_MOST_KEPT:]
    return (
        Memory(
            dict(newest),
            tuple(held[-_MOST_KEPT:]),
            tuple(decisions[-_MOST_DECISIONS:]),
            tuple(recent[-STORM - 1 :]),
        ),
        tuple(found),
    )


def _fate(
    event: Event, choices: Choices, now: float, told_at: float | None, around: _Around
) -> tuple[_Fate, str]:
    """What becomes of an event, and why in words."""
    taking = [rule for rule in choices.rules if rule.takes(event)]
    rule = max(taking, key=lambda one: one.breaks_quiet, default=None)
    if not choices.is_on:
        return _Fate.NOTHING, "notifications are off"
    if rule is None:
        return _Fate.NOTHING, "no rule takes it"
    if told_at is not None:
        return _Fate.NOTHING, f"told {(now - told_at) / 60:.0f} min ago already"
    if around.is_looking:
        return _Fate.SEEN, "you were looking at the window, which told it"
    if around.is_quiet and not rule.breaks_quiet:
        return _Fate.HOLD, f"quiet hours: kept for the digest ({rule.words})"
    if around.is_storming and not rule.breaks_quiet:
        return _Fate.HOLD, f"one of many: kept to be told in one ({rule.words})"
    return _Fate.TELL, f"rule: {rule.words}"


def _several(events: Iterable[Event], lead: str) -> Notification:
    ordered = sorted(events, key=_worst_first)
    counts: dict[Kind, int] = {}
    for event in ordered:
        counts[event.kind] = counts.get(event.kind, 0) + 1
    parts = [f"{count} {kind}{'' if count == 1 else 's'}" for kind, count in counts.items()]
    titles = "; ".join(event.title for event in ordered[:3])
    more = f"; and {len(ordered) - 3} more" if len(ordered) > 3 else ""
    target = ordered[0].id if len(ordered) == 1 else ""
    return Notification(f"{lead}: {', '.join(parts)}", titles + more, target, ordered[0].level)


def _worst_first(event: Event) -> tuple[int, float, str]:
    return -RANK[event.level], event.at, event.id
