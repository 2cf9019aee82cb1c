"""The main window: places views, menus and the status bar, and holds no rule.

Only the view in front is made before the first frame; everything else follows right after it, one
view a turn of the event loop, or at once when somebody asks for it.
"""

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QEvent, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QHideEvent, QPaintEvent, QShowEvent
from PySide6.QtWidgets import (
    QMainWindow,
    QMenu,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from console.settings import Settings
from console.ui import theme
from console.ui.actions import Actions, Scope
from console.ui.ask import Ask
from console.ui.bridge import Bridge
from console.ui.colour_entries import colour_entries
from console.ui.connections.start_place import StartPlace
from console.ui.health_desk import HealthDesk
from console.ui.main_menus import SETTINGS, MainMenus, WindowEntry
from console.ui.models.digest import Digest
from console.ui.move_ways import MoveWays
from console.ui.operation_export import ENTRIES
from console.ui.plan_opener import PlanOpener
from console.ui.reaching import Reaching
from console.ui.shell.tab_entries import tab_entries
from console.ui.side_docks import SideDocks
from console.ui.store import Store
from console.ui.views.notice_bar import NoticeBar
from console.ui.views.status_strip import StatusStrip
from console.ui.views.undo_bar import UndoBar
from console.ui.window_size import open_at
from console.ui.wizard_opener import WizardOpener

if TYPE_CHECKING:
    from console.model.operation import OperationRecord
    from console.ui.shell.elsewhere import Elsewhere
    from console.ui.views.cluster_map import ClusterMap
    from console.ui.views.fleet.fleet_page import FleetPage
    from console.ui.views.inspector import Inspector
    from console.ui.views.operations_drawer import OperationsDrawer
    from console.ui.views.vm_table import VmTable


class MainWindow(QMainWindow):
    """Signals: ``painted()`` once, after the first frame; ``closing()``; ``in_sight(bool)`` when
    it came into sight or went; ``digest_dismissed()``; ``connections_wanted()``;
    ``check_wanted()``, of this computer; ``tab_wanted(act)``, one of ``shell.tab_entries``.
    """

    painted = Signal()
    closing = Signal()
    in_sight = Signal(bool)
    digest_dismissed = Signal()
    connections_wanted = Signal()
    check_wanted = Signal()
    tab_wanted = Signal(str)

    def __init__(
        self,
        store: Store,
        bridge: Bridge,
        settings: Settings,
        folder: Path,
        lab_name: str = "",
        *,
        is_helpdesk: bool = False,
    ) -> None:
        super().__init__()
        self.setObjectName("main_window")
        self.setWindowTitle("Trusted launch console" + (" (lab)" if lab_name else ""))
        self._store, self._bridge, self._settings = store, bridge, settings
        self._folder = folder
        self._was_painted = False
        self._node = ""  # chosen last, by a click on its card
        self.elsewhere: Elsewhere = tuple  # VMs of other open connections
        self.ask = Ask(self)
        self.wizards = WizardOpener(store, bridge, folder, self, self.ask)
        self.reaching = Reaching(store, self.ask, folder, self)
        self.actions_table = Actions(
            store, bridge, self.ask, settings, self.reaching.entries(), is_helpdesk=is_helpdesk
        )
        self.actions_table.setParent(self)
        self.plans = PlanOpener(store, self.actions_table, folder, self, self.ask)
        self._map: ClusterMap | None = None
        self._can_lift = not is_helpdesk
        self._table: VmTable | None = None
        self._inspector: Inspector | None = None
        self._drawer: OperationsDrawer | None = None
        self._fleet: FleetPage | None = None
        self._place_views()
        self.health = HealthDesk(store, folder, self._tabs, self, self._notice.say, bridge, self)
        self.strip = StatusStrip(self.statusBar(), store, bridge, lab_name)
        docks = tuple(self._docks.values())
        self.start = StartPlace(self, self._centre, self._tabs, docks, self.strip)
        self._window_entries = self._entries()
        self._menus = MainMenus(self, self.actions_table, self.selected, self._window_entries)
        self._connect()
        self._restore_layout()
        if is_helpdesk:
            from console.ui.helpdesk_place import HelpdeskPlace

            for dock in self._docks.values():
                dock.hide()  # the page tells it in larger letters; what is asked for shows itself
            self.helpdesk = HelpdeskPlace(self, self._tabs, store, self.actions_table)

    @property
    def notice(self) -> NoticeBar:
        return self._notice

    # -- views, made when first needed ---------------------------------------------------------
    @property
    def map(self) -> "ClusterMap":
        if self._map is None:
            from console.ui.views.cluster_map import ClusterMap

            self._map = map_ = ClusterMap(self._store, self._map_page)
            map_.can_lift = self._can_lift
            self._connect_map(map_)
            layout = self._map_page.layout()
            assert layout is not None
            layout.addWidget(map_)
            self._map_page.setFocusProxy(map_)
        return self._map

    @property
    def table(self) -> "VmTable":
        if self._table is None:
            from console.ui.views.vm_table import VmTable

            keeps = (self._settings, self._folder)
            self._table = table = VmTable(self._store, self.actions_table, *keeps)
            table.changed_wanted.connect(self.health.show_changed_today)
            table.selection_changed.connect(
                lambda: self._inspect(table.selected_keys, table.list.cursor_key)
            )
            table.vm_activated.connect(self._show_vm)
            table.exported.connect(functools.partial(self._notice.say, "export"))
            layout = self._table_page.layout()
            assert layout is not None
            layout.addWidget(table)
        return self._table

    @property
    def inspector(self) -> "Inspector":
        if self._inspector is None:
            from console.ui.views.inspector import Inspector

            self._inspector = Inspector(self._store, self._bridge)
            self._inspector.offer_figures(self.health.performance.open)
            self._docks["inspector"].setWidget(self._inspector)
        return self._inspector

    @property
    def drawer(self) -> "OperationsDrawer":
        if self._drawer is None:
            from console.ui.views.operations_drawer import OperationsDrawer

            self._drawer = OperationsDrawer(self._store, self.actions_table, self._bridge)
            self._drawer.exports.said.connect(functools.partial(self._notice.say, "export"))
            self._drawer.exports.failed.connect(self._notice.tell)
            self._drawer.digest_panel.dismissed.connect(self.digest_dismissed)
            self._docks["operations"].setWidget(self._drawer)
        return self._drawer

    def add_fleet(self, page: "FleetPage") -> None:
        """The profile covers many clusters: their page comes to the front."""
        self._fleet = page
        self.health.add_fleet(page)
        page.said.connect(functools.partial(self._notice.say, "fleet"))
        page.failed.connect(self._notice.tell)
        self._tabs.currentChanged.connect(self._make_room)
        self._tabs.setCurrentIndex(self._tabs.addTab(page, "Fleet"))

    def _make_room(self, _at: int = 0) -> None:
        """The fleet tells stories of its own: docks of the open cluster step aside for it."""
        if self._tabs.currentWidget() is self._fleet:
            self._docks.step_aside()
        else:
            self._docks.come_back()

    def _make_front(self, at: int) -> None:
        if at == 0:
            _ = self.map
        elif at == 1:
            _ = self.table

    def show_map(self) -> None:
        self._tabs.setCurrentIndex(0)

    def show_fleet(self) -> None:
        if self._fleet is None:
            self._notice.say("fleet", "This connection covers one cluster: there is no fleet.")
        else:
            self._tabs.setCurrentWidget(self._fleet)

    def _make_the_rest(self) -> None:
        """One thing a turn, so that no frame waits for all of them."""
        steps: list[Callable[[], object]] = [
            lambda: self.inspector,
            lambda: self.drawer,
            lambda: self.map,
            lambda: self.table,
            _warm_checks,
        ]
        for at, step in enumerate(steps):
            QTimer.singleShot(at * 20, self, step)

    def _ask_passwords(self, group_id: str, records: "tuple[OperationRecord, ...]") -> None:
        """Failed creations of a group are to be made again."""
        from console.ui.create_failed_again import CreateFailedAgain

        actions = self.actions_table
        title = actions.title_of(group_id)
        CreateFailedAgain(group_id, title, records, actions.send_group, self).open()

    # -- places --------------------------------------------------------------------------------
    def _place_views(self) -> None:
        self._tabs = QTabWidget(self)
        self._tabs.setObjectName("views")
        self._tabs.setDocumentMode(True)
        self._map_page, self._table_page = QWidget(self), QWidget(self)
        for page in (self._map_page, self._table_page):
            QVBoxLayout(page).setContentsMargins(0, 0, 0, 0)
        self._tabs.addTab(self._map_page, "Cluster map")
        self._tabs.addTab(self._table_page, "Virtual machines")
        self._tabs.currentChanged.connect(self._make_front)
        create = QPushButton("Create Trusted launch VM…", self)
        create.setObjectName("create_vm_button")
        create.clicked.connect(self.open_wizard)
        self._tabs.setCornerWidget(create)
        self._notice = NoticeBar(self)
        centre = QWidget(self)
        layout = QVBoxLayout(centre)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        table, live = self.actions_table, self._bridge
        self.ways = MoveWays(self, self._tabs, self._store, table, live)
        self.ways.add_to_plan = self.plans.arrange
        layout.addWidget(self._tabs, 1)
        # Below, where its coming and going moves no tile from under a hand that reaches for it.
        layout.addWidget(self._notice)
        layout.addWidget(UndoBar(self.actions_table.moving.grace, centre))
        self._centre = layout
        self.setCentralWidget(centre)
        self._docks = SideDocks(self)

    def _entries(self) -> tuple[WindowEntry, ...]:
        tabs, refresh = self._tabs, self.actions_table.refresh
        return (
            WindowEntry(
                "&File",
                "Co&nnections…",
                self.connections_wanted.emit,
                "Ctrl+Shift+O",
                starts_group=True,
                words=SETTINGS,
            ),
            *tab_entries(self.tab_wanted.emit),
            WindowEntry(
                "&File", "&Quit", lambda: self.window().close(), "Ctrl+Q", starts_group=True
            ),
            WindowEntry("&View", "Cluster &map", lambda: tabs.setCurrentIndex(0), "Ctrl+1"),
            WindowEntry("&View", "&Virtual machines", lambda: tabs.setCurrentIndex(1), "Ctrl+2"),
            *self.health.entries(),
            WindowEntry("&View", "F&leet", self.show_fleet, "Ctrl+4"),
            WindowEntry("&View", "&Find a VM", self._find, "Ctrl+F"),
            WindowEntry("&View", "&Command palette…", self.open_palette, "Ctrl+K"),
            WindowEntry("&View", "&Refresh now", refresh, "F5"),
            WindowEntry(
                "&View", "&Inspector", lambda: self._docks.toggle("inspector"), "Ctrl+I", True
            ),
            WindowEntry("&Plan", "&Planning mode…", self.plans.arrange, "Ctrl+Shift+M"),
            WindowEntry("&Plan", "&Even out the nodes…", self.plans.even_out),
            WindowEntry("&Plan", "&Kept plans…", self.plans.show_kept, "", True),
            WindowEntry(
                "&Operations", "&Show or hide", lambda: self._docks.toggle("operations"), "F6"
            ),
            WindowEntry("&Operations", "&Find an operation", self._find_operation, "Ctrl+Shift+F"),
            *(
                WindowEntry(
                    "&Operations",
                    entry.text,
                    functools.partial(self._export, entry.id),
                    starts_group=entry.id == "shown",
                )
                for entry in ENTRIES
            ),
            *colour_entries(self.set_theme),
            WindowEntry("&Help", "&Keys…", self._tell_keys, "F1"),
            WindowEntry("&Help", "&Check this computer…", self.check_wanted.emit),
            WindowEntry("&Help", "&About…", self._tell_about),
        )

    def _connect(self) -> None:
        actions = self.actions_table
        actions.plan_wanted.connect(self.plans.empty)
        actions.create_wanted.connect(self.open_wizard)
        actions.create_again_wanted.connect(self.wizards.open)
        actions.passwords_wanted.connect(self._ask_passwords)
        self.wizards.submitted.connect(lambda _: self._docks["operations"].show())
        actions.submitted.connect(lambda _: self._docks["operations"].show())
        self._store.noticed.connect(self._notice.tell)

    def _connect_map(self, map_: "ClusterMap") -> None:
        actions = self.actions_table
        map_.selection_changed.connect(lambda: self._inspect(map_.selected_keys, map_.cursor_key))
        map_.node_activated.connect(self._show_node)
        map_.menu_wanted.connect(
            lambda where: self._open_menu(actions.fill_menu, map_.selected_keys, where)
        )
        map_.node_menu_wanted.connect(
            lambda node, where: self._open_menu(actions.fill_node_menu, node, where)
        )
        map_.vm_activated.connect(self._show_vm)
        self.ways.serve(map_)

    # -- acts ----------------------------------------------------------------------------------
    @property
    def selected_keys(self) -> list[str]:
        """What the visible view has selected."""
        if self._tabs.currentIndex() == 0:
            return self.map.selected_keys
        if self._fleet is not None and self._tabs.currentWidget() is self._fleet:
            return []  # nothing acts on a VM whose cluster is not open
        return self.table.selected_keys

    def selected(self, scope: Scope) -> Sequence[str]:
        """What an entry of this scope would act on: VMs; the node clicked last, else theirs."""
        keys = self.selected_keys
        if scope is not Scope.NODE:
            return keys
        inventory = self._store.inventory
        owner = inventory.vms[keys[0]].owner_node if keys else None
        node = self._node or owner
        return [node] if node in inventory.nodes else []

    def open_palette(self) -> None:
        from console.ui.views.palette import Palette

        table, entries = self.actions_table, self._window_entries
        go = self.go_to_vm, self._go_to_node
        elsewhere = self.elsewhere
        Palette(self._store, table, self.selected, entries, *go, elsewhere, parent=self).open()

    def go_to_vm(self, key: str) -> None:
        self._tabs.setCurrentIndex(0)
        self.map.select({key}, cursor=key)
        self._show_vm(key)
        self.map.setFocus(Qt.FocusReason.OtherFocusReason)

    def _go_to_node(self, name: str) -> None:
        self._tabs.setCurrentIndex(0)
        self.map.show_node(name)
        self._show_node(name)
        self.map.setFocus(Qt.FocusReason.OtherFocusReason)

    def open_wizard(self) -> None:
        """A wizard is a window of its own: the map stays in sight while it is filled in."""
        self.wizards.open()

    def show_digest(self, digest: Digest) -> None:
        """Say in one line what ended while nobody looked; the drawer lists it."""
        self._notice.say(
            "digest",
            digest.text,
            act=("Show", self._show_operations),
            on_dismiss=self.digest_dismissed.emit,
        )
        self.drawer.show_digest(digest)

    def _show_operations(self) -> None:
        self._docks["operations"].show()
        self._docks["operations"].raise_()
        self.drawer.digest_panel.list.setFocus(Qt.FocusReason.OtherFocusReason)

    def set_theme(self, name: str) -> None:
        self._settings.theme = name  # type: ignore[assignment]
        theme.apply(name)

    def _find(self) -> None:
        if self._fleet is not None and self._tabs.currentWidget() is self._fleet:
            self._fleet.focus_search()
            return
        self._tabs.setCurrentIndex(1)
        self.table.focus_search()

    def _export(self, entry_id: str) -> None:
        self.drawer.exports.ask(entry_id)

    def _find_operation(self) -> None:
        self._docks["operations"].show()
        self.drawer.focus_search()

    def _tell_keys(self) -> None:
        from console.ui.help_texts import keys_text

        self.ask.report("Keys", keys_text(self.actions_table.entries))

    def _tell_about(self) -> None:
        from console.ui.help_texts import about_text

        self.ask.report("About", about_text())

    def _inspect(self, keys: list[str], cursor: str) -> None:
        if keys:
            self._node = ""
            self.inspector.show_vm(cursor if cursor in keys else keys[0])

    def _show_vm(self, key: str) -> None:
        self._docks["inspector"].show()
        self.inspector.show_vm(key)

    def explain_vm(self, key: str) -> None:
        """Why it is as it is, in the inspector."""
        self._show_vm(key)
        self.inspector.open_tab("Health")

    def explain_node(self, name: str) -> None:
        self._docks["inspector"].show()
        self._show_node(name)
        self.inspector.open_tab("Health")

    def show_rows(self, keys: tuple[str, ...], title: str) -> None:
        """These VMs as rows of the table: every count is a link to its rows."""
        self._tabs.setCurrentIndex(1)
        self.table.show_only(keys, title)

    def _show_node(self, name: str) -> None:
        self._node = name
        self.inspector.show_node(name)

    def _open_menu(self, fill: Callable[..., None], what: object, where: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        fill(menu, what)
        menu.popup(where)

    # -- life ----------------------------------------------------------------------------------
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._was_painted:
            self._was_painted = True
            self.painted.emit()
            self._make_the_rest()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._make_front(self._tabs.currentIndex())
        self.tell_in_sight(True)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.WindowStateChange:
            self.tell_in_sight(self.isVisible() and not self.isMinimized())

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.tell_in_sight(False)

    def tell_in_sight(self, is_in_sight: bool) -> None:
        self._bridge.set_attention(is_in_sight)
        self.in_sight.emit(is_in_sight)

    def closeEvent(self, event: QCloseEvent) -> None:
        self._settings.window_geometry = bytes(
            self.window().saveGeometry().toBase64().data()
        ).decode()
        self._docks.come_back()  # the layout that is kept is that of the open cluster
        self._settings.window_layout = bytes(self.saveState().toBase64().data()).decode()
        self.actions_table.moving.grace.start_now()
        self.closing.emit()
        super().closeEvent(event)

    def _restore_layout(self) -> None:
        geometry, layout = self._settings.window_geometry, self._settings.window_layout
        if not geometry or not self.restoreGeometry(QByteArray.fromBase64(geometry.encode())):
            open_at(self, 1360, 860)
        if layout:
            self.restoreState(QByteArray.fromBase64(layout.encode()))


def _warm_checks() -> None:
    """The first lift shall not wait for an import."""
    import console.checks
    import console.operations  # noqa: F401
