"""The real worker, driven through its real pipe by the window's own end of it, to be killed."""

import contextlib
import os
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from console.app import profile_of_lab
from console.channel.messages import (
    Cancel,
    CancelGroup,
    GroupChanged,
    Open,
    OperationChanged,
    OperationsListed,
    Ready,
    Refused,
    SnapshotChanged,
    SnapshotReplaced,
    Submit,
    SubmitGroup,
    ToWindow,
)
from console.channel.packing import unpacked_change
from console.channel.window_end import WorkerLink
from console.model.freshness import Fault
from console.model.inventory import Inventory
from console.model.operation import OperationRecord, OperationState
from console.model.request import Request
from tests.end_to_end.lab_process import Lab

# As quick as it gets: what is tried here are kills, not the patience between them.
_BACK_OFF_S = (0.05, 0.05, 0.05)
ACTOR = "grace"


class Console:
    """One console on one lab. ``records`` are the newest that its worker told of each operation."""

    def __init__(
        self, lab: Lab, folder: Path, arm: str = "", nodes: dict[str, str] | None = None
    ) -> None:
        """``arm`` and ``nodes`` are addresses to be used instead of the lab's own (a proxy's)."""
        self.folder = folder
        self.inventory = Inventory()
        self.records: dict[str, OperationRecord] = {}
        self.asked: dict[str, Request] = {}
        self.refused: dict[str, Fault] = {}
        self.log: list[str] = []
        self.starts = 0
        # Said to be unknown by the worker that runs now: it may look again at any time.
        self.unknown: set[str] = set()
        # Told of by the worker that runs now.
        self.renewed: set[str] = set()
        self._lock = threading.Condition()
        profile, secrets = profile_of_lab(lab.endpoints)
        if arm and profile.arm is not None:
            # The lab's own address is named by its status URLs.
            hosts = (*profile.arm.allowed_hosts, arm)
            profile = msgspec.structs.replace(
                profile,
                arm=msgspec.structs.replace(profile.arm, url=f"https://{arm}", allowed_hosts=hosts),
            )
        if nodes and profile.cluster is not None:
            profile = msgspec.structs.replace(
                profile, cluster=msgspec.structs.replace(profile.cluster, nodes=nodes)
            )
        self._link = WorkerLink(
            self._take, lambda *_: None, self.log.append, back_off_s=_BACK_OFF_S
        )
        self._link.start(Open(profile, str(folder), secrets, ACTOR))

    def submit(self, request: Request, secrets: dict[str, str] | None = None) -> str:
        name = str(uuid.uuid4())
        self.asked[name] = request
        self._link.send(Submit(name, request, secrets=secrets or {}))
        return name

    def submit_group(self, *requests: Request, secrets: dict[str, str] | None = None) -> str:
        group = str(uuid.uuid4())
        parts = tuple(
            Submit(str(uuid.uuid4()), request, group, secrets or {}) for request in requests
        )
        self.asked.update((part.operation_id, part.request) for part in parts)
        self._link.send(SubmitGroup(group, f"{len(parts)} at once", parts))
        return group

    def submit_parts(self, title: str, parts: tuple[Submit, ...]) -> None:
        """A group whose ids and order somebody else made (a plan)."""
        self.asked.update((part.operation_id, part.request) for part in parts)
        self._link.send(SubmitGroup(parts[0].group_id, title, parts))

    def cancel(self, operation_id: str) -> None:
        self._link.send(Cancel(operation_id))

    def cancel_group(self, group_id: str) -> None:
        self._link.send(CancelGroup(group_id))

    def kill(self) -> None:
        """kill -9 of the process that runs now; the link starts the next one by itself."""
        pid = self._link.worker_pid
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def until(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait until ``condition`` holds, at most so long; whether it does."""
        deadline = time.monotonic() + seconds
        with self._lock:
            while not condition():
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._lock.wait(min(left, 0.2))
        return True

    def is_settled(self) -> bool:
        """Every operation asked for is over or refused."""
        return not self.open_now()

    def open_now(self) -> list[str]:
        """What was asked for and is neither over nor refused."""
        return [
            name
            for name in self.asked
            if not (self.records[name].is_over if name in self.records else name in self.refused)
        ]

    def is_told(self) -> bool:
        """Every operation is over, refused, said to be unknown, or waits behind an unknown one."""
        waits = (OperationState.QUEUED, OperationState.CHECKING)
        return all(
            name in self.unknown
            or (bool(self.unknown) and name in self.records and self.records[name].state in waits)
            for name in self.open_now()
        )

    def _note(self, record: OperationRecord) -> None:
        self.records[record.id] = record
        self.renewed.add(record.id)
        has_looked = not record.result.startswith("The console stopped")
        if record.state is OperationState.UNKNOWN and record.result and has_looked:
            self.unknown.add(record.id)

    def close(self) -> None:
        self._link.close()

    def _take(self, message: ToWindow) -> None:
        with self._lock:
            match message:
                case SnapshotReplaced(snapshot=snapshot):
                    self.inventory.replace(snapshot)
                case SnapshotChanged():
                    self.inventory.apply(unpacked_change(message))
                case OperationChanged(record=record):
                    self._note(record)
                case OperationsListed(records=records):
                    for record in records:
                        self._note(record)
                case Refused(operation_id=name, fault=fault):
                    self.refused[name] = fault
                case Ready():
                    self.starts += 1
                    self.unknown.clear()
                    self.renewed.clear()
                case GroupChanged():
                    pass
                case _:
                    return
            self._lock.notify_all()


@contextlib.contextmanager
def console_on(
    lab: Lab, folder: Path, arm: str = "", nodes: dict[str, str] | None = None
) -> Iterator[Console]:
    console = Console(lab, folder, arm, nodes)
    try:
        yield console
    finally:
        console.close()
