"""All operations of one connection: taken once, journalled, queued, driven, recovered at start."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection
from typing import Any, NamedTuple

from console.backends import Backend
from console.backends.retry_budget import RetryBudget
from console.channel.messages import (
    OperationChanged,
    OperationsListed,
    Refused,
    Reorder,
    Submit,
    SubmitGroup,
    ToWindow,
)
from console.model.freshness import Fault, FaultCode
from console.model.inventory import Inventory
from console.model.operation import OperationRecord, OperationState
from console.model.request import Request
from console.operations.base import SLOTS_AT_A_TIME, Operation, SentStep
from console.worker.admission import Admission, Ticket
from console.worker.audit_log import AuditBody, AuditEntry, AuditPhase, subject_of
from console.worker.clock import Clock
from console.worker.groups import Groups
from console.worker.journal import Journal
from console.worker.journal_lines import (
    CancelAsked,
    Intent,
    Line,
    Noted,
    Reordered,
    StateEntered,
    fold,
    sent_steps,
)
from console.worker.journal_store import DuplicateOperationError, JournalWriteError
from console.worker.kept_secrets import KeepsSecrets, KeptSecrets
from console.worker.operation_log import OperationLog
from console.worker.pace import Pace
from console.worker.queue_order import in_queue_order, last_change
from console.worker.redaction import Redaction
from console.worker.running import Run, RunChecks

_log = logging.getLogger(__name__)
_S = OperationState
_LISTED = 500
_POSITIONS_EVERY_S = 0.2


class _Plan(NamedTuple):
    """A request on its way into the journal."""

    message: Submit
    operation: Operation[Any]
    line: Line
    locks: frozenset[str]
    slots: tuple[str, ...]


class Runner:
    """Owns every operation's task. All methods are called on the worker's loop."""

    def __init__(
        self,
        *,
        connection_id: str,
        actor: str,
        journal: Journal,
        backend: "asyncio.Future[Backend]",
        inventory: Inventory,
        clock: Clock,
        pace: Pace,
        credentials: KeepsSecrets,
        redaction: Redaction,
        operation_for: Callable[[Request], Operation[Any]],
        run_checks: RunChecks,
        refresh: Callable[[], Awaitable[None]],
        freshen: Callable[[], Awaitable[None]],
        send: Callable[[ToWindow], None],
    ) -> None:
        self._connection_id = connection_id
        self._actor = actor
        self._journal = journal
        self._backend = backend
        self.inventory = inventory
        self.clock = clock
        self.pace = pace
        self.budget = RetryBudget()
        self._secrets = KeptSecrets(credentials, clock, send)
        self._redaction = redaction
        self._operation_for = operation_for
        self.run_checks = run_checks
        self.refresh = refresh
        self.freshen = freshen
        self._send = send
        self.admission = Admission(self._slots_of)
        self._groups = Groups(journal, clock, connection_id, actor, send)
        self._endings: dict[str, asyncio.Future[OperationRecord]] = {}
        self._changes_of_place = 0
        self._runs: dict[str, Run] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._positions: asyncio.Task[None] | None = None

    async def backend(self) -> Backend:
        """The wires, once they are built: intents are taken before that."""
        return await asyncio.shield(self._backend)

    def _slots_of(self, key: str) -> int:
        """How many may hold this slot at a time: the console's own limit, else the cluster's."""
        return SLOTS_AT_A_TIME.get(key) or self.inventory.cluster.parallel_migrations or 1

    @property
    def unfinished(self) -> tuple[OperationRecord, ...]:
        return tuple(run.log.record for run in self._runs.values())

    async def recover(self) -> OperationsListed:
        """Take up every unfinished operation of the journal; the newest records and their groups.

        What had sent something looks before it acts and does not wait for its turn: it may be
        going on. What had not goes back to the queue and is checked again.
        """
        histories = await self._journal.unfinished(self._connection_id)
        newest = await self._journal.newest(self._connection_id, _LISTED)
        records = {
            record.id: record
            for record in (fold(lines) for lines in (*newest.operations, *histories))
            if record
        }
        self._groups.take(newest.groups)
        known = {group.id for group in self._groups.all}
        for name in {record.group_id for record in records.values()} - {"", *known}:
            self._groups.take([await self._journal.lines_of(name)])
            # The others of an old group too: its counts must not tell less than is known.
            for lines in await self._journal.members_of(name):
                member = fold(lines)
                if member is not None:
                    records[member.id] = member
        # Those that may be going on first, so that their locks are taken before anybody waits.
        taken: list[OperationLog] = []
        self._changes_of_place = last_change(histories)
        for lines in sorted(in_queue_order(histories), key=lambda lines: not sent_steps(lines)):
            record = records.get(lines[0].operation_id)
            if record is None or record.is_over:
                continue
            try:
                await self._taken_up(record, lines)
                taken.append(self._runs[record.id].log)
            except Exception:  # one record that cannot be read must not hold up the others
                _log.exception("operation %s could not be taken up", record.id)
        # What was asked of a group may have been written before it reached its operations.
        for run in list(self._runs.values()):
            group = self._groups.known(run.log.record.group_id)
            if group is not None and group.stop_requested:
                run.stop()
            if group is not None and group.cancel_requested and not run.cancel_asked.is_set():
                await self._ask_to_stop(run)
        # Those taken up have gone on meanwhile, to their end maybe; no await from here on.
        records.update((log.record.id, log.record) for log in taken)
        return OperationsListed(
            tuple(sorted(records.values(), key=lambda record: record.created_at)),
            self._groups.all,
            newest.back_to,
        )

    async def submit(self, message: Submit) -> None:
        """Journal the intent and start; a repeated message is answered with the record."""
        name = message.operation_id
        known = self._runs.get(name)
        if known is not None:
            self._send(OperationChanged(known.log.record))
            return
        plan = await self._plan_for(message)
        if plan is None:
            return
        try:
            await self._journal.append(plan.line)
        except DuplicateOperationError:
            await self._tell_known(name)
        except JournalWriteError as error:
            self._refuse_unwritten(name, error)
        else:
            self._begin(plan)

    async def submit_group(self, message: SubmitGroup) -> None:
        """Journal all intents in one commit and start them; what is known already is answered."""
        group, line = await self._groups.asked(message)
        plans: list[_Plan] = []
        for part in message.parts:
            known = self._runs.get(part.operation_id)
            if known is not None:
                self._send(OperationChanged(known.log.record))
            elif not await self._tell_known(part.operation_id):
                plan = await self._plan_for(part, {p.message.operation_id for p in plans})
                plans += [plan] if plan is not None else []
        if not plans:
            return
        try:
            await self._journal.append(line, *(plan.line for plan in plans))
        except (DuplicateOperationError, JournalWriteError) as error:
            for plan in plans:
                self._refuse_unwritten(plan.message.operation_id, error)
            return
        self._groups.show(group)
        for plan in plans:
            self._begin(plan)

    async def _plan_for(self, message: Submit, earlier: Collection[str] = ()) -> "_Plan | None":
        """What this request comes to; None if it was refused, which is said and audited.

        ``earlier``: ids that come before it in the same commit.
        """
        name = message.operation_id
        for awaited in message.after:
            # Nothing waits for what is asked for later: no two can wait for each other.
            if awaited not in earlier and await self.record_of(awaited) is None:
                await self._audit_refusal(message, f"it waits for {awaited}, which is not known")
                self._refuse(name, "What this was to wait for was never asked for.", awaited)
                return None
        try:
            operation = self._operation_for(message.request)
            intent = Intent(
                request=message.request,
                title=operation.title(message.request),
                connection_id=self._connection_id,
                actor=self._actor,
                group_id=message.group_id,
                correlation_id=name,
                retry_of=message.retry_of,
                after=message.after,
            )
            locks, slots = operation.locks(message.request), operation.slots(message.request)
        except Exception as error:  # a request that its operation cannot read ends here, in words
            _log.exception("request of %s", name)
            await self._audit_refusal(message, repr(error))
            self._refuse(name, "This request cannot be carried out.", repr(error))
            return None
        self._redaction.learn(message.secrets.values())
        return _Plan(message, operation, Line(name, self.clock.now(), intent), locks, slots)

    def _begin(self, plan: "_Plan") -> None:
        """Start what has just been journalled."""
        record = fold([plan.line])
        assert record is not None
        log = self._log_of(record, plan.operation)
        ticket = self.admission.ask(plan.locks, plan.slots, is_ready=not record.after)
        run = Run(self, log, plan.operation, ticket, dict(plan.message.secrets))
        self._send(OperationChanged(record))
        self._start(run, is_new=True)

    async def _tell_known(self, operation_id: str) -> bool:
        """Answer with the journal's record of an operation, if it has one."""
        record = fold(await self._journal.lines_of(operation_id))
        if record is not None:
            self._send(OperationChanged(record))
        return record is not None

    async def _audit_refusal(self, message: Submit, reason: str) -> None:
        intent = Intent(message.request, "", self._connection_id, self._actor)
        body = AuditBody(AuditPhase.REFUSED, text=self._redaction(reason))
        try:
            subject = subject_of(intent)
            assert subject is not None
            entry = AuditEntry(0, self.clock.now(), message.operation_id, subject, body)
            await self._journal.add_to_audit(entry)
        except Exception:  # it is refused either way, and said to the window
            _log.exception("a refusal could not be audited")

    def _refuse_unwritten(self, operation_id: str, error: Exception) -> None:
        self._refuse(
            operation_id,
            "The journal cannot be written, so this was not started.",
            str(error),
            "Make room on the disk and try again.",
        )

    async def cancel_group(self, group_id: str) -> None:
        """Ask every operation of the group to stop that still can; the others go on to the end."""
        if not await self._groups.ask_to_end(group_id, is_stop=False):
            self._refuse(group_id, "There is no such group of operations.", "")
            return
        for run in self._members(group_id):
            await self._ask_to_stop(run)

    async def stop_group(self, group_id: str) -> None:
        """What of the group has not begun ends here; what runs goes on to its end."""
        if not await self._groups.ask_to_end(group_id, is_stop=True):
            self._refuse(group_id, "There is no such group of operations.", "")
            return
        for run in self._members(group_id):
            run.stop()

    def _members(self, group_id: str) -> list[Run]:
        return [run for run in self._runs.values() if run.log.record.group_id == group_id]

    async def reorder(self, message: Reorder) -> None:
        """Give a waiting operation another place; what has begun has none any more."""
        run = self._runs.get(message.operation_id)
        other = self._runs.get(message.before)
        behind: tuple[Ticket, ...] = ()
        if run is not None and (other is not None or not message.before):
            behind = self.admission.place(run.ticket, other.ticket if other is not None else None)
        if run is None or not behind:
            self._refuse(
                message.operation_id,
                "Its place in the queue could not be changed.",
                "It, or what it was to go before, does not wait any more; or nothing else waits.",
            )
            return
        names = {known.ticket: name for name, known in self._runs.items()}
        where = f"before {other.log.record.title}" if other is not None else "to the front"
        self._changes_of_place += 1
        ahead_of = tuple(names[ticket] for ticket in behind if ticket in names)
        await run.log.write(Reordered(self._changes_of_place, ahead_of, f"Put {where}"))
        self._show_positions_soon()

    async def cancel(self, operation_id: str) -> None:
        """Ask an operation to stop. It ends as Canceled only if it really did."""
        run = self._runs.get(operation_id)
        if run is None:
            if not await self._tell_known(operation_id):
                self._refuse(operation_id, "There is no such operation.", "")
        elif not await self._ask_to_stop(run):
            self._refuse(
                operation_id,
                "This operation cannot be canceled any more.",
                "",
                "Wait for its end, which is watched.",
            )

    async def _ask_to_stop(self, run: Run) -> bool:
        """Ask one operation to stop; False if it goes on to its end whatever is asked."""
        state = run.log.record.state
        goes_on = state in (_S.RUNNING, _S.VERIFYING) and not run.operation.can_cancel
        if goes_on and not run.log.was_unknown:
            return False
        if goes_on or state is _S.UNKNOWN:
            await run.log.write(Noted("Asked to stop looking"))
            if not run.cancel_asked.is_set():
                await run.log.write(CancelAsked(self._actor))
            run.letting_go.set()
        elif not run.cancel_asked.is_set():
            await run.log.write(CancelAsked(self._actor))
        run.cancel()
        return True

    async def record_of(self, operation_id: str) -> OperationRecord | None:
        run = self._runs.get(operation_id)
        if run is not None:
            return run.log.record
        return fold(await self._journal.lines_of(operation_id))

    async def end_of(self, operation_id: str) -> OperationRecord | None:
        # Asked for before it is looked up, so that an end in between is not missed.
        ending = self._endings.get(operation_id) or asyncio.get_running_loop().create_future()
        self._endings[operation_id] = ending
        record = await self.record_of(operation_id)
        if record is None or record.is_over:
            self._endings.pop(operation_id, None)
            return record
        return await asyncio.shield(ending)

    async def close(self) -> None:
        """Let go of every operation without ending it: the next start takes them up again."""
        tasks = [*self._tasks.values()]
        if self._positions is not None:
            tasks.append(self._positions)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _taken_up(self, record: OperationRecord, lines: list[Line]) -> None:
        operation = self._operation_for(record.request)
        locks, slots = operation.locks(record.request), operation.slots(record.request)
        sent = sent_steps(lines)
        log = self._log_of(record, operation, sent)
        if sent:
            ticket = self.admission.take(locks, slots)
            if record.state is not _S.UNKNOWN:
                await log.write(
                    StateEntered(
                        _S.UNKNOWN, "The console stopped meanwhile: looking how it stands."
                    )
                )
        else:
            ticket = self.admission.ask(locks, slots, is_ready=not record.after)
            if record.state is not _S.QUEUED:
                await log.write(
                    StateEntered(_S.QUEUED, "The console stopped before anything was sent.")
                )
        self._start(Run(self, log, operation, ticket, {}), is_new=False)

    def _log_of(
        self, record: OperationRecord, operation: Operation[Any], sent: tuple[SentStep, ...] = ()
    ) -> OperationLog:
        return OperationLog(
            self._journal,
            self.clock,
            self.pace,
            self._redaction,
            self._publish,
            record,
            can_cancel_running=operation.can_cancel,
            sent=sent,
        )

    def _publish(self, record: OperationRecord) -> None:
        self._send(OperationChanged(record))

    def _start(self, run: Run, *, is_new: bool) -> None:
        name = run.log.record.id
        self._runs[name] = run
        self._tasks[name] = asyncio.create_task(self._live(run, is_new), name=f"op {name}")
        self._show_positions_soon()

    async def _live(self, run: Run, is_new: bool) -> None:
        name = run.log.record.id
        try:
            # A keyring may show a prompt: nobody but this operation waits for it.
            if not is_new:
                run.secrets.update(await asyncio.to_thread(self._secrets.recalled, name))
                self._redaction.learn(run.secrets.values())
            elif run.secrets and not await asyncio.to_thread(self._secrets.kept, name, run.secrets):
                self._secrets.say_not_kept()
            while not run.log.record.is_over:
                try:
                    await run.live()
                except Exception as error:  # our own bug: said, and looked at again later
                    _log.exception("the run of %s failed", name)
                    await run.failed_inside(error)
                    await self.clock.sleep(self.pace.unknown_back_off[-1])
        finally:
            self.admission.release(run.ticket)
            self._show_positions_soon()
            self._tasks.pop(name, None)
            if run.log.record.is_over:
                self._runs.pop(name, None)
                ending = self._endings.pop(name, None)
                if ending is not None and not ending.done():
                    ending.set_result(run.log.record)
        await asyncio.to_thread(self._secrets.forget, name)

    def _show_positions_soon(self) -> None:
        """Tell the waiting their places, once for many changes."""
        if self._positions is None or self._positions.done():
            self._positions = asyncio.create_task(self._show_positions())

    async def _show_positions(self) -> None:
        await asyncio.sleep(_POSITIONS_EVERY_S)
        places = self.admission.positions()
        for run in self._runs.values():
            if run.log.record.state is _S.QUEUED:
                run.log.show_position(places.get(run.ticket))

    def _refuse(self, operation_id: str, summary: str, detail: str, remedy: str = "") -> None:
        fault = Fault(
            FaultCode.REJECTED,
            summary,
            remedy=remedy,
            kept="Nothing was sent.",
            detail=self._redaction(detail),
            at=self.clock.now(),
        )
        self._send(Refused(operation_id, fault))
