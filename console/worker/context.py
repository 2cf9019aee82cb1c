"""What the runner lends an operation while it runs: reports, polling, cancel, deadlines."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec

from console.backends import Backend, BackendError, JobReport, JobState, RemoteJob
from console.backends.retry_budget import RetryBudget
from console.model.freshness import Fault, FaultCode
from console.model.inventory import Inventory
from console.model.operation import NO_PROGRESS, MoveProgress, OperationState, Progress
from console.operations.base import IS_WAITED_FOR, MAY_PASS, SentStep
from console.worker.clock import Clock, sleep_unless
from console.worker.journal_lines import Accepted, Noted, Progressed, Sending, StateEntered
from console.worker.operation_log import OperationLog
from console.worker.pace import Pace, jittered, nth

_CANCEL_TRIES = 3


class RunContext:
    """One run of one operation; implements ``console.operations.base.OperationContext``."""

    def __init__(
        self,
        log: OperationLog,
        backend: Backend,
        inventory: Inventory,
        secrets: Mapping[str, str],
        clock: Clock,
        pace: Pace,
        cancel_asked: asyncio.Event,
        refresh: Callable[[], Awaitable[None]],
        budget: RetryBudget,
    ) -> None:
        self._log = log
        self._backend = backend
        self._inventory = inventory
        self._secrets = secrets
        self._clock = clock
        self._pace = pace
        self._cancel_asked = cancel_asked
        self._refresh = refresh
        self._budget = budget
        # As this run found them: what it sends itself it knows without being told.
        self._sent = log.sent
        self._unsent_since: float | None = None
        self._unsent_tries = 0
        self._shown_at = -math.inf
        self._marked_at = -math.inf

    @property
    def operation_id(self) -> str:
        return self._log.record.id

    @property
    def backend(self) -> Backend:
        return self._backend

    @property
    def inventory(self) -> Inventory:
        return self._inventory

    @property
    def secrets(self) -> Mapping[str, str]:
        return self._secrets

    @property
    def cancel_requested(self) -> bool:
        return self._cancel_asked.is_set()

    @property
    def sent(self) -> Sequence[SentStep]:
        return self._sent

    def now(self) -> float:
        return self._clock.now()

    async def sleep(self, seconds: float) -> None:
        """Sleep; a cancel asked for meanwhile ends it (one asked for before does not)."""
        if self._cancel_asked.is_set():
            await self._clock.sleep(seconds)
        else:
            await sleep_unless(self._clock, seconds, self._cancel_asked)

    async def report(self, progress: Progress, detail: str = "") -> None:
        """Show progress; journal it when the phase is new, a detail is told, or time passed."""
        await self._log.ensure_running()
        at = self._clock.monotonic()
        known = self._log.record.progress
        progress = _never_back(progress, known)
        is_new = known is None or known.phase != progress.phase or bool(detail)
        if is_new or at - self._marked_at >= self._pace.mark_every:
            self._marked_at = self._shown_at = at
            await self._log.write(Progressed(progress, detail))
        elif at - self._shown_at >= self._pace.show_every:
            self._shown_at = at
            self._log.show_progress(progress)

    async def verifying(self, text: str) -> None:
        await self._log.write(StateEntered(OperationState.VERIFYING, text))

    async def sending(self, step: str, command: str, seen: str = "") -> None:
        """Raises JournalWriteError: then nothing may be sent."""
        await self._log.ensure_running()
        await self._log.must_write(Sending(step, command, seen))

    async def may_send_again(self, fault: Fault) -> bool:
        if self.cancel_requested or fault.code not in MAY_PASS | IS_WAITED_FOR:
            return False
        at = self._clock.monotonic()
        if self._unsent_since is None:
            self._unsent_since, self._unsent_tries = at, 0
            await self._log.write(Noted(f"Not sent yet: {fault.summary}", fault.detail))
        if at - self._unsent_since >= self._pace.wire_patience:
            return False
        delay = nth(self._pace.contact_back_off, self._unsent_tries)
        self._unsent_tries += 1
        if not self._budget.spend(is_time_out=fault.code is FaultCode.TIMED_OUT):
            delay = self._pace.contact_back_off[-1]
        await self.sleep(jittered(delay))
        return not self.cancel_requested

    async def accepted(self, step: str, token: str) -> None:
        self._unsent_since = None
        await self._log.write(Accepted(step, token))

    async def refresh(self) -> None:
        await self._refresh()

    async def follow(
        self, job: RemoteJob, *, low: float = 0.0, high: float = 1.0, phase: str = ""
    ) -> JobReport:
        await self._log.ensure_running()
        contact = _Contact(self._log, self._clock, self._pace, self._budget)
        movement = _Movement(self._log, self._clock, self._pace)
        cancel_tries = 0
        while True:
            if self.cancel_requested and job.can_cancel and cancel_tries < _CANCEL_TRIES:
                is_done = await self._forward_cancel(job)
                cancel_tries = _CANCEL_TRIES if is_done else cancel_tries + 1
            try:
                report = await job.poll()
            except BackendError as error:
                delay = await contact.failed(error)
            else:
                await contact.answered()
                if report.state is not JobState.RUNNING:
                    if report.news:
                        await self._log.write(Noted(f"{report.phase or phase}: {report.news}"))
                    return report
                await self.report(movement.progress(report, low, high, phase), report.news)
                await movement.watch()
                delay = self._delay(report.poll_after_s)
            await self.sleep(jittered(delay))

    async def _forward_cancel(self, job: RemoteJob) -> bool:
        try:
            await job.cancel()
        except BackendError as error:
            await self._log.write(Noted("The cancel did not get through", error.fault.summary))
            return False
        await self._log.write(Noted("The cancel was passed on"))
        return True

    def _delay(self, asked: float | None) -> float:
        """The server's wish within reason: a day, infinity and nonsense are cut."""
        if asked is None or math.isnan(asked):
            return self._pace.poll
        return min(max(asked, self._pace.poll_least), self._pace.poll_most)


class _Contact:
    """Counts how long the other end has not answered; says so, and gives up at the deadline.

    Tries soon only as long as the budget of all operations together allows it.
    """

    def __init__(self, log: OperationLog, clock: Clock, pace: Pace, budget: RetryBudget) -> None:
        self._log = log
        self._clock = clock
        self._pace = pace
        self._budget = budget
        self._lost_at: float | None = None
        self._failures = 0

    async def failed(self, error: BackendError) -> float:
        """The delay before the next try. Raises BackendError (LOST) after the deadline."""
        at = self._clock.monotonic()
        if self._lost_at is None:
            self._lost_at = at
            self._failures = 0
            await self._log.write(Noted(f"Contact lost: {error.fault.summary}", error.fault.detail))
        if at - self._lost_at >= self._pace.contact_lost_after:
            raise BackendError(
                Fault(
                    FaultCode.LOST,
                    "Contact was lost while this was going on.",
                    remedy="The console keeps looking and says what became of it.",
                    kept="It may have gone on without us: nothing is sent again before looking.",
                    detail=f"{error.fault.summary} {error.fault.detail}".strip(),
                    at=self._clock.now(),
                ),
                was_sent=True,
            ) from error
        delay = nth(self._pace.contact_back_off, self._failures)
        self._failures += 1
        if not self._budget.spend(is_time_out=error.fault.code is FaultCode.TIMED_OUT):
            return max(delay, self._pace.contact_back_off[-1])
        return delay

    async def answered(self) -> None:
        self._budget.answered(was_retried=self._lost_at is not None)
        if self._lost_at is not None:
            lasted = self._clock.monotonic() - self._lost_at
            self._lost_at = None
            await self._log.write(Noted(f"Contact again after {lasted:.0f} s"))


class _Movement:
    """Turns a job's reports into progress, estimates its end, and notices when it stands still."""

    def __init__(self, log: OperationLog, clock: Clock, pace: Pace) -> None:
        self._log = log
        self._clock = clock
        self._pace = pace
        self._first: tuple[float, float] | None = None
        self._seen: object = None
        self._moved_at = clock.monotonic()
        self._is_stalled = False
        self._copied: tuple[float, float] | None = None

    def progress(self, report: JobReport, low: float, high: float, phase: str) -> Progress:
        """The job's 0..1 mapped to low..high of the whole operation."""
        found = self._mapped(report, low, high, phase)
        return msgspec.structs.replace(found, move=self._with_rate(report.move), drain=report.drain)

    def _with_rate(self, move: MoveProgress | None) -> MoveProgress | None:
        """The same with what was copied a second since the last look."""
        if move is None or move.copied_mib is None:
            return move
        at, before = self._clock.monotonic(), self._copied
        self._copied = (at, move.copied_mib)
        if before is None or at <= before[0] or move.copied_mib <= before[1]:
            return move
        rate = (move.copied_mib - before[1]) / (at - before[0])
        return msgspec.structs.replace(move, rate_mib_s=rate)

    def _mapped(self, report: JobReport, low: float, high: float, phase: str) -> Progress:
        at = self._clock.monotonic()
        copied = report.move.copied_mib if report.move is not None else None
        seen = (report.phase, report.fraction, report.text, copied)
        if seen != self._seen:
            self._seen, self._moved_at = seen, at
        fraction = report.fraction
        if fraction is None:
            return Progress(report.phase or phase, None, report.text)
        fraction = min(max(fraction, 0.0), 1.0)
        if self._first is None or fraction < self._first[1]:
            self._first = (at, fraction)
        began, start = self._first
        remaining = None
        if high == 1.0 and fraction > start and at > began:
            remaining = (1.0 - fraction) * (at - began) / (fraction - start)
        return Progress(
            report.phase or phase, low + fraction * (high - low), report.text, remaining
        )

    async def watch(self) -> None:
        """Say once that nothing moves, and once that it moves again."""
        still = self._clock.monotonic() - self._moved_at
        if self._is_stalled and still < self._pace.stalled_after:
            self._is_stalled = False
            await self._log.write(Noted("Progress again"))
        if still >= self._pace.stalled_after and not self._is_stalled:
            self._is_stalled = True
            await self._log.write(
                Noted(
                    f"{NO_PROGRESS} {still:.0f} s: it is still being watched",
                    "The other end reports it as running. It can be canceled if it allows that.",
                )
            )


def _never_back(progress: Progress, known: Progress | None) -> Progress:
    """The same with a bar that stays where it was rather than run backwards or vanish."""
    before = known.fraction if known is not None else None
    if before is None or (progress.fraction is not None and progress.fraction >= before):
        return progress
    return msgspec.structs.replace(progress, fraction=before)
