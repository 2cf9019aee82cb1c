"""The cluster shared volumes a VM lies on: online, reachable from its node, with room left."""

from collections.abc import Iterator

from console.health.levels import Confidence, HealthLevel, Kind, Owner, Reason
from console.health.surroundings import Surroundings, room_of
from console.model.storage import Volume, VolumeAccess, VolumeState
from console.model.virtual_machine import PowerState, VirtualMachine


def of_vm(vm: VirtualMachine, around: Surroundings) -> Iterator[Reason]:
    facts = vm.cluster
    if facts is None:
        return
    if not facts.volumes or around.cluster.volumes is None:
        if facts.power is PowerState.CRITICAL:
            yield _not_told(vm, around)
        return
    for path, volume in around.volumes_of(facts.volumes):
        if volume is None:
            yield Reason(
                HealthLevel.UNKNOWN,
                f"The cluster did not tell of the volume {path}, on which {vm.name} lies.",
                read_at=around.cluster_wire.read_at,
                kind=Kind.VOLUME_NOT_KNOWN,
                about=f"volume:{path}",
                owner=Owner.STORAGE,
            )
        else:
            yield from _of_volume(volume, facts.owner_node, around)


def of_volume(volume: Volume, around: Surroundings) -> Iterator[Reason]:
    """The volume's own troubles, whoever lies on it."""
    yield from _own(volume, around, is_background=False)


def _not_told(vm: VirtualMachine, around: Surroundings) -> Reason:
    return Reason(
        HealthLevel.UNKNOWN,
        f"Which volume {vm.name} lies on, or how that volume is, was not told.",
        read_at=around.cluster_wire.read_at,
        kind=Kind.VOLUME_NOT_KNOWN,
        about=f"vm:{vm.key}",
        owner=Owner.STORAGE,
    )


def _of_volume(volume: Volume, node: str, around: Surroundings) -> Iterator[Reason]:
    yield from _own(volume, around, is_background=True)
    if volume.state is not VolumeState.ONLINE:
        return
    access = volume.access_from(node)
    read_at = around.cluster_wire.read_at
    if access is VolumeAccess.UNAVAILABLE:
        yield Reason(
            HealthLevel.CRITICAL,
            f"{node} cannot reach the volume {volume.name}.",
            f"Way of {node} to {volume.name}: Unavailable",
            f"Look at the storage network of {node}.",
            read_at,
            Kind.VOLUME_UNREACHABLE,
            f"volume:{volume.name}@{node}",
            owner=Owner.STORAGE,
        )
    elif access is VolumeAccess.REDIRECTED:
        yield Reason(
            HealthLevel.ATTENTION,
            f"{node} reaches the volume {volume.name} only through "
            f"{volume.owner_node or 'another node'}, so it is slow.",
            f"Way of {node} to {volume.name}: redirected",
            f"Look at the storage network of {node}; a backup may cause it for a while.",
            read_at,
            Kind.VOLUME_SLOW,
            f"volume:{volume.name}@{node}",
            owner=Owner.STORAGE,
        )


def _own(volume: Volume, around: Surroundings, *, is_background: bool) -> Iterator[Reason]:
    read_at = around.cluster_wire.read_at
    about = f"volume:{volume.name}"
    if volume.state in (VolumeState.OFFLINE, VolumeState.FAILED, VolumeState.PENDING):
        yield Reason(
            HealthLevel.CRITICAL,
            f"The volume {volume.name} is {volume.state.lower()}.",
            f"Cluster shared volume {volume.name}: {volume.state}",
            f"Bring it online again; look at its discs and at {volume.owner_node or 'its owner'}.",
            read_at,
            Kind.VOLUME_OFFLINE,
            about,
            owner=Owner.STORAGE,
        )
    elif volume.state is VolumeState.UNKNOWN:
        yield Reason(
            HealthLevel.UNKNOWN,
            f"The state of the volume {volume.name} is not known.",
            read_at=read_at,
            kind=Kind.VOLUME_NOT_KNOWN,
            about=about,
            owner=Owner.STORAGE,
        )
    is_full, is_low = room_of(volume)
    if is_full:
        level, kind, text = HealthLevel.CRITICAL, Kind.VOLUME_FULL, "is full"
    elif is_low:
        level, kind, text = HealthLevel.ATTENTION, Kind.VOLUME_LOW, "is nearly full"
    else:
        return
    free, total = volume.free_mib or 0, volume.total_mib or 0
    yield Reason(
        level,
        f"The volume {volume.name} {text}.",
        f"{free / 1024:.1f} of {total / 1024:.0f} GiB free",
        "Free room on it, or extend it.",
        read_at,
        kind,
        about,
        Confidence.CERTAIN,
        Owner.STORAGE,
        is_background,
    )
