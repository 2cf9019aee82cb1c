"""The posture: what is not told is never a tick, and every count leads to its VMs."""

import msgspec
import pytest

from console.health import HealthLevel
from console.health.posture import PosturePoint, posture
from console.model.inventory import Inventory
from console.model.node import NodeState, ServiceState
from console.model.site import Image, ImageReference, ImageState
from console.model.snapshot import ClusterSnapshot
from console.model.virtual_machine import SecurityType, VirtualMachine, VmKind
from tests.ui.sample import snapshot

replace = msgspec.structs.replace
STATED = {"key_backup", "state_files"}


@pytest.fixture(scope="module")
def small() -> ClusterSnapshot:
    return snapshot("small")


def points(known: ClusterSnapshot) -> dict[str, PosturePoint]:
    return {point.id: point for point in posture(Inventory(known))}


def trusted(known: ClusterSnapshot) -> VirtualMachine:
    return next(
        vm
        for vm in known.vms
        if vm.cluster is not None
        and vm.kind is VmKind.AZURE_LOCAL
        and vm.cluster.security is SecurityType.TRUSTED_LAUNCH
    )


def with_vm(known: ClusterSnapshot, **facts: object) -> tuple[ClusterSnapshot, str]:
    vm = trusted(known)
    changed = replace(vm, cluster=replace(vm.cluster, **facts))
    others = tuple(each for each in known.vms if each.key != vm.key)
    return replace(known, vms=(changed, *others)), vm.key


def test_what_nobody_can_tell_is_never_a_tick(small: ClusterSnapshot) -> None:
    found = points(small)
    for name in STATED:
        assert found[name].level is HealthLevel.UNKNOWN
        assert found[name].read_at is None
        assert found[name].source
    assert found["boot_integrity"].level is HealthLevel.OFF
    assert "2509" in found["boot_integrity"].says


def test_nothing_read_is_nothing_known() -> None:
    empty = ClusterSnapshot(snapshot("small").cluster)
    unread = replace(empty, cluster=replace(empty.cluster, migration_encrypted=None))
    assert HealthLevel.HEALTHY not in {point.level for point in posture(Inventory(unread))}


@pytest.mark.parametrize(
    ("facts", "point", "level"),
    [
        ({"secure_boot": False}, "secure_boot", HealthLevel.ATTENTION),
        ({"secure_boot": None}, "secure_boot", HealthLevel.UNKNOWN),
        ({"vtpm": False}, "vtpm", HealthLevel.ATTENTION),
        ({"vtpm": None}, "vtpm", HealthLevel.UNKNOWN),
        ({"has_guest_state_key": False}, "keys", HealthLevel.CRITICAL),
        ({"has_guest_state_key": None}, "keys", HealthLevel.UNKNOWN),
        ({"security": SecurityType.STANDARD}, "as_asked", HealthLevel.CRITICAL),
        ({"security": SecurityType.UNKNOWN}, "as_asked", HealthLevel.UNKNOWN),
    ],
)
def test_one_vm_is_found_and_led_to(
    small: ClusterSnapshot, facts: dict[str, object], point: str, level: HealthLevel
) -> None:
    well = points(small)[point]
    assert well.level is HealthLevel.HEALTHY, well.says
    assert well.vm_keys == ()
    changed, key = with_vm(small, **facts)
    found = points(changed)[point]
    assert found.level is level
    assert key in found.vm_keys
    assert "1 of" in found.says or "Not known of 1" in found.says


def test_agents_of_nodes(small: ClusterSnapshot) -> None:
    assert points(small)["igvm_agent"].level is HealthLevel.HEALTHY
    first, *others = small.nodes
    for changes, level in (
        ({"igvm_agent": ServiceState.STOPPED}, HealthLevel.CRITICAL),
        ({"igvm_agent": ServiceState.MISSING}, HealthLevel.CRITICAL),
        ({"igvm_agent": ServiceState.UNKNOWN}, HealthLevel.UNKNOWN),
        # What a node said before it went down is not how it stands.
        ({"state": NodeState.DOWN}, HealthLevel.UNKNOWN),
    ):
        nodes = (replace(first, **changes), *others)
        found = points(replace(small, nodes=nodes))["igvm_agent"]
        assert found.level is level
        assert first.name in found.says


@pytest.mark.parametrize(
    ("told", "level"),
    [
        (True, HealthLevel.HEALTHY),
        (False, HealthLevel.ATTENTION),
        (None, HealthLevel.UNKNOWN),
    ],
)
def test_migration_traffic(small: ClusterSnapshot, told: bool | None, level: HealthLevel) -> None:
    changed = replace(small, cluster=replace(small.cluster, migration_encrypted=told))
    assert points(changed)["traffic"].level is level


def test_images_are_compared_with_the_list(small: ClusterSnapshot) -> None:
    fit = next(image for image in small.site.images if image.reference is not None)
    own = Image("/i/own", "golden", ImageState.READY, "Windows")
    other = Image(
        "/i/x", "odd", ImageState.READY, "Windows", ImageReference("somebody", "thing", "1"), "V2"
    )
    for images, level in (
        ((fit,), HealthLevel.HEALTHY),
        ((fit, own), HealthLevel.ATTENTION),
        ((fit, other), HealthLevel.ATTENTION),
    ):
        changed = replace(small, site=replace(small.site, images=images))
        assert points(changed)["images"].level is level, points(changed)["images"].says
    none = replace(small, site=replace(small.site, images=()))
    assert points(none)["images"].level is HealthLevel.OFF
    unread = replace(none, arm=replace(small.arm, read_at=None))
    assert points(unread)["images"].level is HealthLevel.UNKNOWN


def test_a_cluster_without_trusted_launch_has_nothing_to_back_up(small: ClusterSnapshot) -> None:
    vms = tuple(vm for vm in small.vms if vm.security is not SecurityType.TRUSTED_LAUNCH)
    found = points(replace(small, vms=vms))
    for name in ("secure_boot", "vtpm", "keys", "key_backup", "state_files"):
        assert found[name].level is HealthLevel.OFF
