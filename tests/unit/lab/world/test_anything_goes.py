"""Whatever operators and accidents do to a site, what must always hold holds."""

import random

import pytest

from console.lab.world.clock import MovableClock
from console.lab.world.errors import WorldError
from console.lab.world.scenarios import make_site
from console.lab.world.site import Site

_POWER = ("start", "stop", "restart", "save", "pause")


def _one_act(site: Site, chance: random.Random) -> None:
    vm = chance.choice(list(site.vms.values()))
    node, kind = chance.choice(list(site.nodes)), chance.random()
    if kind < 0.5:
        site.start_migration(vm.vm_id, node, vm.owner, "op")
    elif kind < 0.6:
        site.cancel_migration(vm.vm_id)
    elif kind < 0.75 and vm.vm_id in site.instance_of_vm:
        site.act(site.instance_of_vm[vm.vm_id], chance.choice(_POWER))
    elif kind < 0.79:
        site.suspend_node(node)
    elif kind < 0.86:
        site.resume_node(node, chance.random() < 0.5)
    elif kind < 0.88:
        site.faults.node_down(node)
    elif kind < 0.95:
        site.faults.node_up(node)
    elif kind < 0.96:
        site.faults.slow_link(chance.choice([1.0, 2.0, 5.0]))
    elif kind < 0.97 and vm.vm_id in site.instance_of_vm and len(site.vms) > 40:
        site.delete_resource(site.instance_of_vm[vm.vm_id])


def _must_hold(site: Site) -> None:
    for node in site.nodes:
        assert site.migration_plane.slots_in_use(node) <= site.settings.parallel_migrations
    for drain in site.drains.values():
        assert drain.done <= drain.total
    for vm in site.vms.values():
        migration = site.active_migration(vm.vm_id)
        is_moving = migration is not None and migration.phase != "Queued"
        assert (vm.operational_status == "MigratingVirtualMachine") == is_moving
        assert not is_moving or vm.state == "Running"
        if site.nodes[vm.owner].state == "Down":
            assert vm.state in ("Off", "Saved", "Stopping")


@pytest.mark.parametrize("seed", [0, 2, 6])
def test_soak(seed: int) -> None:
    clock, chance = MovableClock(), random.Random(seed)
    site = make_site("small", clock, seed)
    done = 0
    for _ in range(800):
        clock.advance(chance.random() * 3)
        with site.look():
            try:
                _one_act(site, chance)
                done += 1
            except WorldError:
                pass
            _must_hold(site)
    assert done > 100
    # Left alone, everything comes to rest.
    site.faults.slow_link(1.0)
    for _ in range(2):
        for node in site.nodes.values():
            site.faults.node_up(node.name)
            if node.state == "Paused":
                site.resume_node(node.name, failback=False)
        clock.advance(3000)
        with site.look():
            pass
    assert all(migration.ended_at is not None for migration in site.migrations.values())
    assert site.promised == {}
    assert site.running_operations == {}
    assert not [vm.name for vm in site.vms.values() if vm.group_state in ("Failed", "Pending")]
