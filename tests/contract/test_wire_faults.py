"""Every way a wire fails, over the lab's sockets: its own fault in words, last good half kept."""

import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from console.backends import BackendError, JobState
from console.backends.azure_local import AzureLocalBackend, StaticToken
from console.checks import ON_REQUEST
from console.lab.world.clock import MovableClock
from console.lab.world.faults import Faults
from console.lab.world.site import Site
from console.model.freshness import FaultCode, Wire
from console.model.node import NodeState
from console.model.request import (
    CreateVirtualMachine,
    NetworkInterfaceSpec,
    PowerAction,
    VirtualMachineSpec,
)
from console.model.virtual_machine import PowerState
from tests.contract.conftest import Servers

BOTH = frozenset(Wire)


@pytest.fixture
async def backend(servers: Servers, clock: MovableClock) -> AsyncIterator[AzureLocalBackend]:
    backend = AzureLocalBackend.open(servers.arm_connection(), servers.cluster_connection(), clock)
    yield backend
    await backend.close()


def arm_word(faults: Faults) -> None:
    faults.malformed_json("arm")


def throttled(faults: Faults) -> None:
    faults.arm_throttle(1000, 86400.0)


def down(faults: Faults) -> None:
    faults.arm_down = True


def refused(status: int) -> Callable[[Faults], None]:
    def switch(faults: Faults) -> None:
        faults.arm_status = status

    return switch


@pytest.mark.parametrize(
    ("switch", "code"),
    [
        (arm_word, FaultCode.MALFORMED),
        (throttled, FaultCode.THROTTLED),
        (down, FaultCode.UNREACHABLE),
        (refused(403), FaultCode.FORBIDDEN),
        (refused(503), FaultCode.SERVER_ERROR),
    ],
    ids=["malformed", "throttled", "down", "forbidden", "server_error"],
)
async def test_arm_fails_and_its_half_is_kept(
    backend: AzureLocalBackend,
    site: Site,
    clock: MovableClock,
    switch: Callable[[Faults], None],
    code: FaultCode,
) -> None:
    first = await backend.read_snapshot(BOTH)
    switch(site.faults)
    clock.advance(60)
    started = time.monotonic()
    second = await backend.read_snapshot(BOTH)
    assert time.monotonic() - started < 10
    assert [fault.code for fault in second.arm.faults] == [code]
    assert second.arm.is_down
    assert second.arm.read_at == first.arm.read_at
    assert second.site == first.site
    assert len(second.vms) == len(first.vms)
    assert second.cluster_wire.faults == ()
    fault = second.arm.faults[0]
    assert fault.summary
    assert fault.at == clock.now()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"credential": StaticToken("wrong")}, FaultCode.WRONG_CREDENTIALS),
        ({"ca_file": ""}, FaultCode.UNTRUSTED_CERTIFICATE),
        ({"url": "https://127.0.0.1:1"}, FaultCode.REFUSED),
        ({"url": "https://no-such-host.invalid"}, FaultCode.UNREACHABLE),
    ],
    ids=["password", "certificate", "refused", "name"],
)
async def test_arm_cannot_be_reached(
    servers: Servers, clock: MovableClock, changes: dict[str, Any], code: FaultCode
) -> None:
    backend = AzureLocalBackend.open(
        servers.arm_connection(**changes), servers.cluster_connection(), clock
    )
    snapshot = await backend.read_snapshot(BOTH)
    assert [fault.code for fault in snapshot.arm.faults] == [code]
    assert snapshot.arm.read_at is None
    assert snapshot.cluster_wire.faults == ()
    assert snapshot.vms
    await backend.close()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"password": "wrong"}, FaultCode.WRONG_CREDENTIALS),
        ({"ca_file": ""}, FaultCode.UNTRUSTED_CERTIFICATE),
        ({"nodes": {"LAB-N1": "127.0.0.1:1"}}, FaultCode.REFUSED),
        ({"nodes": {"LAB-N1": "no-such-host.invalid:5986"}}, FaultCode.UNREACHABLE),
    ],
    ids=["password", "certificate", "refused", "name"],
)
async def test_the_cluster_cannot_be_reached(
    servers: Servers, clock: MovableClock, changes: dict[str, Any], code: FaultCode
) -> None:
    backend = AzureLocalBackend.open(
        servers.arm_connection(), servers.cluster_connection(**changes), clock
    )
    snapshot = await backend.read_snapshot(BOTH)
    assert [fault.code for fault in snapshot.cluster_wire.faults] == [code]
    assert snapshot.cluster_wire.read_at is None
    assert snapshot.arm.faults == ()
    assert snapshot.vms
    await backend.close()


async def test_broken_answers_of_the_nodes(backend: AzureLocalBackend, site: Site) -> None:
    first = await backend.read_snapshot(BOTH)
    site.faults.malformed_json("cluster")
    second = await backend.read_snapshot(BOTH)
    assert {fault.code for fault in second.cluster_wire.faults} == {FaultCode.MALFORMED}
    assert len(second.vms) == len(first.vms)
    site.faults.malformed_json("cluster", False)
    assert (await backend.read_snapshot(BOTH)).cluster_wire.faults == ()


async def test_a_function_that_the_nodes_lack(backend: AzureLocalBackend, site: Site) -> None:
    first = await backend.read_snapshot(BOTH)
    site.faults.missing_function("Get-TlcVirtualMachine")
    second = await backend.read_snapshot(BOTH)
    assert {fault.code for fault in second.cluster_wire.faults} == {FaultCode.MISSING_FUNCTION}
    assert len(second.vms) == len(first.vms)
    site.faults.missing_function("Get-TlcCluster")
    third = await backend.read_snapshot(BOTH)
    assert third.cluster_wire.is_down
    assert third.cluster_wire.faults[0].code is FaultCode.MISSING_FUNCTION


async def test_words_that_nobody_knows(backend: AzureLocalBackend, site: Site) -> None:
    site.faults.unknown_words = True
    snapshot = await backend.read_snapshot(BOTH)
    for wire in (snapshot.arm, snapshot.cluster_wire):
        assert {fault.code for fault in wire.faults} == {FaultCode.UNKNOWN_WORD}
        assert not wire.is_down
    odd = [vm for vm in snapshot.vms if vm.power is PowerState.UNKNOWN]
    assert 0 < len(odd) < len(snapshot.vms)


async def test_a_node_that_freezes_is_noticed_within_five_seconds(
    backend: AzureLocalBackend, site: Site, clock: MovableClock
) -> None:
    first = await backend.read_snapshot(BOTH)
    site.faults.freeze_node("LAB-N2")
    try:
        clock.advance(30)
        started = time.monotonic()
        second = await backend.read_snapshot(BOTH)
        assert time.monotonic() - started < 6
        (fault,) = second.cluster_wire.faults
        assert (fault.code, fault.is_partial) == (FaultCode.TIMED_OUT, True)
        assert "LAB-N2" in fault.summary
        ages = {node.name: node.read_at for node in second.nodes}
        assert ages["LAB-N2"] == first.nodes[1].read_at
        assert ages["LAB-N1"] == clock.now()
        assert len(second.vms) == len(first.vms)
        # Asked again, nobody waits for it a second time.
        started = time.monotonic()
        await backend.read_snapshot(BOTH)
        assert time.monotonic() - started < 2
    finally:
        site.faults.freeze_node("LAB-N2", False)


async def test_a_node_that_dies(
    backend: AzureLocalBackend, site: Site, clock: MovableClock
) -> None:
    await backend.read_snapshot(BOTH)
    with site.look():
        site.faults.node_down("LAB-N1")
    clock.advance(60)
    snapshot = await backend.read_snapshot(BOTH)
    states = {node.name: node.state for node in snapshot.nodes}
    assert states["LAB-N1"] is NodeState.DOWN
    assert states["LAB-N2"] is NodeState.UP
    assert not snapshot.cluster_wire.is_down
    assert not [vm for vm in snapshot.vms if vm.owner_node == "LAB-N1"]
    with site.look():
        site.faults.node_up("LAB-N1")
    clock.advance(60)
    snapshot = await backend.read_snapshot(BOTH)
    assert snapshot.nodes[0].state is NodeState.UP
    assert snapshot.nodes[0].read_at == clock.now()
    assert snapshot.cluster_wire.faults == ()


async def test_a_migration_whose_answer_was_lost_is_found_by_looking(
    backend: AzureLocalBackend, site: Site
) -> None:
    vm = next(v for v in site.vms_on("LAB-N1") if v.state == "Running" and v.vtpm)
    site.faults.answer_lost_after_act = 1
    with pytest.raises(BackendError) as raised:
        await backend.start_live_migration(vm.vm_id, "LAB-N1", "LAB-N4", "op-1")
    assert raised.value.was_sent
    assert site.counters[f"migrate:{vm.vm_id}"] == 1
    found = await backend.find_live_migration(vm.vm_id)
    assert found is not None
    assert (await found.poll()).state is JobState.RUNNING


async def test_a_status_url_on_another_host_is_refused(
    backend: AzureLocalBackend, site: Site
) -> None:
    snapshot = await backend.read_snapshot(BOTH)
    vm = next(vm for vm in snapshot.vms if vm.name == "app-01")
    site.faults.foreign_status_url = True
    job = await backend.change_power(vm.key, PowerAction.STOP, "op")
    with pytest.raises(BackendError) as raised:
        await job.poll()
    assert raised.value.fault.code is FaultCode.FOREIGN_HOST
    with pytest.raises(BackendError):
        await backend.resume_job(job.token)


async def test_a_missing_right_is_refused_by_azure_and_told_beforehand(
    backend: AzureLocalBackend, site: Site
) -> None:
    network = site.settings.resource_id(
        "Microsoft.AzureStackHCI/logicalNetworks", "lnet-desktops-vlan120"
    )
    nic = NetworkInterfaceSpec("n1", network)
    settings = site.settings
    spec = VirtualMachineSpec(
        "v", settings.subscription_id, settings.resource_group, settings.location,
        settings.custom_location_id, network_interfaces=(nic,),
    )  # fmt: skip
    right = "Microsoft.AzureStackHCI/networkInterfaces/write"
    site.faults.missing_rights = {right}
    (found,) = await ON_REQUEST["rights_suffice"].on_backend(CreateVirtualMachine(spec), backend)
    assert right in found.text
    with pytest.raises(BackendError) as caught:
        await backend.create_network_interface(spec, nic, "op")
    assert caught.value.fault.code is FaultCode.FORBIDDEN
    assert not caught.value.was_sent
    assert right in caught.value.fault.summary


async def test_permissions_that_do_not_decode_are_a_fault(
    backend: AzureLocalBackend, site: Site
) -> None:
    site.faults.malformed_json("arm")
    with pytest.raises(BackendError) as caught:
        await backend.permissions(site.settings.group_id)
    assert caught.value.fault.code is FaultCode.MALFORMED
