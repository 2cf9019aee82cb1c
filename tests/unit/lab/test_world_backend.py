"""The in-process Backend tells the truth about the world, so that tests on it mean something."""

import pytest

from console.backends import BackendError, JobReport, JobState, RemoteJob
from console.lab.world.clock import MovableClock
from console.lab.world.scenarios import make_site
from console.lab.world.site import Site
from console.model.freshness import FaultCode, Wire
from console.model.node import NodeState
from console.model.request import (
    DataDiskSpec,
    DomainJoinSpec,
    DownloadImage,
    NetworkInterfaceSpec,
    PowerAction,
    VirtualMachineSpec,
)
from console.model.site import ImageReference, ImageState
from console.model.virtual_machine import PowerState, SecurityType, VmKind
from tests.world_backend import WorldBackend

BOTH = frozenset(Wire)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def site(clock: MovableClock) -> Site:
    return make_site("small", clock)


@pytest.fixture
def backend(site: Site) -> WorldBackend:
    return WorldBackend(site)


async def _end(job: RemoteJob, clock: MovableClock) -> JobReport:
    for _ in range(400):
        report = await job.poll()
        if report.state is not JobState.RUNNING:
            return report
        clock.advance(0.5)
    raise AssertionError("the job does not end")


def _spec(site: Site, backend: WorldBackend) -> VirtualMachineSpec:
    settings = site.settings
    return VirtualMachineSpec(
        name="new-01",
        subscription_id=settings.subscription_id,
        resource_group=settings.resource_group,
        location=settings.location,
        custom_location_id=settings.custom_location_id,
        image_id=settings.resource_id(
            "Microsoft.AzureStackHCI/marketplaceGalleryImages", "win11-22h2-avd-01"
        ),
        data_disks=(DataDiskSpec("new-01-data", 64),),
        network_interfaces=(
            NetworkInterfaceSpec(
                "new-01-nic",
                settings.resource_id(
                    "Microsoft.AzureStackHCI/logicalNetworks", "lnet-servers-vlan110"
                ),
            ),
        ),
        tags={"team": "x"},
    )


async def test_snapshot_joins_both_planes(backend: WorldBackend) -> None:
    snapshot = await backend.read_snapshot(BOTH)
    vms = {vm.name: vm for vm in snapshot.vms}
    vm = vms["app-01"]
    assert vm.kind is VmKind.AZURE_LOCAL
    assert vm.cluster is not None
    assert vm.azure is not None
    assert vm.key == vm.cluster.vm_id == vm.azure.vm_id
    assert vm.cluster.owner_node == vm.azure.host_node
    assert vms["legacy-01"].kind is VmKind.UNMANAGED
    assert vms["legacy-01"].security is SecurityType.STANDARD
    assert snapshot.cluster.release == "2510"
    assert len(snapshot.nodes) == 4
    assert {image.state for image in snapshot.site.images} == {ImageState.READY}
    again = await backend.read_snapshot(BOTH)
    assert again == snapshot


async def test_a_wire_that_is_down_keeps_its_half(
    backend: WorldBackend, site: Site, clock: MovableClock
) -> None:
    first = await backend.read_snapshot(BOTH)
    site.faults.arm_down = True
    vm = next(vm for vm in first.vms if vm.name == "app-01")
    site.find_vm("app-01").state = "Paused"  # type: ignore[union-attr]
    clock.advance(30)
    second = await backend.read_snapshot(BOTH)
    seen = next(vm for vm in second.vms if vm.name == "app-01")
    assert seen.azure == vm.azure
    assert seen.power is PowerState.PAUSED
    assert second.arm.is_down
    assert second.arm.read_at == first.arm.read_at
    assert not second.cluster_wire.is_down


async def test_live_migration_and_its_job(
    backend: WorldBackend, site: Site, clock: MovableClock
) -> None:
    vm = next(v for v in site.vms_on("LAB-N1") if v.state == "Running" and v.vtpm)
    job = await backend.start_live_migration(vm.vm_id, "LAB-N1", "LAB-N4", "op-1")
    with pytest.raises(BackendError) as caught:
        await backend.start_live_migration(vm.vm_id, "LAB-N1", "LAB-N4", "op-2")
    assert caught.value.fault.code is FaultCode.CONFLICT
    found = await backend.find_live_migration(vm.vm_id)
    assert found is not None
    resumed = await backend.resume_job(job.token)
    assert (await _end(resumed, clock)).state is JobState.SUCCEEDED
    seen = await backend.read_vm(vm.vm_id)
    assert seen is not None
    assert seen.owner_node == "LAB-N4"
    assert await backend.find_live_migration(vm.vm_id) is None


async def test_creation_from_interface_to_running_vm(
    backend: WorldBackend, site: Site, clock: MovableClock
) -> None:
    spec = _spec(site, backend)
    assert await backend.find_vm_by_name(spec) is None
    for job in (
        await backend.create_machine(spec, "op"),
        await backend.create_network_interface(spec, spec.network_interfaces[0], "op"),
        await backend.create_data_disk(spec, spec.data_disks[0], "op"),
    ):
        assert (await _end(job, clock)).state is JobState.SUCCEEDED
    job = await backend.create_vm_instance(spec, {"admin_password": "canary"}, "op")
    on_the_way = await backend.find_vm_by_name(spec)
    assert on_the_way is not None
    assert on_the_way.key == backend.resource_ids(spec)["machine"]
    assert (await _end(job, clock)).state is JobState.SUCCEEDED
    made = await backend.find_vm_by_name(spec)
    assert made is not None
    assert made.security is SecurityType.TRUSTED_LAUNCH
    assert made.power is PowerState.RUNNING
    assert made.azure is not None
    assert made.azure.security is SecurityType.TRUSTED_LAUNCH
    existing = await backend.find_resource(backend.resource_ids(spec)["machine"])
    assert existing is not None
    assert existing.operation_id == "op"
    joined = await backend.join_domain(spec, DomainJoinSpec("lab.example", "u"), "canary", "op")
    assert (await _end(joined, clock)).state is JobState.SUCCEEDED
    assert "canary" not in repr(site.resources)
    gone = await backend.delete_virtual_machine(made.key, "op")
    assert (await _end(gone, clock)).state is JobState.SUCCEEDED
    assert await backend.find_vm_by_name(spec) is None
    assert await backend.find_resource(backend.resource_ids(spec)["machine"]) is None


async def test_image_power_and_nodes(
    backend: WorldBackend, site: Site, clock: MovableClock
) -> None:
    settings = site.settings
    image = ImageReference("microsoftwindowsdesktop", "windows-11", "win11-21h2-avd")
    job = await backend.download_image(
        DownloadImage(
            "fresh", image, settings.subscription_id, settings.resource_group,
            settings.location, settings.custom_location_id,
        ),
        "op",
    )  # fmt: skip
    assert (await _end(job, clock)).state is JobState.SUCCEEDED
    key = next(vm.key for vm in (await backend.read_snapshot(BOTH)).vms if vm.name == "app-01")
    job = await backend.change_power(key, PowerAction.STOP, "op")
    assert (await _end(job, clock)).state is JobState.SUCCEEDED
    vm = await backend.read_vm(key)
    assert vm is not None
    assert vm.power is PowerState.STOPPED
    job = await backend.suspend_node("LAB-N4", "op")
    node = await backend.read_node("LAB-N4")
    assert node is not None
    assert (node.state, node.accepts_azure_placement) == (NodeState.DRAINING, True)
    assert (await _end(job, clock)).state is JobState.SUCCEEDED
    job = await backend.resume_node("LAB-N4", True, "op-2")
    assert (await _end(job, clock)).state is JobState.SUCCEEDED
    assert site.vms_on("LAB-N4")


async def test_an_answer_can_be_lost_after_the_act(backend: WorldBackend, site: Site) -> None:
    vm = next(v for v in site.vms_on("LAB-N1") if v.state == "Running" and v.vtpm)
    site.faults.answer_lost_after_act = 1
    with pytest.raises(BackendError) as caught:
        await backend.start_live_migration(vm.vm_id, "LAB-N1", "LAB-N4", "op-1")
    assert caught.value.was_sent
    assert caught.value.fault.code is FaultCode.LOST
    assert site.counters[f"migrate:{vm.vm_id}"] == 1
