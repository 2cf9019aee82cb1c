"""All operations of one connection: taken once, journalled, queued, driven, recovered at start."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple, Protocol

import msgspec

from console.backends import Backend
from console.channel.messages import (
    GroupChanged,
    Notice,
    OperationChanged,
    OperationsListed,
    Refused,
    Submit,
    SubmitGroup,
    ToWindow,
)
from console.model.freshness import Fault, FaultCode
from console.model.inventory import Inventory
from console.model.operation import GroupRecord, OperationRecord, OperationState
from console.model.request import Request, SecretField
from console.operations.base import SLOTS_AT_A_TIME, Operation, SentStep
from console.worker.admission import Admission
from console.worker.audit_log import AuditBody, AuditEntry, AuditPhase, subject_of
from console.worker.clock import Clock
from console.worker.journal import Journal
from console.worker.journal_lines import (
    CancelAsked,
    GroupIntent,
    Intent,
    Line,
    Noted,
    StateEntered,
    fold,
    fold_group,
    sent_steps,
)
from console.worker.journal_store import DuplicateOperationError, JournalWriteError
from console.worker.operation_log import OperationLog
from console.worker.pace import Pace
from console.worker.redaction import Redaction
from console.worker.running import Run, RunChecks

_log = logging.getLogger(__name__)
_S = OperationState
_LISTED = 500
_POSITIONS_EVERY_S = 0.2
_SECRET_FIELDS = tuple(field.value for field in SecretField)


class _Plan(NamedTuple):
    """A request on its way into the journal."""

    message: Submit
    operation: Operation[Any]
    line: Line
    locks: frozenset[str]
    slots: tuple[str, ...]


class KeepsSecrets(Protocol):
    """``console.credentials.Credentials``; its calls may block, so they are made in a thread."""

    def keep(self, operation_id: str, field: str, secret: str) -> bool: ...

    def recall(self, operation_id: str, field: str) -> str | None: ...

    def forget(self, operation_id: str, fields: tuple[str, ...]) -> None: ...

    def keep_anchor(self, folder: str, number: int, digest: str) -> None: ...


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
        self._credentials = credentials
        self._redaction = redaction
        self._operation_for = operation_for
        self.run_checks = run_checks
        self.refresh = refresh
        self.freshen = freshen
        self._send = send
        self.admission = Admission(self._slots_of)
        self._groups: dict[str, GroupRecord] = {}
        self._runs: dict[str, Run] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._positions: asyncio.Task[None] | None = None
        self._has_said_not_kept = False

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
        self._groups = {group.id: group for group in map(fold_group, newest.groups) if group}
        for name in {record.group_id for record in records.values()} - {"", *self._groups}:
            group = fold_group(await self._journal.lines_of(name))
            if group is not None:
                self._groups[name] = group
            # The others of an old group too: its counts must not tell less than is known.
            for lines in await self._journal.members_of(name):
                member = fold(lines)
                if member is not None:
                    records[member.id] = member
        # Those that may be going on first, so that their locks are taken before anybody waits.
        taken: list[OperationLog] = []
        for lines in sorted(histories, key=lambda lines: not sent_steps(lines)):
            record = records.get(lines[0].operation_id)
            if record is None or record.is_over:
                continue
            try:
                await self._taken_up(record, lines)
                taken.append(self._runs[record.id].log)
            except Exception:  # one record that cannot be read must not hold up the others
                _log.exception("operation %s could not be taken up", record.id)
        # A cancel of a group may have been written before those of its operations.
        for run in list(self._runs.values()):
            group = self._groups.get(run.log.record.group_id)
            if group is not None and group.cancel_requested and not run.cancel_asked.is_set():
                await self._ask_to_stop(run)
        # Those taken up have gone on meanwhile, to their end maybe; no await from here on.
        records.update((log.record.id, log.record) for log in taken)
        return OperationsListed(
            tuple(sorted(records.values(), key=lambda record: record.created_at)),
            tuple(self._groups.values()),
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
        name = message.group_id
        group = self._groups.get(name) or fold_group(await self._journal.lines_of(name))
        lines: list[Line] = []
        if group is None:
            intent = GroupIntent(message.title, self._connection_id, self._actor)
            lines.append(Line(name, self.clock.now(), intent))
            group = fold_group(lines)
            assert group is not None
        else:
            lines.append(Line(name, self.clock.now(), Noted(f"Asked again for {message.title}")))
            group = msgspec.structs.replace(group, cancel_requested=False)
        plans: list[_Plan] = []
        for part in message.parts:
            known = self._runs.get(part.operation_id)
            if known is not None:
                self._send(OperationChanged(known.log.record))
            elif not await self._tell_known(part.operation_id):
                plan = await self._plan_for(part)
                plans += [plan] if plan is not None else []
        if not plans:
            return
        try:
            await self._journal.append(*lines, *(plan.line for plan in plans))
        except (DuplicateOperationError, JournalWriteError) as error:
            for plan in plans:
                self._refuse_unwritten(plan.message.operation_id, error)
            return
        self._groups[name] = group
        self._send(GroupChanged(group))
        for plan in plans:
            self._begin(plan)

    async def _plan_for(self, message: Submit) -> "_Plan | None":
        """What this request comes to; None if it was refused, which is said and audited."""
        name = message.operation_id
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
        ticket = self.admission.ask(plan.locks, plan.slots)
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
        group = self._groups.get(group_id) or fold_group(await self._journal.lines_of(group_id))
        if group is None:
            self._refuse(group_id, "There is no such group of operations.", "")
            return
        if not group.cancel_requested:
            line = Line(group_id, self.clock.now(), CancelAsked(self._actor))
            try:
                await self._journal.append(line)
            except JournalWriteError as error:
                # Cancelling is still worth it: only a crash right now would forget part of it.
                _log.warning("journal: %s", error)
            group = msgspec.structs.replace(group, cancel_requested=True)
        self._groups[group_id] = group
        self._send(GroupChanged(group))
        for run in list(self._runs.values()):
            if run.log.record.group_id == group_id:
                await self._ask_to_stop(run)

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
        run.cancel_asked.set()
        return True

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
            ticket = self.admission.ask(locks, slots)
            if record.state is not _S.QUEUED:
                await log.write(
                    StateEntered(_S.QUEUED, "The console stopped before anything was sent.")
                )
        self._start(Run(self, log, operation, ticket, {}), is_new=False)

    def _recalled(self, operation_id: str) -> dict[str, str]:
        found = {field: self._credentials.recall(operation_id, field) for field in _SECRET_FIELDS}
        return {field: secret for field, secret in found.items() if secret is not None}

    def _kept(self, operation_id: str, secrets: Mapping[str, str]) -> bool:
        """Whether all of them outlive this process."""
        kept = [self._credentials.keep(operation_id, *pair) for pair in secrets.items()]
        return all(kept)

    def _say_not_kept(self) -> None:
        """Once: passwords of running creations are lost if the console stops."""
        if self._has_said_not_kept:
            return
        self._has_said_not_kept = True
        fault = Fault(
            FaultCode.REJECTED,
            "No keyring keeps passwords here: they are held in memory only.",
            remedy="Set up the system's keyring, or keep the console open until creations end.",
            kept="Nothing is written to a file. After a restart a creation that still needs its "
            "password says so.",
            at=self.clock.now(),
        )
        self._send(Notice(fault))

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
                run.secrets.update(await asyncio.to_thread(self._recalled, name))
                self._redaction.learn(run.secrets.values())
            elif run.secrets and not await asyncio.to_thread(self._kept, name, run.secrets):
                self._say_not_kept()
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
        await asyncio.to_thread(self._credentials.forget, name, _SECRET_FIELDS)

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
