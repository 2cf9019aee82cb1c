"""What is kept of the past: any moment comes back as it was, bounded, whole after any crash."""

import sqlite3
import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.model.freshness import Wire, WireReading
from console.model.node import Node, NodeState
from console.model.settled import as_of, settled
from console.model.snapshot import ClusterInfo, ClusterSnapshot
from console.model.virtual_machine import (
    ClusterFacts,
    Heartbeat,
    PowerState,
    VirtualMachine,
    VmKind,
    VmMetrics,
)
from console.worker import past_file, snapshot_history
from console.worker.past_file import HistoryUnreadableError
from console.worker.snapshot_history import SnapshotHistory

replace = msgspec.structs.replace


def a_vm(
    name: str, owner: str = "N1", power: PowerState = PowerState.RUNNING, cpu: int = 1
) -> VirtualMachine:
    facts = ClusterFacts(name, owner, power, Heartbeat.OK, read_at=float(cpu))
    return VirtualMachine(name, name, VmKind.UNMANAGED, facts, metrics=VmMetrics(cpu))


def a_snapshot(at: float, *vms: VirtualMachine, node: NodeState = NodeState.UP) -> ClusterSnapshot:
    return ClusterSnapshot(
        ClusterInfo("c"),
        (Node("N1", node, cpu_percent=at, read_at=at),),
        vms,
        arm=WireReading(Wire.ARM, at),
        cluster_wire=WireReading(Wire.CLUSTER, at),
    )


@pytest.fixture
def history(tmp_path: Path):  # type: ignore[no-untyped-def]
    opened = SnapshotHistory(tmp_path / "h.sqlite3")
    yield opened
    opened.close()


def test_a_quiet_cluster_costs_nothing(history: SnapshotHistory) -> None:
    history.record(a_snapshot(100.0, a_vm("a", cpu=1)), 100.0)
    assert history.record(a_snapshot(110.0, a_vm("a", cpu=9)), 110.0) == 0
    assert history.moments(0.0, 1e9) == (100.0,)


def test_any_moment_comes_back_as_it_was(history: SnapshotHistory) -> None:
    history.record(a_snapshot(100.0, a_vm("a"), a_vm("b")), 100.0)
    history.record(a_snapshot(200.0, a_vm("a", "N2"), a_vm("b")), 200.0)
    history.record(a_snapshot(300.0, a_vm("a", "N2", PowerState.STOPPED)), 300.0)
    assert history.at(99.0) is None
    for moment, owners in (
        (150.0, {"a": "N1", "b": "N1"}),
        (200.0, {"a": "N2", "b": "N1"}),
        (1e9, {"a": "N2"}),
    ):
        found = history.at(moment)
        assert found is not None
        assert {vm.key: vm.owner_node for vm in found[1].vms} == owners
        assert not found[1].cluster_wire.is_stale(moment)
        assert found[1].nodes[0].read_at == moment
    assert history.span() == (100.0, 300.0)


def test_changes_are_told_by_subject_and_time(history: SnapshotHistory) -> None:
    history.record(a_snapshot(100.0, a_vm("a"), a_vm("b")), 100.0)
    history.record(a_snapshot(200.0, a_vm("a", "N2"), a_vm("b")), 200.0)
    history.record(a_snapshot(300.0, a_vm("a", "N2"), node=NodeState.DOWN), 300.0)
    assert [(each.at, each.text) for each in history.changes("vm:a", 0.0, 1e9)] == [
        (200.0, "Runs on: N1 → N2")
    ]
    assert [each.text for each in history.changes("", 200.0, 1e9)] == [
        "State: Up → Down", "Gone from: the cluster",
    ]  # fmt: skip
    assert history.changes("", 300.0, 1e9) == ()


def test_another_run_goes_on_where_the_last_ended(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite3"
    first = SnapshotHistory(path)
    first.record(a_snapshot(100.0, a_vm("a")), 100.0)
    first.close()
    second = SnapshotHistory(path)
    second.record(a_snapshot(900.0, a_vm("a", "N2")), 900.0)
    assert [each.text for each in second.changes("vm:a", 0.0, 1e9)] == ["Runs on: N1 → N2"]
    second.close()


def test_old_stretches_go_and_the_newest_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot_history, "WHOLE_EVERY", 3)
    kept = SnapshotHistory(tmp_path / "h.sqlite3", kept_s=100.0)
    for step in range(40):
        kept.record(a_snapshot(step * 10.0, a_vm("a", f"N{step}")), step * 10.0)
    span = kept.span()
    assert span is not None
    assert 390.0 - 100.0 - 50.0 <= span[0] <= 390.0 - 100.0
    assert kept.at(span[0]) is not None
    assert all(each.at >= span[0] for each in kept.changes("", 0.0, 1e9))
    kept.close()


def test_it_stays_within_its_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot_history, "WHOLE_EVERY", 3)
    most = 256 * 1024
    kept = SnapshotHistory(tmp_path / "h.sqlite3", most_bytes=most)
    for step in range(300):
        vms = [a_vm(f"{step}-{n}", f"N{n * step % 97}") for n in range(40)]
        kept.record(a_snapshot(step * 10.0, *vms), step * 10.0)
    assert kept.size_bytes() < 2 * most
    assert kept.at(2990.0) is not None
    kept.close()


def test_what_fails_to_be_written_is_not_half_kept(history: SnapshotHistory) -> None:
    history.record(a_snapshot(100.0, a_vm("a")), 100.0)
    history._connection.execute("DROP TABLE change")
    with pytest.raises(sqlite3.Error):
        history.record(a_snapshot(200.0, a_vm("a", "N2")), 200.0)
    assert history.moments(0.0, 1e9) == (100.0,)


def test_an_unreadable_file_is_set_aside(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite3"
    path.write_bytes(b"not a database at all, " * 100)
    with pytest.raises(HistoryUnreadableError):
        SnapshotHistory(path)
    opened, was_broken = past_file.open_or_begin_anew(path, SnapshotHistory)
    assert was_broken
    assert opened.span() is None
    assert (tmp_path / "h.sqlite3.unreadable").exists()
    opened.close()


_STATES = st.lists(
    st.dictionaries(
        st.sampled_from("abcd"),
        st.tuples(st.sampled_from(["N1", "N2"]), st.sampled_from(PowerState)),
        max_size=4,
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(states=_STATES)
def test_every_moment_of_any_past_comes_back(
    states: list[dict[str, tuple[str, PowerState]]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        history = SnapshotHistory(Path(folder) / "h.sqlite3")
        given_ = []
        for step, state in enumerate(states):
            at = 100.0 + 10 * step
            vms = [a_vm(key, *where) for key, where in state.items()]
            snapshot = a_snapshot(at, *vms)
            history.record(snapshot, at)
            given_.append((at, as_of(settled(snapshot, at), at)))
        for at, snapshot in given_:
            found = history.at(at)
            assert found is not None
            there = {vm.key: vm for vm in found[1].vms}
            assert there == {vm.key: vm for vm in snapshot.vms}
            assert found[1].nodes == snapshot.nodes
        history.close()


def test_a_moment_names_what_stands_beside_it(history: SnapshotHistory) -> None:
    for at, owner in ((100.0, "N1"), (160.0, "N2"), (220.0, "N3")):
        history.record(a_snapshot(at, a_vm("a", owner)), at)
    moment = history.moment(200.0)
    assert moment.snapshot is not None
    assert moment.snapshot.vms[0].owner_node == "N2"
    assert (moment.kept_at, moment.earlier, moment.later) == (160.0, 100.0, 220.0)
    assert (moment.first, moment.last, moment.unseen_since) == (100.0, 220.0, None)
    too_old = history.moment(50.0)
    assert (too_old.snapshot, too_old.later) == (None, 100.0)


def test_a_quiet_hour_was_seen_and_a_night_without_a_console_was_not(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite3"
    opened = SnapshotHistory(path)
    for at in range(100, 3700, 60):  # nothing changes, and somebody looks
        opened.record(a_snapshot(float(at), a_vm("a")), float(at))
    seen = opened.moment(3000.0)
    assert seen.unseen_since is None
    assert seen.snapshot is not None
    assert seen.snapshot.cluster_wire.read_at == 3000.0
    opened.close()
    again = SnapshotHistory(path)
    again.record(a_snapshot(40_000.0, a_vm("a", "N2")), 40_000.0)
    night = again.moment(20_000.0)
    assert (night.unseen_since, night.unseen_until) == (3640.0, 40_000.0)
    # It stands dated as it was seen last, so that it is drawn as old.
    assert night.snapshot is not None
    assert night.snapshot.cluster_wire.read_at == 3640.0
    assert night.snapshot.cluster_wire.is_stale(20_000.0)
    after = again.moment(50_000.0)
    assert (after.unseen_since, after.unseen_until) == (40_000.0, None)
    again.close()


def test_a_sleeping_computer_did_not_look(history: SnapshotHistory) -> None:
    history.record(a_snapshot(100.0, a_vm("a")), 100.0)
    history.record(a_snapshot(9_000.0, a_vm("a")), 9_000.0)
    assert history.moment(5_000.0).unseen_until == 9_000.0
    assert history.moment(9_100.0).unseen_since is None


def test_of_an_older_file_nobody_can_say_who_looked(tmp_path: Path) -> None:
    path = tmp_path / "h.sqlite3"
    opened = SnapshotHistory(path)
    opened.record(a_snapshot(100.0, a_vm("a")), 100.0)
    opened.close()
    connection = sqlite3.connect(path)
    connection.execute("DROP TABLE look")
    connection.commit()
    connection.close()
    again = SnapshotHistory(path)
    assert again.moment(50_000.0).unseen_since is None
    again.close()
