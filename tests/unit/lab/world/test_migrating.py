from collections.abc import Callable

import pytest

from console.lab.world.clock import MovableClock
from console.lab.world.errors import WorldError
from console.lab.world.scenarios import make_site
from console.lab.world.site import Site
from console.lab.world.state import WorldMigration, WorldVm

PassTime = Callable[[float], None]


def _vm_on(site: Site, node: str, number: int = 0) -> WorldVm:
    fitting = [
        vm
        for vm in site.vms_on(node)
        if vm.state == "Running" and not vm.mounted_iso and vm.isolation == "TrustedLaunch"
    ]
    return fitting[number]


def _start(site: Site, vm: WorldVm, target: str = "LAB-N4") -> WorldMigration:
    return site.start_migration(vm.vm_id, target, vm.owner, f"op-{vm.name}")


def test_migration_moves_the_vm_with_its_tpm_state(site: Site, pass_time: PassTime) -> None:
    vm = _vm_on(site, "LAB-N1")
    vm.memory_mib, vm.dirty_mib_s, before = 8192, 40.0, vm.tpm_state
    migration = _start(site, vm)
    assert (migration.phase, migration.source, vm.owner) == ("Setup", "LAB-N1", "LAB-N1")
    assert vm.operational_status == "MigratingVirtualMachine"
    pass_time(60)
    assert migration.phase == "Completed"
    assert migration.percent == 100
    assert 6 <= migration.ended_at - migration.started_at <= 10  # type: ignore[operator]
    assert vm.owner == "LAB-N4"
    assert vm.tpm_state == before
    assert (vm.state, vm.operational_status) == ("Running", "Ok")
    assert migration.blackout_ms is not None
    assert 50 < migration.blackout_ms < 1000
    assert site.counters[f"migrate:{vm.vm_id}"] == site.counters[f"arrive:{vm.vm_id}"] == 1


def test_percent_never_goes_back_and_more_is_copied_than_there_is_memory(
    site: Site, pass_time: PassTime
) -> None:
    vm = _vm_on(site, "LAB-N1")
    vm.memory_mib, vm.dirty_mib_s = 16384, 500.0
    migration = _start(site, vm)
    seen: list[tuple[int, int, float]] = []
    while migration.ended_at is None and len(seen) < 500:
        pass_time(0.2)
        seen.append((migration.percent, migration.pass_number, migration.remaining_mib))
    percents = [percent for percent, _, _ in seen]
    assert percents == sorted(percents)
    assert len(set(percents)) > 20
    assert migration.pass_number > 2
    assert migration.copied_mib > vm.memory_mib
    # Each pass begins with what was dirtied during the one before: less and less.
    begins = [max(left for _, number, left in seen if number == n) for n in (1, 2, 3)]
    assert begins == sorted(begins, reverse=True)


def test_a_vm_that_writes_too_fast_is_stopped_for_the_last_copy(
    site: Site, pass_time: PassTime
) -> None:
    vm = _vm_on(site, "LAB-N1")
    vm.memory_mib, vm.dirty_mib_s = 8192, 5000.0
    migration = _start(site, vm)
    pass_time(600)
    assert migration.phase == "Completed"
    assert migration.pass_number == site.settings.maximum_passes
    assert migration.blackout_ms is not None
    assert migration.blackout_ms > 3000


def test_slots_count_on_both_nodes_and_the_rest_waits_in_order(
    site: Site, pass_time: PassTime
) -> None:
    three = [_vm_on(site, "LAB-N1", number) for number in range(3)]
    migrations = [_start(site, vm) for vm in three]
    elsewhere = _vm_on(site, "LAB-N2")
    to_full_node = site.start_migration(elsewhere.vm_id, "LAB-N1", "LAB-N2", "op")
    free_pair = _start(site, _vm_on(site, "LAB-N3"), "LAB-N2")
    assert [m.phase for m in migrations] == ["Setup", "Setup", "Queued"]
    assert to_full_node.phase == "Queued"
    assert free_pair.phase == "Setup"
    assert site.migration_plane.queue_position(three[2].vm_id) == 1
    assert site.migration_plane.queue_position(elsewhere.vm_id) == 2
    most = 0
    for _ in range(200):
        pass_time(0.5)
        most = max(most, site.migration_plane.slots_in_use("LAB-N1"))
    assert most == site.settings.parallel_migrations == 2
    assert {vm.owner for vm in three} == {"LAB-N4"}
    assert elsewhere.owner == "LAB-N1"


@pytest.mark.parametrize("after", [0.0, 0.3, 2.0])
def test_cancel_before_cutover_leaves_the_vm_where_it_was(
    site: Site, pass_time: PassTime, after: float
) -> None:
    vm = _vm_on(site, "LAB-N1")
    migration = _start(site, vm)
    pass_time(after)
    site.cancel_migration(vm.vm_id)
    pass_time(60)
    assert migration.phase == "Canceled"
    assert (vm.owner, vm.state, vm.operational_status) == ("LAB-N1", "Running", "Ok")
    assert site.migration_plane.slots_in_use("LAB-N1") == 0
    with pytest.raises(WorldError, match="NotMigrating"):
        site.cancel_migration(vm.vm_id)


def test_cancel_in_the_queue_and_in_the_blackout(site: Site, pass_time: PassTime) -> None:
    waiting = [_vm_on(site, "LAB-N1", number) for number in range(3)]
    queued = [_start(site, vm) for vm in waiting][2]
    site.cancel_migration(waiting[2].vm_id)
    assert queued.phase == "Canceled"
    first = site.migrations[waiting[0].vm_id]
    while first.phase != "Blackout":
        pass_time(0.02)
    site.cancel_migration(waiting[0].vm_id)
    pass_time(5)
    assert first.phase == "Canceled"
    assert waiting[0].owner == "LAB-N1"


def test_after_cutover_it_is_too_late(site: Site, pass_time: PassTime) -> None:
    vm = _vm_on(site, "LAB-N1")
    migration = _start(site, vm)
    while migration.phase != "Cleanup":
        pass_time(0.05)
    assert vm.owner == "LAB-N4"
    with pytest.raises(WorldError, match="InvalidState"):
        site.cancel_migration(vm.vm_id)


def test_target_dies_mid_pass(site: Site, pass_time: PassTime) -> None:
    vm = _vm_on(site, "LAB-N1")
    before = vm.tpm_state
    migration = _start(site, vm)
    pass_time(2)
    assert migration.phase == "Memory"
    site.faults.node_down("LAB-N4")
    assert (migration.phase, migration.failure_code) == ("Failed", "0x80072746")
    pass_time(30)
    assert (vm.owner, vm.state, vm.tpm_state) == ("LAB-N1", "Running", before)


def test_source_dies_mid_pass_and_the_vm_restarts_elsewhere(
    site: Site, pass_time: PassTime
) -> None:
    vm = _vm_on(site, "LAB-N1")
    secret, boots = vm.tpm_state.split(".")
    migration = _start(site, vm)
    pass_time(2)
    site.faults.node_down("LAB-N1")
    assert migration.phase == "Failed"
    assert (vm.state, vm.owner) == ("Off", "LAB-N1")
    pass_time(30)
    assert vm.owner in ("LAB-N2", "LAB-N3", "LAB-N4")
    assert (vm.state, vm.heartbeat) == ("Running", "OkApplicationsHealthy")
    assert vm.tpm_state == f"{secret}.{int(boots) + 1}"
    assert site.counters[f"failover:{vm.vm_id}"] == 1


def test_a_plain_vtpm_does_not_travel(site: Site, pass_time: PassTime) -> None:
    vm = _vm_on(site, "LAB-N1")
    vm.isolation, before = "Disabled", vm.tpm_state
    _start(site, vm)
    pass_time(60)
    assert vm.owner == "LAB-N4"
    assert vm.tpm_state
    assert vm.tpm_state != before


def test_refusals(site: Site) -> None:
    vm = _vm_on(site, "LAB-N1")

    def refused(code: str, target: str = "LAB-N4", owner: str = "LAB-N1") -> None:
        with pytest.raises(WorldError) as caught:
            site.start_migration(vm.vm_id, target, owner, "op")
        assert caught.value.code == code

    refused("NodeNotFound", target="LAB-N9")
    refused("OwnerMismatch", owner="LAB-N2")
    refused("InvalidState", target="LAB-N1")
    vm.state = "Off"
    refused("InvalidState")
    vm.state, vm.mounted_iso = "Running", "x.iso"
    refused("IsoMounted")
    vm.mounted_iso, vm.possible_owners = "", ("LAB-N1", "LAB-N2")
    refused("NotPossibleOwner")
    vm.possible_owners = ()
    vm.memory_mib = 600 * 1024
    refused("InsufficientMemory")
    vm.memory_mib = 8192
    site.faults.igvm_agent("LAB-N4", "Stopped")
    refused("NoIgvmAgent")
    site.faults.igvm_agent("LAB-N4", "Running")
    site.nodes["LAB-N4"].state = "Paused"
    refused("NodeNotUp")
    site.nodes["LAB-N4"].state = "Up"
    assert site.counters[f"migrate:{vm.vm_id}"] == 0
    _start(site, vm)
    refused("AlreadyMigrating")


def test_a_queued_move_is_checked_again_when_its_turn_comes(
    site: Site, pass_time: PassTime
) -> None:
    three = [_vm_on(site, "LAB-N1", number) for number in range(3)]
    for vm in three:
        vm.memory_mib = 8192
    last = [_start(site, vm) for vm in three][2]
    three[2].memory_mib = 600 * 1024
    pass_time(60)
    assert (last.phase, last.failure_code) == ("Failed", "0x800705AA")
    assert three[2].owner == "LAB-N1"


def test_memory_promised_to_running_moves_is_not_given_twice(site: Site) -> None:
    one, two = _vm_on(site, "LAB-N1"), _vm_on(site, "LAB-N2")
    one.memory_mib = two.memory_mib = 8192
    node = site.nodes["LAB-N4"]
    node.memory_mib -= site.free_mib("LAB-N4") - 12 * 1024
    _start(site, one)
    with pytest.raises(WorldError, match="InsufficientMemory"):
        _start(site, two)


def test_slow_link_and_never_converging(site: Site, pass_time: PassTime) -> None:
    slow, never = _vm_on(site, "LAB-N1"), _vm_on(site, "LAB-N2")
    slow.memory_mib = 8192
    migration = _start(site, slow)
    pass_time(2)
    site.faults.slow_link(10.0)
    site.faults.migration_never_converges(never.name)
    stuck = _start(site, never)
    pass_time(20)
    assert migration.phase == "Memory"
    site.faults.slow_link(1.0)
    pass_time(12)
    assert migration.phase == "Completed"
    pass_time(600)
    assert stuck.phase == "Memory"
    assert stuck.percent < 96
    site.cancel_migration(never.vm_id)
    pass_time(1)
    assert stuck.phase == "Canceled"


def test_same_seed_same_history_however_time_is_cut() -> None:
    def history(step: float) -> list[object]:
        clock = MovableClock()
        site = make_site("small", clock, seed=7)
        for number in range(4):
            vm = _vm_on(site, "LAB-N1", number)
            site.start_migration(vm.vm_id, "LAB-N3", "LAB-N1", f"op-{number}")
        for _ in range(round(60 / step)):
            clock.advance(step)
            with site.look():
                pass
        return [
            (m.vm_id, m.phase, m.ended_at and round(m.ended_at, 6), m.blackout_ms, m.pass_number)
            for m in site.migrations.values()
        ]

    assert history(0.25) == history(0.25)
    assert history(0.25) == history(60.0)
