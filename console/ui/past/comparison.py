"""What differs between two moments, in groups by what happened; the largest surprise first."""

from collections.abc import Iterable, Sequence

import msgspec

from console.model.change import Change, changes
from console.model.settled import as_of, settled
from console.model.snapshot import ClusterSnapshot
from console.ui.models.csv_text import csv_text
from console.ui.models.markdown import cell

# In the order in which they are shown; the rest follows under its own words.
_ORDER = (
    "Appeared in",
    "Gone from",
    "Joined the cluster",
    "Left the cluster",
    "The way to it",
    "Runs on",
    "State",
    "Guest heartbeat",
)
_TITLES = {
    "Appeared in": "New",
    "Gone from": "Gone",
    "Runs on": "Moved",
    "State": "Other state",
    "State in Azure": "Other state in Azure",
}


class Differing(msgspec.Struct, frozen=True):
    """``changes`` share what happened; ``title`` says it."""

    title: str
    changes: tuple[Change, ...]


class Comparison(msgspec.Struct, frozen=True):
    """``restless`` changed between the moments and are as they were: subjects, and how often."""

    then: float
    now: float
    groups: tuple[Differing, ...]
    restless: tuple[tuple[str, str, int], ...] = ()

    @property
    def count(self) -> int:
        return sum(len(group.changes) for group in self.groups)


def compare(
    old: ClusterSnapshot,
    new: ClusterSnapshot,
    then: float,
    now: float,
    between: Iterable[Change] = (),
) -> Comparison:
    """``old`` as it was at ``then``, ``new`` as it was at ``now``. Some ms for 2,000 VMs: not for
    the GUI thread.
    """
    new = as_of(settled(new, now), now)
    by_what: dict[str, list[Change]] = {}
    differing = changes(old, new, now)
    for each in differing:
        by_what.setdefault(each.what, []).append(each)
    order = {what: at for at, what in enumerate(_ORDER)}
    groups = tuple(
        Differing(_TITLES.get(what, what), tuple(sorted(found, key=lambda c: c.name.casefold())))
        for what, found in sorted(by_what.items(), key=lambda item: order.get(item[0], len(order)))
    )
    known = {each.subject for each in differing}
    restless: dict[str, tuple[str, int]] = {}
    for each in between:
        if each.subject not in known and then < each.at <= now:
            name, count = restless.get(each.subject, (each.name, 0))
            restless[each.subject] = (name, count + 1)
    return Comparison(
        then,
        now,
        groups,
        tuple((subject, name, count) for subject, (name, count) in sorted(restless.items())),
    )


def csv_of(comparison: Comparison) -> str:
    """One row a difference; no cell can be a formula."""
    rows: list[tuple[object, ...]] = [
        (group.title, each.name, each.plane, each.before, each.after)
        for group in comparison.groups
        for each in group.changes
    ]
    rows += [
        ("As before", name, "", f"changed {count} times in between", "")
        for _subject, name, count in comparison.restless
    ]
    return csv_text(("What", "Name", "Seen by", "Before", "After"), rows)


def markdown_text(comparison: Comparison, title: str) -> str:
    """To paste into a ticket."""
    lines = [f"## {title}", ""]
    for group in comparison.groups:
        lines += [f"**{group.title}** ({len(group.changes)})", ""]
        lines += [f"- {cell(each.name)}: {cell(words_of(each))}" for each in group.changes]
        lines.append("")
    if comparison.restless:
        lines += ["**As before, but changed in between**", ""]
        lines += [f"- {cell(name)}: {count} times" for _, name, count in comparison.restless]
    if len(lines) == 2:
        lines.append("Nothing differs.")
    return "\n".join(lines).rstrip() + "\n"


def words_of(change: Change) -> str:
    """Before and after; where it came or went, where to or from."""
    if not change.before:
        return change.after
    return f"{change.before} → {change.after or 'nothing'}"


def summary(comparison: Comparison) -> str:
    parts: Sequence[str] = [
        f"{len(group.changes)} {group.title.lower()}" for group in comparison.groups[:6]
    ]
    more = "" if len(comparison.groups) <= 6 else " and more"
    found = ", ".join(parts) + more if parts else "Nothing differs"
    restless = len(comparison.restless)
    if restless:
        found += f"; {restless} changed in between and {_is(restless)} as before"
    return f"{found}."


def _is(count: int) -> str:
    return "is" if count == 1 else "are"
