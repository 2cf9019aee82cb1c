"""What a plan would come to now: every step judged on the cluster as it is by then. No I/O."""

from collections.abc import Iterable

import msgspec

from console.checks.expectation import Expectation, Expected
from console.checks.moving_vms import MovingVms
from console.checks.situation import Situation
from console.model.earlier_moves import NO_HISTORY, History
from console.model.finding import Finding, Severity, verdict_of
from console.model.outlook import NodeRoom, Outlook, StaysBehind, Step
from console.model.plan import Method, Plan, PlanKind, PlannedMove, Range
from console.model.virtual_machine import VirtualMachine
from console.planning.copied_cluster import CopiedCluster, used_mib
from console.planning.drain import why_no_plan
from console.planning.placing import why_stays
from console.planning.step_findings import ID, findings_of, is_off_then
from console.planning.timeline import timed

# Assumptions, not measured on a real cluster: what it takes to hand over a role that is off, and a
# guest to shut down.
_HAND_OVER_S: Range = (2.0, 10.0)
_SHUT_DOWN_S: Range = (5.0, 300.0)
_LEFT_OUT = "You left it out."
_TAKE_AGAIN = "Take it into the plan again, or move it by hand before the reboot."


def judge(
    plan: Plan, situation: Situation, after: Plan | None = None, history: History = NO_HISTORY
) -> Outlook:
    """The plan on what was read last, or on what another plan (``after``) will have left.

    ``history``: earlier moves by VM (``console.model.earlier_moves``), which make ranges narrower.
    """
    if plan.refusal:
        return Outlook(plan, situation.now, refusal=plan.refusal)
    is_drain = plan.kind is PlanKind.DRAIN
    leaving = plan.node if is_drain else ""
    copy = _copy_for(plan, situation, after)
    nodes = tuple(
        NodeRoom(node.name, node.memory_total_mib, used_mib(node))
        for node in copy.inventory.nodes.values()
    )
    before = survived = copy.survives_node_loss()
    steps: list[Step] = []
    for move in plan.moves:
        step = _step(move, copy, leaving, survived, history)
        survived = step.survives_node_loss
        steps.append(step)
    timeline = timed(steps, situation.slots_per_node)
    stays = _stays(plan, copy) if is_drain else ()
    warning = _warning(plan, situation)
    return Outlook(
        plan, situation.now, nodes, timeline, stays, warning=warning, survives_before=before
    )


def alternatives(
    plan: Plan, row: int, situation: Situation, after: Plan | None = None
) -> list[tuple[str, tuple[Finding, ...]]]:
    """Every node, and what would speak of the step at ``row`` if it went there."""
    copy = _copy_for(plan, situation, after)
    _do(plan.moves[:row], copy)
    move, leaving = plan.moves[row], plan.node if plan.kind is PlanKind.DRAIN else ""
    return [
        (node, findings_of(msgspec.structs.replace(move, target=node), copy, leaving))
        for node in copy.inventory.nodes
    ]


def _copy_for(plan: Plan, situation: Situation, after: Plan | None) -> CopiedCluster:
    """The cluster before the plan's first step."""
    leaving = plan.node if plan.kind is PlanKind.DRAIN else ""
    arriving = plan.node if plan.kind is PlanKind.RETURN else ""
    copy = CopiedCluster(situation, leaving, arriving)
    _do(after.moves if after is not None else (), copy)
    return copy


def _do(moves: Iterable[PlannedMove], copy: CopiedCluster) -> None:
    for move in moves:
        if move.vm_key in copy.inventory.vms and move.target in copy.inventory.nodes:
            copy.put(move.vm_key, move.target, is_off=move.method is Method.SHUT_DOWN)


def _step(
    move: PlannedMove,
    copy: CopiedCluster,
    leaving: str,
    survived: bool | None,
    history: History,
) -> Step:
    findings = findings_of(move, copy, leaving)
    vm = copy.inventory.vms.get(move.vm_key)
    memory = None
    if vm is not None:
        memory = 0 if is_off_then(move, vm) else vm.memory_mib
    _do((move,), copy)
    survives = copy.survives_node_loss()
    if survives is False and survived is not False:
        findings = (*findings, _reserve_lost(survived))
    expected = _expected(move, vm, copy, history)
    return Step(
        move,
        verdict_of(findings),
        memory,
        findings,
        copy.used_mib(),
        survives,
        expected.duration_s,
        pause_ms=expected.pause_ms,
    )


def _expected(
    move: PlannedMove, vm: VirtualMachine | None, copy: CopiedCluster, history: History
) -> Expectation:
    """How long it takes and how long the VM stands still."""
    node = copy.inventory.nodes.get(move.target)
    if vm is None or node is None:
        return Expectation()
    if move.method is Method.SHUT_DOWN:
        low, high = (_SHUT_DOWN_S[at] + _HAND_OVER_S[at] for at in (0, 1))
        return Expectation((low, high))
    if is_off_then(move, vm):
        return Expectation(_HAND_OVER_S)
    expected = Expected(MovingVms((vm,)), history, 1)
    return expected.live(node) if move.method is Method.LIVE else expected.quick(node)


def _reserve_lost(survived: bool | None) -> Finding:
    since = "" if survived is None else " From this step on"
    text = f"{since} the nodes in use could not restart everything if one of them failed.".strip()
    return Finding(ID, Severity.NOTE, text[0].upper() + text[1:], "Spread the VMs differently.")


def _stays(plan: Plan, copy: CopiedCluster) -> tuple[StaysBehind, ...]:
    """Whatever is on the node once all is done; by then the nodes hold what the plan put there."""
    found = []
    for vm in sorted(copy.inventory.vms_on(plan.node), key=lambda vm: (vm.name, vm.key)):
        stays = why_stays(vm, plan.node, copy)
        if vm.key in plan.left_out:
            stays = msgspec.structs.replace(stays, why=_LEFT_OUT, fix=_TAKE_AGAIN, is_left_out=True)
        found.append(stays)
    return tuple(found)


def _warning(plan: Plan, situation: Situation) -> str:
    here = situation.inventory.cluster.name
    if plan.cluster and plan.cluster != here:
        return f"This plan was made for the cluster {plan.cluster}; this one is {here}."
    # A plan that was there stays in sight: its steps say by themselves that nothing is known.
    return why_no_plan(situation, plan.node)
