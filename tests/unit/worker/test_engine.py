"""The engine answers every message of the window, with or without wires and journal."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest

from console.backends import Backend, BackendError
from console.channel import stored_snapshot
from console.channel.messages import (
    Cancel,
    Checked,
    CheckMoves,
    CheckRequest,
    MovesChecked,
    Notice,
    Open,
    OperationChanged,
    OperationsListed,
    Ping,
    Pong,
    Ready,
    Refresh,
    Refused,
    SetAttention,
    SnapshotChanged,
    SnapshotReplaced,
    Submit,
    ToWindow,
)
from console.model.connection import ConnectionKind, ConnectionProfile
from console.model.finding import Finding, Severity, Verdict
from console.model.freshness import Fault, FaultCode, Wire
from console.model.operation import OperationState
from console.model.request import LiveMigrate
from console.model.snapshot import ClusterSnapshot
from console.worker.engine import Engine
from console.worker.journal import Journal
from console.worker.redaction import Redaction
from tests.unit.worker.fakes import FakeBackend, FastClock, Memory, Move, Points, World, snapshot

T = TypeVar("T", bound=ToWindow)
MOVE = LiveMigrate("vm", "vm", "N1", "N2")


class ReadableBackend(FakeBackend):
    """The runner's fake that can also be read and closed."""

    is_closed = False

    async def read_snapshot(self, _wires: frozenset[Wire]) -> ClusterSnapshot:
        read = snapshot(self.world)
        at = FastClock().now()
        return msgspec.structs.replace(
            read,
            arm=msgspec.structs.replace(read.arm, read_at=at),
            cluster_wire=msgspec.structs.replace(read.cluster_wire, read_at=at),
        )

    async def close(self) -> None:
        self.is_closed = True


class Desk:
    """An engine and what it said."""

    def __init__(self, folder: Path, world: World) -> None:
        self.backend = ReadableBackend(world, Points())
        self.failures: list[Exception] = []
        self.messages: list[ToWindow] = []
        self._changed = asyncio.Event()
        self.opening = Open(
            ConnectionProfile("lab", "Lab", ConnectionKind.LAB),
            str(folder),
            secrets={"cluster_password": "correct horse"},
            actor="ann",
        )
        self.findings: tuple[Finding, ...] = ()
        self.engine = Engine(
            send=self._send,
            is_congested=lambda: False,
            open_backend=self._open_backend,
            credentials=Memory(),
            operation_for=lambda _request: Move(),
            run_checks=self._check,
            clock=FastClock(),
            redaction=Redaction(),
        )

    def _send(self, message: ToWindow) -> None:
        self.messages.append(message)
        self._changed.set()

    async def _open_backend(self, _opening: Open) -> Backend:
        if self.failures:
            raise self.failures.pop(0)
        backend: Any = self.backend
        return backend  # type: ignore[no-any-return]

    async def _check(self, *_arguments: object) -> tuple[Finding, ...]:
        return self.findings

    def said(self, kind: type[T]) -> list[T]:
        return [message for message in self.messages if isinstance(message, kind)]

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    def state(self, name: str) -> OperationState | None:
        told = [m.record for m in self.said(OperationChanged) if m.record.id == name]
        return told[-1].state if told else None


async def test_open_says_ready_then_operations_then_the_cluster(tmp_path: Path) -> None:
    desk = Desk(tmp_path, World({"vm": "N1"}))
    await desk.engine.handle(desk.opening)
    await desk.until(lambda: bool(desk.said(SnapshotReplaced)))
    kinds = [type(message) for message in desk.messages]
    assert kinds[:2] == [Ready, OperationsListed]
    await desk.engine.handle(Ping(7))
    assert desk.messages[-1] == Pong(7)
    await desk.engine.handle(SetAttention(False))
    await desk.engine.handle(Refresh())
    count = len(desk.said(SnapshotChanged))
    await desk.until(lambda: len(desk.said(SnapshotChanged)) > count)
    await desk.engine.handle(desk.opening)
    assert "already" in desk.said(Refused)[0].fault.summary
    await desk.engine.close()
    assert desk.backend.is_closed
    assert stored_snapshot.load(tmp_path, "lab") is not None


async def test_a_move_and_its_effect_are_told(tmp_path: Path) -> None:
    world = World({"vm": "N1"})
    desk = Desk(tmp_path, world)
    await desk.engine.handle(desk.opening)
    await desk.engine.handle(Submit("op", MOVE))
    await desk.until(lambda: desk.state("op") is OperationState.SUCCEEDED)
    await desk.until(
        lambda: any(
            vm.owner_node == "N2"
            for change in desk.said(SnapshotChanged)
            for vm in change.delta.upserted
        )
    )
    await desk.engine.close()
    again = Desk(tmp_path, world)
    await again.engine.handle(again.opening)
    (listed,) = again.said(OperationsListed)
    assert [(r.id, r.state, r.actor) for r in listed.records] == [
        ("op", OperationState.SUCCEEDED, "ann")
    ]
    await again.engine.close()


async def test_an_intent_is_taken_before_the_wires_are_there_and_waits_for_them(
    tmp_path: Path,
) -> None:
    desk = Desk(tmp_path, World({"vm": "N1"}))
    desk.failures = [
        BackendError(Fault(FaultCode.UNTRUSTED_CERTIFICATE, "The CA file is missing.")),
        ValueError("a bug that quotes correct horse"),
    ]
    await desk.engine.handle(desk.opening)
    await desk.engine.handle(Submit("op", MOVE))
    assert desk.state("op") is OperationState.QUEUED
    await desk.until(lambda: bool(desk.said(SnapshotReplaced)))
    first = desk.said(SnapshotReplaced)[0].snapshot
    assert first.arm.is_down
    assert first.cluster_wire.faults[0].summary == "The CA file is missing."
    await desk.until(lambda: desk.state("op") is OperationState.SUCCEEDED)
    assert "correct horse" not in repr(desk.messages)
    await desk.engine.close()


async def test_without_a_journal_the_cluster_is_shown_and_nothing_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("console.worker.journal._LOCK_TRIES", 1)
    other, _ = await Journal.open(tmp_path)
    world = World({"vm": "N1"})
    desk = Desk(tmp_path, world)
    await desk.engine.handle(desk.opening)
    assert "Another console" in desk.said(Notice)[0].fault.summary
    await desk.engine.handle(Submit("op", MOVE))
    await desk.engine.handle(Cancel("op"))
    assert [refused.operation_id for refused in desk.said(Refused)] == ["op", "op"]
    await desk.until(lambda: bool(desk.said(SnapshotReplaced)))
    assert not world.sent
    await desk.engine.close()
    await other.close()


async def test_nothing_is_taken_before_open(tmp_path: Path) -> None:
    desk = Desk(tmp_path, World({"vm": "N1"}))
    await desk.engine.handle(Submit("op", MOVE))
    await desk.engine.handle(Cancel("op"))
    await desk.engine.handle(Refresh())
    await desk.engine.handle(CheckRequest("t", MOVE))
    assert len(desk.said(Refused)) == 2
    await desk.engine.close()


async def test_checks_are_answered_with_what_was_found(tmp_path: Path) -> None:
    desk = Desk(tmp_path, World({"vm": "N1"}))
    desk.findings = (Finding("name", Severity.FINE, "Free."),)
    await desk.engine.handle(desk.opening)
    await desk.engine.handle(CheckRequest("t", MOVE))
    await desk.until(lambda: bool(desk.said(Checked)))
    assert desk.said(Checked) == [Checked("t", desk.findings)]

    async def broken(*_arguments: object) -> tuple[Finding, ...]:
        raise ZeroDivisionError

    desk.engine._run_checks = broken
    await desk.engine.handle(CheckRequest("u", MOVE))
    await desk.until(lambda: len(desk.said(Checked)) == 2)
    (finding,) = desk.said(Checked)[1].findings
    assert finding.severity is Severity.UNKNOWN
    await desk.engine.close()


async def test_a_look_at_moves_is_answered_node_by_node(tmp_path: Path) -> None:
    desk = Desk(tmp_path, World({"vm": "N1"}))
    await desk.engine.handle(CheckMoves("too early", ("vm",)))
    await desk.engine.handle(desk.opening)
    await desk.until(lambda: bool(desk.said(SnapshotReplaced)))
    # This backend cannot look at single VMs: every node answers, and none of them is green.
    await desk.engine.handle(CheckMoves("t", ("vm",)))
    await desk.until(lambda: bool(desk.said(MovesChecked)))
    (answer,) = desk.said(MovesChecked)
    assert answer.token == "t"
    told = {verdict.verdict for verdict in answer.verdicts}
    assert told
    assert not {Verdict.FITS, Verdict.FITS_WITH_NOTES} & told
    await desk.engine.close()
