"""What differs between two moments: grouped, honest about what changed back, safe to paste."""

import csv
import io

from console.model.change import CLUSTER, Change, changes
from console.model.virtual_machine import PowerState
from console.ui.past.comparison import compare, csv_of, markdown_text, summary
from tests.unit.worker.test_snapshot_history import a_snapshot, a_vm

THEN, NOW = 1000.0, 5000.0


def test_grouped_by_what_happened() -> None:
    old = a_snapshot(THEN, a_vm("a"), a_vm("b"), a_vm("gone"))
    new = a_snapshot(NOW, a_vm("a", "N2"), a_vm("b", power=PowerState.STOPPED), a_vm("new"))
    found = compare(old, new, THEN, NOW)
    assert [(group.title, len(group.changes)) for group in found.groups] == [
        ("New", 1),
        ("Gone", 1),
        ("Moved", 1),
        ("Other state", 1),
    ]
    assert summary(found) == "1 new, 1 gone, 1 moved, 1 other state."


def test_reading_again_is_no_difference() -> None:
    old, new = a_snapshot(THEN, a_vm("a", cpu=3)), a_snapshot(NOW, a_vm("a", cpu=90))
    assert compare(old, new, THEN, NOW).count == 0
    assert summary(compare(old, new, THEN, NOW)) == "Nothing differs."


def test_who_went_away_and_came_back_is_told_apart() -> None:
    there, away = a_snapshot(THEN, a_vm("a")), a_snapshot(2000.0, a_vm("a", "N2"))
    back = a_snapshot(NOW, a_vm("a"))
    between = [*changes(there, away, 2000.0), *changes(away, back, 3000.0)]
    later = Change(NOW + 1, "vm:a", "a", CLUSTER, "State", "Running", "Stopped")
    found = compare(there, back, THEN, NOW, [*between, later])
    assert found.groups == ()
    assert found.restless == (("vm:a", "a", 2),)
    assert summary(found) == "Nothing differs; 1 changed in between and is as before."


def test_hostile_names_are_neither_formulas_nor_markup() -> None:
    name = "=cmd|'/C calc'!A0\n# [x](http://evil)<b>"
    found = compare(a_snapshot(THEN), a_snapshot(NOW, a_vm(name)), THEN, NOW)
    rows = list(csv.reader(io.StringIO(csv_of(found))))
    assert all(not cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)
    text = markdown_text(found, "Then and now")
    assert "\n# [" not in text
    assert "\\[x\\]" in text
    assert "\\<b\\>" in text
