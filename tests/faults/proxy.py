"""A TCP proxy on loopback that makes one wire bad: slow, narrow, cut, silent or closed.

Both wires are TLS, so it works on bytes and never on contents; what servers say wrongly is made
wrong in the lab itself.
"""

import asyncio
import contextlib
import random
import threading
from collections.abc import Iterator
from dataclasses import dataclass

from console.lab.certificate import ServerCertificate

_PIECE = 16 * 1024


@dataclass(frozen=True)
class Mood:
    """What is done to a connection. The default does nothing."""

    name: str = "fine"
    delay_s: float = 0.0  # before each piece
    jitter_s: float = 0.0  # more of it, at random
    bytes_a_second: float = 0.0  # 0: as fast as it goes
    cut_after: int = -1  # reset after so many bytes from the server
    closed_after: int = -1  # closed in good order after so many: a truncated body
    is_black_hole: bool = False  # taken, and never answered
    is_half_open: bool = False  # the request arrives, the answer never does
    is_refused: bool = False
    is_garbage: bool = False  # random bytes in place of every answer
    has_other_certificate: bool = False  # a stranger answers in the server's place


FINE = Mood()
MOODS = (
    Mood("latency", delay_s=0.4, jitter_s=0.4),
    Mood("narrow", bytes_a_second=60_000),
    Mood("reset at once", cut_after=0),
    Mood("reset in a body", cut_after=3_000),
    Mood("truncated", closed_after=2_000),
    Mood("black hole", is_black_hole=True),
    Mood("half open", is_half_open=True),
    Mood("refused", is_refused=True),
    Mood("garbage", is_garbage=True),
    Mood("other certificate", has_other_certificate=True, cut_after=0),
)


class FaultProxy:
    """One way to one server. ``mood`` may be changed at any time and bears on what is open too."""

    def __init__(self, host: str, port: int, seed: int) -> None:
        self._target = host, port
        self._chance = random.Random(seed)
        self.mood = FINE
        self.port = 0
        self.connections = 0
        # What a client said to a stranger: it must have refused the certificate before.
        self.told_to_stranger = b""
        self._stranger = ServerCertificate().server_context()
        self._ready = threading.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._serve, name="fault-proxy", daemon=True)
        self._thread.start()
        self._ready.wait(10)

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    # -- in the proxy's own thread -------------------------------------------------------------
    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._run())
        self._loop.close()

    async def _run(self) -> None:
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stop.wait()
        server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        if self.mood.is_refused:
            writer.transport.abort()
            return
        if self.mood.has_other_certificate:
            with contextlib.suppress(OSError):
                await writer.start_tls(self._stranger)
                self.told_to_stranger += await reader.read(_PIECE)
            writer.transport.abort()
            return
        try:
            from_server, to_server = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            return
        try:
            up = asyncio.create_task(self._pump(reader, to_server, is_answer=False))
            down = asyncio.create_task(self._pump(from_server, writer, is_answer=True))
            await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
            for task in (up, down):
                task.cancel()
            await asyncio.gather(up, down, return_exceptions=True)
        finally:
            for end in (writer, to_server):
                with contextlib.suppress(OSError):
                    end.close()

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, is_answer: bool
    ) -> None:
        passed = 0
        while True:
            try:
                piece = await source.read(_PIECE)
            except OSError:
                return
            if not piece:
                return
            mood = self.mood
            await self._silence(is_answer)
            await self._hold_up(mood, len(piece))
            if is_answer and mood.is_garbage:
                piece = self._chance.randbytes(len(piece))
            if is_answer and mood.cut_after >= 0 and passed + len(piece) > mood.cut_after:
                sink.write(piece[: max(0, mood.cut_after - passed)])
                sink.transport.abort()
                return
            if is_answer and mood.closed_after >= 0 and passed + len(piece) > mood.closed_after:
                sink.write(piece[: max(0, mood.closed_after - passed)])
                return
            try:
                sink.write(piece)
                await sink.drain()
            except OSError:
                return
            passed += len(piece)

    async def _silence(self, is_answer: bool) -> None:
        while True:
            mood = self.mood
            if not (mood.is_black_hole or (mood.is_half_open and is_answer)):
                return
            await asyncio.sleep(0.1)

    async def _hold_up(self, mood: Mood, size: int) -> None:
        wait = mood.delay_s + mood.jitter_s * self._chance.random()
        if mood.bytes_a_second:
            wait += size / mood.bytes_a_second
        if wait:
            await asyncio.sleep(wait)


@contextlib.contextmanager
def proxies(targets: list[tuple[str, int]], seed: int) -> Iterator[list[FaultProxy]]:
    made = [FaultProxy(host, port, seed + at) for at, (host, port) in enumerate(targets)]
    try:
        yield made
    finally:
        for proxy in made:
            proxy.close()
