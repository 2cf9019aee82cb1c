"""The networks that carry a node's storage, as the cluster sees the node's interfaces in them."""

from collections.abc import Iterator

from console.health.levels import Confidence, HealthLevel, Kind, Owner, Reason
from console.health.surroundings import Surroundings
from console.model.node import Node, NodeState
from console.model.virtual_machine import VirtualMachine


def of_vm(vm: VirtualMachine, around: Surroundings) -> Iterator[Reason]:
    owner = vm.owner_node
    if owner is not None:
        yield from _of(owner, around, Confidence.LIKELY, is_background=True)


def of_node(node: Node, around: Surroundings) -> Iterator[Reason]:
    # Of a node that the cluster shut out it cannot tell.
    if node.state not in (NodeState.DOWN, NodeState.QUARANTINED):
        yield from _of(node.name, around, Confidence.CERTAIN, is_background=False)


def _of(
    node: str, around: Surroundings, confidence: Confidence, *, is_background: bool
) -> Iterator[Reason]:
    lost = around.lost_links(node)
    if not lost:
        return
    evidence = ", ".join(f"{link.network}: {link.state.lower()}" for link in lost)
    read_at = around.cluster_wire.read_at
    if around.has_lost_storage(node):
        yield Reason(
            HealthLevel.CRITICAL,
            f"{node} lost its storage network.",
            evidence,
            "Look at its storage adapters, cables and switch ports. Its VMs may be moved away.",
            read_at,
            Kind.STORAGE_NETWORK_LOST,
            f"node:{node}",
            confidence,
            Owner.NETWORK,
            is_background,
        )
    elif not is_background:
        yield Reason(
            HealthLevel.ATTENTION,
            f"{node} lost one of its storage networks; the rest carries it.",
            evidence,
            "Look at this adapter, its cable and switch port.",
            read_at,
            Kind.STORAGE_LINK_LOST,
            f"node:{node}",
            confidence,
            Owner.NETWORK,
        )
