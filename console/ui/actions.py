"""What a person can do to what is selected: one table, from which menus, keys and buttons are made.

Every way in builds the very same request here; whether it may be done is asked of the checks.
"""

import functools
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu

from console.checks import run_on_snapshot
from console.model.finding import Severity
from console.model.operation import OperationRecord, OperationState
from console.model.request import (
    ChangePowerState,
    DeleteVirtualMachine,
    DrainNode,
    LiveMigrate,
    PowerAction,
    Request,
    ResumeNode,
)
from console.operations import operation_for
from console.settings import Settings
from console.ui.ask import Ask
from console.ui.plain_text import one_line
from console.ui.store import Store

_RETRYABLE = (OperationState.FAILED, OperationState.BLOCKED, OperationState.CANCELED)
_STOPPING = (PowerAction.STOP, PowerAction.RESTART, PowerAction.SAVE, PowerAction.PAUSE)


class Submitter(Protocol):
    """The bridge, as far as actions need it."""

    def submit(
        self, request: Request, secrets: dict[str, str] | None = None, group_id: str = ""
    ) -> str: ...

    def cancel(self, operation_id: str) -> None: ...

    def refresh(self) -> None: ...


@dataclass(frozen=True)
class PowerEntry:
    """One power action as menus and keys show it."""

    action: PowerAction
    text: str
    shortcut: str = ""


POWER = (
    PowerEntry(PowerAction.START, "&Start", "Ctrl+Shift+S"),
    PowerEntry(PowerAction.STOP, "S&top…", "Ctrl+Shift+T"),
    PowerEntry(PowerAction.RESTART, "&Restart…", "Ctrl+Shift+R"),
    PowerEntry(PowerAction.PAUSE, "&Pause…"),
    PowerEntry(PowerAction.SAVE, "Sa&ve…"),
)


class Actions(QObject):
    """Signals: ``move_wanted(keys)`` to open the chooser of nodes, ``create_wanted()`` for the
    wizard, ``submitted(operation_id)`` after any request left.
    """

    move_wanted = Signal(tuple)
    create_wanted = Signal()
    submitted = Signal(str)

    def __init__(self, store: Store, submitter: Submitter, ask: Ask, settings: Settings) -> None:
        super().__init__()
        self._store, self._submitter, self._ask = store, submitter, ask
        self._settings = settings

    # -- requests ------------------------------------------------------------------------------
    def submit(self, *requests: Request) -> None:
        """Send requests; several become one group."""
        group_id = str(uuid.uuid4()) if len(requests) > 1 else ""
        for request in requests:
            self.submitted.emit(self._submitter.submit(request, group_id=group_id))

    def move(self, keys: Sequence[str], target: str) -> None:
        """Live-migrate these VMs to a node; asks once more unless that was switched off."""
        requests = self.move_requests(keys, target)
        if not requests:
            return
        if not self._settings.confirm_moves:
            self.submit(*requests)
            return
        what = requests[0].vm_name if len(requests) == 1 else f"{len(requests)} VMs"
        sources = ", ".join(sorted({request.source for request in requests}))
        self._ask.confirm(
            f"Move to {target}?",
            f"Live-migrate {one_line(what)} from {sources} to {target}?\n\n"
            "It keeps running; you can cancel while it moves.",
            "Move",
            lambda: self.submit(*requests),
            on_remember=self._stop_asking,
        )

    def move_requests(self, keys: Sequence[str], target: str) -> list[LiveMigrate]:
        """One request for each of these VMs that is on another node; others are left out."""
        vms = self._store.inventory.vms
        return [
            LiveMigrate(key, vms[key].name, owner, target)
            for key in keys
            if key in vms and (owner := vms[key].owner_node) and owner != target
        ]

    def power(self, keys: Sequence[str], action: PowerAction) -> None:
        """Change power; what interrupts a guest's work is confirmed by name."""
        vms = self._store.inventory.vms
        requests = [ChangePowerState(key, vms[key].name, action) for key in keys if key in vms]
        if not requests:
            return
        if action not in _STOPPING:
            self.submit(*requests)
            return
        names = ", ".join(one_line(request.vm_name) for request in requests[:8])
        more = f" and {len(requests) - 8} more" if len(requests) > 8 else ""
        self._ask.confirm(
            f"{action.capitalize()}?",
            f"{action.capitalize()} {names}{more}?\n\nPeople working on it are interrupted.",
            action.capitalize(),
            lambda: self.submit(*requests),
        )

    def delete(self, key: str) -> None:
        vm = self._store.inventory.vms.get(key)
        if vm is None:
            return
        self._ask.confirm(
            "Delete this VM?",
            f"Delete {one_line(vm.name)} in Azure and on the cluster?\n\nIts system disk is lost. "
            "Network interfaces and data disks are kept.",
            "Delete",
            lambda: self.submit(DeleteVirtualMachine(key, vm.name)),
        )

    def drain(self, node: str) -> None:
        count = len(self._store.inventory.vms_on(node))
        self._ask.confirm(
            f"Drain {node}?",
            f"Move all {count} VMs away from {node} and pause it?",
            "Drain",
            lambda: self.submit(DrainNode(node)),
        )

    def resume(self, node: str) -> None:
        self.submit(ResumeNode(node))

    def refresh(self) -> None:
        self._submitter.refresh()

    def cancel_operation(self, operation_id: str) -> None:
        self._submitter.cancel(operation_id)

    def can_retry(self, record: OperationRecord) -> bool:
        """A creation is not retried from here: its password was never kept."""
        return record.state in _RETRYABLE and self.why_not(record.request) == ""

    def retry(self, record: OperationRecord) -> None:
        request = record.request
        if isinstance(request, LiveMigrate):
            self.submit(*self.move_requests([request.vm_key], request.target))
        else:
            self.submit(request)

    def can_move_back(self, record: OperationRecord) -> bool:
        request = record.request
        if not isinstance(request, LiveMigrate) or record.state is not OperationState.SUCCEEDED:
            return False
        vm = self._store.inventory.vms.get(request.vm_key)
        return vm is not None and vm.owner_node == request.target

    def move_back(self, record: OperationRecord) -> None:
        if isinstance(record.request, LiveMigrate):
            self.move([record.request.vm_key], record.request.source)

    def why_not(self, request: Request) -> str:
        """Why this cannot be asked for now; empty if it can. Needs no I/O."""
        if request.__struct_config__.tag == "create_virtual_machine":
            return "Open the wizard to create a VM."
        findings = run_on_snapshot(
            operation_for(request).checks,
            request,
            self._store.inventory,
            time.time(),
            self._store.running(),
        )
        return next(
            (f"{f.text} {f.remedy}".strip() for f in findings if f.severity is Severity.BLOCKS), ""
        )

    def tell_failure(self, title: str, text: str) -> None:
        self._ask.report(title, text)

    # -- menus ---------------------------------------------------------------------------------
    def fill_menu(self, menu: QMenu, keys: Sequence[str]) -> None:
        """The menu of a selection; what cannot be done stays, disabled, and says why."""
        vms = [self._store.inventory.vms[key] for key in keys if key in self._store.inventory.vms]
        menu.setToolTipsVisible(True)
        if not vms:
            self._add(menu, "&Create Trusted launch VM…", self.create_wanted.emit, "Ctrl+N")
            return
        wanted = tuple(vm.key for vm in vms)
        why = ""
        if len(vms) == 1 and vms[0].owner_node is None:
            why = "It is not on the cluster."
        self._add(
            menu, "&Move to node…", lambda: self.move_wanted.emit(wanted), "Ctrl+M", why
        ).setObjectName("move_to_node")
        menu.addSeparator()
        for entry in POWER:
            refusals = [self.why_not(ChangePowerState(vm.key, vm.name, entry.action)) for vm in vms]
            why = refusals[0] if all(refusals) else ""
            change = functools.partial(self.power, wanted, entry.action)
            self._add(menu, entry.text, change, entry.shortcut, why)
        if len(vms) == 1:
            menu.addSeparator()
            why = self.why_not(DeleteVirtualMachine(vms[0].key, vms[0].name))
            self._add(menu, "&Delete…", lambda: self.delete(vms[0].key), "", why)

    def fill_node_menu(self, menu: QMenu, node: str) -> None:
        """The menu of a node."""
        menu.setToolTipsVisible(True)
        self._add(menu, "&Drain…", lambda: self.drain(node), "", self.why_not(DrainNode(node)))
        self._add(menu, "&Resume", lambda: self.resume(node), "", self.why_not(ResumeNode(node)))

    def _add(
        self,
        menu: QMenu,
        text: str,
        slot: Callable[[], object],
        shortcut: str = "",
        why_not: str = "",
    ) -> QAction:
        action = QAction(text, menu)
        action.triggered.connect(lambda _checked=False: slot())
        if shortcut:
            # Shown beside the entry; the main window's own actions react to the key.
            action.setShortcut(QKeySequence(shortcut))
            action.setShortcutVisibleInContextMenu(True)
        action.setEnabled(not why_not)
        action.setToolTip(why_not)
        menu.addAction(action)
        return action

    def _stop_asking(self) -> None:
        self._settings.confirm_moves = False
