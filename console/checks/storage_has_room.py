"""The chosen storage path has room for the image's copy and the new data disks."""

from console.checks.situation import Situation, blocks, note, unknown
from console.model.finding import Finding
from console.model.request import CreateVirtualMachine

ID = "storage_has_room"
TITLE = "The storage path has room"
_FIELD = "storage_path"


def on_request(request: CreateVirtualMachine, situation: Situation) -> tuple[Finding, ...]:
    spec, site = request.spec, situation.inventory.site
    if not spec.storage_path_id:
        text = "No storage path is chosen: the platform takes the first one, even if it is full."
        return (note(ID, text, "Choose the path with the most room.", field=_FIELD),)
    wanted = spec.storage_path_id.lower()
    path = next((path for path in site.storage_paths if path.arm_id.lower() == wanted), None)
    if path is None:
        text = "The chosen storage path was not found."
        return (blocks(ID, text, "Choose one from the list.", field=_FIELD),)
    if path.available_mib is None:
        return (unknown(ID, f"The free space of {path.name} is not known.", field=_FIELD),)
    image = next((i for i in site.images if i.arm_id.lower() == spec.image_id.lower()), None)
    needed = (image.size_mib or 0) if image is not None else 0
    for disk in spec.data_disks:
        here = not disk.storage_path_id or disk.storage_path_id.lower() == wanted
        if not disk.existing_id and here and not disk.is_dynamic:
            needed += disk.size_gib * 1024
    if needed > path.available_mib:
        text = (
            f"{path.name} has {path.available_mib // 1024} GiB free; "
            f"about {needed // 1024} GiB are needed."
        )
        return (blocks(ID, text, "Choose a path with more room.", field=_FIELD),)
    return ()
