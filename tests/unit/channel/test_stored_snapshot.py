"""The stored snapshot is written whole, private, and read only for its own connection."""

import os
import stat
from pathlib import Path

import pytest

from console.channel import stored_snapshot
from console.model.freshness import Wire, WireReading
from console.model.node import Node, NodeState
from console.model.snapshot import ClusterInfo, ClusterSnapshot

SNAPSHOT = ClusterSnapshot(
    ClusterInfo("c1"),
    nodes=(Node("N1", NodeState.UP),),
    cluster_wire=WireReading(Wire.CLUSTER, read_at=5.0),
)


def test_comes_back_equal_and_private(tmp_path: Path) -> None:
    stored_snapshot.save(tmp_path, "one", SNAPSHOT)
    assert stored_snapshot.load(tmp_path, "one") == SNAPSHOT
    path = stored_snapshot.path_for(tmp_path, "one")
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == [path.name]


def test_another_connection_sees_nothing(tmp_path: Path) -> None:
    stored_snapshot.save(tmp_path, "../../etc/passwd", SNAPSHOT)
    assert stored_snapshot.path_for(tmp_path, "../../etc/passwd").parent == tmp_path
    assert stored_snapshot.load(tmp_path, "two") is None


@pytest.mark.parametrize("keep", [0, 1, 40])
def test_a_cut_file_is_as_good_as_none(tmp_path: Path, keep: int) -> None:
    stored_snapshot.save(tmp_path, "one", SNAPSHOT)
    path = stored_snapshot.path_for(tmp_path, "one")
    path.write_bytes(path.read_bytes()[:keep])
    assert stored_snapshot.load(tmp_path, "one") is None


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored_snapshot.save(tmp_path, "one", SNAPSHOT)

    def no_room(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(stored_snapshot.os, "fsync", no_room)
    with pytest.raises(OSError, match="No space"):
        stored_snapshot.save(tmp_path, "one", ClusterSnapshot(ClusterInfo("c2")))
    assert stored_snapshot.load(tmp_path, "one") == SNAPSHOT
    assert len(os.listdir(tmp_path)) == 1
