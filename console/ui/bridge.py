"""The one place where the window meets the worker: messages in, requests out.

The link's threads only queue what they received; one queued signal wakes the GUI thread, which
works the queue off with a budget a frame.
"""

import gc
import sys
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QObject, QTimer, Signal, Slot

from console.channel import chores
from console.channel.messages import (
    Cancel,
    CancelGroup,
    ChangesRead,
    Checked,
    CheckMoves,
    CheckRequest,
    Export,
    Exported,
    ExportFormat,
    ExportKind,
    FleetChanged,
    FleetTold,
    ForeignMovesSeen,
    GroupChanged,
    HistoryRead,
    MovesChecked,
    Notice,
    Open,
    OperationChanged,
    OperationsListed,
    Pong,
    ReadChanges,
    ReadHistory,
    Ready,
    Refresh,
    Refused,
    Reorder,
    SetAttention,
    SnapshotChanged,
    SnapshotReplaced,
    StopGroup,
    Submit,
    SubmitGroup,
    ToWindow,
)
from console.model.connection import ConnectionProfile
from console.model.finding import Finding, NodeVerdict
from console.model.fleet import FleetSnapshot, FleetValues, unpack_part
from console.model.freshness import Fault
from console.model.request import MoveMethod, Request
from console.ui.store import Store

if TYPE_CHECKING:
    from console.channel.window_end import WorkerLink

__all__ = [
    "Bridge",
    "ChangesRead",
    "ConnectionProfile",
    "ExportFormat",
    "ExportKind",
    "Exported",
    "Part",
    "chores",
]

_BUDGET_S = 0.004
_MOST_AT_ONCE = 64
# A reader thread that decodes gives way this often; Python's own 5 ms starve the GUI thread.
_SWITCH_S = 0.001
OnChecked = Callable[[tuple[Finding, ...]], None]
OnMovesChecked = Callable[[tuple[NodeVerdict, ...], float], None]
OnHistory = Callable[[], None]
OnChanges = Callable[[ChangesRead], None]
OnExported = Callable[[Exported], None]
# Called with each answer of a chore, the last one of ``chores.LAST``; None: the worker stopped.
OnChore = Callable[[chores.Answer | None], None]


class Part(NamedTuple):
    """One operation of a group: its request, its secrets by field, what it retries and waits for.

    ``operation_id`` is given where another part waits for this one (``after``); else one is made.
    """

    request: Request
    secrets: Mapping[str, str] = {}
    retry_of: str = ""
    operation_id: str = ""
    after: tuple[str, ...] = ()


class Bridge(QObject):
    """Signals: ``worker_changed()`` when it came up or went down; ``worker_fault`` then tells why;
    ``refused(str, Fault)`` when the worker did not take an operation; ``sign_in_wanted(str)`` when
    the open connection waits for a person to sign in again; of a profile that covers a fleet
    ``fleet_changed(FleetValues)`` and ``fleet_told(clusters or None, readings)``.
    """

    worker_changed = Signal()
    refused = Signal(str, object)
    sign_in_wanted = Signal(str)
    fleet_changed = Signal(object)
    fleet_told = Signal(object, object)
    _woken = Signal()
    _left = Signal(object)

    def __init__(
        self,
        store: Store,
        log: Path,
        parent: QObject | None = None,
        *,
        is_helpdesk: bool = False,
    ) -> None:
        super().__init__(parent)
        self._is_helpdesk = is_helpdesk
        self._store = store
        self._arrived: deque[ToWindow | FleetValues | tuple[Fault, int]] = deque()
        self._is_woken = False
        self._checks: dict[str, OnChecked] = {}
        self._move_check: tuple[str, OnMovesChecked] | None = None
        self._histories: dict[str, OnHistory] = {}
        self._exports: dict[str, OnExported] = {}
        self._changes: dict[str, OnChanges] = {}
        self._chores: dict[str, OnChore] = {}
        self.worker_fault: Fault | None = None
        self.is_ready = False
        self.actor = ""  # who sits here, as operations name them
        self._woken.connect(self._drain)
        self._log = log
        self._known_link: WorkerLink | None = None
        self._number = 0  # of the connection, so that the last words of an old one are not heard
        self._leaving: threading.Thread | None = None
        self._left.connect(self._start)
        self._is_attentive = False
        self._is_started = self._is_open = False

    @property
    def _link(self) -> "WorkerLink":
        """Made when first spoken to: what starts processes is not needed for the first frame."""
        if self._known_link is None:
            from console.channel.window_end import WorkerLink

            number = self._number
            self._known_link = WorkerLink(
                lambda message: self._on_message(message, number),
                lambda fault, failures: self._on_down(fault, failures, number),
                self._on_log,
            )
            self._known_link.send(SetAttention(self._is_attentive))
        return self._known_link

    @staticmethod
    def stored(folder: Path, connection_id: str) -> "object | None":
        """The connection's last snapshot from disk, or None."""
        from console.channel import stored_snapshot

        return stored_snapshot.load(folder, connection_id)

    @staticmethod
    def stored_fleet(folder: Path, connection_id: str) -> "FleetSnapshot | None":
        """The fleet of the connection from disk, or None."""
        from console.channel import stored_fleet

        return stored_fleet.load(folder, connection_id)

    def open(
        self,
        profile: ConnectionProfile,
        folder: Path,
        secrets: Mapping[str, str],
        actor: str,
    ) -> None:
        """Start the worker on a connection; everything else arrives at the store.

        Asked again it leaves the worker for a new one, which takes over what was not answered.
        """
        self.actor = actor
        sys.setswitchinterval(_SWITCH_S)
        opening = Open(profile, str(folder), dict(secrets), actor, self._is_helpdesk)
        if self._is_open:
            self._open_again(opening)
        elif self._is_started:
            self._link.open(opening)
        else:
            self._link.start(opening)
        self._is_started = self._is_open = True

    def ask_chore(self, question: chores.Ask, on_answer: OnChore) -> None:
        """Ask about connections; starts the worker if it does not run yet. Answers arrive here."""
        self._chores[question.token] = on_answer
        if not self._is_started:
            self._is_started = True
            self._link.start()
        self._link.send(question)

    def give_up_chore(self, token: str) -> None:
        """Nobody waits for these answers any more."""
        if self._chores.pop(token, None) is not None:
            self._link.send(chores.GiveUpChore(token))

    def _open_again(self, opening: Open) -> None:
        if self._leaving is not None:
            return  # it is on its way already
        old, self._known_link = self._known_link, None
        self._number += 1
        self.is_ready = False
        if old is not None:
            self._link.take_over(old)
        self.worker_changed.emit()

        def leave() -> None:
            if old is not None:
                old.close()
            self._left.emit(opening)

        self._leaving = threading.Thread(target=leave, name="worker-leaves", daemon=True)
        self._leaving.start()

    @Slot(object)
    def _start(self, opening: Open) -> None:
        self._leaving = None
        if self._is_started:
            self._link.start(opening)

    def submit(
        self,
        request: Request,
        secrets: Mapping[str, str] | None = None,
        retry_of: str = "",
    ) -> str:
        """Ask for an operation; its id. The outcome arrives at the store."""
        operation_id = str(uuid.uuid4())
        submit = Submit(operation_id, request, secrets=dict(secrets or {}), retry_of=retry_of)
        self._link.send(submit)
        return operation_id

    def submit_group(
        self, title: str, parts: Sequence[Part], group_id: str = ""
    ) -> tuple[str, tuple[str, ...]]:
        """Ask for several operations as one act; the group's id and those of its operations.

        With ``group_id`` they are added to a group that exists (a retry of what failed).
        """
        group_id = group_id or str(uuid.uuid4())
        submits = tuple(
            Submit(
                part.operation_id or str(uuid.uuid4()),
                part.request,
                group_id,
                dict(part.secrets),
                part.retry_of,
                part.after,
            )
            for part in parts
        )
        self._link.send(SubmitGroup(group_id, title, submits))
        return group_id, tuple(submit.operation_id for submit in submits)

    def cancel(self, operation_id: str) -> None:
        self._link.send(Cancel(operation_id))

    def cancel_group(self, group_id: str) -> None:
        """Ask every operation of the group that is not over to stop."""
        self._link.send(CancelGroup(group_id))

    def stop_group(self, group_id: str) -> None:
        """What of the group has not begun does not begin; what runs goes on to its end."""
        self._link.send(StopGroup(group_id))

    def reorder(self, operation_id: str, before: str = "") -> None:
        """Put a waiting operation right before another one, or first of all."""
        self._link.send(Reorder(operation_id, before))

    def read_history(self, callback: OnHistory) -> None:
        """Bring operations older than ``store.known_since`` into the store.

        ``callback()`` is called here afterwards.
        """
        token = str(uuid.uuid4())
        self._histories[token] = callback
        self._link.send(ReadHistory(token, self._store.known_since))

    def read_changes(
        self, subject: str, since: float, on_read: OnChanges, until: float | None = None
    ) -> None:
        """What changed of it since then (until now: None), the newest first, as it is stored."""
        token = str(uuid.uuid4())
        self._changes[token] = on_read
        self._link.send(ReadChanges(token, subject, since, until or time.time()))

    def export(
        self,
        path: str,
        kind: ExportKind,
        file_format: ExportFormat,
        callback: OnExported,
        operation_ids: Sequence[str] = (),
    ) -> None:
        """Have the worker write a history to a file; ``callback`` is called here with the end."""
        token = str(uuid.uuid4())
        self._exports[token] = callback
        self._link.send(Export(token, path, kind, file_format, tuple(operation_ids)))

    def refresh(self) -> None:
        """Have both wires read now."""
        self._link.send(Refresh())

    def check(self, request: Request, callback: OnChecked) -> str:
        """Run all checks of a request for real; ``callback`` is called here, in the GUI thread."""
        token = str(uuid.uuid4())
        self._checks[token] = callback
        self._link.send(CheckRequest(token, request))
        return token

    def check_moves(
        self,
        keys: Sequence[str],
        targets: Sequence[str],
        callback: OnMovesChecked,
        method: MoveMethod = MoveMethod.LIVE,
    ) -> str:
        """Judge moving these VMs on what the cluster says now; no targets: every node.

        ``callback(verdicts, at)`` is called once, in the GUI thread, unless it is forgotten or
        asked anew: only the newest question is answered. A node that did not answer is *Not known*.
        """
        token = str(uuid.uuid4())
        self._move_check = (token, callback)
        history = {key: tuple(found) for key, found in self._store.earlier_moves(keys).items()}
        self._link.send(CheckMoves(token, tuple(keys), tuple(targets), history, method))
        return token

    def forget_check(self, token: str) -> None:
        """Nobody waits for this answer any more."""
        self._checks.pop(token, None)
        if self._move_check is not None and self._move_check[0] == token:
            self._move_check = None

    def set_attention(self, is_visible: bool) -> None:
        """Whether somebody looks; the worker reads less often while nobody does."""
        self._is_attentive = is_visible
        if self._known_link is not None:
            self._known_link.send(SetAttention(is_visible))

    @property
    def worker_pid(self) -> int | None:
        return self._known_link.worker_pid if self._known_link is not None else None

    def close(self) -> None:
        """End the worker; running operations go on at the other end and are taken up again."""
        leaving = self._leaving
        if leaving is not None:
            leaving.join()
        if self._is_started:
            self._link.close()
            self._is_started = self._is_open = False

    # -- called in the link's threads ----------------------------------------------------------
    def _on_message(self, message: ToWindow, number: int = 0) -> None:
        if number != self._number:
            return  # of a connection that was left
        if isinstance(message, SnapshotChanged):
            # Unpacked here: a reader thread can be interrupted, the GUI thread would stall.
            from console.channel.packing import unpacked_change

            message = SnapshotChanged(unpacked_change(message))
        elif isinstance(message, FleetChanged):
            self._arrive(unpack_part(message.part))
            return
        self._arrive(message)

    def _on_down(self, fault: Fault, failures: int, number: int) -> None:
        if number == self._number:
            self._arrive((fault, failures))

    def _on_log(self, line: str) -> None:
        with self._log.open("a", encoding="utf-8") as file:
            file.write(line.rstrip("\n") + "\n")

    def _arrive(self, item: ToWindow | FleetValues | tuple[Fault, int]) -> None:
        self._arrived.append(item)
        # In this order: the GUI thread lowers the flag before it looks, so nothing is left lying.
        if not self._is_woken:
            self._is_woken = True
            self._woken.emit()

    # -- GUI thread ----------------------------------------------------------------------------
    @Slot()
    def _drain(self) -> None:
        self._is_woken = False
        deadline = time.perf_counter() + _BUDGET_S
        while self._arrived:
            item = self._arrived.popleft()
            if isinstance(item, FleetValues):
                self.fleet_changed.emit(item)
            elif isinstance(item, tuple):
                self.worker_fault, self.is_ready = item[0], False
                self.worker_changed.emit()
                unanswered, self._chores = list(self._chores.values()), {}
                for on_chore in unanswered:
                    on_chore(None)
            elif isinstance(item, OperationChanged):
                self._take_changed(item)
            else:
                self._take(item)
            if time.perf_counter() > deadline and self._arrived:
                QTimer.singleShot(1, self, self._drain)
                return

    def _take_changed(self, first: OperationChanged) -> None:
        """This change and those right behind it as one: each costs every view a look."""
        records = {first.record.id: first.record}
        for _ in range(_MOST_AT_ONCE - 1):
            if not self._arrived or not isinstance(self._arrived[0], OperationChanged):
                break
            following = self._arrived.popleft()
            assert isinstance(following, OperationChanged)
            records[following.record.id] = following.record
        self._store.operation_changed(*records.values())

    def _take_moves_checked(self, message: MovesChecked) -> None:
        if self._move_check is not None and self._move_check[0] == message.token:
            _, callback = self._move_check
            self._move_check = None
            callback(message.verdicts, message.at)

    def _take(self, message: ToWindow) -> None:
        match message:
            case SnapshotReplaced():
                self._store.replace(message.snapshot)
                # What stays for the whole run is not walked again by every full collection:
                # with 2,000 VMs that stopped the window for 56 ms.
                QTimer.singleShot(0, self, gc.freeze)
            case SnapshotChanged():
                self._store.apply(message.delta)
            case OperationsListed():
                self._store.groups_known(*message.groups)
                self._store.operation_changed(*message.records)
                self._store.history_known(message.back_to)
            case GroupChanged():
                self._store.groups_known(message.group)
            case HistoryRead():
                self._store.groups_known(*message.groups)
                self._store.operation_changed(*message.records)
                self._store.history_known(message.back_to)
                on_history = self._histories.pop(message.token, None)
                if on_history is not None:
                    on_history()
            case ChangesRead():
                if (on_read := self._changes.pop(message.token, None)) is not None:
                    on_read(message)
            case Exported():
                on_exported = self._exports.pop(message.token, None)
                if on_exported is not None:
                    on_exported(message)
            case ForeignMovesSeen():
                self._store.foreign_moves_seen(message.moves)
            case FleetChanged():
                pass  # was unpacked in the link's thread
            case FleetTold():
                self.fleet_told.emit(message.clusters, message.readings)
            case Checked():
                callback = self._checks.pop(message.token, None)
                if callback is not None:
                    callback(message.findings)
            case MovesChecked():
                self._take_moves_checked(message)
            case Refused():
                self.refused.emit(message.operation_id, message.fault)
                self._store.notice(message.fault)
            case Notice():
                self._store.notice(message.fault)
            case chores.SignInWanted(reason=reason):
                self.sign_in_wanted.emit(reason)
            case Ready():
                self.worker_fault, self.is_ready = None, True
                self.worker_changed.emit()
            case OperationChanged() | Pong():
                pass  # the first is taken in heaps, the second by the link
            case _:
                self._take_chore(message)

    def _take_chore(self, answer: chores.Answer) -> None:
        on_chore = self._chores.get(answer.token)
        if isinstance(answer, chores.LAST):
            self._chores.pop(answer.token, None)
        if on_chore is not None:
            on_chore(answer)
