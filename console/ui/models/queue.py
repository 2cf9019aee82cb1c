"""Who waits right before whom, as the records tell it. No Qt."""

from collections.abc import Iterable

from console.model.operation import OperationRecord, OperationState


def waits(record: OperationRecord) -> bool:
    """Whether it has a place in the queue that can be changed."""
    return record.state is OperationState.QUEUED and not record.cancel_requested


def next_before(
    record: OperationRecord, others: Iterable[OperationRecord]
) -> OperationRecord | None:
    """The one that waits right before it for the same VM or node; None if it is the first."""
    place = record.queue_position
    if place is None or not waits(record):
        return None
    wanted = _waits_for(record)
    before = [
        other
        for other in others
        if waits(other)
        and other.queue_position is not None
        and other.queue_position < place
        and not wanted.isdisjoint(_waits_for(other))
    ]
    return max(before, key=lambda other: (other.queue_position, other.created_at), default=None)


def _waits_for(record: OperationRecord) -> set[str]:
    # Here and not above: the window is painted before anybody waits.
    from console.operations import operation_for

    operation = operation_for(record.request)
    slots = (f"slot:{node}" for node in operation.slots(record.request))
    return {*operation.locks(record.request), *slots}
