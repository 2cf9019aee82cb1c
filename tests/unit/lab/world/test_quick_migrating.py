"""Quick migrations of the simulated site: saved, handed over, resumed; the guest loses nothing."""

import pytest

from console.lab.world.clock import MovableClock
from console.lab.world.errors import WorldError
from console.lab.world.scenarios import make_site
from console.lab.world.site import Site
from console.lab.world.state import WorldVm


@pytest.fixture
def site() -> Site:
    return make_site("small", MovableClock())


def some(site: Site, state: str = "Running") -> WorldVm:
    return next(
        vm
        for vm in site.vms.values()
        if vm.state == state and not vm.mounted_iso and not vm.is_resource_bridge and vm.vtpm
    )


def other(site: Site, vm: WorldVm) -> str:
    return next(name for name in site.nodes if name != vm.owner)


def advance(site: Site, seconds: float) -> None:
    site.clock.advance(seconds)
    with site.look():
        pass


def test_it_stands_still_from_the_first_byte_to_the_last(site: Site) -> None:
    vm = some(site)
    source, target, boot = vm.owner, other(site, vm), vm.started_at
    migration = site.start_quick_migration(vm.vm_id, target, source, "op")
    phases = [migration.phase]
    for _ in range(4000):
        if migration.ended_at is not None:
            break
        advance(site, 0.05)
        if migration.phase != phases[-1]:
            phases.append(migration.phase)
    assert phases == ["Saving", "Moving", "Resuming", "Completed"]
    assert (vm.owner, vm.state, vm.group_state, vm.started_at) == (
        target,
        "Running",
        "Online",
        boot,
    )
    rate = site.settings.quick_mib_s
    expected = 1000 * (2 * (0.5 + vm.memory_mib / rate) + site.settings.quick_switch_s)
    assert migration.blackout_ms == pytest.approx(expected, rel=0.01)
    assert not site.promised
    assert site.counters[f"arrive:{vm.vm_id}"] == 1


def test_it_takes_no_slot_and_cannot_be_cancelled(site: Site) -> None:
    vm = some(site)
    site.start_quick_migration(vm.vm_id, other(site, vm), vm.owner, "op")
    assert site.migration_plane.slots_in_use(vm.owner) == 0
    with pytest.raises(WorldError) as caught:
        site.cancel_migration(vm.vm_id)
    assert caught.value.code == "InvalidState"
    with pytest.raises(WorldError) as caught:
        site.start_migration(vm.vm_id, other(site, vm), vm.owner, "another")
    assert caught.value.code == "AlreadyMigrating"


def test_one_that_is_off_changes_hands_at_once(site: Site) -> None:
    vm = some(site, "Off")
    target = other(site, vm)
    migration = site.start_quick_migration(vm.vm_id, target, vm.owner, "op")
    assert (migration.phase, vm.owner, vm.state) == ("Completed", target, "Off")


def test_a_drain_waits_for_one_that_is_on_its_way(site: Site) -> None:
    vm = some(site)
    source, target = vm.owner, other(site, vm)
    site.start_quick_migration(vm.vm_id, target, source, "op")
    drain = site.suspend_node(source, True, "drain")
    for _ in range(600):
        advance(site, 1.0)
    assert drain is not None
    assert drain.status == "Completed"
    assert not site.vms_on(source)
    assert site.counters[f"migrate:{vm.vm_id}"] == 1


@pytest.mark.parametrize(
    ("target", "owner", "code"),
    [("LAB-N9", "", "NodeNotFound"), ("", "LAB-N9", "OwnerMismatch"), (None, "", "InvalidState")],
)
def test_it_refuses_as_the_live_one_does(
    site: Site, target: str | None, owner: str, code: str
) -> None:
    vm = some(site)
    where = vm.owner if target is None else target or other(site, vm)
    with pytest.raises(WorldError) as caught:
        site.start_quick_migration(vm.vm_id, where, owner or vm.owner, "op")
    assert caught.value.code == code
    assert site.migration(vm.vm_id) is None
