"""Rows of the fleet as CSV, written in another thread from a still copy. No Qt."""

import csv
from collections.abc import Sequence
from pathlib import Path

from console.ui.models.fleet_columns import FleetColumn
from console.ui.models.fleet_facts import FleetFacts

# A spreadsheet runs a cell that starts with one of these as a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def write(
    path: Path, facts: FleetFacts, slots: Sequence[int], columns: Sequence[FleetColumn]
) -> int:
    """How many rows were written. Raises OSError."""
    # A byte-order mark makes spreadsheets read it as UTF-8.
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        writer.writerow([column.title for column in columns] + ["ARM id", "Read at"])
        read_at = {one.subscription: one.read_at for one in facts.readings}
        for slot in slots:
            at = read_at.get(facts.word("subscription", slot))
            cells = [column.text(facts, slot) for column in columns]
            cells += [facts.arm_id(slot), _moment(at)]
            writer.writerow([harmless(cell) for cell in cells])
    return len(slots)


def harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _moment(at: float | None) -> str:
    import datetime

    return "" if at is None else datetime.datetime.fromtimestamp(at).isoformat(" ", "seconds")
