"""What the gallery can draw, by name: each builder makes one view over a snapshot."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtWidgets import QApplication, QWidget

from console.model.finding import Finding
from console.model.freshness import Fault, FaultCode
from console.model.request import Request
from console.model.snapshot import ClusterSnapshot
from console.settings import Settings
from console.ui import (
    gallery_connections,
    gallery_health,
    gallery_moves,
    gallery_notifications,
    gallery_operations,
    gallery_past,
    gallery_performance,
    gallery_plans,
    gallery_tabs,
)
from console.ui.bridge import Part
from console.ui.main_window import MainWindow
from console.ui.store import Store

Builder = Callable[[ClusterSnapshot, Path, str], QWidget]


class QuietSubmitter:
    """In place of the bridge: a picture asks for nothing and gets nothing."""

    def submit(
        self, request: Request, secrets: Mapping[str, str] | None = None, retry_of: str = ""
    ) -> str:
        return "picture"

    def submit_group(
        self, title: str, parts: Sequence[Part], group_id: str = ""
    ) -> tuple[str, tuple[str, ...]]:
        return "picture", ()

    def cancel(self, operation_id: str) -> None:
        return

    def cancel_group(self, group_id: str) -> None:
        return

    def stop_group(self, group_id: str) -> None:
        return

    def reorder(self, operation_id: str, before: str = "") -> None:
        return

    def refresh(self) -> None:
        return

    def check(self, request: Request, callback: Callable[[tuple[Finding, ...]], None]) -> str:
        return "picture"

    def check_moves(self, *_what: object) -> str:
        return "picture"

    def forget_check(self, token: str) -> None:
        return

    def ask_chore(self, question: object, on_answer: object) -> None:
        return

    def give_up_chore(self, token: str) -> None:
        return


class QuietBridge(QObject, QuietSubmitter):
    """A bridge to nowhere for the main window."""

    worker_changed = Signal()
    refused = Signal(str, object)
    sign_in_wanted = Signal(str)
    worker_fault = None
    is_ready = True
    actor = "operator"

    def export(self, *_what: object) -> None:
        return

    def read_changes(self, *_what: object) -> None:
        return

    def read_history(self, callback: Callable[[], None]) -> None:
        return

    def set_attention(self, is_visible: bool) -> None:
        return


def settle(application: QApplication, rounds: int) -> None:
    """Let layouts, deferred deletions and timers of now happen."""
    for _ in range(rounds):
        application.processEvents()
        application.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def window(
    snapshot: ClusterSnapshot, folder: Path, scenario: str, *, is_helpdesk: bool = False
) -> MainWindow:
    """The main window on the map with the first VM selected."""
    store = Store()
    store.replace(snapshot)
    bridge, settings = QuietBridge(), Settings()
    main = MainWindow(store, bridge, settings, folder, scenario, is_helpdesk=is_helpdesk)  # type: ignore[arg-type]
    store.setParent(main)
    # A picture waits for nothing: views that would follow the first frame are made now.
    _ = main.inspector, main.drawer, main.table
    return main


def _map(snapshot: ClusterSnapshot, folder: Path, scenario: str) -> QWidget:
    main = window(snapshot, folder, scenario)
    main.resize(1360, 860)
    main.show()
    first = next((card.keys[0] for card in main.map.cards if card.keys), "")
    main.map.select({first}, cursor=first)
    main.health.watch.age(3 * 3600.0)  # what the planes say differently has stood for a while
    return main


def _helpdesk(snapshot: ClusterSnapshot, folder: Path, scenario: str) -> QWidget:
    """The helpdesk's window with a VM found by a few letters."""
    main = window(snapshot, folder, scenario, is_helpdesk=True)
    main.resize(1360, 860)
    main.show()
    main.helpdesk.page.field.setText("sql")
    return main


def _palette(typed: str) -> Builder:
    def build(snapshot: ClusterSnapshot, folder: Path, scenario: str) -> QWidget:
        from console.ui.views.palette import Palette

        main = window(snapshot, folder, scenario)
        entries = main._window_entries
        go = main.go_to_vm, main._go_to_node
        palette = Palette(main._store, main.actions_table, main.selected, entries, *go)
        palette.field.setText(typed)
        main.setParent(palette)
        main.hide()
        return palette

    return build


def _table(snapshot: ClusterSnapshot, folder: Path, scenario: str) -> QWidget:
    main = window(snapshot, folder, scenario)
    main._tabs.setCurrentIndex(1)
    if main.table.rows.visible:
        main.table.list.set_cursor(main.table.rows.visible[0])
    return main


def _stale(snapshot: ClusterSnapshot, folder: Path, scenario: str) -> QWidget:
    """As a start shows it: what was known, an hour old."""
    import msgspec

    old = time.time() - 3600
    replace = msgspec.structs.replace
    fault = Fault(FaultCode.TIMED_OUT, "LAB-N1 does not answer.", "Look at the node.")
    main = window(snapshot, folder, scenario)
    main._store.load_stored(
        replace(
            snapshot,
            arm=replace(snapshot.arm, read_at=old),
            cluster_wire=replace(snapshot.cluster_wire, read_at=old, faults=(fault,)),
        )
    )
    return main


def _operations(count: int) -> Builder:
    """Operations in every state; of many, a group is unfolded."""

    def build(snapshot: ClusterSnapshot, folder: Path, scenario: str) -> QWidget:
        main = window(snapshot, folder, scenario)
        gallery_operations.fill(main._store, snapshot, count)
        if count >= 10:
            gallery_operations.fill_foreign(main._store, snapshot)
            main.drawer.select("part-7")
            main.drawer.select("g" * 8)
        elif count:
            main.drawer.select(next(iter(main._store.operations)))
        main.resizeDocks([main._docks["operations"]], [420], Qt.Orientation.Vertical)
        return main

    return build


def _operations_plan(name: str) -> Builder:
    """A plan that goes on and a drain, one of them chosen."""

    def build(snapshot: ClusterSnapshot, folder: Path, scenario: str) -> QWidget:
        main = window(snapshot, folder, scenario)
        group = gallery_operations.fill_plan(main._store, snapshot)
        main.drawer.select("proof")
        main.drawer.select(name or group)
        main.resizeDocks([main._docks["operations"]], [420], Qt.Orientation.Vertical)
        return main

    return build


def _away(snapshot: ClusterSnapshot, folder: Path, scenario: str) -> QWidget:
    """The digest of an absence, beside a fault."""
    from console.ui.models.digest import digest_of

    main = window(snapshot, folder, scenario)
    gallery_operations.fill(main._store, snapshot, 14)
    records = list(main._store.operations.values())[:14]
    main._store.notice(Fault(FaultCode.LOST, "LAB-N1 does not answer.", "Look at the node."))
    main.show_digest(digest_of(records, is_whole=True))
    main.resizeDocks([main._docks["operations"]], [420], Qt.Orientation.Vertical)
    return main


def _choose(snapshot: ClusterSnapshot, folder: Path, scenario: str) -> QWidget:
    from console.ui.forms.choose_node import ChooseNode

    store = Store()
    store.replace(snapshot)
    key = next(vm.key for vm in snapshot.vms if vm.owner_node)
    dialog = ChooseNode(store, (key,))
    store.setParent(dialog)
    return dialog


def _moves(build: Callable[[MainWindow, ClusterSnapshot], QWidget]) -> Builder:
    def made(snapshot: ClusterSnapshot, folder: Path, scenario: str) -> QWidget:
        return build(window(snapshot, folder, scenario), snapshot)

    return made


def _plan(build: gallery_plans.Build) -> Builder:
    def made(snapshot: ClusterSnapshot, folder: Path, scenario: str) -> QWidget:
        main = window(snapshot, folder, scenario)
        view = build(main, folder)
        main.setParent(view)
        main.hide()
        return view

    return made


def _wizard(page: int) -> Builder:
    def build(snapshot: ClusterSnapshot, folder: Path, scenario: str) -> QWidget:
        from console.ui.wizard.create_vm_wizard import CreateVmWizard

        store = Store()
        store.replace(snapshot)
        wizard = CreateVmWizard(store, QuietBridge(), folder)
        store.setParent(wizard)
        wizard.show_page(page)
        return wizard

    return build


def _several(snapshot: ClusterSnapshot, folder: Path, scenario: str) -> QWidget:
    """Rows of a CSV, right and wrong."""
    from console.ui.wizard import flow
    from console.ui.wizard.several import csv_rows
    from console.ui.wizard.several.dialog import SeveralDialog

    store = Store()
    store.replace(snapshot)
    draft = flow.new_draft(store.inventory)
    draft.admin_username, draft.memory_gib = "grace", 4
    rows = "name,memory_gib,storage_path\nweb-70,,\nWeb 71,,\nweb-72,x,nowhere\nweb-73,8,\n"
    secrets = {"admin_password": "picture", flow.PASSWORD_AGAIN: "picture"}
    dialog = SeveralDialog(draft, secrets, store, QuietBridge())
    store.setParent(dialog)
    dialog.show_rows("virtual-machines.csv", csv_rows.parse(rows.encode()))
    return dialog


def _create_again(snapshot: ClusterSnapshot, folder: Path, scenario: str) -> QWidget:
    from console.ui.create_failed_again import CreateFailedAgain

    records = gallery_operations.failed_creations(snapshot)
    return CreateFailedAgain("g", "Create 12 VMs", records, lambda *_: None)


def _start(count: int) -> Builder:
    """A console without a connection, with so many of them known."""

    def build(snapshot: ClusterSnapshot, folder: Path, scenario: str) -> QWidget:
        from console.ui.connections.doors import StartPage

        store = Store()
        main = MainWindow(store, QuietBridge(), Settings(), folder)  # type: ignore[arg-type]
        store.setParent(main)
        page = StartPage()
        page.show_profiles(gallery_connections.PROFILES[:count], "")
        main.start.show(page)
        return main

    return build


VIEWS: dict[str, Builder] = {
    "helpdesk": _helpdesk,
    **gallery_health.views(window),
    **gallery_past.views(window),
    **gallery_performance.views(),
    **gallery_notifications.views(window),
    "map": _map,
    **{name: _moves(build) for name, build in gallery_moves.BUILDERS.items()},
    "table": _table,
    "stale": _stale,
    "operations": _operations(40),
    "operations-none": _operations(0),
    "operations-one": _operations(1),
    "operations-500": _operations(500),
    "operations-plan": _operations_plan(""),
    "operations-plan-waits": _operations_plan("proof"),
    "operations-drain": _operations_plan("drain"),
    "away": _away,
    "choose-node": _choose,
    **{name: _plan(build) for name, build in gallery_plans.BUILDERS.items()},
    "palette": _palette("mo"),
    "wizard-basics": _wizard(0),
    "wizard-image": _wizard(1),
    "wizard-security": _wizard(2),
    "wizard-size": _wizard(3),
    "wizard-administrator": _wizard(4),
    "wizard-network": _wizard(5),
    "wizard-tags": _wizard(6),
    "wizard-review": _wizard(7),
    "several": _several,
    "create-again": _create_again,
    "tabs": gallery_tabs.view(QuietBridge),
    "start": _start(0),
    "start-known": _start(3),
    "connection-azure": gallery_connections.editor("azure"),
    "connection-fleet": gallery_connections.editor("fleet"),
    "connection-cluster": gallery_connections.editor("cluster"),
    "connection-custom": gallery_connections.editor("custom"),
    "connections": gallery_connections.listed,
    "connection-secret": gallery_connections.secret_wanted,
    "sign-in-code": gallery_connections.sign_in_again("code"),
    "sign-in-failed": gallery_connections.sign_in_again("failed"),
}
