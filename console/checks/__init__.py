"""MAY IT BE DONE, AND WHY NOT. One file a check; the lists here are written by hand.

``run_on_snapshot`` is pure and instant, ``run_all`` also asks the wires; window and runner use the
same checks, so a menu, a hover and an execution never disagree on a rule.
"""

from collections.abc import Sequence
from types import ModuleType

from console.backends import Backend
from console.checks import (
    a_node_has_room,
    account_may_act,
    address_is_free,
    azure_answers,
    azure_lets_account_act,
    clean_up_is_possible,
    image_is_supported,
    known_issues,
    moves,
    name_is_free,
    node_can_be_drained,
    node_can_be_paused,
    node_is_known,
    parts_are_free,
    platform_allows,
    power_change_is_possible,
    request_is_valid,
    resource_bridge_is_online,
    rights_suffice,
    storage_has_room,
    trusted_launch_is_complete,
)
from console.checks.situation import Situation
from console.model.finding import Finding
from console.model.inventory import Inventory
from console.model.operation import OperationRecord
from console.model.request import LiveMigrate, Request

# Checks that look at a whole request, by name.
ON_REQUEST: dict[str, ModuleType] = {
    check.ID: check
    for check in (
        platform_allows,
        account_may_act,
        azure_answers,
        azure_lets_account_act,
        resource_bridge_is_online,
        rights_suffice,
        request_is_valid,
        name_is_free,
        parts_are_free,
        image_is_supported,
        trusted_launch_is_complete,
        a_node_has_room,
        storage_has_room,
        address_is_free,
        known_issues,
        clean_up_is_possible,
        power_change_is_possible,
        node_is_known,
        node_can_be_paused,
        node_can_be_drained,
    )
}
# Checks of a live migration: they come as one set (``moves``).
OF_MOVES: tuple[ModuleType, ...] = tuple(
    dict.fromkeys((*moves.ON_VM, *moves.ON_NODE, *moves.ON_GROUP))
)
MOVE_CHECKS: tuple[str, ...] = tuple(check.ID for check in OF_MOVES)
ALL: tuple[ModuleType, ...] = tuple(dict.fromkeys((*ON_REQUEST.values(), *OF_MOVES)))


def run_on_snapshot(
    names: Sequence[str],
    request: Request,
    inventory: Inventory,
    now: float,
    running: Sequence[OperationRecord] = (),
) -> tuple[Finding, ...]:
    """Findings of these checks without any I/O. KeyError if a name is in no list."""
    situation = Situation(inventory, now, running)
    if isinstance(request, LiveMigrate):
        return moves.findings_for_request(request, situation)
    return tuple(
        finding for name in names for finding in ON_REQUEST[name].on_request(request, situation)
    )


async def run_all(
    names: Sequence[str],
    request: Request,
    inventory: Inventory,
    backend: Backend,
    now: float,
) -> tuple[Finding, ...]:
    """The same plus what has to be asked. Raises BackendError if a wire cannot be asked."""
    found = list(run_on_snapshot(names, request, inventory, now))
    for name in names:
        ask = getattr(ON_REQUEST.get(name), "on_backend", None)
        if ask is not None:
            found += await ask(request, backend)
    return tuple(dict.fromkeys(found))
