"""Every rule of a live migration: what makes it speak, how loud, and what it says."""

from collections.abc import Callable

import msgspec
import pytest

from console.checks import MOVE_CHECKS, run_on_snapshot
from console.checks.moves import judge_moves
from console.model.finding import Finding, Severity, Verdict
from console.model.inventory import Inventory
from console.model.node import MigrationNetwork, Node, NodeState, ServiceState
from console.model.operation import OperationRecord, OperationState
from console.model.request import LiveMigrate
from console.model.snapshot import SnapshotDelta
from console.model.virtual_machine import (
    Migration,
    PowerState,
    SecurityType,
    VirtualMachine,
    VmActivity,
    VmMetrics,
)
from tests.ui.sample import snapshot

replace = msgspec.structs.replace
Change = Callable[[VirtualMachine], VirtualMachine]


@pytest.fixture
def inventory() -> Inventory:
    return Inventory(snapshot("small"))


def now(inventory: Inventory) -> float:
    return (inventory.cluster_wire.read_at or 0.0) + 1.0


def request_for(inventory: Inventory, name: str = "app-05") -> LiveMigrate:
    vm = inventory.vm_named(name)
    assert vm is not None
    target = next(node for node in inventory.nodes if node != vm.owner_node)
    return LiveMigrate(vm.key, vm.name, vm.owner_node or "", target)


def find(inventory: Inventory, request: LiveMigrate) -> dict[str, Finding]:
    found = run_on_snapshot(MOVE_CHECKS, request, inventory, now(inventory))
    return {finding.check: finding for finding in reversed(found)}


def change_vm(inventory: Inventory, request: LiveMigrate, **facts: object) -> None:
    vm = inventory.vms[request.vm_key]
    assert vm.cluster is not None
    changed = replace(vm, cluster=replace(vm.cluster, **facts))
    inventory.apply(SnapshotDelta(upserted=(changed,)))


def change_node(inventory: Inventory, name: str, **facts: object) -> None:
    nodes = tuple(
        replace(node, **facts) if node.name == name else node for node in inventory.nodes.values()
    )
    inventory.apply(SnapshotDelta(nodes=nodes))


def test_a_healthy_move_has_only_the_note_on_traffic(inventory: Inventory) -> None:
    found = find(inventory, request_for(inventory))
    assert set(found) == {"migration_traffic_is_encrypted", "known_issues"}
    assert found["migration_traffic_is_encrypted"].severity is Severity.NOTE


VM_RULES = [
    ({"power": PowerState.STOPPED}, "vm_is_migratable", Severity.BLOCKS, "stopped"),
    ({"power": PowerState.UNKNOWN}, "vm_is_migratable", Severity.UNKNOWN, "not known"),
    ({"power": PowerState.CRITICAL}, "vm_is_migratable", Severity.BLOCKS, "critical"),
    ({"migration": Migration("LAB-N4")}, "vm_is_migratable", Severity.BLOCKS, "already moving"),
    ({"activity": VmActivity.BACKING_UP}, "vm_is_migratable", Severity.WAITS, "backed up"),
    ({"mounted_iso": "C:\\iso\\a.iso"}, "no_local_iso", Severity.BLOCKS, "0xC03A0014"),
    ({"possible_owners": ("LAB-N4",)}, "is_possible_owner", Severity.BLOCKS, "0x80071398"),
    ({"possible_owners": None}, "is_possible_owner", Severity.NOTE, "not known"),
    ({"preferred_owners": ("LAB-N4",)}, "is_possible_owner", Severity.NOTE, "no preferred owner"),
    ({"activity": VmActivity.UNKNOWN}, "vm_is_migratable", Severity.UNKNOWN, "checkpoint"),
    ({"mounted_iso": None}, "no_local_iso", Severity.UNKNOWN, "not known"),
    ({"is_clustered": False}, "group_is_online", Severity.BLOCKS, "no role of the cluster"),
    ({"group_state": "Failed"}, "group_is_online", Severity.BLOCKS, "is Failed"),
    ({"group_state": ""}, "group_is_online", Severity.UNKNOWN, "not known"),
    ({"group_flags": None}, "group_is_online", Severity.NOTE, "locked"),
    ({"group_flags": 0x1}, "group_is_online", Severity.WAITS, "locked"),
    ({"group_flags": 0x4}, "group_is_online", Severity.BLOCKS, "queue"),
    ({"switches": None}, "switch_is_there", Severity.NOTE, "not known"),
    ({"switches": ("isolated",)}, "switch_is_there", Severity.BLOCKS, "“isolated”"),
    ({"configuration_version": "13.0"}, "configuration_version_fits", Severity.BLOCKS, "13.0"),
    ({"configuration_version": ""}, "configuration_version_fits", Severity.NOTE, "not known"),
    ({"anti_affinity": None}, "anti_affinity_is_kept", Severity.NOTE, "not known"),
]


@pytest.mark.parametrize(("facts", "check", "severity", "word"), VM_RULES)
def test_what_a_vm_can_have_against_it(
    inventory: Inventory, facts: dict[str, object], check: str, severity: Severity, word: str
) -> None:
    request = request_for(inventory)
    change_vm(inventory, request, **facts)
    found = find(inventory, request)[check]
    assert found.severity is severity
    assert word in found.text


NODE_RULES = [
    ({"state": NodeState.PAUSED}, "node_is_up", Severity.BLOCKS, "paused"),
    ({"state": NodeState.DOWN}, "node_is_up", Severity.BLOCKS, "down"),
    ({"state": NodeState.QUARANTINED}, "node_is_up", Severity.BLOCKS, "quarantined"),
    ({"state": NodeState.UNKNOWN}, "node_is_up", Severity.UNKNOWN, "not known"),
    ({"memory_available_mib": 1024}, "node_has_memory", Severity.BLOCKS, "0x800705AA"),
    ({"memory_available_mib": None}, "node_has_memory", Severity.UNKNOWN, "not known"),
    ({"igvm_agent": ServiceState.STOPPED}, "igvm_agent_runs", Severity.BLOCKS, "stopped"),
    ({"igvm_agent": ServiceState.UNKNOWN}, "igvm_agent_runs", Severity.UNKNOWN, "not known"),
    ({"migration_networks": ()}, "migration_network_is_up", Severity.UNKNOWN, "not known"),
    (
        {"migration_networks": (MigrationNetwork("A", False),)},
        "migration_network_is_up",
        Severity.BLOCKS,
        "No live-migration network",
    ),
    ({"read_at": None}, "data_is_fresh", Severity.UNKNOWN, "not answered"),
    ({"os_build": "1.2.3"}, "configuration_version_fits", Severity.NOTE, "different builds"),
    ({"processor_model": "Intel(R) other"}, "processor_fits", Severity.NOTE, "processors"),
    ({"processor_model": "AMD EPYC 9354"}, "processor_fits", Severity.BLOCKS, "makers"),
    ({"processor_model": ""}, "processor_fits", Severity.NOTE, "not known"),
    ({"os_build": ""}, "configuration_version_fits", Severity.NOTE, "not known"),
    ({"vm_versions": ("9.0",)}, "configuration_version_fits", Severity.BLOCKS, "version 12.0"),
    ({"vm_versions": None}, "configuration_version_fits", Severity.NOTE, "not known"),
    ({"switches": ("other",)}, "switch_is_there", Severity.BLOCKS, "event 21125"),
    ({"switches": None}, "switch_is_there", Severity.NOTE, "not known"),
    ({"memory_available_mib": 60 * 1024}, "balancing_leaves_it", Severity.NOTE, "over the 80 %"),
    ({"cpu_percent": 91.0}, "balancing_leaves_it", Severity.NOTE, "processors 91 % busy"),
]


@pytest.mark.parametrize(("facts", "check", "severity", "word"), NODE_RULES)
def test_what_a_node_can_have_against_it(
    inventory: Inventory, facts: dict[str, object], check: str, severity: Severity, word: str
) -> None:
    request = request_for(inventory)
    change_node(inventory, request.target, **facts)
    found = find(inventory, request)[check]
    assert found.severity is severity
    assert word in found.text


def test_old_data_decide_nothing(inventory: Inventory) -> None:
    request = request_for(inventory)
    later = now(inventory) + 3600
    found = run_on_snapshot(MOVE_CHECKS, request, inventory, later)
    assert any(f.check == "data_is_fresh" and f.severity is Severity.UNKNOWN for f in found)


def test_the_resource_bridge_is_never_dragged(inventory: Inventory) -> None:
    bridge = next(vm.name for vm in inventory.vms.values() if "control-plane" in vm.name)
    found = find(inventory, request_for(inventory, bridge))
    assert found["platform_allows"].severity is Severity.BLOCKS
    assert "resource bridge" in found["platform_allows"].text


def test_a_standard_vm_needs_no_igvm_agent(inventory: Inventory) -> None:
    request = request_for(inventory, "legacy-01")
    assert inventory.vms[request.vm_key].security is SecurityType.STANDARD
    change_node(inventory, request.target, igvm_agent=ServiceState.MISSING)
    assert "igvm_agent_runs" not in find(inventory, request)


def test_every_node_is_judged_in_the_clusters_order(inventory: Inventory) -> None:
    request = request_for(inventory)
    verdicts = judge_moves(inventory, [request.vm_key], [], now(inventory))
    assert [verdict.node for verdict in verdicts] == list(inventory.nodes)
    by_node = {verdict.node: verdict for verdict in verdicts}
    assert by_node[request.source].verdict is Verdict.CANNOT
    target = by_node[request.target]
    assert target.verdict is Verdict.FITS_WITH_NOTES
    memory = inventory.vms[request.vm_key].memory_mib
    assert target.memory_before_mib is not None
    assert target.memory_after_mib == target.memory_before_mib + (memory or 0)
    assert target.survives_node_loss is True
    assert target.duration_s is not None
    assert target.duration_s[0] < target.duration_s[1]


def test_hover_and_execution_use_the_same_rules(inventory: Inventory) -> None:
    request = request_for(inventory)
    change_node(inventory, request.target, state=NodeState.PAUSED)
    asked = set(run_on_snapshot(MOVE_CHECKS, request, inventory, now(inventory)))
    judged = next(
        verdict
        for verdict in judge_moves(inventory, [request.vm_key], [], now(inventory))
        if verdict.node == request.target
    )
    assert asked <= set(judged.findings)


def test_a_selection_leaves_out_what_is_there_already(inventory: Inventory) -> None:
    node = next(iter(inventory.nodes))
    mine = next(vm.key for vm in inventory.vms_on(node) if vm.power is PowerState.RUNNING)
    other = request_for(inventory, "app-04").vm_key
    verdicts = judge_moves(inventory, [mine, other], [], now(inventory))
    here = next(verdict for verdict in verdicts if verdict.node == node)
    assert here.verdict is not Verdict.CANNOT


def test_what_is_there_already_and_could_not_move_holds_nobody_up(inventory: Inventory) -> None:
    mine, other = request_for(inventory, "app-05"), request_for(inventory, "app-04")
    home = inventory.vms[mine.vm_key].owner_node
    change_vm(inventory, other, owner_node="LAB-N4" if home != "LAB-N4" else "LAB-N3")
    there = inventory.vms[other.vm_key].owner_node
    change_vm(inventory, other, mounted_iso="C:\\local.iso")
    verdicts = judge_moves(inventory, [mine.vm_key, other.vm_key], [], now(inventory))
    by_node = {verdict.node: verdict.verdict for verdict in verdicts}
    assert by_node.pop(there or "") is Verdict.FITS_WITH_NOTES
    assert set(by_node.values()) == {Verdict.CANNOT}


def test_a_full_slot_means_waiting_with_a_place(inventory: Inventory) -> None:
    request = request_for(inventory)
    records = [
        OperationRecord(
            str(at),
            LiveMigrate(f"vm-{at}", f"vm-{at}", "LAB-NX", request.target),
            "t",
            OperationState.RUNNING,
            0.0,
        )
        for at in range(3)
    ]
    verdicts = judge_moves(inventory, [request.vm_key], records, now(inventory))
    target = next(verdict for verdict in verdicts if verdict.node == request.target)
    assert target.verdict is Verdict.WAITS
    # Two at a time here: two run, one waits, this is the second in the queue.
    assert target.queue_position == 2


def test_a_move_waits_for_a_slot_of_its_own_node_too(inventory: Inventory) -> None:
    request = request_for(inventory)
    others = [name for name in inventory.nodes if name not in (request.source, request.target)]
    records = [
        OperationRecord(
            str(at),
            LiveMigrate(f"vm-{at}", f"vm-{at}", request.source, others[0]),
            "t",
            OperationState.RUNNING,
            0.0,
        )
        for at in range(2)
    ]
    verdicts = judge_moves(inventory, [request.vm_key], records, now(inventory))
    target = next(verdict for verdict in verdicts if verdict.node == request.target)
    assert target.verdict is Verdict.WAITS
    assert target.queue_position == 1
    assert any(finding.text.startswith(request.source) for finding in target.findings)


def issues(inventory: Inventory, **cluster: str) -> set[str]:
    inventory.apply(SnapshotDelta(cluster=replace(inventory.cluster, **cluster)))
    request = request_for(inventory)
    found = run_on_snapshot(MOVE_CHECKS, request, inventory, now(inventory))
    return {finding.text for finding in found if finding.check == "known_issues"}


def test_known_issues_are_told_of_the_releases_that_have_them(inventory: Inventory) -> None:
    request = request_for(inventory)
    change_vm(inventory, request, has_dynamic_memory=False)
    (of_sids,) = issues(inventory, release="2510", os_build="10.0.26100.4652")
    assert "0x80070534" in of_sids
    assert issues(inventory, release="2605", os_build="10.0.26100.4652") == set()
    assert issues(inventory, release="2510", os_build="10.0.25398.1") == set()
    # Of a release or a build that nobody knows nothing is claimed, and that is said.
    for unread in ({"release": ""}, {"os_build": ""}):
        known = {"release": "2510", "os_build": "10.0.26100.4652"}
        (told,) = issues(inventory, **{**known, **unread})
        assert "not known" in told


def test_the_silent_failure_is_told_of_vms_with_dynamic_memory(inventory: Inventory) -> None:
    request = request_for(inventory)
    change_vm(inventory, request, has_dynamic_memory=True)
    (silent,) = issues(inventory, release="2311", os_build="10.0.25398.1")
    assert "without any message" in silent
    change_vm(inventory, request, has_dynamic_memory=None)
    assert issues(inventory) == {silent}, "what is not known is not left out"
    change_vm(inventory, request, has_dynamic_memory=False)
    assert issues(inventory) == set()


def test_the_loss_of_a_node_is_foreseen(inventory: Inventory) -> None:
    request = request_for(inventory)
    nodes = tuple(replace(n, memory_available_mib=9 * 1024) for n in inventory.nodes.values())
    inventory.apply(SnapshotDelta(nodes=nodes))
    verdicts = judge_moves(inventory, [request.vm_key], [], now(inventory))
    target = next(verdict for verdict in verdicts if verdict.node == request.target)
    assert target.survives_node_loss is False
    assert any("if one node failed" in finding.text for finding in target.findings)


def test_unknown_memory_is_not_zero(inventory: Inventory) -> None:
    request = request_for(inventory)
    vm = inventory.vms[request.vm_key]
    assert vm.cluster is not None
    blind = replace(
        vm, metrics=VmMetrics(), azure=None, cluster=replace(vm.cluster, memory_mib=None)
    )
    inventory.apply(SnapshotDelta(upserted=(blind,)))
    assert find(inventory, request)["node_has_memory"].severity is Severity.UNKNOWN


def test_a_node_that_is_not_there(inventory: Inventory) -> None:
    request = replace(request_for(inventory), target="LAB-N99")
    found = find(inventory, request)["node_is_up"]
    assert found.severity is Severity.UNKNOWN
    assert isinstance(next(iter(inventory.nodes.values())), Node)


def test_a_silent_source_makes_a_move_unknown(inventory: Inventory) -> None:
    request = request_for(inventory)
    change_node(inventory, request.source, read_at=None)
    found = find(inventory, request)["data_is_fresh"]
    assert found.severity is Severity.UNKNOWN
    assert request.source in found.text


def test_a_stopped_vm_does_not_count_in_the_outlook(inventory: Inventory) -> None:
    request = request_for(inventory)
    idle = tuple(
        replace(vm, metrics=None, cluster=replace(vm.cluster, power=PowerState.STOPPED))
        for vm in inventory.vms.values()
        if vm.cluster is not None and vm.key != request.vm_key
    )
    memory = inventory.vms[request.vm_key].memory_mib or 0
    nodes = tuple(replace(n, memory_available_mib=memory) for n in inventory.nodes.values())
    inventory.apply(SnapshotDelta(upserted=idle, nodes=nodes))
    verdicts = judge_moves(inventory, [request.vm_key], [], now(inventory))
    target = next(verdict for verdict in verdicts if verdict.node == request.target)
    assert target.survives_node_loss is True
