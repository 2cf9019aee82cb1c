"""Every storage path that is used has room for the image's copy and the new data disks on it."""

from console.checks.situation import Situation, blocks, note, unknown
from console.model.finding import Finding
from console.model.request import CreateVirtualMachine, VirtualMachineSpec
from console.model.site import StoragePath

ID = "storage_has_room"
TITLE = "The storage path has room"
_FIELD, _DISKS = "storage_path", "data_disks"


def on_request(request: CreateVirtualMachine, situation: Situation) -> tuple[Finding, ...]:
    spec, site = request.spec, situation.inventory.site
    if not spec.storage_path_id:
        text = "No storage path is chosen: the platform takes the first one, even if it is full."
        return (note(ID, text, "Choose the path with the most room.", field=_FIELD),)
    paths = {path.arm_id.lower(): path for path in site.storage_paths}
    own = spec.storage_path_id.lower()
    image = next((i for i in site.images if i.arm_id.lower() == spec.image_id.lower()), None)
    image_mib = image.size_mib if image is not None else None
    found: list[Finding] = []
    # An image that is not chosen yet is told by its own check.
    is_unknown = image_mib is None and bool(spec.image_id or spec.image)
    for key, needed in _needed(spec, image_mib or 0).items():
        path, of_disks = paths.get(key), needed - ((image_mib or 0) if key == own else 0)
        room = path.available_mib if path is not None else None
        # Disks that do not fit even without the image are told at the disks.
        is_disks = room is not None and of_disks > room
        field = _DISKS if is_disks or key != own else _FIELD
        found += _judge(path, needed, field, is_unknown and key == own)
    return tuple(found)


def _needed(spec: VirtualMachineSpec, image_mib: int) -> dict[str, int]:
    """MiB by lower-case id of the path. Growing disks take next to nothing at first."""
    own = spec.storage_path_id.lower()
    needed = {own: image_mib}
    for disk in spec.data_disks:
        if not disk.existing_id:
            place = disk.storage_path_id.lower() or own
            size = 0 if disk.is_dynamic else disk.size_gib * 1024
            needed[place] = needed.get(place, 0) + size
    return needed


def _judge(
    path: StoragePath | None, needed: int, field: str, is_image_unknown: bool
) -> tuple[Finding, ...]:
    if path is None:
        text = "The chosen storage path was not found."
        return (blocks(ID, text, "Choose one from the list.", field=field),)
    if path.available_mib is None:
        return (unknown(ID, f"The free space of {path.name} is not known.", field=field),)
    free = f"{path.name} has {path.available_mib // 1024} GiB free"
    if needed > path.available_mib:
        also = ", and the image besides" if is_image_unknown else ""
        text = f"{free}; about {-(-needed // 1024)} GiB are needed{also}."
        return (blocks(ID, text, "Choose a path with more room.", field=field),)
    if is_image_unknown:
        text = f"How large the image is, is not known; {free}."
        return (note(ID, text, "Look that this is enough.", field=field),)
    return ()
