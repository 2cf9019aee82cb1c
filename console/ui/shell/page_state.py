"""What a tab tells of its connection: the worst of it as a shape, alarms counted, and in words."""

import time
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from console.health import HealthLevel
from console.health.fleet import LEVELS
from console.health.levels import RANK
from console.model.freshness import WireReading
from console.ui import theme
from console.ui.models.ages import age_text
from console.ui.models.alarm_book import Standing
from console.ui.models.operation_filter import Bucket, bucket_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from console.ui.fleet_store import FleetStore
    from console.ui.shell.page import Page


class PageState(NamedTuple):
    """``shape`` and ``token`` (a colour) stand for the worst; ``words`` tell everything.

    ``alarms``: open alarms, and disagreements that are not just to be expected.
    """

    shape: str
    token: str
    words: str
    alarms: int = 0


def state_of(page: "Page", now: float | None = None) -> PageState:
    """Never better than what is known: what was not read, or not lately, is no good state."""
    if not page.has_connection:
        return PageState("ring", "muted", "No connection is chosen yet.")
    now = time.time() if now is None else now
    watch, store = page.window.health.watch, page.store
    open_alarms = [each for each in watch.alarms if each.standing is Standing.OPEN]
    alarms = len(open_alarms) + len(watch.disagreements_to_tell)
    shape, token, words = _link(page, now)
    fleet = page.session.fleet
    if not words and fleet is not None and not _wires(page):
        shape, token, words = _of_fleet(fleet.store)
    elif not words and not watch.has_looked:
        # Read, and not judged yet: no alarm is no good news.
        shape, token, words = "clock", "muted", _ages(page, now)
    elif not words:
        level = max(
            (each.alarm.level for each in open_alarms), key=RANK.__getitem__, default=None
        ) or (HealthLevel.ATTENTION if alarms else HealthLevel.HEALTHY)
        shape, token = theme.shape_of(level), theme.HEALTH_TOKEN[level]
        words = _ages(page, now)
    told = [words]
    if alarms or (watch.has_looked and fleet is None):
        told.append(f"{_counted(alarms, 'open alarm')}." if alarms else "No open alarm.")
    counts = Counter(map(bucket_of, store.running()))
    under_way = counts[Bucket.RUNNING] + counts[Bucket.WAITING] + counts[Bucket.UNKNOWN]
    if under_way:
        told.append(f"{_counted(under_way, 'operation')} not over.")
    return PageState(shape, token, " ".join(told), alarms)


# The worst first: what nobody knows may be worse than what needs attention.
_WORST_TOKENS = ("critical", "unknown", "attention", "muted", "off", "healthy")


def worst_of(pages: "Sequence[Page]", now: float | None = None) -> PageState:
    """One state for all tabs: the worst one's shape, all alarms, and each tab in words."""
    states = [(page.name, state_of(page, now)) for page in pages]
    if not states:
        return PageState("ring", "muted", "No connection is open.")
    worst = min((state for _, state in states), key=lambda one: _WORST_TOKENS.index(one.token))
    alarms = sum(state.alarms for _, state in states)
    words = "\n".join(f"{name}: {state.words}" for name, state in states)
    return PageState(worst.shape, worst.token, words, alarms)


def _of_fleet(store: "FleetStore") -> tuple[str, str, str]:
    """Its worst VM, and how much of it could not be read."""
    counts = {level: store.levels.count(place) for place, level in enumerate(LEVELS)}
    there = [level for level in LEVELS if counts[level]]
    faulty = sum(bool(one.faults) for one in store.readings)
    trouble = f" {_counted(faulty, 'subscription')} with faults." if faulty else ""
    red = counts[HealthLevel.CRITICAL]
    words = f"Fleet: {store.count:,} VMs, {red:,} critical.{trouble}"
    if not there:
        return "clock", "muted", words
    worst = max(there, key=RANK.__getitem__)
    return theme.shape_of(worst), theme.HEALTH_TOKEN[worst], words


def _link(page: "Page", now: float) -> tuple[str, str, str]:
    """Why what is shown is not the present state; no words where it is."""
    if page.connector.waits_for:
        what = page.connector.waits_for
        return "triangle", "attention", f"Waits for {what}: look at this tab to give it."
    fault = page.bridge.worker_fault
    if fault is not None:
        return "question", "unknown", fault.summary
    if not page.bridge.is_ready:
        return "clock", "muted", "Connecting."
    worst = ("", "", "")
    for name, reading in _wires(page):
        fault = next(iter(reading.faults), None)
        if reading.is_down and fault is not None:
            known = f"Data from {age_text(reading.read_at, now)}." if reading.read_at else ""
            return "question", "unknown", f"{name}: {fault.summary} {known}".strip()
        if page.store.is_stored or reading.read_at is None:
            worst = ("clock", "attention", f"{name}: not read yet.")
        elif reading.is_stale(now):
            age = age_text(reading.read_at, now)
            worst = ("question", "unknown", f"{name}: stale, {age}.")
    return worst


def _wires(page: "Page") -> list[tuple[str, WireReading]]:
    """Those that this connection has."""
    profile, inventory = page.session.profile, page.store.inventory
    found = []
    if profile is not None and profile.cluster is not None:
        found.append(("Cluster", inventory.cluster_wire))
    if profile is not None and profile.arm is not None:
        found.append(("Azure", inventory.arm))
    return found


def _ages(page: "Page", now: float) -> str:
    ages = ((name, age_text(reading.read_at, now)) for name, reading in _wires(page))
    return " ".join(f"{name}: {age}." for name, age in ages)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' if count != 1 else ''}"
