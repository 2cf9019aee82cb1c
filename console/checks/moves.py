"""All checks of a live migration, for one request or for every node while the mouse hovers.

Shared work is done once a VM and once a node, and the VMs are indexed by the node they are on, so
that 64 nodes and 200 VMs are judged within one frame: no rule looks at every pair.
"""

import dataclasses
import itertools
from collections.abc import Iterable, Sequence

from console.checks import (
    account_may_act,
    affinity_is_kept,
    anti_affinity_is_kept,
    balancing_leaves_it,
    configuration_version_fits,
    data_is_fresh,
    group_is_online,
    igvm_agent_runs,
    is_possible_owner,
    known_issues,
    migration_network_is_up,
    migration_slot_is_free,
    migration_traffic_is_encrypted,
    no_local_iso,
    node_has_memory,
    node_is_up,
    not_already_there,
    platform_allows,
    processor_fits,
    switch_is_there,
    vm_is_migratable,
)
from console.checks.expectation import Expectation, Expected
from console.checks.expectation import duration_to as duration_to
from console.checks.moving_vms import MovingVms, memory_held
from console.checks.situation import Situation, unknown
from console.model.earlier_moves import NO_HISTORY, History
from console.model.finding import Finding, NodeVerdict, Severity, Verdict, verdict_of
from console.model.inventory import Inventory
from console.model.node import Node, NodeState
from console.model.operation import OperationRecord
from console.model.request import LiveMigrate, MoveMethod
from console.model.virtual_machine import VirtualMachine

ON_VM = (platform_allows, vm_is_migratable, group_is_online, no_local_iso, data_is_fresh)
ON_NODE = (
    node_is_up,
    data_is_fresh,
    migration_network_is_up,
    migration_traffic_is_encrypted,
)
ON_GROUP = (
    account_may_act,
    migration_slot_is_free,
    node_has_memory,
    igvm_agent_runs,
    not_already_there,
    is_possible_owner,
    affinity_is_kept,
    anti_affinity_is_kept,
    processor_fits,
    configuration_version_fits,
    switch_is_there,
    balancing_leaves_it,
    known_issues,
)
# A quick migration goes over the VM's volume: these speak of memory that crosses a network.
_LIVE_ONLY = frozenset(
    check.ID
    for check in (
        migration_network_is_up,
        migration_traffic_is_encrypted,
        migration_slot_is_free,
        known_issues,
    )
)

_ORDER = {severity: rank for rank, severity in enumerate(reversed(Severity))}


def findings_for_request(request: LiveMigrate, situation: Situation) -> tuple[Finding, ...]:
    """Findings for one VM and one node, worst first."""
    if situation.method is not request.method:
        situation = dataclasses.replace(situation, method=request.method)
    inventory = situation.inventory
    vm, node = inventory.vms.get(request.vm_key), inventory.nodes.get(request.target)
    if vm is None:
        text = f"{request.vm_name} is no longer known."
        return (unknown("vm_is_migratable", text, "Refresh; it may have been deleted."),)
    if node is None:
        text = f"There is no node {request.target} in this cluster."
        return (unknown("node_is_up", text, "Refresh, then choose a node that is there."),)
    moving = _moving((vm,), situation)
    of_vms = _on_vms(moving.leaving(node.name), situation)
    of_both = _on_both(moving, node, situation)
    return _sorted((*of_vms, *_on_node(node, situation), *of_both), request.method)


def judge_moves(
    inventory: Inventory,
    vm_keys: Sequence[str],
    running: Sequence[OperationRecord],
    now: float,
    *,
    method: MoveMethod = MoveMethod.LIVE,
    history: History = NO_HISTORY,
) -> tuple[NodeVerdict, ...]:
    """What would happen on every node, in the cluster's order, if these VMs were dropped there.

    ``history`` are the earlier moves of VMs by key (``model.earlier_moves``).
    """
    situation = Situation(inventory, now, running, method)
    vms = [inventory.vms[key] for key in vm_keys if key in inventory.vms]
    if not vms:
        return ()
    moving, room = _moving(vms, situation), _Room(inventory)
    of_vms = {owner: _on_vms(owned, situation) for owner, owned in moving.by_owner.items()}
    of_vms = {owner: found for owner, found in of_vms.items() if found}
    expected = Expected(moving, history, situation.slots_per_node)
    verdicts = []
    for node in inventory.nodes.values():
        survives = room.survives(moving, node)
        findings = _sorted(
            (
                # What stays where it is has nothing against it.
                *itertools.chain.from_iterable(
                    found for owner, found in of_vms.items() if owner != node.name
                ),
                *_on_node(node, situation),
                *_on_both(moving, node, situation),
                *node_has_memory.outlook(survives, node),
            ),
            method,
        )
        verdicts.append(_verdict(node, findings, moving, survives, expected, situation))
    return tuple(verdicts)


def _moving(vms: Sequence[VirtualMachine], situation: Situation) -> MovingVms:
    """These VMs, those that the cluster moves along, and the rules that speak of them."""
    drawn = affinity_is_kept.drawn_by(vms, situation)
    return MovingVms(vms, drawn, affinity_is_kept.rules_in_play((*vms, *drawn), situation))


def _verdict(
    node: Node,
    findings: tuple[Finding, ...],
    moving: MovingVms,
    survives: bool | None,
    expected: Expected,
    situation: Situation,
) -> NodeVerdict:
    verdict = verdict_of(findings)
    needed = moving.memory_to(node.name)
    before = after = None
    if node.memory_total_mib is not None and node.memory_available_mib is not None:
        before = node.memory_total_mib - node.memory_available_mib
        after = before + needed if needed is not None else None
    is_refused = verdict is Verdict.CANNOT
    live = Expectation() if is_refused else expected.live(node)
    quick = Expectation() if is_refused else expected.quick(node)
    return NodeVerdict(
        node=node.name,
        verdict=verdict,
        findings=findings,
        memory_total_mib=node.memory_total_mib,
        memory_before_mib=before,
        memory_after_mib=after,
        survives_node_loss=survives,
        queue_position=migration_slot_is_free.queue_position(moving, node.name, situation),
        duration_s=live.duration_s,
        pause_ms=live.pause_ms,
        quick_duration_s=quick.duration_s,
        quick_pause_ms=quick.pause_ms,
        also_moves=tuple(vm.key for vm in moving.drawn_to(node.name)),
    )


def _on_vms(vms: Sequence[VirtualMachine], situation: Situation) -> tuple[Finding, ...]:
    return tuple(finding for vm in vms for check in ON_VM for finding in check.on_vm(vm, situation))


def _on_node(node: Node, situation: Situation) -> tuple[Finding, ...]:
    return tuple(itertools.chain.from_iterable(check.on_node(node, situation) for check in ON_NODE))


def _on_both(moving: MovingVms, node: Node, situation: Situation) -> tuple[Finding, ...]:
    return tuple(
        itertools.chain.from_iterable(check.on_group(moving, node, situation) for check in ON_GROUP)
    )


def _sorted(findings: tuple[Finding, ...], method: MoveMethod) -> tuple[Finding, ...]:
    """Worst first, each once."""
    told: Iterable[Finding] = dict.fromkeys(findings)
    if method is MoveMethod.QUICK:
        told = (finding for finding in told if finding.check not in _LIVE_ONLY)
    return tuple(sorted(told, key=lambda finding: _ORDER[finding.severity]))


class _Room:
    """Memory free and used by VMs on every node that is up, for the outlook after a move.

    What a node's VMs use and what it has free together stay the same when a VM moves, so the
    largest such sum decides for every target at once.
    """

    def __init__(self, inventory: Inventory) -> None:
        self._up: set[str] = set()
        self._free = self._largest = 0
        self._is_known = True
        for node in inventory.nodes.values():
            if node.state is not NodeState.UP:
                continue
            used = memory_held(inventory.vms_on(node.name))
            if node.memory_available_mib is None or used is None:
                self._is_known = False
                continue
            self._up.add(node.name)
            self._free += node.memory_available_mib
            self._largest = max(self._largest, node.memory_available_mib + used)

    def survives(self, moving: MovingVms, target: Node) -> bool | None:
        """Whether any one node's VMs still fit elsewhere after the move; None if not known."""
        if not self._is_known or target.name not in self._up:
            return None
        # Those that come from nodes that are up leave as much room as they take.
        arriving = moving.memory_from_elsewhere(self._up)
        if arriving is None or moving.memory_to(target.name) is None:
            return None
        return len(self._up) > 1 and self._largest <= self._free - arriving
