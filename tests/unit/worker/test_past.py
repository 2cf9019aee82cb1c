"""The past is written beside the stored snapshot, and nothing breaks where it cannot be."""

import asyncio
from pathlib import Path

import msgspec

from console.model.freshness import Wire, WireReading
from console.model.moment import Moment
from console.model.snapshot import ClusterSnapshot
from console.worker.past import Past, read_moment
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


def test_a_moment_is_read_and_a_damaged_past_is_told(tmp_path: Path) -> None:
    kept = past(tmp_path, [100.0, 160.0])
    kept.keep(a_snapshot(100.0, a_vm("a")))
    kept.keep(a_snapshot(160.0, a_vm("a", "N2")))
    moment, fault = asyncio.run(read_moment(kept, 120.0))
    assert fault is None
    assert moment.snapshot is not None
    assert moment.snapshot.vms[0].owner_node == "N1"
    history = kept._door.opened()
    assert history is not None
    history._connection.execute("UPDATE moment SET body = x'00'")
    moment, fault = asyncio.run(read_moment(kept, 120.0))
    assert moment.snapshot is None
    assert fault is not None
    assert fault.remedy
    assert fault.kept
    kept.close()
    assert asyncio.run(read_moment(kept, 1.0)) == (Moment(1.0), None)
    assert asyncio.run(read_moment(None, 1.0)) == (Moment(1.0), None)
