"""Who is told what, when: pure, so that it can be tried over every clock. No Qt, no I/O.

One event is one cause, however many VMs it touches. Nothing is lost: what quiet hours hold back is
told in one digest at their end, and every decision is kept with the rule that made it. What was
told last of a cause is how it stands: what is over is told as over to whom it was told.
"""

import enum
import time
from collections.abc import Iterable, Sequence

import msgspec

from console.health.levels import RANK, HealthLevel
from console.ui.notifications import swings
from console.ui.notifications.choices import Choices, Event, Kind, Rule
from console.ui.notifications.swings import AGAIN_S, Swing

# More than this many within this time are a storm: what follows is told in one when it calms down.
STORM, STORM_S = 3, 60.0
_MOST_KEPT = 500
_MOST_DECISIONS = 100
_replace = msgspec.structs.replace


class Decision(msgspec.Struct, frozen=True):
    """For the list that answers: why was I (not) told?"""

    at: float
    title: str
    why: str
    is_told: bool


class _Fate(enum.Enum):
    NOTHING, SEEN, HOLD, TELL = range(4)


class _Around(msgspec.Struct, frozen=True):
    now: float
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
    digest; ``swings``: alarms by id that this person knows of.
    """

    told: dict[str, float] = {}
    held: tuple[Event, ...] = ()
    decisions: tuple[Decision, ...] = ()
    recent: tuple[float, ...] = ()
    swings: dict[str, Swing] = {}


class _Work:
    """One round: what is known, growing event by event."""

    def __init__(self, memory: Memory, choices: Choices, around: _Around) -> None:
        now = around.now
        self.choices, self.around = choices, around
        # A clock that was set back must not silence anybody for longer than it was wrong.
        self.told = {name: at for name, at in memory.told.items() if 0 <= now - at < AGAIN_S}
        self.held = list(memory.held)
        self.decisions = list(memory.decisions)
        self.swings = dict(memory.swings)
        self.tell: list[Event] = []

    def take(self, event: Event) -> None:
        if event.kind is Kind.OVER:
            self._over(event)
        else:
            self._begun(event)

    def _begun(self, event: Event) -> None:
        mark = f"{event.id}|{event.level}"  # worse than it was told is news
        fate, why = _fate(event, self.choices, self.told.get(mark), self.around)
        swing = self.swings.get(event.id)
        if event.kind is Kind.ALARM and (fate is not _Fate.NOTHING or swing is not None):
            event, fate, why = self._swung(event, swing, fate, why)
        if fate is not _Fate.NOTHING:
            self.told[mark] = self.around.now
        self._do(event, fate, why)

    def _swung(
        self, event: Event, swing: Swing | None, fate: _Fate, why: str
    ) -> tuple[Event, _Fate, str]:
        """What its coming and going makes of an alarm."""
        now = self.around.now
        was_there = swing is not None and swing.is_there
        if fate is _Fate.NOTHING and not was_there:
            return event, fate, why  # its beginning is not told, so its end will not be
        after = swings.appeared(swing, event.title, event.level, now, is_news=not was_there)
        self.swings[event.id] = after
        if swing is not None and swing.is_flapping:
            if fate is _Fate.NOTHING or RANK[event.level] <= RANK[swing.level]:
                return event, _Fate.NOTHING, "it comes and goes: told once it is calm"
        elif after.is_flapping and fate is not _Fate.NOTHING:
            text = f"It comes and goes, {after.count_words}: told again once it is calm. "
            return _replace(event, text=text + event.text), fate, why
        return event, fate, why

    def _over(self, event: Event) -> None:
        """Only who was told that it began is told that it is over."""
        swing = self.swings.get(event.id)
        if swing is None or not swing.is_there:
            return
        now = self.around.now
        self.swings[event.id] = swings.went(swing, now)
        # That it begins again is news, since its end was told.
        self.told = {m: at for m, at in self.told.items() if m.rpartition("|")[0] != event.id}
        kept = next((one for one in self.held if one.id == event.id), None)
        if kept is not None and kept.kind is Kind.ALARM:
            clock = time.strftime("%H:%M", time.localtime(now))
            # In its title: a digest of several has room for no more than that.
            over = _replace(kept, title=f"{kept.title.rstrip('.')}, over since {clock}")
            self.held = [over if one.id == event.id else one for one in self.held]
            self._note(event, "kept for the digest with its beginning", is_told=False)
            return
        if swing.is_flapping:
            self._note(event, "it comes and goes: told once it is calm", is_told=False)
            return
        fate, why = _fate(event, self.choices, None, self.around)
        self._do(event, fate, why)

    def calm_down(self) -> None:
        """What came and went and does so no more is told as it stands."""
        now = self.around.now
        for name, swing in list(self.swings.items()):
            if not swings.is_calm(swing, now):
                continue
            if swing.is_flapping:
                title, text = swings.calm_words(swing)
                kind = Kind.ALARM if swing.is_there else Kind.OVER
                level = swing.level if swing.is_there else HealthLevel.HEALTHY
                event = Event(name, kind, level, title, text, now)
                self.swings[name] = _replace(swing, is_flapping=False, began=(), last=now)
                fate, why = _held_or_told(None, self.choices, self.around)
                self._do(event, fate, why)
            elif not swing.is_there:
                del self.swings[name]

    def _do(self, event: Event, fate: _Fate, why: str) -> None:
        if fate is _Fate.HOLD:
            self.held = [one for one in self.held if one.id != event.id] + [event]
        elif fate is _Fate.TELL:
            self.tell.append(event)
        self._note(event, why, is_told=fate is _Fate.TELL)

    def _note(self, event: Event, why: str, *, is_told: bool) -> None:
        self.decisions.append(Decision(self.around.now, event.title, why, is_told))


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
    recent = [at for at in memory.recent if 0 <= now - at < STORM_S]
    is_storming = len(recent) >= STORM
    around = _Around(now, choices.is_quiet(now), is_storming, is_looking)
    work = _Work(memory, choices, around)
    work.calm_down()
    for event in sorted({event.id: event for event in events}.values(), key=_worst_first):
        work.take(event)
    found: list[Notification] = []
    if work.held and not around.is_quiet and not is_storming and choices.is_on:
        found.append(_several(work.held, "Meanwhile"))
        work.held = []
    if len(work.tell) > 1 and len(recent) + len(work.tell) > STORM:
        found.append(_several(work.tell, "At once"))
    else:
        found += [Notification(each.title, each.text, each.id, each.level) for each in work.tell]
    recent += [now] * len(work.tell)
    newest = sorted(work.told.items(), key=lambda item: item[1])[-_MOST_KEPT:]
    latest = sorted(work.swings.items(), key=lambda item: item[1].last)[-_MOST_KEPT:]
    return (
        Memory(
            dict(newest),
            tuple(work.held[-_MOST_KEPT:]),
            tuple(work.decisions[-_MOST_DECISIONS:]),
            tuple(recent[-STORM - 1 :]),
            dict(latest),
        ),
        tuple(found),
    )


def _fate(
    event: Event, choices: Choices, told_at: float | None, around: _Around
) -> tuple[_Fate, str]:
    """What becomes of an event, and why in words."""
    taking = [rule for rule in choices.rules if rule.takes(event)]
    rule = max(taking, key=lambda one: one.breaks_quiet, default=None)
    if not choices.is_on:
        return _Fate.NOTHING, "notifications are off"
    if rule is None:
        return _Fate.NOTHING, "no rule takes it"
    if told_at is not None:
        return _Fate.NOTHING, f"told {(around.now - told_at) / 60:.0f} min ago already"
    return _held_or_told(rule, choices, around)


def _held_or_told(rule: Rule | None, choices: Choices, around: _Around) -> tuple[_Fate, str]:
    """``rule`` None: that it is calm again, which is owed to who was told that it came and went."""
    words = rule.words if rule is not None else "it is calm again"
    breaks_quiet = rule is not None and rule.breaks_quiet
    if not choices.is_on:
        return _Fate.NOTHING, "notifications are off"
    if around.is_looking:
        return _Fate.SEEN, "you were looking at the window, which told it"
    if around.is_quiet and not breaks_quiet:
        return _Fate.HOLD, f"quiet hours: kept for the digest ({words})"
    if around.is_storming and not breaks_quiet:
        return _Fate.HOLD, f"one of many: kept to be told in one ({words})"
    return _Fate.TELL, f"rule: {words}"


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
