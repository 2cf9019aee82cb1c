"""What befalls nodes: death and return, failover of their VMs, maintenance with drain and failback.

Words and flags are those of failover clustering (CLUSTER_NODE_STATUS, CLUSTER_NODE_DRAIN_STATUS).
"""

import functools

from console.lab.world.core import World
from console.lab.world.errors import WorldError
from console.lab.world.migrating import Migrations
from console.lab.world.power import Power
from console.lab.world.quick_migrating import QuickMigrations
from console.lab.world.state import WorldDrain, WorldMigration, WorldVm

ISOLATED, QUARANTINED = 0x1, 0x2
DRAINING, DRAINED, DRAIN_FAILED = 0x4, 0x8, 0x10
_DRAIN_FLAGS = DRAINING | DRAINED | DRAIN_FAILED


class NodeLife:
    """Nodes going down, coming up, being suspended and resumed."""

    def __init__(
        self, world: World, migrations: Migrations, quick: QuickMigrations, power: Power
    ) -> None:
        self.world = world
        self.migrations = migrations
        self.quick = quick
        self.power = power
        self._left_by_drain: dict[str, list[str]] = {}
        self._unplaced: list[str] = []  # VMs that no node could take after a failover
        migrations.on_ended.append(self._one_moved)

    # -- death and return ----------------------------------------------------------------------
    def down(self, name: str) -> None:
        node = self.world.node(name)
        if node.state == "Down":
            return
        node.state, node.status_flags = "Down", 0
        self.world.count(f"node_down:{node.name}")
        drain = self.world.drains.get(node.name)
        if drain is not None and drain.ended_at is None:
            self._end_drain(drain, "Failed", f"node {node.name} was lost")
        self.quick.node_lost(node.name)
        self.migrations.node_lost(node.name)
        for vm in self.world.vms_on(node.name):
            was_on = vm.state not in ("Off", "Saved")
            self.power.power_lost(vm)
            vm.group_state = "Pending" if was_on else "Offline"
            self.world.after(
                self.world.settings.failover_s, functools.partial(self._fail_over, vm, was_on)
            )

    def up(self, name: str) -> None:
        node = self.world.node(name)
        if node.state != "Down":
            return
        node.state, node.status_flags = "Joining", 0
        self.world.count(f"node_up:{node.name}")

        def joined() -> None:
            if node.state == "Joining":
                node.state, node.drain_status = "Up", "NotInitiated"
                waiting, self._unplaced = self._unplaced, []
                for vm_id in waiting:
                    if vm_id in self.world.vms:
                        self._fail_over(self.world.vms[vm_id], True)

        self.world.after(self.world.settings.joining_s, joined)

    def _fail_over(self, vm: WorldVm, restart: bool) -> None:
        world = self.world
        is_gone = vm.vm_id not in world.vms
        if is_gone or self.power.is_busy(vm) or vm.state not in ("Off", "Saved"):
            return  # somebody was faster than the failover
        if not restart:
            others = [node for node in world.nodes.values() if node.state == "Up"]
            if others and world.nodes[vm.owner].state == "Down":
                vm.owner = min(others, key=lambda node: node.name).name
            return
        target = world.best_node(vm)
        if target is None:
            vm.state, vm.group_state = "Off", "Failed"
            self._unplaced.append(vm.vm_id)
            return
        vm.owner = target.name
        world.count(f"failover:{vm.vm_id}")
        vm.executed["failover"] = vm.executed.get("failover", 0) + 1
        self.power.boot(vm, lambda _reason: None)

    # -- maintenance ---------------------------------------------------------------------------
    def suspend(self, name: str, drain: bool, operation_id: str) -> WorldDrain | None:
        node = self.world.node(name)
        running = self.world.drains.get(node.name)
        if node.state == "Paused" and running is not None and running.ended_at is None:
            raise WorldError("AlreadyDraining", f"node {node.name} is already draining")
        if node.state not in ("Up", "Paused"):
            raise WorldError("NodeNotUp", f"node {node.name} is {node.state}")
        node.state = "Paused"
        self.world.count(f"suspend:{node.name}")
        if not drain:
            return None
        node.status_flags = node.status_flags & ~_DRAIN_FLAGS | DRAINING
        node.drain_status = "InProgress"
        self._left_by_drain[node.name] = []
        waiting = [vm.vm_id for vm in self.world.vms_on(node.name)]
        return self._begin_moves(
            WorldDrain(node.name, "drain", operation_id, self.world.now), waiting
        )

    def resume(self, name: str, failback: bool, operation_id: str) -> WorldDrain | None:
        node = self.world.node(name)
        if node.state != "Paused":
            raise WorldError("InvalidState", f"node {node.name} is {node.state}, not Paused")
        drain = self.world.drains.get(node.name)
        if drain is not None and drain.ended_at is None:
            self._end_drain(drain, "Canceled", "the node was resumed")
        node.state, node.drain_status = "Up", "NotInitiated"
        node.status_flags &= ~_DRAIN_FLAGS
        self.world.count(f"resume:{node.name}")
        gone = self._left_by_drain.pop(node.name, [])
        waiting = [
            vm_id
            for vm_id in gone
            if vm_id in self.world.vms and self.world.vms[vm_id].owner != node.name
        ]
        if not failback or not waiting:
            return None
        return self._begin_moves(
            WorldDrain(node.name, "failback", operation_id, self.world.now), waiting
        )

    # -- one VM after the other ----------------------------------------------------------------
    def _begin_moves(self, drain: WorldDrain, waiting: list[str]) -> WorldDrain:
        drain.waiting, drain.total = waiting, len(waiting)
        self.world.drains[drain.node] = drain
        self._move_next(drain)
        return drain

    def _move_next(self, drain: WorldDrain) -> None:
        while drain.waiting and drain.ended_at is None and not drain.moving:
            vm = self.world.vms.get(drain.waiting.pop(0))
            if vm is None or (vm.owner == drain.node) == (drain.kind == "failback"):
                drain.done += 1
            elif vm.state in ("Off", "Saved"):
                self._hand_over(drain, vm)
            elif self.world.active_migration(vm.vm_id) is not None:
                drain.moving = vm.vm_id
            else:
                self._move(drain, vm)
        if drain.waiting or drain.moving or drain.ended_at is not None:
            return
        late = self.world.vms_on(drain.node) if drain.kind == "drain" else []
        if late:  # a move to this node was on its way when the drain began
            drain.waiting.extend(vm.vm_id for vm in late)
            drain.total += len(late)
            self._move_next(drain)
        else:
            self._end_drain(drain, "Completed")

    def _move(self, drain: WorldDrain, vm: WorldVm) -> None:
        is_drain = drain.kind == "drain"
        target = self.world.best_node(vm, without=drain.node) if is_drain else None
        if is_drain and target is None:
            self._end_drain(drain, "Failed", f"no node can take {vm.name}")
            return
        try:
            drain.moving = vm.vm_id
            self.migrations.start(
                vm.vm_id,
                target.name if target is not None else drain.node,
                vm.owner,
                f"{drain.kind}:{drain.operation_id or drain.node}",
            )
        except WorldError as error:
            drain.moving = ""
            if is_drain:
                self._end_drain(drain, "Failed", f"{vm.name}: {error.text}")
            else:
                drain.failure_text = f"{vm.name} stays on {vm.owner}: {error.text}"

    def _hand_over(self, drain: WorldDrain, vm: WorldVm) -> None:
        """A group that is offline changes hands at once."""
        if drain.kind == "failback":
            vm.owner = drain.node
        else:
            others = [n for n in self.world.nodes.values() if n.state == "Up"]
            if not others:
                self._end_drain(drain, "Failed", f"no node can take {vm.name}")
                return
            vm.owner = max(others, key=lambda n: (self.world.free_mib(n.name), n.name)).name
            self._left_by_drain.setdefault(drain.node, []).append(vm.vm_id)
        drain.done += 1

    def _one_moved(self, migration: WorldMigration) -> None:
        for drain in list(self.world.drains.values()):
            if drain.ended_at is not None or drain.moving != migration.vm_id:
                continue
            drain.moving = ""
            vm = self.world.vms.get(migration.vm_id)
            if migration.phase == "Completed":
                if vm is not None and drain.kind == "drain" and vm.owner == drain.node:
                    # Somebody moved it here meanwhile: it has still to go.
                    drain.waiting.insert(0, vm.vm_id)
                else:
                    drain.done += 1
                    if drain.kind == "drain":
                        self._left_by_drain.setdefault(drain.node, []).append(migration.vm_id)
            elif drain.kind == "drain":
                name = vm.name if vm is not None else migration.vm_id
                reason = migration.failure_text or migration.phase
                self._end_drain(drain, "Failed", f"{name} did not leave: {reason}")
            self._move_next(drain)

    def _end_drain(self, drain: WorldDrain, status: str, text: str = "") -> None:
        drain.status, drain.ended_at = status, self.world.now
        drain.failure_text = text or drain.failure_text
        self.world.revision += 1
        node = self.world.nodes[drain.node]
        if drain.kind != "drain":
            return
        node.drain_status = {"Completed": "Completed", "Failed": "Failed"}.get(
            status, "NotInitiated"
        )
        flag = {"Completed": DRAINED, "Failed": DRAIN_FAILED}.get(status, 0)
        node.status_flags = node.status_flags & ~_DRAIN_FLAGS | flag
        moving = self.world.active_migration(drain.moving) if drain.moving else None
        if moving is not None and moving.phase in ("Queued", "Setup", "Memory"):
            self.migrations.cancel(moving.vm_id)
        drain.moving = ""
