"""One open shell: a runspace pool and its pipelines, and what is queued for whom."""

import struct
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from xml.etree import ElementTree

from psrpcore import (
    CreatePipelineEvent,
    EndOfPipelineInputEvent,
    GetAvailableRunspacesEvent,
    GetCommandMetadataEvent,
    PipelineInputEvent,
    PSRPCoreError,
    PSRPPayload,
    ResetRunspaceStateEvent,
    SetMaxRunspacesEvent,
    SetMinRunspacesEvent,
    StreamType,
)
from psrpcore.types import PSRPMessageType, RunspacePoolState

from console.lab.wsman_server.pipe import Cut, Pipe, Runner
from console.lab.wsman_server.protocol_core import LabPool

# Room that an envelope needs around its streams.
_OVERHEAD = 4096
_LARGEST_ANSWER = 500 * 1024
# Output and the end of a short command leave in one answer, as they do on Windows.
_LINGER_S = 0.05
_SHORTEST_MESSAGE = 21 + 40
# What psrpcore throws at messages that are cut short or lack their properties.
_BROKEN = (ValueError, KeyError, AttributeError, IndexError, TypeError, struct.error)


@dataclass(frozen=True)
class Received:
    """What one Receive hands over: fragments, and whether the command ended with them."""

    fragments: list[bytes] = field(default_factory=list)
    is_done: bool = False


class Unreadable(Exception):  # noqa: N818 - the client's fault
    """Fragments that are no PSRP."""


class Gone(Exception):  # noqa: N818 - an answer, no error
    """The shell or the command is not there (any more)."""


class Shell:
    """Thread-safe: requests come on many threads, pipelines write from their own."""

    def __init__(
        self, shell_id: str, owner: str, resource_uri: str, runner: Runner, idle_timeout_s: float
    ) -> None:
        self.id = shell_id
        self.owner = owner
        self.resource_uri = resource_uri
        self.idle_timeout_s = idle_timeout_s
        self.opened_at = self.used_at = time.monotonic()
        self.is_connected = True
        self.changed = threading.Condition()
        self._runner = runner
        self._pool = LabPool()
        self._outgoing: deque[tuple[PSRPMessageType, list[bytes]]] = deque()
        self._pipes: dict[uuid.UUID, Pipe] = {}  # by command id
        self._by_pipeline: dict[uuid.UUID, Pipe] = {}
        self._is_gone = self._is_cut = False

    @property
    def running(self) -> list[Pipe]:
        with self.changed:
            return [pipe for pipe in self._pipes.values() if not pipe.is_over]

    @property
    def commands(self) -> list[Pipe]:
        """Running ones, and those whose end nobody has fetched."""
        with self.changed:
            return list(self._pipes.values())

    @property
    def is_idle_too_long(self) -> bool:
        return not self.running and time.monotonic() - self.used_at > self.idle_timeout_s

    # -- what the client sends -----------------------------------------------------------------
    def take_in(self, data: bytes) -> None:
        """PSRP fragments for the pool or any pipeline of it."""
        with self.changed:
            self._demand_presence()
            try:
                self._pool.receive_data(PSRPPayload(data, StreamType.default, None))
                while (event := self._pool.next_event()) is not None:
                    self._react(event)
            except (PSRPCoreError, ElementTree.ParseError, *_BROKEN) as error:
                raise Unreadable(str(error)) from error
            self._sort_out()

    def begin_command(self, command_id: uuid.UUID, data: bytes) -> None:
        """A new pipeline with the first fragments of its CreatePipeline.

        Its id is in the message's header behind the fragment's (MS-PSRP 2.2.1); clients were seen
        that write the command's id in another byte order, so the two are kept apart.
        """
        if len(data) < _SHORTEST_MESSAGE:
            raise Unreadable("no whole header of a message")
        pipeline_id = uuid.UUID(bytes_le=data[45:61])
        with self.changed:
            self._demand_presence()
            self._by_pipeline[pipeline_id] = self._pipes[command_id] = Pipe(
                self._pool, pipeline_id, command_id, self._runner, self._settle, self._cut
            )
            self.take_in(data)

    def _react(self, event: object) -> None:
        if isinstance(event, CreatePipelineEvent | GetCommandMetadataEvent):
            self._by_pipeline[event.pipeline_id].begin(self.changed)
        elif isinstance(event, PipelineInputEvent):
            self._by_pipeline[event.pipeline_id].take_input(event.data)
        elif isinstance(event, EndOfPipelineInputEvent):
            self._by_pipeline[event.pipeline_id].end_input()
        elif isinstance(event, GetAvailableRunspacesEvent):
            free = self._pool.max_runspaces - len(self.running)
            self._pool.runspace_availability_response(event.ci, max(free, 0))
        elif isinstance(event, SetMaxRunspacesEvent | SetMinRunspacesEvent):
            is_possible = event.count > 0
            self._pool.runspace_availability_response(event.ci, is_possible)
        elif isinstance(event, ResetRunspaceStateEvent):
            self._pool.runspace_availability_response(event.ci, not self.running)

    # -- what the client fetches ---------------------------------------------------------------
    def receive_for_pool(self, wait_s: float, most: int, give_up: Callable[[], bool]) -> Received:
        """Messages of the pool; the pool's state travels alone, as Windows sends it."""
        self._wait(lambda: bool(self._outgoing), wait_s, give_up)
        room = _room(most)
        fragments: list[bytes] = []
        with self.changed:
            while self._outgoing:
                kind, parts = self._outgoing[0]
                is_state = kind is PSRPMessageType.RunspacePoolState
                if fragments and (is_state or _size(fragments + parts) > room):
                    break
                self._outgoing.popleft()
                fragments += parts
                if is_state:
                    break
        return Received(fragments)

    def receive_for_command(
        self, command_id: uuid.UUID, wait_s: float, most: int, give_up: Callable[[], bool]
    ) -> Received:
        """Fragments of a pipeline; after its end was told it is gone."""
        with self.changed:
            pipe = self._pipes.get(command_id)
            if pipe is None:
                raise Gone(str(command_id))
        self._wait(lambda: bool(pipe.outgoing) or pipe.is_over, wait_s, give_up)
        if pipe.outgoing:
            self._wait(lambda: pipe.is_over, _LINGER_S, give_up)
        room = _room(most)
        with self.changed:
            fragments: list[bytes] = []
            while pipe.outgoing and (not fragments or _size([*fragments, pipe.outgoing[0]]) < room):
                fragments.append(pipe.outgoing.popleft())
            is_done = pipe.is_over and not pipe.outgoing
            if is_done:
                self._forget(command_id)
        return Received(fragments, is_done)

    def _wait(
        self, is_there: Callable[[], bool], wait_s: float, give_up: Callable[[], bool]
    ) -> None:
        """Until there is something, the time is over, or the connection is to be dropped."""
        until = time.monotonic() + wait_s
        with self.changed:
            while not is_there():
                self._demand_presence()
                left = until - time.monotonic()
                if left <= 0 or give_up():
                    return
                self.changed.wait(min(left, 0.25))

    # -- stopping and leaving ------------------------------------------------------------------
    def stop_command(self, command_id: uuid.UUID, *, forget: bool, wait_s: float = 10.0) -> None:
        """Ctrl-C, or the end of a command. A command that is not there is none to stop."""
        with self.changed:
            pipe = self._pipes.get(command_id)
        if pipe is None:
            return
        pipe.stop()
        pipe.join(wait_s)
        if forget:
            with self.changed:
                self._forget(command_id)

    def close(self) -> None:
        """Stop everything; whoever waits on this shell is told that it is gone."""
        with self.changed:
            self._is_gone = True
            pipes = list(self._pipes.values())
            self.changed.notify_all()
        for pipe in pipes:
            pipe.stop()

    def disconnect(self) -> None:
        with self.changed:
            self._demand_presence()
            self.is_connected = False
            self._pool.begin_disconnect()
            self._pool.disconnect()

    def reconnect(self) -> None:
        """The same client again: nothing is sent, it knows the state."""
        with self.changed:
            self._demand_presence()
            self.is_connected = True
            self._pool.state = RunspacePoolState.Opened

    def connect(self, data: bytes) -> bytes:
        """A new client takes over; returns the messages that answer within the response."""
        with self.changed:
            self._demand_presence()
            self.is_connected = True
            self._pool.state = RunspacePoolState.Disconnected
            self._pool.connect()
            self._outgoing.clear()
            self._pool.announce()
            self.take_in(data)
            answer = b""
            # The rest (private data, state) is fetched by Receive, as Windows does it.
            while self._outgoing and self._outgoing[0][0] in (
                PSRPMessageType.SessionCapability,
                PSRPMessageType.RunspacePoolInitData,
            ):
                answer += b"".join(self._outgoing.popleft()[1])
            return answer

    def demand_command(self, command_id: uuid.UUID) -> None:
        with self.changed:
            if command_id not in self._pipes:
                raise Gone(str(command_id))

    # -- inside --------------------------------------------------------------------------------
    def _settle(self) -> None:
        """A pipeline wrote something or ended."""
        with self.changed:
            self._sort_out()
            self.changed.notify_all()

    def _sort_out(self) -> None:
        for kind, pipeline_id, fragments in self._pool.drain():
            pipe = self._by_pipeline.get(pipeline_id) if pipeline_id is not None else None
            if pipe is not None:
                pipe.outgoing.extend(fragments)
            elif pipeline_id is None:
                self._outgoing.append((kind, fragments))
        self.changed.notify_all()

    def _forget(self, command_id: uuid.UUID) -> None:
        pipe = self._pipes.pop(command_id, None)
        if pipe is not None:
            self._by_pipeline.pop(pipe.pipeline_id, None)
            self._pool.pipeline_table.pop(pipe.pipeline_id, None)

    def _cut(self) -> None:
        with self.changed:
            self._is_cut = True
            self.changed.notify_all()

    def _demand_presence(self) -> None:
        if self._is_cut:
            raise Cut
        if self._is_gone:
            raise Gone(self.id)


def _room(most: int) -> int:
    return min(most, _LARGEST_ANSWER) - _OVERHEAD


def _size(fragments: list[bytes]) -> int:
    return sum((len(part) + 2) // 3 * 4 for part in fragments)
