"""Draining a node leaves the rest able to take its VMs, one node at a time."""

from console.checks.moving_vms import holding_memory, memory_needed
from console.checks.situation import Situation, blocks, note, unknown
from console.model.finding import Finding
from console.model.node import NodeState
from console.model.request import DrainNode, ResumeNode

ID = "node_can_be_drained"
TITLE = "The node can be drained or resumed"


def on_request(request: DrainNode | ResumeNode, situation: Situation) -> tuple[Finding, ...]:
    inventory = situation.inventory
    node = inventory.nodes.get(request.node)
    if node is None:
        text = f"There is no node {request.node} in this cluster."
        return (blocks(ID, text, "Refresh, then choose a node that is there."),)
    if inventory.cluster_wire.is_stale(situation.now):
        return (unknown(ID, "The cluster has not answered lately.", "Refresh."),)
    if isinstance(request, ResumeNode):
        if node.state in (NodeState.PAUSED, NodeState.DRAINING):
            return ()
        if node.state is NodeState.UP and node.accepts_azure_placement is False:
            text = f"{node.name} is up; only Azure is kept away from it still."
            return (note(ID, text),)
        text = f"{node.name} is {node.state.lower()}; only a paused node resumes."
        return (
            blocks(ID, text, "If it is up, there is nothing to do; else find out why it is not."),
        )
    if node.state not in (NodeState.UP, NodeState.PAUSED):
        text = f"{node.name} is {node.state.lower()}; only a node that is up drains."
        return (blocks(ID, text, "Resume it or wait for it first; what is paused takes no VMs."),)
    findings = []
    others = [n for n in inventory.nodes.values() if n.name != node.name]
    not_up = [n.name for n in others if n.state is not NodeState.UP]
    if not_up:
        text = f"{', '.join(not_up)} cannot take VMs now. Take one node down at a time."
        findings.append(note(ID, text))
    up = [n for n in others if n.state is NodeState.UP]
    moving = holding_memory(inventory.vms_on(node.name))
    needed = memory_needed(moving)
    if needed is None:
        names = ", ".join(sorted(vm.name for vm in moving if vm.memory_mib is None))
        text = f"How much memory {names} needs is not known."
        findings.append(unknown(ID, text, "Refresh; else look at it on its node."))
    elif any(n.memory_available_mib is None for n in up):
        text = "The free memory of the other nodes is not known."
        findings.append(unknown(ID, text, "Refresh; else look whether they can be reached."))
    elif needed > sum(n.memory_available_mib or 0 for n in up):
        text = f"Its VMs need {needed // 1024} GiB; the other nodes do not have that free."
        findings.append(blocks(ID, text, "Stop or move something first."))
    return tuple(findings)
