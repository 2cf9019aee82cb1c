"""Rows of the operations drawer: an operation, a group with its children, a move by others."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from console.model.foreign_move import ForeignMove
from console.model.group import GroupStanding, standing
from console.model.operation import OperationRecord, OperationState
from console.ui.models.operation_filter import Bucket

Key = tuple[float, str]


class Child:
    """One thing that was asked for, whatever the number of attempts."""

    __slots__ = ("attempts", "bucket", "hay", "id", "is_taken", "key")

    def __init__(self, first: OperationRecord) -> None:
        self.id = first.id
        self.key: Key = (first.created_at, first.id)
        self.attempts = [first.id]  # oldest first
        self.bucket: Bucket | None = None
        self.hay = ""  # what a search looks at, made when first searched
        self.is_taken = False  # by all of the filter but its state chips

    @property
    def newest(self) -> str:
        return self.attempts[-1]


class TopRow:
    """A row of the first level. ``children``: what it holds; only a group unfolds to them."""

    __slots__ = (
        "_is_most_known", "_most", "_standing", "children", "foreign", "foreign_bucket",
        "group_id", "id", "is_shown", "key", "number", "shown",
    )  # fmt: skip

    def __init__(self, number: int, row_id: str, made_at: float, group_id: str = "") -> None:
        self.number = number  # never 0: stands for the row in the ids of its children's indexes
        self.id = row_id
        self.group_id = group_id
        self.key: Key = (-made_at, row_id)
        self.children: dict[str, Child] = {}
        self.shown: list[Child] = []
        self.foreign: ForeignMove | None = None
        self.foreign_bucket: Bucket | None = None  # None: the filter does not take it
        self.is_shown = False
        self._standing: GroupStanding | None = None
        self._most = 0.0
        self._is_most_known = False

    def forget_standing(self) -> None:
        self._standing = None
        self._is_most_known = False

    def standing(self, operations: Mapping[str, OperationRecord]) -> GroupStanding:
        if self._standing is None:
            self._standing = standing(self.current(operations))
        return self._standing

    def current(self, operations: Mapping[str, OperationRecord]) -> Iterator[OperationRecord]:
        """The newest attempt of each child, in the order asked."""
        return (operations[child.newest] for child in self.children.values())

    def fraction(self, operations: Mapping[str, OperationRecord]) -> float:
        """How much of what was asked for is done, 0..1; what is shown once is never taken back.

        What failed does not count, so that asking for it again takes nothing back either.
        """
        if not self._is_most_known:
            total = max(1, len(self.children))
            done = sum(_done(record) for record in self.current(operations)) / total
            self._most = min(1.0, max(self._most, done))
            self._is_most_known = True
        return self._most

    def elapsed_s(self, operations: Mapping[str, OperationRecord]) -> float:
        """From when it was asked for until all of it was over, or now."""
        ends = [record.ended_at for record in self.current(operations)]
        end = max((at or 0.0 for at in ends), default=0.0) if all(ends) else time.time()
        return end + self.key[0]


def _done(record: OperationRecord) -> float:
    if record.state is OperationState.SUCCEEDED:
        return 1.0
    if record.is_over or record.progress is None:
        return 0.0
    return min(1.0, max(0.0, record.progress.fraction or 0.0))


T = TypeVar("T")


def runs(
    old: Sequence[T], new: Sequence[T], key: Callable[[T], Key]
) -> list[tuple[int, int, Sequence[T]]]:
    """The steps from ``old`` to ``new``, both in the order of ``key``.

    Each is (row, how many to remove there, what to insert there), to be done in the order given:
    rows count in the list as it is by then. One of the two is always empty.
    """
    steps: list[tuple[int, int, Sequence[T]]] = []
    at_old = at_new = 0
    while at_old < len(old) or at_new < len(new):
        if at_old < len(old) and at_new < len(new) and old[at_old] is new[at_new]:
            at_old, at_new = at_old + 1, at_new + 1
            continue
        first_old, first_new = at_old, at_new
        limit = key(new[at_new]) if at_new < len(new) else None
        while at_old < len(old) and (limit is None or key(old[at_old]) < limit):
            at_old += 1
        if at_old > first_old:
            steps.append((at_new, at_old - first_old, ()))
            continue
        border = key(old[at_old]) if at_old < len(old) else None
        while at_new < len(new) and (border is None or key(new[at_new]) < border):
            at_new += 1
        steps.append((first_new, 0, new[first_new:at_new]))
    return steps


def spans(rows: Iterable[int], gap: int = 8) -> list[tuple[int, int]]:
    """Rows as a few ranges: what is near together becomes one."""
    found: list[tuple[int, int]] = []
    for row in sorted(rows):
        if found and row - found[-1][1] <= gap:
            found[-1] = (found[-1][0], row)
        else:
            found.append((row, row))
    return found
