"""How long a move takes and how long the VM stands still: ranges from what is known."""

import msgspec
import pytest

from console.checks.expectation import Expected, duration_to
from console.checks.moves import judge_moves
from console.checks.moving_vms import MovingVms
from console.model.earlier_moves import NO_HISTORY, EarlierMove, earlier_moves
from console.model.finding import Verdict
from console.model.inventory import Inventory
from console.model.node import MigrationNetwork, Node, NodeState
from console.model.operation import MoveProgress, OperationRecord, OperationState
from console.model.request import DrainNode, LiveMigrate, MoveMethod, Request
from console.model.virtual_machine import (
    ClusterFacts,
    PowerState,
    VirtualMachine,
    VmKind,
)
from tests.ui.sample import snapshot

GIB = 1024
FAST = Node("N2", NodeState.UP, migration_networks=(MigrationNetwork("A", True, 25_000),))
SLOW = Node("N3", NodeState.UP, migration_networks=(MigrationNetwork("A", True, 1_000),))
NO_LINK = Node("N4", NodeState.UP, migration_networks=(MigrationNetwork("A", False, 25_000),))


def vm(key: str, gib: int | None = 16, owner: str = "N1") -> VirtualMachine:
    memory = gib * GIB if gib is not None else None
    facts = ClusterFacts(key, owner, PowerState.RUNNING, memory_mib=memory)
    return VirtualMachine(key, key, VmKind.AZURE_LOCAL, facts)


def expected(*vms: VirtualMachine, at_a_time: int = 1, **history: list[EarlierMove]) -> Expected:
    return Expected(MovingVms(vms), history or NO_HISTORY, at_a_time)


def test_a_slow_link_takes_longer_and_pauses_longer() -> None:
    fast, slow = (expected(vm("a")).live(node) for node in (FAST, SLOW))
    assert fast.duration_s is not None
    assert slow.duration_s is not None
    assert fast.pause_ms is not None
    assert slow.pause_ms is not None
    assert 5 < fast.duration_s[0] < fast.duration_s[1] < 40
    assert slow.duration_s[0] > 100
    assert fast.pause_ms[0] == slow.pause_ms[0]
    assert slow.pause_ms[1] > fast.pause_ms[1] > 1000
    assert fast.duration_s == duration_to(FAST, 16 * GIB)


@pytest.mark.parametrize(("node", "gib"), [(NO_LINK, 16), (FAST, None)])
def test_nothing_to_estimate_from_is_no_estimate(node: Node, gib: int | None) -> None:
    outlook = expected(vm("a", gib)).live(node)
    assert (outlook.duration_s, outlook.pause_ms) == (None, None)


def test_earlier_moves_outrank_the_link_and_narrow_with_their_number() -> None:
    once = [EarlierMove(40.0, 200.0)]
    one = expected(vm("a"), a=once).live(NO_LINK)
    assert one.duration_s == (24.0, 80.0)
    assert one.pause_ms == (120.0, 400.0)
    thrice = expected(vm("a"), a=once * 3).live(FAST)
    assert thrice.duration_s is not None
    assert thrice.duration_s == (30.0, 56.0)
    # A pause that nobody measured is still the link's.
    unmeasured = expected(vm("a"), a=[EarlierMove(40.0)]).live(FAST)
    assert unmeasured.pause_ms == expected(vm("a")).live(FAST).pause_ms


def test_several_are_added_up_and_those_that_are_there_left_out() -> None:
    one = expected(vm("a")).live(FAST).duration_s
    two = expected(vm("a"), vm("b")).live(FAST).duration_s
    there = expected(vm("a"), vm("b", 64, "N2")).live(FAST)
    side = expected(vm("a"), vm("b"), at_a_time=2).live(FAST).duration_s
    assert one is not None
    assert two is not None
    assert side is not None
    assert two == pytest.approx((2 * one[0], 2 * one[1]))
    assert there.duration_s == pytest.approx(one)
    assert side[0] < two[0]
    assert expected(vm("a", 16, "N2")).live(FAST).duration_s is None


def test_one_whose_memory_is_not_known_leaves_the_sum_open_unless_it_is_there() -> None:
    assert expected(vm("a"), vm("b", None)).live(FAST).duration_s is None
    there = expected(vm("a"), vm("b", None, "N2")).live(FAST)
    assert there.duration_s == pytest.approx(expected(vm("a")).live(FAST).duration_s)


def test_quick_pauses_as_long_as_memory_takes_to_the_volume_and_back() -> None:
    small, large = (expected(vm("a", gib)).quick(FAST) for gib in (4, 64))
    assert small.pause_ms is not None
    assert large.pause_ms is not None
    assert large.duration_s is not None
    assert small.pause_ms[0] > 1000
    assert large.pause_ms[1] > 10 * small.pause_ms[0]
    assert large.duration_s[0] * 1000 >= large.pause_ms[0]
    # The link has no part in it.
    assert expected(vm("a", 4)).quick(NO_LINK) == small


def record(
    key: str, request: Request, state: OperationState = OperationState.SUCCEEDED, **more: object
) -> OperationRecord:
    made = OperationRecord(key, request, "t", state, 0.0, started_at=10.0, ended_at=50.0)
    return msgspec.structs.replace(made, **more)


def test_history_is_read_from_live_moves_that_arrived() -> None:
    move = LiveMigrate("a", "a", "N1", "N2")
    quick = msgspec.structs.replace(move, method=MoveMethod.QUICK)
    records = [
        record("1", move, measured=MoveProgress(blackout_ms=90.0)),
        record("2", move, OperationState.FAILED),
        record("3", quick),
        record("4", DrainNode("N1")),
        record("5", move, started_at=None),
        record("6", msgspec.structs.replace(move, vm_key="b")),
    ]
    history = earlier_moves(records, ["a", "b"])
    assert history == {"a": [EarlierMove(40.0, 90.0)], "b": [EarlierMove(40.0, None)]}
    assert set(earlier_moves(records, ["b"])) == {"b"}
    many = earlier_moves([record(str(at), move, ended_at=10.0 + at) for at in range(30)], ["a"])
    assert [each.duration_s for each in many["a"]] == [float(at) for at in range(20, 30)]


def test_a_verdict_tells_both_methods_and_takes_history() -> None:
    inventory = Inventory(snapshot("small"))
    found = inventory.vm_named("app-01")
    assert found is not None
    now = inventory.cluster_wire.read_at or 0.0
    plain = judge_moves(inventory, [found.key], [], now)
    history = {found.key: [EarlierMove(77.0, 31.0)] * 3}
    known = judge_moves(inventory, [found.key], [], now, history=history)
    for before, after in zip(plain, known, strict=True):
        if before.node == found.owner_node:
            assert before.verdict is Verdict.CANNOT
            assert before.quick_pause_ms is before.duration_s is None
            continue
        assert after.duration_s == (77.0 * 0.75, 77.0 * 1.4)
        assert after.pause_ms == (31.0 * 0.75, 31.0 * 1.4)
        assert before.quick_pause_ms is not None
        assert before.pause_ms is not None
        assert before.quick_pause_ms[0] > before.pause_ms[1]


def test_a_quick_migration_is_not_judged_by_the_network() -> None:
    inventory = Inventory(snapshot("small"))
    found = inventory.vm_named("app-01")
    assert found is not None
    for name, node in inventory.nodes.items():
        inventory.nodes[name] = msgspec.structs.replace(node, migration_networks=())
    now = inventory.cluster_wire.read_at or 0.0
    for method, verdict in ((MoveMethod.LIVE, Verdict.UNKNOWN), (MoveMethod.QUICK, Verdict.FITS)):
        verdicts = judge_moves(inventory, [found.key], [], now, method=method)
        others = {each.verdict for each in verdicts if each.node != found.owner_node}
        assert others == {verdict}
