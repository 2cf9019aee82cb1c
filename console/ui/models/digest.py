"""What became of operations while nobody looked: counts by outcome, the bad ones first."""

from collections import Counter
from collections.abc import Iterable

import msgspec

from console.model.operation import OperationRecord, OperationState
from console.ui.models.operation_filter import Bucket, bucket_of

# In this order they are counted and listed; what is under way again ends the list.
_ORDER = (
    (Bucket.FAILED, "failed"),
    (Bucket.UNKNOWN, "not known"),
    (Bucket.CANCELED, "cancelled"),
    (Bucket.DONE, "done"),
    (Bucket.RUNNING, "running again"),
    (Bucket.WAITING, "waiting again"),
)


class Digest(msgspec.Struct, frozen=True):
    """``ids``: the worst first, then the newest. ``is_whole`` False: there may be more."""

    ids: tuple[str, ...] = ()
    text: str = ""
    is_whole: bool = True


def settled_at(record: OperationRecord) -> float | None:
    """When it ended or was last seen to become unknown; None while it goes on."""
    if record.is_over:
        return record.ended_at
    if record.state is not OperationState.UNKNOWN:
        return None
    since = None
    for step in reversed(record.steps):
        if step.state is not OperationState.UNKNOWN:
            break
        since = step.at
    return since


def settled_between(
    records: Iterable[OperationRecord], since: float, began: float
) -> frozenset[str]:
    """Those that were asked for before ``began`` and settled after ``since``."""
    return frozenset(
        record.id
        for record in records
        if record.created_at < began and (settled_at(record) or 0.0) > since
    )


def digest_of(records: Iterable[OperationRecord], *, is_whole: bool) -> Digest:
    """Of these operations as they stand now; an empty text if there are none."""
    rank = {bucket: at for at, (bucket, _word) in enumerate(_ORDER)}
    known = sorted(
        records, key=lambda record: (rank[bucket_of(record)], -(settled_at(record) or 0.0))
    )
    if not known:
        return Digest()
    counts = Counter(bucket_of(record) for record in known)
    words = [f"{counts[bucket]} {word}" for bucket, word in _ORDER if counts[bucket]]
    more = "" if is_whole else " There may be more: not all of the history was read."
    text = f"While you were away: {', '.join(words)}.{more}"
    return Digest(tuple(record.id for record in known), text, is_whole)
