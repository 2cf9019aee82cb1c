"""A small world for the runner: VMs with owners, moves that take polls, points to crash at."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec

from console.backends import BackendError, JobReport, JobState
from console.channel.messages import OperationChanged, Refused, Submit, ToWindow
from console.model.finding import Finding
from console.model.freshness import Fault, FaultCode, Wire, WireReading
from console.model.inventory import Inventory
from console.model.node import Node, NodeState
from console.model.operation import OperationRecord, OperationState
from console.model.request import LiveMigrate, Request
from console.model.snapshot import ClusterInfo, ClusterSnapshot
from console.model.virtual_machine import ClusterFacts, PowerState, VirtualMachine, VmKind
from console.operations.base import OperationContext, Outcome
from console.worker.journal import Journal
from console.worker.journal_lines import Line
from console.worker.pace import Pace
from console.worker.redaction import Redaction
from console.worker.runner import Runner

S = OperationState
FAST = 200.0


class FastClock:
    """Time that runs two hundred times as fast."""

    def now(self) -> float:
        return 1_700_000_000.0 + time.monotonic() * FAST

    def monotonic(self) -> float:
        return time.monotonic() * FAST

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / FAST)


class Crash(BaseException):
    """The process is gone at this point."""


class Points:
    """Counts the points at which a crash could come, and crashes at one of them and ever after."""

    def __init__(self, crash_at: int | None = None) -> None:
        self.count = 0
        self.crash_at = crash_at
        self.crashed = asyncio.Event()

    def hit(self) -> None:
        self.count += 1
        if self.crash_at is not None and self.count >= self.crash_at:
            self.crashed.set()
            raise Crash


class CrashingJournal:
    """The real journal with a point before and one after every append."""

    def __init__(self, journal: Journal, points: Points) -> None:
        self._journal = journal
        self._points = points

    async def append(self, *lines: Line) -> None:
        self._points.hit()
        await self._journal.append(*lines)
        self._points.hit()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._journal, name)


class World:
    """The truth: owners, running moves, and how often each VM was really sent."""

    def __init__(self, owners: dict[str, str], polls: int = 3) -> None:
        self.owners = owners
        self.polls = polls
        self.running: dict[str, tuple[str, int]] = {}
        self.sent: Counter[str] = Counter()
        self.canceled: list[str] = []
        self.most_at_once: Counter[str] = Counter()
        self.is_silent = False
        self.loses_answer = False
        self.never_ends = False

    def start(self, vm: str, source: str, target: str) -> None:
        if self.owners[vm] != source:
            raise _error(FaultCode.CONFLICT, f"{vm} is on {self.owners[vm]}")
        if vm in self.running:
            raise _error(FaultCode.CONFLICT, f"{vm} is being moved")
        self.sent[vm] += 1
        self.running[vm] = (target, self.polls)
        for node in (source, target):
            busy = sum(
                node in (self.owners[name], going) for name, (going, _) in self.running.items()
            )
            self.most_at_once[node] = max(self.most_at_once[node], busy)

    def tick(self, vm: str) -> int | None:
        """Polls left of this move; None when none is running."""
        if vm not in self.running:
            return None
        target, left = self.running[vm]
        if left <= 1 and not self.never_ends:
            del self.running[vm]
            self.owners[vm] = target
            return None
        self.running[vm] = (target, max(1, left - 1))
        return left - 1


def _error(code: FaultCode, text: str, *, was_sent: bool = False) -> BackendError:
    return BackendError(Fault(code, text), was_sent=was_sent)


class Job:
    can_cancel = True

    def __init__(self, world: World, vm: str) -> None:
        self._world = world
        self._vm = vm
        self._is_canceled = False

    @property
    def token(self) -> str:
        return f'{{"version":1,"vm":"{self._vm}"}}'

    async def poll(self) -> JobReport:
        if self._world.is_silent:
            raise _error(FaultCode.TIMED_OUT, "the node does not answer")
        if self._is_canceled:
            return JobReport(JobState.CANCELED)
        left = self._world.tick(self._vm)
        if left is None:
            return JobReport(JobState.SUCCEEDED, fraction=1.0)
        return JobReport(JobState.RUNNING, "Copying memory", 1 - left / self._world.polls)

    async def cancel(self) -> None:
        self._world.canceled.append(self._vm)
        self._world.running.pop(self._vm, None)
        self._is_canceled = True


class FakeBackend:
    """The part of Backend that a move needs, with a crash point on both sides of the call."""

    def __init__(self, world: World, points: Points) -> None:
        self.world = world
        self.points = points

    async def start_live_migration(
        self, vm_key: str, source: str, target: str, operation_id: str
    ) -> Job:
        self.points.hit()
        self.world.start(vm_key, source, target)
        if self.world.loses_answer:
            self.world.loses_answer = False
            raise _error(FaultCode.TIMED_OUT, "no answer", was_sent=True)
        self.points.hit()
        return Job(self.world, vm_key)

    async def find_live_migration(self, vm_key: str) -> Job | None:
        if self.world.is_silent:
            raise _error(FaultCode.TIMED_OUT, "the node does not answer")
        return Job(self.world, vm_key) if vm_key in self.world.running else None

    async def owner(self, vm_key: str) -> str:
        if self.world.is_silent:
            raise _error(FaultCode.TIMED_OUT, "the node does not answer")
        return self.world.owners[vm_key]


class Move:
    """A small live migration that does as the real one must: look before sending again."""

    kind = "live_migrate"
    checks: tuple[str, ...] = ("fake",)
    can_cancel = True

    def title(self, request: LiveMigrate) -> str:
        return f"Move {request.vm_name} to {request.target}"

    def locks(self, request: LiveMigrate) -> frozenset[str]:
        return frozenset({f"vm:{request.vm_key}"})

    def slots(self, request: LiveMigrate) -> tuple[str, ...]:
        return (request.source, request.target)

    async def run(self, context: OperationContext, request: LiveMigrate) -> Outcome:
        backend: Any = context.backend
        job = None
        if context.sent:
            job = await backend.find_live_migration(request.vm_key)
            if job is None and await backend.owner(request.vm_key) == request.target:
                return Outcome(S.SUCCEEDED, "It had arrived")
        if job is None:
            await context.sending("migrate", f"Move-VM {request.vm_name}")
            job = await backend.start_live_migration(
                request.vm_key, request.source, request.target, context.operation_id
            )
            await context.accepted("migrate", job.token)
        report = await context.follow(job)
        if report.state is JobState.CANCELED:
            return Outcome(S.CANCELED, "The move was canceled; the VM stayed")
        await context.verifying("Looking where it is")
        owner = await backend.owner(request.vm_key)
        if owner != request.target:
            return Outcome(S.FAILED, f"It is on {owner}")
        return Outcome(S.SUCCEEDED, f"It runs on {owner}")


class Memory:
    """Credentials that keep in memory."""

    def __init__(self, is_durable: bool = True) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.anchors: list[tuple[int, str]] = []
        self.is_durable = is_durable

    def keep(self, operation_id: str, field: str, secret: str) -> bool:
        self.kept[(operation_id, field)] = secret
        return self.is_durable

    def recall(self, operation_id: str, field: str) -> str | None:
        return self.kept.get((operation_id, field))

    def keep_anchor(self, folder: str, number: int, digest: str) -> None:
        self.anchors.append((number, digest))

    def forget(self, operation_id: str, fields: tuple[str, ...]) -> None:
        for field in fields:
            self.kept.pop((operation_id, field), None)


def snapshot(world: World, parallel: int | None = 2) -> ClusterSnapshot:
    names = sorted({*world.owners.values(), "N1", "N2", "N3"})
    return ClusterSnapshot(
        ClusterInfo("c1", parallel_migrations=parallel),
        nodes=tuple(Node(name, NodeState.UP) for name in names),
        vms=tuple(
            VirtualMachine(
                key, key, VmKind.AZURE_LOCAL, ClusterFacts(key, owner, PowerState.RUNNING)
            )
            for key, owner in world.owners.items()
        ),
        arm=WireReading(Wire.ARM, read_at=1.0),
        cluster_wire=WireReading(Wire.CLUSTER, read_at=1.0),
    )


class Bench:
    """One life of a runner over a folder and a world."""

    def __init__(
        self,
        folder: Path,
        world: World,
        *,
        points: Points | None = None,
        operation: Any = None,
        findings: Callable[[Request], tuple[Finding, ...]] = lambda _request: (),
        parallel: int | None = 2,
        credentials: Memory | None = None,
        pace: Pace | None = None,
        connection_id: str = "lab",
    ) -> None:
        self.folder = folder
        self.world = world
        self.points = points or Points()
        self.operation = operation or Move()
        self.findings = findings
        self.inventory = Inventory(snapshot(world, parallel))
        self.credentials = credentials or Memory()
        self.pace = pace or Pace()
        self.connection_id = connection_id
        self.messages: list[ToWindow] = []
        self.refreshes = 0
        self._changed = asyncio.Event()

    async def __aenter__(self) -> "Bench":
        self.journal, self.faults = await Journal.open(self.folder)
        backend: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        backend.set_result(FakeBackend(self.world, self.points))
        self.runner = Runner(
            connection_id=self.connection_id,
            actor="ann",
            journal=CrashingJournal(self.journal, self.points),  # type: ignore[arg-type]
            backend=backend,
            inventory=self.inventory,
            clock=FastClock(),
            pace=self.pace,
            credentials=self.credentials,
            redaction=Redaction(),
            operation_for=lambda _request: self.operation,
            run_checks=self._check,
            refresh=self._refresh,
            freshen=self._refresh,
            send=self._send,
        )
        return self

    async def __aexit__(self, *_error: object) -> None:
        await self.runner.close()
        await self.journal.close()

    def _check(self, _names: Any, request: Request, *_more: Any) -> Awaitable[tuple[Finding, ...]]:
        async def found() -> tuple[Finding, ...]:
            return self.findings(request)

        return found()

    async def _refresh(self) -> None:
        self.refreshes += 1
        self.inventory.replace(
            msgspec.structs.replace(
                snapshot(self.world, self.inventory.cluster.parallel_migrations),
                arm=self.inventory.arm,
                cluster_wire=self.inventory.cluster_wire,
            )
        )

    def _send(self, message: ToWindow) -> None:
        self.messages.append(message)
        self._changed.set()

    async def submit(self, name: str, vm: str, source: str, target: str, **more: Any) -> None:
        await self.runner.submit(Submit(name, LiveMigrate(vm, vm, source, target), **more))

    def record(self, name: str) -> OperationRecord:
        """The newest record that was told of this operation."""
        return next(
            message.record
            for message in reversed(self.messages)
            if isinstance(message, OperationChanged) and message.record.id == name
        )

    def states(self, name: str) -> list[OperationState]:
        """The states that this operation was told to be in, without repetitions."""
        found: list[OperationState] = []
        for message in self.messages:
            if not isinstance(message, OperationChanged) or message.record.id != name:
                continue
            if not found or found[-1] is not message.record.state:
                found.append(message.record.state)
        return found

    @property
    def refused(self) -> list[Refused]:
        return [message for message in self.messages if isinstance(message, Refused)]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def until_over(self, *names: str) -> None:
        def are_over() -> bool:
            told = {
                message.record.id: message.record.is_over
                for message in self.messages
                if isinstance(message, OperationChanged)
            }
            return all(told.get(name, False) for name in names)

        await self.until(are_over)
