"""States, ages and whose word counts."""

import msgspec
import pytest

from console.model.freshness import Fault, FaultCode, Wire, WireReading
from console.model.operation import TERMINAL, TRANSITIONS, OperationState
from console.model.request import LiveMigrate, Request, kind_of
from console.model.virtual_machine import (
    AzureFacts,
    ClusterFacts,
    PowerState,
    SecurityType,
    VirtualMachine,
    VmKind,
    VmMetrics,
)

S = OperationState


def test_terminal_is_final_and_every_state_has_its_ways() -> None:
    assert set(TRANSITIONS) == set(S)
    assert {S.SUCCEEDED, S.FAILED, S.CANCELED, S.BLOCKED} == TERMINAL


@pytest.mark.parametrize("state", [s for s in S if s not in TERMINAL])
def test_every_open_state_can_reach_an_end(state: S) -> None:
    reached, edge = {state}, {state}
    while edge:
        edge = {after for s in edge for after in TRANSITIONS[s]} - reached
        reached |= edge
    assert reached & TERMINAL


def test_unknown_is_reachable_from_every_open_state() -> None:
    for state in set(S) - TERMINAL - {S.UNKNOWN}:
        assert S.UNKNOWN in TRANSITIONS[state], state


@pytest.mark.parametrize(("age", "is_stale"), [(0, False), (30, False), (30.5, True)])
def test_three_intervals_make_a_wire_stale(age: float, is_stale: bool) -> None:
    assert WireReading(Wire.ARM, 100.0, 10.0).is_stale(100.0 + age) is is_stale


def test_a_wire_that_never_answered_is_stale() -> None:
    assert WireReading(Wire.ARM).is_stale(0.0)


@pytest.mark.parametrize(
    ("fault", "is_down"),
    [
        (Fault(FaultCode.TIMED_OUT, "t"), True),
        (Fault(FaultCode.UNKNOWN_WORD, "t"), False),
        (Fault(FaultCode.TIMED_OUT, "t", is_partial=True), False),
    ],
)
def test_only_a_whole_fault_takes_a_wire_down(fault: Fault, is_down: bool) -> None:
    assert WireReading(Wire.ARM, 1.0, faults=(fault,)).is_down is is_down


def a_vm(cluster: ClusterFacts | None, azure: AzureFacts | None) -> VirtualMachine:
    return VirtualMachine("a", "web", VmKind.AZURE_LOCAL, cluster, azure)


def test_the_clusters_word_goes_before_azures() -> None:
    facts = ClusterFacts("a", "N1", PowerState.STOPPED, security=SecurityType.STANDARD)
    azure = AzureFacts(
        "/a", power=PowerState.RUNNING, security=SecurityType.TRUSTED_LAUNCH, host_node="N9"
    )
    both, only_azure = a_vm(facts, azure), a_vm(None, azure)
    assert (both.power, both.security, both.owner_node) == (
        PowerState.STOPPED,
        SecurityType.STANDARD,
        "N1",
    )
    # Azure's hostNodeName may lag: it never places a tile.
    assert (only_azure.power, only_azure.owner_node) == (PowerState.RUNNING, None)
    assert a_vm(None, None).power is PowerState.UNKNOWN


def test_memory_is_the_assigned_one_and_unknown_is_none() -> None:
    facts = ClusterFacts("a", "N1", PowerState.RUNNING, memory_mib=8192)
    vm = a_vm(facts, AzureFacts("/a", memory_mib=4096))
    assert vm.memory_mib == 8192
    assert msgspec.structs.replace(vm, metrics=VmMetrics(None, 5000)).memory_mib == 5000
    assert a_vm(None, AzureFacts("/a", memory_mib=4096)).memory_mib == 4096
    assert a_vm(None, None).memory_mib is None


def test_a_request_survives_the_channel_and_keeps_its_kind() -> None:
    request = LiveMigrate("a", "web", "N1", "N2")
    told = msgspec.msgpack.decode(msgspec.msgpack.encode(request), type=Request)
    assert told == request
    assert kind_of(told) == "live_migrate"
