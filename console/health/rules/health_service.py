"""Faults that the cluster's own Health Service reports (Get-HealthFault), in its own words."""

from collections.abc import Iterator

from console.health.levels import HealthLevel, Kind, Owner, Reason
from console.health.surroundings import Surroundings
from console.model.node import Node
from console.model.snapshot import HealthFault

_LEVELS = {"warning": HealthLevel.ATTENTION, "error": HealthLevel.CRITICAL}
_QUIET = ("informational",)


def of_node(node: Node, around: Surroundings) -> Iterator[Reason]:
    for fault in around.cluster.health_faults:
        if fault.object_name.casefold() == node.name.casefold():
            yield from _of(fault, around, f"node:{node.name}")


def of_cluster(around: Surroundings) -> Iterator[Reason]:
    """Those that belong to no node."""
    nodes = {name.casefold() for name in around.nodes}
    for fault in around.cluster.health_faults:
        if fault.object_name.casefold() not in nodes:
            yield from _of(fault, around, f"fault:{fault.fault_type}:{fault.object_name}")


def _of(fault: HealthFault, around: Surroundings, about: str) -> Iterator[Reason]:
    severity = fault.severity.lower()
    if severity in _QUIET:
        return
    name = fault.fault_type.rsplit(".FaultType.", 1)[-1]
    yield Reason(
        _LEVELS.get(severity, HealthLevel.UNKNOWN),
        f"{fault.object_name or 'The cluster'}: {fault.reason or name}",
        f"Health Service: {name} ({fault.severity})",
        "Look it up in the Health Service's list of faults.",
        around.cluster_wire.read_at,
        Kind.HEALTH_FAULT,
        about,
        owner=Owner.CLUSTER,
    )
