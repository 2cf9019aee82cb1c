"""Rows of the fleet as CSV, made in another thread from a still copy. No Qt."""

import datetime
from collections.abc import Iterator, Sequence

from console.ui.models.csv_text import csv_text
from console.ui.models.fleet_columns import FleetColumn
from console.ui.models.fleet_facts import FleetFacts


def fleet_csv(facts: FleetFacts, slots: Sequence[int], columns: Sequence[FleetColumn]) -> str:
    """These VMs with these columns, then the ARM id and when Azure was read."""
    titles = [column.title for column in columns] + ["ARM id", "Read at"]
    return csv_text(titles, _rows(facts, slots, columns))


def _rows(
    facts: FleetFacts, slots: Sequence[int], columns: Sequence[FleetColumn]
) -> Iterator[list[str]]:
    read_at = {one.subscription: one.read_at for one in facts.readings}
    for slot in slots:
        at = read_at.get(facts.word("subscription", slot))
        cells = [column.text(facts, slot) for column in columns]
        yield [*cells, facts.arm_id(slot), _moment(at)]


def _moment(at: float | None) -> str:
    return "" if at is None else datetime.datetime.fromtimestamp(at).isoformat(" ", "seconds")
