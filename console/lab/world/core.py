"""The world's data and time, under everything that happens in it."""

import contextlib
import hashlib
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator

from console.lab.world.clock import Clock
from console.lab.world.errors import WorldError
from console.lab.world.schedule import Schedule, Timer
from console.lab.world.settings import SiteSettings
from console.lab.world.state import (
    ArmOperation,
    ArmResource,
    WorldAffinityRule,
    WorldDrain,
    WorldHealthFault,
    WorldMigration,
    WorldNode,
    WorldStorageJob,
    WorldVm,
    WorldVolume,
)

# Hyper-V states in which a VM holds memory on its node.
HOLDS_MEMORY = frozenset(
    {"Running", "Starting", "Stopping", "Paused", "Pausing", "Resuming", "Saving",
     "PausedCritical", "RunningCritical"}
)  # fmt: skip


class World:
    """Nodes, VMs, resources and the running clock; the rooms of the site act on it."""

    def __init__(self, clock: Clock, seed: int, settings: SiteSettings) -> None:
        self.lock = threading.RLock()
        self.name = settings.cluster_name
        self.clock = clock
        self.seed = seed
        self.settings = settings
        self.now = clock.now()
        self.revision = 0
        self.nodes: dict[str, WorldNode] = {}
        self.vms: dict[str, WorldVm] = {}
        self.volumes: dict[str, WorldVolume] = {}
        self.migrations: dict[str, WorldMigration] = {}
        self.drains: dict[str, WorldDrain] = {}
        self.resources: dict[str, ArmResource] = {}
        self.operations: dict[str, ArmOperation] = {}
        # Lower-case resource id -> the operation that goes on on it.
        self.running_operations: dict[str, ArmOperation] = {}
        self.health_faults: list[WorldHealthFault] = []
        self.storage_jobs: list[WorldStorageJob] = []
        self.affinity_rules: list[WorldAffinityRule] = []
        self.counters: Counter[str] = Counter()
        # Lower-case instance id -> vm id, and back with the id as created.
        self.vm_of_instance: dict[str, str] = {}
        self.instance_of_vm: dict[str, str] = {}
        # Free memory promised to moves and creations that have not arrived yet, by vm id.
        self.promised: dict[str, tuple[str, int]] = {}
        self._schedule = Schedule()
        # Rooms that keep figures current (progress, noise) after time moved.
        self._on_step: list[Callable[[], None]] = []

    # -- time ----------------------------------------------------------------------------------
    @contextlib.contextmanager
    def look(self) -> Iterator[None]:
        """Hold the lock with everything brought up to now."""
        with self.lock:
            self._advance(self.clock.now())
            yield

    def _advance(self, until: float) -> None:
        while (timer := self._schedule.pop_due(until)) is not None:
            self.now = max(self.now, timer.at)
            self.revision += 1
            timer.act()
        self.now = max(self.now, until)
        for keep_current in self._on_step:
            keep_current()

    def after(self, seconds: float, act: Callable[[], None]) -> Timer:
        """Plan ``act`` for ``seconds`` of the world's time from now."""
        return self._schedule.at(self.now + max(seconds, 0.0), act)

    def each_step(self, keep_current: Callable[[], None]) -> None:
        """Call ``keep_current`` whenever time moved, after the events."""
        self._on_step.append(keep_current)

    # -- chance, the same for the same seed ----------------------------------------------------
    def chance(self, *about: object) -> float:
        """A number in [0, 1) that depends on the seed and on what it is about, on nothing else."""
        text = "\x1f".join(str(part) for part in (self.seed, *about))
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=6).digest()) / 2**48

    def guid(self, *about: object) -> str:
        text = "\x1f".join(str(part) for part in (self.seed, *about))
        digest = hashlib.blake2b(text.encode(), digest_size=16).digest()
        return str(uuid.UUID(bytes=digest, version=4))

    # -- look-ups ------------------------------------------------------------------------------
    def count(self, act: str) -> None:
        """An act was really executed: changes the revision."""
        self.counters[act] += 1
        self.revision += 1

    def node(self, name: str) -> WorldNode:
        for known, node in self.nodes.items():
            if known.casefold() == name.casefold():
                return node
        raise WorldError("NodeNotFound", f"there is no node {name!r}", status=404)

    def vm(self, vm_id: str) -> WorldVm:
        found = self.vms.get(vm_id.lower())
        if found is None:
            raise WorldError("VmNotFound", f"there is no VM with id {vm_id}", status=404)
        return found

    def vms_on(self, node: str) -> list[WorldVm]:
        return [vm for vm in self.vms.values() if vm.owner == node]

    def active_migration(self, vm_id: str) -> WorldMigration | None:
        migration = self.migrations.get(vm_id)
        return migration if migration is not None and migration.ended_at is None else None

    # -- memory --------------------------------------------------------------------------------
    def free_by_node(self) -> dict[str, int]:
        """MiB that each node could still give to VMs, promises counted."""
        free = {name: node.memory_mib - node.host_reserve_mib for name, node in self.nodes.items()}
        for vm in self.vms.values():
            if vm.state in HOLDS_MEMORY:
                free[vm.owner] -= vm.memory_mib
        for node, mib in self.promised.values():
            free[node] -= mib
        return free

    def free_mib(self, node: str) -> int:
        return self.free_by_node()[node]

    def refusal(self, vm: WorldVm, node: WorldNode, free_mib: int) -> WorldError | None:
        """Why ``node`` cannot run this VM, or None."""
        if node.state != "Up":
            return WorldError("NodeNotUp", f"node {node.name} is {node.state}")
        if vm.possible_owners and node.name not in vm.possible_owners:
            return WorldError(
                "NotPossibleOwner",
                f"node {node.name} is not a possible owner of {vm.name}",
                hresult="0x80071398",
            )
        rule = self.broken_rule(vm, node)
        if rule is not None:
            return WorldError("ClusterRefused", f"the affinity rule {rule.name} forbids it")
        missing = [name for name in vm.switches if name not in node.switches]
        if missing:
            text = f"event 21125: node {node.name} has no virtual switch {missing[0]}"
            return WorldError("ClusterRefused", text)
        if vm.configuration_version not in node.vm_versions:
            text = f"event 10698: node {node.name} does not run version {vm.configuration_version}"
            return WorldError("ClusterRefused", text)
        if vm.isolation == "TrustedLaunch" and node.igvm_agent != "Running":
            return WorldError("NoIgvmAgent", f"IgvmAgent does not run on node {node.name}")
        if free_mib < vm.memory_mib:
            return WorldError(
                "InsufficientMemory",
                f"node {node.name} has {free_mib} MiB free, {vm.name} needs {vm.memory_mib} MiB",
                hresult="0x800705AA",
            )
        return None

    def broken_rule(self, vm: WorldVm, node: WorldNode) -> WorldAffinityRule | None:
        """The enabled rule that keeps this VM off the node because of one that is there."""
        here = node.fault_domain or node.name
        for rule in self._rules_of(vm):
            for other in self.vms.values():
                if other is vm or other.name not in rule.groups:
                    continue
                home = self.nodes[other.owner]
                is_broken = (rule.rule_type == "DifferentNode" and home is node) or (
                    rule.rule_type == "DifferentFaultDomain"
                    and (home.fault_domain or home.name) == here
                )
                if is_broken:
                    return rule
        return None

    def partners(self, vm: WorldVm) -> list[WorldVm]:
        """The VMs that a rule keeps on one node with this one."""
        together = [rule for rule in self._rules_of(vm) if rule.rule_type == "SameNode"]
        return [
            other
            for other in self.vms.values()
            if other is not vm and any(other.name in rule.groups for rule in together)
        ]

    def _rules_of(self, vm: WorldVm) -> list[WorldAffinityRule]:
        return [r for r in self.affinity_rules if r.is_enabled and vm.name in r.groups]

    def best_node(self, vm: WorldVm, without: str = "") -> WorldNode | None:
        """The node with most free memory that can run this VM."""
        free = self.free_by_node()
        fitting = [
            node
            for name, node in self.nodes.items()
            if name != without and self.refusal(vm, node, free[name]) is None
        ]
        return max(fitting, key=lambda node: (free[node.name], node.name), default=None)
