"""Which rows there are and which of them the filter shows; no Qt, no order of its own making."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from console.model.foreign_move import ForeignMove
from console.model.operation import GroupRecord, OperationRecord
from console.ui.models.operation_filter import (
    Bucket,
    OperationFilter,
    bucket_of,
    foreign_bucket_of,
    foreign_hay_of,
    hay_of,
)
from console.ui.models.operation_rows import Child, TopRow


class OperationList:
    """Rows over the store's records. ``me`` tells who sits here, for "mine" and "others'"."""

    def __init__(
        self,
        operations: Mapping[str, OperationRecord],
        groups: Mapping[str, GroupRecord],
        me: Callable[[], str],
    ) -> None:
        self._operations, self._groups, self._me = operations, groups, me
        self.tops: dict[str, TopRow] = {}
        self.by_number: dict[int, TopRow] = {}
        self._place_of: dict[str, tuple[TopRow, Child]] = {}  # by the id of each attempt
        self._retried_by: dict[str, tuple[TopRow, Child]] = {}  # by the id of what is not known yet
        self.filter = OperationFilter()
        # Of what all but the state chips let through: operations, not groups.
        self.counts: Counter[Bucket] = Counter()

    def place(self, record: OperationRecord) -> tuple[TopRow, Child]:
        """Take a record that is new or changed; the row that it belongs to."""
        known = self._place_of.get(record.id)
        top, child = known if known is not None else self._new_place(record)
        top.forget_standing()
        self._judge(top, child, time.time())
        return top, child

    def place_foreign(self, move: ForeignMove) -> TopRow | None:
        """Take a move by others; its row if anything changed."""
        name = f"foreign:{move.vm_key}:{move.first_seen}"
        top = self.tops.get(name) or self._new_top(name, move.first_seen)
        if top.foreign == move:
            return None
        top.foreign = move
        self._judge_foreign(top, time.time())
        return top

    def find(self, operation_id: str) -> tuple[TopRow, Child] | None:
        """Where an operation stands, an earlier attempt included."""
        return self._place_of.get(operation_id)

    def set_filter(self, new: OperationFilter) -> None:
        """Judge everything again, as of now."""
        self.filter = new
        now = time.time()
        for top in self.tops.values():
            for child in top.children.values():
                self._judge(top, child, now)
            if top.foreign is not None:
                self._judge_foreign(top, now)

    def group_changed(self, group_id: str) -> TopRow | None:
        """A group's own record is new or changed."""
        top = self.tops.get(group_id)
        if top is not None:
            now = time.time()
            for child in top.children.values():
                child.hay = ""
                self._judge(top, child, now)
        return top

    def wanted_children(self, top: TopRow) -> list[Child]:
        """What the filter shows of a row, in the order asked."""
        shows = self.filter.shows
        wanted = (
            child
            for child in top.children.values()
            if child.bucket is not None and child.is_taken and shows(child.bucket)
        )
        return sorted(wanted, key=lambda child: child.key)

    def is_wanted(self, top: TopRow) -> bool:
        if top.foreign is not None:
            return top.foreign_bucket is not None and self.filter.shows(top.foreign_bucket)
        return bool(self.wanted_children(top))

    def shown_ids(self) -> Iterator[str]:
        """Every operation that the filter shows, with its earlier attempts."""
        for top in self.tops.values():
            for child in self.wanted_children(top):
                yield from child.attempts

    # -- inside --------------------------------------------------------------------------------
    def _new_top(self, name: str, made_at: float, group_id: str = "") -> TopRow:
        top = TopRow(len(self.tops) + 1, name, made_at, group_id)
        self.tops[name] = self.by_number[top.number] = top
        return top

    def _new_place(self, record: OperationRecord) -> tuple[TopRow, Child]:
        # Outside a group each attempt is a row of its own: nobody asked for them as one act.
        earlier = self._place_of.get(record.retry_of) if record.group_id else None
        later = self._retried_by.pop(record.id, None)
        if earlier is not None and earlier[0].group_id == record.group_id:
            top, child = earlier
            child.attempts.insert(child.attempts.index(record.retry_of) + 1, record.id)
        elif later is not None:
            # The clock was set back between the two, so they are listed the wrong way round.
            top, child = later
            child.attempts.insert(0, record.id)
        else:
            top = self._top_for(record)
            child = top.children[record.id] = Child(record)
            if record.group_id and record.retry_of:
                self._retried_by[record.retry_of] = top, child
        child.hay = ""
        self._place_of[record.id] = top, child
        return top, child

    def _top_for(self, record: OperationRecord) -> TopRow:
        name = record.group_id
        if not name:
            return self._new_top(record.id, record.created_at)
        group = self._groups.get(name)
        made_at = group.created_at if group is not None else record.created_at
        return self.tops.get(name) or self._new_top(name, made_at, name)

    def _judge(self, top: TopRow, child: Child, now: float) -> None:
        record = self._operations[child.newest]
        if child.is_taken and child.bucket is not None:
            self.counts[child.bucket] -= 1
        child.bucket = bucket_of(record)
        child.is_taken = self.filter.takes(record, self._me(), now) and (
            not self.filter.text or self.filter.finds(self._hay(top, child))
        )
        self.counts[child.bucket] += child.is_taken

    def _judge_foreign(self, top: TopRow, now: float) -> None:
        move = top.foreign
        assert move is not None
        if top.foreign_bucket is not None:
            self.counts[top.foreign_bucket] -= 1
        is_taken = self.filter.takes_foreign(move, now) and (
            not self.filter.text or self.filter.finds(foreign_hay_of(move))
        )
        top.foreign_bucket = foreign_bucket_of(move) if is_taken else None
        if top.foreign_bucket is not None:
            self.counts[top.foreign_bucket] += 1

    def _hay(self, top: TopRow, child: Child) -> str:
        if not child.hay:
            group = self._groups.get(top.group_id)
            child.hay = "\n".join(hay_of(self._operations[name], group) for name in child.attempts)
        return child.hay
