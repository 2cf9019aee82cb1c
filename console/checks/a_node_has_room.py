"""Some node can take the new VM, and the cluster still survives the loss of a node after it."""

from collections.abc import Iterable

from console.checks.moving_vms import holding_memory, memory_needed
from console.checks.node_has_memory import cluster_survives_loss
from console.checks.situation import Situation, blocks, note, unknown
from console.model.finding import Finding
from console.model.node import Node, NodeState, ServiceState
from console.model.request import CreateVirtualMachine

ID = "a_node_has_room"
TITLE = "A node has room for it"
_MEMORY, _SECURITY = "memory", "security"


def on_request(request: CreateVirtualMachine, situation: Situation) -> tuple[Finding, ...]:
    needed = request.spec.memory_mib
    nodes = situation.inventory.nodes.values()
    up = [node for node in nodes if node.state is NodeState.UP]
    if not up:
        text, remedy = "No node is known to be up.", "Refresh, or look at the cluster."
        return (unknown(ID, text, remedy, field=_MEMORY),)
    up = [node for node in up if node.accepts_azure_placement is not False]
    if not up:
        text = "No node that is up takes new VMs from Azure."
        remedy = "Resume a node, so that Azure places VMs on it again."
        return (blocks(ID, text, remedy, field=_MEMORY),)
    fitting = [node for node in up if (node.memory_available_mib or 0) >= needed]
    unread = [node.name for node in up if node.memory_available_mib is None]
    if not fitting and unread:
        text = f"The free memory of {', '.join(unread)} is not known."
        return (unknown(ID, text, field=_MEMORY),)
    if not fitting:
        most = max(node.memory_available_mib or 0 for node in up)
        text = f"No node has {needed / 1024:.0f} GiB free; the most is {most / 1024:.0f} GiB."
        return (blocks(ID, text, "Give it less memory, or free some.", field=_MEMORY),)
    return (*_igvm(fitting, list(nodes)), *_after_a_loss(situation, fitting, needed))


def _igvm(fitting: list[Node], nodes: Iterable[Node]) -> tuple[Finding, ...]:
    """A node with room has to run the agent; where it does not run, the VM can never go."""
    with_room = [node for node in fitting if node.igvm_agent is not ServiceState.RUNNING]
    if len(with_room) == len(fitting):
        names = ", ".join(node.name for node in with_room)
        if any(node.igvm_agent is ServiceState.UNKNOWN for node in with_room):
            text = f"Whether IgvmAgent runs on {names}, which have room, is not known."
            return (unknown(ID, text, field=_SECURITY),)
        text = f"IgvmAgent does not run where there is room ({names}); the VM could not start."
        return (blocks(ID, text, "Start or repair IgvmAgent.", field=_SECURITY),)
    found: list[Finding] = []
    without = [
        one for one in nodes if one.igvm_agent in (ServiceState.STOPPED, ServiceState.MISSING)
    ]
    silent = [one.name for one in nodes if one.igvm_agent is ServiceState.UNKNOWN]
    if without:
        names = ", ".join(f"{one.name} ({one.igvm_agent.lower()})" for one in without)
        text = f"IgvmAgent does not run on {names}: the VM can neither start nor move there."
        found.append(note(ID, text, "Start or repair IgvmAgent there.", field=_SECURITY))
    if silent:
        text = f"Whether IgvmAgent runs on {', '.join(silent)} is not known."
        found.append(note(ID, text, field=_SECURITY))
    return tuple(found)


def _after_a_loss(situation: Situation, fitting: list[Node], needed: int) -> tuple[Finding, ...]:
    """The outlook if the roomiest node takes it: nobody can say beforehand which one will."""
    inventory = situation.inventory
    free: dict[str, int] = {}
    used: dict[str, int] = {}
    for node in inventory.nodes.values():
        if node.state is not NodeState.UP:
            continue
        held = memory_needed(holding_memory(inventory.vms_on(node.name)))
        if node.memory_available_mib is None or held is None:
            text = "Whether the cluster survives the loss of a node with this VM is not known."
            return (note(ID, text, field=_MEMORY),)
        free[node.name], used[node.name] = node.memory_available_mib, held
    taker = max(fitting, key=lambda node: node.memory_available_mib or 0).name
    free[taker] -= needed
    used[taker] += needed
    if cluster_survives_loss(free, used):
        return ()
    text = "With this VM the cluster could not restart everything if one node failed."
    return (note(ID, text, "Plan for more memory.", field=_MEMORY),)
