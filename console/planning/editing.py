"""What a person changes about a plan: each returns another plan, which is then judged anew."""

from collections.abc import Collection

import msgspec

from console.model.inventory import Inventory
from console.model.plan import Method, Plan, PlannedMove
from console.planning.method import usual_method

replace = msgspec.structs.replace
_CHOSEN = "Chosen by hand."


def reordered(plan: Plan, rows: Collection[int], before: int) -> Plan:
    """The moves at ``rows`` put, in their order, right before what is at row ``before`` now."""
    chosen = [plan.moves[row] for row in sorted(rows)]
    above = [move for at, move in enumerate(plan.moves) if at < before and at not in rows]
    below = [move for at, move in enumerate(plan.moves) if at >= before and at not in rows]
    return replace(plan, moves=(*above, *chosen, *below))


def with_target(plan: Plan, rows: Collection[int], target: str) -> Plan:
    """The moves at ``rows`` go to another node."""
    moves = (
        replace(move, target=target, reason=_CHOSEN) if at in rows else move
        for at, move in enumerate(plan.moves)
    )
    return replace(plan, moves=tuple(moves))


def with_method(plan: Plan, rows: Collection[int], method: Method) -> Plan:
    """The moves at ``rows`` are done another way."""
    moves = (
        replace(move, method=method) if at in rows else move for at, move in enumerate(plan.moves)
    )
    return replace(plan, moves=tuple(moves))


def without(plan: Plan, rows: Collection[int]) -> Plan:
    """Leave these VMs where they are."""
    kept = tuple(move for at, move in enumerate(plan.moves) if at not in rows)
    moving = {move.vm_key for move in kept}
    left = (plan.moves[row].vm_key for row in sorted(rows))
    left_out = dict.fromkeys((*plan.left_out, *(key for key in left if key not in moving)))
    return replace(plan, moves=kept, left_out=tuple(left_out))


def with_move(plan: Plan, move: PlannedMove) -> Plan:
    """One more move, at the end."""
    left_out = tuple(key for key in plan.left_out if key != move.vm_key)
    return replace(plan, moves=(*plan.moves, move), left_out=left_out)


def fitted(plan: Plan, inventory: Inventory, now: float) -> Plan:
    """The same plan from where the VMs are now: what is gone or there already is left out."""
    where = {key: vm.owner_node for key, vm in inventory.vms.items()}
    moves = []
    for move in plan.moves:
        source = where.get(move.vm_key)
        if source is None or source == move.target or move.target not in inventory.nodes:
            continue
        vm = inventory.vms[move.vm_key]
        method = usual_method(vm) if move.method is not Method.SHUT_DOWN else move.method
        if move.method is Method.QUICK and method is Method.LIVE and move.source == source:
            method = Method.QUICK
        moves.append(replace(move, source=source, vm_name=vm.name, method=method))
        where[move.vm_key] = move.target
    return replace(plan, cluster=inventory.cluster.name, made_at=now, moves=tuple(moves))
