"""How long an operation should take, from what this site's own history says; else nothing."""

import math
import time
from collections.abc import Iterable

import msgspec

from console.model.operation import OperationRecord, OperationState
from console.model.request import ChangePowerState, LiveMigrate, kind_of
from console.ui.models.move_words import ordinal
from console.ui.models.operation_words import duration_text

_FEWEST = 3
_NEWEST = 200


class Usual(msgspec.Struct, frozen=True):
    """Eight of ten took between ``low_s`` and ``high_s`` seconds, of ``count`` that are known."""

    low_s: float
    high_s: float
    count: int


def usual(record: OperationRecord, known: Iterable[OperationRecord]) -> Usual | None:
    """From the newest successes of the same kind; those of the same VM if there are enough."""
    alike = [
        other
        for other in known
        if other.state is OperationState.SUCCEEDED
        and other.started_at is not None
        and other.ended_at is not None
        and _kind(other) == _kind(record)
    ]
    name = getattr(record.request, "vm_key", "")
    same = [other for other in alike if name and getattr(other.request, "vm_key", "") == name]
    chosen = same if len(same) >= _FEWEST else alike
    chosen = sorted(chosen, key=lambda other: other.created_at)[-_NEWEST:]
    lasted = sorted(max(0.0, (o.ended_at or 0.0) - (o.started_at or 0.0)) for o in chosen)
    if len(lasted) < _FEWEST:
        return None
    tenth = len(lasted) // 10
    return Usual(lasted[tenth], lasted[-1 - tenth], len(lasted))


def _kind(record: OperationRecord) -> tuple[str, str]:
    request = record.request
    return kind_of(request), request.action if isinstance(request, ChangePowerState) else ""


def expected_text(
    record: OperationRecord, known: Iterable[OperationRecord], slots: int, now: float | None = None
) -> str:
    """Where it stands in line and when it should end, as a range; empty where nobody can tell.

    ``slots``: live migrations that a node carries at a time.
    """
    if record.is_over or record.state is OperationState.UNKNOWN:
        return ""
    now = time.time() if now is None else now
    found = usual(record, known)
    position = record.queue_position or 0
    is_move = isinstance(record.request, LiveMigrate)
    parts = []
    if record.state is OperationState.QUEUED and position:
        where = f" for {record.request.target}" if isinstance(record.request, LiveMigrate) else ""
        parts.append(f"Waits: {ordinal(position)} in line{where}.")
    if found is None:
        return " ".join(parts)
    took = f"{_range(found.low_s, found.high_s)}, as {found.count} like it here did"
    if record.started_at is None:
        rounds = math.ceil(position / max(1, slots)) if is_move else 0
        parts.append(f"Should take {took}.")
        if rounds:
            # At best those that run now are about to end, at worst they have just begun.
            low, high = rounds * found.low_s, (rounds + 1) * found.high_s
            parts.append(f"With those before it, done in {_range(low, high)}.")
        return " ".join(parts)
    ran = now - record.started_at
    if ran > found.high_s:
        return (
            f"Longer than usual: {duration_text(ran)} so far; others here took "
            f"{_range(found.low_s, found.high_s)}."
        )
    return f"Should take {took}; {duration_text(ran)} so far."


def _range(low: float, high: float) -> str:
    first, last = duration_text(low), duration_text(math.ceil(high))
    return f"about {first}" if first == last else f"{first} to {last}"
