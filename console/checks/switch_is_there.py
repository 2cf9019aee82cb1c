"""The target has the virtual switches that the VM is plugged into, by the same names."""

from console.catalog import known_issue
from console.checks.moving_vms import MovingVms, listed, plural
from console.checks.situation import Situation, blocks, note
from console.model.finding import Finding
from console.model.node import Node

ID = "switch_is_there"
TITLE = "The target has its virtual switches"
_ISSUE = "cross-switch"


def on_group(moving: MovingVms, node: Node, situation: Situation) -> tuple[Finding, ...]:
    if not moving.go_to(node.name):
        return ()
    found: list[Finding] = []
    untold = moving.without_switches
    if untold:
        text = f"The virtual switches of {listed(untold)} are not known."
        found.append(note(ID, text, "The move fails where one of them is missing."))
    if node.switches is None:
        text = f"The virtual switches of {node.name} are not known."
        return (*found, note(ID, text, "The move fails if one is missing there (event 21125)."))
    for name, vms in moving.by_switch.items():
        if name not in node.switches:
            issue = known_issue(_ISSUE)
            need = plural(vms, "needs", "need")
            text = f"{node.name} has no virtual switch “{name}”, which {listed(vms)} {need}"
            found.append(blocks(ID, f"{text} (event 21125).", issue.remedy, source=issue.source))
    return tuple(found)
