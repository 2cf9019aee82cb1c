"""One operation's lines on their way to the journal, and the record that they make."""

import asyncio
import logging
from collections.abc import Callable

import msgspec

from console.model.freshness import Fault, FaultCode
from console.model.operation import TERMINAL, OperationRecord, OperationState, Progress
from console.operations.base import SentStep
from console.worker.clock import Clock
from console.worker.journal import Journal
from console.worker.journal_lines import (
    Body,
    Line,
    Noted,
    Progressed,
    Sending,
    StateEntered,
    after_sent,
    apply,
)
from console.worker.journal_store import JournalWriteError
from console.worker.pace import Pace, nth
from console.worker.redaction import Redaction

_log = logging.getLogger(__name__)


class OperationLog:
    """Writes lines and shows the record after them. Lines keep their order, whoever writes them."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        pace: Pace,
        redaction: Redaction,
        publish: Callable[[OperationRecord], None],
        record: OperationRecord,
        *,
        can_cancel_running: bool,
        sent: tuple[SentStep, ...] = (),
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._pace = pace
        self._redaction = redaction
        self._publish = publish
        self._turn = asyncio.Lock()
        # Lines that the disk did not take; written before any later one.
        self._backlog: list[Line] = []
        self._can_cancel_running = can_cancel_running
        self.record = record
        self.sent = sent

    async def must_write(self, body: Body) -> None:
        """Write durably or raise JournalWriteError: what follows must not happen without it."""
        async with self._turn:
            line = self._line(body)
            await self._journal.append(*self._backlog, line)
            self._backlog.clear()
            self._take(line)

    async def write(self, body: Body) -> None:
        """Write durably if the disk takes it; else keep the line and write it before the next."""
        async with self._turn:
            line = self._line(body)
            self._backlog.append(line)
            try:
                await self._journal.append(*self._backlog)
            except JournalWriteError as error:
                _log.warning("journal: %s", error)
            else:
                self._backlog.clear()
            self._take(line)

    async def settle(self, body: StateEntered) -> None:
        """Write an outcome, however long the disk refuses; it is shown once it is durable."""
        async with self._turn:
            line = self._line(body)
            attempt = 0
            while True:
                try:
                    await self._journal.append(*self._backlog, line)
                except JournalWriteError as error:
                    _log.warning("journal: %s", error)
                    if attempt == 0:
                        self.show(fault=_not_written(error))
                    await self._clock.sleep(nth(self._pace.journal_back_off, attempt))
                    attempt += 1
                else:
                    break
            self._backlog.clear()
            self._take(line)

    async def ensure_running(self) -> None:
        """An operation that was Unknown and turns out to be going on is Running again."""
        if self.record.state is OperationState.UNKNOWN:
            await self.write(StateEntered(OperationState.RUNNING, "Going on"))

    def show_progress(self, progress: Progress) -> None:
        """Show without journalling: the next mark writes it down."""
        self.record = msgspec.structs.replace(self.record, progress=self._struck(progress))
        self._publish(self.record)

    def show_position(self, position: int | None) -> None:
        """Show the place in the queue, which is no journal matter: it changes with the others."""
        if self.record.queue_position != position:
            self.record = msgspec.structs.replace(self.record, queue_position=position)
            self._publish(self.record)

    def show(self, *, fault: Fault) -> None:
        self.record = msgspec.structs.replace(self.record, fault=fault)
        self._publish(self.record)

    def _line(self, body: Body) -> Line:
        if isinstance(body, StateEntered):
            body = msgspec.structs.replace(body, can_cancel=self._can_cancel_in(body.state))
        return Line(self.record.id, self._clock.now(), self._without_secrets(body))

    @property
    def was_unknown(self) -> bool:
        """Whether nobody knew how it stood before: what goes on now is looking again."""
        return any(step.state is OperationState.UNKNOWN for step in self.record.steps)

    def _can_cancel_in(self, state: OperationState) -> bool:
        """Waiting can always be given up, and so can looking; running only if it allows it."""
        if state in (OperationState.RUNNING, OperationState.VERIFYING):
            return self._can_cancel_running or self.was_unknown
        return state not in TERMINAL

    def _take(self, line: Line) -> None:
        record = apply(self.record, line)
        assert record is not None
        self.record = record
        self.sent = after_sent(self.sent, line.body)
        self._publish(record)

    def _struck(self, progress: Progress) -> Progress:
        strike = self._redaction
        drain = progress.drain
        if drain is not None and drain.stuck:
            stuck = tuple((name, strike(why)) for name, why in drain.stuck)
            drain = msgspec.structs.replace(drain, stuck=stuck)
        return msgspec.structs.replace(
            progress, phase=strike(progress.phase), text=strike(progress.text), drain=drain
        )

    def _without_secrets(self, body: Body) -> Body:
        """Free text may quote what the other end said, and that may quote us."""
        strike = self._redaction
        match body:
            case StateEntered():
                return msgspec.structs.replace(
                    body,
                    text=strike(body.text),
                    detail=strike(body.detail),
                    findings=strike.of_findings(body.findings),
                    fault=strike.of_fault(body.fault),
                )
            case Sending():
                return msgspec.structs.replace(body, command=strike(body.command))
            case Noted():
                return Noted(strike(body.text), strike(body.detail))
            case Progressed():
                return Progressed(self._struck(body.progress), strike(body.detail))
            case _:
                return body


def _not_written(error: Exception) -> Fault:
    return Fault(
        FaultCode.REJECTED,
        "The end of this operation could not be written to the journal yet.",
        remedy="Make room on the disk; it is tried again by itself.",
        kept="What was done is done; after a restart the console would look again.",
        detail=str(error),
    )
