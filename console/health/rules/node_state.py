"""What the cluster says of a node: lost, in maintenance, not known."""

from collections.abc import Iterator

from console.health.levels import Confidence, HealthLevel, Kind, Owner, Reason
from console.health.surroundings import Surroundings
from console.model.node import DrainStatus, Node, NodeState
from console.model.virtual_machine import VirtualMachine

_LOST = {
    NodeState.DOWN: (
        "{name} is down: the cluster cannot reach it.",
        "Look at its power and network; its VMs restart on other nodes.",
    ),
    NodeState.ISOLATED: (
        "{name} is isolated: it lost contact with the other nodes.",
        "Look at its cluster network.",
    ),
    NodeState.QUARANTINED: (
        "{name} is quarantined: it left the cluster too often and may not host VMs for now.",
        "Find out why it left; the cluster lets it back in later, or an administrator does.",
    ),
}
_MAINTENANCE = {
    NodeState.PAUSED: ("{name} is paused: it takes no VMs.", "Resume it when the work is done."),
    NodeState.DRAINING: ("{name} is being drained: its VMs are moving away.", ""),
    NodeState.JOINING: ("{name} is joining the cluster.", ""),
}


def of_vm(vm: VirtualMachine, around: Surroundings) -> Iterator[Reason]:
    node = around.nodes.get(vm.owner_node or "")
    if node is None:
        return
    if node.state in _LOST:
        # Its VMs are not well even while nothing else was said of them.
        yield _lost(node, around)
    elif node.state is NodeState.UNKNOWN:
        yield _not_known(node, around)


def of_node(node: Node, around: Surroundings) -> Iterator[Reason]:
    if node.state in _LOST:
        yield _lost(node, around)
    elif node.state is NodeState.UNKNOWN:
        yield _not_known(node, around)
    elif node.state in _MAINTENANCE:
        text, remedy = _MAINTENANCE[node.state]
        has_failed = node.state is NodeState.PAUSED and node.drain is DrainStatus.FAILED
        yield Reason(
            HealthLevel.ATTENTION,
            text.format(name=node.name)
            + (" Its drain failed: not every VM left." if has_failed else ""),
            f"State: {node.state}, drain: {node.drain}",
            "See which VM stayed and why, then drain it again." if has_failed else remedy,
            around.cluster_wire.read_at,
            Kind.NODE_MAINTENANCE,
            f"node:{node.name}",
            owner=Owner.CLUSTER,
        )


def _lost(node: Node, around: Surroundings) -> Reason:
    text, remedy = _LOST[node.state]
    return Reason(
        HealthLevel.CRITICAL,
        text.format(name=node.name),
        f"Cluster node: {node.state}",
        remedy,
        around.cluster_wire.read_at,
        Kind.NODE_LOST,
        f"node:{node.name}",
        Confidence.CERTAIN,
        Owner.CLUSTER,
    )


def _not_known(node: Node, around: Surroundings) -> Reason:
    return Reason(
        HealthLevel.UNKNOWN,
        f"The state of {node.name} is not known.",
        read_at=around.cluster_wire.read_at,
        kind=Kind.NODE_NOT_KNOWN,
        about=f"node:{node.name}",
        owner=Owner.CLUSTER,
    )
