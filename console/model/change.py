"""What changed between two moments, one sentence a change. Figures and reading times are none."""

from collections.abc import Callable, Iterator
from typing import TypeVar

import msgspec

from console.model.freshness import WireReading
from console.model.node import Node
from console.model.snapshot import ClusterInfo, ClusterSnapshot
from console.model.storage import Volume
from console.model.virtual_machine import AzureFacts, ClusterFacts, VirtualMachine

AZURE, CLUSTER = "Azure", "the cluster"


class Change(msgspec.Struct, frozen=True, gc=False):
    """``subject``: ``vm:`` and its key, ``node:`` or ``volume:`` and a name, or ``cluster:``.

    ``at`` is when it was seen (wall-clock seconds): it happened somewhat earlier.
    """

    at: float
    subject: str
    name: str
    plane: str
    what: str
    before: str
    after: str

    @property
    def text(self) -> str:
        if not self.before:
            return f"{self.what}: {self.after}"
        return f"{self.what}: {self.before} → {self.after or 'nothing'}"


F = TypeVar("F")
Words = tuple[tuple[str, Callable[[F], str]], ...]


def _tri(value: bool | None) -> str:
    return "not known" if value is None else ("on" if value else "off")


def _listed(values: tuple[str, ...]) -> str:
    return ", ".join(sorted(values)) or "none"


_OF_CLUSTER: Words[ClusterFacts] = (
    ("State", lambda facts: str(facts.power)),
    ("Runs on", lambda facts: facts.owner_node),
    ("Guest heartbeat", lambda facts: str(facts.heartbeat)),
    ("Cluster group", lambda facts: facts.group_state or "not told"),
    ("Security type", lambda facts: str(facts.security)),
    ("Secure Boot", lambda facts: _tri(facts.secure_boot)),
    ("vTPM", lambda facts: _tri(facts.vtpm)),
    ("Guest state key", lambda facts: _tri(facts.has_guest_state_key)),
    ("Processors", lambda facts: str(facts.processors or "not told")),
    ("Memory, MiB", lambda facts: str(facts.memory_mib or "not told")),
    ("Mounted ISO", lambda facts: facts.mounted_iso or "none"),
    ("Checkpoints", lambda facts: _tri(facts.has_checkpoints)),
    ("Addresses", lambda facts: _listed(facts.addresses)),
    ("Volumes", lambda facts: _listed(facts.volumes)),
)
_OF_AZURE: Words[AzureFacts] = (
    ("State in Azure", lambda facts: str(facts.power)),
    ("Provisioning", lambda facts: str(facts.provisioning)),
    ("Azure agent", lambda facts: facts.agent_status or "not told"),
    ("Azure's error", lambda facts: facts.error_code or "none"),
    ("Security type in Azure", lambda facts: str(facts.security)),
    ("Tags", lambda facts: _listed(tuple(f"{k}={v}" for k, v in facts.tags.items()))),
)
_OF_NODE: Words[Node] = (
    ("State", lambda node: str(node.state)),
    ("Drain", lambda node: str(node.drain)),
    ("IgvmAgent", lambda node: str(node.igvm_agent)),
    ("Answers itself", lambda node: "no" if node.read_at is None else "yes"),
    ("System build", lambda node: node.os_build or "not told"),
    ("Azure may place VMs there", lambda node: _tri(node.accepts_azure_placement)),
    ("Azure connection", lambda node: node.azure_connection or "not told"),
    (
        "Networks down",
        lambda node: _listed(tuple(n.name for n in node.migration_networks if not n.is_up)),
    ),
)
_OF_VOLUME: Words[Volume] = (
    ("State", lambda volume: str(volume.state)),
    ("Owner", lambda volume: volume.owner_node or "not told"),
    (
        "Not reached directly by",
        lambda volume: _listed(
            tuple(f"{a.node} ({a.access})" for a in volume.access if a.access != "Direct")
        ),
    ),
)
_OF_INFO: Words[ClusterInfo] = (
    ("Resource bridge online", lambda info: _tri(info.resource_bridge_online)),
    ("Release", lambda info: info.release or "not told"),
    ("Azure connection", lambda info: info.azure_connection or "not told"),
    ("Storage links not up", lambda info: _listed(_broken(info))),
    ("Health faults", lambda info: _listed(tuple(_fault(each) for each in info.health_faults))),
)


def _broken(info: ClusterInfo) -> tuple[str, ...]:
    links = info.storage_links or ()
    return tuple(f"{link.node} {link.network}" for link in links if link.state != "Up")


def _fault(fault: object) -> str:
    kind = str(getattr(fault, "fault_type", "")).rsplit(".FaultType.", 1)[-1]
    return f"{getattr(fault, 'object_name', '')} {kind}".strip()


def _differ(
    words: Words[F], old: F, new: F, at: float, subject: str, name: str, plane: str
) -> Iterator[Change]:
    for what, tell in words:
        before, after = tell(old), tell(new)
        if before != after:
            yield Change(at, subject, name, plane, what, before, after)


def of_vm(old: VirtualMachine | None, new: VirtualMachine | None, at: float) -> Iterator[Change]:
    """What became of one VM; None stands for a moment at which it was not there."""
    known = new or old
    if known is None:
        return
    subject, name = f"vm:{known.key}", known.name
    if old is None or new is None:
        planes = ((CLUSTER, known.cluster is not None), (AZURE, known.azure is not None))
        plane = " and ".join(word for word, is_there in planes if is_there)
        what = "Appeared in" if old is None else "Gone from"
        yield Change(at, subject, name, CLUSTER, what, "", plane or "nothing")
        return
    if old.name != new.name:
        yield Change(at, subject, name, CLUSTER, "Name", old.name, new.name)
    if old.cluster is not None and new.cluster is not None:
        yield from _differ(_OF_CLUSTER, old.cluster, new.cluster, at, subject, name, CLUSTER)
    elif (old.cluster is None) != (new.cluster is None):
        word = "gone from it" if new.cluster is None else "there"
        yield Change(at, subject, name, CLUSTER, "On the cluster", "", word)
    if old.azure is not None and new.azure is not None:
        yield from _differ(_OF_AZURE, old.azure, new.azure, at, subject, name, AZURE)
    elif (old.azure is None) != (new.azure is None):
        word = "no longer known" if new.azure is None else "known"
        yield Change(at, subject, name, AZURE, "In Azure", "", word)


def of_node(old: Node | None, new: Node | None, at: float) -> Iterator[Change]:
    known = new or old
    if known is None:
        return
    subject = f"node:{known.name}"
    if old is None or new is None:
        what = "Joined the cluster" if old is None else "Left the cluster"
        yield Change(at, subject, known.name, CLUSTER, what, "", known.name)
    else:
        yield from _differ(_OF_NODE, old, new, at, subject, known.name, CLUSTER)


def _of_wire(old: WireReading, new: WireReading, at: float) -> Iterator[Change]:
    plane = AZURE if old.wire == "arm" else CLUSTER
    if old.is_down != new.is_down:
        fault = new.faults[0].summary if new.is_down and new.faults else ""
        after = f"does not answer: {fault}" if new.is_down else "answers again"
        yield Change(at, "cluster:", f"{plane}", plane, "The way to it", "", after)


def changes(old: ClusterSnapshot, new: ClusterSnapshot, at: float) -> tuple[Change, ...]:
    """Everything that differs, wires first, then the cluster, its volumes, nodes and VMs."""
    found = [*_of_wire(old.arm, new.arm, at), *_of_wire(old.cluster_wire, new.cluster_wire, at)]
    name = new.cluster.name
    found += _differ(_OF_INFO, old.cluster, new.cluster, at, "cluster:", name, CLUSTER)
    volumes = {volume.name: volume for volume in old.cluster.volumes or ()}
    for volume in new.cluster.volumes or ():
        before = volumes.get(volume.name)
        if before is not None:
            subject = f"volume:{volume.name}"
            found += _differ(_OF_VOLUME, before, volume, at, subject, volume.name, CLUSTER)
    nodes = {node.name: node for node in old.nodes}
    for node in new.nodes:
        found += of_node(nodes.pop(node.name, None), node, at)
    for gone in nodes.values():
        found += of_node(gone, None, at)
    vms = {vm.key: vm for vm in old.vms}
    for vm in new.vms:
        was = vms.pop(vm.key, None)
        if was is not vm:
            found += of_vm(was, vm, at)
    for left in vms.values():
        found += of_vm(left, None, at)
    return tuple(found)
