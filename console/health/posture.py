"""How a cluster stands to what Trusted launch asks of it: each point with what it rests on.

Points are those of Microsoft's guidance (resources/security_facts.toml, the Trusted launch
overview). What no wire tells is "Not known" with the reason, never a tick.
"""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from console.catalog import load_images, security_facts
from console.health.levels import HealthLevel
from console.model.inventory import Inventory
from console.model.node import Node, NodeState, ServiceState
from console.model.virtual_machine import ClusterFacts, SecurityType, VirtualMachine, VmKind

_WELL, _LOOK, _BAD, _NOT_KNOWN = (
    HealthLevel.HEALTHY,
    HealthLevel.ATTENTION,
    HealthLevel.CRITICAL,
    HealthLevel.UNKNOWN,
)
_OVERVIEW = "Trusted launch overview, 13 June 2024"
_NAMED = 5


class PosturePoint(msgspec.Struct, frozen=True):
    """``says`` in one sentence, ``rests_on`` what was looked at; ``vm_keys`` are those to look at.

    ``read_at``: the oldest reading that it rests on; None: nobody looked.
    """

    id: str
    title: str
    level: HealthLevel
    says: str
    rests_on: str = ""
    remedy: str = ""
    source: str = _OVERVIEW
    vm_keys: tuple[str, ...] = ()
    read_at: float | None = None


def posture(inventory: Inventory) -> tuple[PosturePoint, ...]:
    """Every point, in a fixed order."""
    machines = [vm for vm in inventory.vms.values() if vm.kind is not VmKind.RESOURCE_BRIDGE]
    trusted = [vm for vm in machines if vm.security is SecurityType.TRUSTED_LAUNCH]
    read_at = inventory.cluster_wire.read_at
    return (
        _igvm_agents(inventory),
        _migration_traffic(inventory),
        _not_trusted(machines, read_at),
        _not_as_asked(machines, read_at),
        _switched_on(trusted, "Secure Boot", lambda facts: facts.secure_boot, read_at),
        _switched_on(trusted, "vTPM", lambda facts: facts.vtpm, read_at),
        _keys(trusted, read_at),
        _key_backup(trusted, inventory),
        _images(inventory),
        _state_files(trusted, inventory),
        _boot_integrity(inventory),
    )


# -- the cluster ---------------------------------------------------------------------------------
def _igvm_agents(inventory: Inventory) -> PosturePoint:
    nodes = list(inventory.nodes.values())
    lacking = [
        n.name for n in nodes if n.igvm_agent in (ServiceState.STOPPED, ServiceState.MISSING)
    ]
    untold = [n.name for n in nodes if _is_untold(n) and n.name not in lacking]
    title, remedy = "IgvmAgent on every node", ""
    if lacking:
        level = _BAD
        says = f"It does not run on {_names(lacking)}: Trusted launch VMs cannot be placed there."
        remedy = "Start or repair IgvmAgent on these nodes."
    elif untold or not nodes:
        level = _NOT_KNOWN
        says = f"Not known of {_names(untold)}." if untold else "No node was read yet."
        remedy = "It is known once these nodes answer."
    else:
        level, says = _WELL, f"It runs on all {len(nodes)} nodes."
    versions = {n.igvm_agent_version for n in nodes if n.igvm_agent_version}
    rests = f"Asked of each node; versions: {', '.join(sorted(versions)) or 'not told'}."
    times = [n.read_at for n in nodes if n.read_at is not None]
    return PosturePoint(
        "igvm_agent", title, level, says, rests, remedy, read_at=min(times, default=None)
    )


def _is_untold(node: Node) -> bool:
    is_away = node.state in (NodeState.DOWN, NodeState.UNKNOWN)
    return is_away or node.igvm_agent is not ServiceState.RUNNING


def _migration_traffic(inventory: Inventory) -> PosturePoint:
    told = inventory.cluster.migration_encrypted
    title = "Live-migration traffic protected"
    rests = "IPsec quick-mode associations and SMB encryption on the node that was asked."
    if told is None:
        level, says = _NOT_KNOWN, "No node told whether anything encrypts it."
        remedy = "Look at IPsec rules of the migration networks."
    elif told:
        level, says, remedy = _WELL, "Something was found that encrypts it.", ""
    else:
        level = _LOOK
        says = "Nothing was found that encrypts it."
        remedy = "Protect the migration networks, for example with IPsec."
    read_at = inventory.cluster_wire.read_at
    return PosturePoint("traffic", title, level, says, rests, remedy, read_at=read_at)


# -- VMs -----------------------------------------------------------------------------------------
def _not_trusted(machines: Sequence[VirtualMachine], read_at: float | None) -> PosturePoint:
    managed = [vm for vm in machines if vm.kind is VmKind.AZURE_LOCAL]
    without = [
        vm for vm in managed if vm.security in (SecurityType.STANDARD, SecurityType.CONFIDENTIAL)
    ]
    untold = [vm for vm in managed if vm.security is SecurityType.UNKNOWN]
    return _of_vms(
        "not_trusted", "Azure Local VMs with Trusted launch", managed, without, untold,
        "{} of {} are without it.", "All {} have it.",
        "Trusted launch is chosen at creation only: such a VM has to be made again.",
        "GuestStateIsolationType of the hypervisor, else Azure's word.", read_at, _LOOK,
    )  # fmt: skip


def _not_as_asked(machines: Sequence[VirtualMachine], read_at: float | None) -> PosturePoint:
    asked = [
        vm
        for vm in machines
        if vm.azure is not None and vm.azure.security is SecurityType.TRUSTED_LAUNCH
    ]
    lacking = [
        vm
        for vm in asked
        if vm.cluster is not None
        and vm.cluster.security in (SecurityType.STANDARD, SecurityType.CONFIDENTIAL)
    ]
    untold = [
        vm for vm in asked if vm.cluster is None or vm.cluster.security is SecurityType.UNKNOWN
    ]
    return _of_vms(
        "as_asked", "Asked for in Azure, and so on the cluster", asked, lacking, untold,
        "{} of {} run without what Azure says they have.", "All {} are as they were asked for.",
        "Create these VMs again; Trusted launch cannot be added later.",
        "Azure's security type beside the hypervisor's.", read_at, _BAD,
    )  # fmt: skip


def _switched_on(
    trusted: Sequence[VirtualMachine],
    name: str,
    of: Callable[[ClusterFacts], bool | None],
    read_at: float | None,
) -> PosturePoint:
    off = [vm for vm in trusted if vm.cluster is not None and of(vm.cluster) is False]
    untold = [vm for vm in trusted if vm.cluster is None or of(vm.cluster) is None]
    return _of_vms(
        name.lower().replace(" ", "_"), f"{name} on", trusted, off, untold,
        "{} of {} Trusted launch VMs have it off.", "On for all {} Trusted launch VMs.",
        "Find out who switched it off, and when; the history of the VM may tell.",
        "The hypervisor's own word, not what was asked for.", read_at, _LOOK,
    )  # fmt: skip


def _keys(trusted: Sequence[VirtualMachine], read_at: float | None) -> PosturePoint:
    def told(vm: VirtualMachine) -> bool | None:
        return vm.cluster.has_guest_state_key if vm.cluster is not None else None

    lacking = [vm for vm in trusted if told(vm) is False]
    untold = [vm for vm in trusted if told(vm) is None]
    return _of_vms(
        "keys", "Guest state protection keys there", trusted, lacking, untold,
        "{} of {} have none in the cluster's key vault: they cannot be started again.",
        "The key vault holds one for all {} Trusted launch VMs.",
        "Restore the keys from their backup before anything restarts these VMs.",
        "Names of keys in the cluster's own vault (Get-MocKey).", read_at, _BAD,
    )  # fmt: skip


def _of_vms(
    name: str, title: str, asked: Sequence[VirtualMachine], bad: Sequence[VirtualMachine],
    untold: Sequence[VirtualMachine], some: str, every: str, remedy: str, rests_on: str,
    read_at: float | None, badly: HealthLevel,
) -> PosturePoint:  # fmt: skip
    """The usual point about VMs: how many are not so, of how many nobody knows."""
    of = f" Not known of {len(untold)}." if untold else ""
    if bad:
        says, level, keys = some.format(len(bad), len(asked)) + of, badly, _keys_of(bad)
    elif untold:
        says, level, keys = (
            f"Not known of {len(untold)} of {len(asked)}.",
            _NOT_KNOWN,
            _keys_of(untold),
        )
        remedy = "It is known once their nodes answer."
    elif not asked:
        says, level, keys, remedy = "There is no such VM.", HealthLevel.OFF, (), ""
    else:
        says, level, keys, remedy = every.format(len(asked)), _WELL, (), ""
    return PosturePoint(name, title, level, says, rests_on, remedy, vm_keys=keys, read_at=read_at)


# -- what is stated, or nobody can tell ----------------------------------------------------------
def _key_backup(trusted: Sequence[VirtualMachine], inventory: Inventory) -> PosturePoint:
    fact = _fact(inventory, "key-backup")
    level = _NOT_KNOWN if trusted else HealthLevel.OFF
    count = len(trusted)
    says = (
        f"No wire tells which keys were backed up; {count} VMs need it." if count else "No such VM."
    )
    return PosturePoint(
        "key_backup", "Guest state protection keys backed up", level, says,
        "Nobody can look: the backup is a file or a vault elsewhere.", fact[0] if count else "",
        fact[1],
    )  # fmt: skip


def _images(inventory: Inventory) -> PosturePoint:
    images, release = inventory.site.images, inventory.cluster.release
    catalogue = load_images()
    outside = [image.name for image in images if image.reference is None]
    unfit = [i.name for i in images if i.reference is not None and catalogue.why_not(i, release)]
    rests = f"{len(images)} images on the cluster, compared with the list of its release."
    read_at = inventory.arm.read_at
    title = "Images on the cluster are fit for Trusted launch"
    if not images:
        says = "There is none." if read_at is not None else "Azure did not tell which there are."
        level = HealthLevel.OFF if read_at is not None else _NOT_KNOWN
        return PosturePoint("images", title, level, says, rests, read_at=read_at)
    told = [f"outside Azure Marketplace: {_names(outside)}"] if outside else []
    told += [f"not on the list: {_names(unfit)}"] if unfit else []
    says = (
        f"All {len(images)} are."
        if not told
        else f"{'; '.join(told)[0].upper()}{'; '.join(told)[1:]}."
    )
    remedy = "The wizard offers only fit ones; remove what nobody needs." if told else ""
    level = _LOOK if told else _WELL
    return PosturePoint("images", title, level, says, rests, remedy, read_at=read_at)


def _state_files(trusted: Sequence[VirtualMachine], inventory: Inventory) -> PosturePoint:
    fact = _fact(inventory, "state-files")
    level = _NOT_KNOWN if trusted else HealthLevel.OFF
    return PosturePoint(
        "state_files", "VM state folders closed to all but admins", level,
        "Nobody has looked at the rights of these folders.",
        "This console reads no file of a VM.", fact[0], fact[1],
    )  # fmt: skip


def _boot_integrity(inventory: Inventory) -> PosturePoint:
    text, source = _fact(inventory, "boot-integrity")
    return PosturePoint(
        "boot_integrity", "Guest boot integrity verification", HealthLevel.OFF, text,
        "A statement of the document, not a reading.", source=source,
    )  # fmt: skip


def _fact(inventory: Inventory, begins: str) -> tuple[str, str]:
    """Text and source of the fact that holds for the cluster's release."""
    found = next(
        (fact for fact in security_facts(inventory.cluster.release) if fact.id.startswith(begins)),
        None,
    )
    if found is None:
        return "No document that this console has says anything of it.", ""
    return found.text, f"{found.source}, {found.dated:%d %B %Y}"


def _keys_of(vms: Iterable[VirtualMachine]) -> tuple[str, ...]:
    return tuple(vm.key for vm in vms)


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(sorted(names)[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED} more"
