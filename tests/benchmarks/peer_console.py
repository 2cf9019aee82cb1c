"""Our console as a list of N VMs, telling the milestones that other consoles are measured by.

``python -m tests.benchmarks.peer_console N ENDPOINTS [--state FOLDER] [--log FILE]``: ENDPOINTS is
what ``fleet_lab`` wrote. Events go to PEER_EVENTS, commands come from standard input. It reads
Azure every three seconds, as virt-manager does, and counts its worker's CPU and memory in.
"""

import argparse
import gc
import json
import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

REFRESH_MS, BEAT_MS = 3_000, 50
TICK = os.sysconf("SC_CLK_TCK")


def _memory(pid: int) -> dict[str, int]:
    found = {"VmRSS": 0, "VmHWM": 0}
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        name, _, rest = line.partition(":")
        if name in found:
            found[name] = int(rest.split()[0])
    return found


def _cpu(pid: int) -> float:
    parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / TICK


class Teller:
    """Writes events with CPU and memory of the window and of its worker."""

    def __init__(self, log: str) -> None:
        self._out = open(os.environ["PEER_EVENTS"], "a", buffering=1, encoding="utf-8")  # noqa: SIM115
        self._log = log
        self.worker = lambda: None
        self.last: float | None = None
        self.longest = 0.0

    def emit(self, event: str, **more: Any) -> None:
        pids = [os.getpid(), *([pid] if (pid := self.worker()) else [])]
        cpu, memory = 0.0, {"VmRSS": 0, "VmHWM": 0}
        for pid in pids:
            try:
                cpu += _cpu(pid)
                for name, value in _memory(pid).items():
                    memory[name] += value
            except OSError:
                continue  # the worker left between two looks
        gap = self.longest
        if self.last is not None:
            gap = max(gap, time.monotonic() - self.last - BEAT_MS / 1000)
        line = {
            "ev": event,
            "t": time.monotonic(),
            "cpu": cpu,
            "rss_kb": memory["VmRSS"],
            "hwm_kb": memory["VmHWM"],
            "max_gap_ms": round(gap * 1000, 1),
            **more,
        }
        self._out.write(json.dumps(line) + "\n")
        if self._log:
            with open(self._log, "a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")

    def beat(self) -> None:
        now = time.monotonic()
        if self.last is not None:
            self.longest = max(self.longest, now - self.last - BEAT_MS / 1000)
        self.last = now


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("endpoints", type=Path)
    parser.add_argument("--state", default="")
    parser.add_argument("--log", default="")
    options = parser.parse_args()
    teller = Teller(options.log)
    teller.emit("main", n=options.count, state=options.state)
    gc.disable()  # as the console itself does until its first paint
    from PySide6.QtCore import QEvent, QObject, QTimer

    from console import app
    from console.ui import fusion

    endpoints = json.loads(options.endpoints.read_text())
    application = fusion.make_application(sys.argv[0])
    folder = options.state or _new_folder()
    window, session, _ = app.compose(folder, lab_name="")
    profile, secrets = app.profile_of_lab(endpoints)
    session.show_stored(profile.id)
    tab = session._fleet_tab()
    page, store = tab.page, tab.store
    page.show_part(1)
    teller.worker = lambda: session._bridge.worker_pid  # type: ignore[assignment]
    names = {0: "vm-00000", options.count - 3: f"vm-{options.count - 3:05d}"}
    slots = {name: slot for slot, name in names.items()}

    class Eye(QObject):
        """Sees the first frame that shows every row, and frames after a change."""

        def __init__(self) -> None:
            super().__init__()
            self.has_rows = self.was_painted = False
            self.pending: list[tuple[str, str]] = []

        def eventFilter(self, _thing: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.Paint:
                QTimer.singleShot(0, self.painted)  # the frame is flushed by then
            return False

        def rows(self) -> None:
            if not self.has_rows and len(page.rows.visible) >= options.count:
                self.has_rows = True
                teller.emit("rows", have=len(page.rows.visible))

        def painted(self) -> None:
            self.rows()
            if self.has_rows and not self.was_painted:
                self.was_painted = True
                teller.emit("painted")
                gc.enable()
            pending, self.pending = self.pending, []
            for name, status in pending:
                teller.emit("change_painted", name=name, status=status)

        def changed(self, changed: Any, columns: frozenset[str]) -> None:
            if "power" not in columns or not self.was_painted:
                return
            for slot, name in names.items():
                if slot in changed:
                    status = store.word("power", slot)
                    teller.emit("change", name=name, status=status)
                    self.pending.append((name, status))

    eye = Eye()
    page.list.viewport().installEventFilter(eye)
    page.rows.rows_changed.connect(eye.rows)
    store.slots_changed.connect(eye.changed)
    beat = QTimer(interval=BEAT_MS)
    beat.timeout.connect(teller.beat)
    beat.start()
    refresh = QTimer(interval=REFRESH_MS)
    refresh.timeout.connect(session._bridge.refresh)
    refresh.start()
    # After the first frame, as the console itself does; and after that frame was told of.
    window.painted.connect(
        lambda: QTimer.singleShot(1, window, lambda: session.open(profile, secrets))
    )
    window.resize(1_000, 700)
    window.show()
    teller.emit("window")
    commands = threading.Thread(
        target=_commands,
        args=(teller, slots, endpoints["control"], lambda name: store.word("power", slots[name])),
        daemon=True,
    )
    window.painted.connect(commands.start)
    application.exec()


def _new_folder() -> str:
    import tempfile

    return tempfile.mkdtemp(prefix="peer-console-")


def _commands(
    teller: Teller, slots: dict[str, int], port: int, state_of: Callable[[str], str]
) -> None:
    import socket

    control = socket.create_connection(("127.0.0.1", port)).makefile("rw", encoding="utf-8")
    for line in sys.stdin:
        word, _, name = line.strip().partition(" ")
        if word == "mark":
            teller.emit("mark", name=name)
            teller.longest, teller.last = 0.0, time.monotonic()
        elif word == "toggle":
            power = "Running" if state_of(name) == "Paused" else "Paused"
            act = {"first": slots[name], "count": 1, "power": power}
            teller.emit("toggle", name=name)
            control.write(json.dumps({"do": "fleet", "name": "set_power", "args": act}) + "\n")
            control.flush()
            control.readline()
        elif word == "quit":
            break
    os._exit(0)


if __name__ == "__main__":
    main()
