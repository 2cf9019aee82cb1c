"""A Backend straight over the simulated site, in this process: for fast tests, without wires."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from console.backends import (
    BackendError,
    ExistingResource,
    JobReport,
    JobState,
    Permission,
    RemoteJob,
)
from console.lab.world import arm_ids
from console.lab.world.bodies import properties_of
from console.lab.world.errors import WorldError
from console.lab.world.site import Site
from console.lab.world.state import ArmOperation, ArmResource
from console.model.freshness import Fault, FaultCode, Wire, WireReading
from console.model.node import Maintenance, Node
from console.model.operation import MoveProgress
from console.model.performance import PerformanceHistory, TimeFrame
from console.model.request import (
    DataDiskSpec,
    DomainJoinSpec,
    DownloadImage,
    NetworkInterfaceSpec,
    PowerAction,
    SecretField,
    VirtualMachineSpec,
)
from console.model.snapshot import ClusterSnapshot
from console.model.virtual_machine import VirtualMachine, VmKind
from tests import world_records as records

OPERATION_TAG = "tlc-operation"
_CONFLICTS = ("OwnerMismatch", "AlreadyMigrating", "ConflictingOperation", "AlreadyDraining")
_DONE = JobReport(JobState.SUCCEEDED, fraction=1.0)
T = TypeVar("T")


def fault_of(error: WorldError) -> Fault:
    code = FaultCode.REJECTED
    if error.code in _CONFLICTS:
        code = FaultCode.CONFLICT
    elif error.status == 404:
        code = FaultCode.NOT_FOUND
    return Fault(code, error.text, detail=f"{error.code} {error.hresult}".strip())


@dataclass
class WorldJob:
    """A job that is found again by what it is about."""

    backend: "WorldBackend"
    kind: str  # migration, quick, drain, arm, done
    subject: str  # vm id, node, ARM operation id
    operation_id: str = ""

    @property
    def token(self) -> str:
        about = {"kind": self.kind, "subject": self.subject, "operation": self.operation_id}
        return json.dumps({"version": 1, "host": self.backend.site.name, **about})

    @property
    def can_cancel(self) -> bool:
        return self.kind == "migration"

    async def poll(self) -> JobReport:
        wire = Wire.ARM if self.kind == "arm" else Wire.CLUSTER
        with self.backend.reaching(wire):
            if self.kind in ("migration", "quick"):
                return self._migration()
            if self.kind == "drain":
                return self._drain()
            return self._arm() if self.kind == "arm" else _DONE

    async def cancel(self) -> None:
        with self.backend.reaching(Wire.CLUSTER):
            self.backend.site.cancel_migration(self.subject)

    def _migration(self) -> JobReport:
        migration = self.backend.site.migration(self.subject)
        if migration is None or migration.operation_id != self.operation_id:
            return JobReport(JobState.GONE)
        states = {
            "Completed": JobState.SUCCEEDED,
            "Failed": JobState.FAILED,
            "Canceled": JobState.CANCELED,
        }
        state = states.get(migration.phase, JobState.RUNNING)
        fault = None
        if state is JobState.FAILED:
            detail = migration.failure_code
            fault = Fault(FaultCode.REJECTED, migration.failure_text, detail=detail)
        move = None
        if migration.blackout_ms is not None:
            move = MoveProgress(blackout_ms=migration.blackout_ms)
        fraction = migration.percent / 100 if migration.method == "live" else None
        return JobReport(state, migration.phase, fraction, "", fault, move=move)

    def _drain(self) -> JobReport:
        drain = self.backend.site.drain(self.subject)
        if drain is None or drain.operation_id != self.operation_id:
            return JobReport(JobState.GONE)
        fraction = drain.done / drain.total if drain.total else 1.0
        text = f"{drain.done} of {drain.total}"
        if drain.status == "Failed":
            fault = Fault(FaultCode.REJECTED, drain.failure_text)
            return JobReport(JobState.FAILED, "", fraction, text, fault)
        states = {"Completed": JobState.SUCCEEDED, "Canceled": JobState.CANCELED}
        return JobReport(states.get(drain.status, JobState.RUNNING), "Moving", fraction, text)

    def _arm(self) -> JobReport:
        site = self.backend.site
        operation = None if site.faults.status_url_vanishes else site.operation(self.subject)
        if operation is None:
            return JobReport(JobState.GONE)
        fault = None
        if operation.error is not None:
            code, text = operation.error
            fault = Fault(FaultCode.REJECTED, text, detail=code)
        states = {"Succeeded": JobState.SUCCEEDED, "Failed": JobState.FAILED}
        state = states.get(operation.status, JobState.RUNNING)
        return JobReport(state, operation.phase, operation.percent / 100, "", fault)


class WorldBackend:
    """Both planes of one site, translated; the site's switches are felt as wires that fail."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self._last = ClusterSnapshot(records.cluster_info(site))
        self.is_closed = False

    @contextmanager
    def reaching(self, wire: Wire) -> Iterator[None]:
        """Fails as the wire would; turns the world's refusals into faults."""
        fault = self._wire_fault(wire)
        if fault is not None:
            raise BackendError(fault)
        try:
            with self.site.look():
                yield
        except WorldError as error:
            raise BackendError(fault_of(error)) from error

    def _wire_fault(self, wire: Wire) -> Fault | None:
        faults = self.site.faults
        if faults.wrong_password:
            return Fault(FaultCode.WRONG_CREDENTIALS, f"{wire}: not accepted")
        if wire.value in faults.malformed:
            return Fault(FaultCode.MALFORMED, f"{wire}: the answer does not decode")
        if wire is Wire.ARM:
            if faults.arm_down:
                return Fault(FaultCode.UNREACHABLE, "Azure Resource Manager does not answer")
            if faults.arm_throttle_left > 0:
                faults.arm_throttle_left -= 1
                return Fault(FaultCode.THROTTLED, "Azure Resource Manager asks to wait")
            return None
        if all(n.is_frozen or n.state == "Down" for n in self.site.nodes.values()):
            return Fault(FaultCode.TIMED_OUT, "no node answers")
        return None

    def _acted(self, done: T) -> T:
        """The act is done; the answer may still be lost on its way."""
        if self.site.faults.answer_lost_after_act > 0:
            self.site.faults.answer_lost_after_act -= 1
            raise BackendError(Fault(FaultCode.LOST, "the answer was lost"), was_sent=True)
        return done

    # -- reading -------------------------------------------------------------------------------
    async def read_snapshot(self, wires: frozenset[Wire]) -> ClusterSnapshot:
        arm, cluster = self._last.arm, self._last.cluster_wire
        old = {vm.key: vm for vm in self._last.vms}
        site_facts, nodes = self._last.site, self._last.nodes
        info = self._last.cluster
        now_arm = now_cluster = False
        with self.site.look():
            if Wire.ARM in wires:
                arm, now_arm = self._read_wire(arm)
            if Wire.CLUSTER in wires:
                cluster, now_cluster = self._read_wire(cluster)
            if now_arm:
                site_facts = records.site_facts(self.site)
            if now_cluster:
                nodes = tuple(self._nodes())
                info = records.cluster_info(self.site)
            vms = self._join(old, now_arm, now_cluster)
        self._last = ClusterSnapshot(info, nodes, tuple(vms), site_facts, arm, cluster)
        return self._last

    def _read_wire(self, last: WireReading) -> tuple[WireReading, bool]:
        fault = self._wire_fault(last.wire)
        if fault is not None:
            return msgspec.structs.replace(last, faults=(fault,)), False
        return msgspec.structs.replace(last, read_at=self.site.now, faults=()), True

    def _nodes(self) -> list[Node]:
        return [records.node_record(self.site, node) for node in self.site.nodes.values()]

    def _join(
        self, old: dict[str, VirtualMachine], now_arm: bool, now_cluster: bool
    ) -> list[VirtualMachine]:
        fresh = {vm.key: vm for vm in self._all_vms()}
        joined = []
        for key in {**old, **fresh}:
            was, is_ = old.get(key), fresh.get(key)
            azure = (is_ and is_.azure) if now_arm else (was and was.azure)
            cluster = (is_ and is_.cluster) if now_cluster else (was and was.cluster)
            known = is_ or was
            if known is not None and (azure is not None or cluster is not None):
                figures = is_ if now_cluster else was
                joined.append(
                    msgspec.structs.replace(
                        known, azure=azure, cluster=cluster, metrics=figures and figures.metrics
                    )
                )
        return joined

    def _all_vms(self) -> Iterator[VirtualMachine]:
        site = self.site
        for vm_id in site.vms:
            yield self._vm(vm_id, site.instance_of_vm.get(vm_id, ""))
        for instance in site.list_resources(arm_ids.INSTANCES, site.settings.group_id):
            if site.vm_of_instance.get(instance.id.lower()) not in site.vms:
                yield self._vm("", instance.id)

    def _vm(self, vm_id: str, instance_id: str) -> VirtualMachine:
        site = self.site
        vm = site.vms.get(vm_id)
        azure = None
        instance = site.get_resource(instance_id) if instance_id else None
        if instance is not None:
            machine = site.get_resource(arm_ids.parent_of(instance.id))
            assert machine is not None
            azure = records.azure_facts(site, machine, instance)
        if vm is not None and vm.is_resource_bridge:
            kind = VmKind.RESOURCE_BRIDGE
        else:
            kind = VmKind.AZURE_LOCAL if azure is not None else VmKind.UNMANAGED
        arm_id = azure.arm_id if azure is not None else ""
        known_id = vm.vm_id if vm is not None else (azure.vm_id if azure is not None else "")
        return VirtualMachine(
            key=known_id or arm_id,
            name=arm_ids.name_of(arm_id) if vm is None else vm.name,
            kind=kind,
            cluster=records.cluster_facts(site, vm) if vm is not None else None,
            azure=azure,
            metrics=records.metrics(vm) if vm is not None else None,
        )

    async def read_vm(self, key: str) -> VirtualMachine | None:
        with self.reaching(Wire.CLUSTER):
            return next((vm for vm in self._all_vms() if vm.key == key), None)

    async def read_node(self, name: str) -> Node | None:
        with self.reaching(Wire.CLUSTER):
            return next((node for node in self._nodes() if node.name == name), None)

    async def read_some(self, vm_keys: Sequence[str], nodes: Sequence[str]) -> ClusterSnapshot:
        with self.reaching(Wire.CLUSTER):
            azure = {vm.key: vm.azure for vm in self._last.vms}
            vms = tuple(
                msgspec.structs.replace(vm, azure=azure.get(vm.key))
                for vm in self._all_vms()
                if vm.key in vm_keys and vm.cluster
            )
            wanted = {*nodes, *(vm.owner_node for vm in vms)} if nodes else set(self.site.nodes)
            return ClusterSnapshot(
                records.cluster_info(self.site),
                tuple(
                    msgspec.structs.replace(node, read_at=None)
                    if self.site.nodes[node.name].is_frozen
                    else node
                    for node in self._nodes()
                    if node.name in wanted
                ),
                vms,
                arm=self._last.arm,
                cluster_wire=WireReading(Wire.CLUSTER, self.site.now),
            )

    async def read_performance(self, subject: str, frame: TimeFrame) -> PerformanceHistory:
        kind, _, name = subject.partition(":")
        with self.reaching(Wire.CLUSTER):
            history = self.site.history
            if kind == "node":
                rows = history.of_node(self.site.node(name), frame)
            elif name in self.site.vms:
                rows = history.of_vm(self.site.vms[name], frame)
            else:
                raise BackendError(Fault(FaultCode.NOT_FOUND, "no such VM"))
            return records.performance(subject, frame, rows, self.site.now)

    async def find_vm_by_name(self, spec: VirtualMachineSpec) -> VirtualMachine | None:
        instance_id = self.resource_ids(spec)["instance"]
        with self.reaching(Wire.ARM):
            if self.site.get_resource(instance_id) is None:
                return None
            return self._vm(self.site.vm_of_instance.get(instance_id.lower(), ""), instance_id)

    # -- cluster plane -------------------------------------------------------------------------
    async def start_live_migration(
        self, vm_key: str, source: str, target: str, operation_id: str
    ) -> RemoteJob:
        with self.reaching(Wire.CLUSTER):
            self.site.start_migration(vm_key, target, source, operation_id)
        return self._acted(WorldJob(self, "migration", vm_key, operation_id))

    async def start_quick_migration(
        self, vm_key: str, source: str, target: str, operation_id: str
    ) -> RemoteJob:
        with self.reaching(Wire.CLUSTER):
            self.site.start_quick_migration(vm_key, target, source, operation_id)
        return self._acted(WorldJob(self, "quick", vm_key, operation_id))

    async def find_quick_migration(self, vm_key: str, source: str, target: str) -> RemoteJob | None:
        with self.reaching(Wire.CLUSTER):
            running = self.site.active_migration(vm_key)
        if running is None or running.method != "quick":
            return None
        return WorldJob(self, "quick", vm_key, running.operation_id)

    async def find_live_migration(self, vm_key: str) -> RemoteJob | None:
        with self.reaching(Wire.CLUSTER):
            running = self.site.active_migration(vm_key)
        if running is None or running.method != "live":
            return None
        return WorldJob(self, "migration", vm_key, running.operation_id)

    async def suspend_node(self, node: str, operation_id: str) -> RemoteJob:
        with self.reaching(Wire.CLUSTER):
            self.site.suspend_node(node, True, operation_id)
        return self._acted(WorldJob(self, "drain", node, operation_id))

    async def pause_node(self, node: str, operation_id: str) -> RemoteJob:
        with self.reaching(Wire.CLUSTER):
            self.site.suspend_node(node, False, operation_id)
        return self._acted(WorldJob(self, "done", node, operation_id))

    async def set_azure_placement(self, node: str, is_allowed: bool, operation_id: str) -> None:
        with self.reaching(Wire.CLUSTER):
            if self.site.node(node).accepts_azure_placement is not is_allowed:
                self.site.set_azure_placement(node, is_allowed)
        self._acted(None)

    async def read_maintenance(self, node: str) -> Maintenance | None:
        with self.reaching(Wire.CLUSTER):
            return records.maintenance(self.site, node)

    async def resume_node(self, node: str, failback: bool, operation_id: str) -> RemoteJob:
        with self.reaching(Wire.CLUSTER):
            moves = self.site.resume_node(node, failback, operation_id)
        kind = "drain" if moves is not None else "done"
        return self._acted(WorldJob(self, kind, node, operation_id))

    # -- Azure plane ---------------------------------------------------------------------------
    async def find_resource(self, arm_id: str) -> ExistingResource | None:
        with self.reaching(Wire.ARM):
            found = self.site.get_resource(arm_id)
            if found is None:
                return None
            state = str(properties_of(found.body).get("provisioningState", ""))
            tags = found.body.get("tags")
            if found.type == arm_ids.INSTANCES:  # it has no tags of its own
                machine = self.site.get_resource(arm_ids.parent_of(arm_id))
                tags = machine.body.get("tags") if machine is not None else None
        ours = tags.get(OPERATION_TAG, "") if isinstance(tags, dict) else ""
        return ExistingResource(found.id, state, str(ours))

    async def permissions(self, scope: str) -> tuple[Permission, ...] | None:
        with self.reaching(Wire.ARM):
            faults = self.site.faults
            if faults.permissions_untold:
                return None
            return (Permission(("*",), tuple(sorted(faults.missing_rights))),)

    async def create_network_interface(
        self, spec: VirtualMachineSpec, nic: NetworkInterfaceSpec, operation_id: str
    ) -> RemoteJob:
        configuration: dict[str, Any] = {"subnet": {"id": nic.logical_network_id}}
        if nic.address:
            configuration["privateIPAddress"] = nic.address
        properties = {
            "ipConfigurations": [{"name": "ipconfig0", "properties": configuration}],
            "dnsSettings": {"dnsServers": list(spec.dns_servers)},
        }
        arm_id = self.resource_ids(spec)[f"nic:{nic.name}"]
        return self._put(arm_id, arm_ids.INTERFACES, properties, spec, operation_id)

    async def create_data_disk(
        self, spec: VirtualMachineSpec, disk: DataDiskSpec, operation_id: str
    ) -> RemoteJob:
        properties: dict[str, Any] = {"diskSizeGB": disk.size_gib, "dynamic": disk.is_dynamic}
        if disk.storage_path_id:
            properties["containerId"] = disk.storage_path_id
        arm_id = self.resource_ids(spec)[f"disk:{disk.name}"]
        return self._put(arm_id, arm_ids.DISKS, properties, spec, operation_id)

    async def create_machine(self, spec: VirtualMachineSpec, operation_id: str) -> RemoteJob:
        arm_id = self.resource_ids(spec)["machine"]
        top = {"kind": "HCI", "identity": {"type": "SystemAssigned"}}
        return self._put(arm_id, arm_ids.MACHINES, {}, spec, operation_id, **top)

    async def create_vm_instance(
        self, spec: VirtualMachineSpec, secrets: Mapping[str, str], operation_id: str
    ) -> RemoteJob:
        ids = self.resource_ids(spec)
        hardware: dict[str, Any] = {
            "vmSize": "Custom",
            "processors": spec.processors,
            "memoryMB": spec.memory_mib,
        }
        if spec.dynamic_memory is not None:
            hardware["dynamicMemoryConfig"] = {
                "minimumMemoryMB": spec.dynamic_memory.minimum_mib,
                "maximumMemoryMB": spec.dynamic_memory.maximum_mib,
                "targetMemoryBuffer": spec.dynamic_memory.buffer_percent,
            }
        nics = [n.existing_id or ids[f"nic:{n.name}"] for n in spec.network_interfaces]
        disks = [d.existing_id or ids[f"disk:{d.name}"] for d in spec.data_disks]
        storage: dict[str, Any] = {
            "imageReference": {"id": spec.image_id},
            "dataDisks": [{"id": disk} for disk in disks],
            "osDisk": {"osType": spec.os_type},
        }
        if spec.storage_path_id:
            storage["vmConfigStoragePathId"] = spec.storage_path_id
        properties = {
            "hardwareProfile": hardware,
            "securityProfile": {
                "securityType": "TrustedLaunch",
                "enableTPM": spec.vtpm,
                "uefiSettings": {"secureBootEnabled": spec.secure_boot},
            },
            "osProfile": {
                "computerName": spec.computer_name or spec.name,
                "adminUsername": spec.admin_username,
                "adminPassword": secrets.get(SecretField.ADMIN_PASSWORD, ""),
            },
            "storageProfile": storage,
            "networkProfile": {"networkInterfaces": [{"id": nic} for nic in nics]},
        }
        return self._put(ids["instance"], arm_ids.INSTANCES, properties, spec, operation_id)

    async def join_domain(
        self, spec: VirtualMachineSpec, join: DomainJoinSpec, password: str, operation_id: str
    ) -> RemoteJob:
        arm_id = f"{self.resource_ids(spec)['machine']}/extensions/joindomain"
        properties = {
            "publisher": "Microsoft.Compute",
            "type": "JsonADDomainExtension",
            "typeHandlerVersion": "1.3",
            "settings": {
                "Name": join.domain,
                "User": join.user,
                "OUPath": join.organizational_unit,
            },
            "protectedSettings": {"Password": password},
        }
        return self._put(arm_id, arm_ids.EXTENSIONS, properties, spec, operation_id)

    async def download_image(self, request: DownloadImage, operation_id: str) -> RemoteJob:
        image = request.image
        properties: dict[str, Any] = {
            "osType": request.os_type,
            "hyperVGeneration": "V2",
            "identifier": {"publisher": image.publisher, "offer": image.offer, "sku": image.sku},
        }
        if image.version:
            properties["version"] = {"name": image.version}
        if request.storage_path_id:
            properties["containerId"] = request.storage_path_id
        arm_id = self.site.settings.resource_id(arm_ids.MARKET_IMAGES, request.name)
        return self._put(arm_id, arm_ids.MARKET_IMAGES, properties, request, operation_id)

    def _put(
        self,
        arm_id: str,
        type_: str,
        properties: dict[str, Any],
        asked: VirtualMachineSpec | DownloadImage,
        operation_id: str,
        **top: Any,
    ) -> RemoteJob:
        body = {"properties": properties, **top}
        if type_ != arm_ids.INSTANCES:
            tags = dict(asked.tags) if isinstance(asked, VirtualMachineSpec) else {}
            body |= {"location": asked.location, "tags": {**tags, OPERATION_TAG: operation_id}}
        if type_.startswith(arm_ids.HCI):
            body["extendedLocation"] = {
                "type": "CustomLocation",
                "name": asked.custom_location_id,
            }
        return self._arm_job(lambda: self.site.put_resource(arm_id, type_, body))

    def _arm_job(
        self, act: Callable[[], tuple[ArmResource, ArmOperation | None] | ArmOperation | None]
    ) -> RemoteJob:
        with self.reaching(Wire.ARM):
            made = act()
        operation = made[1] if isinstance(made, tuple) else made
        kind, subject = ("arm", operation.id) if operation is not None else ("done", "")
        return self._acted(WorldJob(self, kind, subject))

    async def change_power(self, vm_key: str, action: PowerAction, operation_id: str) -> RemoteJob:
        instance = self._instance_of(vm_key)
        return self._arm_job(lambda: self.site.act(instance, action.value))

    async def delete_resource(self, arm_id: str, operation_id: str) -> RemoteJob:
        return self._arm_job(lambda: self.site.delete_resource(arm_id))

    async def delete_virtual_machine(self, vm_key: str, operation_id: str) -> RemoteJob:
        """The instance only is a long job here; the machine goes when it is asked for next."""
        instance = self._instance_of(vm_key)
        if self.site.get_resource(instance) is None:
            machine = arm_ids.parent_of(instance)
            return self._arm_job(lambda: self.site.delete_resource(machine))
        job = self._arm_job(lambda: self.site.delete_resource(instance))
        return _ThenMachine(self, job, arm_ids.parent_of(instance))

    def _instance_of(self, vm_key: str) -> str:
        with self.reaching(Wire.ARM):
            if vm_key.startswith("/"):
                return self.site.settings.instance_id(vm_key)
            found = self.site.instance_of_vm.get(vm_key)
        if found is None:
            raise BackendError(Fault(FaultCode.NOT_FOUND, "Azure does not know this VM"))
        return found

    def resource_ids(self, spec: VirtualMachineSpec) -> dict[str, str]:
        settings = self.site.settings
        machine = settings.resource_id(arm_ids.MACHINES, spec.name)
        ids = {"machine": machine, "instance": settings.instance_id(machine)}
        for nic in spec.network_interfaces:
            if not nic.existing_id:
                ids[f"nic:{nic.name}"] = settings.resource_id(arm_ids.INTERFACES, nic.name)
        for disk in spec.data_disks:
            if not disk.existing_id:
                ids[f"disk:{disk.name}"] = settings.resource_id(arm_ids.DISKS, disk.name)
        return ids

    async def resume_job(self, token: str) -> RemoteJob:
        about = json.loads(token)
        if about.get("host") != self.site.name:
            raise BackendError(Fault(FaultCode.FOREIGN_HOST, "this job is of another site"))
        job = WorldJob(self, about["kind"], about["subject"], about["operation"])
        return _ThenMachine(self, job, about["machine"]) if "machine" in about else job

    async def close(self) -> None:
        self.is_closed = True


class _ThenMachine:
    """A deletion in two steps: when the instance is gone, its machine goes too."""

    can_cancel = False

    def __init__(self, backend: WorldBackend, job: RemoteJob, machine: str) -> None:
        self._backend, self._job, self._machine = backend, job, machine
        self._is_second = False

    @property
    def token(self) -> str:
        return json.dumps({**json.loads(self._job.token), "machine": self._machine})

    async def poll(self) -> JobReport:
        report = await self._job.poll()
        if report.state is JobState.SUCCEEDED and not self._is_second:
            self._is_second = True
            self._job = await self._backend.delete_resource(self._machine, "")
            return JobReport(JobState.RUNNING, "Machine", 0.8)
        return report

    async def cancel(self) -> None:
        await self._job.cancel()
