"""What stands in each cell of the drawer's three kinds of rows."""

import time
from collections.abc import Mapping
from typing import Protocol

from console.model.foreign_move import ForeignMove, ForeignMoveState
from console.model.operation import GroupRecord, OperationRecord, OperationState
from console.ui.models import operation_words as words
from console.ui.models.operation_rows import TopRow
from console.ui.plain_text import one_line, tip

TITLES = ("Operation", "State", "Progress", "Elapsed", "Asked", "By")
_FOREIGN_STATES = {
    ForeignMoveState.MOVING: OperationState.RUNNING,
    ForeignMoveState.ARRIVED: OperationState.SUCCEEDED,
    ForeignMoveState.NOT_SEEN: OperationState.SUCCEEDED,
    ForeignMoveState.ENDED: OperationState.FAILED,
}


class Cell(Protocol):
    """A row's words by column; ``fraction`` is 0..1, None where nobody can tell or it is over."""

    @property
    def state(self) -> OperationState: ...

    @property
    def fraction(self) -> float | None: ...

    def text(self, column: int) -> str: ...


class OperationCell:
    def __init__(self, record: OperationRecord, group_id: str) -> None:
        self._record, self._is_child = record, bool(group_id)
        self.state = record.state

    @property
    def fraction(self) -> float | None:
        record = self._record
        return None if record.is_over or record.progress is None else record.progress.fraction

    def text(self, column: int) -> str:
        record = self._record
        match column:
            case 0:
                return record.title
            case 1:
                return words.state_text(record)
            case 2:
                return words.progress_text(record)
            case 3:
                start = record.started_at or record.created_at
                return words.duration_text((record.ended_at or time.time()) - start)
            case 4:
                return words.when_text(record.created_at)
            case _:
                return record.actor


class GroupCell:
    def __init__(
        self, top: TopRow, group: GroupRecord | None, operations: Mapping[str, OperationRecord]
    ) -> None:
        self._top, self._group, self._operations = top, group, operations
        self._standing = top.standing(operations)
        self.state = self._standing.state

    @property
    def fraction(self) -> float | None:
        return None if self._standing.is_over else self._top.fraction(self._operations)

    def text(self, column: int) -> str:
        match column:
            case 0:
                return group_title(self._group, self._standing.total)
            case 1:
                return words.group_state_text(self._group, self._standing)
            case 2:
                return words.counts_text(self._standing)
            case 3:
                return words.duration_text(self._top.elapsed_s(self._operations))
            case 4:
                return words.when_text(-self._top.key[0])
            case _:
                if self._group is not None:
                    return self._group.actor
                return next((r.actor for r in self._top.current(self._operations)), "")


class ForeignCell:
    fraction = None

    def __init__(self, move: ForeignMove) -> None:
        self._move = move
        self.state = _FOREIGN_STATES[move.state]

    def text(self, column: int) -> str:
        move = self._move
        match column:
            case 0:
                return words.foreign_title(move)
            case 1:
                return words.foreign_state_text(move)
            case 2:
                return words.foreign_progress_text(move)
            case 3:
                return ""
            case 4:
                return f"seen {words.when_text(move.first_seen)}"
            case _:
                return "someone else"


def group_title(group: GroupRecord | None, count: int) -> str:
    """The group's title; of one whose own record is not known, how many were asked for."""
    if group is not None and group.title:
        return group.title
    return f"{count} operations asked for together"


def shown_text(cell: Cell, column: int) -> str:
    return one_line(cell.text(column))


def tip_text(cell: Cell, column: int) -> str:
    """The whole text, for a column that is too narrow for it."""
    return tip(cell.text(column))


def spoken_text(cell: Cell, column: int) -> str:
    return f"{TITLES[column]}: {one_line(cell.text(column))}"
