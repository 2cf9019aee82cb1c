"""How a group stands: worked out from its operations' records, never kept beside them."""

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from console.model.operation import OperationRecord, OperationState

_S = OperationState
# What did not happen, and can be asked for again. Unknown is not among them: it may have happened.
_TO_RETRY = frozenset({_S.FAILED, _S.BLOCKED, _S.CANCELED})
_WAITING = frozenset({_S.QUEUED, _S.CHECKING})


class GroupStanding(msgspec.Struct, frozen=True):
    """How many operations of a group stand where; ``total`` is their sum."""

    total: int
    succeeded: int
    failed: int  # Failed and Blocked
    canceled: int
    unknown: int
    waiting: int  # Queued and Checking
    running: int  # Running and Verifying

    @property
    def is_over(self) -> bool:
        return self.succeeded + self.failed + self.canceled == self.total

    @property
    def state(self) -> OperationState:
        """One word for the whole: the worst that is true of it. Unknown outweighs everything."""
        if self.unknown:
            return _S.UNKNOWN
        if not self.is_over:
            return _S.RUNNING if self.running or self.succeeded else _S.QUEUED
        if self.failed:
            return _S.FAILED
        return _S.CANCELED if self.canceled else _S.SUCCEEDED


def current_children(records: Iterable[OperationRecord]) -> list[OperationRecord]:
    """The newest attempt at each thing asked for, in the order given."""
    known = list(records)
    retried = {record.retry_of for record in known if record.retry_of}
    return [record for record in known if record.id not in retried]


def standing(children: Iterable[OperationRecord]) -> GroupStanding:
    """The counts over these records; pass ``current_children`` so that retries count once."""
    counts = Counter(record.state for record in children)
    return GroupStanding(
        total=counts.total(),
        succeeded=counts[_S.SUCCEEDED],
        failed=counts[_S.FAILED] + counts[_S.BLOCKED],
        canceled=counts[_S.CANCELED],
        unknown=counts[_S.UNKNOWN],
        waiting=sum(counts[state] for state in _WAITING),
        running=counts[_S.RUNNING] + counts[_S.VERIFYING],
    )


def to_retry(children: Sequence[OperationRecord]) -> list[OperationRecord]:
    """Of these, what ended without having happened."""
    return [record for record in current_children(children) if record.state in _TO_RETRY]
