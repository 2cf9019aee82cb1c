"""Quick migrations: saved to disk, resumed on the other node; the guest stands still between.

A VM that is off or saved only changes hands. A quick migration takes no live-migration slot and
cannot be cancelled (Move-ClusterVirtualMachineRole -Cancel is for live ones).
"""

from collections.abc import Callable

from console.lab.world.core import World
from console.lab.world.errors import WorldError
from console.lab.world.migrating import Migrations
from console.lab.world.schedule import Timer
from console.lab.world.state import WorldMigration, WorldVm

_AT_REST = frozenset({"Off", "Saved"})


class QuickMigrations:
    """Every quick migration of the cluster; its record stands beside those of the live ones."""

    def __init__(self, world: World, migrations: Migrations) -> None:
        self.world = world
        self.migrations = migrations
        self._timers: dict[str, Timer] = {}
        self._paused_at: dict[str, float] = {}

    def start(
        self, vm_id: str, target: str, expected_owner: str, operation_id: str
    ) -> WorldMigration:
        world = self.world
        vm, node = world.vm(vm_id), world.node(target)
        self.migrations.demand_owner(vm, node, expected_owner)
        if vm.state not in _AT_REST:
            self.migrations.demand_movable(vm)
            refusal = world.refusal(vm, node, world.free_mib(node.name))
            if refusal is not None:
                raise refusal
        elif node.state != "Up":
            raise WorldError("NodeNotUp", f"node {node.name} is {node.state}")
        migration = WorldMigration(
            vm.vm_id, vm.owner, node.name, operation_id, world.now, method="quick"
        )
        self.migrations.began(vm, migration)
        if vm.state in _AT_REST:
            self._arrive(vm, migration)
            self._end(vm, migration, "Completed")
        else:
            world.promised[vm.vm_id] = (node.name, vm.memory_mib)
            vm.state, vm.heartbeat, vm.group_state = "Saving", "NoContact", "Pending"
            migration.phase = "Saving"
            self._paused_at[vm.vm_id] = world.now
            self._plan(vm, self._disk_s(vm), lambda: self._hand_over(vm, migration))
        return migration

    def node_lost(self, node: str) -> None:
        """The node under the VM died: what it was doing there has failed."""
        for vm_id in list(self._timers):
            vm, migration = self.world.vms[vm_id], self.world.migrations[vm_id]
            if vm.owner == node:
                text = f"node {node} was lost while {migration.phase.lower()} was going on"
                self._end(vm, migration, "Failed", "0x80072746", text)

    def _hand_over(self, vm: WorldVm, migration: WorldMigration) -> None:
        """Its memory is on disk: the group changes hands, if the target can still take it."""
        world = self.world
        target = world.nodes[migration.target]
        world.promised.pop(vm.vm_id, None)
        vm.state = "Saved"
        refusal = world.refusal(vm, target, world.free_mib(target.name))
        if refusal is None:
            self._arrive(vm, migration)
        migration.phase = "Moving" if refusal is None else "Resuming"
        # Where it cannot go it is resumed where it was.
        self._plan(vm, world.settings.quick_switch_s, lambda: self._resume(vm, migration, refusal))

    def _resume(self, vm: WorldVm, migration: WorldMigration, refusal: WorldError | None) -> None:
        vm.state, migration.phase = "Starting", "Resuming"

        def runs() -> None:
            vm.state, vm.group_state, vm.heartbeat = "Running", "Online", "OkApplicationsHealthy"
            pause = 1000.0 * (self.world.now - self._paused_at[vm.vm_id])
            migration.blackout_ms = round(pause, 1)
            if refusal is None:
                self._end(vm, migration, "Completed")
            else:
                self._end(vm, migration, "Failed", refusal.hresult or "0x80004005", refusal.text)

        self._plan(vm, self._disk_s(vm), runs)

    def _arrive(self, vm: WorldVm, migration: WorldMigration) -> None:
        vm.owner = migration.target
        self.migrations.arrived(vm, migration)

    def _end(
        self, vm: WorldVm, migration: WorldMigration, phase: str, code: str = "", text: str = ""
    ) -> None:
        timer = self._timers.pop(vm.vm_id, None)
        if timer is not None:
            timer.cancel()
        self._paused_at.pop(vm.vm_id, None)
        self.migrations.end(migration, phase, code, text)

    def _plan(self, vm: WorldVm, seconds: float, act: Callable[[], None]) -> None:
        self._timers[vm.vm_id] = self.world.after(seconds, act)

    def _disk_s(self, vm: WorldVm) -> float:
        """Seconds to write the VM's memory to its volume, or to read it again."""
        return 0.5 + vm.memory_mib / self.world.settings.quick_mib_s
