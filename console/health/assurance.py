"""Why is it green: what was looked at and found well, and what nobody could tell."""

from collections.abc import Iterator

from console.health.dating import dated
from console.health.levels import HealthLevel, Reason
from console.health.surroundings import Surroundings
from console.model.node import Node, NodeState
from console.model.storage import VolumeAccess, VolumeState
from console.model.virtual_machine import (
    ClusterFacts,
    Heartbeat,
    PowerState,
    SecurityType,
    VirtualMachine,
)

_WELL, _NOT_KNOWN = HealthLevel.HEALTHY, HealthLevel.UNKNOWN


def assurances(vm: VirtualMachine, around: Surroundings) -> tuple[Reason, ...]:
    """What speaks for this VM, then what is not known of it. Nothing bad is in it."""
    found = [dated(reason, vm, around) for reason in _of_vm(vm, around)]
    return tuple(sorted(found, key=lambda reason: reason.level is not _WELL))


def node_assurances(node: Node, around: Surroundings) -> tuple[Reason, ...]:
    """The same of a node."""
    found = []
    if node.state is NodeState.UP:
        found.append(_well("The cluster says that it is up.", around.cluster_wire.read_at))
    if node.read_at is not None and not around.is_node_silent(node):
        found.append(_well("It answers itself.", node.read_at))
    links = around.links.get(node.name.casefold())
    if links is None:
        found.append(Reason(_NOT_KNOWN, "Its storage networks were not told."))
    elif not around.lost_links(node.name):
        names = ", ".join(link.network for link in links)
        found.append(_well(f"Its storage networks are up: {names}.", around.cluster_wire.read_at))
    return tuple(found)


def _well(text: str, read_at: float | None, evidence: str = "") -> Reason:
    return Reason(_WELL, text, evidence, read_at=read_at)


def _of_vm(vm: VirtualMachine, around: Surroundings) -> Iterator[Reason]:
    facts = vm.cluster
    if facts is None:
        return
    if facts.power is PowerState.RUNNING:
        yield _well("The cluster says that it runs.", facts.read_at)
        if facts.heartbeat is Heartbeat.OK:
            yield _well("Its guest answers.", facts.read_at, "Heartbeat: Ok")
    node = around.nodes.get(facts.owner_node)
    if node is not None and node.state is NodeState.UP and not around.is_node_silent(node):
        yield _well(f"Its node {node.name} is up and answers.", node.read_at)
    yield from _volumes(facts, around)
    yield from _security(facts)
    if vm.azure is not None and vm.azure.power is facts.power:
        yield _well(
            f"Azure says the same: {facts.power.lower()}.", vm.azure.read_at or around.arm.read_at
        )


def _volumes(facts: ClusterFacts, around: Surroundings) -> Iterator[Reason]:
    if not facts.volumes or around.cluster.volumes is None:
        yield Reason(_NOT_KNOWN, "Which volume it lies on, and how that is, was not told.")
    for _path, volume in around.volumes_of(facts.volumes):
        if volume is None or volume.state is not VolumeState.ONLINE:
            continue
        access = volume.access_from(facts.owner_node)
        if access is VolumeAccess.DIRECT:
            text = f"{facts.owner_node} reaches its volume {volume.name} directly; it is online."
            yield _well(text, around.cluster_wire.read_at)
        elif access is VolumeAccess.UNKNOWN:
            yield Reason(_NOT_KNOWN, f"How {facts.owner_node} reaches {volume.name} was not told.")


def _security(facts: ClusterFacts) -> Iterator[Reason]:
    if facts.security is not SecurityType.TRUSTED_LAUNCH:
        return
    if facts.secure_boot and facts.vtpm:
        yield _well("Trusted launch with Secure Boot and vTPM on.", facts.read_at)
    if facts.has_guest_state_key is None:
        yield Reason(_NOT_KNOWN, "Whether its guest state protection key is there was not told.")
    elif facts.has_guest_state_key:
        yield _well("Its guest state protection key is in the cluster's key vault.", facts.read_at)
