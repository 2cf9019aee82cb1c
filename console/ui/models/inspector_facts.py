"""What the inspector says of a VM or a node, row by row. No Qt, so quick to test."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from console.catalog import security_facts
from console.model.inventory import Inventory
from console.model.node import DrainStatus, Node
from console.model.operation import OperationRecord
from console.model.placement import AffinityKind
from console.model.snapshot import SiteFacts
from console.model.virtual_machine import ClusterFacts, VirtualMachine
from console.ui.models.ages import age_text
from console.ui.models.vm_columns import (
    KIND_WORDS,
    SECURITY_WORDS,
    addresses,
    memory_text,
    tri_state,
)

_CLUSTER, _AZURE = "the cluster", "Azure"


class Fact(msgspec.Struct, frozen=True):
    """One row; ``source`` says whose word it is and how old."""

    name: str
    value: str
    source: str = ""


def rate_text(kib_s: int | None) -> str:
    """KiB a second in words; what no node told is not known, and not zero."""
    if kib_s is None:
        return "not known"
    return f"{kib_s} KiB/s" if kib_s < 1024 else f"{kib_s / 1024:.1f} MiB/s"


def cluster_read_at(vm: VirtualMachine, inventory: Inventory) -> float | None:
    """When the cluster last said this: an unchanged VM is not sent again, its node's reading is."""
    if vm.cluster is None:
        return inventory.cluster_wire.read_at
    node = inventory.nodes.get(vm.cluster.owner_node)
    return max(vm.cluster.read_at or 0.0, (node.read_at or 0.0) if node else 0.0) or None


def azure_read_at(vm: VirtualMachine, inventory: Inventory) -> float | None:
    """When Azure last said this, by the same reasoning."""
    own = vm.azure.read_at if vm.azure is not None else None
    return max(own or 0.0, inventory.arm.read_at or 0.0) or None


def vm_overview(vm: VirtualMachine, inventory: Inventory, now: float) -> tuple[Fact, ...]:
    cluster, azure = vm.cluster, vm.azure
    from_cluster = age_text(cluster_read_at(vm, inventory), now)
    from_azure = age_text(azure_read_at(vm, inventory), now)
    facts = [Fact("Kind", KIND_WORDS[vm.kind])]
    if cluster is not None:
        source = f"{_CLUSTER}, {from_cluster}"
        facts += [
            Fact("State (cluster)", str(cluster.power), source),
            Fact("Runs on", cluster.owner_node, source),
            Fact("Guest heartbeat", str(cluster.heartbeat), source),
            Fact("Busy with", str(cluster.activity), source),
        ]
        if cluster.running_since is not None:
            since = datetime.fromtimestamp(cluster.running_since).strftime("%d %b %Y %H:%M")
            facts.append(Fact("Running since", since, source))
        if cluster.migration is not None:
            moved = cluster.migration
            percent = "" if moved.percent is None else f", {moved.percent} %"
            facts.append(Fact("Live migration", f"to {moved.target}{percent}", source))
        facts.append(Fact("Read from cluster", from_cluster))
    else:
        facts.append(Fact("State (cluster)", "not found on the cluster"))
    if azure is not None:
        source = f"{_AZURE}, {from_azure}"
        facts += [
            Fact("State (Azure)", f"{azure.power}, provisioning {azure.provisioning}", source),
            Fact("Read from Azure", from_azure),
        ]
        if azure.error_code:
            facts.append(
                Fact("Azure's error", f"{azure.error_code}: {azure.error_message}", source)
            )
    else:
        facts.append(Fact("State (Azure)", "not known to Azure"))
    processors = (cluster and cluster.processors) or (azure and azure.processors)
    facts += [
        Fact("Processors", str(processors) if processors else "not known"),
        Fact("Memory", memory_text(vm.memory_mib)),
    ]
    if vm.metrics is not None and vm.metrics.cpu_percent is not None:
        facts.append(Fact("CPU now", f"{vm.metrics.cpu_percent} %"))
    if vm.metrics is not None:
        facts += [
            Fact("Network now", rate_text(vm.metrics.network_kib_s)),
            Fact("Storage now", rate_text(vm.metrics.storage_kib_s)),
        ]
    if azure is not None:
        tags = ", ".join(f"{name}={value}" for name, value in sorted(azure.tags.items()))
        facts += [Fact("Tags", tags or "none"), Fact("Azure id", azure.arm_id)]
    if cluster is not None:
        facts += _placement(cluster, inventory)
    facts.append(Fact("Hyper-V VM id", cluster.vm_id if cluster else "not known"))
    return tuple(facts)


_AFFINITY_WORDS = {
    AffinityKind.SAME_NODE: "on one node with",
    AffinityKind.SAME_FAULT_DOMAIN: "in one fault domain with",
    AffinityKind.DIFFERENT_NODE: "on another node than",
    AffinityKind.DIFFERENT_FAULT_DOMAIN: "in another fault domain than",
    AffinityKind.UNKNOWN: "in a rule of an unknown kind with",
}


def _placement(facts: ClusterFacts, inventory: Inventory) -> list[Fact]:
    """Where the cluster wants it: only what was said of this VM."""
    told = []
    if facts.possible_owners:
        told.append(Fact("May run on", ", ".join(facts.possible_owners), _CLUSTER))
    if facts.preferred_owners:
        told.append(Fact("Rather runs on", ", ".join(facts.preferred_owners), _CLUSTER))
    if facts.anti_affinity:
        told.append(Fact("Anti-affinity classes", ", ".join(facts.anti_affinity), _CLUSTER))
    own = facts.group.casefold()
    for rule in inventory.cluster.affinity_rules or ():
        others = [group for group in rule.groups if group.casefold() != own]
        if not own or len(others) == len(rule.groups):
            continue
        off = "" if rule.is_enabled else " (off)"
        words = f"{_AFFINITY_WORDS[rule.kind]} {', '.join(others)}{off}"
        told.append(Fact(f"Rule {rule.name}", words, _CLUSTER))
    return told


def vm_security(vm: VirtualMachine, inventory: Inventory, now: float) -> tuple[Fact, ...]:
    """Requested (Azure) beside actual (hypervisor): "trusted" is never told from the request."""
    cluster, azure = vm.cluster, vm.azure
    facts = []
    if cluster is not None:
        source = f"{_CLUSTER}, {age_text(cluster_read_at(vm, inventory), now)}"
        facts += [
            Fact("Security type (hypervisor)", SECURITY_WORDS[cluster.security], source),
            Fact("Secure Boot (hypervisor)", tri_state(cluster.secure_boot), source),
            Fact("vTPM (hypervisor)", tri_state(cluster.vtpm), source),
        ]
    else:
        facts.append(Fact("Hypervisor", "not found on the cluster, so nothing is confirmed"))
    if azure is not None:
        source = f"{_AZURE}, {age_text(azure_read_at(vm, inventory), now)}"
        facts += [
            Fact("Security type (Azure)", SECURITY_WORDS[azure.security], source),
            Fact("Secure Boot (Azure)", tri_state(azure.secure_boot), source),
            Fact("vTPM (Azure)", tri_state(azure.vtpm), source),
        ]
    facts.append(_guest_state_key(cluster))
    # What the documents say of this release: statements, never readings of this VM.
    facts += [
        Fact(fact.title, fact.text, f"{fact.source}, {fact.dated:%d %B %Y}")
        for fact in security_facts(inventory.cluster.release)
        if fact.id.startswith(("key-backup", "boot-integrity", "vbs"))
    ]
    return tuple(facts)


def _guest_state_key(cluster: ClusterFacts | None) -> Fact:
    told = cluster.has_guest_state_key if cluster is not None else None
    words = {
        None: "not known whether the cluster's key vault holds its guest state protection key",
        True: "in the cluster's key vault; whether it was backed up, no wire tells",
        False: "MISSING in the cluster's key vault: without it the VM cannot start again",
    }
    return Fact("Key in the key vault", words[told], "names of the cluster's keys")


def vm_disks_and_network(vm: VirtualMachine, site: SiteFacts) -> tuple[Fact, ...]:
    azure = vm.azure
    facts = [Fact("Addresses", addresses(vm) or "not known")]
    if azure is not None:
        interfaces = {nic.arm_id.lower(): nic for nic in site.network_interfaces}
        networks = {network.arm_id.lower(): network.name for network in site.logical_networks}
        for nic_id in azure.network_interface_ids:
            nic = interfaces.get(nic_id.lower())
            network = networks.get(nic.logical_network_id.lower(), "") if nic else ""
            told = (
                ", ".join(word for word in (nic.address, network, nic.mac_address) if word)
                if (nic)
                else nic_id
            )
            facts.append(Fact(f"Interface {nic.name}" if nic else "Interface", told, _AZURE))
        paths = {path.arm_id.lower(): f"{path.name} ({path.path})" for path in site.storage_paths}
        images = {image.arm_id.lower(): image.name for image in site.images}
        facts += [
            Fact("Storage path", paths.get(azure.storage_path_id.lower()) or "not known", _AZURE),
            Fact("Made from image", images.get(azure.image_id.lower()) or "not known", _AZURE),
        ]
        facts += [
            Fact("Data disk", disk.rsplit("/", 1)[-1], _AZURE) for disk in azure.data_disk_ids
        ]
    if vm.cluster is not None and vm.cluster.mounted_iso:
        facts.append(Fact("Mounted ISO", vm.cluster.mounted_iso, _CLUSTER))
    return tuple(facts)


_DRAIN_WORDS = {
    DrainStatus.NOT_INITIATED: "none asked for",
    DrainStatus.IN_PROGRESS: "under way",
    DrainStatus.COMPLETED: "done",
    DrainStatus.FAILED: "failed",
    DrainStatus.UNKNOWN: "not known",
}
_DRAWN = frozenset({"CPU", "CPU now", "Network now", "Storage now"})


def without_figures(facts: Sequence[Fact]) -> tuple[Fact, ...]:
    """What is left to say beside the drawn lines, which tell their newest value and its age."""
    return tuple(fact for fact in facts if fact.name not in _DRAWN)


def node_facts(node: Node, inventory: Inventory, now: float) -> tuple[Fact, ...]:
    vms = inventory.vms_on(node.name)
    used = None
    if node.memory_total_mib is not None and node.memory_available_mib is not None:
        used = node.memory_total_mib - node.memory_available_mib
    networks = ", ".join(
        f"{network.name} ({'up' if network.is_up else 'down'})"
        for network in node.migration_networks
    )
    return (
        Fact("State", str(node.state)),
        Fact("Drain", _DRAIN_WORDS[node.drain]),
        Fact("VMs", str(len(vms))),
        Fact("Memory in use", f"{memory_text(used)} of {memory_text(node.memory_total_mib)}"),
        Fact("CPU", "not known" if node.cpu_percent is None else f"{node.cpu_percent:.0f} %"),
        Fact("Network now", rate_text(node.network_kib_s)),
        Fact("Storage now", rate_text(node.storage_kib_s)),
        Fact("Logical processors", str(node.logical_processors or "not known")),
        Fact("Processor", node.processor_model or "not known"),
        Fact("IgvmAgent", f"{node.igvm_agent} {node.igvm_agent_version}".strip()),
        Fact("Migration networks", networks or "not known"),
        Fact("Azure may place VMs here", _yes_no(node.accepts_azure_placement)),
        Fact("Azure connection", node.azure_connection or "not known"),
        Fact("System build", node.os_build or "not known"),
        Fact("Address", node.fqdn or "not known"),
        Fact("Read", age_text(node.read_at, now)),
    )


def history_lines(key: str, records: Iterable[OperationRecord]) -> str:
    """Operations on this VM, newest first."""
    mine = [record for record in records if getattr(record.request, "vm_key", None) == key]
    mine.sort(key=lambda record: record.created_at, reverse=True)
    lines = [
        f"{datetime.fromtimestamp(record.created_at):%d %b %H:%M}  {record.title}: {record.state}"
        + (f"\n    {record.result}" if record.result else "")
        for record in mine
    ]
    return "\n".join(lines) or "No operation of this console touched it so far."


def raw_text(record: VirtualMachine | Node) -> str:
    """The record as JSON. It never held a secret: none is ever read from a wire."""
    try:
        return msgspec.json.format(msgspec.json.encode(record), indent=2).decode()
    except UnicodeEncodeError:  # half a letter: the other library writes it as its number
        return json.dumps(msgspec.to_builtins(record), indent=2)


def _yes_no(value: bool | None) -> str:
    return "not known" if value is None else ("yes" if value else "no")
