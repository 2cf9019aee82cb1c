"""One run of the worker process: its pipes, and the three threads that serve them."""

import contextlib
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence

from console.channel import codec
from console.channel.frames import ChannelBroken, pack_frame, read_frame
from console.channel.messages import Refused, ToWindow, ToWorker
from console.model.freshness import Fault, FaultCode

# A worker that lost its mind may print for ever: a line of its log is cut there.
_LOG_LINE_BYTES = 4096
_JOIN_S = 2.0

if sys.platform == "win32":
    _CREATION_FLAGS = subprocess.CREATE_NO_WINDOW | subprocess.BELOW_NORMAL_PRIORITY_CLASS
else:
    _CREATION_FLAGS = 0


class WorkerProcess:
    """Starts on construction (raises OSError); ``ended`` is set when no more messages will come.

    ``on_message`` is called in the reader thread, ``on_log`` in the thread that drains stderr.
    """

    def __init__(
        self,
        command: Sequence[str],
        on_message: Callable[[ToWindow], None],
        on_log: Callable[[str], None],
    ) -> None:
        self._on_message = on_message
        self._on_log = on_log
        self._outgoing: queue.SimpleQueue[ToWorker | None] = queue.SimpleQueue()
        self.ended = threading.Event()
        self.end_reason = ""
        self.last_heard = time.monotonic()
        # Secrets go through stdin only: arguments and environment can be read by others.
        self._process = subprocess.Popen(  # noqa: S603 - the command is ours, no shell
            list(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            creationflags=_CREATION_FLAGS,
        )
        self._threads = [
            threading.Thread(target=target, name=f"worker-{name}", daemon=True)
            for name, target in (
                ("reader", self._read),
                ("writer", self._write),
                ("log", self._drain_log),
            )
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def post(self, message: ToWorker) -> None:
        """Queue a message; never blocks. Lost if the process ends first: the link knows."""
        self._outgoing.put(message)

    def hang_up(self) -> None:
        """Close the worker's input once everything queued is written: it then leaves by itself."""
        self._outgoing.put(None)

    def wait(self, timeout: float) -> bool:
        """Whether the process is gone within ``timeout`` seconds."""
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return False
        return True

    def kill(self) -> None:
        """End it at once and wait until it is gone, so that its journal lock is free."""
        with contextlib.suppress(OSError):
            self._process.kill()
        self.wait(_JOIN_S)
        self.hang_up()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(_JOIN_S)

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as source:
            try:
                while (payload := read_frame(source)) is not None:
                    message = codec.decode_for_window(payload)
                    self.last_heard = time.monotonic()
                    self._on_message(message)
                self.end_reason = "the worker closed its output"
            except ChannelBroken as error:
                self.end_reason = str(error)
            except (OSError, ValueError) as error:
                self.end_reason = f"the pipe failed: {error}"
            finally:
                self.ended.set()

    def _write(self) -> None:
        assert self._process.stdin is not None
        sink = self._process.stdin
        try:
            while (message := self._outgoing.get()) is not None:
                try:
                    frame = pack_frame(codec.encode(message))
                except ChannelBroken as error:
                    self._refuse(message, error)
                    continue
                sink.write(frame)
                sink.flush()
        except (OSError, ValueError):
            pass  # the worker is gone; the reader sees the same and ends this run
        finally:
            with contextlib.suppress(OSError, ValueError):
                sink.close()

    def _refuse(self, message: ToWorker, error: ChannelBroken) -> None:
        """Say of a message that has no form on the pipe that it was not taken."""
        self._on_log(f"a message could not be sent: {error}")
        fault = Fault(
            FaultCode.REJECTED,
            "The request holds text that cannot be sent.",
            remedy="Remove unusual characters from names and tags and try again.",
            detail=str(error),
            at=time.time(),
        )
        self._on_message(Refused(getattr(message, "operation_id", ""), fault))

    def _drain_log(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as source, contextlib.suppress(OSError, ValueError):
            while line := source.readline(_LOG_LINE_BYTES):
                self._on_log(line.decode("utf-8", "replace").rstrip("\r\n"))
