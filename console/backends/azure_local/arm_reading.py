"""Azure's half of a snapshot: VMs through Resource Graph or one by one, lists, the cluster."""

import asyncio
from typing import Any

import msgspec

from console.backends import BackendError
from console.backends.azure_local import arm_paths, arm_records, arm_rows
from console.backends.azure_local.arm_faults import malformed
from console.backends.azure_local.arm_lists import SiteLists
from console.backends.azure_local.arm_pipeline import ArmPipeline
from console.backends.azure_local.arm_records import AzureVm, NodeConnection
from console.backends.azure_local.arm_rights import ArmRights
from console.backends.azure_local.connections import Clock
from console.backends.azure_local.resource_graph import query_pages
from console.backends.azure_local.row_cache import RowCache
from console.backends.azure_local.translate import WordReader
from console.model.freshness import Fault, FaultCode
from console.model.snapshot import SiteFacts

# Resource Graph was refused (no right, not there): ask again only after this long.
GRAPH_PAUSE_S = 300.0
# Without Resource Graph, how many instances are looked at in one reading, and at a time.
MOST_LOOKS, LOOKS_AT_A_TIME = 150, 8
# A look with GET beats Resource Graph for at most this long: its lag is seconds to minutes.
LOOK_HOLDS_S = 900.0
RELEASE_HOLDS_S = 600.0
_GRAPH_REFUSED = (FaultCode.FORBIDDEN, FaultCode.NOT_FOUND, FaultCode.REJECTED)

_INSTANCE = msgspec.json.Decoder(arm_rows.InstanceResource)
_MACHINE = msgspec.json.Decoder(arm_rows.MachineResource)
_SUMMARY = msgspec.json.Decoder(arm_rows.UpdateSummary)


class AzureCluster(msgspec.Struct, frozen=True, gc=False):
    """The cluster's own resource; ``solution_version`` as 11.2510.1002.93, empty if not known."""

    arm_id: str
    name: str
    connection: str = ""
    os_version: str = ""
    solution_version: str = ""


class ArmHalf(msgspec.Struct, frozen=True):
    """Everything that ARM says, read at ``read_at``."""

    read_at: float
    vms: tuple[AzureVm, ...] = ()
    clusters: tuple[AzureCluster, ...] = ()
    node_connections: tuple[NodeConnection, ...] = ()
    site: SiteFacts = SiteFacts()
    faults: tuple[Fault, ...] = ()  # partial ones and unknown words


class _Look(msgspec.Struct):
    """What a GET saw, and what Resource Graph said at that time (None: nothing)."""

    vm: AzureVm | None
    graph: AzureVm | None
    at: float


class ArmReader:
    """Reads; never acts. Methods raise BackendError only."""

    def __init__(self, pipeline: ArmPipeline, clock: Clock) -> None:
        self._pipeline = pipeline
        self._clock = clock
        self._vms: RowCache[Any, AzureVm] = RowCache(
            arm_rows.GraphVm, arm_records.azure_vm, "List VMs"
        )
        self._nodes: RowCache[Any, NodeConnection] = RowCache(
            arm_rows.GraphNode, arm_records.node_connection, "List nodes"
        )
        self._machines: RowCache[Any, arm_rows.MachineResource] = RowCache(
            arm_rows.MachineResource, lambda row, words: row, "List machines"
        )
        self._lists = SiteLists(pipeline)
        self._graph_refused_at: float | None = None
        self._looks: dict[str, _Look] = {}
        self._graph_said: dict[str, AzureVm] = {}
        self._rights = ArmRights(pipeline)
        self._solution_versions: dict[str, tuple[str, float]] = {}

    async def read(self) -> ArmHalf:
        """Everything at once. The first failure raises: half an answer looks like deletions."""
        at = self._clock.now()
        words = WordReader(at)
        listed = await self._lists.subscriptions(words)
        ids = self._pipeline.connection.subscription_ids or tuple(each.id for each in listed)
        shown = tuple(each for each in listed if each.id in ids)
        (vms, nodes, vm_faults), (lists, list_faults), clusters = await asyncio.gather(
            self._read_vms(ids, words), self._lists.read(ids, words), self._read_clusters(ids)
        )
        lists["rights"] = await self._rights.of(vm.facts.arm_id for vm in vms)
        return ArmHalf(
            read_at=at,
            vms=vms,
            clusters=clusters,
            node_connections=nodes,
            site=self._lists.assemble(lists, shown, tuple(vm.facts for vm in vms)),
            faults=vm_faults + list_faults + words.faults(),
        )

    async def look_at_vm(self, machine_id: str) -> AzureVm | None:
        """Machine and instance by GET, at this moment; None if Azure has no such machine."""
        at = self._clock.now()
        machine = await self._get(machine_id, "Look at the VM", _MACHINE)
        vm = None
        if machine is not None:
            instance = await self._get(
                arm_paths.instance_id(machine_id), "Look at the VM", _INSTANCE
            )
            vm = arm_records.azure_vm(_as_graph_row(machine, instance), WordReader(at))
        key = machine_id.lower()
        self._looks[key] = _Look(vm, self._graph_said.get(key), at)
        return vm

    async def _get(self, arm_id: str, what: str, decoder: msgspec.json.Decoder[Any]) -> Any:
        path = arm_paths.resource_path(arm_id, self._pipeline.connection.vm_api_version)
        try:
            body = await self._pipeline.get(path, what)
        except BackendError as error:
            if error.fault.code is FaultCode.NOT_FOUND:
                return None
            raise
        try:
            return decoder.decode(body)
        except (msgspec.MsgspecError, RecursionError, ValueError) as error:
            raise BackendError(malformed(what, str(error))) from error

    def _with_looks(self, vms: tuple[AzureVm, ...], at: float) -> tuple[AzureVm, ...]:
        """Resource Graph lags: where it still says what it said before a GET, the GET holds."""
        self._graph_said = {vm.facts.arm_id.lower(): vm for vm in vms}
        merged = dict(self._graph_said)
        for key, look in list(self._looks.items()):
            if at - look.at > LOOK_HOLDS_S or self._graph_said.get(key) is not look.graph:
                del self._looks[key]
            elif look.vm is None:
                merged.pop(key, None)
            else:
                merged[key] = look.vm
        return tuple(merged.values())

    async def _read_vms(
        self, ids: tuple[str, ...], words: WordReader
    ) -> tuple[tuple[AzureVm, ...], tuple[NodeConnection, ...], tuple[Fault, ...]]:
        refused = self._graph_refused_at
        if refused is None or self._clock.now() - refused > GRAPH_PAUSE_S:
            try:
                pages, node_pages = await asyncio.gather(
                    query_pages(self._pipeline, "virtual_machines", ids, "List VMs"),
                    query_pages(self._pipeline, "node_machines", ids, "List nodes"),
                )
            except BackendError as error:
                if error.fault.code not in _GRAPH_REFUSED:
                    raise
                self._graph_refused_at = self._clock.now()
            else:
                self._graph_refused_at = None
                vms, vm_faults = self._vms.read(pages, words)
                vms = self._with_looks(vms, words.at or 0.0)
                nodes, node_faults = self._nodes.read(node_pages, words)
                return vms, nodes, vm_faults + node_faults
        return await self._read_machines(ids, words)

    async def _read_machines(
        self, ids: tuple[str, ...], words: WordReader
    ) -> tuple[tuple[AzureVm, ...], tuple[NodeConnection, ...], tuple[Fault, ...]]:
        """The slow way: list machines, GET instances, the ones never or longest not looked at."""
        arrays: list[msgspec.Raw] = []
        for subscription in ids:
            path = arm_paths.list_path(
                subscription, "Microsoft.HybridCompute/machines", arm_paths.HYBRID_COMPUTE_API
            )
            arrays.extend([page async for page in self._pipeline.pages(path, "List machines")])
        machines, faults = self._machines.read(arrays, words)
        guests = [machine for machine in machines if (machine.kind or "").upper() == "HCI"]
        keys = {machine.id.lower() for machine in guests}
        self._looks = {key: look for key, look in self._looks.items() if key in keys}
        guests.sort(key=lambda m: seen.at if (seen := self._looks.get(m.id.lower())) else 0.0)
        gate = asyncio.Semaphore(LOOKS_AT_A_TIME)

        async def look(machine: arm_rows.MachineResource) -> None:
            async with gate:
                await self.look_at_vm(machine.id)

        await asyncio.gather(*(look(machine) for machine in guests[:MOST_LOOKS]))
        found = [
            seen.vm if (seen := self._looks.get(machine.id.lower())) and seen.vm else
            arm_records.azure_vm(_as_graph_row(machine, None), words)
            for machine in guests
        ]  # fmt: skip
        nodes = tuple(
            NodeConnection(machine.name, machine.properties.status or "")
            for machine in machines
            if (machine.kind or "").upper() != "HCI" and machine.properties is not None
        )
        return tuple(found), nodes, faults

    async def _read_clusters(self, ids: tuple[str, ...]) -> tuple[AzureCluster, ...]:
        found: list[AzureCluster] = []
        for subscription in ids:
            path = arm_paths.list_path(
                subscription, "Microsoft.AzureStackHCI/clusters", arm_paths.CLUSTERS_API
            )
            async for page in self._pipeline.pages(path, "List clusters"):
                try:
                    rows = msgspec.json.decode(page, type=list[arm_rows.ClusterResource])
                except (msgspec.MsgspecError, RecursionError, ValueError) as error:
                    raise BackendError(malformed("List clusters", str(error))) from error
                found.extend([await self._cluster(row) for row in rows])
        return tuple(found)

    async def _cluster(self, row: arm_rows.ClusterResource) -> AzureCluster:
        body = row.properties or arm_rows.ClusterProperties()
        reported = body.reported_properties or arm_rows.ReportedProperties()
        return AzureCluster(
            arm_id=row.id,
            name=reported.cluster_name or row.name,
            connection=body.connectivity_status or "",
            os_version=reported.cluster_version or "",
            solution_version=await self._solution_version(row.id),
        )

    async def _solution_version(self, cluster_id: str) -> str:
        """From the update summary; an update takes hours, so this is asked now and then."""
        now = self._clock.now()
        version, asked_at = self._solution_versions.get(cluster_id, ("", -RELEASE_HOLDS_S))
        if now - asked_at > RELEASE_HOLDS_S:
            try:
                summary = await self._get(
                    f"{cluster_id}/updateSummaries/default", "Read the release", _SUMMARY
                )
            except BackendError as error:
                if error.fault.code not in (FaultCode.FORBIDDEN, FaultCode.REJECTED):
                    raise
                summary = None
            body = summary.properties if summary is not None else None
            version = (body.current_version if body else None) or ""
            self._solution_versions[cluster_id] = (version, now)
        return version


def _as_graph_row(
    machine: arm_rows.MachineResource, instance: arm_rows.InstanceResource | None
) -> arm_rows.GraphVm:
    """GET's two bodies in the shape of Resource Graph's one row."""
    location = instance.extended_location if instance is not None else None
    return arm_rows.GraphVm(
        id=machine.id,
        name=machine.name,
        tags=machine.tags,
        arc_status=machine.properties.status if machine.properties else None,
        properties=instance.properties if instance is not None else None,
        custom_location=location.name if location is not None else None,
    )
