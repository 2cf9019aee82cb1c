"""The bridge: messages cross into the GUI thread in order, requests go out, the worker may die."""

import math
import threading
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from console.channel import window_end
from console.channel.messages import (
    Cancel,
    Checked,
    CheckMoves,
    CheckRequest,
    HistoryRead,
    MovesChecked,
    Notice,
    Open,
    OperationChanged,
    OperationsListed,
    ReadHistory,
    Ready,
    Refresh,
    Refused,
    SetAttention,
    SnapshotReplaced,
    Submit,
)
from console.channel.packing import packed_change
from console.model.connection import ConnectionKind, ConnectionProfile
from console.model.finding import Finding, NodeVerdict, Severity, Verdict
from console.model.freshness import Fault, FaultCode
from console.model.operation import OperationRecord, OperationState
from console.model.request import DrainNode
from console.model.snapshot import SnapshotDelta
from console.model.virtual_machine import VmMetrics
from console.ui.bridge import Bridge
from console.ui.store import Store
from tests.ui.sample import snapshot

FAULT = Fault(FaultCode.LOST, "The background process stopped.")


class FakeLink:
    """In place of the link to a process; its callbacks are called from a thread, as there."""

    made: "list[FakeLink]" = []  # noqa: RUF012 - cleared by the fixture

    def __init__(
        self,
        on_message: Callable[[Any], None],
        on_down: Callable[[Fault, int], None],
        on_log: Callable[[str], None],
    ) -> None:
        self.on_message, self.on_down, self.on_log = on_message, on_down, on_log
        self.sent: list[Any] = []
        self.opening: Open | None = None
        self.is_closed = False
        self.worker_pid = 4711
        self.made.append(self)

    def start(self, opening: Open) -> None:
        self.opening = opening

    def send(self, message: Any) -> None:
        self.sent.append(message)

    def close(self) -> None:
        self.is_closed = True

    def arrive(self, *messages: Any) -> None:
        def tell() -> None:
            for message in messages:
                if isinstance(message, Fault):
                    self.on_down(message, 1)
                else:
                    self.on_message(message)

        thread = threading.Thread(target=tell)
        thread.start()
        thread.join()


@pytest.fixture
def store(qtbot: QtBot) -> Store:
    return Store()


@pytest.fixture
def bridge(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bridge]:
    monkeypatch.setattr(window_end, "WorkerLink", FakeLink)
    FakeLink.made.clear()
    made = Bridge(store, tmp_path / "worker.log")
    profile = ConnectionProfile("lab-small", "Lab", ConnectionKind.LAB)
    made.open(profile, tmp_path, {"arm_token": "t"}, "me")
    yield made
    made.close()
    made.deleteLater()


def link() -> FakeLink:
    (only,) = FakeLink.made
    return only


def test_the_connection_is_opened_with_its_secrets(bridge: Bridge, tmp_path: Path) -> None:
    opening = link().opening
    assert opening is not None
    assert opening.secrets == {"arm_token": "t"}
    assert opening.state_folder == str(tmp_path)
    assert opening.actor == "me"


def test_what_was_said_before_the_link_was_made_is_not_lost(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(window_end, "WorkerLink", FakeLink)
    FakeLink.made.clear()
    early = Bridge(store, tmp_path / "worker.log")
    early.set_attention(True)
    assert FakeLink.made == []
    early.submit(DrainNode("N1"))
    assert link().sent[0] == SetAttention(True)
    assert isinstance(link().sent[1], Submit)


def test_messages_arrive_in_order_and_in_this_thread(
    bridge: Bridge, store: Store, qtbot: QtBot
) -> None:
    threads: list[int] = []
    store.snapshot_replaced.connect(lambda: threads.append(threading.get_ident()))
    small = snapshot()
    changed = packed_change(SnapshotDelta(metrics=((small.vms[0].key, VmMetrics(77, 1, 2)),)))
    link().arrive(Ready(1), SnapshotReplaced(small), changed)
    assert not store.inventory.vms
    with qtbot.waitSignal(store.figures_changed, timeout=1000):
        pass
    assert threads == [threading.get_ident()]
    assert bridge.is_ready
    assert store.inventory.vms[small.vms[0].key].metrics == VmMetrics(77, 1, 2)


def test_requests_go_out_each_with_an_id_of_its_own(bridge: Bridge) -> None:
    one = bridge.submit(DrainNode("N1"))
    two = bridge.submit(DrainNode("N1"), {"admin_password": "x"}, "one")
    bridge.cancel(one)
    bridge.refresh()
    first, second, cancel, refresh = link().sent[1:]
    assert (first.operation_id, second.operation_id) == (one, two)
    assert one != two
    assert (second.secrets, second.retry_of) == ({"admin_password": "x"}, "one")
    assert cancel == Cancel(one)
    assert refresh == Refresh()


def test_a_check_is_answered_to_who_asked_unless_forgotten(bridge: Bridge, qtbot: QtBot) -> None:
    heard: list[tuple[Finding, ...]] = []
    kept = bridge.check(DrainNode("N1"), heard.append)
    gone = bridge.check(DrainNode("N2"), heard.append)
    bridge.forget_check(gone)
    assert [type(message) for message in link().sent[1:]] == [CheckRequest, CheckRequest]
    finding = Finding("node_is_up", Severity.FINE, "Up.")
    link().arrive(Checked(gone, (finding,)), Checked(kept, (finding,)))
    qtbot.waitUntil(lambda: bool(heard))
    assert heard == [(finding,)]


def test_only_the_newest_look_at_moves_is_heard(bridge: Bridge, qtbot: QtBot) -> None:
    heard: list[tuple[str, float]] = []

    def hear(verdicts: tuple[NodeVerdict, ...], at: float) -> None:
        heard.append((verdicts[0].node, at))

    old = bridge.check_moves(["a"], ["N2"], hear)
    new = bridge.check_moves(["a", "b"], [], hear)
    assert link().sent[-2:] == [CheckMoves(old, ("a",), ("N2",)), CheckMoves(new, ("a", "b"))]
    answers = {
        token: MovesChecked(token, at, (NodeVerdict(node, Verdict.FITS),))
        for token, at, node in ((old, 1.0, "old"), (new, 2.0, "new"))
    }
    link().arrive(answers[old], answers[new], answers[new])
    qtbot.waitUntil(lambda: bool(heard))
    assert heard == [("new", 2.0)]
    gone = bridge.check_moves(["a"], [], hear)
    bridge.forget_check(gone)
    link().arrive(MovesChecked(gone, 3.0, (NodeVerdict("N1", Verdict.FITS),)), Notice(FAULT))
    with qtbot.waitSignal(bridge.worker_changed, timeout=1000):
        link().arrive(Ready(1))
    assert heard == [("new", 2.0)]


def test_a_worker_that_stops_is_told_and_one_that_is_back_too(bridge: Bridge, qtbot: QtBot) -> None:
    link().arrive(Ready(1))
    qtbot.waitUntil(lambda: bridge.is_ready)
    with qtbot.waitSignal(bridge.worker_changed, timeout=1000):
        link().arrive(FAULT)
    assert bridge.worker_fault == FAULT
    assert not bridge.is_ready
    with qtbot.waitSignal(bridge.worker_changed, timeout=1000):
        link().arrive(Ready(2))
    assert bridge.worker_fault is None


def test_a_refusal_is_told_to_the_asker_and_as_a_notice(
    bridge: Bridge, store: Store, qtbot: QtBot
) -> None:
    notices: list[Fault] = []
    store.noticed.connect(notices.append)
    with qtbot.waitSignal(bridge.refused, timeout=1000) as told:
        link().arrive(Refused("7", FAULT))
    assert told.args == ["7", FAULT]
    link().arrive(Notice(FAULT))
    qtbot.waitUntil(lambda: len(notices) == 2)


def test_the_journals_records_come_to_the_store(bridge: Bridge, store: Store, qtbot: QtBot) -> None:
    records = tuple(
        OperationRecord(str(at), DrainNode("N1"), "Drain N1", OperationState.QUEUED, float(at))
        for at in range(3)
    )
    with qtbot.waitSignal(store.operations_changed, timeout=1000) as told:
        link().arrive(OperationsListed(records))
    assert told.args == [("0", "1", "2")]


def test_changes_that_come_together_are_told_together(
    bridge: Bridge, store: Store, qtbot: QtBot
) -> None:
    told: list[tuple[str, ...]] = []
    store.operations_changed.connect(told.append)
    states = (OperationState.QUEUED, OperationState.CHECKING)
    changes = [
        OperationChanged(OperationRecord(str(at), DrainNode("N1"), "Drain", state, 1.0))
        for state in states
        for at in range(20)
    ]
    link().arrive(*changes, Notice(FAULT), changes[-1])
    qtbot.waitUntil(lambda: not bridge._arrived)
    assert len(told) <= 4
    assert {record.state for record in store.operations.values()} == {OperationState.CHECKING}
    assert len(store.operations) == 20


def test_older_operations_are_asked_for_from_where_the_listing_ended(
    bridge: Bridge, store: Store, qtbot: QtBot
) -> None:
    """An operation that is unfinished since long ago is listed, what was made after it is not."""
    old = OperationRecord("old", DrainNode("N1"), "Drain N1", OperationState.UNKNOWN, 1.0)
    new = OperationRecord("new", DrainNode("N1"), "Drain N1", OperationState.QUEUED, 9.0)
    assert store.known_since == math.inf
    with qtbot.waitSignal(store.history_listed, timeout=1000):
        link().arrive(OperationsListed((old, new), back_to=8.0))
    ended: list[float] = []
    bridge.read_history(lambda: ended.append(store.known_since))
    asked = link().sent[-1]
    assert isinstance(asked, ReadHistory)
    assert asked.before == 8.0
    between = OperationRecord("between", DrainNode("N1"), "Drain N1", OperationState.QUEUED, 5.0)
    link().arrive(HistoryRead(asked.token, (between,)))
    qtbot.waitUntil(lambda: bool(ended))
    assert ended == [-math.inf]
    assert set(store.operations) == {"old", "new", "between"}


def test_a_flood_is_worked_off_without_holding_up_the_window(
    bridge: Bridge, store: Store, qtbot: QtBot
) -> None:
    small = snapshot()
    link().arrive(SnapshotReplaced(small))
    flood = [
        packed_change(SnapshotDelta(metrics=((small.vms[0].key, VmMetrics(at % 100, 1, 2)),)))
        for at in range(2000)
    ]
    link().arrive(*flood)
    qtbot.waitUntil(lambda: not bridge._arrived, timeout=10_000)
    assert store.inventory.vms[small.vms[0].key].metrics == VmMetrics(99, 1, 2)


def test_what_the_worker_prints_is_kept_in_the_log(bridge: Bridge, tmp_path: Path) -> None:
    link().on_log("a line\n")
    link().on_log("another")
    assert (tmp_path / "worker.log").read_text() == "a line\nanother\n"


def test_closing_ends_the_worker_once(bridge: Bridge) -> None:
    bridge.close()
    assert link().is_closed
    link().is_closed = False
    bridge.close()
    assert not link().is_closed


def test_a_message_that_arrives_as_the_drain_ends_is_not_left_lying(
    bridge: Bridge, store: Store, qapp: QApplication
) -> None:
    """The window empties the queue just before the reader's append: nobody else would wake it."""
    heard: list[str] = []
    store.noticed.connect(lambda fault: heard.append(fault.summary))
    link().arrive(Notice(Fault(FaultCode.LOST, "first")))

    class Late(deque[Any]):
        def append(self, item: Any) -> None:
            qapp.processEvents()
            super().append(item)

    bridge._arrived = Late(bridge._arrived)
    bridge._on_message(Notice(Fault(FaultCode.LOST, "second")))
    qapp.processEvents()
    assert heard == ["first", "second"]
