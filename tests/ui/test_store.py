"""The store applies what arrives, in order, in slices, and tells who has to repaint."""

import time

import msgspec
from pytestqt.qtbot import QtBot

from console.health import HealthLevel
from console.model.finding import Verdict
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
