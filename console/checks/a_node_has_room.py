"""Some node can take the new VM, and the cluster still survives the loss of a node after it."""

from console.checks.situation import Situation, blocks, note, unknown
from console.model.finding import Finding
from console.model.node import Node, NodeState, ServiceState
from console.model.request import CreateVirtualMachine

ID = "a_node_has_room"
TITLE = "A node has room for it"


def on_request(request: CreateVirtualMachine, situation: Situation) -> tuple[Finding, ...]:
    needed = request.spec.memory_mib
    up = [node for node in situation.inventory.nodes.values() if node.state is NodeState.UP]
    if not up:
        return (unknown(ID, "No node is known to be up.", "Refresh, or look at the cluster."),)
    fitting = [node for node in up if (node.memory_available_mib or 0) >= needed]
    unread = [node.name for node in up if node.memory_available_mib is None]
    if not fitting and unread:
        text = f"The free memory of {', '.join(unread)} is not known."
        return (unknown(ID, text, field="memory"),)
    if not fitting:
        most = max(node.memory_available_mib or 0 for node in up)
        text = f"No node has {needed / 1024:.0f} GiB free; the most is {most / 1024:.0f} GiB."
        return (blocks(ID, text, "Give it less memory, or free some.", field="memory"),)
    return (*_igvm(up), *_after_a_loss(up, needed))


def _igvm(up: list[Node]) -> tuple[Finding, ...]:
    without = [node.name for node in up if node.igvm_agent is not ServiceState.RUNNING]
    if not without:
        return ()
    if len(without) == len(up):
        text = "IgvmAgent is not known to run on any node; a Trusted launch VM cannot start."
        return (blocks(ID, text, "Start or repair IgvmAgent."),)
    text = f"IgvmAgent is not known to run on {', '.join(without)}; the VM cannot run there."
    return (note(ID, text, "Start or repair IgvmAgent on these nodes."),)


def _after_a_loss(up: list[Node], needed: int) -> tuple[Finding, ...]:
    if len(up) < 2 or any(n.memory_available_mib is None or not n.memory_total_mib for n in up):
        return ()
    free = sum(node.memory_available_mib or 0 for node in up) - needed
    worst = max((n.memory_total_mib or 0) for n in up)
    if free >= worst:
        return ()
    largest_use = max((n.memory_total_mib or 0) - (n.memory_available_mib or 0) for n in up)
    if free - min(n.memory_available_mib or 0 for n in up) >= largest_use:
        return ()
    text = "With this VM the cluster may not restart everything if its fullest node failed."
    return (note(ID, text, "Plan for more memory.", field="memory"),)
