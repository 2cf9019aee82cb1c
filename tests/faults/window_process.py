"""The whole console as ``tlconsole`` starts it, on a lab that outlives it, with people at it.

Run as ``python -m tests.faults.window_process FOLDER SEED NUMBER``: the lab's endpoints arrive on
standard input (JSON), and everything asked for, told and refused leaves on standard output, one
message of the channel a line. Only the lab's start is exchanged: window, locks, stored picture,
bridge, pipe and worker are the product's own. What is asked for goes through the window's bridge,
and is announced before: whoever listens knows of it even if this process dies in the act.
"""

import functools
import json
import os
import random
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from PySide6.QtCore import QTimer

from console import app
from console.channel.messages import (
    Cancel,
    CancelGroup,
    OperationChanged,
    Ready,
    Refused,
    Submit,
    SubmitGroup,
    ToWindow,
    ToWorker,
)
from console.model.inventory import Inventory
from console.model.request import Request
from console.ui.bridge import Bridge, Part
from console.ui.main_window import MainWindow
from console.ui.session import OnGone, OnReady, Session
from console.ui.store import Store
from tests.faults.load import Load

_ASKS_EVERY_MS = 150
# As quick as it gets: what is tried here are kills, not the patience between them.
_BACK_OFF_S = (0.05, 0.05, 0.05)
_encoder = msgspec.json.Encoder()


def _say(message: ToWindow | ToWorker) -> None:
    sys.stdout.buffer.write(_encoder.encode(message) + b"\n")
    sys.stdout.buffer.flush()


def _end_with_the_test() -> None:
    """A window nobody listens to any more would stay for ever."""
    sys.stdin.read()
    os._exit(1)


class _LabElsewhere:
    """In place of the lab's process: it runs already and goes on without this console."""

    def __init__(self, _scenario: str, _log: Path, on_ready: OnReady, _on_gone: OnGone) -> None:
        endpoints: dict[str, Any] = json.loads(sys.stdin.readline())
        threading.Thread(target=_end_with_the_test, daemon=True).start()
        on_ready(*app.profile_of_lab(endpoints))

    def stop(self) -> None:
        """It outlives the console."""


class _People:
    """Who asks: the load's view of a window."""

    def __init__(self, store: Store, bridge: Bridge) -> None:
        self._store, self._bridge = store, bridge

    @property
    def inventory(self) -> Inventory:
        return self._store.inventory

    def open_now(self) -> list[str]:
        return [record.id for record in self._store.running()]

    def submit(self, request: Request, secrets: dict[str, str] | None = None) -> str:
        return self._bridge.submit(request, secrets)

    def submit_group(self, *requests: Request) -> str:
        parts = [Part(request) for request in requests]
        return self._bridge.submit_group(f"{len(parts)} at once", parts)[0]

    def cancel(self, operation_id: str) -> None:
        self._bridge.cancel(operation_id)

    def cancel_group(self, group_id: str) -> None:
        self._bridge.cancel_group(group_id)


class _Driver:
    """Has people ask from time to time, and tells what this window is told."""

    def __init__(self, window: MainWindow, seed: int, number: int) -> None:
        self._store, self._bridge = window._store, window._bridge
        link = self._bridge._link
        link._back_off_s = _BACK_OFF_S
        self._send: Callable[[ToWorker], None] = link.send
        link.send = self._announced  # type: ignore[method-assign]
        self._load = Load(
            _People(self._store, self._bridge), random.Random(seed), first_number=100 * number
        )
        self._store.operations_changed.connect(self._tell_records)
        self._bridge.refused.connect(lambda name, fault: _say(Refused(name, fault)))
        self._bridge.worker_changed.connect(self._tell_worker)
        self._asking = QTimer(window, interval=_ASKS_EVERY_MS)
        self._asking.timeout.connect(self._load.ask_for_something)
        self._asking.start()

    def _announced(self, message: ToWorker) -> None:
        if isinstance(message, Submit | SubmitGroup | Cancel | CancelGroup):
            _say(message)
        self._send(message)

    def _tell_records(self, names: tuple[str, ...]) -> None:
        for name in names:
            _say(OperationChanged(self._store.operations[name]))

    def _tell_worker(self) -> None:
        if self._bridge.is_ready:
            _say(Ready(self._bridge.worker_pid or 0))


def main() -> int:
    folder, seed, number = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    composed = app.compose
    kept: list[_Driver] = []

    @functools.wraps(composed)
    def compose(*words: Any, **named: Any) -> tuple[MainWindow, Session, Path]:
        window, session, place = composed(*words, **named)
        window.painted.connect(lambda: kept.append(_Driver(window, seed, number)))
        return window, session, place

    app.compose = compose
    app._start_lab = _LabElsewhere  # type: ignore[assignment]
    return app.main(["--lab", "--state-folder", folder])


if __name__ == "__main__":
    sys.exit(main())
