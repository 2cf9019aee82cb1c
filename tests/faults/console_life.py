"""One life of the console's runner over a state folder and a world, ended by a close or a crash."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec

from console import checks, operations
from console.backends import Backend
from console.channel.messages import OperationChanged, Refused, ToWindow
from console.model.freshness import Wire
from console.model.inventory import Inventory
from console.model.operation import OperationRecord
from console.worker.journal import Journal
from console.worker.journal_lines import Line
from console.worker.journal_schema import FILE_NAME
from console.worker.journal_store import JournalWriteError
from console.worker.pace import Pace
from console.worker.redaction import Redaction
from console.worker.runner import Runner
from tests.faults.simulated_time import SimulatedLoop
from tests.faults.truth import START, Accidental, Truth
from tests.unit.worker.fakes import Memory


class Dead(BaseException):
    """This life is over: nothing of it reaches a disk or a wire any more."""


class WorkerTime:
    """The worker's clocks: the wall clock jumps when told to, the other never."""

    def __init__(self, loop: SimulatedLoop) -> None:
        self._loop = loop
        self.jumped = 0.0

    def now(self) -> float:
        return START + self._loop.time() + self.jumped

    def monotonic(self) -> float:
        return self._loop.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class WatchedJournal(Journal):
    """The real journal; the loop waits for its thread, its disk can be full, its process dead."""

    is_full = False
    is_dead = False

    async def append(self, *lines: Line) -> None:
        if self.is_dead:
            raise Dead
        if self.is_full:
            raise JournalWriteError("database or disk is full")
        self._expect()
        await super().append(*lines)
        if self.is_dead:
            raise Dead

    async def _call(self, act: Any) -> Any:
        if self.is_dead:
            raise Dead
        self._expect()
        return await super()._call(act)

    def _expect(self) -> None:
        assert isinstance(self._loop, SimulatedLoop)
        self._loop.owe()

    def _answer(self, answer: Any, value: Any, error: Exception | None) -> None:
        super()._answer(answer, value, error)
        assert isinstance(self._loop, SimulatedLoop)
        self._loop.give()


class Life:
    """A runner with everything around it, from its opening to its end."""

    def __init__(
        self,
        folder: Path,
        truth: Truth,
        time: WorkerTime,
        keyring: Memory,
        told: Callable[[ToWindow], None],
    ) -> None:
        self.folder = folder
        self.truth = truth
        self.time = time
        self.keyring = keyring
        self.inventory = Inventory()
        self.redaction = Redaction()
        self.is_dead = False
        self._told = told
        self._own: set[asyncio.Task[Any]] = set()

    async def open(self) -> None:
        """The journal, then recovery: as the engine does it."""
        self.journal, self.faults = await WatchedJournal.open(self.folder)
        self._reader = sqlite3.connect(self.folder / FILE_NAME)
        backend: asyncio.Future[Backend] = asyncio.get_running_loop().create_future()
        self.wires: Any = Accidental(self.truth, self._demand_intent)
        backend.set_result(self.wires)
        self.runner = Runner(
            connection_id="lab",
            actor="ann",
            journal=self.journal,
            backend=backend,
            inventory=self.inventory,
            clock=self.time,
            pace=Pace(),
            credentials=self.keyring,
            redaction=self.redaction,
            operation_for=operations.operation_for,
            run_checks=checks.run_all,
            refresh=self._refresh,
            freshen=self._refresh,
            send=self._send,
        )
        await self._refresh()
        for record in (await self.runner.recover()).records:
            self._send(OperationChanged(record))

    def begin(self, doing: Awaitable[Any]) -> None:
        """Let something of this life go on beside the loop."""
        task = asyncio.ensure_future(doing, loop=self.truth.loop)
        self._own.add(task)
        task.add_done_callback(self._ended)

    def crash(self) -> None:
        """kill -9: nothing is written, sent or told from here on."""
        self.is_dead = True
        journal = getattr(self, "journal", None)
        if journal is not None:
            journal.is_dead = True
        loop = self.truth.loop
        for _ in range(20):
            left = [task for task in asyncio.all_tasks(loop) if not task.done()]
            if not left:
                break
            for task in left:
                task.cancel()
            loop.run_turns(1)
        else:
            raise AssertionError(f"tasks outlived their process: {left}")
        if journal is not None:
            self._let_go(journal)

    def close(self) -> None:
        """An orderly end: operations are let go of, not ended."""
        self.truth.loop.run_until_complete(self.runner.close())
        self.crash()

    def records(self) -> dict[str, OperationRecord]:
        return {record.id: record for record in self.runner.unfinished}

    def _let_go(self, journal: Journal) -> None:
        """The kernel closes what the process held."""
        self.truth.loop.run_until_complete(journal.close())
        with contextlib.suppress(AttributeError):
            self._reader.close()

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._own.discard(task)
        if task.cancelled() or self.is_dead:
            if not task.cancelled():
                task.exception()
            return
        task.result()

    def _demand_intent(self, operation_id: str) -> None:
        """J1: at the moment a request leaves, its line is on the disk already."""
        if self.is_dead:
            raise Dead
        (sendings,) = self._reader.execute(
            "SELECT count(*) FROM event WHERE op_id = ? AND kind = 'sending'", (operation_id,)
        ).fetchone()
        self.truth.demand(sendings > 0, f"J1: {operation_id} sent before it was journalled")

    def _send(self, message: ToWindow) -> None:
        if self.is_dead:
            raise Dead
        if isinstance(message, OperationChanged | Refused):
            self._told(message)

    async def _refresh(self) -> None:
        """Both wires, as the watcher would read them; ages by the worker's own wall clock."""
        if self.is_dead:
            raise Dead
        snapshot = await self.wires.read_snapshot(frozenset(Wire))
        jumped = self.time.jumped
        nodes = tuple(
            msgspec.structs.replace(node, read_at=node.read_at and node.read_at + jumped)
            for node in snapshot.nodes
        )
        readings = [
            msgspec.structs.replace(wire, read_at=wire.read_at and wire.read_at + jumped)
            for wire in (snapshot.arm, snapshot.cluster_wire)
        ]
        self.inventory.replace(
            msgspec.structs.replace(
                snapshot, nodes=nodes, arm=readings[0], cluster_wire=readings[1]
            )
        )
