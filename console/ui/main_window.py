"""The main window: places views, menus and the status bar, and holds no rule."""

import functools
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QByteArray, QPoint, Qt, Signal
from PySide6.QtGui import QAction, QCloseEvent, QKeySequence, QPaintEvent, QShowEvent
from PySide6.QtWidgets import (
    QDockWidget,
    QLabel,
    QMainWindow,
    QMenu,
    QTabWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from console.model.freshness import Fault
from console.model.request import PowerAction
from console.settings import Settings
from console.ui import theme
from console.ui.actions import POWER, Actions
from console.ui.ask import Ask
from console.ui.bridge import Bridge
from console.ui.plain_text import plain
from console.ui.store import Store
from console.ui.views.cluster_map import ClusterMap
from console.ui.views.inspector import Inspector
from console.ui.views.operations_drawer import OperationsDrawer
from console.ui.views.status_strip import StatusStrip
from console.ui.views.vm_table import VmTable


class MainWindow(QMainWindow):
    """Signals: ``painted()`` once, after the first frame; ``closing()``."""

    painted = Signal()
    closing = Signal()

    def __init__(
        self,
        store: Store,
        bridge: Bridge,
        settings: Settings,
        folder: Path,
        lab_name: str = "",
    ) -> None:
        super().__init__()
        self.setObjectName("main_window")
        self.setWindowTitle("Trusted launch console" + (" (lab)" if lab_name else ""))
        self._store, self._bridge, self._settings = store, bridge, settings
        self._folder = folder
        self._was_painted = False
        self._wizards: list[QWidget] = []
        self.ask = Ask(self)
        self.actions_table = Actions(store, bridge, self.ask, settings)
        self.map = ClusterMap(store)
        self.table = VmTable(store, self.actions_table)
        self.inspector = Inspector(store, self.actions_table)
        self.drawer = OperationsDrawer(store, self.actions_table)
        self._place_views()
        self._make_menus()
        self._connect()
        self.strip = StatusStrip(self.statusBar(), store, bridge, lab_name)
        self._restore_layout()

    # -- places --------------------------------------------------------------------------------
    def _place_views(self) -> None:
        self._tabs = QTabWidget(self)
        self._tabs.setObjectName("views")
        self._tabs.setDocumentMode(True)
        self._tabs.addTab(self.map, "Cluster map")
        self._tabs.addTab(self.table, "Virtual machines")
        create = QToolButton(self)
        create.setText("Create Trusted launch VM…")
        create.setObjectName("create_vm")
        create.clicked.connect(self.open_wizard)
        self._tabs.setCornerWidget(create)
        self._notice = QLabel(self)
        self._notice.setObjectName("notice")
        self._notice.setTextFormat(Qt.TextFormat.PlainText)
        self._notice.setWordWrap(True)
        self._notice.setMargin(8)
        self._notice.hide()
        centre = QWidget(self)
        layout = QVBoxLayout(centre)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._notice)
        layout.addWidget(self._tabs, 1)
        self.setCentralWidget(centre)
        self._docks = {
            "inspector": self._dock(
                "Inspector", self.inspector, Qt.DockWidgetArea.RightDockWidgetArea
            ),
            "operations": self._dock(
                "Operations", self.drawer, Qt.DockWidgetArea.BottomDockWidgetArea
            ),
        }
        letters = self.fontMetrics().averageCharWidth()
        self.resizeDocks([self._docks["inspector"]], [62 * letters], Qt.Orientation.Horizontal)
        height = 11 * self.fontMetrics().height()
        self.resizeDocks([self._docks["operations"]], [height], Qt.Orientation.Vertical)

    def _dock(self, title: str, widget: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(title, self)
        dock.setObjectName(f"dock_{title.lower()}")
        dock.setWidget(widget)
        self.addDockWidget(area, dock)
        return dock

    def _make_menus(self) -> None:
        bar = self.menuBar()
        file = bar.addMenu("&File")
        self._entry(file, "&Create Trusted launch VM…", self.open_wizard, "Ctrl+N")
        file.addSeparator()
        self._entry(file, "&Quit", self.close, "Ctrl+Q")
        view = bar.addMenu("&View")
        self._entry(view, "Cluster &map", lambda: self._tabs.setCurrentIndex(0), "Ctrl+1")
        self._entry(view, "&Virtual machines", lambda: self._tabs.setCurrentIndex(1), "Ctrl+2")
        self._entry(view, "&Find a VM", self._find, "Ctrl+F")
        self._entry(view, "&Refresh now", self.actions_table.refresh, "F5")
        view.addSeparator()
        for dock in self._docks.values():
            view.addAction(dock.toggleViewAction())
        colours = view.addMenu("&Colours")
        for name, text in (
            ("system", "As the &desktop"),
            ("light", "&Light"),
            ("dark", "&Dark"),
            ("contrast", "&High contrast"),
        ):
            self._entry(colours, text, functools.partial(self.set_theme, name))
        vm = bar.addMenu("V&M")
        self._entry(vm, "&Move to node…", self.choose_node, "Ctrl+M")
        vm.addSeparator()
        for power in POWER:
            self._entry(
                vm,
                power.text,
                functools.partial(self.change_power, power.action),
                power.shortcut,
            )

    def _entry(
        self, menu: QMenu, text: str, slot: Callable[[], object], shortcut: str = ""
    ) -> QAction:
        action = QAction(text, self)
        action.triggered.connect(lambda _checked=False: slot())
        if shortcut:
            action.setShortcut(QKeySequence(shortcut))
        menu.addAction(action)
        return action

    def _connect(self) -> None:
        actions = self.actions_table
        self.map.selection_changed.connect(self._on_map_selection)
        self.map.node_activated.connect(self._show_node)
        self.map.move_dropped.connect(actions.move)
        self.map.menu_wanted.connect(self._show_vm_menu)
        self.map.node_menu_wanted.connect(self._show_node_menu)
        self.map.vm_activated.connect(self._show_vm)
        self.table.selection_changed.connect(self._on_table_selection)
        self.table.vm_activated.connect(self._show_vm)
        actions.move_wanted.connect(self.choose_node_for)
        actions.create_wanted.connect(self.open_wizard)
        actions.submitted.connect(self._on_submitted)
        self._store.noticed.connect(self._on_notice)

    # -- acts ----------------------------------------------------------------------------------
    @property
    def selected_keys(self) -> list[str]:
        """What the visible view has selected."""
        is_map = self._tabs.currentWidget() is self.map
        return self.map.selected_keys if is_map else self.table.selected_keys

    def change_power(self, action: PowerAction) -> None:
        self.actions_table.power(self.selected_keys, action)

    def choose_node(self) -> None:
        if self.selected_keys:
            self.choose_node_for(tuple(self.selected_keys))

    def choose_node_for(self, keys: tuple[str, ...]) -> None:
        from console.ui.forms.choose_node import ChooseNode

        dialog = ChooseNode(self._store, keys, self)
        # Choosing was the confirmation: the dialog told everything a second question would.
        dialog.chosen.connect(
            lambda chosen, node: self.actions_table.submit(
                *self.actions_table.move_requests(chosen, node)
            )
        )
        dialog.open()

    def open_wizard(self) -> None:
        """A wizard is a window of its own: the map stays in sight while it is filled in."""
        from console.ui.wizard.create_vm_wizard import CreateVmWizard

        wizard = CreateVmWizard(self._store, self._bridge, self._folder, self)
        wizard.submitted.connect(self._on_submitted)
        wizard.destroyed.connect(lambda: self._wizards.clear())
        self._wizards = [wizard]
        wizard.show()
        wizard.raise_()
        wizard.activateWindow()

    def set_theme(self, name: str) -> None:
        self._settings.theme = name  # type: ignore[assignment]
        theme.apply(name)

    def _find(self) -> None:
        self._tabs.setCurrentWidget(self.table)
        self.table.focus_search()

    def _on_submitted(self, _operation_id: str) -> None:
        self._docks["operations"].show()

    def _on_map_selection(self) -> None:
        self._inspect(self.map.selected_keys, self.map.cursor_key)

    def _on_table_selection(self) -> None:
        self._inspect(self.table.selected_keys, self.table.list.cursor_key)

    def _inspect(self, keys: list[str], cursor: str) -> None:
        if keys:
            self.inspector.show_vm(cursor if cursor in keys else keys[0])

    def _show_vm(self, key: str) -> None:
        self._docks["inspector"].show()
        self.inspector.show_vm(key)

    def _show_node(self, name: str) -> None:
        self.inspector.show_node(name)

    def _show_vm_menu(self, where: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.actions_table.fill_menu(menu, self.map.selected_keys)
        menu.popup(where)

    def _show_node_menu(self, node: str, where: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.actions_table.fill_node_menu(menu, node)
        menu.popup(where)

    def _on_notice(self, fault: Fault) -> None:
        words = (fault.summary, fault.kept, fault.remedy)
        self._notice.setText(plain(" ".join(word for word in words if word)))
        self._notice.setToolTip(plain(fault.detail))
        self._notice.setStyleSheet(
            f"background: {theme.current().attention}; color: {theme.current().surface};"
        )
        self._notice.show()

    # -- life ----------------------------------------------------------------------------------
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if not self._was_painted:
            self._was_painted = True
            self.painted.emit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._bridge.set_attention(True)

    def closeEvent(self, event: QCloseEvent) -> None:
        self._settings.window_geometry = bytes(self.saveGeometry().toBase64().data()).decode()
        self._settings.window_layout = bytes(self.saveState().toBase64().data()).decode()
        self.closing.emit()
        super().closeEvent(event)

    def _restore_layout(self) -> None:
        geometry, layout = self._settings.window_geometry, self._settings.window_layout
        if not geometry or not self.restoreGeometry(QByteArray.fromBase64(geometry.encode())):
            self.resize(1360, 860)
        if layout:
            self.restoreState(QByteArray.fromBase64(layout.encode()))
