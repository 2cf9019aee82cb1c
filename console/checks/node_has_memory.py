"""The target has the memory, and whether the cluster still survives the loss of a node after."""

from console.checks.moving_vms import MovingVms
from console.checks.moving_vms import holding_memory as holding_memory
from console.checks.situation import Situation, blocks, note, unknown
from console.model.finding import Finding
from console.model.node import Node, NodeState

ID = "node_has_memory"
TITLE = "The target has enough memory"


def on_group(moving: MovingVms, node: Node, situation: Situation) -> tuple[Finding, ...]:
    needed = moving.memory_to(node.name)
    if node.memory_available_mib is None:
        text = f"The free memory of {node.name} is not known."
        return (unknown(ID, text, "Refresh; else look at the node, or choose another."),)
    if needed is None:
        unread = (vm.name for vm in moving.leaving(node.name) if vm.memory_mib is None)
        names = ", ".join(unread)
        text = f"How much memory {names} needs is not known."
        return (unknown(ID, text, "Refresh; else look at it on its node."),)
    if needed > node.memory_available_mib:
        text = (
            f"{node.name} has {gib(node.memory_available_mib)} free, "
            f"{gib(needed)} are needed (0x800705AA)."
        )
        return (blocks(ID, text, "Choose another node, or move something away first."),)
    return ()


def outlook(survives: bool | None, node: Node) -> tuple[Finding, ...]:
    """What ``cluster_survives_loss`` means for a move to this node."""
    if node.state is not NodeState.UP:
        return ()  # told by node_is_up
    if survives is False:
        text = "After this move the cluster could not restart everything if one node failed."
        return (note(ID, text, "Spread the VMs differently."),)
    if survives is None:
        text = "Whether the cluster survives the loss of one node after this move is not known."
        return (note(ID, text, "A node that is up did not tell its memory, or a VM its own."),)
    return ()


def gib(mib: int) -> str:
    return f"{mib / 1024:.0f} GiB" if mib >= 10 * 1024 else f"{mib / 1024:.1f} GiB"


def cluster_survives_loss(free: dict[str, int], used: dict[str, int]) -> bool:
    """Whether the VMs of any one node fit into what the others have free together.

    Necessary, not sufficient: packing may still fail for one very large VM. MiB by node.
    """
    total_free = sum(free.values())
    return all(used[name] <= total_free - free[name] for name in free)
