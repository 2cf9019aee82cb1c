"""The groups of one connection: what was asked for as one act, and what is asked of all of it."""

import logging
from collections.abc import Callable, Iterable

import msgspec

from console.channel.messages import GroupChanged, SubmitGroup
from console.model.operation import GroupRecord
from console.worker.clock import Clock
from console.worker.journal import Journal
from console.worker.journal_lines import (
    CancelAsked,
    GroupIntent,
    Line,
    Noted,
    StopAsked,
    fold_group,
)
from console.worker.journal_store import JournalWriteError

_log = logging.getLogger(__name__)


class Groups:
    """Keeps each group's record as its lines say. Lines of operations are the runner's."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        connection_id: str,
        actor: str,
        send: Callable[[GroupChanged], None],
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._connection_id = connection_id
        self._actor = actor
        self._send = send
        self._known: dict[str, GroupRecord] = {}

    @property
    def all(self) -> tuple[GroupRecord, ...]:
        return tuple(self._known.values())

    def known(self, group_id: str) -> GroupRecord | None:
        return self._known.get(group_id)

    def take(self, histories: Iterable[list[Line]]) -> None:
        """Those of the journal, at start."""
        for lines in histories:
            group = fold_group(lines)
            if group is not None:
                self._known[group.id] = group

    async def find(self, group_id: str) -> GroupRecord | None:
        """As it is known, or as the journal tells it."""
        return self._known.get(group_id) or fold_group(await self._journal.lines_of(group_id))

    async def asked(self, message: SubmitGroup) -> tuple[GroupRecord, Line]:
        """The group's record with these parts, and the line that is to be written with theirs."""
        name, at = message.group_id, self._clock.now()
        group = await self.find(name)
        if group is None:
            line = Line(name, at, GroupIntent(message.title, self._connection_id, self._actor))
            group = fold_group([line])
            assert group is not None
            return group, line
        line = Line(name, at, Noted(f"Asked again for {message.title}"))
        group = msgspec.structs.replace(group, cancel_requested=False, stop_requested=False)
        return group, line

    def show(self, group: GroupRecord) -> None:
        """Keep and tell this record: its lines are in the journal."""
        self._known[group.id] = group
        self._send(GroupChanged(group))

    async def ask_to_end(self, group_id: str, *, is_stop: bool) -> bool:
        """Write that all of it is to be canceled, or not to begin; False if there is no such group.

        What that means for each operation is the runner's part.
        """
        group = await self.find(group_id)
        if group is None:
            return False
        if not (group.stop_requested if is_stop else group.cancel_requested):
            body = StopAsked(self._actor) if is_stop else CancelAsked(self._actor)
            try:
                await self._journal.append(Line(group_id, self._clock.now(), body))
            except JournalWriteError as error:
                # It is still worth it: only a crash right now would forget part of it.
                _log.warning("journal: %s", error)
            changes = {"stop_requested": True} if is_stop else {"cancel_requested": True}
            group = msgspec.structs.replace(group, **changes)
        self.show(group)
        return True
