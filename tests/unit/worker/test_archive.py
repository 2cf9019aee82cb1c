"""Exports hold everything, run nothing in a spreadsheet, and are whole or not there."""

import csv
import json
from pathlib import Path

import pytest

from console.channel.messages import Export, ExportFormat, ExportKind
from console.model.operation import OperationState
from console.model.request import LiveMigrate
from console.worker import archive
from console.worker.journal_lines import Intent, Line, Sending, StateEntered
from console.worker.journal_schema import FILE_NAME
from console.worker.journal_store import JournalStore
from tests.faults.hostile import HOSTILE as CORPUS

S = OperationState
HOSTILE = '=HYPERLINK("http://x")\n\u202eabc,"quoted"'


def written(folder: Path) -> None:
    store = JournalStore(folder / FILE_NAME)
    for name, vm, connection in (("a", "web-01", "lab"), ("b", HOSTILE, "lab"), ("c", "x", "no")):
        request = LiveMigrate(f"key-{name}", vm, "N1", "N2")
        lines = [
            Line(name, 1_700_000_000.0, Intent(request, vm, connection, actor="ann")),
            Line(name, 1_700_000_001.0, StateEntered(S.CHECKING)),
            Line(name, 1_700_000_002.0, StateEntered(S.RUNNING)),
            Line(name, 1_700_000_003.0, Sending("migrate", "Move-VM")),
            Line(name, 1_700_000_009.0, StateEntered(S.FAILED, "-1 is not a formula")),
        ]
        assert store.append([lines]) == [None]
    store.close()


def exported(folder: Path, kind: ExportKind, form: ExportFormat, *ids: str) -> Path:
    path = folder / f"out.{form}"
    done = archive.export(folder, "lab", Export("t", str(path), kind, form, ids))
    assert done.fault is None, done.fault
    return path


def test_operations_as_csv_come_back_as_they_were_but_for_formulas(tmp_path: Path) -> None:
    written(tmp_path)
    path = exported(tmp_path, ExportKind.OPERATIONS, ExportFormat.CSV)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows] == ["a", "b"]
    assert rows[0]["asked"] == "2023-11-14T22:13:20.000+00:00"
    assert (rows[0]["state"], rows[0]["actor"], rows[0]["commands"]) == ("Failed", "ann", "Move-VM")
    assert rows[1]["title"] == "'" + HOSTILE
    assert rows[0]["result"] == "'-1 is not a formula"
    assert path.stat().st_mode & 0o077 == 0


def test_operations_as_json_and_only_those_asked_for(tmp_path: Path) -> None:
    written(tmp_path)
    path = exported(tmp_path, ExportKind.OPERATIONS, ExportFormat.JSON, "b")
    (row,) = json.loads(path.read_text(encoding="utf-8"))
    assert (row["id"], row["title"], row["commands"]) == ("b", HOSTILE, ["Move-VM"])


def test_the_audit_log_of_all_connections(tmp_path: Path) -> None:
    written(tmp_path)
    path = exported(tmp_path, ExportKind.AUDIT, ExportFormat.JSON)
    rows = json.loads(path.read_text(encoding="utf-8"))
    assert {row["operation id"] for row in rows} == {"a", "b", "c"}
    assert [row["phase"] for row in rows[:3]] == ["asked", "sent", "ended"]


def test_what_cannot_be_written_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    written(tmp_path)
    target = tmp_path / "none" / "out.csv"
    done = archive.export(
        tmp_path, "lab", Export("t", str(target), ExportKind.OPERATIONS, ExportFormat.CSV)
    )
    assert done.fault is not None
    assert "out.csv" in done.fault.summary
    assert not target.exists()


def test_without_a_journal_it_is_said_too(tmp_path: Path) -> None:
    message = Export("t", str(tmp_path / "o.csv"), ExportKind.AUDIT, ExportFormat.CSV)
    done = archive.export(tmp_path, "lab", message)
    assert done.fault is not None
    assert sorted(path.name for path in tmp_path.iterdir()) == []


@pytest.mark.parametrize("kind", [kind for kind in CORPUS if kind != "lone surrogate"])
def test_hostile_names_come_out_as_data(tmp_path: Path, kind: str) -> None:
    text = CORPUS[kind]
    store = JournalStore(tmp_path / FILE_NAME)
    request = LiveMigrate("key", text, text, text)
    lines = [
        Line("op", 1_700_000_000.0, Intent(request, text, "lab", actor=text)),
        Line("op", 1_700_000_001.0, StateEntered(S.CANCELED, text, text)),
    ]
    assert store.append([lines]) == [None]
    store.close()
    for what in (ExportKind.OPERATIONS, ExportKind.AUDIT):
        path = exported(tmp_path, what, ExportFormat.CSV)
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file))
        assert {len(row) for row in rows} == {len(rows[0])}, "a cell broke out of its row"
        cells = [cell for row in rows[1:] for cell in row]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
        assert any(cell.removeprefix("'") == text for cell in cells)
    path = exported(tmp_path, ExportKind.OPERATIONS, ExportFormat.JSON)
    (row,) = json.loads(path.read_text(encoding="utf-8"))
    assert (row["title"], row["actor"], row["result"]) == (text, text, text)
