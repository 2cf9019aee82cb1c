"""The link keeps a worker running, and asks again for what was not answered."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from console.channel import chores
from console.channel.messages import (
    Cancel,
    GroupChanged,
    Notice,
    Open,
    OperationChanged,
    Ready,
    Refused,
    SetAttention,
    StopGroup,
    Submit,
    ToWindow,
)
from console.channel.window_end import WorkerLink
from console.model.connection import ConnectionKind, ConnectionProfile
from console.model.freshness import Fault
from console.model.request import LiveMigrate

FAKE = Path(__file__).with_name("fake_worker.py")
OPENING = Open(
    ConnectionProfile("lab", "Lab", ConnectionKind.LAB), "", secrets={"cluster_password": "s3cret!"}
)


class Recorder:
    """Everything the link said, and a way to wait for it."""

    def __init__(self) -> None:
        self.messages: list[ToWindow] = []
        self.downs: list[tuple[Fault, int]] = []
        self.log: list[str] = []
        self.changed = threading.Condition()

    def on_message(self, message: ToWindow) -> None:
        with self.changed:
            self.messages.append(message)
            self.changed.notify_all()

    def on_down(self, fault: Fault, failures: int) -> None:
        with self.changed:
            self.downs.append((fault, failures))
            self.changed.notify_all()

    def until(self, condition: Callable[[], bool]) -> None:
        with self.changed:
            assert self.changed.wait_for(condition, 20), (self.messages, self.downs, self.log)

    @property
    def texts(self) -> list[str]:
        return [m.fault.summary for m in self.messages if isinstance(m, Notice)]

    @property
    def pids(self) -> list[int]:
        return [message.pid for message in self.messages if isinstance(message, Ready)]


class Desk:
    """Builds links on the fake worker and closes them after the test."""

    def __init__(self, marks: Path) -> None:
        self.marks = marks
        self.links: list[WorkerLink] = []

    def link(self, mode: str, recorder: Recorder, frozen_after_s: float = 10.0) -> WorkerLink:
        link = WorkerLink(
            recorder.on_message,
            recorder.on_down,
            recorder.log.append,
            command=(sys.executable, str(FAKE), mode, str(self.marks)),
            heartbeat_s=0.05,
            frozen_after_s=frozen_after_s,
            back_off_s=(0.01, 0.02, 0.05),
        )
        self.links.append(link)
        link.start(OPENING)
        return link


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    for link in desk.links:
        link.close(1.0)


def test_opens_with_secrets_on_the_pipe_only_and_hears_the_log(desk: Desk) -> None:
    recorder = Recorder()
    link = desk.link("well", recorder)
    recorder.until(lambda: "open with 1 secrets, argv 3" in recorder.texts)
    recorder.until(lambda: recorder.log == ["hello from the log"])
    if sys.platform == "linux":
        pid = link.worker_pid
        for name in ("cmdline", "environ"):
            assert b"s3cret!" not in Path(f"/proc/{pid}/{name}").read_bytes()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
def test_a_killed_worker_is_replaced_and_told_again(desk: Desk) -> None:
    recorder = Recorder()
    link = desk.link("deaf to submits", recorder)
    link.send(SetAttention(False))
    link.send(Submit("op-1", LiveMigrate("key", "vm", "N1", "N2")))
    recorder.until(lambda: "submit op-1" in recorder.texts)
    os.kill(recorder.pids[0], signal.SIGKILL)
    recorder.until(lambda: recorder.texts.count("submit op-1") == 2)
    assert recorder.texts.count("attention False") == 2
    assert len(set(recorder.pids)) == 2
    assert [failures for _, failures in recorder.downs] == [1]
    # Once the answer has arrived, a third worker is not asked again.
    recorder.until(lambda: any(isinstance(m, OperationChanged) for m in recorder.messages))
    os.kill(recorder.pids[1], signal.SIGKILL)
    recorder.until(lambda: recorder.texts.count("attention False") == 3)
    link.send(Submit("op-2", LiveMigrate("key", "vm", "N1", "N2")))
    recorder.until(lambda: "submit op-2" in recorder.texts)
    assert recorder.texts.count("submit op-1") == 2


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
def test_a_stop_that_was_not_answered_is_asked_again(desk: Desk) -> None:
    recorder = Recorder()
    link = desk.link("well", recorder)
    link.send(StopGroup("g"))
    recorder.until(lambda: "stop g" in recorder.texts)
    os.kill(recorder.pids[0], signal.SIGKILL)
    recorder.until(lambda: recorder.texts.count("stop g") == 2)
    recorder.until(lambda: any(isinstance(m, GroupChanged) for m in recorder.messages))
    # Answered: a third worker is not asked again.
    os.kill(recorder.pids[1], signal.SIGKILL)
    link.send(Submit("op-2", LiveMigrate("key", "vm", "N1", "N2")))
    recorder.until(lambda: "submit op-2" in recorder.texts)
    assert recorder.texts.count("stop g") == 2


def test_a_frozen_worker_is_killed_and_replaced(desk: Desk) -> None:
    recorder = Recorder()
    link = desk.link("freezes", recorder, frozen_after_s=1.5)
    recorder.until(lambda: len(recorder.pids) == 2)
    assert "did not answer" in recorder.downs[0][0].detail
    assert link.worker_pid == recorder.pids[1]


def test_garbage_on_the_pipe_ends_that_worker_only(desk: Desk) -> None:
    recorder = Recorder()
    desk.link("garbage", recorder)
    recorder.until(lambda: len(recorder.pids) == 2)
    assert "frame announced" in recorder.downs[0][0].detail


def test_the_third_failure_is_said_in_words_and_trying_goes_on(desk: Desk) -> None:
    recorder = Recorder()
    desk.link("dies at start", recorder)
    recorder.until(lambda: len(recorder.downs) >= 4)
    assert [failures for _, failures in recorder.downs[:4]] == [1, 2, 3, 4]
    assert "in a row" not in recorder.downs[1][0].remedy
    assert "3 times in a row" in recorder.downs[2][0].remedy


def test_a_command_that_does_not_exist_is_a_failure_not_a_crash() -> None:
    recorder = Recorder()
    link = WorkerLink(
        recorder.on_message,
        recorder.on_down,
        recorder.log.append,
        command=("no-such-program-here",),
        back_off_s=(0.01,),
    )
    link.start(OPENING)
    recorder.until(lambda: len(recorder.downs) >= 1)
    link.close(0.5)
    assert "could not be started" in recorder.downs[0][0].detail


def test_close_is_polite_first_and_final_after_the_time_out(desk: Desk) -> None:
    recorder = Recorder()
    link = desk.link("well", recorder)
    recorder.until(lambda: bool(recorder.pids))
    link.close(10.0)
    assert "close" in recorder.texts
    assert recorder.downs == []
    stubborn = Recorder()
    link = desk.link("stays", stubborn)
    stubborn.until(lambda: bool(stubborn.pids))
    began = time.monotonic()
    link.close(0.3)
    assert time.monotonic() - began < 5.0
    assert link.worker_pid is None
    assert stubborn.downs == []


def test_a_submit_that_cannot_be_written_is_refused_and_the_pipe_lives(desk: Desk) -> None:
    recorder = Recorder()
    link = desk.link("well", recorder)
    recorder.until(lambda: bool(recorder.pids))
    link.send(Submit("op-bad", LiveMigrate("key", "\ud800", "N1", "N2")))
    link.send(Submit("op-good", LiveMigrate("key", "vm", "N1", "N2")))
    recorder.until(lambda: "submit op-good" in recorder.texts)
    assert [m.operation_id for m in recorder.messages if isinstance(m, Refused)] == ["op-bad"]


def test_a_callback_that_raises_is_logged_and_the_pipe_lives(desk: Desk) -> None:
    recorder = Recorder()

    def raising(message: ToWindow) -> None:
        recorder.on_message(message)
        raise ValueError("a slot of the window failed")

    broken = Recorder()
    broken.on_message = raising  # type: ignore[method-assign]
    link = desk.link("well", broken)
    recorder.until(lambda: bool(recorder.pids))
    link.send(Cancel("op"))
    link.send(SetAttention(True))
    recorder.until(lambda: "attention True" in recorder.texts)
    assert any("a slot of the window failed" in line for line in broken.log)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
def test_a_question_about_the_past_is_taken_over_but_not_asked_of_the_next(desk: Desk) -> None:
    recorder = Recorder()
    link = desk.link("well", recorder)
    recorder.until(lambda: len(recorder.pids) == 1)
    link.send(chores.ReadFleetMoment("asked", 1.0))
    other = desk.link("well", Recorder())
    other.take_over(link)  # the connection is opened again: nobody told the asker anything
    assert ("token", "asked") in other._unanswered
    os.kill(recorder.pids[0], signal.SIGKILL)
    recorder.until(lambda: len(recorder.pids) == 2)
    assert ("token", "asked") not in link._unanswered
