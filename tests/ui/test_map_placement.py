"""Placement kept by changes is the same as placement made anew; only touched cards are told."""

import random

import msgspec

from console.model.inventory import Inventory
from console.model.operation import OperationRecord, OperationState, Progress
from console.model.request import LiveMigrate
from console.model.snapshot import SnapshotDelta
from console.model.virtual_machine import Migration, VirtualMachine
from console.ui.models.move_words import tile_figure
from console.ui.views.map_placement import NOT_PLACED, Placement
from tests.ui.sample import snapshot

replace = msgspec.structs.replace


def made(scenario: str = "small") -> tuple[Inventory, Placement]:
    inventory = Inventory(snapshot(scenario))
    placement = Placement(inventory)
    placement.rebuild()
    return inventory, placement


def moved(vm: VirtualMachine, node: str) -> VirtualMachine:
    assert vm.cluster is not None
    return replace(vm, cluster=replace(vm.cluster, owner_node=node))


def record(vm: VirtualMachine, target: str, fraction: float | None) -> OperationRecord:
    request = LiveMigrate(vm.key, vm.name, vm.owner_node or "", target)
    progress = Progress("Memory", fraction)
    return OperationRecord(
        "1", request, "Move", OperationState.RUNNING, created_at=0.0, progress=progress
    )


def test_any_row_of_changes_ends_where_a_new_look_ends() -> None:
    chance = random.Random(7)
    inventory, placement = made()
    nodes = [*inventory.nodes, "A-NODE-NOBODY-KNOWS"]
    for step in range(120):
        vm = chance.choice(list(inventory.vms.values()))
        match chance.randrange(5):
            case 0:
                delta = SnapshotDelta(removed=(vm.key,))
            case 1:
                delta = SnapshotDelta(upserted=(replace(vm, name=f"vm-{chance.randrange(99)}"),))
            case 2:
                delta = SnapshotDelta(upserted=(replace(vm, key=f"new-{step}", name=f"n{step}"),))
            case 3:
                delta = SnapshotDelta(upserted=(replace(vm, cluster=None),))
            case _:
                if vm.cluster is None:
                    continue
                delta = SnapshotDelta(upserted=(moved(vm, chance.choice(nodes)),))
        inventory.apply(delta)
        placement.changed([vm.key for vm in delta.upserted] + list(delta.removed))
        anew = Placement(inventory)
        anew.rebuild()
        assert placement.order == anew.order


def test_a_change_of_no_place_touches_no_card() -> None:
    inventory, placement = made()
    vm = next(vm for vm in inventory.vms.values() if vm.cluster is not None)
    assert vm.cluster is not None
    inventory.apply(
        SnapshotDelta(upserted=(replace(vm, cluster=replace(vm.cluster, processors=9)),))
    )
    assert placement.changed([vm.key]) == set()


def test_a_move_touches_both_cards_and_no_other() -> None:
    inventory, placement = made()
    vm = next(iter(inventory.vms.values()))
    target = next(name for name in inventory.nodes if name != vm.owner_node)
    inventory.apply(SnapshotDelta(upserted=(moved(vm, target),)))
    assert placement.changed([vm.key]) == {vm.owner_node, target}
    assert vm.key in placement.order[target]


def test_numbers_in_names_are_sorted_as_numbers() -> None:
    inventory, placement = made()
    node = next(iter(inventory.nodes))
    keys = inventory.keys_by_owner[node]
    renamed = [replace(inventory.vms[key], name=f"vm-{10 - at}") for at, key in enumerate(keys)]
    inventory.apply(SnapshotDelta(upserted=tuple(renamed[:10])))
    placement.changed([vm.key for vm in renamed[:10]])
    names = [inventory.vms[key].name for key in placement.order[node]]
    ours = [name for name in names if name.startswith("vm-")]
    assert ours == [f"vm-{number}" for number in range(1, 11)]


def test_vms_on_no_known_node_have_a_card_of_their_own_and_leave_it() -> None:
    inventory, placement = made()
    vm = next(iter(inventory.vms.values()))
    inventory.apply(SnapshotDelta(upserted=(replace(vm, cluster=None),)))
    placement.changed([vm.key])
    assert placement.order[NOT_PLACED] == (vm.key,)
    inventory.apply(SnapshotDelta(upserted=(vm,)))
    placement.changed([vm.key])
    assert NOT_PLACED not in placement.order


def test_the_cluster_names_the_target_and_our_operation_the_progress() -> None:
    inventory, placement = made()
    vm = next(vm for vm in inventory.vms.values() if vm.owner_node == "LAB-N1")
    assert placement.asked([record(vm, "LAB-N2", None)]) == {vm.key}
    assert placement.moves[vm.key][:3] == ("LAB-N2", None, "copies")
    assert placement.arriving == {"LAB-N2": (vm.key,)}
    assert vm.cluster is not None
    facts = replace(vm.cluster, migration=Migration("LAB-N3", percent=40))
    inventory.apply(SnapshotDelta(upserted=(replace(vm, cluster=facts),)))
    placement.changed([vm.key])
    assert placement.moves[vm.key][:2] == ("LAB-N3", 0.4)
    assert placement.arriving == {"LAB-N3": (vm.key,)}
    placement.asked([record(vm, "LAB-N2", 0.55)])
    assert placement.moves[vm.key][:2] == ("LAB-N3", 0.55)
    inventory.apply(SnapshotDelta(upserted=(vm,)))
    placement.changed([vm.key])
    assert placement.asked([]) == {vm.key}
    assert placement.moves == {}
    assert placement.arriving == {}


def test_what_is_shown_of_a_move_is_never_taken_back() -> None:
    """The operation's own figure is lost (a restart), and the cluster counts from elsewhere."""
    inventory, placement = made()
    vm = next(vm for vm in inventory.vms.values() if vm.cluster is not None)
    placement.asked([record(vm, "LAB-N2", 0.7)])
    facts = replace(vm.cluster, migration=Migration("LAB-N2", percent=40))
    inventory.apply(SnapshotDelta(upserted=(replace(vm, cluster=facts),)))
    placement.changed([vm.key])
    placement.asked([record(vm, "LAB-N2", None)])
    assert placement.moves[vm.key].fraction == 0.7
    # Another target is another move.
    facts = replace(facts, migration=Migration("LAB-N3", percent=10))
    inventory.apply(SnapshotDelta(upserted=(replace(vm, cluster=facts),)))
    placement.changed([vm.key])
    assert placement.moves[vm.key].fraction == 0.1


def test_a_move_that_waits_has_no_place_yet_and_one_that_arrived_none_any_more() -> None:
    inventory, placement = made()
    vm = next(vm for vm in inventory.vms.values() if vm.cluster is not None)
    target = next(name for name in inventory.nodes if name != vm.owner_node)
    waiting = replace(record(vm, target, None), state=OperationState.QUEUED, queue_position=3)
    placement.asked([waiting])
    assert placement.arriving == {}
    assert tile_figure(placement.moves[vm.key]) == "3rd"
    placement.asked([record(vm, target, 0.2)])
    assert placement.arriving == {target: (vm.key,)}
    inventory.apply(SnapshotDelta(upserted=(moved(vm, target),)))
    placement.changed([vm.key])
    assert placement.arriving == {}
    # It is there, but that is not called done before it was looked at.
    verifying = replace(record(vm, target, 1.0), state=OperationState.VERIFYING)
    placement.asked([verifying])
    assert placement.moves[vm.key].phase == "verify"
