"""Joins journal, runner and watcher behind the window's messages. Knows no pipe and no wire."""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from console.backends import Backend, BackendError
from console.backends.fleet import FleetSource
from console.channel import chores, stored_fleet, stored_snapshot
from console.channel.messages import (
    Cancel,
    CancelGroup,
    ChangesRead,
    Checked,
    CheckMoves,
    CheckRequest,
    Close,
    Export,
    Exported,
    ForeignMovesSeen,
    HistoryRead,
    Notice,
    Open,
    OperationChanged,
    OperationsListed,
    Ping,
    Pong,
    ReadChanges,
    ReadHistory,
    Ready,
    Refresh,
    Refused,
    Reorder,
    SetAttention,
    StopGroup,
    Submit,
    SubmitGroup,
    ToWindow,
    ToWorker,
)
from console.model.finding import Finding, Severity
from console.model.freshness import Fault, FaultCode
from console.model.inventory import Inventory
from console.model.operation import OperationRecord
from console.model.request import Request
from console.operations.base import Operation
from console.worker import archive, fleet_answers, helpdesk_gate
from console.worker.clock import Clock
from console.worker.fleet_past import FleetPast
from console.worker.fleet_watch import FleetWatch
from console.worker.foreign_moves import ForeignMoves
from console.worker.intervals import Demand, demand_of
from console.worker.journal import Journal, JournalRefusedError
from console.worker.journal_lines import fold, fold_group
from console.worker.kept_secrets import KeepsSecrets
from console.worker.live_moves import LiveMoves
from console.worker.pace import Pace, nth
from console.worker.past import Past, read_moment
from console.worker.performance import read_performance
from console.worker.redaction import Redaction
from console.worker.retention import Bound
from console.worker.runner import Runner
from console.worker.running import RunChecks
from console.worker.watcher import Watcher

_log = logging.getLogger(__name__)
# A person who just acted looks closely for this long.
_ACTED_S = 10.0
_BACKEND_BACK_OFF_S = (1.0, 2.0, 5.0, 10.0, 30.0)
_BACKEND_CLOSE_S = 2.0
_LOOK_AFTER_EVERY_S = 60.0


class Engine:
    """One worker's life: ``handle`` messages in order, then ``close``."""

    def __init__(
        self,
        *,
        send: Callable[[ToWindow], None],
        is_congested: Callable[[], bool],
        open_backend: Callable[[Open], Awaitable[Backend]],
        credentials: KeepsSecrets,
        operation_for: Callable[[Request], Operation[Any]],
        run_checks: RunChecks,
        clock: Clock,
        redaction: Redaction,
        pace: Pace | None = None,
        bound: Bound | None = None,
        open_fleet: Callable[[Open], Awaitable[FleetSource]] | None = None,
    ) -> None:
        self._send = send
        self._is_congested = is_congested
        self._open_backend = open_backend
        self._open_fleet = open_fleet
        self._fleet: FleetWatch | None = None
        self._fleet_is_open = asyncio.Event()  # or will not be
        self._credentials = credentials
        self._operation_for = operation_for
        self._run_checks = run_checks
        self._clock = clock
        self._redaction = redaction
        self._pace = pace or Pace()
        self._bound = bound or Bound()
        self._is_visible = True
        self._is_helpdesk = False
        self._acted_at = float("-inf")
        self._journal: Journal | None = None
        self._runner: Runner | None = None
        self._watcher: Watcher | None = None
        self._past: Past | None = None
        self._fleet_past: FleetPast | None = None
        self._live_moves: LiveMoves | None = None
        self._refusal: Fault | None = None
        self._folder = Path()
        self._connection_id = ""
        self._backend: asyncio.Future[Backend] = asyncio.get_running_loop().create_future()
        self._tasks: set[asyncio.Task[None]] = set()

    async def handle(self, message: ToWorker) -> None:
        """Act on one message. Answers and everything later come through ``send``."""
        if self._is_helpdesk:
            names = helpdesk_gate.refused(message, self._unfinished())
            for name in names:
                self._refuse(name, helpdesk_gate.fault(self._clock.now()))
            if names:
                return
        match message:
            case Ping(number=number):
                self._send(Pong(number))
            case Open():
                await self._open(message)
            case Submit():
                await self._submit(message)
            case SubmitGroup():
                await self._submit_group(message)
            case Cancel(operation_id=name):
                await self._cancel(name)
            case CancelGroup(group_id=name):
                await self._cancel_group(name)
            case StopGroup() | Reorder():
                await self._arrange(message)
            case ReadHistory():
                self._spawn(self._read_history(message))
            case ReadChanges():
                self._spawn(self._read_changes(message))
            case chores.ReadMoment():
                self._spawn(self._read_moment(message))
            case chores.ReadFleetMoment() | chores.ReadFleetChanges() | chores.CompareFleet():
                self._spawn(self._answer_of_fleet(message))
            case chores.ReadPerformance():
                self._spawn(self._read_performance(message))
            case Export():
                self._spawn(self._export(message))
            case Refresh():
                self._acted()
                if self._watcher is not None:
                    self._spawn(self._watcher.refresh())
                if self._fleet is not None:
                    self._fleet.refresh()
            case SetAttention(is_visible=is_visible):
                self._is_visible = is_visible
                self._reconsider()
                if self._fleet is not None:
                    self._fleet.reconsider()
            case CheckRequest():
                self._spawn(self._check(message))
            case CheckMoves():
                if self._live_moves is not None:
                    self._spawn(self._live_moves.ask(message))
            case Close():
                return

    async def close(self) -> None:
        """Finish what is on its way to disk; operations go on at the next start."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._live_moves is not None:
            await self._live_moves.close()
        if self._watcher is not None:
            await self._watcher.close()
        for past in (self._past, self._fleet_past):
            if past is not None:
                await asyncio.to_thread(past.close)
        if self._runner is not None:
            await self._runner.close()
        if self._journal is not None:
            await self._journal.close()
        if self._backend.done():
            try:
                async with asyncio.timeout(_BACKEND_CLOSE_S):
                    await self._backend.result().close()
            except (TimeoutError, BackendError, OSError):
                _log.warning("the wires did not close in time")
        else:
            self._backend.cancel()

    # -- opening -------------------------------------------------------------------------------
    async def _open(self, opening: Open) -> None:
        if self._watcher is not None:
            self._refuse("", _fault("A connection is open already.", "Close this one first."))
            return
        self._is_helpdesk = opening.is_helpdesk
        folder = self._folder = Path(opening.state_folder)
        self._connection_id = opening.profile.id
        self._redaction.learn(opening.secrets.values())
        inventory = Inventory()
        past = self._past = Past(folder, opening.profile.id, self._clock.now)
        watcher = self._watcher = Watcher(
            inventory=inventory,
            clock=self._clock,
            demand=self._demand,
            send=self._send,
            is_congested=self._is_congested,
            clean=self._redaction.of_snapshot,
            is_shown=stored_snapshot.path_for(folder, opening.profile.id).exists(),
            store=past.with_store(
                lambda snapshot: stored_snapshot.save(folder, opening.profile.id, snapshot)
            ),
            look=ForeignMoves(
                self._unfinished, self._clock, lambda moves: self._send(ForeignMovesSeen(moves))
            ).look,
        )
        self._live_moves = LiveMoves(
            backend=self._backend,
            inventory=inventory,
            unfinished=self._unfinished,
            clock=self._clock,
            send=self._send,
            clean=self._redaction.of_findings,
            at_most_s=self._pace.live_look_at_most,
        )
        try:
            self._journal, faults = await Journal.open(folder)
        except JournalRefusedError as error:
            self._refusal, faults = error.fault, (error.fault,)
        else:
            self._runner = self._make_runner(opening, self._journal, inventory, watcher)
        self._send(Ready(os.getpid()))
        for fault in faults:
            self._send(Notice(fault))
        self._send(
            await self._runner.recover() if self._runner is not None else OperationsListed(())
        )
        self._spawn(self._connect(opening, watcher))
        if opening.profile.fleet is not None and self._open_fleet is not None:
            self._spawn(self._watch_fleet(opening, self._open_fleet))
        else:
            self._fleet_is_open.set()
        if self._journal is not None:
            self._spawn(self._look_after(self._journal))

    def _make_runner(
        self, opening: Open, journal: Journal, inventory: Inventory, watcher: Watcher
    ) -> Runner:
        return Runner(
            connection_id=opening.profile.id,
            actor=opening.actor,
            journal=journal,
            backend=self._backend,
            inventory=inventory,
            clock=self._clock,
            pace=self._pace,
            credentials=self._credentials,
            redaction=self._redaction,
            operation_for=self._operation_for,
            run_checks=self._run_checks,
            refresh=watcher.refresh,
            freshen=watcher.freshen,
            send=self._tell,
        )

    async def _connect(self, opening: Open, watcher: Watcher) -> None:
        """Build the wires; until that works, say why it does not and try again."""
        attempt = 0
        while True:
            try:
                backend = await self._open_backend(opening)
            except Exception as error:  # a bad profile must be shown, not end the worker
                _log.exception("the wires could not be built")
                watcher.show_fault(self._not_connected(error))
            else:
                break
            await self._clock.sleep(nth(_BACKEND_BACK_OFF_S, attempt))
            attempt += 1
        self._backend.set_result(backend)
        watcher.start(backend.read_snapshot)

    async def _watch_fleet(
        self, opening: Open, open_fleet: Callable[[Open], Awaitable[FleetSource]]
    ) -> None:
        """Read the fleet until the worker leaves. Its journal and its runner know nothing of it."""
        scope = opening.profile.fleet
        assert scope is not None
        folder, connection_id = Path(opening.state_folder), scope.id
        self._fleet_past = FleetPast(folder, connection_id, self._clock.now)
        stored = await asyncio.to_thread(stored_fleet.load, folder, connection_id)
        try:
            source = await open_fleet(opening)
        except Exception as error:  # whatever it is, it is told, and nobody waits for it
            _log.exception("the fleet could not be opened")
            self._send(Notice(fleet_answers.not_opened(error, self._redaction)))
            self._fleet_is_open.set()
            return
        self._fleet = FleetWatch(
            source=source,
            clock=self._clock,
            send=self._send,
            is_congested=self._is_congested,
            is_visible=lambda: self._is_visible,
            save=lambda snapshot: stored_fleet.save(folder, connection_id, snapshot),
            clean=lambda fault: self._redaction.of_fault(fault) or fault,
            stored=stored,
            clean_word=self._redaction,
            past=self._fleet_past,
        )
        self._fleet_is_open.set()
        try:
            await self._fleet.run()
        finally:
            await source.close()

    def _not_connected(self, error: Exception) -> Fault:
        if isinstance(error, BackendError):
            fault = self._redaction.of_fault(error.fault)
            assert fault is not None
            return fault
        return Fault(
            FaultCode.REJECTED,
            "The connection could not be set up.",
            remedy="Look at the connection's settings; it is tried again by itself.",
            detail=self._redaction(f"{type(error).__name__}: {error}"),
            at=self._clock.now(),
        )

    # -- acting --------------------------------------------------------------------------------
    async def _submit(self, message: Submit) -> None:
        self._acted()
        if self._runner is None:
            self._refuse(message.operation_id, self._refusal or _not_open())
        else:
            await self._runner.submit(message)

    async def _cancel(self, operation_id: str) -> None:
        self._acted()
        if self._runner is None:
            self._refuse(operation_id, self._refusal or _not_open())
        else:
            await self._runner.cancel(operation_id)

    async def _submit_group(self, message: SubmitGroup) -> None:
        self._acted()
        if self._runner is None:
            for part in message.parts:
                self._refuse(part.operation_id, self._refusal or _not_open())
        else:
            await self._runner.submit_group(message)

    async def _cancel_group(self, group_id: str) -> None:
        self._acted()
        if self._runner is None:
            self._refuse(group_id, self._refusal or _not_open())
        else:
            await self._runner.cancel_group(group_id)

    async def _arrange(self, message: StopGroup | Reorder) -> None:
        self._acted()
        if isinstance(message, StopGroup):
            if self._runner is None:
                self._refuse(message.group_id, self._refusal or _not_open())
            else:
                await self._runner.stop_group(message.group_id)
        elif self._runner is None:
            self._refuse(message.operation_id, self._refusal or _not_open())
        else:
            await self._runner.reorder(message)

    # -- history -------------------------------------------------------------------------------
    async def _read_changes(self, message: ReadChanges) -> None:
        if self._past is None:
            self._send(ChangesRead(message.token, ()))
            return
        span = (message.subject, message.since, message.until, message.count)
        found, back_to = await asyncio.to_thread(self._past.changes, *span)
        self._send(ChangesRead(message.token, found, back_to))

    async def _read_moment(self, message: chores.ReadMoment) -> None:
        moment, fault = await read_moment(self._past, message.at)
        self._send(chores.MomentRead(message.token, moment, fault))

    async def _answer_of_fleet(self, message: fleet_answers.Question) -> None:
        await self._fleet_is_open.wait()
        self._send(await fleet_answers.answer(self._fleet, self._fleet_past, message))

    async def _read_performance(self, message: chores.ReadPerformance) -> None:
        self._send(await read_performance(message, self._backend, self._redaction))

    async def _read_history(self, message: ReadHistory) -> None:
        if self._journal is None:
            self._send(HistoryRead(message.token, ()))
            return
        found = await self._journal.newest(self._connection_id, message.count, message.before)
        records = tuple(record for record in map(fold, found.operations) if record)
        groups = tuple(group for group in map(fold_group, found.groups) if group)
        self._send(HistoryRead(message.token, records, groups, found.back_to))

    async def _export(self, message: Export) -> None:
        if self._journal is None:
            self._send(Exported(message.token, message.path, fault=self._refusal or _not_open()))
            return
        self._send(
            await asyncio.to_thread(archive.export, self._folder, self._connection_id, message)
        )

    async def _look_after(self, journal: Journal) -> None:
        """Keep the journal to its bound, and its newest audit entry remembered elsewhere."""
        anchored: tuple[int, str] | None = None
        while True:
            await journal.prune(self._bound, self._clock.now)
            anchor = await journal.anchor()
            if anchor != anchored:
                await asyncio.to_thread(self._credentials.keep_anchor, str(self._folder), *anchor)
                anchored = anchor
            await self._clock.sleep(_LOOK_AFTER_EVERY_S)

    async def _check(self, message: CheckRequest) -> None:
        """Every check of a request, against readings made now."""
        watcher = self._watcher
        if watcher is None:
            return
        try:
            operation = self._operation_for(message.request)
            async with asyncio.timeout(self._pace.refresh_at_most):
                backend = await asyncio.shield(self._backend)
                await watcher.freshen()
                findings = await self._run_checks(
                    operation.checks,
                    message.request,
                    watcher.inventory,
                    backend,
                    self._clock.now(),
                )
        except TimeoutError:
            findings = (_unknown("The checks did not come to an end in time."),)
        except BackendError as error:
            findings = (_unknown(error.fault.summary, error.fault.detail),)
        except Exception as error:  # a check's bug is an answer too: never a green light
            _log.exception("checks failed")
            findings = (_unknown("A check failed inside the console.", repr(error)),)
        self._send(Checked(message.token, self._redaction.of_findings(findings)))

    def _tell(self, message: ToWindow) -> None:
        """What the runner says; a change of an operation also changes what is due."""
        self._send(message)
        if isinstance(message, OperationChanged):
            if message.record.is_over:
                self._acted_at = self._clock.monotonic()
            self._reconsider()

    def _acted(self) -> None:
        self._acted_at = self._clock.monotonic()
        self._reconsider()

    def _reconsider(self) -> None:
        if self._watcher is not None:
            self._watcher.reconsider()

    def _unfinished(self) -> tuple[OperationRecord, ...]:
        return self._runner.unfinished if self._runner is not None else ()

    def _demand(self) -> Demand:
        just_acted = self._clock.monotonic() - self._acted_at < _ACTED_S
        records = self._unfinished()
        vms = len(self._watcher.inventory.vms) if self._watcher is not None else 0
        return demand_of(records, is_visible=self._is_visible, just_acted=just_acted, vms=vms)

    def _refuse(self, operation_id: str, fault: Fault) -> None:
        self._send(Refused(operation_id, fault))

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _unknown(text: str, evidence: str = "") -> Finding:
    return Finding("worker", Severity.UNKNOWN, text, remedy="Try again.", evidence=evidence)


def _fault(summary: str, remedy: str) -> Fault:
    return Fault(FaultCode.REJECTED, summary, remedy=remedy, kept="Nothing was sent.")


def _not_open() -> Fault:
    return _fault("No connection is open yet.", "Open a connection first.")
