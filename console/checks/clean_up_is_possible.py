"""What a failed creation left behind: each part is told before it is deleted, or why it stays."""

import msgspec

from console.backends import Backend
from console.checks.situation import Situation, blocks, note
from console.model.finding import Finding
from console.model.request import CleanUpCreation

ID = "clean_up_is_possible"
TITLE = "It is known what the creation made"
# Words of ``Backend.resource_ids``, in the order in which they can be deleted.
_WHAT = {
    "instance": "VM",
    "machine": "Arc machine",
    "disk": "data disk",
    "nic": "network interface",
}
_ORDER = tuple(_WHAT)


class Part(msgspec.Struct, frozen=True):
    """A resource that the creation may have made; ``kind`` is ARM's word, ``what`` a person's."""

    arm_id: str
    kind: str
    name: str
    what: str


def parts_of(ids: dict[str, str]) -> tuple[Part, ...]:
    """From ``Backend.resource_ids``, in the order in which they can be deleted."""
    made = []
    for key, arm_id in ids.items():
        word, _, name = key.partition(":")
        owner = arm_id.split("/providers/Microsoft.AzureStackHCI/virtualMachineInstances")[0]
        part = Part(arm_id, arm_id.split("/")[-2], name or owner.rsplit("/", 1)[-1], _WHAT[word])
        made.append((_ORDER.index(word), part))
    return tuple(part for _, part in sorted(made, key=lambda pair: pair[0]))


def on_request(request: CleanUpCreation, situation: Situation) -> tuple[Finding, ...]:
    if any(record.id == request.creation_id and not record.is_over for record in situation.running):
        text = f"Create {request.spec.name} is not over yet."
        return (blocks(ID, text, "Wait for its end."),)
    return ()


async def on_backend(request: CleanUpCreation, backend: Backend) -> tuple[Finding, ...]:
    """One finding a part that exists. Nothing of it there: nothing to do."""
    ours: list[Finding] = []
    others: list[Finding] = []
    for part in parts_of(backend.resource_ids(request.spec)):
        found = await backend.find_resource(part.arm_id)
        if found is None:
            continue
        if found.operation_id == request.creation_id:
            state = found.provisioning_state or "state not known"
            text = f"Will be deleted: {part.what} {part.name} ({state})."
            ours.append(note(ID, text, evidence=part.arm_id))
        else:
            text = f"Stays: {part.what} {part.name} was not made by this creation."
            others.append(note(ID, text, evidence=part.arm_id))
    if not ours:
        text = f"Nothing that Create {request.spec.name} made is left in Azure."
        return (blocks(ID, text), *others)
    if request.spec.image is not None:
        others.append(
            note(ID, "Stays: the image, as far as it was downloaded; other VMs can use it.")
        )
    return (*ours, *others)
