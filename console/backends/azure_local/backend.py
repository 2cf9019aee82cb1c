"""The Backend of real clusters: ARM and the failover cluster, joined. The lab gets the same."""

import asyncio
from collections.abc import Mapping, Sequence

import msgspec

from console.backends import BackendError, ExistingResource, Permission, RemoteJob
from console.backends.azure_local import arm_bodies, arm_paths
from console.backends.azure_local.arm_acts import ArmActs
from console.backends.azure_local.arm_pipeline import ArmPipeline
from console.backends.azure_local.arm_reading import ArmHalf, ArmReader
from console.backends.azure_local.arm_records import AzureVm
from console.backends.azure_local.cluster_jobs import is_cluster_token
from console.backends.azure_local.connections import ArmConnection, Clock, ClusterConnection
from console.backends.azure_local.failover_cluster import FailoverCluster
from console.backends.azure_local.halves import ClusterHalf, ClusterVm
from console.backends.azure_local.join import join, join_some, join_vm
from console.model.freshness import Fault, FaultCode, Wire, WireReading
from console.model.node import Maintenance, Node
from console.model.performance import PerformanceHistory, TimeFrame
from console.model.request import (
    DataDiskSpec,
    DomainJoinSpec,
    DownloadImage,
    NetworkInterfaceSpec,
    PowerAction,
    VirtualMachineSpec,
)
from console.model.snapshot import ClusterSnapshot
from console.model.virtual_machine import VirtualMachine, VmKind

DOMAIN_JOIN_EXTENSION = "joindomain"


class AzureLocalBackend:
    """``console.backends.Backend`` over real wires. Make it with ``open``; then ``close`` it."""

    def __init__(
        self, pipeline: ArmPipeline | None, cluster: FailoverCluster | None, clock: Clock
    ) -> None:
        self._pipeline = pipeline
        self._reader = ArmReader(pipeline, clock) if pipeline is not None else None
        self._acts = ArmActs(pipeline) if pipeline is not None else None
        self._cluster = cluster
        self._clock = clock
        self._arm_half: ArmHalf | None = None
        self._cluster_half: ClusterHalf | None = None
        self._arm = WireReading(Wire.ARM)
        self._cluster_wire = WireReading(Wire.CLUSTER)
        self._known: dict[str, VirtualMachine] = {}

    @classmethod
    def open(
        cls, arm: ArmConnection | None, cluster: ClusterConnection | None, clock: Clock
    ) -> "AzureLocalBackend":
        """Connects to nothing yet. Call it on the loop that will use it.

        A profile may lack one of the wires; what needs it then answers FaultCode.REJECTED.
        """
        return cls(
            ArmPipeline(arm) if arm is not None else None,
            FailoverCluster(cluster, clock) if cluster is not None else None,
            clock,
        )

    async def close(self) -> None:
        if self._cluster is not None:
            self._cluster.close()
        if self._pipeline is not None:
            await self._pipeline.close()

    # -- reading -------------------------------------------------------------------------------
    async def read_snapshot(self, wires: frozenset[Wire]) -> ClusterSnapshot:
        await asyncio.gather(
            self._refresh_arm(Wire.ARM in wires), self._refresh_cluster(Wire.CLUSTER in wires)
        )
        snapshot = join(
            self._arm_half, self._cluster_half, self._arm, self._cluster_wire, self._known
        )
        self._known = {vm.key: vm for vm in snapshot.vms}
        return snapshot

    async def _refresh_arm(self, is_due: bool) -> None:
        if not is_due or self._reader is None:
            return
        try:
            self._arm_half = await self._reader.read()
        except BackendError as error:
            self._arm = self._failed(self._arm, error)
        else:
            self._arm = _answered(self._arm, self._arm_half)

    async def _refresh_cluster(self, is_due: bool) -> None:
        if not is_due or self._cluster is None:
            return
        try:
            self._cluster_half = await self._cluster.read()
        except BackendError as error:
            self._cluster_wire = self._failed(self._cluster_wire, error)
        else:
            self._cluster_wire = _answered(self._cluster_wire, self._cluster_half)

    def _failed(self, reading: WireReading, error: BackendError) -> WireReading:
        fault = msgspec.structs.replace(error.fault, at=self._clock.now())
        return msgspec.structs.replace(reading, faults=(fault,))

    async def read_vm(self, key: str) -> VirtualMachine | None:
        known = self._known.get(key)
        machine = known.azure.arm_id if known is not None and known.azure is not None else ""
        if not machine and key.startswith("/"):
            machine = key
        vm_id = "" if key.startswith("/") else key
        azure = await self._azure_now_or_last(machine, known)
        if azure is not None:
            vm_id = azure.facts.vm_id or vm_id
        owner = known.owner_node if known is not None else None
        return join_vm(azure, await self._look_on_cluster(vm_id, owner))

    async def _azure_now_or_last(
        self, machine: str, known: VirtualMachine | None
    ) -> AzureVm | None:
        """While ARM is down its last word stands, dated: the owner node does not depend on it."""
        try:
            return await self._look_at_machine(machine)
        except BackendError:
            if known is None or known.cluster is None or known.azure is None:
                raise
            return AzureVm(known.name, known.azure)

    async def find_vm_by_name(self, spec: VirtualMachineSpec) -> VirtualMachine | None:
        azure = await self._look_at_machine(arm_paths.machine_id(spec))
        if azure is None or not azure.has_instance:
            return None
        return join_vm(azure, await self._look_on_cluster(azure.facts.vm_id, None))

    async def _look_at_machine(self, machine: str) -> AzureVm | None:
        if not machine or self._reader is None:
            return None
        return await self._reader.look_at_vm(machine)

    async def _look_on_cluster(self, vm_id: str, owner: str | None) -> ClusterVm | None:
        if not vm_id or self._cluster is None:
            return None
        return await self._cluster.look_at_vm(vm_id, owner)

    async def read_node(self, name: str) -> Node | None:
        return await self._on_cluster().look_at_node(name)

    async def read_some(self, vm_keys: Sequence[str], nodes: Sequence[str]) -> ClusterSnapshot:
        half = await self._on_cluster().read_some(vm_keys, nodes)
        reading = _answered(self._cluster_wire, half)
        return join_some(self._arm_half, half, self._arm, reading, self._known)

    async def read_performance(self, subject: str, frame: TimeFrame) -> PerformanceHistory:
        kind, _, name = subject.partition(":")
        if kind == "node":
            return await self._on_cluster().history.of_node(name, frame)
        known = self._known.get(name)
        if known is None or known.owner_node is None:
            raise BackendError(_no_owner(known))
        try:
            return await self._on_cluster().history.of_vm(name, known.owner_node, frame)
        except BackendError as error:
            if error.fault.code is not FaultCode.NOT_FOUND:
                raise
            moved = await self._on_cluster().look_at_vm(name, known.owner_node)
            if moved is None or moved.facts.owner_node == known.owner_node:
                raise
            return await self._on_cluster().history.of_vm(name, moved.facts.owner_node, frame)

    # -- cluster plane -------------------------------------------------------------------------
    async def start_live_migration(
        self, vm_key: str, source: str, target: str, operation_id: str
    ) -> RemoteJob:
        self._refuse_bridge(vm_key)
        return await self._on_cluster().start_live_migration(vm_key, source, target, operation_id)

    async def find_live_migration(self, vm_key: str) -> RemoteJob | None:
        return await self._on_cluster().find_live_migration(vm_key)

    async def start_quick_migration(
        self, vm_key: str, source: str, target: str, operation_id: str
    ) -> RemoteJob:
        self._refuse_bridge(vm_key)
        return await self._on_cluster().start_quick_migration(vm_key, source, target, operation_id)

    async def find_quick_migration(self, vm_key: str, source: str, target: str) -> RemoteJob | None:
        return await self._on_cluster().find_quick_migration(vm_key, source, target)

    async def suspend_node(self, node: str, operation_id: str) -> RemoteJob:
        return await self._on_cluster().suspend_node(node, operation_id, drain=True)

    async def pause_node(self, node: str, operation_id: str) -> RemoteJob:
        return await self._on_cluster().suspend_node(node, operation_id, drain=False)

    async def set_azure_placement(self, node: str, is_allowed: bool, operation_id: str) -> None:
        await self._on_cluster().set_azure_placement(node, is_allowed, operation_id)

    async def read_maintenance(self, node: str) -> Maintenance | None:
        return await self._on_cluster().maintenance_of(node)

    async def resume_node(self, node: str, failback: bool, operation_id: str) -> RemoteJob:
        return await self._on_cluster().resume_node(node, failback, operation_id)

    # -- Azure plane ---------------------------------------------------------------------------
    async def find_resource(self, arm_id: str) -> ExistingResource | None:
        return await self._on_arm().find(arm_id)

    async def permissions(self, scope: str) -> tuple[Permission, ...] | None:
        return await self._on_arm().permissions(scope)

    async def create_network_interface(
        self, spec: VirtualMachineSpec, nic: NetworkInterfaceSpec, operation_id: str
    ) -> RemoteJob:
        body = arm_bodies.network_interface(spec, nic, operation_id)
        arm_id = arm_bodies.nic_id(spec, nic)
        return await self._on_arm().put_network_interface(arm_id, body, operation_id)

    async def create_data_disk(
        self, spec: VirtualMachineSpec, disk: DataDiskSpec, operation_id: str
    ) -> RemoteJob:
        body = arm_bodies.data_disk(spec, disk, operation_id)
        return await self._on_arm().put_disk(arm_bodies.disk_id(spec, disk), body, operation_id)

    async def create_machine(self, spec: VirtualMachineSpec, operation_id: str) -> RemoteJob:
        body = arm_bodies.machine(spec, operation_id)
        return await self._on_arm().put_machine(arm_paths.machine_id(spec), body, operation_id)

    async def create_vm_instance(
        self, spec: VirtualMachineSpec, secrets: Mapping[str, str], operation_id: str
    ) -> RemoteJob:
        body = arm_bodies.vm_instance(spec, secrets)
        return await self._on_arm().put_instance(arm_paths.machine_id(spec), body, operation_id)

    async def join_domain(
        self, spec: VirtualMachineSpec, join: DomainJoinSpec, password: str, operation_id: str
    ) -> RemoteJob:
        body = arm_bodies.domain_join(spec, join, password, operation_id)
        machine = arm_paths.machine_id(spec)
        return await self._on_arm().put_extension(
            machine, DOMAIN_JOIN_EXTENSION, body, operation_id
        )

    async def download_image(self, request: DownloadImage, operation_id: str) -> RemoteJob:
        body = arm_bodies.marketplace_image(request, operation_id)
        return await self._on_arm().put_image(arm_bodies.image_id(request), body, operation_id)

    async def change_power(self, vm_key: str, action: PowerAction, operation_id: str) -> RemoteJob:
        self._refuse_bridge(vm_key)
        return await self._on_arm().power(self._machine_of(vm_key), action)

    async def delete_resource(self, arm_id: str, operation_id: str) -> RemoteJob:
        return await self._on_arm().delete(arm_id)

    async def delete_virtual_machine(self, vm_key: str, operation_id: str) -> RemoteJob:
        self._refuse_bridge(vm_key)
        machine = self._machine_of(vm_key)
        return await self._on_arm().delete(arm_paths.instance_id(machine), then_delete=machine)

    def resource_ids(self, spec: VirtualMachineSpec) -> dict[str, str]:
        machine = arm_paths.machine_id(spec)
        return {
            "machine": machine,
            "instance": arm_paths.instance_id(machine),
            **{
                f"nic:{nic.name}": arm_bodies.nic_id(spec, nic)
                for nic in spec.network_interfaces
                if not nic.existing_id
            },
            **{
                f"disk:{disk.name}": arm_bodies.disk_id(spec, disk)
                for disk in spec.data_disks
                if not disk.existing_id
            },
        }

    async def resume_job(self, token: str) -> RemoteJob:
        if is_cluster_token(token):
            return self._on_cluster().resume(token)
        return self._on_arm().resume(token)

    # -- what is missing, in words -------------------------------------------------------------
    def _on_arm(self) -> ArmActs:
        if self._acts is None:
            raise BackendError(_no_wire("Azure"))
        return self._acts

    def _on_cluster(self) -> FailoverCluster:
        if self._cluster is None:
            raise BackendError(_no_wire("the cluster's nodes"))
        return self._cluster

    def _machine_of(self, vm_key: str) -> str:
        known = self._known.get(vm_key)
        if known is not None and known.azure is not None:
            return known.azure.arm_id
        if vm_key.startswith("/"):
            return vm_key
        raise BackendError(
            Fault(
                FaultCode.NOT_FOUND,
                summary="Azure does not manage this VM, so it cannot be asked to act on it.",
                remedy="Use the cluster's own tools for a VM that Azure does not know.",
            )
        )

    def _refuse_bridge(self, vm_key: str) -> None:
        known = self._known.get(vm_key)
        if known is not None and known.kind is VmKind.RESOURCE_BRIDGE:
            raise BackendError(
                Fault(FaultCode.REJECTED, summary="The Arc resource bridge is never acted upon.")
            )


def _answered(reading: WireReading, half: ArmHalf | ClusterHalf) -> WireReading:
    return msgspec.structs.replace(reading, read_at=half.read_at, faults=half.faults)


def _no_owner(vm: VirtualMachine | None) -> Fault:
    return Fault(
        FaultCode.NOT_FOUND,
        summary="No node of the cluster has this VM, so none remembers its figures."
        if vm is not None
        else "This VM is not known any more.",
        remedy="Once the cluster tells which node owns it, ask again.",
    )


def _no_wire(what: str) -> Fault:
    return Fault(
        FaultCode.REJECTED,
        summary=f"This profile does not say how to reach {what}.",
        remedy="Add it to the profile.",
    )
