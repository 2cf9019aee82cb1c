"""Why a node is not well."""

from console.health.levels import Health, HealthLevel, Reason, health_of
from console.model.freshness import WireReading
from console.model.node import Node, NodeState, ServiceState

_STATES = {
    NodeState.DOWN: (
        HealthLevel.CRITICAL,
        "{name} is down: the cluster cannot reach it.",
        "Look at its power and network; its VMs restart on other nodes.",
    ),
    NodeState.ISOLATED: (
        HealthLevel.CRITICAL,
        "{name} is isolated: it lost contact with the other nodes.",
        "Look at its cluster network.",
    ),
    NodeState.QUARANTINED: (
        HealthLevel.CRITICAL,
        "{name} is quarantined: it left the cluster too often and may not host VMs for now.",
        "Find out why it left; the cluster lets it back in later, or an administrator does.",
    ),
    NodeState.PAUSED: (HealthLevel.ATTENTION, "{name} is paused: it takes no VMs.", "Resume it."),
    NodeState.DRAINING: (
        HealthLevel.ATTENTION,
        "{name} is being drained: its VMs are moving away.",
        "",
    ),
    NodeState.JOINING: (HealthLevel.ATTENTION, "{name} is joining the cluster.", ""),
    NodeState.UNKNOWN: (HealthLevel.UNKNOWN, "The state of {name} is not known.", ""),
}


def assess_node(node: Node, wire: WireReading, now: float) -> Health:
    """A node's level with its reasons. ``wire`` is the cluster wire's reading."""
    reasons: list[Reason] = []
    if wire.is_stale(now):
        reasons.append(
            Reason(
                HealthLevel.UNKNOWN,
                f"The cluster has not answered lately, so {node.name} may have changed.",
                evidence=wire.faults[0].summary if wire.faults else "",
                read_at=wire.read_at,
            )
        )
    if node.state in _STATES:
        level, text, remedy = _STATES[node.state]
        reasons.append(
            Reason(level, text.format(name=node.name), str(node.state), remedy, wire.read_at)
        )
    is_up = node.state in (NodeState.UP, NodeState.PAUSED, NodeState.DRAINING)
    if is_up and node.read_at is None:
        reasons.append(Reason(HealthLevel.UNKNOWN, f"{node.name} itself did not answer so far."))
    elif is_up and node.read_at is not None and now - node.read_at > 3 * wire.interval:
        text = f"{node.name} itself stopped answering; its figures are old."
        reasons.append(Reason(HealthLevel.UNKNOWN, text, read_at=node.read_at))
    if is_up and node.igvm_agent in (ServiceState.STOPPED, ServiceState.MISSING):
        reasons.append(
            Reason(
                HealthLevel.ATTENTION,
                f"IgvmAgent is {node.igvm_agent.lower()} on {node.name}: Trusted launch VMs cannot "
                "be placed here.",
                evidence=f"IgvmAgent: {node.igvm_agent}",
                remedy="Start or repair IgvmAgent on this node.",
                read_at=node.read_at,
            )
        )
    if is_up and node.migration_networks and not any(n.is_up for n in node.migration_networks):
        names = ", ".join(network.name for network in node.migration_networks)
        text = f"No live-migration network of {node.name} is up."
        reasons.append(Reason(HealthLevel.ATTENTION, text, names, read_at=node.read_at))
    return health_of(reasons)
