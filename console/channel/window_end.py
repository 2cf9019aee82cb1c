"""The window's end of the pipe: keeps a worker running and nothing that was asked for is lost."""

import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence

from console.channel import chores
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
    GroupChanged,
    HistoryRead,
    MovesChecked,
    Open,
    OperationChanged,
    OperationsListed,
    Ping,
    Pong,
    ReadChanges,
    ReadHistory,
    Refused,
    SetAttention,
    StopGroup,
    Submit,
    SubmitGroup,
    ToWindow,
    ToWorker,
)
from console.channel.worker_process import WorkerProcess
from console.model.freshness import Fault, FaultCode
from console.model.operation import OperationRecord

WORKER_COMMAND = (sys.executable, "-m", "console", "worker")
_BACK_OFF_S = (0.2, 1.0, 2.0, 5.0)
# From this failure in a row on, the person is told that it does not go away by itself.
_KEEPS_FAILING = 3
# A run that lasted this long was healthy: the next failure counts as the first.
_STEADY_S = 30.0


class WorkerLink:
    """Starts, watches, respawns and stops the worker. Knows no Qt.

    ``on_message`` is called in a reader thread with every message but ``Pong``; ``on_down(fault,
    failures)`` in the supervising thread whenever a run of the worker ended unasked; ``on_log`` in
    any thread with each line the worker wrote on stderr. A worker that says nothing for
    ``frozen_after_s`` is killed. What was asked for and not yet answered is asked again of the next
    worker: operation ids make that safe.
    """

    def __init__(
        self,
        on_message: Callable[[ToWindow], None],
        on_down: Callable[[Fault, int], None],
        on_log: Callable[[str], None],
        *,
        command: Sequence[str] = WORKER_COMMAND,
        heartbeat_s: float = 1.0,
        frozen_after_s: float = 15.0,
        back_off_s: Sequence[float] = _BACK_OFF_S,
    ) -> None:
        self._on_message = on_message
        self._on_down = on_down
        self._on_log = on_log
        self._command = tuple(command)
        self._heartbeat_s = heartbeat_s
        self._frozen_after_s = frozen_after_s
        self._back_off_s = tuple(back_off_s)
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._opening: Open | None = None
        self._attention: SetAttention | None = None
        self._unanswered: dict[tuple[str, str], ToWorker] = {}
        self._process: WorkerProcess | None = None
        self._supervisor: threading.Thread | None = None

    def start(self, opening: Open | None = None) -> None:
        """Start the worker and have it open this connection, if any yet; returns at once."""
        if self._supervisor is not None:
            raise RuntimeError("a link is started once")
        self._opening = opening
        self._supervisor = threading.Thread(target=self._supervise, name="worker-link", daemon=True)
        self._supervisor.start()

    def open(self, opening: Open) -> None:
        """Have a worker that was started without a connection open this one."""
        with self._lock:
            self._opening = opening
            if self._process is not None:
                self._process.post(opening)

    def take_over(self, other: "WorkerLink") -> None:
        """Ask the worker to come for what this other link's worker did not answer."""
        with other._lock:
            waiting = dict(other._unanswered)
        with self._lock:
            self._unanswered = waiting | self._unanswered

    @property
    def worker_pid(self) -> int | None:
        """Process id of the present run, None between two runs."""
        process = self._process
        return process.pid if process is not None and not process.ended.is_set() else None

    def send(self, message: ToWorker) -> None:
        """Hand over a message, from any thread, without blocking."""
        with self._lock:
            match message:
                case Submit(operation_id=name) | Cancel(operation_id=name):
                    self._unanswered[(type(message).__name__, name)] = message
                case SubmitGroup(parts=parts):
                    for part in parts:
                        self._unanswered[("Submit", part.operation_id)] = message
                case CancelGroup(group_id=name) | StopGroup(group_id=name):
                    self._unanswered[(type(message).__name__, name)] = message
                case CheckRequest(token=name) | ReadHistory(token=name) | Export(token=name):
                    self._unanswered[("token", name)] = message
                case ReadChanges(token=name):
                    self._unanswered[("token", name)] = message
                case message if isinstance(message, chores.OfThePast):
                    self._unanswered[("token", message.token)] = message
                case chores.GiveUpChore(token=name):
                    self._unanswered.pop(("token", name), None)
                case CheckMoves():
                    # Only the newest is waited for.
                    self._unanswered[("CheckMoves", "")] = message
                case SetAttention():
                    self._attention = message
                case _:
                    pass
            if self._process is not None:
                self._process.post(message)

    def close(self, timeout: float = 3.0) -> None:
        """Ask the worker to leave and wait for it at most ``timeout`` seconds, then end it.

        Unfinished operations go on at the other end and are taken up again at the next start.
        """
        self._closing.set()
        deadline = time.monotonic() + timeout
        with self._lock:
            process, self._process = self._process, None
        if process is not None:
            process.post(Close())
            process.hang_up()
            process.wait(timeout)
            process.kill()
        if self._supervisor is not None:
            self._supervisor.join(max(0.1, deadline - time.monotonic()))

    def _supervise(self) -> None:
        failures = 0
        while not self._closing.is_set():
            began = time.monotonic()
            reason = self._run_once()
            if self._closing.is_set():
                return
            failures = 1 if time.monotonic() - began > _STEADY_S else failures + 1
            self._on_down(_fault_of(reason, failures), failures)
            delay = self._back_off_s[min(failures, len(self._back_off_s)) - 1]
            if self._closing.wait(delay):
                return

    def _run_once(self) -> str:
        """Run one worker to its end and say why it ended."""
        with self._lock:
            if self._closing.is_set():
                return ""
            try:
                process = WorkerProcess(self._command, self._receive, self._on_log)
            except OSError as error:
                return f"it could not be started: {error}"
            if self._opening is not None:
                process.post(self._opening)
            if self._attention is not None:
                process.post(self._attention)
            # A group stands once for each of its parts: it is sent once.
            for message in {id(message): message for message in self._unanswered.values()}.values():
                process.post(message)
            self._process = process
        reason = self._watch(process)
        with self._lock:
            if self._process is process:
                self._process = None
            # The next is not asked: a question may be what this one fell over. The window knows.
            for key, message in list(self._unanswered.items()):
                if isinstance(message, chores.OfThePast):
                    del self._unanswered[key]
        if not self._closing.is_set():
            process.kill()
        return reason

    def _watch(self, process: WorkerProcess) -> str:
        """Send heartbeats until the run ends or falls silent; why it is over."""
        number = 0
        looked = time.monotonic()
        while not process.ended.wait(self._heartbeat_s):
            now = time.monotonic()
            if now - looked > 3 * self._heartbeat_s + 1.0:
                # We were not running either (the machine slept): silence proves nothing.
                process.last_heard = now
            looked = now
            if now - process.last_heard > self._frozen_after_s and not self._closing.is_set():
                return f"it did not answer for {self._frozen_after_s:g} s"
            number += 1
            process.post(Ping(number))
        return process.end_reason

    def _receive(self, message: ToWindow) -> None:
        self._settle(message)
        if isinstance(message, Pong):
            return
        try:
            self._on_message(message)
        except Exception:  # whatever the window does with it, the pipe must go on
            self._on_log(traceback.format_exc())

    def _settle(self, message: ToWindow) -> None:
        """Strike out what this message answers."""
        with self._lock:
            match message:
                case OperationChanged(record=record):
                    self._settle_record(record)
                case OperationsListed(records=records):
                    for record in records:
                        self._settle_record(record)
                case Refused(operation_id=name):
                    self._unanswered.pop(("Submit", name), None)
                    self._unanswered.pop(("Cancel", name), None)
                    self._unanswered.pop(("CancelGroup", name), None)
                    self._unanswered.pop(("StopGroup", name), None)
                case GroupChanged(group=group):
                    if group.cancel_requested:
                        self._unanswered.pop(("CancelGroup", group.id), None)
                    if group.stop_requested:
                        self._unanswered.pop(("StopGroup", group.id), None)
                case MovesChecked(token=token):
                    asked = self._unanswered.get(("CheckMoves", ""))
                    if isinstance(asked, CheckMoves) and asked.token == token:
                        del self._unanswered[("CheckMoves", "")]
                case ChangesRead(token=token):
                    self._unanswered.pop(("token", token), None)
                case message if isinstance(message, chores.LAST):
                    self._unanswered.pop(("token", message.token), None)
                case Checked(token=token) | HistoryRead(token=token) | Exported(token=token):
                    self._unanswered.pop(("token", token), None)
                case _:
                    pass

    def _settle_record(self, record: OperationRecord) -> None:
        self._unanswered.pop(("Submit", record.id), None)
        if record.cancel_requested or record.is_over:
            self._unanswered.pop(("Cancel", record.id), None)


def _fault_of(reason: str, failures: int) -> Fault:
    again = "It is started again by itself."
    if failures >= _KEEPS_FAILING:
        again = (
            f"It failed {failures} times in a row and is still being tried. "
            "If this goes on, restart the console and look at its log."
        )
    return Fault(
        FaultCode.LOST,
        "The background process of the console stopped.",
        remedy=again,
        kept="Nothing asked for is lost: running operations go on and are looked at again.",
        detail=reason,
        at=time.time(),
    )
