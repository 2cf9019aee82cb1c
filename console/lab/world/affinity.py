"""Affinity rules at work: what a rule forbids, and VMs that follow those they belong to.

As the documents tell it: a move that breaks a rule is refused; after a move that keeps it, the
cluster moves the other groups of the rule too.
"""

import contextlib
import functools

from console.lab.world.core import World
from console.lab.world.errors import WorldError
from console.lab.world.migrating import Migrations
from console.lab.world.state import WorldMigration, WorldVm


class Affinity:
    """Has VMs of a same-node rule follow one that moved."""

    def __init__(self, world: World, migrations: Migrations) -> None:
        self.world = world
        self.migrations = migrations
        migrations.on_ended.append(self._one_moved)

    def _one_moved(self, migration: WorldMigration) -> None:
        vm = self.world.vms.get(migration.vm_id)
        if migration.phase != "Completed" or vm is None:
            return
        for other in self.world.partners(vm):
            follow = functools.partial(self._follow, vm, other)
            self.world.after(self.world.settings.affinity_follows_s, follow)

    def _follow(self, vm: WorldVm, other: WorldVm) -> None:
        world = self.world
        are_there = vm.vm_id in world.vms and other.vm_id in world.vms
        if not are_there or other.owner == vm.owner or other.state != "Running":
            return
        # A cluster that cannot bring it along leaves it where it is.
        with contextlib.suppress(WorldError):
            self.migrations.start(other.vm_id, vm.owner, other.owner, "")
