"""What every Backend must do. Bound to the in-process world and to both real wires."""

import itertools

import pytest

from console.backends import BackendError, JobState
from console.lab.world.state import WorldAffinityRule, WorldStorageJob
from console.model.freshness import FaultCode, Wire
from console.model.node import DrainStatus, NodeState
from console.model.performance import TimeFrame
from console.model.placement import AffinityKind, AffinityRule, BalancingMode
from console.model.request import (
    DataDiskSpec,
    DomainJoinSpec,
    DownloadImage,
    NetworkInterfaceSpec,
    PowerAction,
)
from console.model.site import ImageReference, ImageState
from console.model.snapshot import diff
from console.model.virtual_machine import PowerState, SecurityType, VmKind
from tests.contract.conftest import Bench

BOTH = frozenset(Wire)
FIRST, LAST = "LAB-N1", "LAB-N4"


async def test_snapshot_joins_both_planes(bench: Bench) -> None:
    snapshot = await bench.backend.read_snapshot(BOTH)
    assert snapshot.arm.faults == ()
    assert snapshot.cluster_wire.faults == ()
    vms = {vm.name: vm for vm in snapshot.vms}
    assert len(vms) == len(bench.site.vms)
    vm = vms["app-01"]
    assert vm.kind is VmKind.AZURE_LOCAL
    assert vm.cluster is not None
    assert vm.azure is not None
    assert vm.key == vm.cluster.vm_id == vm.azure.vm_id
    assert vm.cluster.owner_node == vm.azure.host_node
    assert vm.metrics is not None
    assert vm.memory_mib
    assert vms["legacy-01"].kind is VmKind.UNMANAGED
    assert vms["legacy-01"].security is SecurityType.STANDARD
    assert sum(vm.kind is VmKind.RESOURCE_BRIDGE for vm in snapshot.vms) == 1


async def test_every_vm_is_told_as_the_world_has_it(bench: Bench) -> None:
    snapshot = await bench.backend.read_snapshot(BOTH)
    with bench.site.look():
        for vm in snapshot.vms:
            assert vm.cluster is not None
            truth = bench.site.vms[vm.key]
            assert vm.cluster.owner_node == truth.owner
            assert vm.cluster.vtpm == truth.vtpm
            assert vm.cluster.vtpm_state == truth.tpm_state
            assert vm.cluster.secure_boot == truth.secure_boot
            assert vm.cluster.processors == truth.processors
            assert vm.cluster.memory_mib == truth.memory_mib
            assert vm.cluster.mounted_iso == truth.mounted_iso
            assert set(vm.cluster.possible_owners) == set(truth.possible_owners)


async def test_cluster_and_nodes(bench: Bench) -> None:
    snapshot = await bench.backend.read_snapshot(BOTH)
    assert snapshot.cluster.name == bench.site.settings.cluster_name
    assert snapshot.cluster.release == "2510"
    assert snapshot.cluster.parallel_migrations == bench.site.settings.parallel_migrations
    assert snapshot.cluster.arm_id.lower() == bench.site.settings.cluster_arm_id.lower()
    assert [node.name for node in snapshot.nodes] == list(bench.site.nodes)
    for node in snapshot.nodes:
        truth = bench.site.nodes[node.name]
        assert node.state is NodeState.UP
        assert node.logical_processors == truth.logical_processors
        assert node.memory_total_mib == truth.memory_mib
        assert node.memory_available_mib == bench.site.memory_available_mib(node.name)
        assert node.igvm_agent.value == truth.igvm_agent
        assert node.accepts_azure_placement is True
        assert node.azure_connection == "Connected"
        assert len(node.migration_networks) == len(truth.migration_networks)


async def test_what_a_creation_chooses_from(bench: Bench) -> None:
    site = (await bench.backend.read_snapshot(BOTH)).site
    assert {image.state for image in site.images} == {ImageState.READY}
    assert any(image.reference is not None for image in site.images)
    assert [s.id for s in site.subscriptions] == [bench.site.settings.subscription_id]
    assert bench.site.settings.custom_location_id in {c.arm_id for c in site.custom_locations}
    assert bench.site.settings.resource_group in {group.name for group in site.resource_groups}
    assert all(path.available_mib for path in site.storage_paths)
    static = [network for network in site.logical_networks if network.is_static]
    assert any(network.used_addresses for network in static)
    assert any(nic.attached_vm_id for nic in site.network_interfaces)
    spare = {disk.name: disk for disk in site.data_disks}["archive-2023-data"]
    assert (spare.size_gib, spare.is_dynamic, spare.attached_vm_id) == (512, True, "")
    assert spare.provisioning == "Succeeded"
    assert spare.storage_path_id in {path.arm_id for path in site.storage_paths}


async def test_a_second_reading_of_a_still_world_tells_nothing_new(bench: Bench) -> None:
    first = await bench.backend.read_snapshot(BOTH)
    second = await bench.backend.read_snapshot(BOTH)
    delta = diff(first, second)
    assert (delta.upserted, delta.removed, delta.metrics, delta.site) == ((), (), (), None)


async def test_arm_down_keeps_azures_half_and_the_cluster_goes_on(bench: Bench) -> None:
    first = await bench.backend.read_snapshot(BOTH)
    bench.site.faults.arm_down = True
    with bench.site.look():
        found = bench.site.find_vm("app-01")
        assert found is not None
        found.state = "Paused"
    bench.clock.advance(30)
    second = await bench.backend.read_snapshot(BOTH)
    before = next(vm for vm in first.vms if vm.name == "app-01")
    after = next(vm for vm in second.vms if vm.name == "app-01")
    assert after.azure == before.azure
    assert after.power is PowerState.PAUSED
    assert second.arm.is_down
    assert second.arm.read_at == first.arm.read_at
    assert not second.cluster_wire.is_down
    assert second.site == first.site


async def test_one_wire_alone_may_be_asked(bench: Bench) -> None:
    first = await bench.backend.read_snapshot(BOTH)
    bench.clock.advance(5)
    second = await bench.backend.read_snapshot(frozenset({Wire.CLUSTER}))
    assert second.arm.read_at == first.arm.read_at
    assert second.cluster_wire.read_at != first.cluster_wire.read_at


async def test_live_migration_arrives_with_its_vtpm(bench: Bench) -> None:
    vm = next(v for v in bench.site.vms_on(FIRST) if v.state == "Running" and v.vtpm)
    await bench.backend.read_snapshot(BOTH)
    before = await bench.backend.read_vm(vm.vm_id)
    job = await bench.backend.start_live_migration(vm.vm_id, FIRST, LAST, "op-1")
    assert job.can_cancel
    with pytest.raises(BackendError) as caught:
        await bench.backend.start_live_migration(vm.vm_id, FIRST, LAST, "op-2")
    assert caught.value.fault.code is FaultCode.CONFLICT
    assert not caught.value.was_sent
    assert await bench.backend.find_live_migration(vm.vm_id) is not None
    resumed = await bench.backend.resume_job(job.token)
    assert (await bench.end_of(resumed)).state is JobState.SUCCEEDED
    after = await bench.backend.read_vm(vm.vm_id)
    assert before is not None
    assert before.cluster is not None
    assert after is not None
    assert after.cluster is not None
    assert after.owner_node == LAST
    assert after.cluster.vtpm_state == before.cluster.vtpm_state != ""
    assert await bench.backend.find_live_migration(vm.vm_id) is None
    assert bench.site.counters[f"migrate:{vm.vm_id}"] == 1


async def test_a_vm_that_is_no_longer_where_it_was_seen_is_not_moved(bench: Bench) -> None:
    vm = next(v for v in bench.site.vms_on("LAB-N2") if v.state == "Running")
    with pytest.raises(BackendError) as caught:
        await bench.backend.start_live_migration(vm.vm_id, FIRST, LAST, "op-1")
    assert caught.value.fault.code is FaultCode.CONFLICT
    assert bench.site.counters.get(f"migrate:{vm.vm_id}", 0) == 0


async def test_canceling_a_migration(bench: Bench) -> None:
    vm = next(v for v in bench.site.vms_on(FIRST) if v.state == "Running" and v.vtpm)
    bench.site.faults.slow_link(50.0)
    job = await bench.backend.start_live_migration(vm.vm_id, FIRST, LAST, "op-1")
    bench.clock.advance(2)
    report = await job.poll()
    assert report.state is JobState.RUNNING
    await job.cancel()
    assert (await bench.end_of(job)).state is JobState.CANCELED
    after = await bench.backend.read_vm(vm.vm_id)
    assert after is not None
    assert after.owner_node == FIRST


async def test_creation_from_machine_to_running_vm_and_back(bench: Bench) -> None:
    backend = bench.backend
    nic = NetworkInterfaceSpec("new-01-nic", bench.id_of("logicalNetworks", "lnet-servers-vlan110"))
    spec = bench.spec(data_disks=(DataDiskSpec("new-01-data", 64),), network_interfaces=(nic,))
    assert await backend.find_vm_by_name(spec) is None
    for job in (
        await backend.create_machine(spec, "op"),
        await backend.create_network_interface(spec, nic, "op"),
        await backend.create_data_disk(spec, spec.data_disks[0], "op"),
    ):
        assert (await bench.end_of(job)).state is JobState.SUCCEEDED
    job = await backend.create_vm_instance(spec, {"admin_password": "canary-9"}, "op")
    on_the_way = await backend.find_vm_by_name(spec)
    assert on_the_way is not None
    assert on_the_way.key == backend.resource_ids(spec)["machine"]
    resumed = await backend.resume_job(job.token)
    assert (await bench.end_of(resumed)).state is JobState.SUCCEEDED
    made = await backend.find_vm_by_name(spec)
    assert made is not None
    assert made.cluster is not None
    assert made.azure is not None
    assert made.power is PowerState.RUNNING
    assert made.security is made.azure.security is SecurityType.TRUSTED_LAUNCH
    assert (made.cluster.vtpm, made.cluster.secure_boot) == (True, True)
    existing = await backend.find_resource(backend.resource_ids(spec)["instance"])
    assert existing is not None
    assert existing.operation_id == "op"
    in_snapshot = await bench.vm("new-01")
    assert in_snapshot.key == made.key
    assert in_snapshot.kind is VmKind.AZURE_LOCAL
    joined = await backend.join_domain(spec, DomainJoinSpec("lab.example", "u"), "canary-9", "op")
    assert (await bench.end_of(joined)).state is JobState.SUCCEEDED
    assert "canary-9" not in repr(bench.site.resources) + job.token + joined.token
    gone = await backend.delete_virtual_machine(made.key, "op")
    assert (await bench.end_of(gone)).state is JobState.SUCCEEDED
    assert await backend.find_vm_by_name(spec) is None
    assert await backend.find_resource(backend.resource_ids(spec)["machine"]) is None
    nic_job = await backend.delete_resource(backend.resource_ids(spec)["nic:new-01-nic"], "op")
    assert (await bench.end_of(nic_job)).state is JobState.SUCCEEDED


async def test_a_creation_that_fails_says_why(bench: Bench) -> None:
    spec = bench.spec()
    bench.site.faults.creation_fails_at("DiskCopy")
    await bench.end_of(await bench.backend.create_machine(spec, "op"))
    job = await bench.backend.create_vm_instance(spec, {"admin_password": "x"}, "op")
    report = await bench.end_of(job)
    assert report.state is JobState.FAILED
    assert report.fault is not None
    assert report.fault.summary


async def test_power(bench: Bench) -> None:
    vm = await bench.vm("app-01")
    for action, state in (
        (PowerAction.STOP, PowerState.STOPPED),
        (PowerAction.START, PowerState.RUNNING),
        (PowerAction.SAVE, PowerState.SAVED),
    ):
        job = await bench.backend.change_power(vm.key, action, "op")
        assert (await bench.end_of(job)).state is JobState.SUCCEEDED
        after = await bench.backend.read_vm(vm.key)
        assert after is not None
        assert after.power is state


async def test_an_image_is_downloaded(bench: Bench) -> None:
    settings = bench.site.settings
    request = DownloadImage(
        "fresh",
        ImageReference("microsoftwindowsdesktop", "windows-11", "win11-21h2-avd"),
        settings.subscription_id,
        settings.resource_group,
        settings.location,
        settings.custom_location_id,
    )
    job = await bench.backend.download_image(request, "op")
    bench.clock.advance(5)
    report = await job.poll()
    assert report.state is JobState.RUNNING
    assert report.fraction
    assert (await bench.end_of(job)).state is JobState.SUCCEEDED
    site = (await bench.backend.read_snapshot(BOTH)).site
    (image,) = [image for image in site.images if image.name == "fresh"]
    assert image.state is ImageState.READY
    assert image.reference is not None
    assert image.reference.version


async def test_drain_and_resume(bench: Bench) -> None:
    job = await bench.backend.suspend_node(LAST, "op")
    node = await bench.backend.read_node(LAST)
    assert node is not None
    assert node.accepts_azure_placement is True
    assert node.state in (NodeState.DRAINING, NodeState.PAUSED)
    assert (await bench.end_of(job)).state is JobState.SUCCEEDED
    assert not bench.site.vms_on(LAST)
    job = await bench.backend.resume_node(LAST, True, "op-2")
    assert (await bench.end_of(job)).state is JobState.SUCCEEDED
    node = await bench.backend.read_node(LAST)
    assert node is not None
    assert node.state is NodeState.UP
    for _ in range(200):
        if bench.site.vms_on(LAST):
            break
        bench.clock.advance(0.5)
        await bench.backend.read_node(LAST)
    assert bench.site.vms_on(LAST)


async def test_a_pause_without_a_drain_leaves_the_vms_where_they_are(bench: Bench) -> None:
    job = await bench.backend.pause_node(LAST, "op")
    assert (await bench.end_of(job)).state is JobState.SUCCEEDED
    seen = await bench.backend.read_maintenance(LAST)
    assert seen is not None
    assert (seen.state, seen.drain) == (NodeState.PAUSED, DrainStatus.NOT_INITIATED)
    assert seen.accepts_azure_placement is True
    with bench.site.look():
        there = {(vm.vm_id, vm.name, vm.group_state) for vm in bench.site.vms_on(LAST)}
    assert {(vm.vm_key, vm.name, vm.group_state) for vm in seen.vms or ()} == there
    assert there
    assert (seen.other_groups, seen.storage_jobs) == ((), ())


async def test_azure_is_kept_away_from_a_node_and_let_back(bench: Bench) -> None:
    for is_allowed in (False, False, True, True):
        await bench.backend.set_azure_placement(LAST, is_allowed, "op")
        node = await bench.backend.read_node(LAST)
        assert node is not None
        assert node.accepts_azure_placement is is_allowed
        seen = await bench.backend.read_maintenance(LAST)
        assert seen is not None
        assert seen.accepts_azure_placement is is_allowed
    assert await bench.backend.read_maintenance("LAB-N9") is None


async def test_what_keeps_a_node_from_being_safe_is_told(bench: Bench) -> None:
    bench.site.storage_jobs.append(WorldStorageJob("Repair", "Running", 40))
    seen = await bench.backend.read_maintenance(LAST)
    assert seen is not None
    assert [job.partition(" ")[0] for job in seen.storage_jobs or ()] == ["Repair"]


async def test_what_the_cluster_wants_of_placement_is_told(bench: Bench) -> None:
    site = bench.site
    site.settings.balancer_mode, site.settings.balancer_level = 1, 3
    site.settings.enforces_anti_affinity = True
    site.nodes[FIRST].fault_domain, site.nodes[FIRST].switches = "rack-1", ("A", "B")
    site.affinity_rules.append(WorldAffinityRule("apart", "DifferentNode", ("app-01", "app-02")))
    site.affinity_rules.append(WorldAffinityRule("off", "SameFaultDomain", ("app-01",), False))
    named = {vm.name: vm for vm in site.vms.values()}
    busy, loose = named["app-01"], named["app-02"]
    busy.preferred_owners, busy.anti_affinity_classes = (FIRST,), ("sql",)
    busy.processor_compatibility, busy.group_flags = True, 0x5
    loose.is_clustered, loose.switches = False, ()
    snapshot = await bench.backend.read_snapshot(BOTH)
    assert snapshot.cluster.affinity_rules == (
        AffinityRule("apart", AffinityKind.DIFFERENT_NODE, ("app-01", "app-02")),
        AffinityRule("off", AffinityKind.SAME_FAULT_DOMAIN, ("app-01",), False),
    )
    assert snapshot.cluster.balancing is BalancingMode.ON_JOIN
    assert snapshot.cluster.balancing_level == 3
    assert snapshot.cluster.enforces_anti_affinity is True
    first, second = snapshot.nodes[:2]
    assert (first.fault_domain, second.fault_domain) == ("rack-1", "")
    assert first.switches == ("A", "B")
    assert first.vm_versions == site.nodes[FIRST].vm_versions
    facts = {vm.name: vm.cluster for vm in snapshot.vms}
    one, other = facts["app-01"], facts["app-02"]
    assert one is not None
    assert other is not None
    assert (one.preferred_owners, one.anti_affinity) == ((FIRST,), ("sql",))
    assert (one.is_processor_compatible, one.group_flags, one.group) == (True, 5, "app-01")
    assert (other.is_clustered, other.group, other.group_flags) == (False, "", None)
    assert (other.switches, one.switches) == ((), busy.switches)


async def test_what_the_account_may_do_at_the_nodes_is_told(bench: Bench) -> None:
    every = {"live_migrate", "quick_migrate", "drain_node", "pause_node", "resume_node"}
    rights = (await bench.backend.read_snapshot(BOTH)).cluster.rights
    assert set(rights or ()) == every
    # An operator moves VMs and does no maintenance.
    for act in ("Suspend-TlcNode", "Resume-TlcNode", "Set-TlcNodePlacement"):
        bench.site.faults.missing_function(act)
    rights = (await bench.backend.read_snapshot(BOTH)).cluster.rights
    assert set(rights or ()) == {"live_migrate", "quick_migrate"}
    bench.site.faults.cluster_rights_untold = True
    assert (await bench.backend.read_snapshot(BOTH)).cluster.rights is None


async def test_some_vms_and_nodes_are_read_without_the_rest(bench: Bench) -> None:
    before = await bench.backend.read_snapshot(BOTH)
    vm = next(vm for vm in before.vms if vm.name == "app-01")
    owner = vm.owner_node
    assert owner is not None
    target = next(node.name for node in before.nodes if node.name != owner)
    bench.site.suspend_node(target, False)
    bench.clock.advance(5)
    some = await bench.backend.read_some([vm.key], [target])
    assert {node.name for node in some.nodes} == {owner, target}
    states = {node.name: node.state for node in some.nodes}
    assert states[target] is NodeState.PAUSED
    (fresh,) = some.vms
    assert (fresh.key, fresh.kind, fresh.azure) == (vm.key, vm.kind, vm.azure)
    assert some.cluster.parallel_migrations == before.cluster.parallel_migrations
    assert some.cluster_wire.read_at == bench.clock.now()
    everyone = await bench.backend.read_some([vm.key], [])
    assert len(everyone.nodes) == len(before.nodes)
    # More than a few of one node at once come in one list.
    many = [each.key for each in before.vms if each.owner_node == owner]
    assert {each.key for each in (await bench.backend.read_some(many, [owner])).vms} == set(many)


async def test_a_vm_that_moved_is_found_where_it_is_now(bench: Bench) -> None:
    before = await bench.backend.read_snapshot(BOTH)
    vm = next(vm for vm in before.vms if vm.name == "app-01")
    target = next(node.name for node in before.nodes if node.name != vm.owner_node)
    with bench.site.look():
        bench.site.vms[vm.key].owner = target
    some = await bench.backend.read_some([vm.key, "no such vm"], [target])
    assert [each.owner_node for each in some.vms] == [target]


async def test_an_answer_lost_after_the_act_was_sent(bench: Bench) -> None:
    spec = bench.spec()
    bench.site.faults.answer_lost_after_act = 1
    with pytest.raises(BackendError) as caught:
        await bench.backend.create_machine(spec, "op")
    assert caught.value.was_sent
    assert caught.value.fault.code is FaultCode.LOST
    found = await bench.backend.find_resource(bench.backend.resource_ids(spec)["machine"])
    assert found is not None
    assert found.operation_id == "op"


async def test_a_status_that_vanishes_is_not_taken_for_an_end(bench: Bench) -> None:
    vm = await bench.vm("app-01")
    job = await bench.backend.change_power(vm.key, PowerAction.STOP, "op")
    bench.site.faults.status_url_vanishes = True
    assert (await bench.end_of(job)).state is JobState.GONE


async def test_nothing_is_nothing(bench: Bench) -> None:
    nowhere = "00000000-0000-0000-0000-000000000000"
    assert await bench.backend.read_vm(nowhere) is None
    assert await bench.backend.find_live_migration(nowhere) is None
    assert await bench.backend.find_resource(bench.id_of("networkInterfaces", "none")) is None


async def test_what_the_account_may_do(bench: Bench) -> None:
    group = bench.site.settings.group_id
    (granted,) = await bench.backend.permissions(group) or ()
    assert (granted.actions, granted.not_actions) == (("*",), ())
    right = "Microsoft.AzureStackHCI/networkInterfaces/write"
    bench.site.faults.missing_rights = {right}
    (granted,) = await bench.backend.permissions(bench.id_of("logicalNetworks", "any")) or ()
    assert granted.not_actions == (right,)
    bench.site.faults.permissions_untold = True
    assert await bench.backend.permissions(bench.id_of("storageContainers", "any")) is None


async def test_a_quick_migration_saves_hands_over_and_resumes(bench: Bench) -> None:
    vm = next(v for v in bench.site.vms_on(FIRST) if v.state == "Running" and v.vtpm)
    job = await bench.backend.start_quick_migration(vm.vm_id, FIRST, LAST, "op-1")
    assert not job.can_cancel
    found = await bench.backend.find_quick_migration(vm.vm_id, FIRST, LAST)
    assert found is not None
    assert await bench.backend.find_live_migration(vm.vm_id) is None
    with pytest.raises(BackendError) as caught:
        await bench.backend.start_quick_migration(vm.vm_id, FIRST, LAST, "op-2")
    assert caught.value.fault.code is FaultCode.CONFLICT
    report = await bench.end_of(job)
    assert (report.state, vm.owner, vm.state) == (JobState.SUCCEEDED, LAST, "Running")
    assert bench.site.counters[f"migrate:{vm.vm_id}"] == 1
    assert await bench.backend.find_quick_migration(vm.vm_id, FIRST, LAST) is None


async def test_a_quick_migration_of_a_vm_elsewhere_is_refused(bench: Bench) -> None:
    vm = next(v for v in bench.site.vms_on(FIRST) if v.state == "Running" and v.vtpm)
    with pytest.raises(BackendError) as caught:
        await bench.backend.start_quick_migration(vm.vm_id, "LAB-N2", LAST, "op-1")
    assert caught.value.fault.code is FaultCode.CONFLICT
    assert not caught.value.was_sent
    assert bench.site.counters[f"migrate:{vm.vm_id}"] == 0


async def test_what_azure_does_not_allow_is_known_before_anybody_clicks(bench: Bench) -> None:
    instances = "Microsoft.AzureStackHCI/virtualMachineInstances"
    bench.site.faults.missing_rights = {f"{instances}/stop/action", f"{instances}/delete"}
    snapshot = await bench.backend.read_snapshot(BOTH)
    (told,) = snapshot.site.rights
    assert told.scope == bench.site.settings.group_id.lower()
    assert set(told.missing) == {"stop", "delete"}


async def test_rights_that_azure_does_not_tell_forbid_nothing(bench: Bench) -> None:
    bench.site.faults.permissions_untold = True
    assert (await bench.backend.read_snapshot(BOTH)).site.rights == ()


# -- what the cluster remembers of figures -----------------------------------------------------
async def test_a_vm_is_remembered_in_the_units_a_person_reads(bench: Bench) -> None:
    snapshot = await bench.backend.read_snapshot(BOTH)
    vm = next(vm for vm in snapshot.vms if vm.power is PowerState.RUNNING and vm.cluster)
    history = await bench.backend.read_performance(f"vm:{vm.key}", TimeFrame.DAY)
    assert (history.subject, history.frame) == (f"vm:{vm.key}", TimeFrame.DAY)
    assert [(each.title, each.unit) for each in history.series] == [
        ("CPU", "percent"),
        ("Memory assigned", "MiB"),
        ("Network", "KiB/s"),
        ("Storage", "KiB/s"),
        ("Storage latency", "ms"),
    ]
    hour = await bench.backend.read_performance(f"vm:{vm.key}", TimeFrame.HOUR)
    truth = bench.site.vms[vm.key]
    processors = bench.site.nodes[truth.owner].logical_processors
    cpu, memory = hour.series[0].values[-1], hour.series[1].values[-1]
    assert memory == pytest.approx(truth.memory_mib)
    assert cpu is not None
    # Of its node's processors, where the present figure is of its own.
    assert cpu * processors / truth.processors == pytest.approx(truth.cpu_percent, abs=13)
    steps = {b - a for a, b in itertools.pairwise(hour.series[0].times)}
    assert steps == {10.0}
    assert bench.site.now - hour.series[0].times[-1] < 10


async def test_a_node_is_remembered_and_its_death_is_a_gap(bench: Bench) -> None:
    await bench.backend.read_snapshot(BOTH)
    bench.site.faults.node_down(LAST)
    await bench.backend.read_snapshot(BOTH)
    bench.clock.advance(1200)
    bench.site.faults.node_up(LAST)
    await bench.backend.read_snapshot(BOTH)
    bench.clock.advance(600)
    history = await bench.backend.read_performance(f"node:{LAST}", TimeFrame.HOUR)
    assert [each.title for each in history.series] == ["CPU", "Memory in use", "Network"]
    longest = max(b - a for a, b in itertools.pairwise(history.series[0].times))
    assert 1100 < longest < 1300


async def test_a_dead_node_is_told_of_by_another(bench: Bench) -> None:
    await bench.backend.read_snapshot(BOTH)
    bench.site.faults.node_down(LAST)
    history = await bench.backend.read_performance(f"node:{LAST}", TimeFrame.HOUR)
    assert history.series[0].values


async def test_a_cluster_that_keeps_no_history_says_so(bench: Bench) -> None:
    await bench.backend.read_snapshot(BOTH)
    bench.site.faults.history_off()
    for subject in (f"node:{FIRST}", f"vm:{next(iter(bench.site.vms))}"):
        with pytest.raises(BackendError) as caught:
            await bench.backend.read_performance(subject, TimeFrame.DAY)
        assert caught.value.fault.code is FaultCode.REJECTED


async def test_a_vm_that_never_ran_is_remembered_by_nothing(bench: Bench) -> None:
    await bench.backend.read_snapshot(BOTH)
    off = next(vm for vm in bench.site.vms.values() if vm.state == "Off")
    history = await bench.backend.read_performance(f"vm:{off.vm_id}", TimeFrame.WEEK)
    assert history.series == ()
    with pytest.raises(BackendError) as caught:
        await bench.backend.read_performance("vm:" + "0" * 8, TimeFrame.DAY)
    assert caught.value.fault.code is FaultCode.NOT_FOUND


async def test_a_vm_that_moved_meanwhile_is_still_found(bench: Bench) -> None:
    await bench.backend.read_snapshot(BOTH)
    with bench.site.look():
        vm = next(v for v in bench.site.vms_on(FIRST) if v.state == "Running")
        vm.owner = LAST
    history = await bench.backend.read_performance(f"vm:{vm.vm_id}", TimeFrame.HOUR)
    assert history.series
