"""Every VM the console knows, as a dense list with instant search, quick filters and CSV export."""

import functools
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from console.health import HealthLevel
from console.model.virtual_machine import PowerState, SecurityType, VirtualMachine, VmKind
from console.settings import Settings
from console.ui import plain_text
from console.ui.forms.save_csv import ask_where, save_csv
from console.ui.models import saved_views
from console.ui.models.csv_text import csv_text
from console.ui.models.saved_views import SavedView
from console.ui.models.vm_columns import BY_ID, COLUMNS, Column, natural
from console.ui.models.vm_query import FIELDS
from console.ui.models.vm_rows import VmRows
from console.ui.plain_text import one_line
from console.ui.store import Store
from console.ui.views.views_button import ViewsButton
from console.ui.views.vm_list import VmList

# Typing goes on while the list follows: one search a pause, not one a key.
_SEARCH_PAUSE_MS = 40


_BUSIEST = (
    ("cpu", "CPU"),
    ("memory_demand", "memory wanted"),
    ("network", "network"),
    ("storage", "storage"),
)
_SECTIONS = {column.id: at for at, column in enumerate(COLUMNS)}
_SEARCH_HELP = (
    "Words found anywhere; or node:N1, health:red, tag:env=prod, state:off, cpu:>80, memory:>=16 "
    "(GiB), network:>1, storage:>1 (MiB/s). A minus leaves out: -node:N1"
)


class Offers(Protocol):
    """The table of actions, as far as a list needs it."""

    def fill_menu(self, menu: QMenu, keys: Sequence[str]) -> None: ...

    def tell_failure(self, title: str, detail: str) -> object: ...


class VmTable(QWidget):
    """Signals: ``selection_changed()`` and ``vm_activated(key)`` as the list tells them;
    ``exported(str)``, in words, once rows are in a file; ``changed_wanted()`` when the VMs that
    changed today are to be shown, which the list itself does not know.
    """

    selection_changed = Signal()
    vm_activated = Signal(str)
    exported = Signal(str)
    changed_wanted = Signal()

    def __init__(
        self,
        store: Store,
        actions: Offers,
        settings: Settings | None = None,
        folder: Path | None = None,
        parent: QWidget | None = None,
    ) -> None:
        """``settings`` keep which columns are shown; without them they are those at first.
        ``folder`` keeps the person's views; without it none are offered.
        """
        super().__init__(parent)
        self.views: ViewsButton | None = None
        self._store, self._actions = store, actions
        self._told_wires = 0
        self.rows = VmRows(store.inventory, store.level_of)
        self.list = VmList(store, self.rows, self)
        self._search_timer = QTimer(self, singleShot=True, interval=_SEARCH_PAUSE_MS)
        self._search_timer.timeout.connect(self._search_now)
        self._build()
        if folder is not None:
            self._offer_views(folder)
        if settings is not None:
            header = self.list.header
            header.show_ids(settings.table_columns)
            keep = functools.partial(setattr, settings, "table_columns")
            header.columns_changed.connect(lambda: keep(header.shown_ids))
        self.list.header.sectionClicked.connect(self._sort_by_section)
        self.list.selection_changed.connect(self._on_selection_changed)
        self.list.activated.connect(self.vm_activated)
        self.list.menu_wanted.connect(self._show_menu)
        store.snapshot_replaced.connect(self._on_replaced)
        store.vms_changed.connect(self._on_vms_changed)
        store.levels_changed.connect(self._on_levels)
        store.readings_changed.connect(self._on_readings)
        store.figures_changed.connect(self.list.cells_changed)

    @property
    def selected_keys(self) -> list[str]:
        """In the order of the rows."""
        return [key for key in self.rows.visible if key in self.list.selected]

    def select(self, key: str) -> None:
        """Show this VM: clears search and filter if they hide it."""
        if key not in self.rows.visible:
            self.search.clear()
            self._filters["all"].click()
            self._search_now()
        if key in self.rows.visible:
            self.list.set_cursor(key)

    def focus_search(self) -> None:
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def show_only(self, keys: Collection[str], title: str) -> None:
        """These VMs and no others, until another filter is chosen; ``title`` says what they are."""
        wanted = frozenset(keys)
        self.search.clear()
        self._only.setText(one_line(f"{title[:40]}…" if len(title) > 40 else title))
        self._only.setToolTip(plain_text.tip(title))
        self._only.setVisible(True)
        self._only.setChecked(True)
        self.rows.search("")
        self._filter(lambda vm: vm.key in wanted, is_only=True)
        self.list.setFocus(Qt.FocusReason.OtherFocusReason)
        if self.rows.visible:
            self.list.set_cursor(self.rows.visible[0])

    def _build(self) -> None:
        self.search = QLineEdit(self)
        self.search.setObjectName("vm_search")
        self.search.setPlaceholderText("Search name, address, node, id, user or tag  (Ctrl+F)")
        self.search.setToolTip(_SEARCH_HELP)
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName("Search virtual machines")
        self.search.textChanged.connect(lambda _: self._search_timer.start())
        self.search.returnPressed.connect(self._enter_list)
        self._count = QLabel(self)
        self._count.setTextFormat(Qt.TextFormat.PlainText)
        self._count.setObjectName("vm_count")
        export = QToolButton(self)
        export.setText("Export CSV…")
        export.setObjectName("vm_export")
        export.clicked.connect(self._export)
        columns = QToolButton(self)
        columns.setText("Columns")
        columns.setObjectName("vm_columns_button")
        columns.clicked.connect(
            lambda: self.list.header.choose(columns.mapToGlobal(columns.rect().bottomLeft()))
        )
        top = QHBoxLayout()
        top.addWidget(self.search, 1)
        top.addWidget(self._count)
        below = self._below = self._make_filters()
        below.addStretch(1)
        for button in (self._busiest(), columns, export):
            below.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 0)
        layout.addLayout(top)
        layout.addLayout(below)
        layout.addWidget(self.list, 1)
        self._tell_count()

    def _offer_views(self, folder: Path) -> None:
        self.views = views = ViewsButton(saved_views.VMS, folder, self._shown, self)
        views.setObjectName("vm_views")
        views.chosen.connect(self.show_view)
        views.filling.connect(self._fill_views)
        views.not_kept.connect(self._on_view_not_kept)
        self._below.insertWidget(self._below.count() - 3, views)

    def _fill_views(self, menu: QMenu) -> None:
        """Views that depend on the cluster: one a node, and what its stored past tells."""
        nodes = menu.addMenu("On node")
        nodes.setEnabled(bool(self._store.inventory.nodes))
        for name in sorted(self._store.inventory.nodes, key=natural):
            view = SavedView(name, f'node:"{name}"')
            action = nodes.addAction(one_line(name).replace("&", "&&"))
            action.triggered.connect(lambda _=False, view=view: self.show_view(view))
        menu.addAction("Changed today").triggered.connect(self.changed_wanted)

    def show_view(self, view: SavedView) -> None:
        """Its rows in its order; the filters of before go."""
        self.search.setText(view.text)
        self._filters[view.filter or "all"].click()
        self._search_now()
        if view.sort and self.rows.sorting != (view.sort, view.is_descending):
            self._sort(view.sort, is_descending=view.is_descending)

    def _shown(self) -> SavedView:
        """Without a name while it is what another view of the program chose."""
        text = self.search.text().strip()
        chosen = next((name for name, each in self._filters.items() if each.isChecked()), None)
        if chosen is None:
            return SavedView("", text, *self.rows.sorting)
        title = "" if chosen == "all" else self._filters[chosen].text()
        name = ", ".join(part for part in (title, text) if part)
        return SavedView(name, text, *self.rows.sorting, filter="" if chosen == "all" else chosen)

    def _on_view_not_kept(self, error: OSError) -> None:
        self._actions.tell_failure(
            "The view was not kept",
            f"It is there until the console closes: {error.strerror}. Look at the disk.",
        )

    def _busiest(self) -> QToolButton:
        """The ten that do most of something, as they are when it is asked."""
        button = QToolButton(self)
        button.setText("Busiest")
        button.setObjectName("vm_busiest")
        button.setToolTip("The ten VMs with the most load, as it is now")
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(button)
        for name, text in _BUSIEST:
            action = menu.addAction(f"by {text}")
            action.setObjectName(f"busiest_{name}")
            action.triggered.connect(lambda _=False, n=name, t=text: self.show_busiest(n, t))
        button.setMenu(menu)
        return button

    def show_busiest(self, column: str, by: str) -> None:
        """Ten rows, the largest first; which they are does not change while a person reads."""
        keys = self.rows.most(column, 10)
        if self.list.header.isSectionHidden(_SECTIONS[column]):
            self.list.header.show_column(_SECTIONS[column], is_shown=True)
        self._sort(column, is_descending=True)
        self.show_only(keys, f"Most {by} at {time.strftime('%H:%M')}")

    def _make_filters(self) -> QHBoxLayout:
        row = QHBoxLayout()
        group = QButtonGroup(self)
        self._filters: dict[str, QToolButton] = {}
        for name, text, tip, keep in (
            ("all", "All", "Every VM", None),
            ("red", "Needs attention", "Critical, warning or not known", self._needs_attention),
            ("not_tl", "Not Trusted launch", "Standard VMs and VMs nobody could read", _is_not_tl),
            ("off", "Off", "Stopped, saved or paused VMs", _is_off),
        ):
            button = QToolButton(self)
            button.setText(text)
            button.setCheckable(True)
            button.setToolTip(tip)
            button.setObjectName(f"vm_filter_{name}")
            button.clicked.connect(lambda _=False, keep=keep: self._filter(keep))
            group.addButton(button)
            row.addWidget(button)
            self._filters[name] = button
        self._filters["all"].setChecked(True)
        self._only = QToolButton(self)
        self._only.setCheckable(True)
        self._only.setObjectName("vm_filter_only")
        self._only.hide()
        group.addButton(self._only)
        row.addWidget(self._only)
        return row

    def _needs_attention(self, vm: VirtualMachine) -> bool:
        level = self._store.health_of(vm.key).level
        return level in (HealthLevel.CRITICAL, HealthLevel.ATTENTION, HealthLevel.UNKNOWN)

    def _filter(self, keep: object, *, is_only: bool = False) -> None:
        if not is_only:
            self._only.hide()
        self.rows.keep_only(keep)  # type: ignore[arg-type]
        self._rows_changed()

    def _search_now(self) -> None:
        self._search_timer.stop()
        self.rows.search(self.search.text())
        self._rows_changed()

    def _enter_list(self) -> None:
        self._search_now()
        if self.rows.visible:
            self.list.setFocus(Qt.FocusReason.OtherFocusReason)
            self.list.set_cursor(self.rows.visible[0])

    def _sort_by_section(self, section: int) -> None:
        column = COLUMNS[section].id
        previous, is_descending = self.rows.sorting
        self._sort(column, is_descending=column == previous and not is_descending)

    def _sort(self, column: str, *, is_descending: bool) -> None:
        self.rows.sort_by(column, is_descending)
        order = Qt.SortOrder.DescendingOrder if is_descending else Qt.SortOrder.AscendingOrder
        self.list.header.setSortIndicator(_SECTIONS[column], order)
        self._rows_changed()

    def _on_replaced(self) -> None:
        self.rows.replace()
        self._rows_changed()

    def _on_levels(self, keys: tuple[str, ...]) -> None:
        """Rows come and go by it only where a search or a filter asks for it."""
        if self.rows.asks_for_health:
            self._on_vms_changed(keys)
        else:
            self.list.cells_changed(keys)

    def _on_readings(self) -> None:
        """What a wire tells for the first time is sorted in: nobody has read these rows yet."""
        inventory = self._store.inventory
        told = sum(wire.read_at is not None for wire in (inventory.arm, inventory.cluster_wire))
        if told != self._told_wires:
            self._told_wires = told
            self._on_replaced()

    def _on_vms_changed(self, keys: Iterable[str]) -> None:
        before = len(self.rows.visible)
        keys = list(keys)
        self.rows.changed(keys)
        if len(self.rows.visible) != before:
            self._rows_changed()
        else:
            self.list.cells_changed(keys)

    def _rows_changed(self) -> None:
        self.list.rows_changed()
        self._tell_count()

    def _on_selection_changed(self) -> None:
        self._tell_count()
        self.selection_changed.emit()

    def _tell_count(self) -> None:
        shown, known = len(self.rows.visible), len(self._store.inventory.vms)
        text = f"{shown} VMs" if shown == known else f"{shown} of {known} VMs"
        if self.rows.query.unknown:
            field = one_line(self.rows.query.unknown[0])[:20]
            text = f"There is no field “{field}”: {', '.join(sorted(FIELDS))[:60]}…"
        if len(self.list.selected) > 1:
            text += f", {len(self.list.selected)} selected"
        self._count.setText(text)

    def _show_menu(self, where: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._actions.fill_menu(menu, self.selected_keys)
        menu.popup(where)

    def _export(self) -> None:
        ask_where(self, "Export the visible rows", self.export)

    def export(self, path: str) -> None:
        """The visible rows, as they are now; made and written in another thread."""
        save_csv(path, len(self.rows.visible), self.csv(), self._on_exported, self)

    def csv(self) -> Callable[[], str]:
        """The visible rows and columns of now, to be made text of in any thread."""
        columns = [BY_ID[name] for name in self.list.header.shown_ids]
        # Records never change: what is listed here is the same in another thread.
        vms = [self._store.inventory.vms[key] for key in self.rows.visible]
        return functools.partial(_csv_of, columns, vms)

    def _on_exported(self, text: str, is_written: bool) -> None:
        if is_written:
            self.exported.emit(text)
        else:
            self._actions.tell_failure("The list was not exported", text)


def _is_not_tl(vm: VirtualMachine) -> bool:
    return vm.security is not SecurityType.TRUSTED_LAUNCH and vm.kind is not VmKind.RESOURCE_BRIDGE


def _is_off(vm: VirtualMachine) -> bool:
    return vm.power in (PowerState.STOPPED, PowerState.SAVED, PowerState.PAUSED)


def _csv_of(columns: Sequence[Column], vms: Sequence[VirtualMachine]) -> str:
    titles = [column.title for column in columns]
    return csv_text(titles, ([column.text(vm) for column in columns] for vm in vms))
