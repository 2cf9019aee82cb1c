"""One operation from its place in the queue to its end: checks, run, looking again, outcome."""

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

from console.backends import Backend, BackendError
from console.backends.retry_budget import RetryBudget
from console.model.finding import Finding, Severity
from console.model.freshness import Fault, FaultCode
from console.model.inventory import Inventory
from console.model.operation import (
    TERMINAL,
    WAITS,
    WAITS_FOR_NOTHING,
    OperationRecord,
    OperationState,
)
from console.model.request import Request, goes_on_after_failure
from console.operations.base import IS_WAITED_FOR, MAY_PASS, Operation, Outcome
from console.worker.admission import Admission, Ticket
from console.worker.clock import Clock, sleep_unless
from console.worker.context import RunContext
from console.worker.journal_lines import UNREADABLE_STEP, Noted, StateEntered
from console.worker.journal_store import JournalWriteError
from console.worker.judging import Ruling, refusal_fault, refusal_text, rule_on, waiting_text
from console.worker.operation_log import OperationLog
from console.worker.pace import Pace, nth

_log = logging.getLogger(__name__)
_S = OperationState
T = TypeVar("T")


class RunChecks(Protocol):
    """``console.checks.run_all``: all checks of these names, each against snapshot and wires."""

    def __call__(
        self,
        names: tuple[str, ...],
        request: Request,
        inventory: Inventory,
        backend: Backend,
        now: float,
    ) -> Awaitable[tuple[Finding, ...]]: ...


class Surroundings(Protocol):
    """What every operation shares: the runner's own parts."""

    clock: Clock
    pace: Pace
    budget: RetryBudget
    inventory: Inventory
    admission: Admission
    run_checks: RunChecks
    refresh: Callable[[], Awaitable[None]]
    freshen: Callable[[], Awaitable[None]]

    async def backend(self) -> Backend: ...

    async def record_of(self, operation_id: str) -> OperationRecord | None:
        """As it stands now, from the journal if it is over; None if that has no such operation."""
        ...

    async def end_of(self, operation_id: str) -> OperationRecord | None:
        """The same once it is over, however long that takes."""
        ...


class Run:
    """The life of one operation in this process."""

    def __init__(
        self,
        around: Surroundings,
        log: OperationLog,
        operation: Operation[Any],
        ticket: Ticket,
        secrets: dict[str, str],
    ) -> None:
        self._around = around
        self.log = log
        self.operation = operation
        self.ticket = ticket
        self.secrets = secrets
        self.cancel_asked = asyncio.Event()
        # Asked to cancel while nobody knows how it stands: look once more, then let go of it.
        self.letting_go = asyncio.Event()
        # Canceled or stopped: what has not begun by then does not begin.
        self._given_up = asyncio.Event()
        if log.record.cancel_requested:
            self.cancel()

    @property
    def request(self) -> Request:
        return self.log.record.request

    def cancel(self) -> None:
        """It is to stop, wherever it is."""
        self.cancel_asked.set()
        self._given_up.set()

    def stop(self) -> None:
        """It is not to begin; once it has, this means nothing."""
        self._given_up.set()

    async def live(self) -> None:
        """Drive it to its end. Only a cancelled task (the worker leaves) ends before that."""
        if any(sent.step == UNREADABLE_STEP for sent in self.log.sent):
            await self._end_unreadable()
            return
        if not self.log.sent:
            await self._unless_given_up(self._around.backend())
            if self._given_up.is_set():
                await self._end_unsent()
                return
        backend = await self._around.backend()
        if not self.log.sent and not await self._cleared(backend):
            return
        rounds = 0
        outcome = await self._attempt(backend)
        while outcome.state is _S.UNKNOWN:
            await self._say_unknown(outcome)
            self._around.admission.lend_slots(self.ticket)
            delay = nth(self._around.pace.unknown_back_off, rounds)
            is_last = await sleep_unless(self._around.clock, delay, self.letting_go)
            self._around.admission.retake_slots(self.ticket)
            outcome = await self._attempt(backend)
            if is_last and outcome.state is _S.UNKNOWN:
                outcome = _let_go(outcome)
            rounds += 1
        await self.log.settle(
            StateEntered(
                outcome.state, outcome.result, fault=outcome.fault, measured=outcome.measured
            )
        )

    async def _cleared(self, backend: Backend) -> bool:
        """Queue, locks, slots and fresh checks; False if it ended there with nothing sent."""
        around = self._around
        if not await self._is_its_turn_in_the_plan():
            return False
        began = around.clock.monotonic()
        while True:
            await self._unless_given_up(self.ticket.granted.wait())
            if self._given_up.is_set():
                await self._end_unsent()
                return False
            if self.log.record.state is _S.QUEUED and not self._is_put_back():
                await self.log.write(StateEntered(_S.CHECKING))
            is_patient = around.clock.monotonic() - began < around.pace.wire_patience
            findings = await self._check(backend, is_patient)
            is_patient = around.clock.monotonic() - began < around.pace.wire_patience
            ruling = rule_on(findings, around.inventory, is_patient=is_patient)
            if ruling is not Ruling.WAIT or self._given_up.is_set():
                break
            await self._wait_again(findings)
        if self.log.record.state is _S.QUEUED:
            await self.log.write(StateEntered(_S.CHECKING))
        if self._given_up.is_set():
            await self._end_unsent()
            return False
        if ruling is Ruling.REFUSE:
            await self.log.settle(
                StateEntered(
                    _S.BLOCKED,
                    refusal_text(findings),
                    findings=findings,
                    fault=refusal_fault(findings),
                )
            )
            return False
        await self.log.write(StateEntered(_S.RUNNING, findings=findings))
        return True

    async def _is_its_turn_in_the_plan(self) -> bool:
        """Wait for what must have ended before; False if it ended here because that went wrong."""
        around, after = self._around, self.log.record.after
        if not after or self.ticket.is_ready:
            return True
        known = [await around.record_of(name) for name in after]
        waited_for = [record for record in known if record is not None and not record.is_over]
        if waited_for:
            text = _waits_for(waited_for)
            if self.log.record.steps[-1].text != text:
                await self.log.write(StateEntered(_S.QUEUED, text))
        for name in after:
            ended = await self._unless_given_up(around.end_of(name))
            if self._given_up.is_set():
                await self._end_unsent()
                return False
            reason = self._why_not_after(ended)
            if reason:
                await self.log.settle(StateEntered(_S.CANCELED, reason))
                return False
        around.admission.make_ready(self.ticket)
        if waited_for and not self.ticket.granted.is_set():
            await self.log.write(Noted(f"{WAITS_FOR_NOTHING}; now it waits for its turn"))
        return True

    def _why_not_after(self, ended: OperationRecord | None) -> str:
        """Why it must not begin after this end; empty if it may."""
        if ended is None:
            return "Not begun: the operation that it was to wait for is not in the journal."
        if ended.state is _S.SUCCEEDED or goes_on_after_failure(self.request):
            return ""
        return f"Not begun: {ended.title} ended as {ended.state.value}."

    def _is_put_back(self) -> bool:
        """Whether it waits after a check: then it is checked again without a line each time."""
        return bool(self.log.record.findings)

    async def _end_unreadable(self) -> None:
        """Lines of it are lost: nobody can say what was sent, so nothing is sent by itself."""
        text = "Lines of this operation were lost with a damaged journal."
        remedy = "Look at the object itself, then dismiss this operation; ask anew if needed."
        outcome = Outcome(_S.UNKNOWN, text, Fault(FaultCode.LOST, text, remedy))
        await self._say_unknown(outcome)
        self._around.admission.lend_slots(self.ticket)
        await self.letting_go.wait()
        ended = _let_go(outcome)
        await self.log.settle(StateEntered(ended.state, ended.result, fault=ended.fault))

    async def _end_unsent(self) -> None:
        text = "Canceled before anything was sent."
        if not self.cancel_asked.is_set():
            text = "Stopped before it began; nothing was sent."
        await self.log.settle(StateEntered(_S.CANCELED, text))

    async def _unless_given_up(self, awaited: Awaitable[T]) -> T | None:
        """What is waited for; None if it was canceled or stopped meanwhile."""
        turn = asyncio.ensure_future(awaited)
        given_up = asyncio.ensure_future(self._given_up.wait())
        try:
            await asyncio.wait((turn, given_up), return_when=asyncio.FIRST_COMPLETED)
            return turn.result() if turn.done() else None
        finally:
            turn.cancel()
            given_up.cancel()

    async def _wait_again(self, findings: tuple[Finding, ...]) -> None:
        """Back to the queue at the same place, and again in a while."""
        around = self._around
        text = waiting_text(findings)
        record = self.log.record
        if record.state is not _S.QUEUED or record.steps[-1].text != text:
            await self.log.write(StateEntered(_S.QUEUED, text, findings=findings))
        around.admission.put_back(self.ticket)
        await sleep_unless(around.clock, around.pace.wait_again, self._given_up)
        around.admission.serve()

    async def _check(self, backend: Backend, is_patient: bool) -> tuple[Finding, ...]:
        """Every check of the operation on a reading made now.

        A wire that only asks to wait is waited for; one that fails for a moment is while there is
        patience, after which what could not be established refuses.
        """
        around = self._around
        try:
            async with asyncio.timeout(around.pace.refresh_at_most):
                await around.freshen()
                return await around.run_checks(
                    self.operation.checks,
                    self.request,
                    around.inventory,
                    backend,
                    around.clock.now(),
                )
        except TimeoutError:
            text = "The checks did not come to an end in time."
            severity = Severity.WAITS if is_patient else Severity.UNKNOWN
            return (Finding("runner", severity, text, remedy="Try again."),)
        except BackendError as error:
            code = error.fault.code
            waits = code in IS_WAITED_FOR or (is_patient and code in MAY_PASS)
            return (
                Finding(
                    "runner",
                    Severity.WAITS if waits else Severity.UNKNOWN,
                    error.fault.summary,
                    remedy=error.fault.remedy,
                    evidence=error.fault.detail,
                ),
            )
        except Exception as error:  # a check's bug blocks that act and nothing else
            _log.exception("checks of %s failed", self.log.record.id)
            text = "A check failed inside the console."
            return (Finding("runner", Severity.UNKNOWN, text, evidence=repr(error)),)

    async def _attempt(self, backend: Backend) -> Outcome:
        """Run the operation once; whatever it raises becomes an outcome."""
        context = RunContext(
            self.log,
            backend,
            self._around.inventory,
            self.secrets,
            self._around.clock,
            self._around.pace,
            self.cancel_asked,
            self._around.refresh,
            self._around.budget,
        )
        try:
            outcome = await self.operation.run(context, self.request)
        except BackendError as error:
            return self._after(error.fault.summary, error.fault)
        except JournalWriteError as error:
            text = "The journal could not be written, so the next step was not sent."
            remedy = "Make room on the disk and try again."
            return self._after(text, Fault(FaultCode.REJECTED, text, remedy, detail=str(error)))
        except Exception as error:  # an operation's bug ends that operation and nothing else
            _log.exception("operation %s failed", self.log.record.id)
            text = "Something failed inside the console while this was going on."
            remedy = "Copy the detail and report it."
            detail = "".join(traceback.format_exception(error))
            return self._after(text, Fault(FaultCode.LOST, text, remedy, detail=detail))
        if outcome.state is _S.UNKNOWN:
            return self._after(outcome.result, outcome.fault)
        if outcome.state not in TERMINAL or outcome.state is _S.BLOCKED:
            return self._after(
                f"It ended as {outcome.state.value}. {outcome.result}", outcome.fault
            )
        return outcome

    def _after(self, text: str, fault: Fault | None) -> Outcome:
        """Unknown if anything may have been sent; else it failed and nothing happened."""
        if self.log.sent:
            return Outcome(_S.UNKNOWN, text, fault)
        return Outcome(_S.FAILED, f"{text} Nothing was sent.", fault)

    async def failed_inside(self, error: Exception) -> None:
        """A bug outside the operation itself: said in its record, which stays to be looked at."""
        text = "Something failed inside the console while this was going on."
        detail = "".join(traceback.format_exception(error))
        outcome = self._after(
            text, Fault(FaultCode.LOST, text, "Copy the detail and report it.", detail=detail)
        )
        if self.log.record.state is _S.QUEUED:
            await self.log.write(StateEntered(_S.CHECKING))
        await self.log.write(StateEntered(outcome.state, outcome.result, fault=outcome.fault))

    async def _say_unknown(self, outcome: Outcome) -> None:
        record = self.log.record
        if record.state is not _S.UNKNOWN or record.result != outcome.result:
            await self.log.write(StateEntered(_S.UNKNOWN, outcome.result, fault=outcome.fault))


def _waits_for(records: list[OperationRecord]) -> str:
    what = records[0].title if len(records) == 1 else f"{len(records)} operations"
    return f"{WAITS[0]} {what} to end"


def _let_go(outcome: Outcome) -> Outcome:
    text = (
        "The console stopped looking, as asked; what became of it was never seen. "
        f"Last known: {outcome.result}"
    )
    fault = outcome.fault or Fault(FaultCode.LOST, text, "Look at the object itself.")
    return Outcome(_S.CANCELED, text, fault)
