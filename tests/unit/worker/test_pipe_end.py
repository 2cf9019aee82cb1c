"""The worker's end of the pipe: nothing but frames goes out, heartbeats do not wait."""

import asyncio
import os
import subprocess
import sys

from console.channel import codec
from console.channel.frames import pack_frame, read_frame
from console.channel.messages import Close, Notice, OperationsListed, Ping, Pong, Refresh
from console.model.operation import OperationRecord, OperationState
from console.model.request import LiveMigrate
from console.worker.pipe_end import PipeEnd

_PRINTS = """
import os, sys
from console.worker.pipe_end import take_over_standard_streams
source, sink = take_over_standard_streams()
print("a library prints")
os.system("echo a child prints")
sink.write(source.read(5))
"""


def test_whatever_prints_goes_to_stderr() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PRINTS], input=b"frame", capture_output=True, check=True
    )
    assert done.stdout == b"frame"
    assert b"a library prints" in done.stderr
    assert b"a child prints" in done.stderr


class Pipes:
    """Both directions of a pipe and the worker's end on them."""

    def __init__(self) -> None:
        read_in, write_in = os.pipe()
        read_out, write_out = os.pipe()
        self.to_worker = os.fdopen(write_in, "wb", buffering=0)
        self.from_worker = os.fdopen(read_out, "rb", buffering=0)
        self.end = PipeEnd(os.fdopen(read_in, "rb"), os.fdopen(write_out, "wb"))

    async def hear(self) -> object:
        payload = await asyncio.to_thread(read_frame, self.from_worker)
        assert payload is not None
        return codec.decode_for_window(payload)

    def close(self) -> None:
        self.to_worker.close()
        self.end.close(1.0)
        self.from_worker.close()


async def test_messages_come_in_order_and_heartbeats_pass_them() -> None:
    pipes = Pipes()
    for message in (Refresh(), Ping(1), Close()):
        pipes.to_worker.write(pack_frame(codec.encode(message)))
    # Nobody has taken the first message yet, and the heartbeat is answered all the same.
    assert await pipes.hear() == Pong(1)
    pipes.to_worker.close()
    assert [message async for message in pipes.end.messages()] == [Refresh(), Close()]
    pipes.close()


async def test_garbage_from_the_window_ends_the_messages() -> None:
    pipes = Pipes()
    pipes.to_worker.write(pack_frame(codec.encode(Refresh())) + pack_frame(b"\xc1"))
    assert [message async for message in pipes.end.messages()] == [Refresh()]
    pipes.close()


async def test_what_cannot_be_written_is_said_instead() -> None:
    pipes = Pipes()
    move = LiveMigrate("vm", "\ud800", "N1", "N2")
    record = OperationRecord("op", move, "t", OperationState.QUEUED, 1.0)
    pipes.end.send(OperationsListed((record,)))
    said = await pipes.hear()
    assert isinstance(said, Notice)
    assert said.fault.detail == "OperationsListed"
    pipes.close()


async def test_congestion_is_told_while_the_window_does_not_read() -> None:
    pipes = Pipes()
    big = OperationsListed(
        tuple(
            OperationRecord(
                str(n), LiveMigrate("vm", "x" * 1000, "N1", "N2"), "t", OperationState.QUEUED, 1.0
            )
            for n in range(9000)
        )
    )
    pipes.end.send(big)
    assert pipes.end.is_congested()
    assert await pipes.hear() == big
    await asyncio.sleep(0.05)
    assert not pipes.end.is_congested()
    pipes.close()
