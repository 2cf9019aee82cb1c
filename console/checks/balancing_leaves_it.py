"""The cluster's own balancing would move VMs off a node that this move fills."""

from console.checks.moving_vms import MovingVms
from console.checks.situation import Situation, note
from console.model.finding import Finding
from console.model.node import Node
from console.model.placement import BalancingMode

ID = "balancing_leaves_it"
TITLE = "The cluster's balancing leaves it there"
_SOURCE = "Virtual machine load balancing in failover clusters; AutoBalancerLevel in clusapi.h"
# Percentage of memory or processor in use above which a node is relieved. Of level 3 the documents
# say two things, 60 % and five points above the mean of all nodes: both are told.
_THRESHOLD = {1: 80.0, 2: 70.0, 3: 60.0}
_ABOVE_MEAN = 5.0
_HIGH = 3


def on_group(moving: MovingVms, node: Node, situation: Situation) -> tuple[Finding, ...]:
    cluster = situation.inventory.cluster
    if cluster.balancing in (BalancingMode.OFF, BalancingMode.ON_JOIN):
        return ()
    if not moving.go_to(node.name):
        return ()
    threshold = _THRESHOLD.get(cluster.balancing_level or 0)
    if cluster.balancing is BalancingMode.UNKNOWN or threshold is None:
        text = "Whether the cluster balances VMs by itself is not known; it may move it again."
        return (note(ID, text, "Look at AutoBalancerMode and AutoBalancerLevel."),)
    needed = moving.memory_to(node.name)
    if needed is None or node.memory_available_mib is None:
        return ()  # told by node_has_memory
    if not node.memory_total_mib or node.cpu_percent is None:
        text = f"How busy {node.name} is is not known; the cluster's balancing may move VMs off it."
        return (note(ID, text, "Refresh.", source=_SOURCE),)
    used = node.memory_total_mib - node.memory_available_mib + needed
    load = 100 * used / node.memory_total_mib
    mean = situation.memory_load
    if cluster.balancing_level == _HIGH and mean is not None:
        threshold = min(threshold, mean + _ABOVE_MEAN)
    what = ""
    if load > threshold:
        what = f"{load:.0f} % of its memory in use"
    elif node.cpu_percent > threshold:
        what = f"its processors {node.cpu_percent:.0f} % busy"
    if not what and cluster.balancing_level == _HIGH and mean is None:
        text = f"How busy all nodes are is not known; the cluster may move VMs off {node.name}."
        return (note(ID, text, "Refresh.", source=_SOURCE),)
    if not what:
        return ()
    text = (
        f"The cluster may move VMs off {node.name} again: with {what} it is over the "
        f"{threshold:.0f} % at which balancing begins, every 30 minutes."
    )
    return (note(ID, text, "Choose a node with more room.", source=_SOURCE),)
