"""An inventory kept by deltas says the same as one built anew, whatever happened in between."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from console.model.inventory import Inventory
from console.model.node import Node, NodeState
from console.model.snapshot import ClusterInfo, ClusterSnapshot, SnapshotDelta, diff
from console.model.virtual_machine import (
    ClusterFacts,
    PowerState,
    VirtualMachine,
    VmKind,
    VmMetrics,
)

NODES = ("N1", "N2", "N3")
replace = msgspec.structs.replace


@st.composite
def vms(draw: st.DrawFn, key: str) -> VirtualMachine:
    placed = draw(st.booleans())
    facts = ClusterFacts(
        key,
        draw(st.sampled_from(NODES)),
        draw(st.sampled_from([PowerState.RUNNING, PowerState.STOPPED])),
        read_at=draw(st.sampled_from([1.0, 2.0])),
    )
    cpu = draw(st.sampled_from([None, 1, 50]))
    return VirtualMachine(
        key,
        draw(st.sampled_from(["web", "Web", "db"])),
        VmKind.AZURE_LOCAL,
        facts if placed else None,
        metrics=VmMetrics(cpu_percent=cpu),
    )


@st.composite
def snapshots(draw: st.DrawFn) -> ClusterSnapshot:
    keys = draw(st.lists(st.sampled_from("abcdef"), unique=True))
    nodes = tuple(Node(name, draw(st.sampled_from(NodeState))) for name in NODES)
    return ClusterSnapshot(
        ClusterInfo(draw(st.sampled_from(["C", "D"]))), nodes, tuple(draw(vms(k)) for k in keys)
    )


def by_key(inventory: Inventory) -> dict[str, VirtualMachine]:
    """Without reading times: an unchanged row keeps the old one, by design."""
    return {
        key: replace(vm, cluster=vm.cluster and replace(vm.cluster, read_at=None))
        for key, vm in inventory.vms.items()
    }


@given(st.lists(snapshots(), min_size=1, max_size=4))
def test_deltas_lead_where_the_snapshot_is(history: list[ClusterSnapshot]) -> None:
    kept = Inventory(history[0])
    for new in history[1:]:
        delta = diff(kept.snapshot(), new)
        kept.apply(delta)
        kept.apply(delta)  # safe to apply twice
        fresh = Inventory(new)
        assert by_key(kept) == by_key(fresh)
        assert kept.nodes == fresh.nodes
        assert kept.cluster == fresh.cluster
        for node in (*NODES, None):
            assert {vm.key for vm in kept.vms_on(node)} == {vm.key for vm in fresh.vms_on(node)}


@given(snapshots())
def test_nothing_changed_is_an_empty_delta(snapshot: ClusterSnapshot) -> None:
    assert diff(snapshot, snapshot).is_empty


def test_figures_alone_never_make_a_row_changed() -> None:
    facts = ClusterFacts("a", "N1", PowerState.RUNNING, read_at=1.0)
    vm = VirtualMachine("a", "web", VmKind.AZURE_LOCAL, facts, metrics=VmMetrics(1))
    later = replace(vm, cluster=replace(facts, read_at=2.0), metrics=VmMetrics(2))
    old = ClusterSnapshot(ClusterInfo("C"), vms=(vm,))
    delta = diff(old, replace(old, vms=(later,)))
    assert delta == SnapshotDelta(metrics=(("a", VmMetrics(2)),))


def test_names_are_found_in_any_case() -> None:
    vm = VirtualMachine("a", "Web-1", VmKind.AZURE_LOCAL)
    inventory = Inventory(ClusterSnapshot(ClusterInfo("C"), vms=(vm,)))
    assert inventory.vm_named("wEB-1") is vm
    assert inventory.vm_named("web-2") is None
