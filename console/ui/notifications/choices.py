"""What can be told and what a person chose to be told. No Qt, no I/O."""

import enum
import fnmatch
from datetime import datetime, timedelta

import msgspec

from console.health.levels import RANK, HealthLevel

# What a term of a rule may ask for, as ``node:LAB-N3``.
KEYS = ("cluster", "node", "tag", "vm")


class Kind(enum.StrEnum):
    ALARM = "alarm"
    FAILED = "failed operation"
    DONE = "ended operation"
    OVER = "cleared alarm"


class Event(msgspec.Struct, frozen=True):
    """``id`` is the same for the same cause; ``level`` says how bad it is.

    ``about``: ``cluster:Munich``, ``node:N3``, ``tag:env=prod``, ``vm:app-01``, each with how many
    of the ``vms`` that suffer it is true of.
    """

    id: str
    kind: Kind
    level: HealthLevel
    title: str
    text: str
    at: float
    about: dict[str, int] = {}
    vms: int = 0


class Rule(msgspec.Struct, frozen=True):
    """``pattern`` empty: takes all. A text with ``*`` and ``?`` is looked for in what is told.
    Terms as ``node:N3`` or ``tag:env=prod`` ask what it is about, and all have to hold; a minus in
    front leaves out what is about that and nothing else.
    """

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
        terms = self.pattern.casefold().split()
        if not any(_is_term(term) for term in terms):
            return _is_told_in(self.pattern.casefold(), event)
        return all(_holds(term, event) for term in terms)

    @property
    def words(self) -> str:
        which = f" with “{self.pattern}”" if self.pattern else ""
        least = f", at least {self.least}" if self.kind is Kind.ALARM else ""
        quiet = ", also in quiet hours" if self.breaks_quiet else ""
        return f"{self.kind}{least}{which}{quiet}"


def _is_term(term: str) -> bool:
    return term.startswith("-") or term.partition(":")[0] in KEYS


def _holds(term: str, event: Event) -> bool:
    if term.startswith("-"):
        return not _is_only_about(term[1:], event)
    if term.partition(":")[0] in KEYS:
        return any(_fits(term, each) for each in event.about)
    return _is_told_in(term, event)


def _is_only_about(term: str, event: Event) -> bool:
    """Whether leaving this out leaves nothing: one lost node of many is not the whole cluster."""
    key = term.partition(":")[0]
    if key not in KEYS:
        return _is_told_in(term, event)
    alike = {each: vms for each, vms in event.about.items() if each.partition(":")[0] == key}
    fitting = {each: vms for each, vms in alike.items() if _fits(term, each)}
    if key == "tag":  # a VM has many
        return bool(fitting) and max(fitting.values()) >= event.vms
    return bool(fitting) and len(fitting) == len(alike)


def _fits(term: str, about: str) -> bool:
    """``tag:prod`` also finds ``tag:env=prod``, and ``tag:env`` any value of it."""
    key, _, wanted = term.partition(":")
    known, _, value = about.casefold().partition(":")
    if key != known:
        return False
    values = (value, *value.partition("=")[::2]) if key == "tag" else (value,)
    return any(fnmatch.fnmatchcase(each, wanted) for each in values if each)


def _is_told_in(text: str, event: Event) -> bool:
    words = f"{event.title}\n{event.text}".casefold()
    return not text or fnmatch.fnmatchcase(words, f"*{text}*")


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


_RULES = (
    Rule(Kind.ALARM, HealthLevel.CRITICAL),
    Rule(Kind.OVER),
    Rule(Kind.FAILED),
    Rule(Kind.DONE, is_on=False),
)


class Choices(msgspec.Struct, frozen=True):
    """What this person chose. ``quiet_until``: asked for by hand (wall-clock seconds)."""

    is_on: bool = True
    rules: tuple[Rule, ...] = _RULES
    quiet: QuietHours = QuietHours()
    quiet_until: float = 0.0

    def is_quiet(self, now: float) -> bool:
        return now < self.quiet_until or self.quiet.covers(datetime.fromtimestamp(now))


def with_all_kinds(choices: Choices) -> Choices:
    """Kinds that a file of an older version does not know get the rule they have at first."""
    known = {rule.kind for rule in choices.rules}
    more = tuple(rule for rule in _RULES if rule.kind not in known)
    return msgspec.structs.replace(choices, rules=(*choices.rules, *more))


def tomorrow_morning(now: float) -> float:
    """Eight o'clock on the next day of this computer's calendar."""
    moment = datetime.fromtimestamp(now) + timedelta(days=1)
    return moment.replace(hour=8, minute=0, second=0, microsecond=0).timestamp()
