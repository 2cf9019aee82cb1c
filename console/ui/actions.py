"""What a person can do to what is selected: one table, from which menus, keys and buttons are made.

Every way in builds the very same request here; whether it may be done is asked of the checks.
"""

import functools
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QMenu, QWidget

from console.model import helpdesk
from console.model.finding import Severity
from console.model.group import to_retry
from console.model.operation import OperationRecord, OperationState
from console.model.request import (
    ChangePowerState,
    CreateVirtualMachine,
    DeleteVirtualMachine,
    DrainNode,
    LiveMigrate,
    PauseNode,
    PowerAction,
    ProveNodeEmpty,
    Request,
    ResumeNode,
)
from console.settings import Settings
from console.ui.arranging import Arranging
from console.ui.ask import Ask
from console.ui.bridge import OnMovesChecked, Part
from console.ui.clean_up import Checker, CleanUp, can_clean_up
from console.ui.elsewhere_menu import ElsewhereMenu
from console.ui.entry import Entry as Entry
from console.ui.entry import Scope as Scope
from console.ui.move_entries import move_entries
from console.ui.moving import Moving
from console.ui.plain_text import one_line, tip
from console.ui.retrying import retries
from console.ui.store import Store

_RETRYABLE = (OperationState.FAILED, OperationState.BLOCKED, OperationState.CANCELED)
# Looking at each of hundreds would hold up the window, only to say that one can be retried.
_LOOKED_AT = 40
_STOPPING = (PowerAction.STOP, PowerAction.RESTART, PowerAction.SAVE, PowerAction.PAUSE)


class Submitter(Checker, Protocol):
    """The bridge, as far as actions need it."""

    def submit(
        self, request: Request, secrets: Mapping[str, str] | None = None, retry_of: str = ""
    ) -> str: ...

    def submit_group(
        self, title: str, parts: Sequence[Part], group_id: str = ""
    ) -> tuple[str, tuple[str, ...]]: ...

    def check_moves(
        self, keys: Sequence[str], targets: Sequence[str], callback: OnMovesChecked
    ) -> str: ...

    def cancel(self, operation_id: str) -> None: ...

    def cancel_group(self, group_id: str) -> None: ...

    def stop_group(self, group_id: str) -> None: ...

    def reorder(self, operation_id: str, before: str = "") -> None: ...

    def refresh(self) -> None: ...


_POWER = (
    (PowerAction.START, "&Start", "Ctrl+Shift+S"),
    (PowerAction.STOP, "S&top…", "Ctrl+Shift+T"),
    (PowerAction.RESTART, "&Restart…", "Ctrl+Shift+R"),
    (PowerAction.PAUSE, "&Pause…", ""),
    (PowerAction.SAVE, "Sa&ve…", ""),
)
# What of the table a helpdesk console can do.
_HELPDESK = ("power_start", "power_restart")


class Actions(QObject):
    """Signals: ``move_wanted(keys)`` to open the chooser of nodes, ``create_wanted()`` for the
    wizard, ``create_again_wanted(spec)`` for the wizard with what was asked for before,
    ``plan_wanted(node)`` for the plan that empties it,
    ``passwords_wanted(group_id, records)`` to ask for those of failed creations,
    ``submitted(id)`` of an operation or a group after any request left.
    """

    move_wanted = Signal(tuple)
    create_wanted = Signal()
    create_again_wanted = Signal(object)
    passwords_wanted = Signal(str, tuple)
    plan_wanted = Signal(str)
    submitted = Signal(str)

    def __init__(
        self,
        store: Store,
        submitter: Submitter,
        ask: Ask,
        settings: Settings,
        more: Sequence[Entry] = (),
        *,
        is_helpdesk: bool = False,
    ) -> None:
        """``more`` are entries that ask for nothing, and so stay in helpdesk mode."""
        super().__init__()
        self._more, self._is_helpdesk = tuple(more), is_helpdesk
        self._store, self._submitter, self._ask = store, submitter, ask
        self._settings = settings
        self._clean_up = CleanUp(submitter, ask, self.submit, self)
        self.moving = Moving(store, ask, settings, self.submit, submitter, self)
        self.arranging = Arranging(store, submitter)
        self.entries = self._make_entries()

    def _make_entries(self) -> tuple[Entry, ...]:
        def power(action: PowerAction, text: str, shortcut: str) -> Entry:
            return Entry(
                f"power_{action}",
                text,
                Scope.VMS,
                lambda keys: self.power(keys, action),
                lambda keys: self._why_no_power(keys, action),
                shortcut,
                starts_group=action is PowerAction.START,
            )

        return (
            Entry(
                "create_vm",
                "&Create Trusted launch VM…",
                Scope.WINDOW,
                lambda _: self.create_wanted.emit(),
                lambda _: "",
                "Ctrl+N",
            ),
            *move_entries(self._store, self.moving, self.move_wanted.emit, self.cancel_operation),
            *(power(*row) for row in _POWER),
            Entry(
                "delete",
                "&Delete…",
                Scope.ONE_VM,
                lambda keys: self.delete(keys[0]),
                self._why_no_delete,
                starts_group=True,
            ),
            *self._more,
            *self._node_entries(),
        )

    def _node_entries(self) -> tuple[Entry, ...]:
        return (
            Entry(
                "plan_drain",
                "&Plan to empty it…",
                Scope.NODE,
                lambda names: self.plan_wanted.emit(names[0]),
                lambda _: "",
            ),
            Entry(
                "pause_node",
                "Pa&use…",
                Scope.NODE,
                lambda names: self.pause(names[0]),
                lambda names: self.why_not(PauseNode(names[0])),
            ),
            Entry(
                "drain",
                "&Drain…",
                Scope.NODE,
                lambda names: self.drain(names[0]),
                lambda names: self.why_not(DrainNode(names[0])),
                words="evacuate maintenance",
            ),
            Entry(
                "resume",
                "&Resume",
                Scope.NODE,
                lambda names: self.resume(names[0]),
                lambda names: self.why_not(ResumeNode(names[0])),
            ),
            Entry(
                "prove_node_empty",
                "Safe to re&boot?",
                Scope.NODE,
                lambda names: self.submit(ProveNodeEmpty(names[0])),
                lambda names: self.why_not(ProveNodeEmpty(names[0])),
            ),
        )

    def entries_for(self, *scopes: Scope) -> list[Entry]:
        """The entries of these scopes, in the order of the menus."""
        return [entry for entry in self.entries if entry.scope in scopes]

    def do(self, entry: Entry, selected: Sequence[str]) -> None:
        """Do it, or say why it cannot be done: a key reaches even what a menu would grey out."""
        why = self.why_not_now(entry, selected)
        if why:
            self._ask.report(entry.text.replace("&", "").rstrip("…"), why)
        else:
            entry.run(selected)

    def why_not_now(self, entry: Entry, selected: Sequence[str]) -> str:
        """Why the entry cannot be done on what is selected; empty if it can."""
        if entry.scope is not Scope.WINDOW and not selected:
            return f"Select {'a node' if entry.scope is Scope.NODE else 'a VM'} first."
        if entry.scope is Scope.ONE_VM and len(selected) > 1:
            return "One VM at a time."
        if self._is_helpdesk and entry.id not in _HELPDESK and entry not in self._more:
            return f"{helpdesk.REASON} {helpdesk.REMEDY}"
        return entry.why_not(selected)

    # -- requests ------------------------------------------------------------------------------
    def submit(self, *requests: Request, title: str = "") -> None:
        """Send requests; several become one group under ``title``."""
        if self._is_helpdesk and not all(map(helpdesk.may, requests)):
            self._ask.report(title or "Helpdesk mode", f"{helpdesk.REASON} {helpdesk.REMEDY}")
            return
        if len(requests) == 1:
            self.submitted.emit(self._submitter.submit(requests[0]))
        elif requests:
            parts = [Part(request) for request in requests]
            title = title or f"{len(requests)} operations"
            group_id, _ = self._submitter.submit_group(title, parts)
            self.submitted.emit(group_id)

    def power(self, keys: Sequence[str], action: PowerAction) -> None:
        """Change power; what interrupts a guest's work is confirmed by name."""
        vms = self._store.inventory.vms
        requests = [ChangePowerState(key, vms[key].name, action) for key in keys if key in vms]
        if not requests:
            return
        title = f"{action.capitalize()} {len(requests)} VMs"
        if action not in _STOPPING:
            self.submit(*requests, title=title)
            return
        names = ", ".join(one_line(request.vm_name) for request in requests[:8])
        more = f" and {len(requests) - 8} more" if len(requests) > 8 else ""
        self._ask.confirm(
            f"{action.capitalize()}?",
            f"{action.capitalize()} {names}{more}?\n\nPeople working on it are interrupted.",
            action.capitalize(),
            lambda: self.submit(*requests, title=title),
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

    def pause(self, node: str) -> None:
        self._ask.confirm(
            f"Pause {node}?",
            f"Let nothing new come to {node}, from the cluster or from Azure?\n\n"
            "What runs on it stays there. Resume undoes it.",
            "Pause",
            lambda: self.submit(PauseNode(node)),
        )

    def resume(self, node: str) -> None:
        self.submit(ResumeNode(node))

    def refresh(self) -> None:
        self._submitter.refresh()

    def cancel_operation(self, operation_id: str) -> None:
        self._submitter.cancel(operation_id)

    def cancel_group(self, group_id: str) -> None:
        self._submitter.cancel_group(group_id)

    def stop_group(self, group_id: str) -> None:
        """What of the group has not begun does not begin; what runs goes on to its end."""
        self._submitter.stop_group(group_id)

    def can_retry(self, record: OperationRecord) -> bool:
        """A creation is not retried from here: its password was never kept."""
        return not self.why_no_retry(record)

    def why_no_retry(self, record: OperationRecord) -> str:
        """Why it cannot be asked for again now; empty if it can."""
        if record.state is OperationState.UNKNOWN:
            return "It may have happened: it is asked for again only once that is known."
        if record.state not in _RETRYABLE:
            return "Only what did not happen is asked for again."
        request = record.request
        if isinstance(request, LiveMigrate) and not self.moving.requests(
            [request.vm_key], request.target
        ):
            return f"{one_line(request.vm_name)} is not on another node than {request.target} now."
        return self.why_not(self._asked_anew(request) or request)

    def failed_of(self, children: Sequence[OperationRecord]) -> list[OperationRecord]:
        """Of a group's operations those that ended without having happened."""
        return to_retry(list(children))

    def why_no_retry_of(self, failed: Sequence[OperationRecord]) -> str:
        """Why none of these can be asked for again now; empty if one of them can."""
        if not failed:
            return "Nothing of it failed."
        if any(map(_is_creation, failed)):
            return ""  # its password is asked for again
        why = ""
        for record in failed[:_LOOKED_AT]:
            reason = self.why_no_retry(record)
            if not reason:
                return ""
            why = why or reason
        return why

    def retry(self, record: OperationRecord) -> None:
        """Ask for it again, from where things are now; in its group if it has one."""
        request = self._asked_anew(record.request)
        if request is None:
            return
        if record.group_id:
            self._retry_in_group(
                record.group_id, retries([(record, request)], self._store.operations)
            )
        else:
            self.submitted.emit(self._submitter.submit(request, retry_of=record.id))

    def retry_failed(self, group_id: str) -> None:
        """Ask again for what failed in a group, and for nothing else of it."""
        children = (r for r in self._store.operations.values() if r.group_id == group_id)
        again, left_out = [], []
        failed = self.failed_of(list(children))
        creations = tuple(record for record in failed if _is_creation(record))
        if creations:
            self.passwords_wanted.emit(group_id, creations)
        for record in failed:
            if record in creations:
                continue
            why = self.why_no_retry(record)
            request = self._asked_anew(record.request)
            if why or request is None:
                left_out.append(f"{one_line(record.title)}: {why}")
            else:
                again.append((record, request))
        parts = retries(again, self._store.operations)
        if parts:
            self._retry_in_group(group_id, parts)
        if left_out:
            more = f"\nand {len(left_out) - 8} more" if len(left_out) > 8 else ""
            told = "\n".join(left_out[:8]) + more
            self._ask.report(f"{len(left_out)} of {len(parts) + len(left_out)} left out", told)

    def _retry_in_group(self, group_id: str, parts: Sequence[Part]) -> None:
        self.send_group(self.title_of(group_id), parts, group_id)

    def title_of(self, group_id: str) -> str:
        group = self._store.groups.get(group_id)
        return group.title if group else ""

    def send_group(self, title: str, parts: Sequence[Part], group_id: str = "") -> str:
        """Send several requests as one act; with a group's id they are added to it. Its id."""
        sent, _ = self._submitter.submit_group(title, parts, group_id)
        self.submitted.emit(sent)
        return sent

    def send(self, request: Request) -> str:
        """Send one request; its operation's id."""
        sent = self._submitter.submit(request)
        self.submitted.emit(sent)
        return sent

    def _asked_anew(self, request: Request) -> Request | None:
        """The request as of now: a move starts from where the VM is; None if there is no need."""
        if isinstance(request, LiveMigrate):
            moves = self.moving.requests([request.vm_key], request.target)
            return moves[0] if moves else None
        return request

    def can_clean_up(self, record: OperationRecord) -> bool:
        """Whether it is a creation that may have left parts behind."""
        return can_clean_up(record)

    def clean_up(self, record: OperationRecord) -> None:
        """List what a failed creation made, then ask whether to delete it."""
        self._clean_up.offer(record)

    def can_create_again(self, record: OperationRecord) -> bool:
        """A creation needs its password typed again, so it goes through the wizard."""
        return isinstance(record.request, CreateVirtualMachine) and record.state in _RETRYABLE

    def create_again(self, record: OperationRecord) -> None:
        """Open the wizard with everything that was asked for, but the passwords."""
        if isinstance(record.request, CreateVirtualMachine):
            self.create_again_wanted.emit(record.request.spec)

    def why_not(self, request: Request) -> str:
        """Why this cannot be asked for now; empty if it can. Needs no I/O."""
        if request.__struct_config__.tag == "create_virtual_machine":
            return "Open the wizard to create a VM."
        # Here and not above: the window is painted before anybody asks this.
        from console.checks import run_on_snapshot
        from console.operations import operation_for

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

    def _why_no_power(self, keys: Sequence[str], action: PowerAction) -> str:
        """The first reason if none of these VMs can; if some can, those are done."""
        vms = self._store.inventory.vms
        refusals = [
            self.why_not(ChangePowerState(key, vms[key].name, action)) for key in keys if key in vms
        ]
        return refusals[0] if refusals and all(refusals) else ""

    def _why_no_delete(self, keys: Sequence[str]) -> str:
        vm = self._store.inventory.vms.get(keys[0])
        return self.why_not(DeleteVirtualMachine(vm.key, vm.name)) if vm is not None else ""

    # -- menus ---------------------------------------------------------------------------------
    def fill_menu(self, menu: QMenu, keys: Sequence[str]) -> None:
        """The menu of a selection; what cannot be done stays, disabled, and says why."""
        keys = [key for key in keys if key in self._store.inventory.vms]
        scopes = [Scope.WINDOW] if not keys else [Scope.VMS]
        if len(keys) == 1:
            scopes.append(Scope.ONE_VM)
        self._fill(menu, self.entries_for(*scopes), keys)
        if keys:
            menu.addSeparator()
            menu.addMenu(self.elsewhere_menu(menu, lambda: keys))

    def elsewhere_menu(self, parent: QWidget, keys: Callable[[], Sequence[str]]) -> QMenu:
        """What cannot be done from here with these VMs, and why."""
        return ElsewhereMenu(parent, self._store, keys, self._ask.report)

    def fill_node_menu(self, menu: QMenu, node: str) -> None:
        """The menu of a node."""
        self._fill(menu, self.entries_for(Scope.NODE), [node])

    def _fill(self, menu: QMenu, entries: Sequence[Entry], selected: Sequence[str]) -> None:
        menu.setToolTipsVisible(True)
        for entry in entries:
            if entry.starts_group:
                menu.addSeparator()
            action = menu.addAction(entry.text)
            action.setObjectName(entry.id)
            action.triggered.connect(functools.partial(self._on_triggered, entry, list(selected)))
            if entry.shortcut:
                # Shown beside the entry; the main window's own actions react to the key.
                action.setShortcut(entry.shortcut)
                action.setShortcutVisibleInContextMenu(True)
            why = self.why_not_now(entry, selected)
            action.setEnabled(not why)
            action.setToolTip(tip(why))

    def _on_triggered(self, entry: Entry, selected: Sequence[str], _checked: bool = False) -> None:
        self.do(entry, selected)


def _is_creation(record: OperationRecord) -> bool:
    return isinstance(record.request, CreateVirtualMachine)
