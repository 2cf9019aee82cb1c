"""Who has not answered lately: what they said may have changed, so nothing is called well."""

from collections.abc import Iterator

from console.health.levels import HealthLevel, Kind, Owner, Reason
from console.health.surroundings import Surroundings
from console.model.node import Node
from console.model.virtual_machine import VirtualMachine


def of_vm(vm: VirtualMachine, around: Surroundings) -> Iterator[Reason]:
    if vm.cluster is None:
        return
    if around.is_cluster_silent:
        yield _cluster("this", around)
        return
    node = around.nodes.get(vm.cluster.owner_node)
    if node is not None and around.is_node_silent(node):
        yield Reason(
            HealthLevel.UNKNOWN,
            f"Its node {node.name} has not answered lately, so this may have changed.",
            read_at=node.read_at,
            kind=Kind.NODE_SILENT,
            about=f"node:{node.name}",
            owner=Owner.CLUSTER,
        )


def of_node(node: Node, around: Surroundings) -> Iterator[Reason]:
    if around.is_cluster_silent:
        yield _cluster(node.name, around)
    if around.is_node_silent(node):
        text = (
            f"{node.name} itself did not answer so far."
            if node.read_at is None
            else f"{node.name} itself stopped answering; its figures are old."
        )
        yield Reason(
            HealthLevel.UNKNOWN,
            text,
            remedy="Look whether remoting to it works.",
            read_at=node.read_at,
            kind=Kind.NODE_SILENT,
            about=f"node:{node.name}",
            owner=Owner.CLUSTER,
        )


def _cluster(what: str, around: Surroundings) -> Reason:
    faults = around.cluster_wire.faults
    return Reason(
        HealthLevel.UNKNOWN,
        f"The cluster has not answered lately, so {what} may have changed.",
        faults[0].summary if faults else "",
        faults[0].remedy if faults else "",
        around.cluster_wire.read_at,
        Kind.CLUSTER_SILENT,
        "cluster:wire",
        owner=Owner.CONSOLE,
    )
