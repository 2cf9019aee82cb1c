"""The nodes' JSON turned into the model's records; pure functions."""

from typing import TypeVar

import msgspec

from console.backends import BackendError
from console.backends.azure_local import node_rows as rows
from console.backends.azure_local.halves import ClusterVm
from console.backends.azure_local.node_catalogue import FUNCTIONS_OF
from console.backends.azure_local.node_faults import node_fault
from console.backends.azure_local.translate import (
    ACTIVITY,
    AFFINITY,
    DRAIN,
    HEARTBEAT,
    HYPERV_STATE,
    ISOLATION,
    LINK_STATE,
    SERVICE,
    VOLUME_ACCESS,
    VOLUME_STATE,
    WordReader,
)
from console.model.freshness import FaultCode
from console.model.node import Maintenance, MigrationNetwork, Node, NodeState, RemainingVm
from console.model.placement import AffinityRule
from console.model.snapshot import HealthFault
from console.model.storage import NodeAccess, StorageLink, Volume
from console.model.virtual_machine import ClusterFacts, Migration, VmActivity, VmMetrics

T = TypeVar("T")

_ENVELOPE = msgspec.json.Decoder(rows.Envelope)
_BROKEN = (msgspec.MsgspecError, RecursionError, ValueError)


def unwrap(text: str, node: str) -> msgspec.Raw:
    """``data`` of an answer of the schema we know; else BackendError(MALFORMED)."""
    try:
        envelope = _ENVELOPE.decode(text)
    except _BROKEN as error:
        raise BackendError(node_fault(FaultCode.MALFORMED, node, str(error))) from error
    if envelope.schema != rows.SCHEMA:
        detail = f"schema {envelope.schema}, this console reads {rows.SCHEMA}"
        raise BackendError(node_fault(FaultCode.MALFORMED, node, detail))
    return envelope.data


def decode(text: str, node: str, decoder: "msgspec.json.Decoder[T]") -> T:
    """The typed data of an answer; BackendError(MALFORMED) if it does not fit."""
    data = unwrap(text, node)
    try:
        return decoder.decode(data)
    except _BROKEN as error:
        raise BackendError(node_fault(FaultCode.MALFORMED, node, str(error))) from error


def cluster_vm(row: rows.VmRow, words: WordReader, keys: frozenset[str] | None = None) -> ClusterVm:
    """One VM; its facts carry the time of the reading. ``keys``: VM ids with a guest state key."""
    running = row.migration
    vm_id = row.vm_id.strip("{}").lower()
    return ClusterVm(
        name=row.name,
        group=row.group_name or row.name,
        facts=ClusterFacts(
            vm_id=vm_id,
            owner_node=row.owner_node,
            power=words.read(HYPERV_STATE, row.state, row.name),
            heartbeat=words.read(HEARTBEAT, row.heartbeat, row.name),
            activity=words.read(ACTIVITY, row.operational_status, row.name)
            if row.operational_status
            else VmActivity.UNKNOWN,
            is_clustered=row.is_clustered,
            group=row.group_name or "",
            group_state=row.group_state or "",
            group_flags=row.group_flags,
            generation=row.generation,
            configuration_version=row.configuration_version or "",
            processors=row.processors,
            memory_mib=row.memory_mi_b,
            has_dynamic_memory=row.has_dynamic_memory,
            security=words.read(ISOLATION, row.isolation, row.name),
            secure_boot=row.secure_boot,
            vtpm=row.vtpm,
            vtpm_state=row.vtpm_state or "",
            running_since=row.running_since,
            mounted_iso=row.mounted_iso,
            has_checkpoints=row.has_checkpoints,
            possible_owners=_names(row.possible_owners),
            preferred_owners=_names(row.preferred_owners),
            anti_affinity=_names(row.anti_affinity_classes),
            is_processor_compatible=row.processor_compatibility,
            switches=_names(row.switches),
            addresses=tuple(row.addresses or ()),
            migration=None
            if running is None
            else Migration(
                running.target, running.percent, running.phase or "", running.operation_id or ""
            ),
            volumes=tuple(row.volumes or ()),
            has_guest_state_key=None if keys is None else vm_id in keys,
            read_at=words.at,
        ),
        metrics=VmMetrics(
            row.cpu_percent,
            row.memory_assigned_mi_b,
            row.memory_demand_mi_b,
            row.network_ki_bps,
            row.storage_ki_bps,
        ),
    )


def same_or_new(fresh: ClusterVm, before: ClusterVm | None) -> ClusterVm:
    """The facts of before where only their reading time differs, so that identity tells."""
    if before is None:
        return fresh
    old, new = before.facts, fresh.facts
    if old is new or old == msgspec.structs.replace(new, read_at=old.read_at):
        if before.metrics == fresh.metrics and before.name == fresh.name:
            return before
        return msgspec.structs.replace(fresh, facts=old)
    return fresh


def node(row: rows.NodeRow | None, in_cluster: rows.ClusterNodeRow, words: WordReader) -> Node:
    """One node: the cluster's word on its state, its own on everything else.

    ``row`` is None for a node that did not answer: then only the cluster's word stands.
    """
    drain = words.read(DRAIN, in_cluster.drain_status, in_cluster.name)
    state = words.node_state(in_cluster.state, in_cluster.status_flags, drain, in_cluster.name)
    if row is None:
        return Node(
            name=in_cluster.name,
            state=state,
            drain=drain,
            fault_domain=in_cluster.fault_domain,
            accepts_azure_placement=in_cluster.accepts_azure_placement,
        )
    return Node(
        name=in_cluster.name,
        state=state,
        fqdn=row.fqdn,
        drain=drain,
        logical_processors=row.logical_processors,
        cpu_percent=row.cpu_percent,
        memory_total_mib=row.memory_total_mi_b,
        memory_available_mib=row.memory_available_mi_b,
        igvm_agent=words.read(SERVICE, row.igvm_agent, in_cluster.name),
        igvm_agent_version=row.igvm_agent_version or "",
        migration_networks=tuple(
            MigrationNetwork(each.name, each.is_up, each.link_mbps, each.is_encrypted)
            for each in row.migration_networks or ()
        ),
        processor_model=row.processor_model or "",
        os_build=row.os_build or "",
        fault_domain=in_cluster.fault_domain,
        switches=_names(row.switches),
        vm_versions=_names(row.vm_versions),
        accepts_azure_placement=in_cluster.accepts_azure_placement,
        network_kib_s=row.network_ki_bps,
        storage_kib_s=row.storage_ki_bps,
        read_at=words.at,
    )


def maintenance(row: rows.NodeDrainRow, words: WordReader) -> Maintenance:
    """What the node still has. A list that did not come is not known, not empty."""
    drain = words.read(DRAIN, row.drain_status, row.name)
    return Maintenance(
        node=row.name,
        state=words.node_state(row.state, row.status_flags, drain, row.name),
        drain=drain,
        drain_failure=row.drain_failure or "",
        accepts_azure_placement=row.accepts_azure_placement,
        vms=None
        if row.vms is None
        else tuple(
            RemainingVm(
                (each.vm_id or "").strip("{}").lower(),
                each.name,
                each.group_state,
                each.failure_text or each.failure_code or "",
            )
            for each in row.vms
        ),
        other_groups=_names(row.other_groups),
        storage_jobs=_names(row.storage_jobs),
    )


def silent_node(before: Node | None, in_cluster: rows.ClusterNodeRow, words: WordReader) -> Node:
    """A node that did not answer: its last own figures, dated, with the cluster's word of now."""
    now = node(None, in_cluster, words)
    if before is None:
        return now
    accepts = now.accepts_azure_placement
    return msgspec.structs.replace(
        before,
        state=now.state,
        drain=now.drain,
        accepts_azure_placement=before.accepts_azure_placement if accepts is None else accepts,
    )


def affinity_rules(
    found: list[rows.AffinityRuleRow] | None, words: WordReader
) -> tuple[AffinityRule, ...] | None:
    """The cluster's rules; None where they could not be read."""
    if found is None:
        return None
    return tuple(
        AffinityRule(
            row.name,
            words.read(AFFINITY, row.rule_type, row.name),
            tuple(row.groups or ()),
            row.is_enabled is not False,
        )
        for row in found
    )


def rights(functions: list[str] | None) -> tuple[str, ...] | None:
    """The operations that these functions are enough for; None: nobody told."""
    if functions is None:
        return None
    allowed = {name.lower() for name in functions}
    return tuple(
        operation
        for operation, needed in FUNCTIONS_OF.items()
        if all(name.lower() in allowed for name in needed)
    )


def _names(found: list[str] | None) -> tuple[str, ...] | None:
    """None stays None: not known is not none."""
    return None if found is None else tuple(found)


def is_down(in_cluster: rows.ClusterNodeRow) -> bool:
    """The cluster itself says that the node is down: its silence is no fault of the wire."""
    return (in_cluster.state or "").lower() == NodeState.DOWN.value.lower()


def volume(row: rows.SharedVolumeRow, words: WordReader) -> Volume:
    return Volume(
        name=row.name,
        path=row.path.rstrip("\\"),
        state=words.read(VOLUME_STATE, row.state, row.name),
        owner_node=row.owner_node,
        total_mib=row.total_mi_b,
        free_mib=row.free_mi_b,
        access=tuple(
            NodeAccess(each.node, words.read(VOLUME_ACCESS, each.state, row.name))
            for each in row.access or ()
        ),
    )


def storage_link(row: rows.StorageLinkRow, words: WordReader) -> StorageLink:
    return StorageLink(row.node, row.network, words.read(LINK_STATE, row.state, row.node))


def health_fault(row: rows.HealthFaultRow) -> HealthFault:
    return HealthFault(
        fault_id=row.fault_id,
        severity=row.severity,
        fault_type=row.fault_type,
        reason=row.reason,
        object_name=row.object_name,
        object_location=row.object_location,
    )
