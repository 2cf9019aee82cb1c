"""One pipeline: its thread, the way to stop it, and what a running command may do."""

import threading
import uuid
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from psrpcore.types import PSInvocationState

from console.lab.wsman_server.protocol_core import CommandRefused, LabPipeline, LabPool


class Stopped(Exception):  # noqa: N818 - control flow
    """The client asked for the pipeline to stop."""


class Cut(Exception):  # noqa: N818 - control flow
    """The act was done and its answer never leaves: whoever asks this shell is hung up on."""


class Context:
    """What a running command may do; every call ends it if a stop was asked for."""

    def __init__(self, pipe: "Pipe") -> None:
        self._pipe = pipe

    @property
    def inputs(self) -> list[Any]:
        """Pipeline input; waits until the client has sent all of it."""
        while not self._pipe.has_all_input.wait(0.1):
            self.demand_going_on()
        return self._pipe.inputs

    def output(self, value: Any) -> None:
        self._write(lambda core: core.write_output(value))

    def error(self, refusal: CommandRefused) -> None:
        """A non-terminating error: the command goes on."""
        record = refusal.record()
        self._write(
            lambda core: core.write_error(
                record.Exception,
                record.CategoryInfo,
                record.TargetObject,
                record.FullyQualifiedErrorId,
            )
        )

    def warning(self, text: str) -> None:
        self._write(lambda core: core.write_warning(text))

    def progress(self, activity: str, status: str, percent: int) -> None:
        self._write(lambda core: core.write_progress(activity, 1, status, percent_complete=percent))

    def sleep(self, seconds: float) -> None:
        if self._pipe.is_stopping.wait(seconds):
            raise Stopped

    def demand_going_on(self) -> None:
        if self._pipe.is_stopping.is_set():
            raise Stopped

    def _write(self, write: Callable[[LabPipeline], None]) -> None:
        self.demand_going_on()
        self._pipe.write(write)


class Runner(Protocol):
    """Executes a pipeline (psrpcore's PowerShell or GetMetadata); raises CommandRefused to fail."""

    def __call__(self, context: Context, pipeline: Any) -> None: ...


class Pipe:
    """A pipeline of a shell. ``outgoing`` is filled under the shell's lock by ``settle``."""

    def __init__(
        self,
        pool: LabPool,
        pipeline_id: uuid.UUID,
        command_id: uuid.UUID,
        runner: Runner,
        settle: Callable[[], None],
        cut: Callable[[], None],
    ) -> None:
        self.pipeline_id = pipeline_id
        self.id = command_id
        self.outgoing: deque[bytes] = deque()
        self.inputs: list[Any] = []
        self.has_all_input = threading.Event()
        self.is_stopping = threading.Event()
        self.is_over = False
        self._core = LabPipeline(pool, pipeline_id)
        self._runner = runner
        self._settle = settle
        self._cut = cut
        self._thread: threading.Thread | None = None
        self._lock: threading.Condition | None = None

    def begin(self, lock: threading.Condition) -> None:
        """All of the command has arrived."""
        self._lock = lock
        self._core.begin()
        if getattr(self._core.metadata, "no_input", True):
            self.has_all_input.set()
        self._thread = threading.Thread(target=self._run, name=f"pipeline {self.id}", daemon=True)
        self._thread.start()

    def take_input(self, value: Any) -> None:
        self.inputs.append(value)

    def end_input(self) -> None:
        self.has_all_input.set()

    def stop(self) -> None:
        self.is_stopping.set()

    def join(self, wait_s: float) -> None:
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(wait_s)

    def write(self, write: Callable[[LabPipeline], None]) -> None:
        """Queue a message; psrpcore's pool is not made for threads, so under the lock."""
        assert self._lock is not None
        with self._lock:
            write(self._core)
            self._settle()

    def _run(self) -> None:
        try:
            self._runner(Context(self), self._core.metadata)
            self._end(lambda core: core.complete())
        except Stopped:
            self._end(lambda core: core.stop())
        except Cut:
            self._cut()
        except CommandRefused as refusal:
            record = refusal.record()
            self._end(lambda core: core.fail(record))
        except Exception as error:
            # A fault of the lab itself is told as the node's own, so that a test sees it.
            broken = CommandRefused("RuntimeException", f"{type(error).__name__}: {error}")
            record = broken.record()
            self._end(lambda core: core.fail(record))

    def _end(self, change: Callable[[LabPipeline], None]) -> None:
        assert self._lock is not None
        with self._lock:
            try:
                if self._core.state is PSInvocationState.Running:
                    change(self._core)
            finally:
                # Over only together with its last message, or a Receive would miss that.
                self._settle()
                self.is_over = True
