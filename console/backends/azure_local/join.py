"""Both halves brought together by Hyper-V VM id; whose word each fact is stays visible."""

from collections.abc import Iterator, Mapping

import msgspec

from console.backends.azure_local.arm_reading import ArmHalf, AzureCluster
from console.backends.azure_local.arm_records import AzureVm
from console.backends.azure_local.halves import ClusterHalf, ClusterVm
from console.model.freshness import WireReading
from console.model.node import Node
from console.model.snapshot import ClusterInfo, ClusterSnapshot, SiteFacts
from console.model.virtual_machine import PowerState, VirtualMachine, VmKind

# The Arc resource bridge's cluster group (domain.md 0.14).
_BRIDGE_GROUP = "control-plan"


def join(
    arm_half: ArmHalf | None,
    cluster_half: ClusterHalf | None,
    arm: WireReading,
    cluster_wire: WireReading,
    known: Mapping[str, VirtualMachine],
) -> ClusterSnapshot:
    """One snapshot. ``known`` are the VMs of the last one, to be the same objects where equal."""
    own = _own_cluster(arm_half, cluster_half)
    vms = tuple(_vms(arm_half, cluster_half, own, known))
    return ClusterSnapshot(
        cluster=_cluster_info(own, cluster_half, vms),
        nodes=_nodes(arm_half, cluster_half),
        vms=vms,
        site=arm_half.site if arm_half is not None else SiteFacts(),
        arm=arm,
        cluster_wire=cluster_wire,
    )


def join_some(
    arm_half: ArmHalf | None,
    some: ClusterHalf,
    arm: WireReading,
    cluster_wire: WireReading,
    known: Mapping[str, VirtualMachine],
) -> ClusterSnapshot:
    """Some nodes and VMs read anew, beside what Azure said last of these VMs."""
    vms = []
    for fresh in some.vms:
        before = known.get(fresh.facts.vm_id)
        azure = before.azure if before is not None else None
        vm = join_vm(AzureVm(fresh.name, azure) if azure is not None else None, fresh)
        if vm is not None:
            vms.append(vm)
    return ClusterSnapshot(
        cluster=_cluster_info(_own_cluster(arm_half, some), some, tuple(vms)),
        nodes=_nodes(arm_half, some),
        vms=tuple(vms),
        arm=arm,
        cluster_wire=cluster_wire,
    )


def join_vm(azure: AzureVm | None, cluster: ClusterVm | None) -> VirtualMachine | None:
    """One VM from what each plane knows of it; None if neither knows it."""
    facts = azure.facts if azure is not None else None
    if cluster is not None:
        kind = VmKind.AZURE_LOCAL if facts is not None else VmKind.UNMANAGED
        if _BRIDGE_GROUP in cluster.group.lower() or _BRIDGE_GROUP in cluster.name.lower():
            kind = VmKind.RESOURCE_BRIDGE
        return VirtualMachine(
            cluster.facts.vm_id, cluster.name, kind, cluster.facts, facts, cluster.metrics
        )
    if azure is None or facts is None:
        return None
    return VirtualMachine(facts.vm_id or facts.arm_id, azure.name, VmKind.AZURE_LOCAL, None, facts)


def _vms(
    arm_half: ArmHalf | None,
    cluster_half: ClusterHalf | None,
    own: AzureCluster | None,
    known: Mapping[str, VirtualMachine],
) -> Iterator[VirtualMachine]:
    on_cluster = cluster_half.vms if cluster_half is not None else ()
    ids = {vm.facts.vm_id for vm in on_cluster}
    azure_by_id: dict[str, AzureVm] = {}
    rest: list[AzureVm] = []
    for azure in arm_half.vms if arm_half is not None else ():
        vm_id = azure.facts.vm_id or azure.other_id
        if vm_id in ids:
            azure_by_id[vm_id] = azure
        else:
            rest.append(azure)
    for cluster in on_cluster:
        yield _same_or_new(azure_by_id.get(cluster.facts.vm_id), cluster, known)
    places = {azure.facts.custom_location_id.lower() for azure in azure_by_id.values()}
    for azure in rest:
        if _is_here(azure, arm_half, own, places):
            yield _same_or_new(azure, None, known)


def _same_or_new(
    azure: AzureVm | None, cluster: ClusterVm | None, known: Mapping[str, VirtualMachine]
) -> VirtualMachine:
    fresh = join_vm(azure, cluster)
    if fresh is None:
        raise ValueError("a VM of neither plane")
    before = known.get(fresh.key)
    if (
        before is not None
        and before.cluster is fresh.cluster
        and before.azure is fresh.azure
        and before.metrics == fresh.metrics
        and before.name == fresh.name
        and before.kind is fresh.kind
    ):
        return before
    return fresh


def _is_here(
    azure: AzureVm, arm_half: ArmHalf | None, own: AzureCluster | None, places: set[str]
) -> bool:
    """Whether a VM that only Azure knows belongs to this cluster.

    ARM does not say which cluster a VM is on. Its custom location is the trace: the one that the
    cluster's other VMs use, or one in the cluster's own resource group. A VM without any trace is
    shown rather than hidden.
    """
    place = azure.facts.custom_location_id.lower()
    if not place or place in places or own is None or arm_half is None:
        return True
    if len(arm_half.clusters) < 2:
        return True
    return place.startswith(own.arm_id.lower().split("/providers/")[0] + "/")


def _own_cluster(arm_half: ArmHalf | None, cluster_half: ClusterHalf | None) -> AzureCluster | None:
    clusters = arm_half.clusters if arm_half is not None else ()
    if cluster_half is not None and cluster_half.name:
        wanted = cluster_half.name.casefold()
        for cluster in clusters:
            if cluster.name.casefold() == wanted:
                return cluster
    return clusters[0] if len(clusters) == 1 else None


def _cluster_info(
    own: AzureCluster | None, cluster_half: ClusterHalf | None, vms: tuple[VirtualMachine, ...]
) -> ClusterInfo:
    half = cluster_half or ClusterHalf(read_at=0.0, name="")
    return ClusterInfo(
        name=half.name or (own.name if own is not None else ""),
        arm_id=own.arm_id if own is not None else "",
        release=_release(own.solution_version if own is not None else "") or half.release,
        os_build=half.os_build or (own.os_version if own is not None else ""),
        azure_connection=own.connection if own is not None else "",
        parallel_migrations=half.parallel_migrations,
        migration_encrypted=half.migration_encrypted,
        affinity_rules=half.affinity_rules,
        balancing=half.balancing,
        balancing_level=half.balancing_level,
        enforces_anti_affinity=half.enforces_anti_affinity,
        rights=half.rights,
        resource_bridge_online=_bridge_online(vms),
        health_faults=half.health_faults,
        volumes=half.volumes,
        storage_links=half.storage_links,
    )


def _release(solution_version: str) -> str:
    """``2510`` of ``11.2510.1002.93``; empty if it does not look like that."""
    parts = solution_version.split(".")
    return parts[1] if len(parts) > 2 and len(parts[1]) == 4 and parts[1].isdigit() else ""


def _bridge_online(vms: tuple[VirtualMachine, ...]) -> bool | None:
    bridges = [vm for vm in vms if vm.kind is VmKind.RESOURCE_BRIDGE and vm.cluster is not None]
    if not bridges:
        return None
    return all(
        vm.power is PowerState.RUNNING
        and vm.cluster is not None
        and vm.cluster.group_state.lower() in ("online", "")
        for vm in bridges
    )


def _nodes(arm_half: ArmHalf | None, cluster_half: ClusterHalf | None) -> tuple[Node, ...]:
    if cluster_half is None:
        return ()
    said = {
        each.name.casefold(): each.status
        for each in (arm_half.node_connections if arm_half is not None else ())
    }
    return tuple(
        msgspec.structs.replace(node, azure_connection=said.get(node.name.casefold(), ""))
        for node in cluster_half.nodes
    )
