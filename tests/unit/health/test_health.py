"""Why is it red: symptom first, unknown never healthy, expected differences quiet."""

import time

import msgspec
import pytest

from console.health import Health, HealthLevel, Kind, Surroundings, assess_node
from console.health import assess_vm as judge
from console.model.freshness import Wire, WireReading
from console.model.inventory import Inventory
from console.model.node import Node, NodeState, ServiceState
from console.model.snapshot import ClusterInfo
from console.model.virtual_machine import (
    AzureFacts,
    ClusterFacts,
    Heartbeat,
    PowerState,
    ProvisioningState,
    SecurityType,
    VirtualMachine,
    VmKind,
)
from tests.ui.sample import snapshot

NOW = 1_000_000.0
ARM = WireReading(Wire.ARM, NOW)
CLUSTER = WireReading(Wire.CLUSTER, NOW)
UP = Node("N1", NodeState.UP, igvm_agent=ServiceState.RUNNING, read_at=NOW)
FACTS = ClusterFacts(
    "id",
    "N1",
    PowerState.RUNNING,
    heartbeat=Heartbeat.OK,
    security=SecurityType.TRUSTED_LAUNCH,
    secure_boot=True,
    vtpm=True,
)
AZURE = AzureFacts(
    "/x",
    power=PowerState.RUNNING,
    provisioning=ProvisioningState.SUCCEEDED,
    security=SecurityType.TRUSTED_LAUNCH,
)
replace = msgspec.structs.replace


def assess_vm(
    vm: VirtualMachine, node: Node | None, arm: WireReading, cluster_wire: WireReading, now: float
) -> Health:
    nodes = {node.name: node} if node is not None else {}
    return judge(vm, Surroundings(nodes, ClusterInfo("c"), arm, cluster_wire, now))


def a_vm(cluster: ClusterFacts | None = FACTS, azure: AzureFacts | None = AZURE) -> VirtualMachine:
    return VirtualMachine("id", "vm-1", VmKind.AZURE_LOCAL, cluster, azure)


def test_a_healthy_vm() -> None:
    health = assess_vm(a_vm(), UP, ARM, CLUSTER, NOW)
    assert health.level is HealthLevel.HEALTHY
    assert health.reasons == ()


@pytest.mark.parametrize(
    ("facts", "level", "word"),
    [
        ({"heartbeat": Heartbeat.LOST}, HealthLevel.CRITICAL, "does not answer"),
        ({"heartbeat": Heartbeat.APPLICATIONS_CRITICAL}, HealthLevel.ATTENTION, "application"),
        ({"power": PowerState.CRITICAL}, HealthLevel.CRITICAL, "storage"),
        ({"power": PowerState.UNKNOWN}, HealthLevel.UNKNOWN, "not known"),
        ({"group_state": "Failed"}, HealthLevel.CRITICAL, "fully online"),
        ({"security": SecurityType.STANDARD}, HealthLevel.ATTENTION, "runs it without"),
        ({"secure_boot": False}, HealthLevel.ATTENTION, "Secure Boot off"),
    ],
)
def test_what_the_cluster_can_say(facts: dict[str, object], level: HealthLevel, word: str) -> None:
    health = assess_vm(a_vm(replace(FACTS, **facts)), UP, ARM, CLUSTER, NOW)
    assert health.level is level
    assert word in health.sentence


def test_a_vm_stopped_on_purpose_is_neutral() -> None:
    off = replace(FACTS, power=PowerState.STOPPED, heartbeat=Heartbeat.NO_CONTACT)
    azure = replace(AZURE, power=PowerState.STOPPED)
    assert assess_vm(a_vm(off, azure), UP, ARM, CLUSTER, NOW).level is HealthLevel.OFF


def test_the_chain_leads_from_symptom_to_cause() -> None:
    down = replace(UP, state=NodeState.DOWN)
    health = assess_vm(a_vm(replace(FACTS, heartbeat=Heartbeat.LOST)), down, ARM, CLUSTER, NOW)
    assert [reason.kind for reason in health.chains[0]] == [Kind.GUEST_SILENT, Kind.NODE_LOST]
    assert health.sentence.endswith("The cause: N1 is down: the cluster cannot reach it.")


def test_a_silent_cluster_is_unknown_never_healthy() -> None:
    health = assess_vm(a_vm(), UP, ARM, CLUSTER, NOW + 3600)
    assert health.level is HealthLevel.UNKNOWN


@pytest.mark.parametrize("read_at", [None, NOW - 600])
def test_a_vm_on_a_silent_node_is_unknown_never_healthy(read_at: float | None) -> None:
    health = assess_vm(a_vm(), replace(UP, read_at=read_at), ARM, CLUSTER, NOW)
    assert health.level is HealthLevel.UNKNOWN
    assert "N1" in health.sentence


def disagreeing(vm: VirtualMachine, kind: str, since: float) -> Health:
    nodes, known = {"N1": UP}, {f"{kind}|{vm.key}": since}
    return judge(vm, Surroundings(nodes, ClusterInfo("c"), ARM, CLUSTER, NOW, known))


def test_planes_that_disagree_for_long_are_told_with_whose_word_counts() -> None:
    vm = a_vm(azure=replace(AZURE, power=PowerState.STOPPED))
    health = disagreeing(vm, "power", NOW - 3600)
    assert health.level is HealthLevel.ATTENTION
    assert "Azure says stopped, the cluster says running" in health.sentence
    assert "cluster's word counts" in health.reasons[0].evidence


def test_an_expected_difference_does_not_nag() -> None:
    vm = a_vm(azure=replace(AZURE, power=PowerState.STOPPED))
    health = disagreeing(vm, "power", NOW - 60)
    assert health.level is HealthLevel.HEALTHY
    assert health.sentence == "Healthy: running and its guest answers."
    assert "Azure says stopped" in health.reasons[0].text  # told, and no more


def test_orphans_in_both_directions() -> None:
    only_azure = disagreeing(a_vm(cluster=None), "only_in_azure", NOW - 3600)
    assert only_azure.level is HealthLevel.CRITICAL
    assert "not on the cluster" in only_azure.sentence
    young = disagreeing(a_vm(cluster=None), "only_in_azure", NOW - 5)
    assert young.level is HealthLevel.UNKNOWN
    only_cluster = disagreeing(a_vm(azure=None), "only_on_cluster", NOW - 3600)
    assert only_cluster.level is HealthLevel.ATTENTION


def test_a_standard_vm_that_azure_never_knew_is_no_orphan() -> None:
    plain = replace(
        a_vm(replace(FACTS, security=SecurityType.STANDARD), None), kind=VmKind.UNMANAGED
    )
    assert disagreeing(plain, "only_on_cluster", NOW - 3600).reasons == ()
    forgotten = replace(a_vm(azure=None), kind=VmKind.UNMANAGED)
    assert disagreeing(forgotten, "only_on_cluster", NOW - 3600).level is HealthLevel.ATTENTION


def test_a_silent_plane_does_not_disagree() -> None:
    vm = a_vm(azure=None)
    silent = replace(ARM, read_at=NOW - 3600)
    around = Surroundings({"N1": UP}, ClusterInfo("c"), silent, CLUSTER, NOW)
    assert judge(vm, around).reasons == ()


def test_a_vm_in_the_making_is_not_an_orphan() -> None:
    azure = replace(AZURE, provisioning=ProvisioningState.IN_PROGRESS)
    health = assess_vm(a_vm(cluster=None, azure=azure), None, ARM, CLUSTER, NOW)
    assert health.level is HealthLevel.UNKNOWN
    assert "being created" in health.sentence


@pytest.mark.parametrize(
    ("facts", "level", "word"),
    [
        ({}, HealthLevel.HEALTHY, ""),
        ({"state": NodeState.DOWN}, HealthLevel.CRITICAL, "down"),
        ({"state": NodeState.PAUSED}, HealthLevel.ATTENTION, "paused"),
        ({"state": NodeState.UNKNOWN}, HealthLevel.UNKNOWN, "not known"),
        ({"igvm_agent": ServiceState.STOPPED}, HealthLevel.ATTENTION, "IgvmAgent"),
        ({"read_at": None}, HealthLevel.UNKNOWN, "did not answer"),
        ({"read_at": NOW - 600}, HealthLevel.UNKNOWN, "stopped answering"),
    ],
)
def test_nodes(facts: dict[str, object], level: HealthLevel, word: str) -> None:
    around = Surroundings({}, ClusterInfo("c"), ARM, CLUSTER, NOW)
    health = assess_node(replace(UP, **facts), around)
    assert health.level is level
    assert word in health.sentence or level is HealthLevel.HEALTHY


def test_two_thousand_vms_are_assessed_within_a_blink() -> None:
    inventory = Inventory(snapshot("large"))
    started = time.process_time()
    around = Surroundings.of(inventory, time.time())
    for vm in inventory.vms.values():
        judge(vm, around)
    # Generous: the benchmark measures, this only catches work that grows with the square.
    assert time.process_time() - started < 2.0
