from collections.abc import Callable

import pytest

from console.lab.world.errors import WorldError
from console.lab.world.node_life import DRAIN_FAILED, DRAINED, DRAINING, QUARANTINED
from console.lab.world.site import Site

PassTime = Callable[[float], None]


def test_drain_moves_everything_one_by_one_then_failback_brings_it_back(
    site: Site, pass_time: PassTime
) -> None:
    was_here = {vm.vm_id for vm in site.vms_on("LAB-N4")}
    node = site.nodes["LAB-N4"]
    drain = site.suspend_node("LAB-N4", True, "op-1")
    assert drain is not None
    assert (node.state, node.drain_status, node.status_flags) == ("Paused", "InProgress", DRAINING)
    while drain.ended_at is None:
        running = [m for m in site.migrations.values() if m.ended_at is None]
        assert len(running) <= 1
        assert all(m.operation_id == "drain:op-1" for m in running)
        pass_time(0.5)
    assert (drain.status, drain.done, drain.total) == ("Completed", len(was_here), len(was_here))
    assert (node.state, node.drain_status, node.status_flags) == ("Paused", "Completed", DRAINED)
    assert site.vms_on("LAB-N4") == []
    back = site.resume_node("LAB-N4", True, "op-2")
    assert back is not None
    assert (node.state, node.drain_status, node.status_flags) == ("Up", "NotInitiated", 0)
    pass_time(600)
    assert back.status == "Completed"
    assert {vm.vm_id for vm in site.vms_on("LAB-N4")} == was_here


def test_a_vm_that_cannot_leave_fails_the_drain(site: Site, pass_time: PassTime) -> None:
    stuck = next(vm for vm in site.vms_on("LAB-N4") if vm.state == "Running")
    site.faults.vm_state(stuck.name, "PausedCritical")
    drain = site.suspend_node("LAB-N4")
    pass_time(600)
    assert drain is not None
    assert drain.status == "Failed"
    assert stuck.name in drain.failure_text
    node = site.nodes["LAB-N4"]
    assert (node.state, node.drain_status, node.status_flags) == ("Paused", "Failed", DRAIN_FAILED)


def test_resume_during_a_drain_stops_it(site: Site, pass_time: PassTime) -> None:
    drain = site.suspend_node("LAB-N4")
    pass_time(2)
    assert drain is not None
    moving = drain.moving
    site.resume_node("LAB-N4", failback=False)
    pass_time(120)
    assert drain.status == "Canceled"
    assert site.migrations[moving].phase == "Canceled"
    assert site.vms[moving].owner == "LAB-N4"


def test_suspend_refusals_and_placement(site: Site) -> None:
    site.suspend_node("LAB-N4")
    with pytest.raises(WorldError, match="AlreadyDraining"):
        site.suspend_node("LAB-N4")
    with pytest.raises(WorldError, match="InvalidState"):
        site.resume_node("LAB-N1")
    assert site.nodes["LAB-N4"].accepts_azure_placement  # suspending alone leaves it on
    site.set_azure_placement("LAB-N4", False)
    assert not site.nodes["LAB-N4"].accepts_azure_placement


def test_node_down_restarts_its_vms_elsewhere_and_comes_back(
    site: Site, pass_time: PassTime
) -> None:
    lost = site.vms_on("LAB-N3")
    was_off = {vm.vm_id for vm in lost if vm.state == "Off"}
    site.faults.node_down("LAB-N3")
    pass_time(30)
    assert site.vms_on("LAB-N3") == []
    assert {vm.state for vm in lost if vm.vm_id not in was_off} == {"Running"}
    assert {vm.state for vm in lost if vm.vm_id in was_off} == {"Off"}
    site.faults.node_up("LAB-N3")
    assert site.nodes["LAB-N3"].state == "Joining"
    pass_time(10)
    assert site.nodes["LAB-N3"].state == "Up"


def test_with_no_node_left_vms_wait_for_the_first_that_returns(
    site: Site, pass_time: PassTime
) -> None:
    for name in site.nodes:
        site.faults.node_down(name)
    pass_time(30)
    assert {vm.group_state for vm in site.vms.values() if vm.executed.get("failover")} == set()
    assert any(vm.group_state == "Failed" for vm in site.vms.values())
    for name in site.nodes:
        site.faults.node_up(name)
    pass_time(30)
    assert not any(vm.group_state == "Failed" for vm in site.vms.values())


def test_quarantine_shuts_the_node_out(site: Site, pass_time: PassTime) -> None:
    site.faults.quarantine_node("LAB-N2")
    pass_time(20)
    node = site.nodes["LAB-N2"]
    assert (node.state, node.status_flags, site.vms_on("LAB-N2")) == ("Down", QUARANTINED, [])
