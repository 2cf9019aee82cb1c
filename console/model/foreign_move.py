"""Live migrations that this console did not start, as seen by reading the cluster."""

import enum
from collections.abc import Iterable

import msgspec

from console.model.virtual_machine import VirtualMachine


class ForeignMoveState(enum.StrEnum):
    """What was seen of it last."""

    MOVING = "Moving"
    ARRIVED = "Arrived"  # the VM is on the target now
    ENDED = "Ended"  # no longer moving, and not on the target
    NOT_SEEN = "Not seen"  # the VM's owner changed between two readings


class ForeignMove(msgspec.Struct, frozen=True):
    """One move by somebody else: another console, another tool, or the cluster itself.

    Times are wall-clock seconds of our readings, so the move began and ended somewhat earlier.
    ``target`` is empty while nobody can tell it.
    """

    vm_key: str
    vm_name: str
    source: str
    target: str
    state: ForeignMoveState
    first_seen: float
    last_seen: float
    percent: int | None = None


def observe(
    known: ForeignMove | None,
    before: VirtualMachine | None,
    now: VirtualMachine,
    at: float,
) -> ForeignMove | None:
    """The move of this VM after one more reading in which no operation of ours acts on it.

    ``before``: the VM as the reading before showed it, None in the first one. The answer is
    ``known`` itself where nothing was learnt.
    """
    facts = now.cluster
    if facts is None:
        return known
    is_open = known is not None and known.state is ForeignMoveState.MOVING
    if facts.migration is not None:
        moving = facts.migration
        if is_open and known is not None and known.target in (moving.target, ""):
            return msgspec.structs.replace(
                known, target=moving.target, last_seen=at, percent=moving.percent
            )
        return ForeignMove(
            now.key, now.name, facts.owner_node, moving.target,
            ForeignMoveState.MOVING, at, at, moving.percent,
        )  # fmt: skip
    if is_open and known is not None:
        has_arrived = facts.owner_node == known.target
        state = ForeignMoveState.ARRIVED if has_arrived else ForeignMoveState.ENDED
        return msgspec.structs.replace(known, state=state, last_seen=at, percent=None)
    owner_before = before.cluster.owner_node if before is not None and before.cluster else ""
    if owner_before and facts.owner_node and facts.owner_node != owner_before:
        return ForeignMove(
            now.key, now.name, owner_before, facts.owner_node,
            ForeignMoveState.NOT_SEEN, at, at,
        )  # fmt: skip
    return known


def newest(moves: Iterable[ForeignMove], count: int) -> tuple[ForeignMove, ...]:
    """The ``count`` last seen, those going on before all others, newest first."""
    ordered = sorted(
        moves,
        key=lambda move: (move.state is ForeignMoveState.MOVING, move.last_seen),
        reverse=True,
    )
    return tuple(ordered[:count])
