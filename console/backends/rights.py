"""Azure's role-based rights: whether a set of grants allows one action."""

from fnmatch import fnmatchcase

from console.backends import Permission

_INSTANCES = "Microsoft.AzureStackHCI/virtualMachineInstances"
_MACHINES = "Microsoft.HybridCompute/machines"
# What a person can do to a VM through Azure, and every right that it takes.
ACTS: dict[str, tuple[str, ...]] = {
    "start": (f"{_INSTANCES}/start/action",),
    "stop": (f"{_INSTANCES}/stop/action",),
    "restart": (f"{_INSTANCES}/restart/action",),
    "pause": (f"{_INSTANCES}/pause/action",),
    "save": (f"{_INSTANCES}/save/action",),
    "delete": (f"{_INSTANCES}/delete", f"{_MACHINES}/delete"),
}


def missing_acts(granted: tuple[Permission, ...]) -> tuple[str, ...]:
    """The acts for which at least one right is missing."""
    return tuple(
        act
        for act, rights in ACTS.items()
        if not all(is_granted(right, granted) for right in rights)
    )


def is_granted(right: str, granted: tuple[Permission, ...]) -> bool:
    """One role that allows it is enough; what a role excepts, another may still allow."""
    return any(
        _matches(right, one.actions) and not _matches(right, one.not_actions) for one in granted
    )


def _matches(right: str, patterns: tuple[str, ...]) -> bool:
    """Azure's only wildcard is ``*``; it compares without case."""
    wanted = right.lower()
    return any(
        fnmatchcase(wanted, pattern.lower().replace("[", "[[]").replace("?", "[?]"))
        for pattern in patterns
    )
