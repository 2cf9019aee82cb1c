"""One row of the table of actions: what a person can do, on what, and why not now."""

import enum
from collections.abc import Callable, Sequence

import msgspec


class Scope(enum.Enum):
    """What an entry acts on."""

    WINDOW = "window"  # nothing selected is needed
    VMS = "VMs"
    ONE_VM = "one VM"
    NODE = "node"


class Entry(msgspec.Struct, frozen=True):
    """One thing a person can do. ``run`` and ``why_not`` get the names of what is selected: keys
    of VMs, or one node. ``why_not`` tells in a sentence why it cannot be done now, else nothing.
    ``words`` are further ones by which the palette finds it.
    """

    id: str
    text: str
    scope: Scope
    run: Callable[[Sequence[str]], None]
    why_not: Callable[[Sequence[str]], str]
    shortcut: str = ""
    starts_group: bool = False
    words: str = ""
