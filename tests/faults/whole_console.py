"""The whole console, window and worker, as processes that are killed and started again."""

import contextlib
import enum
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import psutil

from console.channel.messages import (
    OperationChanged,
    Ready,
    Refused,
    Submit,
    SubmitGroup,
    ToWindow,
    ToWorker,
)
from console.model.freshness import Fault
from console.model.operation import OperationRecord
from console.model.request import Request
from tests.end_to_end.lab_process import REPOSITORY, Lab

_decoder: msgspec.json.Decoder[ToWindow | ToWorker] = msgspec.json.Decoder(ToWindow | ToWorker)
_LEAVES_WITHIN_S = 30.0


class Struck(enum.Enum):
    """Whom kill -9 hits."""

    BOTH = "window and worker"
    WINDOW = "the window alone"
    WORKER = "the worker alone"


class WholeConsole:
    """One console after the other on one state folder and one lab.

    ``asked`` is all that any of them was about to hand to its worker, ``records`` the newest that
    any window showed: those were acknowledged.
    """

    def __init__(self, lab: Lab, folder: Path, seed: int) -> None:
        self._lab, self._folder, self._seed = lab, folder, seed
        self.asked: dict[str, Request] = {}
        self.records: dict[str, OperationRecord] = {}
        self.refused: dict[str, Fault] = {}
        self.errors: list[str] = []  # what the windows wrote on standard error
        self.starts = 0
        self.is_up = False  # the present window's worker is there
        self._worker = 0
        self._changed = threading.Condition()
        self._process: subprocess.Popen[bytes] | None = None
        self._orphans: dict[int, float] = {}  # process group: since when (monotonic seconds)
        self._threads: list[threading.Thread] = []

    @property
    def is_running(self) -> bool:
        return self._process is not None

    def start(self) -> None:
        """A start as by a person: a new window process, which starts its own worker."""
        self._look_for_orphans()
        self.starts += 1
        self.is_up = False
        command = ["tests.faults.window_process", str(self._folder)]
        numbers = [str(self._seed * 1000 + self.starts), str(self.starts)]
        process = subprocess.Popen(
            [sys.executable, "-m", *command, *numbers],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=REPOSITORY,
            env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
            start_new_session=True,
        )
        assert process.stdin is not None
        process.stdin.write(json.dumps(self._lab.endpoints).encode() + b"\n")
        process.stdin.flush()
        self._process = process
        self._threads = [
            threading.Thread(target=reads, args=(process,), daemon=True)
            for reads in (self._listen, self._read_errors)
        ]
        for thread in self._threads:
            thread.start()

    def strike(self, whom: Struck) -> None:
        """kill -9. A window that was struck is gone, read to its end, when this returns."""
        process = self._process
        assert process is not None
        match whom:
            case Struck.WORKER:
                with contextlib.suppress(ProcessLookupError):
                    if self.is_up and self._worker:
                        self.is_up = False
                        os.kill(self._worker, signal.SIGKILL)
                return
            case Struck.BOTH:
                os.killpg(process.pid, signal.SIGKILL)
            case Struck.WINDOW:
                process.kill()
        process.wait()
        for thread in self._threads:
            # What it said before it died lies in the pipe: it was told, so it counts.
            thread.join()
        for stream in (process.stdin, process.stdout, process.stderr):
            assert stream is not None
            with contextlib.suppress(BrokenPipeError):
                stream.close()
        self._process = None
        # Not waited for: the next window may well start while the old worker is still leaving.
        self._orphans[process.pid] = time.monotonic()

    def until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait until ``condition`` holds, at most so long; whether it does."""
        with self._changed:
            return self._changed.wait_for(condition, seconds)

    def close(self) -> None:
        """End what runs, and see every process of it gone."""
        if self._process is not None:
            self.strike(Struck.BOTH)
        while self._orphans:
            self._look_for_orphans()
            time.sleep(0.05)

    def _look_for_orphans(self) -> None:
        """A worker whose window is gone leaves soon: one that stays is told, and killed."""
        for group, since in list(self._orphans.items()):
            try:
                os.killpg(group, 0)
            except ProcessLookupError:
                del self._orphans[group]
                continue
            if time.monotonic() - since > _LEAVES_WITHIN_S:
                left = ", ".join(_members(group)) or "nobody"
                text = f"a worker outlived its window by {_LEAVES_WITHIN_S:g} s: {left}"
                self.errors.append(text)
                os.killpg(group, signal.SIGKILL)

    def _listen(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdout is not None
        for line in process.stdout:
            if not line.endswith(b"\n"):
                return  # it died in the middle of a word
            with self._changed:
                self._take(_decoder.decode(line))
                self._changed.notify_all()

    def _read_errors(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stderr is not None
        text = process.stderr.read().decode(errors="replace")
        if "Traceback" in text:
            self.errors.append(text[-2000:])

    def _take(self, message: ToWindow | ToWorker) -> None:
        match message:
            case Submit(operation_id=name, request=request):
                self.asked[name] = request
            case SubmitGroup(parts=parts):
                self.asked.update((part.operation_id, part.request) for part in parts)
            case OperationChanged(record=record):
                self.records[record.id] = record
            case Refused(operation_id=name, fault=fault):
                self.refused[name] = fault
            case Ready(pid=pid):
                self.is_up, self._worker = True, pid
            case _:
                pass


def _members(group: int) -> Iterator[str]:
    """The processes of a group, with what they do: state, where in the kernel, threads."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if os.getpgid(process.pid) != group:
                continue
            where = Path(f"/proc/{process.pid}/wchan").read_text(encoding="utf-8")
            threads = process.num_threads()
            age = time.time() - process.create_time()
            yield f"{process.pid} {process.status()} in {where}, {threads} threads, {age:.0f} s old"


@contextlib.contextmanager
def whole_console_on(lab: Lab, folder: Path, seed: int) -> Iterator[WholeConsole]:
    console = WholeConsole(lab, folder, seed)
    try:
        yield console
    finally:
        console.close()
