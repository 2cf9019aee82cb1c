"""Alarms by cause, the worst first; each opens to its VMs, and beside it stands its story."""

import time
from collections.abc import Callable

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QMenu,
    QPushButton,
    QSplitter,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from console.ui import theme
from console.ui.alarm_watch import AlarmWatch
from console.ui.models.alarm_book import Standing, StandingAlarm
from console.ui.models.alarm_words import (
    COLUMNS,
    MUTES,
    headline_of,
    row_of,
    standing_text,
    summary,
)
from console.ui.plain_text import one_line, plain, tip
from console.ui.store import Store
from console.ui.views.health_story import HealthStory

_ID = Qt.ItemDataRole.UserRole
_KEY = Qt.ItemDataRole.UserRole + 1
_MOST_CHILDREN = 200
_ONLY_WHAT_IS_SEEN = 0  # Qt's number for it
_NEW_S = 900.0  # an alarm this young stands out; a list in which all do has none that does


class AlarmsView(QWidget):
    """Signals: ``vm_wanted(key)``, ``node_wanted(name)``; ``rows_wanted(keys, title)`` to show VMs
    as rows of the table.
    """

    vm_wanted = Signal(str)
    node_wanted = Signal(str)
    rows_wanted = Signal(tuple, str)

    def __init__(self, store: Store, watch: AlarmWatch, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store, self._watch = store, watch
        self._build()
        watch.changed.connect(self._follow)
        self._follow()

    def _build(self) -> None:
        self._summary = QLabel(self)
        self._summary.setObjectName("alarms_summary")
        self._summary.setTextFormat(Qt.TextFormat.PlainText)
        self.tree = _AlarmTree(self)
        self.tree.itemSelectionChanged.connect(self._show_chosen)
        self.tree.itemActivated.connect(self._on_activated)
        self._story = HealthStory(has_headline=True)
        self._standing = QLabel(self)
        self._standing.setObjectName("alarm_standing")
        self._standing.setTextFormat(Qt.TextFormat.PlainText)
        self._standing.setWordWrap(True)
        self._standing.setMinimumWidth(1)
        right = QWidget(self)
        column = QVBoxLayout(right)
        column.setContentsMargins(8, 0, 8, 8)
        column.addWidget(self._standing)
        column.addWidget(self._story, 1)
        column.addLayout(self._buttons())
        split = QSplitter(Qt.Orientation.Horizontal, self)
        split.setObjectName("alarms_split")
        split.setChildrenCollapsible(False)
        split.addWidget(self.tree)
        split.addWidget(right)
        split.setStretchFactor(0, 3)
        split.setStretchFactor(1, 2)
        # Else both get what they hint at, and the story hints at its longest sentence.
        split.setSizes([3000, 2000])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 0)
        layout.addWidget(self._summary)
        layout.addWidget(split, 1)

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()

        def button(name: str, text: str, act: Callable[[], None]) -> QPushButton:
            made = QPushButton(text, self)
            made.setObjectName(name)
            made.clicked.connect(lambda _=False: act())
            row.addWidget(made)
            return made

        self._show = button("alarm_show_vms", "&Show its VMs", self._show_rows)
        self._acknowledge = button("alarm_acknowledge", "&Acknowledge", self._on_acknowledge)
        self._mute = QPushButton("&Mute", self)
        self._mute.setObjectName("alarm_mute")
        menu = QMenu(self._mute)
        for text, seconds in MUTES:
            menu.addAction(text).triggered.connect(
                lambda _=False, seconds=seconds: self._on_mute(seconds)
            )
        self._mute.setMenu(menu)
        row.addWidget(self._mute)
        row.addStretch(1)
        return row

    # -- the list ------------------------------------------------------------------------------
    @property
    def chosen(self) -> StandingAlarm | None:
        """The alarm that is selected, or whose VM is."""
        item = self.tree.currentItem()
        wanted = item.data(0, _ID) if item is not None else ""
        return next((each for each in self._watch.alarms if each.alarm.id == wanted), None)

    def choose(self, name: str) -> None:
        """This alarm, if it is there."""
        for at in range(self.tree.topLevelItemCount()):
            item = self.tree.topLevelItem(at)
            if item is not None and item.data(0, _ID) == name:
                self.tree.setCurrentItem(item)

    def focus_list(self) -> None:
        self.tree.setFocus(Qt.FocusReason.OtherFocusReason)
        self.tree.choose_first()

    def _follow(self) -> None:
        """Rows stay the same items, so that selection, folding and the reader's place stay."""
        alarms = self._watch.alarms
        self._summary.setText(plain(summary(alarms)))
        known = {
            item.data(0, _ID): item
            for item in (self.tree.topLevelItem(at) for at in range(self.tree.topLevelItemCount()))
            if item is not None
        }
        wanted = [each.alarm.id for each in alarms]
        for name in known.keys() - set(wanted):
            self.tree.takeTopLevelItem(self.tree.indexOfTopLevelItem(known[name]))
        now = time.time()
        for at, each in enumerate(alarms):
            item = known.get(each.alarm.id)
            if item is None:
                item = QTreeWidgetItem()
                item.setData(0, _ID, each.alarm.id)
                self.tree.insertTopLevelItem(min(at, self.tree.topLevelItemCount()), item)
            self._fill(item, each, now)
        self.tree.choose_first()
        self._show_chosen()

    def _fill(self, item: QTreeWidgetItem, each: StandingAlarm, now: float) -> None:
        for column, text in enumerate(row_of(each, now)):
            item.setText(column, one_line(text))
            item.setToolTip(column, tip(each.alarm.title))
        item.setIcon(0, theme.health_icon(each.alarm.level))
        is_new = each.standing is Standing.OPEN and now - each.since < _NEW_S
        for column in range(len(COLUMNS)):
            font = item.font(column)
            font.setBold(is_new and column == 0)
            item.setFont(column, font)
        item.setData(
            0,
            Qt.ItemDataRole.AccessibleTextRole,
            f"{each.alarm.level}: {one_line(each.alarm.title)}, {each.standing}",
        )
        self._fill_children(item, each)

    def _fill_children(self, item: QTreeWidgetItem, each: StandingAlarm) -> None:
        vms = self._store.inventory.vms
        keys = [key for key in each.alarm.vm_keys if key in vms]
        keys.sort(key=lambda key: vms[key].name.casefold())
        shown = keys[:_MOST_CHILDREN]
        children = [item.child(at) for at in range(item.childCount())]
        there = [child.data(0, _KEY) for child in children if child is not None]
        if [*shown, *([""] if len(keys) > len(shown) else [])] != there:
            item.takeChildren()
            for key in shown:
                fresh = QTreeWidgetItem(item)
                fresh.setData(0, _ID, each.alarm.id)
                fresh.setData(0, _KEY, key)
            if len(keys) > len(shown):
                rest = QTreeWidgetItem(item)
                rest.setData(0, _ID, each.alarm.id)
                rest.setData(0, _KEY, "")
                rest.setText(0, f"and {len(keys) - len(shown)} more: show all as rows")
        for at, key in enumerate(shown):
            child = item.child(at)
            if child is None:
                continue
            vm = vms[key]
            where = f"  on {vm.owner_node}" if vm.owner_node else ""
            child.setText(0, one_line(vm.name + where))
            child.setIcon(0, theme.health_icon(self._store.level_of(key)))

    # -- what is chosen ------------------------------------------------------------------------
    def _show_chosen(self) -> None:
        each, now = self.chosen, time.time()
        for button in (self._acknowledge, self._mute, self._show):
            button.setEnabled(each is not None)
        if each is None:
            self._story.show_health(None, now)
            self._standing.setText("")
            return
        item = self.tree.currentItem()
        key = item.data(0, _KEY) if item is not None else None
        vm = self._store.inventory.vms.get(key or "")
        if vm is not None:
            self._story.show_health(self._store.health_of(vm.key), now, vm.name)
        else:
            headline = headline_of(each)
            self._story.show_health(each.alarm.health, now, each.alarm.title, headline=headline)
        self._standing.setText(plain(standing_text(each, now)))
        is_open = each.standing is Standing.OPEN
        self._acknowledge.setText("&Acknowledge" if is_open else "Open it &again")
        self._acknowledge.setEnabled(each.standing is not Standing.EXPECTED)
        self._mute.setEnabled(is_open)
        count = len(each.alarm.vm_keys)
        self._show.setText(f"&Show its {count} VM{'' if count == 1 else 's'}")
        self._show.setVisible(count > 0)

    def _on_activated(self, item: QTreeWidgetItem, _column: int) -> None:
        key = item.data(0, _KEY)
        each = self.chosen
        if key:
            self.vm_wanted.emit(key)
        elif key == "":
            self._show_rows()
        elif each is not None and each.alarm.node:
            self.node_wanted.emit(each.alarm.node)

    def _show_rows(self) -> None:
        each = self.chosen
        if each is not None and each.alarm.vm_keys:
            self.rows_wanted.emit(each.alarm.vm_keys, each.alarm.title)

    def _on_acknowledge(self) -> None:
        each = self.chosen
        if each is None:
            return
        if each.standing is Standing.OPEN:
            self._watch.acknowledge(each.alarm.id)
        else:
            self._watch.reopen(each.alarm.id)

    def _on_mute(self, seconds: float) -> None:
        if self.chosen is not None:
            self._watch.mute(self.chosen.alarm.id, seconds)


class _AlarmTree(QTreeWidget):
    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("alarms_list")
        self.setAccessibleName("Alarms")
        self.setHeaderLabels(list(COLUMNS))
        self.setUniformRowHeights(True)
        self.setAllColumnsShowFocus(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setExpandsOnDoubleClick(False)
        side = self.fontMetrics().ascent()
        self.setIconSize(QSize(side, side))
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        # A few digits and one word: what these do not need is the title's.
        header.setResizeContentsPrecision(_ONLY_WHAT_IS_SEEN)
        for column in range(1, len(COLUMNS)):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)

    def choose_first(self) -> None:
        """Where nothing is chosen, the worst is."""
        first = self.topLevelItem(0)
        if self.currentItem() is None and first is not None:
            self.setCurrentItem(first)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # On some systems Enter does not activate; here it always does.
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentItem():
            self.itemActivated.emit(self.currentItem(), 0)
            return
        super().keyPressEvent(event)
