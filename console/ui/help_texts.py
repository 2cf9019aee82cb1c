"""What the Help menu says."""

from collections.abc import Sequence

from console.ui.actions import Entry

_ALWAYS = (
    ("Arrows", "go to a VM on the map or in the list"),
    ("Space", "select or unselect it"),
    ("Enter", "look at it in the inspector"),
    ("Shift+arrows", "select several"),
    ("Ctrl+A", "select all"),
    ("Menu key", "what can be done with the selection"),
    ("Space while dragging", "every reason of the node under the mouse"),
    ("Right-button drag", "choose how to move: live, quick, into a plan"),
    ("Ctrl+Z", "take back a move in its first five seconds"),
    ("Escape", "put down what is lifted, close what is open"),
    ("Ctrl+1, Ctrl+2", "cluster map, virtual machines"),
    ("Ctrl+3, Ctrl+4", "alarms, the fleet of a connection that covers many clusters"),
    ("F8, Shift+F8", "the next or previous critical VM of the fleet, with its story"),
    ("+, -, 0", "larger tiles, smaller tiles, all of the fleet"),
    ("Ctrl+F", "find a VM"),
    ("Ctrl+K", "any action, VM or node by its name"),
    ("Ctrl+Shift+F", "find an operation"),
    ("Ctrl+Shift+M", "planning mode: drags on a copy of the cluster"),
    ("Alt+Up, Alt+Down", "a step of a plan earlier, later"),
    ("F2, Delete", "change a step of a plan, leave it out"),
    ("Right, Left", "unfold and fold a group of operations"),
    ("Ctrl+I, F6", "inspector, operations"),
    ("Ctrl+Shift+P", "figures over time of what the inspector shows"),
    ("Ctrl+Shift+N, Ctrl+W", "open another connection, close this one"),
    ("Ctrl+Tab, Alt+1 to Alt+9", "another open connection"),
    ("F5", "read both planes now"),
)


def keys_text(entries: Sequence[Entry]) -> str:
    """Every key, one a line."""
    rows = [*_ALWAYS]
    rows += [(e.shortcut, e.text.replace("&", "").rstrip("…")) for e in entries if e.shortcut]
    return "\n".join(f"{key}: {what}" for key, what in rows)


def about_text() -> str:
    from importlib.metadata import version

    return (
        f"Trusted launch console {version('trusted-launch-console')}\n\n"
        "Creates Trusted launch VMs on Azure Local, shows the health of nodes and VMs, and moves "
        "VMs between nodes while they run. MIT licence."
    )
