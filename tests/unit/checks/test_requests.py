"""Checks of creation, power, deletion, drain and resume."""

import time

import msgspec
import pytest

from console.checks import ALL, ON_REQUEST, run_on_snapshot
from console.model.finding import Finding, Severity
from console.model.inventory import Inventory
from console.model.node import NodeState, ServiceState
from console.model.request import (
    ChangePowerState,
    CreateVirtualMachine,
    DrainNode,
    NetworkInterfaceSpec,
    PowerAction,
    Request,
    ResumeNode,
    VirtualMachineSpec,
)
from console.model.site import AddressPool
from console.model.snapshot import SnapshotDelta
from console.model.virtual_machine import PowerState
from console.operations import operation_for

replace = msgspec.structs.replace


def find(inventory: Inventory, request: Request) -> dict[str, Finding]:
    checks = operation_for(request).checks
    found = run_on_snapshot(checks, request, inventory, time.time())
    return {finding.check: finding for finding in found}


def creating(inventory: Inventory, spec: VirtualMachineSpec, **more: object) -> dict[str, Finding]:
    return find(inventory, CreateVirtualMachine(replace(spec, **more)))


def test_a_default_creation_has_nothing_against_it(
    inventory: Inventory, spec: VirtualMachineSpec
) -> None:
    assert not [f for f in creating(inventory, spec).values() if f.severity is Severity.BLOCKS]


@pytest.mark.parametrize(
    ("change", "check", "word"),
    [
        ({"name": "APP-05"}, "name_is_free", "exists already"),
        ({"vtpm": False}, "trusted_launch_is_complete", "vTPM"),
        ({"secure_boot": False}, "trusted_launch_is_complete", "Secure Boot"),
        ({"image_id": "/gone"}, "image_is_supported", "not found"),
        ({"storage_path_id": "/gone"}, "storage_has_room", "not found"),
        ({"memory_mib": 10**9}, "a_node_has_room", "No node has"),
        (
            {"network_interfaces": (NetworkInterfaceSpec("n", "/gone"),)},
            "address_is_free",
            "not found",
        ),
    ],
)
def test_what_blocks_a_creation(
    inventory: Inventory,
    spec: VirtualMachineSpec,
    change: dict[str, object],
    check: str,
    word: str,
) -> None:
    found = creating(inventory, spec, **change)[check]
    assert found.severity is Severity.BLOCKS
    assert word in found.text
    assert found.field


def test_an_image_from_elsewhere_is_refused_with_its_reason(
    inventory: Inventory, spec: VirtualMachineSpec
) -> None:
    custom = next(image for image in inventory.site.images if image.reference is None)
    found = creating(inventory, spec, image_id=custom.arm_id)["image_is_supported"]
    assert found.severity is Severity.BLOCKS
    assert "Marketplace" in found.text


def test_no_storage_path_is_a_note_on_what_the_platform_does(
    inventory: Inventory, spec: VirtualMachineSpec
) -> None:
    found = creating(inventory, spec, storage_path_id="")["storage_has_room"]
    assert found.severity is Severity.NOTE
    assert "first one" in found.text


def test_an_offline_resource_bridge_blocks_and_an_unknown_one_is_unknown(
    inventory: Inventory, spec: VirtualMachineSpec
) -> None:
    for value, severity in ((False, Severity.BLOCKS), (None, Severity.UNKNOWN)):
        cluster = replace(inventory.cluster, resource_bridge_online=value)
        inventory.apply(SnapshotDelta(cluster=cluster))
        assert creating(inventory, spec)["resource_bridge_is_online"].severity is severity


def test_silent_azure_is_unknown(inventory: Inventory, spec: VirtualMachineSpec) -> None:
    inventory.apply(SnapshotDelta(arm=replace(inventory.arm, read_at=time.time() - 3600)))
    assert creating(inventory, spec)["azure_answers"].severity is Severity.UNKNOWN


@pytest.mark.parametrize(
    ("name", "action", "word"),
    [
        ("app-05", PowerAction.START, "running"),
        ("mon-02", PowerAction.STOP, "stopped"),
        ("app-05", PowerAction.STOP, ""),
        ("mon-02", PowerAction.START, ""),
    ],
)
def test_power(inventory: Inventory, name: str, action: PowerAction, word: str) -> None:
    vm = inventory.vm_named(name)
    assert vm is not None
    found = find(inventory, ChangePowerState(vm.key, name, action))
    blocked = found.get("power_change_is_possible")
    assert (blocked is None) == (word == "")
    assert blocked is None or word in blocked.text


def test_power_of_a_vm_that_azure_does_not_know_is_not_ours(inventory: Inventory) -> None:
    vm = inventory.vm_named("legacy-01")
    assert vm is not None
    found = find(inventory, ChangePowerState(vm.key, vm.name, PowerAction.STOP))
    refused = found["platform_allows"]
    assert refused.severity is Severity.BLOCKS
    assert "Azure does not manage this VM" in refused.text
    assert refused.source


def test_draining_needs_room_and_one_node_at_a_time(inventory: Inventory) -> None:
    request = DrainNode("LAB-N1")
    assert "node_can_be_drained" not in find(inventory, request)
    nodes = tuple(
        replace(n, state=NodeState.PAUSED) if n.name == "LAB-N2" else n
        for n in inventory.nodes.values()
    )
    inventory.apply(SnapshotDelta(nodes=nodes))
    found = find(inventory, request)["node_can_be_drained"]
    assert found.severity is Severity.NOTE
    assert "one node down at a time" in found.text
    full = tuple(replace(n, memory_available_mib=0) for n in inventory.nodes.values())
    inventory.apply(SnapshotDelta(nodes=full))
    assert find(inventory, request)["node_can_be_drained"].severity is Severity.BLOCKS


@pytest.mark.parametrize(
    ("rights", "severity", "word"),
    [
        (("live_migrate",), Severity.BLOCKS, "may not drain nodes"),
        (None, Severity.NOTE, "is not known"),
        (("drain_node",), None, ""),
    ],
)
def test_maintenance_needs_a_role(
    inventory: Inventory, rights: tuple[str, ...] | None, severity: Severity | None, word: str
) -> None:
    cluster = replace(inventory.cluster, rights=rights)
    inventory.apply(SnapshotDelta(cluster=cluster))
    found = find(inventory, DrainNode("LAB-N1")).get("account_may_act")
    assert (found.severity if found is not None else None) is severity
    assert found is None or (word in found.text and found.remedy)


def test_only_a_paused_node_resumes(inventory: Inventory) -> None:
    assert find(inventory, ResumeNode("LAB-N1"))["node_can_be_drained"].severity is Severity.BLOCKS


def test_every_check_has_an_id_a_title_and_stands_in_the_list() -> None:
    ids = [check.ID for check in ALL]
    assert len(ids) == len(set(ids))
    assert all(check.TITLE for check in ALL)
    assert all(name == check.ID for name, check in ON_REQUEST.items())


def test_stopped_vms_take_no_room_when_a_node_is_drained(inventory: Inventory) -> None:
    stopped = tuple(
        replace(vm, cluster=replace(vm.cluster, power=PowerState.STOPPED))
        for vm in inventory.vms_on("LAB-N1")
        if vm.cluster is not None
    )
    full = tuple(replace(n, memory_available_mib=0) for n in inventory.nodes.values())
    inventory.apply(SnapshotDelta(upserted=stopped, nodes=full))
    assert "node_can_be_drained" not in find(inventory, DrainNode("LAB-N1"))


def test_unknown_memory_of_a_vm_to_be_drained_is_unknown(inventory: Inventory) -> None:
    vm = next(vm for vm in inventory.vms_on("LAB-N1") if vm.power is PowerState.RUNNING)
    assert vm.cluster is not None
    blind = replace(vm, metrics=None, azure=None, cluster=replace(vm.cluster, memory_mib=None))
    inventory.apply(SnapshotDelta(upserted=(blind,)))
    found = find(inventory, DrainNode("LAB-N1"))["node_can_be_drained"]
    assert found.severity is Severity.UNKNOWN
    assert vm.name in found.text


def test_an_address_pool_that_cannot_be_read_is_told(
    inventory: Inventory, spec: VirtualMachineSpec
) -> None:
    network = replace(
        inventory.site.logical_networks[0],
        address_prefix="10.9.0.0/24",
        pools=(AddressPool("not", "an address"),),
        used_addresses=(),
    )
    site = replace(inventory.site, logical_networks=(network,))
    inventory.apply(SnapshotDelta(site=site))
    nic = NetworkInterfaceSpec("n", network.arm_id, "10.9.0.20")
    found = creating(inventory, spec, network_interfaces=(nic,))["address_is_free"]
    assert found.severity is Severity.BLOCKS
    assert "cannot be read" in found.text


@pytest.mark.parametrize(
    ("agent", "severity"),
    [(ServiceState.STOPPED, Severity.BLOCKS), (ServiceState.UNKNOWN, Severity.UNKNOWN)],
)
def test_room_counts_only_where_trusted_launch_can_run(
    inventory: Inventory, spec: VirtualMachineSpec, agent: ServiceState, severity: Severity
) -> None:
    nodes = tuple(
        replace(n, igvm_agent=agent) if n.name == "LAB-N1" else replace(n, memory_available_mib=0)
        for n in inventory.nodes.values()
    )
    inventory.apply(SnapshotDelta(nodes=nodes))
    request = CreateVirtualMachine(replace(spec, memory_mib=1024))
    found = run_on_snapshot(["a_node_has_room"], request, inventory, time.time())
    agents = [finding for finding in found if "IgvmAgent" in finding.text]
    assert [finding.severity for finding in agents] == [severity]
    assert "LAB-N1" in agents[0].text


def test_a_node_closed_to_azure_is_no_room(inventory: Inventory, spec: VirtualMachineSpec) -> None:
    nodes = tuple(replace(n, accepts_azure_placement=False) for n in inventory.nodes.values())
    inventory.apply(SnapshotDelta(nodes=nodes))
    assert creating(inventory, spec)["a_node_has_room"].severity is Severity.BLOCKS


def test_a_creation_foresees_the_loss_of_a_node(
    inventory: Inventory, spec: VirtualMachineSpec
) -> None:
    assert "a_node_has_room" not in creating(inventory, spec)
    nodes = tuple(replace(n, memory_available_mib=9 * 1024) for n in inventory.nodes.values())
    inventory.apply(SnapshotDelta(nodes=nodes))
    found = creating(inventory, spec, memory_mib=8192)["a_node_has_room"]
    assert found.severity is Severity.NOTE
    assert "if one node failed" in found.text
