"""A drain plan overfills nothing, leaves nobody out, and says truthfully what it takes."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.checks.situation import Situation
from console.model.inventory import Inventory
from console.model.node import NodeState
from console.model.outlook import Outlook
from console.model.plan import Method, PlannedMove
from console.model.snapshot import SnapshotDelta
from console.model.virtual_machine import PowerState
from console.planning import editing
from console.planning.drain import plan_drain, plan_return
from console.planning.judge import judge
from console.planning.timeline import schedule
from tests.ui.sample import snapshot

replace = msgspec.structs.replace
NODE = "LAB-N1"


@pytest.fixture
def inventory() -> Inventory:
    return Inventory(snapshot("small"))


def situation(inventory: Inventory) -> Situation:
    return Situation(inventory, (inventory.cluster_wire.read_at or 0.0) + 1.0)


def plan(inventory: Inventory) -> Outlook:
    """Emptying the node, judged."""
    now = situation(inventory)
    return judge(plan_drain(NODE, now), now)


def change_nodes(inventory: Inventory, names: set[str], **facts: object) -> None:
    nodes = tuple(
        replace(node, **facts) if node.name in names else node for node in inventory.nodes.values()
    )
    inventory.apply(SnapshotDelta(nodes=nodes))


def others(inventory: Inventory) -> set[str]:
    return set(inventory.nodes) - {NODE}


def test_every_vm_is_planned_or_told_why_not(inventory: Inventory) -> None:
    made = plan(inventory)
    told = [step.move.vm_key for step in made.steps] + [vm.vm_key for vm in made.stays]
    assert sorted(told) == sorted(vm.key for vm in inventory.vms_on(NODE))
    assert all(vm.why and vm.fix for vm in made.stays)
    stopped = {vm.key for vm in inventory.vms_on(NODE) if vm.power is PowerState.STOPPED}
    assert stopped
    # What is off only changes hands.
    by_quick = {step.move.vm_key for step in made.steps if step.move.method is Method.QUICK}
    assert stopped <= by_quick


def test_the_largest_goes_first_and_memory_stays_even(inventory: Inventory) -> None:
    made = plan(inventory)
    sizes = [step.memory_mib or 0 for step in made.steps]
    assert sizes == sorted(sizes, reverse=True)
    free = {name: inventory.nodes[name].memory_available_mib or 0 for name in others(inventory)}
    for step in made.steps:
        target = step.move.target
        assert free[target] == max(free.values())
        free[target] -= step.memory_mib or 0
        at = [room.node for room in made.nodes].index(target)
        total = made.nodes[at].total_mib
        assert total is not None
        assert step.used_mib[at] == total - free[target]


def test_every_node_is_told_after_every_step(inventory: Inventory) -> None:
    made = plan(inventory)
    names = [room.node for room in made.nodes]
    used = [room.used_mib or 0 for room in made.nodes]
    assert names == list(inventory.nodes)
    for step in made.steps:
        used[names.index(step.move.source)] -= step.memory_mib or 0
        used[names.index(step.move.target)] += step.memory_mib or 0
        assert list(step.used_mib) == used


def test_the_way_back_ends_where_it_began(inventory: Inventory) -> None:
    now = situation(inventory)
    made = plan_drain(NODE, now)
    back = judge(plan_return(made), now, after=made)
    assert [step.move.vm_key for step in back.steps] == [m.vm_key for m in made.moves]
    assert not back.broken
    assert {step.move.target for step in back.steps} == {NODE}
    before = tuple(room.used_mib for room in judge(made, now).nodes)
    assert back.steps[-1].used_mib == before


def test_times_follow_the_slots_of_the_node_that_is_emptied(inventory: Inventory) -> None:
    made = plan(inventory)
    slots = inventory.cluster.parallel_migrations
    assert slots == 2
    for at in (0, 1):
        for move in made.steps:
            assert move.starts_s is not None
            moment = move.starts_s[at]
            running = [
                m
                for m in made.steps
                if m.starts_s and m.ends_s and m.starts_s[at] <= moment < m.ends_s[at]
            ]
            assert len(running) <= slots
    assert made.finish_s is not None
    assert made.finish_s[0] < made.finish_s[1]


def test_where_no_speed_is_known_no_time_is_claimed(inventory: Inventory) -> None:
    nets = {
        name: tuple(replace(net, link_mbps=None) for net in node.migration_networks)
        for name, node in inventory.nodes.items()
    }
    for name in others(inventory):
        change_nodes(inventory, {name}, migration_networks=nets[name])
    made = plan(inventory)
    assert made.steps
    assert made.finish_s is None
    assert all(step.ends_s is None for step in made.steps)


def test_what_does_not_fit_stays_with_its_reason(inventory: Inventory) -> None:
    change_nodes(inventory, others(inventory), memory_available_mib=9 * 1024)
    made = plan(inventory)
    assert made.stays
    full = [vm for vm in made.stays if "are needed" in vm.why]
    assert full
    assert "move something away first." in full[0].fix
    for name in others(inventory):
        taken = sum(s.memory_mib or 0 for s in made.steps if s.move.target == name)
        assert taken <= 9 * 1024


def test_one_reason_for_all_nodes_is_said_once(inventory: Inventory) -> None:
    vm = next(vm for vm in inventory.vms_on(NODE) if vm.power is PowerState.RUNNING)
    assert vm.cluster is not None
    with_iso = replace(vm, cluster=replace(vm.cluster, mounted_iso="C:\\a.iso"))
    inventory.apply(SnapshotDelta(upserted=(with_iso,)))
    (stays,) = [stays for stays in plan(inventory).stays if stays.vm_key == vm.key]
    assert stays.why.count("ISO") == 1
    assert stays.fix == "Eject it first."


def test_nodes_that_are_not_up_take_nothing(inventory: Inventory) -> None:
    change_nodes(inventory, {"LAB-N2"}, state=NodeState.PAUSED)
    assert "LAB-N2" not in {step.move.target for step in plan(inventory).steps}
    change_nodes(inventory, others(inventory), state=NodeState.DOWN)
    made = plan(inventory)
    assert made.steps == ()
    running = [vm for vm in made.stays if "only a running" not in vm.why]
    assert {vm.why for vm in running} == {"No other node is up."}


def test_the_step_at_which_the_reserve_is_lost_is_named(inventory: Inventory) -> None:
    assert plan(inventory).reserve_lost_at is None
    change_nodes(inventory, others(inventory), memory_available_mib=60 * 1024)
    made = plan(inventory)
    at = made.reserve_lost_at
    assert at is not None
    assert made.steps[at - 1].survives_node_loss is False
    assert all(step.survives_node_loss for step in made.steps[: at - 1])


def test_unknown_memory_of_a_node_makes_the_reserve_unknown(inventory: Inventory) -> None:
    change_nodes(inventory, {"LAB-N2"}, memory_available_mib=None)
    made = plan(inventory)
    assert made.steps
    assert {step.survives_node_loss for step in made.steps} == {None}
    assert "LAB-N2" not in {step.move.target for step in made.steps}


def test_old_data_make_no_plan(inventory: Inventory) -> None:
    late = (inventory.cluster_wire.read_at or 0.0) + 3600
    now = Situation(inventory, late)
    made = judge(plan_drain(NODE, now), now)
    assert made.steps == ()
    assert "old data" in made.refusal


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from("AB"), st.sampled_from("CDE"), st.floats(0.1, 100)), max_size=20
    ),
    st.integers(1, 4),
)
def test_no_node_ever_has_more_moves_than_slots(
    wanted: list[tuple[str, str, float]], slots: int
) -> None:
    times = schedule(wanted, slots)
    for at, _end in times:
        for node in "ABCDE":
            ends = zip(wanted, times, strict=True)
            busy = [t for (a, b, _), t in ends if node in (a, b) and t[0] <= at < t[1]]
            assert len(busy) <= slots
    starts = [start for start, _ in times]
    assert starts == sorted(starts)


def test_what_cannot_go_live_is_offered_the_ways_that_would_take_it(inventory: Inventory) -> None:
    """Without a migration network nothing goes live; over its volume, or off, it could."""
    for name in others(inventory):
        node = inventory.nodes[name]
        nets = tuple(replace(net, is_up=False) for net in node.migration_networks)
        change_nodes(inventory, {name}, migration_networks=nets)
    made = plan(inventory)
    assert all(step.move.method is Method.QUICK for step in made.steps)  # only what is off
    live = [vm for vm in made.stays if vm.offers]
    assert live
    assert all(vm.offers == (Method.QUICK, Method.SHUT_DOWN) for vm in live)
    taken = live[0]
    move = PlannedMove(taken.vm_key, taken.vm_name, NODE, taken.target, Method.QUICK)
    now = situation(inventory)
    again = judge(editing.with_move(made.plan, move), now)
    assert not again.broken
    assert taken.vm_key not in {vm.vm_key for vm in again.stays}


def test_an_iso_forbids_every_way_but_taking_it_out(inventory: Inventory) -> None:
    vm = next(vm for vm in inventory.vms_on(NODE) if vm.power is PowerState.RUNNING)
    assert vm.cluster is not None
    with_iso = replace(vm, cluster=replace(vm.cluster, mounted_iso="C:\\a.iso"))
    inventory.apply(SnapshotDelta(upserted=(with_iso,)))
    (stays,) = [stays for stays in plan(inventory).stays if stays.vm_key == vm.key]
    assert stays.offers == ()
