"""The worker's end of the pipe: stdin and stdout as frames, with a thread for each direction."""

import asyncio
import contextlib
import logging
import os
import queue
import sys
import threading
from collections.abc import AsyncIterator, Callable
from typing import BinaryIO

from console.channel import codec
from console.channel.frames import ChannelBroken, pack_frame, read_frame
from console.channel.messages import Notice, Ping, Pong, ToWindow, ToWorker
from console.model.freshness import Fault, FaultCode

_log = logging.getLogger(__name__)
# With this much unread by the window, changes are gathered instead of queued.
_CONGESTED_BYTES = 8 * 1024 * 1024


def take_over_standard_streams() -> tuple[BinaryIO, BinaryIO]:
    """Binary input and output of the pipe; whatever else prints goes to stderr from here on."""
    source = os.fdopen(os.dup(sys.stdin.fileno()), "rb")
    sink = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    # Libraries print: on descriptor 1 that would be garbage between two frames.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    sys.stdout = sys.stderr
    return source, sink


class PipeEnd:
    """Messages of the window come out of ``messages``; ``send`` never blocks the loop."""

    def __init__(
        self, source: BinaryIO, sink: BinaryIO, on_hang_up: Callable[[], None] = lambda: None
    ) -> None:
        """``on_hang_up`` is called once the window is gone, in a thread and maybe twice."""
        self._source = source
        self._sink = sink
        self._on_hang_up = on_hang_up
        self._loop = asyncio.get_running_loop()
        self._incoming: asyncio.Queue[ToWorker | None] = asyncio.Queue()
        self._outgoing: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._unwritten = 0
        self._count = threading.Lock()
        self._writer = threading.Thread(target=self._write, name="pipe-writer", daemon=True)
        self._writer.start()
        threading.Thread(target=self._read, name="pipe-reader", daemon=True).start()

    async def messages(self) -> AsyncIterator[ToWorker]:
        """What the window says, until it hangs up or says what is no message."""
        while (message := await self._incoming.get()) is not None:
            yield message

    def send(self, message: ToWindow) -> None:
        """Queue a message for the window."""
        try:
            frame = pack_frame(codec.encode(message))
        except ChannelBroken as error:
            _log.error("a message could not be sent: %s", error)
            frame = pack_frame(codec.encode(Notice(_unsendable(type(message).__name__))))
        with self._count:
            self._unwritten += len(frame)
        self._outgoing.put(frame)

    def is_congested(self) -> bool:
        return self._unwritten > _CONGESTED_BYTES

    def close(self, timeout: float) -> None:
        """Write what is queued, at most ``timeout`` seconds long."""
        self._outgoing.put(None)
        self._writer.join(timeout)

    def _read(self) -> None:
        try:
            while (payload := read_frame(self._source)) is not None:
                self._deliver(codec.decode_for_worker(payload))
        except (ChannelBroken, OSError, ValueError) as error:
            _log.error("the window's end of the pipe broke: %s", error)
        finally:
            self._on_hang_up()
            self._deliver(None)
            with contextlib.suppress(OSError):
                self._source.close()

    def _deliver(self, message: ToWorker | None) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: the worker is leaving
            self._loop.call_soon_threadsafe(self._take, message)

    def _take(self, message: ToWorker | None) -> None:
        """On the loop. A heartbeat asks whether the loop turns: it does not wait in the queue."""
        if isinstance(message, Ping):
            self.send(Pong(message.number))
        else:
            self._incoming.put_nowait(message)

    def _write(self) -> None:
        try:
            while (frame := self._outgoing.get()) is not None:
                self._sink.write(frame)
                self._sink.flush()
                with self._count:
                    self._unwritten -= len(frame)
        except (OSError, ValueError):
            self._on_hang_up()
            self._deliver(None)  # nobody reads any more: leave
        finally:
            with contextlib.suppress(OSError):
                self._sink.close()


def _unsendable(what: str) -> Fault:
    return Fault(
        FaultCode.MALFORMED,
        "Something that was read cannot be shown: it holds text without a written form.",
        remedy="Look for an object with unusual characters in its name.",
        detail=what,
    )
