"""What a plan asks for: its requests in order, and which of them waits for which."""

import msgspec

from console.model.plan import Method, Plan, PlanKind
from console.model.request import (
    ChangePowerState,
    PauseNode,
    PowerAction,
    ProveNodeEmpty,
    Request,
    ResumeNode,
)
from console.planning.method import request_of


class Asked(msgspec.Struct, frozen=True):
    """``after``: places in the list of those that have to be over before. ``step``: the number of
    the plan's step (1 is the first) that it does; 0 for what belongs to the plan as a whole.
    """

    request: Request
    after: tuple[int, ...] = ()
    step: int = 0


def asked_of(plan: Plan) -> list[Asked]:
    """Emptying a node pauses it first and at the end looks whether it is empty; bringing VMs back
    resumes it first, without the cluster's own failback, which would move other VMs too.
    """
    asked: list[Asked] = []
    if plan.kind is PlanKind.DRAIN:
        asked.append(Asked(PauseNode(plan.node)))
    if plan.kind is PlanKind.RETURN:
        asked.append(Asked(ResumeNode(plan.node, failback=False)))
    first = (0,) if asked else ()
    last_of: dict[str, int] = {}  # a VM that moves twice moves one after the other
    for step, move in enumerate(plan.moves, start=1):
        after = first
        if move.vm_key in last_of:
            after = (*first, last_of[move.vm_key])
        if move.method is Method.SHUT_DOWN:
            stop = ChangePowerState(move.vm_key, move.vm_name, PowerAction.STOP)
            asked.append(Asked(stop, after, step))
            after = (*first, len(asked) - 1)
        asked.append(Asked(request_of(move), after, step))
        last_of[move.vm_key] = len(asked) - 1
    if plan.kind is PlanKind.DRAIN:
        asked.append(Asked(ProveNodeEmpty(plan.node), tuple(range(len(asked)))))
    return asked
