"""What this person has done about alarms, and since when they stand. No Qt, no I/O.

An alarm that was acknowledged is open again as soon as it is worse: a higher level or more VMs.
"""

import enum
from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from console.health.alarms import Alarm
from console.health.levels import RANK, HealthLevel
from console.model.freshness import Wire
from console.model.inventory import Inventory

if TYPE_CHECKING:
    from console.health.disagreements import Disagreement

# What comes back within this time is the same alarm, not a new one.
_SAME_AGAIN_S = 600.0


class Standing(enum.StrEnum):
    OPEN = "Open"
    ACKNOWLEDGED = "Acknowledged"
    MUTED = "Muted"
    EXPECTED = "Expected"  # an operation of ours explains it


class Kept(msgspec.Struct, frozen=True):
    """What is kept of one alarm. Times are wall-clock seconds."""

    since: float
    seen: float
    acknowledged_at: float | None = None
    level: str = ""  # when it was acknowledged
    vms: int = 0
    muted_until: float | None = None


class Book(msgspec.Struct, frozen=True):
    """Alarms and disagreements by id. ``disagreements``: since when, and when last seen."""

    alarms: dict[str, Kept] = {}
    disagreements: dict[str, tuple[float, float]] = {}


class StandingAlarm(msgspec.Struct, frozen=True):
    alarm: Alarm
    standing: Standing
    since: float
    muted_until: float | None = None


class StandingDisagreement(msgspec.Struct, frozen=True):
    found: "Disagreement"
    since: float
    is_expected: bool


def standing_of(kept: Kept, alarm: Alarm, now: float) -> Standing:
    if alarm.explained:
        return Standing.EXPECTED
    if kept.muted_until is not None and now < kept.muted_until:
        return Standing.MUTED
    if kept.acknowledged_at is None:
        return Standing.OPEN
    was = RANK.get(HealthLevel(kept.level), 0) if kept.level else 0
    is_worse = RANK[alarm.level] > was or len(alarm.vm_keys) > kept.vms
    return Standing.OPEN if is_worse else Standing.ACKNOWLEDGED


def fold_alarms(
    book: Book, alarms: Iterable[Alarm], now: float
) -> tuple[Book, tuple[StandingAlarm, ...]]:
    """The book after one more look, and how each alarm stands; the given order is kept."""
    kept = {name: each for name, each in book.alarms.items() if now - each.seen < _SAME_AGAIN_S}
    found = []
    for alarm in alarms:
        before = kept.get(alarm.id) or Kept(now, now)
        kept[alarm.id] = msgspec.structs.replace(before, seen=now)
        standing = standing_of(before, alarm, now)
        found.append(StandingAlarm(alarm, standing, before.since, before.muted_until))
    return msgspec.structs.replace(book, alarms=kept), tuple(found)


def fold_disagreements(
    book: Book, found: "Iterable[Disagreement]", now: float
) -> tuple[Book, tuple[StandingDisagreement, ...]]:
    """The same for disagreements: the harmful and the unexpected first, then the oldest."""
    kept = {
        name: times for name, times in book.disagreements.items() if now - times[1] < _SAME_AGAIN_S
    }
    standing = []
    for each in found:
        since = kept.get(each.id, (now, now))[0]
        kept[each.id] = (since, now)
        standing.append(StandingDisagreement(each, since, each.is_expected(since, now)))
    standing.sort(key=lambda one: (one.is_expected, one.found.rule.is_harmless, one.since))
    return msgspec.structs.replace(book, disagreements=kept), tuple(standing)


def seen_now(book: Book, now: float) -> Book:
    """The book of a console that was closed for a while: nothing in it is forgotten for that."""
    replace = msgspec.structs.replace
    return Book(
        {name: replace(kept, seen=now) for name, kept in book.alarms.items()},
        {name: (since, now) for name, (since, _seen) in book.disagreements.items()},
    )


def aged(book: Book, seconds: float) -> Book:
    """As if everything had stood for so much longer."""
    replace = msgspec.structs.replace
    return Book(
        {name: replace(kept, since=kept.since - seconds) for name, kept in book.alarms.items()},
        {name: (since - seconds, seen) for name, (since, seen) in book.disagreements.items()},
    )


def acknowledged(book: Book, alarm: Alarm, now: float) -> Book:
    """The person knows of it, as bad as it is now."""
    return _changed(
        book, alarm, now, acknowledged_at=now, level=str(alarm.level), vms=len(alarm.vm_keys)
    )


def not_acknowledged(book: Book, alarm: Alarm, now: float) -> Book:
    return _changed(book, alarm, now, acknowledged_at=None, muted_until=None)


def muted(book: Book, alarm: Alarm, now: float, until: float) -> Book:
    """Not told until then, however bad it gets."""
    return _changed(book, alarm, now, muted_until=until)


def _changed(book: Book, alarm: Alarm, now: float, **changes: object) -> Book:
    before = book.alarms.get(alarm.id) or Kept(now, now)
    after = msgspec.structs.replace(before, **changes)
    return msgspec.structs.replace(book, alarms={**book.alarms, alarm.id: after})


def answered(inventory: Inventory) -> frozenset[Wire]:
    """The wires that told something."""
    wires = (inventory.arm, inventory.cluster_wire)
    return frozenset(wire.wire for wire in wires if wire.read_at is not None)


def is_known(inventory: Inventory, wires: frozenset[Wire], now: float) -> bool:
    """Whether what is not seen is not there: each of these wires answers now."""
    told = {reading.wire: reading for reading in (inventory.arm, inventory.cluster_wire)}
    return bool(wires) and all(
        told[wire].read_at is not None and not told[wire].is_down and not told[wire].is_stale(now)
        for wire in wires
    )
