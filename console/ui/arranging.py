"""What a person changes about operations that have not begun: their places, and whether they do."""

from collections.abc import Sequence
from typing import Protocol

from console.model.operation import GroupRecord, OperationRecord
from console.ui.models.queue import next_before, waits
from console.ui.store import Store


class Arranger(Protocol):
    """The bridge, as far as the queue needs it."""

    def stop_group(self, group_id: str) -> None: ...

    def reorder(self, operation_id: str, before: str = "") -> None: ...


class Arranging:
    """Each act has its reason why not; the worker refuses in words what began meanwhile."""

    def __init__(self, store: Store, arranger: Arranger) -> None:
        self._store, self._arranger = store, arranger

    def stop_group(self, group_id: str) -> None:
        """What of the group has not begun does not begin; what runs goes on to its end."""
        self._arranger.stop_group(group_id)

    def why_no_stop(self, group: GroupRecord | None, children: Sequence[OperationRecord]) -> str:
        if group is not None and group.stop_requested and not any(map(_may_begin, children)):
            return "It was stopped already; what runs goes on to its end."
        return "" if any(map(_may_begin, children)) else "All of it has begun."

    def to_front(self, record: OperationRecord) -> None:
        self._arranger.reorder(record.id)

    def move_up(self, record: OperationRecord) -> None:
        """Before the one that waits right before it for the same VM or node."""
        before = next_before(record, self._store.running())
        if before is not None:
            self._arranger.reorder(record.id, before.id)

    def why_no_move_up(self, record: OperationRecord) -> str:
        if not waits(record):
            return "Only what waits has a place in the queue."
        first = next_before(record, self._store.running()) is None
        return "Nothing waits before it." if first else ""


def _may_begin(record: OperationRecord) -> bool:
    return record.started_at is None and not record.is_over
