"""Azure's role-based rights: whether a set of grants allows one action."""

from fnmatch import fnmatchcase

from console.backends import Permission


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
