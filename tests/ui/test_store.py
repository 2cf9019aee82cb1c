"""The store applies what arrives, in order, in slices, and tells who has to repaint."""

import time

import msgspec
import pytest
from pytestqt.qtbot import QtBot

from console.health import Health, HealthLevel
from console.model.finding import Verdict
from console.model.node import NodeState
from console.model.snapshot import SnapshotDelta, diff
from console.model.virtual_machine import Heartbeat, VirtualMachine, VmMetrics
from console.ui.store import Store
from console.ui.views.map_lift import lift
from tests.ui.sample import snapshot

replace = msgspec.structs.replace


def renamed(vm: VirtualMachine, name: str) -> VirtualMachine:
    return replace(vm, name=name)


def test_a_big_delta_is_taken_in_slices_and_whole(qtbot: QtBot) -> None:
    store = Store()
    large = snapshot("large")
    store.replace(large)
    changed = tuple(renamed(vm, f"{vm.name}-x") for vm in large.vms)
    longest = 0.0
    store.apply(SnapshotDelta(upserted=changed))
    deadline = time.monotonic() + 5
    while store._pending and time.monotonic() < deadline:
        started = time.perf_counter()
        store._apply_slice()
        longest = max(longest, time.perf_counter() - started)
    assert all(vm.name.endswith("-x") for vm in store.inventory.vms.values())
    # A slice is bounded by its budget and one batch, not by the delta.
    assert longest < 0.05


def test_a_later_delta_never_overtakes_an_earlier_one(qtbot: QtBot) -> None:
    store = Store()
    large = snapshot("large")
    store.replace(large)
    store.apply(SnapshotDelta(upserted=tuple(renamed(vm, "first") for vm in large.vms)))
    store.apply(SnapshotDelta(upserted=(renamed(large.vms[-1], "second"),)))
    store.finish_slices()
    assert store.inventory.vms[large.vms[-1].key].name == "second"


def test_figures_are_told_apart_from_changes(qtbot: QtBot) -> None:
    store = Store()
    small = snapshot()
    store.replace(small)
    key = small.vms[0].key
    with (
        qtbot.waitSignal(store.figures_changed, timeout=500) as told,
        qtbot.assertNotEmitted(store.vms_changed),
    ):
        store.apply(SnapshotDelta(metrics=((key, VmMetrics(cpu_percent=99)),)))
    assert told.args == [(key,)]
    assert store.inventory.vms[key].metrics == VmMetrics(cpu_percent=99)


def test_health_follows_a_change(qtbot: QtBot) -> None:
    store = Store()
    small = snapshot()
    store.replace(small)
    vm = next(vm for vm in small.vms if store.health_of(vm.key).level is HealthLevel.HEALTHY)
    assert vm.cluster is not None
    sick = replace(vm, cluster=replace(vm.cluster, heartbeat=Heartbeat.LOST))
    store.apply(SnapshotDelta(upserted=(sick,)))
    assert store.health_of(vm.key).level is HealthLevel.CRITICAL
    assert "does not answer" in store.health_of(vm.key).sentence


def test_a_silent_cluster_makes_nothing_look_healthy(qtbot: QtBot) -> None:
    store = Store()
    small = snapshot()
    store.replace(small)
    old = replace(small.cluster_wire, read_at=time.time() - 3600)
    store.apply(SnapshotDelta(cluster_wire=old))
    levels = {store.health_of(vm.key).level for vm in small.vms}
    assert HealthLevel.HEALTHY not in levels
    lifted = lift(store, (next(vm.key for vm in small.vms if vm.owner_node),))
    assert not {verdict.verdict for verdict in lifted.verdicts.values()} & {
        Verdict.FITS,
        Verdict.FITS_WITH_NOTES,
    }


def test_diff_and_apply_end_in_the_same_state(qtbot: QtBot) -> None:
    before, after = snapshot("small"), snapshot("degraded")
    store = Store()
    store.replace(before)
    store.apply(diff(before, after))
    store.finish_slices()
    assert {vm.key: vm for vm in after.vms} == store.inventory.vms
    assert store.inventory.cluster == after.cluster


def test_a_level_is_kept_over_readings_that_say_nothing_new(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store()
    small = snapshot()
    store.replace(small)
    for vm in small.vms:
        store.level_of(vm.key)
    judged: list[str] = []
    monkeypatch.setattr(store, "health_of", lambda key: judged.append(key))
    store.apply(SnapshotDelta(cluster_wire=replace(small.cluster_wire, read_at=time.time())))
    for vm in small.vms:
        store.level_of(vm.key)
    assert judged == []


def test_a_wire_that_falls_silent_changes_every_level(qtbot: QtBot) -> None:
    store = Store()
    small = snapshot()
    store.replace(small)
    running = next(v for v in small.vms if store.level_of(v.key) is HealthLevel.HEALTHY)
    with qtbot.waitSignal(store.levels_changed, timeout=500) as told:
        store.apply(SnapshotDelta(cluster_wire=replace(small.cluster_wire, read_at=1.0)))
    assert told.args == [()]
    assert store.level_of(running.key) is HealthLevel.UNKNOWN


def test_a_node_that_falls_changes_the_levels_of_its_vms_alone(qtbot: QtBot) -> None:
    store = Store()
    small = snapshot()
    store.replace(small)
    down = replace(small.nodes[0], state=NodeState.DOWN)
    with qtbot.waitSignal(store.levels_changed, timeout=500) as told:
        store.apply(SnapshotDelta(nodes=(down, *small.nodes[1:])))
    assert set(told.args[0]) == store.inventory.keys_by_owner[down.name]
    assert {store.level_of(key) for key in told.args[0]} == {HealthLevel.CRITICAL}


def test_time_alone_is_noticed(qtbot: QtBot) -> None:
    small = snapshot()
    later = 0.0
    store = Store(now=lambda: time.time() + later)
    store.replace(small)
    key = small.vms[0].key
    store.level_of(key)
    later = 3600.0
    with qtbot.waitSignal(store.levels_changed, timeout=500):
        store.forget_health()
    assert store.level_of(key) is HealthLevel.UNKNOWN


def test_what_a_rule_sees_only_by_looking_is_found_by_the_sweep(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Store()
    small = snapshot()
    store.replace(small)
    for vm in small.vms:
        store.level_of(vm.key)
    changed = small.vms[3].key
    known = store.health_of
    critical = Health(HealthLevel.CRITICAL)
    monkeypatch.setattr(store, "health_of", lambda k: critical if k == changed else known(k))
    with qtbot.waitSignal(store.levels_changed, timeout=2000) as told:
        store.forget_health()
    assert told.args == [(changed,)]
