"""A snapshot without what changes at every reading, so that two of a quiet cluster are equal.

Reading times become 0 where the reading was fresh and stay away where there was none; figures go.
``as_of`` puts the moment back in their place.
"""

import msgspec

from console.model.freshness import Fault, WireReading
from console.model.node import Node
from console.model.snapshot import ClusterInfo, ClusterSnapshot
from console.model.storage import Volume
from console.model.virtual_machine import VirtualMachine

_FRESH = 0.0
_replace = msgspec.structs.replace


def settled_vm(vm: VirtualMachine) -> VirtualMachine:
    cluster, azure = vm.cluster, vm.azure
    return _replace(
        vm,
        metrics=None,
        cluster=cluster and _replace(cluster, read_at=_FRESH, migration=None),
        azure=azure and _replace(azure, read_at=_FRESH),
    )


def _node(node: Node, wire: WireReading, at: float) -> Node:
    is_fresh = node.read_at is not None and at - node.read_at <= 3 * wire.interval
    return _replace(
        node,
        cpu_percent=None,
        memory_available_mib=None,
        network_kib_s=None,
        storage_kib_s=None,
        read_at=_FRESH if is_fresh else None,
    )


def _volume(volume: Volume) -> Volume:
    if volume.free_mib is None or not volume.total_mib:
        return volume
    # To a hundredth of its size: every write would be a change else.
    step = max(1, volume.total_mib // 100)
    return _replace(volume, free_mib=volume.free_mib // step * step)


def _cluster(info: ClusterInfo) -> ClusterInfo:
    if info.volumes is None:
        return info
    return _replace(info, volumes=tuple(_volume(volume) for volume in info.volumes))


def _wire(reading: WireReading, at: float) -> WireReading:
    faults = tuple(
        Fault(fault.code, fault.summary, fault.remedy, is_partial=fault.is_partial)
        for fault in reading.faults
    )
    read_at = reading.read_at if reading.is_stale(at) else _FRESH
    return WireReading(reading.wire, read_at, faults=faults)


def settled(snapshot: ClusterSnapshot, at: float) -> ClusterSnapshot:
    """Of a snapshot as it was known at ``at``; the site's offers are left out."""
    return ClusterSnapshot(
        cluster=_cluster(snapshot.cluster),
        nodes=tuple(_node(node, snapshot.cluster_wire, at) for node in snapshot.nodes),
        vms=tuple(settled_vm(vm) for vm in snapshot.vms),
        arm=_wire(snapshot.arm, at),
        cluster_wire=_wire(snapshot.cluster_wire, at),
    )


def as_of(snapshot: ClusterSnapshot, at: float) -> ClusterSnapshot:
    """A settled snapshot with the moment in place of its fresh reading times."""

    def wire(reading: WireReading) -> WireReading:
        return _replace(reading, read_at=at) if reading.read_at == _FRESH else reading

    def vm(each: VirtualMachine) -> VirtualMachine:
        return _replace(
            each,
            cluster=each.cluster and _replace(each.cluster, read_at=at),
            azure=each.azure and _replace(each.azure, read_at=at),
        )

    return _replace(
        snapshot,
        nodes=tuple(
            _replace(node, read_at=at) if node.read_at == _FRESH else node
            for node in snapshot.nodes
        ),
        vms=tuple(vm(each) for each in snapshot.vms),
        arm=wire(snapshot.arm),
        cluster_wire=wire(snapshot.cluster_wire),
    )
