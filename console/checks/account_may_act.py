"""The account may do at the cluster's nodes what is asked: known before it is sent."""

from console.checks.moving_vms import MovingVms
from console.checks.situation import Situation, blocks, note
from console.model.finding import Finding
from console.model.node import Node
from console.model.request import DrainNode, PauseNode, Request, ResumeNode, verb_of

ID = "account_may_act"
TITLE = "The account may do it on the cluster"
_SOURCE = "Get-PSSessionCapability of the console's endpoint (resources/scripts/RoleCapabilities)"
_ON_NODES = (DrainNode, PauseNode, ResumeNode)
_WORDS = {
    "live_migrate": ("live-migrate VMs", "Operator"),
    "quick_migrate": ("quick-migrate VMs", "Operator"),
    "drain_node": ("drain nodes", "Administrator"),
    "pause_node": ("pause nodes", "Administrator"),
    "resume_node": ("resume nodes", "Administrator"),
}


def on_request(request: Request, situation: Situation) -> tuple[Finding, ...]:
    return _may(verb_of(request), situation) if isinstance(request, _ON_NODES) else ()


def on_group(moving: MovingVms, node: Node, situation: Situation) -> tuple[Finding, ...]:
    return _may(f"{situation.method}_migrate", situation) if moving.go_to(node.name) else ()


def _may(operation: str, situation: Situation) -> tuple[Finding, ...]:
    rights = situation.inventory.cluster.rights
    what, role = _WORDS[operation]
    if rights is None:
        text = f"Whether this account may {what} on this cluster is not known."
        return (note(ID, text, "If it may not, the node refuses it and nothing is changed."),)
    if operation in rights:
        return ()
    text = f"This account may not {what} on this cluster."
    remedy = f"Ask for the role {role} at the console's endpoint, or use an account that has it."
    return (blocks(ID, text, remedy, source=_SOURCE),)
