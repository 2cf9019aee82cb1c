"""The real worker process behind the real link: starts, answers, survives kill -9, leaves."""

import io
import os
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest

from console.channel.codec import decode_for_window, encode
from console.channel.frames import pack_frame, read_frame
from console.channel.messages import (
    Open,
    OperationChanged,
    OperationsListed,
    Ready,
    SnapshotReplaced,
    Submit,
    ToWindow,
)
from console.channel.window_end import WORKER_COMMAND, WorkerLink
from console.model.connection import ConnectionKind, ConnectionProfile
from console.model.freshness import Fault
from console.model.operation import OperationState
from console.model.request import LiveMigrate

T = TypeVar("T", bound=ToWindow)
CANARY = "canary-battery-staple"


class Window:
    """A window without Qt: a link and everything it heard."""

    def __init__(self, folder: Path) -> None:
        self.messages: list[ToWindow] = []
        self.downs: list[Fault] = []
        self.log: list[str] = []
        self._changed = threading.Condition()
        self.link = WorkerLink(
            self._on_message,
            lambda fault, _failures: self.downs.append(fault),
            self.log.append,
            back_off_s=(0.05,),
        )
        profile = ConnectionProfile("none", "No wires", ConnectionKind.AZURE_LOCAL)
        secrets = {"cluster_password": CANARY}
        self.link.start(Open(profile, str(folder), secrets=secrets, actor="ann"))

    def _on_message(self, message: ToWindow) -> None:
        with self._changed:
            self.messages.append(message)
            self._changed.notify_all()

    def said(self, kind: type[T]) -> list[T]:
        return [message for message in self.messages if isinstance(message, kind)]

    def until(self, condition: Callable[[], bool]) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, 40), (self.messages, self.downs, self.log)


@pytest.fixture
def window(tmp_path: Path) -> Iterator[Window]:
    window = Window(tmp_path / "state")
    yield window
    window.link.close(10.0)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs kill -9")
def test_a_worker_lives_dies_and_comes_back_with_its_journal(
    window: Window, tmp_path: Path
) -> None:
    window.until(lambda: bool(window.said(SnapshotReplaced)))
    assert window.said(OperationsListed)[0].records == ()
    # Without a wire nothing is known, and what is not known blocks.
    window.link.send(Submit("op", LiveMigrate("vm", "vm", "N1", "N2"), secrets={"x": CANARY}))
    window.until(lambda: any(m.record.is_over for m in window.said(OperationChanged)))
    assert window.said(OperationChanged)[-1].record.state is OperationState.BLOCKED
    os.kill(window.said(Ready)[0].pid, signal.SIGKILL)
    window.until(lambda: len(window.said(OperationsListed)) == 2)
    (record,) = window.said(OperationsListed)[1].records
    assert (record.id, record.state, record.actor) == ("op", OperationState.BLOCKED, "ann")
    window.link.close(10.0)
    assert window.link.worker_pid is None
    folder = tmp_path / "state"
    for path in folder.iterdir():
        assert CANARY.encode() not in path.read_bytes(), path
        if os.name == "posix":
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert not any(CANARY in line for line in window.log)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_no_secret_on_the_workers_command_line_or_environment(window: Window) -> None:
    window.until(lambda: bool(window.said(Ready)))
    process = Path(f"/proc/{window.said(Ready)[0].pid}")
    for name in ("cmdline", "environ"):
        assert CANARY.encode() not in (process / name).read_bytes()


def test_a_worker_leaves_when_its_window_is_gone(tmp_path: Path) -> None:
    profile = ConnectionProfile("none", "No wires", ConnectionKind.AZURE_LOCAL)
    frame = pack_frame(encode(Open(profile, str(tmp_path))))
    done = subprocess.run(WORKER_COMMAND, input=frame, capture_output=True, timeout=40, check=False)
    assert done.returncode == 0, done.stderr
    source = io.BytesIO(done.stdout)
    assert isinstance(decode_for_window(read_frame(source) or b""), Ready)
    # The journal was closed: no write-ahead log is left behind.
    assert sorted(path.name for path in tmp_path.glob("journal*")) == ["journal.sqlite"]


_STUCK = """
import asyncio, sys
from console.worker import host
from console.worker.engine import Engine

async def never(self):
    await asyncio.sleep(600)

Engine.close = never
host._LEAVES_WITHIN_S = 1.0
sys.exit(host.main())
"""


def test_a_worker_that_is_stuck_leaves_all_the_same_and_says_where(tmp_path: Path) -> None:
    """The next console waits for its lock; what was acknowledged is on the disk."""
    profile = ConnectionProfile("none", "No wires", ConnectionKind.AZURE_LOCAL)
    frame = pack_frame(encode(Open(profile, str(tmp_path))))
    done = subprocess.run(
        [sys.executable, "-c", _STUCK], input=frame, capture_output=True, timeout=40, check=False
    )
    assert done.returncode == 1, done.stderr
    assert "Timeout" in (tmp_path / "worker.log").read_text(encoding="utf-8")
    if os.name == "posix":
        assert stat.S_IMODE((tmp_path / "worker.log").stat().st_mode) == 0o600
