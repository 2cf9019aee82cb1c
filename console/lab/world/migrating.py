"""Live migrations: passes over memory, the short blackout, slots on both nodes, cancel, failure."""

from collections.abc import Callable
from dataclasses import dataclass

from console.lab.world.core import World
from console.lab.world.errors import WorldError
from console.lab.world.schedule import Timer
from console.lab.world.state import WorldMigration, WorldNode, WorldVm

# What every node reaches: a cluster shared volume, or a share.
_SHARED = ("c:\\clusterstorage\\", "\\\\")
BEFORE_CUTOVER = frozenset({"Queued", "Setup", "Memory", "Blackout"})


@dataclass
class _Copying:
    """The running pass of one migration."""

    timer: Timer | None = None
    started_at: float = 0.0  # of the present stretch: a pass, or what is left of it
    stretch_mib: float = 0.0
    rate: float = 0.0
    copied_before: float = 0.0
    dirtied_mib: float = 0.0  # what the VM wrote again since the pass began


class Migrations:
    """Every live migration of the cluster, at most ``parallel_migrations`` on a node."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.slow_factor = 1.0
        self.never_converging: set[str] = set()
        self.on_ended: list[Callable[[WorldMigration], None]] = []
        self._queue: list[str] = []
        self._running: dict[str, _Copying] = {}
        world.each_step(self.keep_current)

    # -- acts ----------------------------------------------------------------------------------
    def start(
        self, vm_id: str, target: str, expected_owner: str, operation_id: str
    ) -> WorldMigration:
        world = self.world
        vm = world.vm(vm_id)
        node = world.node(target)
        self.demand_owner(vm, node, expected_owner)
        self.demand_movable(vm)
        refusal = world.refusal(vm, node, world.free_mib(node.name))
        if refusal is not None:
            raise refusal
        migration = WorldMigration(
            vm.vm_id, vm.owner, node.name, operation_id, world.now, remaining_mib=vm.memory_mib
        )
        self.began(vm, migration)
        self._queue.append(vm.vm_id)
        self._fill_slots()
        return migration

    def began(self, vm: WorldVm, migration: WorldMigration) -> None:
        """Count it: a migration of either method was really started."""
        world = self.world
        world.migrations[vm.vm_id] = migration
        world.count(f"migrate:{vm.vm_id}")
        if migration.operation_id:
            world.count(f"migrate-for:{migration.operation_id}")
        vm.executed["migrate"] = vm.executed.get("migrate", 0) + 1

    def arrived(self, vm: WorldVm, migration: WorldMigration) -> None:
        """Count that the VM belongs to the target now; what a plain vTPM loses on the way."""
        world = self.world
        world.promised.pop(vm.vm_id, None)
        world.count(f"arrive:{vm.vm_id}")
        if migration.operation_id:
            world.count(f"arrive-for:{migration.operation_id}")
        if vm.vtpm and vm.isolation == "Disabled":
            # A plain vTPM does not travel: the VM comes up with an empty one.
            boots = vm.executed.get("migrate", 0)
            vm.tpm_state = f"{world.guid('tpm', vm.vm_id, boots)[:18]}.1"

    def cancel(self, vm_id: str) -> WorldMigration:
        world = self.world
        vm = world.vm(vm_id)
        migration = world.active_migration(vm.vm_id)
        if migration is None:
            raise WorldError("NotMigrating", f"{vm.name} is not migrating")
        if migration.method == "quick":
            raise WorldError("InvalidState", f"{vm.name} is migrated quickly: that runs to its end")
        if migration.phase not in BEFORE_CUTOVER:
            raise WorldError("InvalidState", f"{vm.name} already runs on {migration.target}")
        if migration.cancel_requested:
            return migration
        migration.cancel_requested = True
        world.count(f"cancel:{vm.vm_id}")
        copying = self._running.get(vm.vm_id)
        if copying is None:
            self.end(migration, "Canceled")
            return migration
        self._plan(copying, world.settings.cancel_s, lambda: self.end(migration, "Canceled"))
        return migration

    def node_lost(self, node: str) -> None:
        """A node died: what it took part in fails, unless the VM already runs elsewhere."""
        for migration in list(self.world.migrations.values()):
            ends = (migration.source, migration.target)
            if migration.ended_at is not None or migration.method != "live" or node not in ends:
                continue
            if migration.phase == "Cleanup" and node == migration.source:
                self.end(migration, "Completed")
                continue
            self.end(
                migration,
                "Failed",
                "0x80072746",
                f"node {node} was lost while {migration.phase.lower()} was going on",
            )

    def set_slow_factor(self, factor: float) -> None:
        """1.0 is the normal bandwidth, 4.0 a quarter of it; running passes feel it at once."""
        if factor <= 0:
            raise ValueError("the factor must be above 0")
        self.slow_factor = factor
        for vm_id, copying in list(self._running.items()):
            migration = self.world.migrations[vm_id]
            if migration.phase == "Memory" and not migration.cancel_requested:
                self._settle(migration, copying)
                self._stretch(migration, copying, self._left(copying))

    def queue_position(self, vm_id: str) -> int | None:
        """1 is next; None: not waiting."""
        return self._queue.index(vm_id) + 1 if vm_id in self._queue else None

    # -- slots ---------------------------------------------------------------------------------
    def slots_in_use(self, node: str) -> int:
        return sum(
            node in (self.world.migrations[vm_id].source, self.world.migrations[vm_id].target)
            for vm_id in self._running
        )

    def _fill_slots(self) -> None:
        # Looked up afresh each time: a move that fails at its start comes back in here.
        while (migration := self._next_with_slots()) is not None:
            self._queue.remove(migration.vm_id)
            self._begin(migration)

    def _next_with_slots(self) -> WorldMigration | None:
        limit = self.world.settings.parallel_migrations
        for vm_id in self._queue:
            migration = self.world.migrations[vm_id]
            ends = (migration.source, migration.target)
            if all(self.slots_in_use(node) < limit for node in ends):
                return migration
        return None

    # -- phases --------------------------------------------------------------------------------
    def _begin(self, migration: WorldMigration) -> None:
        world = self.world
        vm = world.vms[migration.vm_id]
        target = world.nodes[migration.target]
        try:
            self.demand_movable(vm)
            refusal = world.refusal(vm, target, world.free_mib(target.name))
        except WorldError as error:
            refusal = error
        if refusal is not None:
            self.end(migration, "Failed", refusal.hresult or "0x80004005", refusal.text)
            return
        world.promised[vm.vm_id] = (target.name, vm.memory_mib)
        vm.operational_status = "MigratingVirtualMachine"
        migration.phase = "Setup"
        copying = self._running[vm.vm_id] = _Copying()
        self._plan(copying, world.settings.setup_s, lambda: self._next_pass(migration, copying))

    def _next_pass(self, migration: WorldMigration, copying: _Copying) -> None:
        migration.phase = "Memory"
        migration.pass_number += 1
        copying.dirtied_mib = 0.0
        self._stretch(migration, copying, migration.remaining_mib)

    def _stretch(self, migration: WorldMigration, copying: _Copying, mib: float) -> None:
        copying.started_at = self.world.now
        copying.stretch_mib = mib
        copying.rate = self.world.settings.bandwidth_mib_s / self.slow_factor
        copying.copied_before = migration.copied_mib
        self._plan(copying, mib / copying.rate, lambda: self._end_pass(migration, copying))

    def _end_pass(self, migration: WorldMigration, copying: _Copying) -> None:
        world = self.world
        vm = world.vms[migration.vm_id]
        self._settle(migration, copying)
        left = min(float(vm.memory_mib), copying.dirtied_mib)
        if vm.vm_id in self.never_converging:
            left = max(left, 0.4 * vm.memory_mib)
        migration.remaining_mib = left
        is_small = left <= world.settings.stop_below_mib
        is_last = migration.pass_number >= world.settings.maximum_passes
        if vm.vm_id not in self.never_converging and (is_small or is_last):
            self._black_out(migration, copying)
        else:
            self._next_pass(migration, copying)

    def _black_out(self, migration: WorldMigration, copying: _Copying) -> None:
        migration.phase = "Blackout"
        migration.percent = max(migration.percent, 96)
        settings = self.world.settings
        jitter = 40.0 * self.world.chance("blackout", migration.vm_id, migration.started_at)
        rate = settings.bandwidth_mib_s / self.slow_factor
        ms = settings.blackout_base_ms + jitter + 1000.0 * migration.remaining_mib / rate
        self._plan(copying, ms / 1000.0, lambda: self._cut_over(migration, copying, ms))

    def _cut_over(self, migration: WorldMigration, copying: _Copying, blackout_ms: float) -> None:
        world = self.world
        vm = world.vms[migration.vm_id]
        vm.owner = migration.target
        self.arrived(vm, migration)
        migration.blackout_ms = round(blackout_ms, 1)
        migration.copied_mib += migration.remaining_mib
        migration.remaining_mib = 0.0
        migration.percent = max(migration.percent, 98)
        migration.phase = "Cleanup"
        self._plan(copying, world.settings.cleanup_s, lambda: self.end(migration, "Completed"))

    def end(self, migration: WorldMigration, phase: str, code: str = "", text: str = "") -> None:
        world = self.world
        copying = self._running.pop(migration.vm_id, None)
        if copying is not None and copying.timer is not None:
            copying.timer.cancel()
        if migration.vm_id in self._queue:
            self._queue.remove(migration.vm_id)
        world.promised.pop(migration.vm_id, None)
        vm = world.vms.get(migration.vm_id)
        if vm is not None and vm.operational_status == "MigratingVirtualMachine":
            vm.operational_status = "Ok"
        migration.phase = phase
        migration.failure_code, migration.failure_text = code, text
        migration.ended_at = world.now
        if phase == "Completed":
            migration.percent = 100
        world.revision += 1
        self._fill_slots()
        for told in self.on_ended:
            told(migration)

    # -- figures -------------------------------------------------------------------------------
    def keep_current(self) -> None:
        """Bring copied, remaining and percent of running passes up to now."""
        for vm_id, copying in self._running.items():
            migration = self.world.migrations[vm_id]
            if migration.phase == "Memory" and not migration.cancel_requested:
                done = self._done(copying)
                migration.copied_mib = copying.copied_before + done
                migration.remaining_mib = copying.stretch_mib - done
            elif migration.phase == "Setup":
                migration.percent = max(migration.percent, 1)
                continue
            memory = max(self.world.vms[vm_id].memory_mib, 1)
            if migration.phase == "Memory":
                share = 1.0 - min(migration.remaining_mib / memory, 1.0)
                migration.percent = max(migration.percent, int(2 + 92 * share))

    def _settle(self, migration: WorldMigration, copying: _Copying) -> None:
        """Book what the present stretch has copied so far, and what was dirtied meanwhile."""
        vm = self.world.vms[migration.vm_id]
        migration.copied_mib = copying.copied_before + self._done(copying)
        copying.dirtied_mib += vm.dirty_mib_s * (self.world.now - copying.started_at)

    def _done(self, copying: _Copying) -> float:
        return min(copying.stretch_mib, copying.rate * (self.world.now - copying.started_at))

    def _left(self, copying: _Copying) -> float:
        return copying.stretch_mib - self._done(copying)

    def _plan(self, copying: _Copying, seconds: float, act: Callable[[], None]) -> None:
        if copying.timer is not None:
            copying.timer.cancel()
        copying.timer = self.world.after(seconds, act)

    def demand_owner(self, vm: WorldVm, node: WorldNode, expected_owner: str) -> None:
        """Compare-and-move: it is where it was expected, not on its way, and not there already."""
        if self.world.active_migration(vm.vm_id) is not None:
            raise WorldError(
                "AlreadyMigrating", f"{vm.name} is already migrating", hresult="0x800700AA"
            )
        if expected_owner and vm.owner.casefold() != expected_owner.casefold():
            raise WorldError("OwnerMismatch", f"{vm.name} is on {vm.owner}, not {expected_owner}")
        if vm.owner == node.name:
            raise WorldError("InvalidState", f"{vm.name} is already on {node.name}")

    def demand_movable(self, vm: WorldVm) -> None:
        source = self.world.nodes[vm.owner]
        if source.state not in ("Up", "Paused"):
            raise WorldError("NodeNotUp", f"node {source.name} is {source.state}")
        if vm.state != "Running":
            raise WorldError(
                "InvalidState", f"{vm.name} is {vm.state}, not Running", hresult="0x0000139F"
            )
        if vm.operational_status not in ("Ok", "MigratingVirtualMachine"):
            raise WorldError("InvalidState", f"{vm.name} is busy: {vm.operational_status}")
        if vm.mounted_iso and not vm.mounted_iso.lower().startswith(_SHARED):
            raise WorldError(
                "IsoMounted",
                f"{vm.name} has {vm.mounted_iso} attached, which the target cannot reach",
                hresult="0xC03A0014",
            )
