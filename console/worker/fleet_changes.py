"""What became of the fleet's VMs since it was asked last, noted as the ledger learns it.

Values are told as words: levels by their name, numbers as digits, what nobody told as nothing.
"""

from collections.abc import Callable, Container
from typing import NamedTuple

Row = dict[str, str]


class FieldChange(NamedTuple):
    """``key`` is a VM's or a cluster's ARM id in lower case, ``column`` what of it changed."""

    key: str
    name: str
    column: str
    before: str
    after: str


class FleetChanges(NamedTuple):
    """``gone``: with the whole row as it was. ``clusters``: of clusters, not of VMs."""

    fields: tuple[FieldChange, ...] = ()
    appeared: tuple[tuple[str, str], ...] = ()
    gone: tuple[tuple[str, str, Row], ...] = ()
    clusters: tuple[FieldChange, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.fields or self.appeared or self.gone or self.clusters)


class FleetNotes:
    """The first value of each cell that changed. ``row_of(slot)`` tells a VM as it is now."""

    def __init__(self, row_of: Callable[[int], Row], key_of: Callable[[int], str]) -> None:
        self._row_of, self._key_of = row_of, key_of
        self._was: dict[int, Row] = {}
        self._fresh: set[int] = set()
        self._gone: list[tuple[str, str, Row]] = []
        self._clusters: dict[tuple[str, str], tuple[str, str]] = {}

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
        row = self._row_of(slot) | self._was.pop(slot, {})
        self._gone.append((self._key_of(slot), row["name"], row))

    def cluster_changed(self, key: str, name: str, column: str, before: str) -> None:
        self._clusters.setdefault((key, column), (name, before))

    def take(
        self, subscriptions: Container[str], cluster_value: Callable[[str, str], str | None]
    ) -> FleetChanges:
        """What was noted of VMs in these subscriptions; then nothing is noted any more.

        ``cluster_value(arm_id, column)`` tells a cluster as it is now; None: it is gone.
        """
        fields: list[FieldChange] = []
        for slot, was in self._was.items():
            row = self._row_of(slot)
            if row["subscription"] in subscriptions:
                key = self._key_of(slot)
                fields += (
                    FieldChange(key, row["name"], column, before, row[column])
                    for column, before in was.items()
                    if before != row[column]
                )
        appeared = [
            (self._key_of(slot), row["name"])
            for slot in sorted(self._fresh)
            if (row := self._row_of(slot))["subscription"] in subscriptions
        ]
        gone = [each for each in self._gone if each[2]["subscription"] in subscriptions]
        clusters = []
        for (key, column), (name, before) in self._clusters.items():
            after = cluster_value(key, column)
            if after is not None and after != before:
                clusters.append(FieldChange(key, name, column, before, after))
        self._was, self._fresh, self._gone, self._clusters = {}, set(), [], {}
        return FleetChanges(tuple(fields), tuple(appeared), tuple(gone), tuple(clusters))
