"""The whole fleet on one page: search and views above, tree, wall or table, and why a VM is red.

The same page shows a moment of the past; then it leads nowhere that acts.
"""

import functools
import time
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSplitter,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from console.health.fleet import LEVELS
from console.health.levels import HealthLevel
from console.model.freshness import Fault, FaultCode
from console.ui import theme
from console.ui.fleet_store import FleetStore
from console.ui.forms.save_csv import ask_where, save_csv
from console.ui.models import saved_views
from console.ui.models.fleet_columns import COLUMNS
from console.ui.models.fleet_groups import FleetGroups
from console.ui.models.fleet_rows import FleetRows
from console.ui.models.fleet_words import readings_text
from console.ui.models.saved_views import SavedView
from console.ui.plain_text import one_line, tip
from console.ui.views.fleet.fleet_list import FleetList
from console.ui.views.fleet.fleet_story import FleetStory
from console.ui.views.fleet.fleet_tree import FleetTree
from console.ui.views.fleet.wall import FleetWall
from console.ui.views.views_button import ViewsButton

if TYPE_CHECKING:
    from console.ui.bridge import OnChanges
    from console.ui.views.changes_view import ChangesView

_HINT = "Search name, address, node, tag, id, user, or field:value, as owner:erp  (Ctrl+F)"
_CHIPS = (
    ("Red", "health:critical"),
    ("Needs attention", "health:notable"),
    ("Not Trusted launch", "-security:TrustedLaunch"),
    ("Off", "health:off"),
)
_PARTS = ("Wall", "Table", "What changed")
_CHANGED = 2
_HOUR_S = 3600.0
_SHOWN_LEVELS = (
    HealthLevel.CRITICAL,
    HealthLevel.ATTENTION,
    HealthLevel.UNKNOWN,
    HealthLevel.OFF,
    HealthLevel.HEALTHY,
)


class ReadsChanges(Protocol):
    """What is asked of the fleet's past."""

    def read_changes(self, subject: str, since: float, on_read: "OnChanges") -> None: ...


class FleetPage(QWidget):
    """Signals: ``cluster_wanted(arm_id)``: open this cluster; ``moment_wanted(at)``: the fleet as
    it was; ``failed(Fault)``, ``said(str)``.
    """

    cluster_wanted = Signal(str)
    moment_wanted = Signal(float)
    failed = Signal(object)
    said = Signal(str)

    def __init__(
        self,
        store: FleetStore,
        folder: Path,
        parent: QWidget | None = None,
        reads: ReadsChanges | None = None,
        *,
        is_past: bool = False,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("fleet_page")
        self._store, self._folder = store, folder
        self._reads, self._is_past = reads, is_past
        self._connection_id = ""
        self.changes: ChangesView | None = None  # made when first looked at
        self._wanted = -1  # the slot that the table goes to when its rows are there
        self.groups = FleetGroups(store, self)
        self.rows = FleetRows(store, self)
        self.wall = FleetWall(store, self.groups, self.rows, self)
        self.list = FleetList(store, self.rows, self)
        self.tree = FleetTree(store, self.groups, self)
        self.story = FleetStory(store, self, reads)
        self.story.can_open = not is_past
        if is_past:
            self.story.gone_text = "This VM was not there at that moment."
        self._build()
        self._connect()
        self._clock = QTimer(self, interval=10_000)
        self._clock.timeout.connect(self._tick)
        self._clock.start()
        self._tell_readings()
        self._tell_counts()

    # -- building ------------------------------------------------------------------------------
    def _build(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 10, 12, 2)
        layout.addLayout(self._make_search_row())
        layout.addLayout(self._make_count_row())
        self.stack = QStackedWidget(self)
        self.stack.addWidget(self.wall)
        self.stack.addWidget(self.list)
        split = QSplitter(Qt.Orientation.Horizontal, self)
        split.addWidget(self.tree)
        split.addWidget(self.stack)
        split.addWidget(self.story)
        split.setStretchFactor(1, 1)
        letter = self.fontMetrics().averageCharWidth()
        split.setSizes([52 * letter, 150 * letter, 50 * letter])
        self.tree.setMinimumWidth(44 * letter)
        self.story.setMinimumWidth(34 * letter)
        split.setChildrenCollapsible(False)
        layout.addWidget(split, 1)
        self._read = self._button("", "fleet_readings")
        self._read.setAutoRaise(True)
        self._read.setProperty("chip", True)
        self._read.clicked.connect(self.story.show_readings)
        foot = QHBoxLayout()
        foot.addWidget(self._read)
        foot.addStretch(1)
        if self._has_past:
            back = self._button("Go back in time…", "fleet_go_back")
            back.setToolTip("The fleet as it was, an hour ago first  (Ctrl+Shift+B)")
            back.clicked.connect(lambda _=False: self.go_back())
            foot.addWidget(back)
        layout.addLayout(foot)

    def _make_search_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.search = QLineEdit(self)
        self.search.setObjectName("fleet_search")
        self.search.setPlaceholderText(_HINT)
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName("Search the fleet")
        row.addWidget(self.search, 1)
        self._chips: list[tuple[QToolButton, str]] = []
        for text, term in _CHIPS:
            chip = self._button(text, f"fleet_chip_{text.split()[0].lower()}")
            chip.setCheckable(True)
            chip.setProperty("chip", True)
            chip.clicked.connect(lambda on, term=term: self._on_chip(term, is_on=on))
            self._chips.append((chip, term))
            row.addWidget(chip)
        self.views = ViewsButton(saved_views.FLEET, self._folder, self._shown, self)
        self.views.setObjectName("fleet_views")
        self.views.chosen.connect(self.show_view)
        self.views.not_kept.connect(
            functools.partial(self._fail, "The view was not kept for the next start")
        )
        row.addWidget(self.views)
        columns = self._button("Columns", "fleet_columns_button")
        columns.clicked.connect(
            lambda: self.list.header.choose(columns.mapToGlobal(columns.rect().bottomLeft()))
        )
        row.addWidget(columns)
        export = self._button("Export CSV…", "fleet_export")
        export.clicked.connect(self._ask_where)
        row.addWidget(export)
        return row

    def _make_count_row(self) -> QHBoxLayout:
        """Every count is a link to its rows."""
        row = QHBoxLayout()
        both = QButtonGroup(self)
        self._switches: list[QToolButton] = []
        for at, text in enumerate(_PARTS if self._has_past else _PARTS[:_CHANGED]):
            button = self._button(text, f"fleet_show_{text.split()[-1].lower()}")
            button.setCheckable(True)
            button.clicked.connect(lambda _=False, at=at: self.show_part(at))
            both.addButton(button)
            self._switches.append(button)
            row.addWidget(button)
        self._switches[0].setChecked(True)
        for text, name, act in (
            ("−", "Smaller tiles", lambda: self.wall.set_zoom(self.wall.zoom - 1)),
            ("+", "Larger tiles", lambda: self.wall.set_zoom(self.wall.zoom + 1)),
            ("Fit", "The whole fleet", self.wall.fit),
        ):
            button = self._button(text, f"fleet_zoom_{name.split()[0].lower()}")
            button.setAccessibleName(name)
            button.setToolTip(name)
            button.setProperty("chip", True)
            button.clicked.connect(act)
            row.addWidget(button)
        row.addSpacing(12)
        self._counts: dict[HealthLevel, QToolButton] = {}
        for level in _SHOWN_LEVELS:
            link = self._button("", f"fleet_count_{level.name.lower()}")
            link.setAutoRaise(True)
            link.setProperty("chip", True)
            link.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            link.setToolTip(f"Show these VMs: {level.value.lower()}")
            term = f'health:"{level.value}"'
            link.clicked.connect(lambda _=False, term=term: self.show_term(term))
            self._counts[level] = link
            row.addWidget(link)
        self._found = QLabel(self)
        self._found.setObjectName("fleet_found")
        self._found.setTextFormat(Qt.TextFormat.PlainText)
        row.addWidget(self._found)
        row.addStretch(1)
        return row

    def _button(self, text: str, name: str) -> QToolButton:
        button = QToolButton(self)
        button.setText(text)
        button.setObjectName(name)
        return button

    def _connect(self) -> None:
        self.search.textChanged.connect(self._on_typed)
        self.search.returnPressed.connect(self._enter_rows)
        self.wall.cursor_moved.connect(self._on_wall_cursor)
        self.list.cursor_moved.connect(self._on_list_cursor)
        self.wall.selection_changed.connect(self._on_wall_selection)
        self.list.selection_changed.connect(self._on_list_selection)
        self.wall.activated.connect(self._on_activated)
        self.list.activated.connect(self._on_activated)
        self.wall.group_activated.connect(lambda at: self.show_term(self.wall.parts[at].term))
        self.list.header.sectionClicked.connect(self._on_section)
        self.tree.term_wanted.connect(self.show_term)
        self.tree.cluster_wanted.connect(self.cluster_wanted)
        self.story.cluster_wanted.connect(self.cluster_wanted)
        self.rows.rows_changed.connect(self._tell_counts)
        self.rows.rows_changed.connect(self._go_to_wanted)
        self.groups.divided.connect(self._tell_counts)
        self.groups.counted.connect(lambda _: self._tell_counts())
        self._store.told.connect(self._tell_readings)
        for key, step in (("F8", 1), ("Shift+F8", -1)):
            act = QAction(self)
            act.setShortcut(QKeySequence(key))
            act.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            act.triggered.connect(lambda _=False, step=step: self.next_red(step))
            self.addAction(act)

    # -- what is shown -------------------------------------------------------------------------
    def show_part(self, at: int) -> None:
        """0: the wall, 1: the table, 2: what changed."""
        views = (self.wall, self.list, self._changes_view().list if at == _CHANGED else None)
        self.stack.setCurrentIndex(at)
        self._switches[at].setChecked(True)
        view = views[at]
        assert view is not None
        view.setFocus(Qt.FocusReason.OtherFocusReason)

    def show_changes(self) -> None:
        """What changed since the person looked."""
        self.show_part(_CHANGED)

    def go_back(self) -> None:
        """The fleet as it was an hour ago; from there the person goes on."""
        self.moment_wanted.emit(time.time() - _HOUR_S)

    def begin(self, connection_id: str) -> None:
        """The connection that covers the fleet opens, or knows more clusters."""
        if connection_id == self._connection_id:
            return
        self._connection_id = connection_id
        if self.changes is not None:
            self.changes.begin(connection_id)

    def show_vm(self, key: str) -> None:
        """Select a VM by its ARM id in lower case; the table shows it."""
        slot = self._store.slot_of(key)
        if slot < 0:
            name = one_line(key.rpartition("/")[2])
            self.said.emit(
                f"{name} was not there at that moment."
                if self._is_past
                else f"{name} is gone: Azure no longer names it."
            )
            return
        if not self.rows.is_shown(slot):
            self.search.clear()
        self.show_part(1)
        self.list.cursor_slot = self._wanted = slot
        self.story.show_vm(slot)
        self._go_to_wanted()

    def _go_to_wanted(self) -> None:
        """Once the rows are found and sorted: that is not waited for."""
        if self._wanted < 0:
            return
        row = self.list.row_of(self._wanted)
        if row >= 0:
            self._wanted = -1
            self.list.set_cursor(row)
        elif not self.rows.is_working:
            self._wanted = -1

    @property
    def _has_past(self) -> bool:
        return self._reads is not None and not self._is_past

    def _changes_view(self) -> "ChangesView":
        if self.changes is not None:
            self.changes.look()
            return self.changes
        from console.ui.views.changes_view import ChangesView

        assert self._reads is not None
        self.changes = view = ChangesView(self._folder, self._reads.read_changes, self, "fleet")
        view.vm_wanted.connect(self.show_vm)
        view.cluster_wanted.connect(
            lambda key: self.show_term(f'cluster:"{self._store.name_of_cluster(key)}"')
        )
        view.moment_wanted.connect(self.moment_wanted)
        self.stack.addWidget(view)
        if self._connection_id:
            view.begin(self._connection_id)
        return view

    def show_term(self, text: str) -> None:
        """Search for this and show the rows."""
        self.search.setText(text)
        if self.stack.currentIndex() == _CHANGED:
            self.show_part(1)

    def focus_search(self) -> None:
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def next_red(self, step: int = 1) -> None:
        """The next critical VM that the search finds, with its story."""
        self.rows.finish()
        red = LEVELS.index(HealthLevel.CRITICAL)
        levels, visible = self._store.levels, self.rows.visible
        here = self.list.row_of(self.list.cursor_slot) if self.list.cursor_slot >= 0 else -1
        places = [row for row, slot in enumerate(visible) if levels[slot] == red]
        if not places:
            self.said.emit("No VM of those that are shown is critical.")
            return
        if step > 0:
            row = next((place for place in places if place > here), places[0])
        else:
            row = next((place for place in reversed(places) if place < here), places[-1])
        self.list.set_cursor(row)

    def _on_typed(self, text: str) -> None:
        for chip, term in self._chips:
            chip.setChecked(term in text.split())
        self.rows.search(text)

    def _on_chip(self, term: str, *, is_on: bool) -> None:
        words = [word for word in self.search.text().split(" ") if word != term]
        self.search.setText(" ".join([*words, term] if is_on else words).strip())

    def _enter_rows(self) -> None:
        self.rows.finish()
        self.show_part(1)
        if len(self.rows.visible):
            self.list.set_cursor(0)

    def _on_section(self, section: int) -> None:
        column = COLUMNS[section].id
        before, is_descending = self.rows.sorting
        down = column == before and not is_descending
        self._sort(column, is_descending=down)

    def _sort(self, column: str, *, is_descending: bool) -> None:
        self.rows.sort_by(column, is_descending)
        header = self.list.header
        header.setSortIndicatorShown(bool(column))
        if column:
            at = [one.id for one in COLUMNS].index(column)
            order = Qt.SortOrder.DescendingOrder if is_descending else Qt.SortOrder.AscendingOrder
            header.setSortIndicator(at, order)

    # -- selection: wall and table show the same -----------------------------------------------
    def _on_wall_cursor(self, slot: int) -> None:
        self.story.show_vm(slot)
        self.list.cursor_slot = slot

    def _on_list_cursor(self, slot: int) -> None:
        self.story.show_vm(slot)
        if self.wall.cursor_slot != slot:
            self.wall.cursor_slot = slot
            self.wall.scroll_to(slot)
            self.wall.viewport().update()

    def _on_wall_selection(self) -> None:
        self.list.selected = set(self.wall.selected)
        self.list.viewport().update()
        self._tell_counts()

    def _on_list_selection(self) -> None:
        if self.wall.selected != self.list.selected:
            self.wall.selected = set(self.list.selected)
            self.wall.selection_was_told()
        self._tell_counts()

    def _on_activated(self, slot: int) -> None:
        self.cluster_wanted.emit(self._store.word("cluster", slot))

    # -- telling -------------------------------------------------------------------------------
    def _tick(self) -> None:
        """Ages grow by themselves."""
        self._tell_readings()
        self.wall.look_at_ages()
        self.list.viewport().update()

    def _tell_counts(self) -> None:
        totals = [0] * len(LEVELS)
        for group in self.groups.groups:
            for at, count in enumerate(group.counts):
                totals[at] += count
        for level, link in self._counts.items():
            count = totals[LEVELS.index(level)]
            link.setText(f"{count:,} {level.value.lower()}")
            link.setIcon(theme.health_icon(level))
        shown, known = len(self.rows.visible), self._store.count
        text = f"{shown:,} of {known:,} VMs" if shown != known else f"{known:,} VMs"
        if self.rows.query.unknown:
            text += f": there is no field {one_line(self.rows.query.unknown[0])}"
        if len(self.list.selected) > 1:
            text += f", {len(self.list.selected):,} selected"
        self._found.setText(text)

    def _tell_readings(self) -> None:
        store = self._store
        bad = [one for one in store.readings if one.faults]
        text, ink = readings_text(
            store.readings, store.now(), is_stored=store.is_stored, is_past=self._is_past
        )
        self._read.setText(text)
        self._read.setToolTip(tip("\n".join(f"{one.name}: {one.faults[0].summary}" for one in bad)))
        self._read.setStyleSheet(f"color: {getattr(theme.current(), ink)};")

    # -- saved views ---------------------------------------------------------------------------
    def show_view(self, view: SavedView) -> None:
        self.search.setText(view.text)
        if self.rows.sorting != (view.sort, view.is_descending):
            self._sort(view.sort, is_descending=view.is_descending)

    def _shown(self) -> SavedView:
        text = self.search.text().strip()
        return SavedView(text, text, *self.rows.sorting)

    # -- export --------------------------------------------------------------------------------
    def _ask_where(self) -> None:
        ask_where(self, "Export the rows found", self.export)

    def export(self, path: str) -> None:
        """The rows found, or those selected if there are several; written in another thread."""
        from console.ui.models.fleet_csv import fleet_csv

        slots = self.list.selected_slots() if len(self.list.selected) > 1 else self.rows.visible
        still, columns = self._store.copy(), self.list.shown_columns()
        chosen = slots[:]
        text = functools.partial(fleet_csv, still, chosen, columns)
        save_csv(path, len(chosen), text, self._on_exported, self)

    def _on_exported(self, text: str, is_written: bool) -> None:
        if is_written:
            self.said.emit(text)
        else:
            self.failed.emit(Fault(FaultCode.REJECTED, text, at=time.time()))

    def _fail(self, summary: str, error: OSError) -> None:
        self.failed.emit(
            Fault(
                FaultCode.REJECTED,
                f"{summary}: {error.strerror}.",
                remedy="Choose another place, or look at the disk.",
                at=time.time(),
            )
        )
