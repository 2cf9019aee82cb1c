"""The simulated site as its two servers, its controls and tests see it: one lock, lazy time."""

from typing import Any

from console.lab.world.affinity import Affinity
from console.lab.world.azure_plane import AzurePlane
from console.lab.world.bodies import Bodies, properties_of
from console.lab.world.clock import Clock
from console.lab.world.core import World
from console.lab.world.errors import WorldError
from console.lab.world.faults import Faults
from console.lab.world.fleet import Fleet
from console.lab.world.history import PerformanceHistory
from console.lab.world.metrics import Metrics
from console.lab.world.migrating import Migrations
from console.lab.world.node_life import NodeLife
from console.lab.world.power import Power
from console.lab.world.quick_migrating import QuickMigrations
from console.lab.world.settings import SiteSettings
from console.lab.world.state import (
    ArmOperation,
    ArmResource,
    WorldDrain,
    WorldMigration,
    WorldVm,
    WorldVolume,
)

__all__ = ["Site", "SiteSettings", "WorldError"]


class Site(World):
    """One cluster and its projection in Azure.

    Every method takes the lock, brings the world up to ``clock.now()``, then acts or answers.
    To read attributes (``nodes``, ``vms``, ``migrations``, ``drains``, ``resources``,
    ``operations``, ``settings``, ``faults``, ``counters``) consistently: ``with site.look(): ...``.
    Counters: ``migrate:<vm_id>``, ``arrive:<vm_id>``, ``cancel:<vm_id>``, ``failover:<vm_id>``,
    ``start|stop|restart|pause|save:<vm_id>``, ``create:<vm name>``, ``put|patch|delete:<lower-case
    arm id>``, ``suspend|resume:<node>``.
    """

    def __init__(self, clock: Clock, seed: int = 1, settings: SiteSettings | None = None) -> None:
        super().__init__(clock, seed, settings or SiteSettings())
        self.power_plane = Power(self)
        self.migration_plane = Migrations(self)
        self.affinity = Affinity(self, self.migration_plane)
        self.quick_plane = QuickMigrations(self, self.migration_plane)
        self.node_life = NodeLife(self, self.migration_plane, self.quick_plane, self.power_plane)
        self.faults = Faults(self, self.migration_plane, self.node_life)
        self.bodies = Bodies(self, self.faults)
        self.azure_plane = AzurePlane(self, self.faults, self.power_plane, self.bodies)
        self.figures = Metrics(self)
        self.history = PerformanceHistory(self, self.figures)
        # Clusters elsewhere that only Azure tells of; most sites stand alone.
        self.fleet: Fleet | None = None

    def volume_of(self, vm: WorldVm) -> WorldVolume | None:
        """The shared volume it lies on: by its own word, else by its storage path in Azure."""
        if vm.volume:
            return self.volumes.get(vm.volume)
        instance = self.resources.get(self.instance_of_vm.get(vm.vm_id, "").lower())
        wanted = ""
        if instance is not None:
            storage = properties_of(instance.body).get("storageProfile") or {}
            wanted = str(storage.get("vmConfigStoragePathId") or "").lower()
        volumes = self.volumes.values()
        found = next((v for v in volumes if v.storage_path.lower() == wanted), None)
        return found or next(iter(volumes), None)

    # -- cluster plane -------------------------------------------------------------------------
    def start_migration(
        self, vm_id: str, target: str, expected_owner: str, operation_id: str
    ) -> WorldMigration:
        """Compare-and-move; queued while a node's slots are full.

        Refuses with VmNotFound, NodeNotFound, AlreadyMigrating, OwnerMismatch, InvalidState,
        IsoMounted, NodeNotUp, NotPossibleOwner, NoIgvmAgent, InsufficientMemory.
        """
        with self.look():
            return self.migration_plane.start(vm_id, target, expected_owner, operation_id)

    def start_quick_migration(
        self, vm_id: str, target: str, expected_owner: str, operation_id: str
    ) -> WorldMigration:
        """Saved, handed over, resumed; a VM that is off changes hands. Refuses as the live one."""
        with self.look():
            return self.quick_plane.start(vm_id, target, expected_owner, operation_id)

    def cancel_migration(self, vm_id: str) -> WorldMigration:
        """Possible until cutover; refuses with NotMigrating or InvalidState."""
        with self.look():
            return self.migration_plane.cancel(vm_id)

    def migration(self, vm_id: str) -> WorldMigration | None:
        """The latest live migration of this VM, running or over."""
        with self.look():
            return self.migrations.get(vm_id.lower())

    def suspend_node(
        self, name: str, drain: bool = True, operation_id: str = ""
    ) -> WorldDrain | None:
        """Suspend-ClusterNode; Azure may still place VMs there (see ``set_azure_placement``)."""
        with self.look():
            return self.node_life.suspend(name, drain, operation_id)

    def resume_node(
        self, name: str, failback: bool = True, operation_id: str = ""
    ) -> WorldDrain | None:
        """Resume-ClusterNode; with failback the VMs that the drain moved come back."""
        with self.look():
            return self.node_life.resume(name, failback, operation_id)

    def set_azure_placement(self, name: str, accepts: bool) -> None:
        """New-MocPhysicalNode or Remove-MocPhysicalNode."""
        with self.look():
            self.node(name).accepts_azure_placement = accepts
            self.revision += 1

    def drain(self, node: str) -> WorldDrain | None:
        """The latest drain of this node or failback to it."""
        with self.look():
            return self.drains.get(self.node(node).name)

    def find_vm(self, name: str) -> WorldVm | None:
        with self.look():
            wanted = name.casefold()
            return next((vm for vm in self.vms.values() if vm.name.casefold() == wanted), None)

    def memory_available_mib(self, node: str) -> int:
        """What the node itself would report as available: nothing promised is taken off."""
        with self.look():
            return self.figures.memory_available_mib(self.node(node).name)

    def node_cpu_percent(self, node: str) -> float:
        with self.look():
            return self.figures.node_cpu_percent(self.node(node).name)

    # -- Azure plane ---------------------------------------------------------------------------
    def get_resource(self, arm_id: str) -> ArmResource | None:
        """With its body as ARM would answer now; the body must not be changed."""
        with self.look():
            return self.azure_plane.get(arm_id)

    def list_resources(self, type_: str, scope_prefix: str) -> list[ArmResource]:
        """All of one type below a scope (subscription, group or resource id), in a fixed order."""
        with self.look():
            return self.azure_plane.list(type_, scope_prefix)

    def put_resource(
        self, arm_id: str, type_: str, body: dict[str, Any], etag: str | None = None
    ) -> tuple[ArmResource, ArmOperation | None]:
        """Create or replace; ``etag`` is If-Match. No operation: it was done at once."""
        with self.look():
            return self.azure_plane.put(arm_id, type_, body, etag)

    def patch_resource(
        self, arm_id: str, body: dict[str, Any], etag: str | None = None
    ) -> tuple[ArmResource, ArmOperation | None]:
        with self.look():
            return self.azure_plane.patch(arm_id, body, etag)

    def delete_resource(self, arm_id: str, etag: str | None = None) -> ArmOperation | None:
        """None if there is nothing of that id (ARM: 204)."""
        with self.look():
            return self.azure_plane.delete(arm_id, etag)

    def act(self, arm_id: str, action: str) -> ArmOperation:
        """start, stop, restart, pause or save on ``.../virtualMachineInstances/default``."""
        with self.look():
            return self.azure_plane.act(arm_id, action)

    def operation(self, operation_id: str) -> ArmOperation | None:
        with self.look():
            return self.operations.get(operation_id)
