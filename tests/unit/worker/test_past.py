"""The past is written beside the stored snapshot, and nothing breaks where it cannot be."""

from pathlib import Path

import msgspec

from console.model.freshness import Wire, WireReading
from console.model.snapshot import ClusterSnapshot
from console.worker.past import Past
from tests.unit.worker.test_snapshot_history import a_snapshot, a_vm


def past(folder: Path, times: list[float]) -> Past:
    return Past(folder, "lab", lambda: times.pop(0))


def test_kept_with_the_stored_snapshot_and_read_again(tmp_path: Path) -> None:
    stored: list[ClusterSnapshot] = []
    kept = past(tmp_path, [100.0, 200.0])
    store = kept.with_store(stored.append)
    store(a_snapshot(100.0, a_vm("a")))
    store(a_snapshot(200.0, a_vm("a", "N2")))
    assert len(stored) == 2
    found, back_to = kept.changes("vm:a", 0.0, 1e9, 10)
    assert [each.text for each in found] == ["Runs on: N1 → N2"]
    assert back_to == 100.0
    kept.close()
    again = past(tmp_path, [])
    assert again.changes("vm:a", 0.0, 1e9, 10) == (found, back_to)
    again.close()


def test_half_of_the_truth_is_not_written(tmp_path: Path) -> None:
    kept = past(tmp_path, [100.0])
    kept.keep(msgspec.structs.replace(a_snapshot(100.0), arm=WireReading(Wire.ARM)))
    assert kept.changes("", 0.0, 1e9, 10) == ((), None)
    kept.close()


def test_a_folder_that_cannot_be_written_costs_only_the_past(tmp_path: Path) -> None:
    kept = Past(tmp_path / "missing", "lab", lambda: 1.0)
    kept.keep(a_snapshot(1.0))
    assert kept.changes("", 0.0, 1e9, 10) == ((), None)
    kept.close()
    kept.keep(a_snapshot(1.0))
