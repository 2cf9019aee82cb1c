"""What became of the fleet since it was asked last, noted as the ledger learns it.

Values are told as words: levels by their name, numbers as digits, what nobody told as nothing.
"""

from collections.abc import Callable, Container, Mapping
from typing import NamedTuple

import msgspec

from console.model.fleet import BY_ID, FleetCluster

Row = dict[str, str]
APPEARED, GONE = "+", "-"  # in place of a column
VM, CLUSTER = "vm:", "cluster:"
# What of a cluster is a change worth keeping: words of the record.
CLUSTER_COLUMNS = ("contact", "version")


class FleetChange(NamedTuple):
    """``subject``: ``vm:`` or ``cluster:`` and an ARM id in lower case; ``what``: a column, or that
    it appeared (``after`` is all of it) or is gone (``before`` is all of it), as JSON.
    """

    subject: str
    name: str
    what: str
    before: str
    after: str


class FleetNotes:
    """The first value of each cell that changed. ``told(column, slot)``: the value as it is now."""

    def __init__(self, told: Callable[[str, int], str], key_of: Callable[[int], str]) -> None:
        self._told, self._key_of = told, key_of
        self._was: dict[int, Row] = {}
        self._fresh: set[int] = set()
        self._gone: list[tuple[str, Row]] = []
        self._clusters: dict[str, FleetCluster | None] = {}

    def changed(self, slot: int, column: str, before: str) -> None:
        if slot not in self._fresh:
            self._was.setdefault(slot, {}).setdefault(column, before)

    def appeared(self, slot: int) -> None:
        self._fresh.add(slot)

    def gone(self, slot: int) -> None:
        """Call it while the slot still holds what it was."""
        if slot in self._fresh:
            self._fresh.discard(slot)
            return
        row = self._row(slot) | self._was.pop(slot, {})
        self._gone.append((self._key_of(slot), row))

    def cluster_changed(self, key: str, before: FleetCluster | None) -> None:
        """None: it was not there."""
        self._clusters.setdefault(key, before)

    def _row(self, slot: int) -> Row:
        return {name: self._told(name, slot) for name in BY_ID}

    def take(
        self, subscriptions: Container[str], clusters: Mapping[str, FleetCluster]
    ) -> tuple[FleetChange, ...]:
        """What was noted of these subscriptions; then nothing is noted any more.

        What is gone comes before what appeared: a VM may be both, and another one the second time.
        """
        found = [
            FleetChange(VM + key, row["name"], GONE, packed(row), "")
            for key, row in self._gone
            if row["subscription"] in subscriptions
        ]
        for slot in sorted(self._fresh):
            if self._told("subscription", slot) in subscriptions:
                row, subject = self._row(slot), VM + self._key_of(slot)
                found.append(FleetChange(subject, row["name"], APPEARED, "", packed(row)))
        for slot, was in self._was.items():
            if self._told("subscription", slot) in subscriptions:
                subject, name = VM + self._key_of(slot), self._told("name", slot)
                found += (
                    FleetChange(subject, name, column, before, after)
                    for column, before in was.items()
                    if before != (after := self._told(column, slot))
                )
        for key, before in self._clusters.items():
            found += _of_cluster(key, before, clusters.get(key), subscriptions)
        self._was, self._fresh, self._gone, self._clusters = {}, set(), [], {}
        return tuple(found)


def packed(row: Row) -> str:
    return msgspec.json.encode(row).decode()


def unpacked(text: str) -> Row:
    """Raises ValueError (msgspec's) for what is none."""
    return msgspec.json.decode(text, type=Row)


def pack_cluster(cluster: FleetCluster) -> str:
    """Without when it told of itself last: that is no change."""
    return msgspec.json.encode(msgspec.structs.replace(cluster, synced_at=None)).decode()


def unpack_cluster(text: str) -> FleetCluster:
    """Raises ValueError (msgspec's) for what is none."""
    return msgspec.json.decode(text, type=FleetCluster)


def _of_cluster(
    key: str, before: FleetCluster | None, after: FleetCluster | None, known: Container[str]
) -> list[FleetChange]:
    one = after or before
    if one is None or one.subscription not in known:
        return []
    subject = CLUSTER + key
    if before is None or after is None:
        what = GONE if before is not None else APPEARED
        was, now = (pack_cluster(each) if each is not None else "" for each in (before, after))
        return [FleetChange(subject, one.name, what, was, now)]
    return [
        FleetChange(subject, one.name, name, getattr(before, name), getattr(after, name))
        for name in CLUSTER_COLUMNS
        if getattr(before, name) != getattr(after, name)
    ]
