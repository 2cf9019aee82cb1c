"""The cluster's half of a snapshot: the cluster once, then every node that is not down."""

import asyncio
from collections.abc import Callable, Collection, Iterable
from typing import TypeVar

import msgspec

from console.backends import BackendError
from console.backends.azure_local import cluster_records, node_rows
from console.backends.azure_local.connections import Clock
from console.backends.azure_local.halves import ClusterHalf, ClusterVm
from console.backends.azure_local.node_faults import node_fault
from console.backends.azure_local.node_session import NodeRefusal, Parameters
from console.backends.azure_local.node_sessions import NodeSessions
from console.backends.azure_local.translate import BALANCING, WordReader
from console.model.freshness import Fault, FaultCode
from console.model.node import Node
from console.model.placement import BalancingMode

R = TypeVar("R")
T = TypeVar("T")

_CLUSTER = msgspec.json.Decoder(node_rows.ClusterRow)
_NODE = msgspec.json.Decoder(node_rows.NodeRow)
_HEALTH = msgspec.json.Decoder(node_rows.HealthRow)
_VMS = msgspec.json.Decoder(list[node_rows.VmRow])
# From this many VMs of one node on, its whole list is asked for instead of one after the other.
_ONE_BY_ONE = 4


class _NodeAnswer(msgspec.Struct):
    """What one node said, or why it did not; ``vms`` None: its last ones stand."""

    node: Node
    vms: list[ClusterVm] | None = None
    fault: Fault | None = None


class _HealthAnswer(msgspec.Struct):
    """What the cluster tells beside its nodes; empty with a fault if nobody told it."""

    row: node_rows.HealthRow
    fault: Fault | None = None


class ClusterReader:
    """Asks the nodes; keeps what a silent node said last. Raises BackendError only."""

    def __init__(self, sessions: NodeSessions, clock: Clock) -> None:
        self._sessions = sessions
        self._clock = clock
        self._last_vms: dict[str, ClusterVm] = {}
        self._last_nodes: dict[str, Node] = {}
        self._keys: frozenset[str] | None = None  # VM ids with a guest state key, as told last

    async def read(self) -> ClusterHalf:
        """Raises if no node tells of the cluster; a single silent node is a partial fault."""
        at = self._clock.now()
        words = WordReader(at)
        cluster = await self._cluster()
        # The nodes are asked meanwhile; a VM's row is made once the keys are known.
        health = asyncio.create_task(self._health(at))
        try:
            answers = await asyncio.gather(
                *(self._node(row, words, health=health) for row in cluster.nodes)
            )
            told = await health
        finally:
            health.cancel()
        found = (told.fault, *(answer.fault for answer in answers))
        faults = tuple(fault for fault in found if fault is not None)
        vms = self._merge(answers)
        self._last_nodes = {answer.node.name: answer.node for answer in answers}
        self._last_vms = {vm.facts.vm_id: vm for vm in vms}
        builds = {answer.node.os_build for answer in answers if answer.node.os_build}
        half = _of_cluster(cluster, words)
        return msgspec.structs.replace(
            half,
            os_build=half.os_build or (max(builds) if builds else ""),
            health_faults=tuple(
                cluster_records.health_fault(row) for row in cluster.health_faults or ()
            ),
            volumes=_all(told.row.shared_volumes, cluster_records.volume, words),
            storage_links=_all(told.row.storage_links, cluster_records.storage_link, words),
            nodes=tuple(answer.node for answer in answers),
            vms=vms,
            faults=faults + words.faults(),
        )

    async def look_at_vm(self, vm_id: str, owner: str | None) -> ClusterVm | None:
        """Asked of the last known owner first, then of every other node at once."""
        cluster = await self._cluster()
        reachable = self._reachable(cluster)
        last = self._last_vms.get(vm_id)
        first = self._sessions.spelled(owner or (last.facts.owner_node if last else "") or "")
        silent: BackendError | None = None
        if first in reachable:
            try:
                found = await self._vm_on(first, vm_id)
            except BackendError as error:
                silent = error
            else:
                if found is not None:
                    return found
        rest = [node for node in reachable if node != first]
        answers = await asyncio.gather(
            *(self._vm_on(node, vm_id) for node in rest), return_exceptions=True
        )
        for answer in answers:
            if isinstance(answer, ClusterVm):
                return answer
            if isinstance(answer, BackendError):
                silent = silent or answer
            elif isinstance(answer, BaseException):
                raise answer
        if silent is not None:
            # A node that does not answer may own it: not seen is not gone.
            raise silent
        return None

    async def look_at_node(self, name: str) -> Node | None:
        """The node as the cluster and it itself see it now; None if the cluster has none so."""
        cluster = await self._cluster()
        wanted = name.casefold()
        row = next((row for row in cluster.nodes if row.name.casefold() == wanted), None)
        if row is None:
            return None
        return (await self._node(row, WordReader(self._clock.now()))).node

    async def read_some(self, vm_ids: Iterable[str], nodes: Collection[str]) -> ClusterHalf:
        """These VMs and nodes, and the nodes that own the VMs; no names: all nodes.

        Nothing of it is remembered. A node that did not answer now has no ``read_at``.
        """
        at = self._clock.now()
        words = WordReader(at)
        cluster = await self._cluster()
        reachable = self._reachable(cluster)
        by_owner: dict[str, set[str]] = {}
        for vm_id in vm_ids:
            last = self._last_vms.get(vm_id)
            owner = self._sessions.spelled(last.facts.owner_node) if last is not None else None
            by_owner.setdefault(owner or "", set()).add(vm_id)
        wanted = {name.casefold() for name in nodes}
        rows = [
            row
            for row in cluster.nodes
            if not nodes
            or row.name.casefold() in wanted
            or self._sessions.spelled(row.name) in by_owner
        ]
        vms, answers = await asyncio.gather(
            self._find_vms(by_owner, reachable, words),
            asyncio.gather(*(self._node(row, words) for row in rows)),
        )
        return msgspec.structs.replace(
            _of_cluster(cluster, words),
            nodes=tuple(
                answer.node
                if answer.fault is None
                else msgspec.structs.replace(answer.node, read_at=None)
                for answer in answers
            ),
            vms=vms,
            faults=tuple(answer.fault for answer in answers if answer.fault is not None),
        )

    async def _find_vms(
        self, by_owner: dict[str, set[str]], reachable: list[str], words: WordReader
    ) -> tuple[ClusterVm, ...]:
        """Each from its last owner; those that are not there any more, from whoever has them."""
        at_home = await asyncio.gather(
            *(self._vms_among(node, ids, words) for node, ids in by_owner.items() if node)
        )
        found = {vm.facts.vm_id: vm for vms in at_home for vm in vms}
        missing = {vm_id for ids in by_owner.values() for vm_id in ids} - found.keys()
        if missing:
            moved = await asyncio.gather(
                *(self._vms_among(node, missing, words) for node in reachable)
            )
            found |= {vm.facts.vm_id: vm for vms in moved for vm in vms}
        return tuple(found.values())

    async def _vms_among(self, node: str, ids: set[str], words: WordReader) -> list[ClusterVm]:
        """Those of these VMs that the node owns; none if it does not answer."""
        try:
            if len(ids) >= _ONE_BY_ONE:
                own = await self._vms_of(node, words)
                return [vm for vm in own if vm.facts.vm_id in ids]
            found = [await self._vm_on(node, vm_id) for vm_id in sorted(ids)]
        except BackendError:
            return []
        return [vm for vm in found if vm is not None]

    # -- one answer each -----------------------------------------------------------------------
    async def _cluster(self) -> node_rows.ClusterRow:
        try:
            text = await self._sessions.read_any("Get-TlcCluster")
        except NodeRefusal as refusal:
            raise _failed("The cluster", refusal) from refusal
        return cluster_records.decode(text, "A node", _CLUSTER)

    def _reachable(self, cluster: node_rows.ClusterRow) -> list[str]:
        up = (row for row in cluster.nodes if not cluster_records.is_down(row))
        return [name for row in up if (name := self._sessions.spelled(row.name)) is not None]

    async def _health(self, at: float) -> _HealthAnswer:
        """What any node tells of storage and keys; without it they are not known, no more."""
        try:
            text = await self._sessions.read_any("Get-TlcHealth")
            return _HealthAnswer(cluster_records.decode(text, "A node", _HEALTH))
        except BackendError as error:
            fault = msgspec.structs.replace(error.fault, is_partial=True, at=at)
        except NodeRefusal as refusal:
            fault = msgspec.structs.replace(
                _failed("The cluster's storage", refusal).fault, is_partial=True, at=at
            )
        return _HealthAnswer(node_rows.HealthRow(), fault)

    async def _node(
        self,
        row: node_rows.ClusterNodeRow,
        words: WordReader,
        *,
        health: "asyncio.Task[_HealthAnswer] | None" = None,
    ) -> _NodeAnswer:
        """One node, and its VMs if the cluster's health is on its way."""
        name = self._sessions.spelled(row.name)
        before = self._last_nodes.get(row.name)
        if cluster_records.is_down(row):
            return _NodeAnswer(cluster_records.silent_node(before, row, words))
        if name is None:
            fault = Fault(
                FaultCode.UNREACHABLE,
                summary=f"The profile does not say how to reach {row.name}.",
                remedy="Add the node's address to the profile.",
                is_partial=True,
            )
            silent = cluster_records.silent_node(before, row, words)
            return _NodeAnswer(silent, fault=fault)
        try:
            own = cluster_records.decode(await self._ask(name, "Get-TlcNode"), name, _NODE)
            vms = await self._vms_of(name, words, health) if health is not None else None
        except BackendError as error:
            fault = msgspec.structs.replace(error.fault, is_partial=True, at=words.at)
            silent = cluster_records.silent_node(before, row, words)
            return _NodeAnswer(silent, fault=fault)
        return _NodeAnswer(cluster_records.node(own, row, words), vms)

    async def _vms_of(
        self,
        name: str,
        words: WordReader,
        health: "asyncio.Task[_HealthAnswer] | None" = None,
    ) -> list[ClusterVm]:
        text = await self._ask(name, "Get-TlcVirtualMachine")
        rows = cluster_records.decode(text, name, _VMS)
        if health is not None:
            listed = (await asyncio.shield(health)).row.guest_state_keys
            self._keys = None if listed is None else frozenset(key.lower() for key in listed)
        found = []
        for row in rows:
            fresh = cluster_records.cluster_vm(row, words, self._keys)
            before = self._last_vms.get(fresh.facts.vm_id)
            found.append(cluster_records.same_or_new(fresh, before))
        return found

    async def _vm_on(self, node: str, vm_id: str) -> ClusterVm | None:
        text = await self._ask(node, "Get-TlcVirtualMachine", {"VMId": vm_id})
        words = WordReader(self._clock.now())
        rows = cluster_records.decode(text, node, _VMS)
        vms = (cluster_records.cluster_vm(row, words, self._keys) for row in rows)
        return next((vm for vm in vms if vm.facts.vm_id == vm_id), None)

    async def _ask(self, node: str, function: str, parameters: Parameters | None = None) -> str:
        try:
            return await self._sessions.read(node, function, parameters)
        except NodeRefusal as refusal:
            raise _failed(node, refusal) from refusal

    # -- many answers to one -------------------------------------------------------------------
    def _merge(self, answers: list[_NodeAnswer]) -> tuple[ClusterVm, ...]:
        """Fresh VMs of the nodes that answered, and the last ones of those that did not."""
        fresh = {vm.facts.vm_id: vm for answer in answers for vm in answer.vms or ()}
        silent = {answer.node.name for answer in answers if answer.vms is None}
        kept = {
            vm_id: vm
            for vm_id, vm in self._last_vms.items()
            if vm.facts.owner_node in silent and vm_id not in fresh
        }
        return (*fresh.values(), *kept.values())


def _of_cluster(row: node_rows.ClusterRow, words: WordReader) -> ClusterHalf:
    """What the cluster tells of itself, before anything of its nodes."""
    return ClusterHalf(
        read_at=words.at or 0.0,
        name=row.name,
        parallel_migrations=row.parallel_migrations,
        migration_encrypted=row.migration_encrypted,
        affinity_rules=cluster_records.affinity_rules(row.affinity_rules, words),
        balancing=BALANCING.get(row.balancer_mode, BalancingMode.UNKNOWN)
        if row.balancer_mode is not None
        else BalancingMode.UNKNOWN,
        balancing_level=row.balancer_level,
        enforces_anti_affinity=row.enforces_anti_affinity,
        rights=cluster_records.rights(row.allowed_functions),
        os_build=row.os_build or "",
        release=row.release or "",
    )


def _all(
    listed: list[R] | None, read: Callable[[R, WordReader], T], words: WordReader
) -> tuple[T, ...] | None:
    return None if listed is None else tuple(read(row, words) for row in listed)


def _failed(node: str, refusal: NodeRefusal) -> BackendError:
    detail = f"{refusal.identity}: {refusal.text}"
    return BackendError(node_fault(FaultCode.SERVER_ERROR, node, detail))
