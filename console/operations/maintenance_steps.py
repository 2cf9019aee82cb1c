"""The second step of a node's maintenance, and its undoing: whether Azure may place VMs there.

A paused node may still be given VMs by Azure, so a pause without it is half of a maintenance
(suspend and resume machines for maintenance, 22 January 2026).
"""

from console.backends import BackendError
from console.model.freshness import Fault
from console.operations.base import OperationContext

CLOSE, OPEN = "close_to_azure", "open_to_azure"


async def set_placement(context: OperationContext, node: str, is_allowed: bool) -> Fault | None:
    """Close the node to Azure or open it again; why that was refused, if it was.

    It may be sent again after a restart: the node module does nothing where it is so already.
    Raises BackendError if it may have landed and no answer came.
    """
    cmdlet = "New-MocPhysicalNode" if is_allowed else "Remove-MocPhysicalNode"
    step = OPEN if is_allowed else CLOSE
    if any(sent.step == step for sent in context.sent):
        seen = await context.backend.read_node(node)
        if seen is not None and seen.accepts_azure_placement is is_allowed:
            return None
    command = f"Set-TlcNodePlacement -Name {node} -IsAllowed ${is_allowed}  # {cmdlet}"
    while True:
        await context.sending(step, command)
        try:
            await context.backend.set_azure_placement(node, is_allowed, context.operation_id)
        except BackendError as error:
            if error.was_sent:
                raise
            if not await context.may_send_again(error.fault):
                return error.fault
        else:
            await context.accepted(step, "")
            return None


def placement_text(accepts: bool | None, refusal: Fault | None) -> str:
    """What is to be said where Azure is not kept away; empty if nothing says that it is not.

    What was accepted and cannot be read back does not stop a maintenance, and is no proof either.
    """
    if accepts is False or (accepts is None and refusal is None):
        return ""
    why = f": {refusal.summary}" if refusal is not None else "."
    return f"Azure may still place VMs on it{why}"


def closed_text(accepts: bool | None) -> str:
    """The end of a sentence on a node that was closed to Azure."""
    if accepts is None:
        return "; whether Azure still places VMs on it could not be read"
    return " and closed to Azure"
