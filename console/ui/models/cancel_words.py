"""Why something that goes on cannot be stopped, in words and by its verb. No Qt."""

from console.model.operation import OperationRecord
from console.model.request import verb_of

_AZURE_HAS_IT = "Azure has been asked, and what was asked is not called back."
# Of every verb whose operation says ``can_cancel = False``; the test of these words looks.
WHY: dict[str, str] = {
    "create_virtual_machine": f"{_AZURE_HAS_IT} Once it has ended, delete the VM or clean up.",
    "clean_up_creation": f"{_AZURE_HAS_IT} It goes on to its end.",
    "delete_virtual_machine": f"{_AZURE_HAS_IT} It goes on to its end.",
    "download_image": f"{_AZURE_HAS_IT} It goes on to its end.",
    "change_power_state": f"{_AZURE_HAS_IT} It goes on to its end.",
    "drain_node": "A drain cannot be stopped from here: the cluster goes on until every VM has "
    "left or has failed to. Resume the node once it has ended.",
    "pause_node": "A pause cannot be stopped on its way. Resume the node once it has ended.",
    "resume_node": "Resuming cannot be stopped on its way. Pause the node once it has ended.",
    "quick_migrate": "A quick move cannot be stopped on its way: the cluster stops live ones only.",
}


def why_no_cancel(record: OperationRecord) -> str:
    """Why it cannot be asked to stop now; empty if it can."""
    if record.is_over:
        return "It is over."
    if record.cancel_requested:
        return "It was asked to stop already."
    return why_it_goes_on(record)


def why_it_goes_on(record: OperationRecord) -> str:
    """Why this, which is not over, runs to its end whatever is asked; empty if it need not."""
    if record.is_over or record.can_cancel:
        return ""
    return WHY.get(verb_of(record.request), "It cannot be stopped at this point.")
