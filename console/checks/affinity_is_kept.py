"""The cluster's affinity rules: what a move would break, and which VMs it draws along.

A move that breaks a rule is refused by the cluster; where a rule keeps VMs together, the cluster
moves the others too (Azure Local documentation; the moment at which they follow is unverified).
"""

import itertools
from collections.abc import Sequence

from console.checks.moving_vms import AT_REST, MovingVms, RuleInPlay, listed, plural
from console.checks.situation import Situation, blocks, note
from console.model.finding import Finding
from console.model.node import Node
from console.model.placement import AffinityKind
from console.model.virtual_machine import VirtualMachine

ID = "affinity_is_kept"
TITLE = "No affinity rule is broken"
_SOURCE = "Create server and site affinity rules for VMs (Azure Stack HCI, 14 October 2020)"
_APART = (AffinityKind.DIFFERENT_NODE, AffinityKind.DIFFERENT_FAULT_DOMAIN)


def drawn_by(vms: Sequence[VirtualMachine], situation: Situation) -> tuple[VirtualMachine, ...]:
    """Running VMs that a rule keeps on one node with these, and with each other."""
    if not situation.affinity_rules:
        return ()
    known = {_group(vm) for vm in vms}
    groups, to_look_at = set(known), list(known)
    while to_look_at:
        for rule in situation.rules_by_group.get(to_look_at.pop(), ()):
            if rule.kind is AffinityKind.SAME_NODE:
                more = {group.casefold() for group in rule.groups} - groups
                groups |= more
                to_look_at += more
    by_group = situation.vm_by_group
    found = (by_group[group] for group in sorted(groups - known) if group in by_group)
    return tuple(vm for vm in found if vm.power not in AT_REST)


def rules_in_play(vms: Sequence[VirtualMachine], situation: Situation) -> tuple[RuleInPlay, ...]:
    """The rules that speak of one of these VMs, which move."""
    if not situation.affinity_rules:
        return ()
    keys = {vm.key for vm in vms}
    of_these = (situation.rules_by_group.get(_group(vm), ()) for vm in vms)
    rules = dict.fromkeys(itertools.chain.from_iterable(of_these))
    found = []
    for rule in rules:
        members = {group.casefold() for group in rule.groups}
        play = RuleInPlay(rule)
        for group in sorted(members):
            vm = situation.vm_by_group.get(group)
            if vm is None:
                continue
            if vm.key in keys:
                play.moving.append(vm)
            else:
                play.staying.setdefault(vm.owner_node, []).append(vm)
        found.append(play)
    return tuple(found)


def on_group(moving: MovingVms, node: Node, situation: Situation) -> tuple[Finding, ...]:
    if not moving.go_to(node.name):
        return ()
    if situation.inventory.cluster.affinity_rules is None:
        text = "The cluster's affinity rules could not be read; it refuses a move that breaks one."
        return (note(ID, text, "Update the node module, or look at Get-ClusterAffinityRule."),)
    found: list[Finding] = []
    for play in moving.rules:
        found += _judged(play, moving, node, situation)
    return tuple(found)


def _judged(play: RuleInPlay, moving: MovingVms, node: Node, situation: Situation) -> list[Finding]:
    rule = play.rule
    if rule.kind in _APART:
        return _apart(play, node, situation)
    if rule.kind is AffinityKind.SAME_NODE:
        drawn = [vm for vm in moving.drawn_to(node.name) if vm in play.moving]
        if not drawn:
            return []
        verb, them = plural(drawn, "comes", "come"), plural(drawn, "it", "them")
        text = f"Rule “{rule.name}”: {listed(drawn)} {verb} along, the cluster moves {them} too."
        fix = "Memory and time count it. To leave it there, change the rule on the cluster first."
        return [note(ID, text, fix, source=_SOURCE)]
    if rule.kind is AffinityKind.SAME_FAULT_DOMAIN:
        return _same_domain(play, node, situation)
    text = f"Rule “{rule.name}” is of a kind that this console does not know."
    return [note(ID, text, "Look at Get-ClusterAffinityRule.")]


def _apart(play: RuleInPlay, node: Node, situation: Situation) -> list[Finding]:
    rule, together = play.rule, play.moving
    if len(together) > 1:
        text = f"Rule “{rule.name}” keeps {listed(together)} apart; they cannot go to one node."
        return [blocks(ID, text, "Move them to different nodes.", source=_SOURCE)]
    is_of_nodes = rule.kind is AffinityKind.DIFFERENT_NODE
    here = _domain(node)
    for owner, vms in play.staying.items():
        there = situation.inventory.nodes.get(owner or "")
        if is_of_nodes:
            is_broken = owner == node.name
        elif there is None:
            continue
        elif here is None or _domain(there) is None:
            text = f"Rule “{rule.name}”: whether {node.name} and {there.name} share a fault domain"
            return [note(ID, f"{text} is not known.", "The cluster refuses it if they do.")]
        else:
            is_broken = _domain(there) == here
        if is_broken:
            where = node.name if is_of_nodes else f"{owner}, in the fault domain of {node.name}"
            text = f"Rule “{rule.name}” keeps {listed(together)} apart from {listed(vms)} on"
            fix = f"Choose another node, or move {listed(vms)} away first."
            return [blocks(ID, f"{text} {where}.", fix, source=_SOURCE)]
    return []


def _same_domain(play: RuleInPlay, node: Node, situation: Situation) -> list[Finding]:
    here = _domain(node)
    elsewhere: list[VirtualMachine] = []
    for owner, vms in play.staying.items():
        there = situation.inventory.nodes.get(owner or "")
        if there is None or there is node:
            continue
        if here is None or _domain(there) is None:
            text = f"Rule “{play.rule.name}”: the fault domain of {node.name} is not known."
            return [note(ID, text, "The cluster may move its other VMs too.")]
        if _domain(there) != here:
            elsewhere += vms
    if not elsewhere:
        return []
    name = node.fault_domain or node.name
    text = f"Rule “{play.rule.name}”: the cluster moves {listed(elsewhere)} into {name} too."
    fix = "Choose a node of the same fault domain to leave them alone."
    return [note(ID, text, fix, source=_SOURCE)]


def _domain(node: Node) -> str | None:
    """A node without a fault domain above it is one of its own; None: not known."""
    return None if node.fault_domain is None else node.fault_domain or node.name


def _group(vm: VirtualMachine) -> str:
    return vm.cluster.group.casefold() if vm.cluster is not None else ""
