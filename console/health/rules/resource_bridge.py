"""The Arc resource bridge: while it is offline Azure cannot manage any VM; the VMs go on."""

from collections.abc import Iterator

from console.health.levels import Confidence, HealthLevel, Kind, Owner, Reason
from console.health.surroundings import Surroundings
from console.model.virtual_machine import VirtualMachine, VmKind


def of_vm(vm: VirtualMachine, around: Surroundings) -> Iterator[Reason]:
    """The bridge's own VM, and as a possible cause every VM that Azure manages."""
    if vm.kind is VmKind.UNMANAGED:
        return
    yield from _of(around, is_background=vm.kind is not VmKind.RESOURCE_BRIDGE)


def of_cluster(around: Surroundings) -> Iterator[Reason]:
    yield from _of(around, is_background=False)


def _of(around: Surroundings, *, is_background: bool) -> Iterator[Reason]:
    if around.cluster.resource_bridge_online is False:
        yield Reason(
            HealthLevel.CRITICAL,
            "The Arc resource bridge is offline: Azure cannot manage VMs on this cluster.",
            "The bridge's VM is not running or its cluster group is not online",
            "Start its cluster group on a node: "
            'Get-ClusterGroup -Name "*control-plan*" | Start-ClusterGroup',
            around.cluster_wire.read_at,
            Kind.BRIDGE_OFFLINE,
            "cluster:bridge",
            Confidence.POSSIBLE if is_background else Confidence.CERTAIN,
            Owner.CLUSTER,
            is_background,
        )
