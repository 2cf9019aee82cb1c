"""The cluster through its nodes: every Up node tells of itself and its VMs; acts are compared."""

from collections.abc import Collection, Iterable

import msgspec

from console.backends import BackendError, RemoteJob
from console.backends.azure_local import cluster_records, node_rows
from console.backends.azure_local.cluster_jobs import (
    ClusterJobKind,
    ClusterToken,
    MigrationJob,
    token_of,
)
from console.backends.azure_local.cluster_reading import ClusterReader
from console.backends.azure_local.connections import Clock, ClusterConnection
from console.backends.azure_local.halves import ClusterHalf, ClusterVm
from console.backends.azure_local.node_catalogue import misuse
from console.backends.azure_local.node_jobs import NodeJob
from console.backends.azure_local.node_session import NodeRefusal, Parameters, PypsrpNodeSession
from console.backends.azure_local.node_sessions import NewSession, NodeSessions
from console.backends.azure_local.performance import HistoryReader
from console.backends.azure_local.quick_jobs import QuickMigrationJob, is_on_its_way
from console.backends.azure_local.translate import WordReader
from console.model.freshness import Fault, FaultCode, cut
from console.model.node import Maintenance, Node

_MIGRATION: msgspec.json.Decoder[node_rows.MigrationRow | None] = msgspec.json.Decoder(
    node_rows.MigrationRow | None
)

_DRAIN = msgspec.json.Decoder(node_rows.NodeDrainRow)

# The first part of a refusal's FullyQualifiedErrorId, as the node module writes it.
_CONFLICTS = frozenset({"OwnerMismatch", "AlreadyMigrating", "AlreadyDraining"})
_REMEDIES = {
    "OwnerMismatch": "It was moved meanwhile: look where it is now, then ask again.",
    "AlreadyMigrating": "Somebody else moves it: see who under Operations, wait until it arrived.",
    "AlreadyDraining": "Somebody else drains that node: wait until it is drained.",
}
_NOT_FOUND = frozenset({"VmNotFound", "NodeNotFound", "NotMigrating"})


class FailoverCluster:
    """Reads and acts. Raises BackendError only."""

    def __init__(
        self,
        connection: ClusterConnection,
        clock: Clock,
        new_session: NewSession = PypsrpNodeSession,
    ) -> None:
        self._sessions = NodeSessions(connection, new_session)
        self._reader = ClusterReader(self._sessions, clock)
        self.history = HistoryReader(self._sessions, clock)
        self._clock = clock

    def close(self) -> None:
        self._sessions.close()

    # -- reading -------------------------------------------------------------------------------
    async def read(self) -> ClusterHalf:
        return await self._reader.read()

    async def look_at_vm(self, vm_id: str, owner: str | None) -> ClusterVm | None:
        """One VM from the node that owns it now."""
        if not is_vm_id(vm_id):
            return None
        return await self._reader.look_at_vm(vm_id, owner)

    async def read_some(self, vm_ids: Iterable[str], nodes: Collection[str]) -> ClusterHalf:
        """These VMs and nodes as they are now; what is no VM id is left out."""
        return await self._reader.read_some(filter(is_vm_id, vm_ids), nodes)

    async def look_at_node(self, name: str) -> Node | None:
        return await self._reader.look_at_node(name)

    async def maintenance_of(self, name: str) -> Maintenance | None:
        """How far the node is out of service; None if the cluster has no such node."""
        first = self._other_than(name)
        try:
            text = await self._sessions.read_any("Get-TlcNodeDrain", {"Name": name}, first)
        except NodeRefusal as refusal:
            if _identity(refusal) in _NOT_FOUND:
                return None
            raise _refused(refusal) from refusal
        row = cluster_records.decode(text, "A node", _DRAIN)
        return cluster_records.maintenance(row, WordReader(self._clock.now()))

    # -- live migration ------------------------------------------------------------------------
    async def start_live_migration(
        self, vm_id: str, source: str, target: str, operation_id: str
    ) -> RemoteJob:
        parameters = _compare_and_move(vm_id, source, target, operation_id)
        await self._act("Start-TlcLiveMigration", parameters, source)
        token = ClusterToken(ClusterJobKind.MIGRATION, operation_id, vm_id, source, target)
        return MigrationJob(self, token)

    async def start_quick_migration(
        self, vm_id: str, source: str, target: str, operation_id: str
    ) -> RemoteJob:
        parameters = _compare_and_move(vm_id, source, target, operation_id)
        await self._act("Start-TlcQuickMigration", parameters, source)
        token = ClusterToken(ClusterJobKind.QUICK, operation_id, vm_id, source, target)
        return QuickMigrationJob(self, token)

    async def find_quick_migration(self, vm_id: str, source: str, target: str) -> RemoteJob | None:
        """A VM between these nodes that is being saved, handed over or resumed."""
        seen = await self.migration_of(vm_id)
        if seen is None or not is_on_its_way(seen):
            return None
        if seen.owner_node.casefold() not in (source.casefold(), target.casefold()):
            return None
        return QuickMigrationJob(
            self, ClusterToken(ClusterJobKind.QUICK, "", vm_id, source, target)
        )

    async def find_live_migration(self, vm_id: str) -> RemoteJob | None:
        """The migration that goes on now, whoever started it."""
        seen = await self.migration_of(vm_id)
        if seen is None or seen.phase.lower() in ("", "completed", "failed", "canceled"):
            return None
        token = ClusterToken(
            ClusterJobKind.MIGRATION,
            seen.operation_id or "",
            vm_id,
            seen.source or seen.owner_node,
            seen.target or "",
        )
        return MigrationJob(self, token)

    async def migration_of(
        self, vm_id: str, source: str | None = None
    ) -> node_rows.MigrationRow | None:
        """The VM's last live migration and its owner; None if there is no such VM.

        ``source`` is asked first: on a real cluster only that node knows the migration's job, and
        only for five minutes (Msvm_MigrationJob, TimeBeforeRemoval).
        """
        if not is_vm_id(vm_id):
            return None
        try:
            text = await self._sessions.read_any("Get-TlcLiveMigration", {"VMId": vm_id}, source)
        except NodeRefusal as refusal:
            if _identity(refusal) in _NOT_FOUND:
                return None
            raise _refused(refusal) from refusal
        return cluster_records.decode(text, "A node", _MIGRATION)

    async def stop_migration(self, vm_id: str, operation_id: str) -> None:
        parameters = {"VMId": vm_id, "OperationId": operation_id}
        await self._act("Stop-TlcLiveMigration", parameters)

    # -- maintenance ---------------------------------------------------------------------------
    async def suspend_node(self, node: str, operation_id: str, *, drain: bool) -> RemoteJob:
        # Asked of another node: this one is about to lose its roles.
        parameters: Parameters = {"Name": node, "Drain": drain, "OperationId": operation_id}
        await self._act("Suspend-TlcNode", parameters, self._other_than(node))
        kind = ClusterJobKind.SUSPEND if drain else ClusterJobKind.PAUSE
        return NodeJob(self, ClusterToken(kind, operation_id, target=node))

    async def set_azure_placement(self, node: str, is_allowed: bool, operation_id: str) -> None:
        parameters: Parameters = {
            "Name": node,
            "IsAllowed": is_allowed,
            "OperationId": operation_id,
        }
        await self._act("Set-TlcNodePlacement", parameters, self._other_than(node))

    async def resume_node(self, node: str, failback: bool, operation_id: str) -> RemoteJob:
        parameters: Parameters = {"Name": node, "Failback": failback, "OperationId": operation_id}
        await self._act("Resume-TlcNode", parameters, self._other_than(node))
        return NodeJob(self, ClusterToken(ClusterJobKind.RESUME, operation_id, target=node))

    def resume(self, token: str) -> RemoteJob:
        """A job found again. It names VMs and nodes, never addresses: the profile has those."""
        about = token_of(token)
        if about.kind is ClusterJobKind.MIGRATION:
            return MigrationJob(self, about)
        if about.kind is ClusterJobKind.QUICK:
            return QuickMigrationJob(self, about)
        return NodeJob(self, about)

    def _other_than(self, node: str) -> str | None:
        own = self._sessions.spelled(node)
        return next((name for name in self._sessions.names if name != own), None)

    async def _act(self, function: str, parameters: Parameters, first: str | None = None) -> None:
        try:
            text = await self._sessions.act(function, parameters, first)
        except NodeRefusal as refusal:
            raise _refused(refusal) from refusal
        try:
            cluster_records.unwrap(text, "A node")
        except BackendError as error:
            raise BackendError(error.fault, was_sent=True) from error


def _compare_and_move(vm_id: str, source: str, target: str, operation_id: str) -> Parameters:
    return {
        "VMId": vm_id,
        "TargetNode": target,
        "ExpectedOwner": source,
        "OperationId": operation_id,
    }


def is_vm_id(text: str) -> bool:
    """A Hyper-V VM id; a VM without one (its key is an ARM id) is not on the cluster yet."""
    return not misuse("Get-TlcLiveMigration", {"VMId": text})


def _identity(refusal: NodeRefusal) -> str:
    """``OwnerMismatch`` of ``OwnerMismatch,Start-TlcLiveMigration``."""
    return refusal.identity.split(",")[0].strip()


def _refused(refusal: NodeRefusal) -> BackendError:
    """The function looked and declined: nothing was changed."""
    identity = _identity(refusal)
    code = FaultCode.REJECTED
    if identity in _CONFLICTS:
        code = FaultCode.CONFLICT
    elif identity in _NOT_FOUND:
        code = FaultCode.NOT_FOUND
    return BackendError(
        Fault(
            code,
            summary=cut(refusal.text, 2000) or "The cluster refused.",
            remedy=_REMEDIES.get(identity, ""),
            kept="Nothing was changed.",
            detail=cut(refusal.identity, 200),
        )
    )
