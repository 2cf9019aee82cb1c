"""Runspace pools and pipelines behind shells: psrpcore's server state machine, queues, threads.

Framing follows what real servers were seen to send: 32,747 data bytes a fragment, a byte-order
mark before each message's XML, the pool's state in a Receive of its own, no Running state.
"""

import base64
import threading
import time
import uuid
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from psrpcore import (
    CreatePipelineEvent,
    EndOfPipelineInputEvent,
    GetCommandMetadataEvent,
    PipelineInputEvent,
    PSRPPayload,
    ServerPipeline,
    ServerRunspacePool,
    StreamType,
)
from psrpcore.types import PSInvocationState, PSRPMessageType, PSVersion

from console.lab.wsman_server.engine import (
    Call,
    Engine,
    RefusedError,
    RunContext,
    StoppedError,
    error_record,
)

_FRAGMENT_DATA = 32_747
_HEADER = 40
_BOM = b"\xef\xbb\xbf"
_POWERSHELL_VERSION = "5.1.26100.1742"
_STOP_PATIENCE_S = 5.0


@dataclass
class Outgoing:
    """A message ready to leave, as fragments with their 21-byte headers."""

    kind: PSRPMessageType
    fragments: deque[bytes]


@dataclass
class Pipe:
    """One pipeline, its thread and what it still has to send."""

    pipeline: ServerPipeline
    context: RunContext
    outgoing: deque[Outgoing] = field(default_factory=deque)
    inputs: list[Any] = field(default_factory=list)
    thread: threading.Thread | None = None
    is_over: bool = False
    is_reported: bool = False  # Done was delivered: the command no longer exists


class Shell:
    """One shell: a runspace pool of one user. Every method may be called from any thread."""

    def __init__(self, shell_id: str, owner: str, resource_uri: str, engine: Engine) -> None:
        self.id, self.owner, self.resource_uri = shell_id, owner, resource_uri
        self.idle_timeout = "PT7200.000S"
        self.is_connected = True
        self.used_at = time.monotonic()
        self._engine = engine
        self._changed = threading.Condition(threading.RLock())
        self._pool = ServerRunspacePool(
            application_private_data={
                "PSVersionTable": {"PSVersion": PSVersion(_POWERSHELL_VERSION)},
            }
        )
        self._outgoing: deque[Outgoing] = deque()
        self.pipes: dict[uuid.UUID, Pipe] = {}

    # -- in ------------------------------------------------------------------------------------
    def feed(self, data: bytes, command_id: uuid.UUID | None = None) -> None:
        """Fragments of the client, of the pool or of a command."""
        with self._changed:
            if command_id is not None and command_id not in self.pipes:
                pipeline = ServerPipeline(self._pool, command_id)
                context = RunContext(pipeline, self._flush)
                self.pipes[command_id] = Pipe(pipeline, context)
            # psrpcore reads this property's name by case; clients write it as Windows takes it.
            data = data.replace(b'N="CI"', b'N="ci"')
            self._pool.receive_data(PSRPPayload(data, StreamType.default, command_id))
            while (event := self._pool.next_event()) is not None:
                self._on_event(event)
            self._flush()

    def connect(self, data: bytes) -> bytes:
        """Another client takes the pool over: its capability and the pool's limits, at once."""
        with self._changed:
            self._outgoing.clear()
            if self._pool.state.name == "Opened":
                self._pool.disconnect()
            self._pool.connect()
            self._pool.prepare_message(self._pool.our_capability)
            self._pool.receive_data(PSRPPayload(data, StreamType.default, None))
            while self._pool.next_event() is not None:
                pass
            self._flush()
            self.is_connected = True
            now = [self._outgoing.popleft() for _ in range(min(2, len(self._outgoing)))]
            return b"".join(part for message in now for part in message.fragments)

    def disconnect(self) -> None:
        with self._changed:
            self.is_connected = False
            if self._pool.state.name == "Opened":
                self._pool.disconnect()

    def reconnect(self) -> None:
        with self._changed:
            self.is_connected = True
            if self._pool.state.name == "Disconnected":
                self._pool.reconnect()
                # The client knows: Windows sends no state message for it.
                self._pool._send_buffer.clear()

    def _on_event(self, event: Any) -> None:
        if isinstance(event, CreatePipelineEvent):
            pipe = self.pipes[event.pipeline_id]
            if event.pipeline.no_input:
                self._start(pipe)
        elif isinstance(event, PipelineInputEvent):
            self.pipes[event.pipeline_id].inputs.append(event.data)
        elif isinstance(event, EndOfPipelineInputEvent) or isinstance(
            event, GetCommandMetadataEvent
        ):
            self._start(self.pipes[event.pipeline_id])
        elif getattr(event, "ci", None) is not None:
            self._pool.runspace_availability_response(event.ci, True)

    def _start(self, pipe: Pipe) -> None:
        pipe.pipeline.start()
        # Windows sends no state when a pipeline starts.
        self._pool._send_buffer.pop()
        pipe.thread = threading.Thread(
            target=self._run, args=(pipe,), name="lab pipeline", daemon=True
        )
        pipe.thread.start()

    # -- a pipeline's thread -------------------------------------------------------------------
    def _run(self, pipe: Pipe) -> None:
        pipeline = pipe.pipeline
        outputs: list[Any] = []
        refused: RefusedError | None = None
        is_stopped = False
        try:
            for call in _calls(pipeline.metadata):
                outputs += self._engine.run(pipe.context, call, pipe.inputs)
        except StoppedError:
            is_stopped = True
        except RefusedError as error:
            refused = error
        with self._changed:
            if is_stopped or pipe.context.stop_asked.is_set():
                pipeline.stop()
            else:
                for output in outputs:
                    pipeline.write_output(output)
                if refused is not None:
                    record = error_record(refused)
                    pipeline._change_state(PSInvocationState.Failed, error=record)
                else:
                    pipeline.complete()
            pipe.is_over = True
            self._flush()

    def stop(self, command_id: uuid.UUID, *, forget: bool) -> bool:
        """Stop a command, wait for its end; False if there is none of that id."""
        with self._changed:
            pipe = self.pipes.get(command_id)
            if pipe is None:
                return False
            if not pipe.is_over:
                pipe.context.stop_asked.set()
            thread = pipe.thread
        if thread is not None:
            thread.join(_STOP_PATIENCE_S)
        if forget:
            with self._changed:
                self.pipes.pop(command_id, None)
                if pipe.is_over:
                    pipe.pipeline.close()
        return True

    def close(self) -> None:
        """Stop everything in it."""
        for command_id in list(self.pipes):
            self.stop(command_id, forget=True)

    # -- out -----------------------------------------------------------------------------------
    def _flush(self) -> None:
        """Take what the state machine queued apart, message by message."""
        with self._changed:
            buffer = self._pool._send_buffer
            for message in buffer:
                if len(message) > _HEADER:
                    message._data[_HEADER:_HEADER] = _BOM
                fragments: deque[bytes] = deque()
                while len(message):
                    part = message.fragment(_FRAGMENT_DATA)
                    fragments.append(_fragment_bytes(part))
                out = Outgoing(message.message_type, fragments)
                pipe = self.pipes.get(message.pipeline_id) if message.pipeline_id else None
                (self._outgoing if pipe is None else pipe.outgoing).append(out)
            buffer.clear()
            self._changed.notify_all()

    def receive(
        self, command_id: uuid.UUID | None, timeout: float, room: int
    ) -> tuple[list[str], bool] | None:
        """Base64 fragments that fit into ``room`` bytes, and whether the command is done.

        Waits up to ``timeout`` seconds; None if nothing came. KeyError if there is no such command.
        """
        deadline = time.monotonic() + timeout
        with self._changed:
            while True:
                pipe = None if command_id is None else self.pipes[command_id]
                if pipe is not None and pipe.is_reported:
                    raise KeyError(command_id)
                queue = self._outgoing if pipe is None else pipe.outgoing
                if queue or (pipe is not None and pipe.is_over):
                    break
                left = deadline - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    return None
            taken = _take(queue, room)
            is_done = pipe is not None and pipe.is_over and not queue
            if is_done and pipe is not None:
                pipe.is_reported = True
            return taken, is_done


def _take(queue: deque[Outgoing], room: int) -> list[str]:
    """As many fragments as fit; the pool's state never travels with other messages."""
    taken: list[str] = []
    while queue:
        message = queue[0]
        if message.kind is PSRPMessageType.RunspacePoolState and taken:
            break
        while message.fragments:
            text = base64.b64encode(message.fragments[0]).decode()
            if taken and room < len(text):
                return taken
            room -= len(text)
            taken.append(text)
            message.fragments.popleft()
        queue.popleft()
        if message.kind is PSRPMessageType.RunspacePoolState:
            break
    return taken


def _fragment_bytes(part: Any) -> bytes:
    flags = (1 if part.start else 0) | (2 if part.end else 0)
    head = part.object_id.to_bytes(8, "big") + part.fragment_id.to_bytes(8, "big")
    data = bytes(part.data)
    framed: bytes = head + bytes([flags]) + len(data).to_bytes(4, "big") + data
    return framed


def _calls(metadata: Any) -> list[Call]:
    """The commands of a pipeline; of any other kind of pipeline, its one request."""
    commands = getattr(metadata, "commands", None)
    if commands is None:
        return [Call("Get-Command", {})]
    return [
        Call(
            str(command.command_text),
            {str(name): value for name, value in command.parameters if name},
            bool(command.is_script),
        )
        for command in commands
    ]
