"""The columns of the VM table: how a VM is told, searched and sorted. No Qt, so quick to test."""

from collections.abc import Callable

import msgspec

from console.model.virtual_machine import SecurityType, VirtualMachine, VmKind

_NOT_KNOWN = "not known"

SECURITY_WORDS = {
    SecurityType.TRUSTED_LAUNCH: "Trusted launch",
    SecurityType.CONFIDENTIAL: "Confidential",
    SecurityType.STANDARD: "Standard",
    SecurityType.UNKNOWN: _NOT_KNOWN,
}
KIND_WORDS = {
    VmKind.AZURE_LOCAL: "Azure Local",
    VmKind.UNMANAGED: "Cluster only",
    VmKind.RESOURCE_BRIDGE: "Resource bridge",
}


class Column(msgspec.Struct, frozen=True):
    """``text`` is what a cell shows, ``key`` what it sorts by (None sorts last)."""

    id: str
    title: str
    width: int  # in average characters
    text: Callable[[VirtualMachine], str]
    key: Callable[[VirtualMachine], str | float | None]
    is_number: bool = False
    is_shown: bool = True  # at first


def tri_state(value: bool | None) -> str:
    """On, Off, or plainly not known."""
    if value is None:
        return _NOT_KNOWN
    return "On" if value else "Off"


def memory_text(mib: int | None) -> str:
    if mib is None:
        return _NOT_KNOWN
    return f"{mib / 1024:.1f} GiB" if mib % 1024 else f"{mib // 1024} GiB"


def secure_boot(vm: VirtualMachine) -> bool | None:
    """The cluster's word, else Azure's."""
    if vm.cluster is not None and vm.cluster.secure_boot is not None:
        return vm.cluster.secure_boot
    return vm.azure.secure_boot if vm.azure is not None else None


def vtpm(vm: VirtualMachine) -> bool | None:
    if vm.cluster is not None and vm.cluster.vtpm is not None:
        return vm.cluster.vtpm
    return vm.azure.vtpm if vm.azure is not None else None


def addresses(vm: VirtualMachine) -> str:
    return ", ".join(vm.cluster.addresses) if vm.cluster is not None else ""


def azure_state(vm: VirtualMachine) -> str:
    """Azure's own words on it, so that a disagreement can be seen."""
    if vm.azure is None:
        return "not in Azure"
    if vm.azure.error_code:
        return f"{vm.azure.provisioning}: {vm.azure.error_code}"
    return f"{vm.azure.power} / {vm.azure.provisioning}"


def _cpu(vm: VirtualMachine) -> int | None:
    return vm.metrics.cpu_percent if vm.metrics is not None else None


def _cpu_text(vm: VirtualMachine) -> str:
    percent = _cpu(vm)
    return "" if percent is None else f"{percent} %"


def _gib(mib: int | None) -> float | None:
    return None if mib is None else mib / 1024


def _mib_s(kib_s: int | None) -> float | None:
    return None if kib_s is None else kib_s / 1024


# What a search compares with a number: percent, GiB, and MiB a second.
FIGURES: dict[str, Callable[[VirtualMachine], float | None]] = {
    "cpu": lambda vm: _cpu(vm),
    "memory": lambda vm: _gib(vm.memory_mib),
    "memory_demand": lambda vm: _gib(vm.metrics.memory_demand_mib) if vm.metrics else None,
    "network": lambda vm: _mib_s(vm.metrics.network_kib_s) if vm.metrics else None,
    "storage": lambda vm: _mib_s(vm.metrics.storage_kib_s) if vm.metrics else None,
}


def _figure_text(name: str) -> Callable[[VirtualMachine], str]:
    def text(vm: VirtualMachine) -> str:
        value = FIGURES[name](vm)
        if value is None:
            return ""
        return f"{value:.1f} GiB" if name == "memory_demand" else f"{value:.1f} MiB/s"

    return text


def natural(text: str) -> str:
    """A sort key in which ``vm-2`` comes before ``vm-10``: digit runs padded."""
    padded, digits = [], ""
    for letter in text.casefold():
        if letter.isdigit():
            digits += letter
            continue
        padded.append(digits.rjust(12, "0") if digits else "")
        digits = ""
        padded.append(letter)
    padded.append(digits.rjust(12, "0") if digits else "")
    return "".join(padded)


def _by_text(text: Callable[[VirtualMachine], str]) -> Callable[[VirtualMachine], str | None]:
    return lambda vm: natural(text(vm)) or None


def _name(vm: VirtualMachine) -> str:
    return vm.name


def _node(vm: VirtualMachine) -> str:
    return vm.owner_node or ("not on the cluster" if vm.cluster is None else _NOT_KNOWN)


def _state(vm: VirtualMachine) -> str:
    return str(vm.power)


def _security(vm: VirtualMachine) -> str:
    return SECURITY_WORDS[vm.security]


def _kind(vm: VirtualMachine) -> str:
    return KIND_WORDS[vm.kind]


def _user(vm: VirtualMachine) -> str:
    return vm.azure.admin_username if vm.azure is not None else ""


def _tags(vm: VirtualMachine) -> str:
    tags = vm.azure.tags if vm.azure is not None else {}
    return "; ".join(f"{name}={value}" for name, value in tags.items())


COLUMNS: tuple[Column, ...] = (
    Column("name", "Name", 22, _name, _by_text(_name)),
    Column("state", "State", 12, _state, _by_text(_state)),
    Column("node", "Node", 12, _node, _by_text(_node)),
    Column("security", "Security", 15, _security, _by_text(_security)),
    Column(
        "secure_boot",
        "Secure Boot",
        11,
        lambda vm: tri_state(secure_boot(vm)),
        lambda vm: tri_state(secure_boot(vm)),
    ),
    Column("vtpm", "vTPM", 10, lambda vm: tri_state(vtpm(vm)), lambda vm: tri_state(vtpm(vm))),
    Column("cpu", "CPU", 7, _cpu_text, _cpu, is_number=True),
    Column(
        "memory",
        "Memory",
        10,
        lambda vm: memory_text(vm.memory_mib),
        lambda vm: vm.memory_mib,
        is_number=True,
    ),
    Column("address", "Address", 16, addresses, _by_text(addresses)),
    Column("azure", "In Azure", 22, azure_state, _by_text(azure_state)),
    Column("kind", "Kind", 14, _kind, _by_text(_kind)),
    *(
        Column(name, title, 12, _figure_text(name), FIGURES[name], is_number=True, is_shown=False)
        for name, title in (
            ("memory_demand", "Memory wanted"),
            ("network", "Network"),
            ("storage", "Storage"),
        )
    ),
    Column("user", "Account", 14, _user, _by_text(_user), is_shown=False),
    Column("tags", "Tags", 24, _tags, _by_text(_tags), is_shown=False),
)
BY_ID = {column.id: column for column in COLUMNS}


def haystack(vm: VirtualMachine) -> str:
    """Everything a person may know of a VM, folded: name, address, node, ids, user, tags."""
    words = [vm.name, vm.key, vm.owner_node or "", str(vm.power), addresses(vm), _security(vm)]
    if vm.azure is not None:
        words += [vm.azure.computer_name, vm.azure.admin_username, vm.azure.arm_id]
        words += [f"{name}={value}" for name, value in vm.azure.tags.items()]
    return "\n".join(words).casefold()
