"""The helpdesk's page: one large search, the VM's story in words, and what may be done about it."""

import time

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QHideEvent, QKeyEvent, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidgetItem,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from console.health import assurances
from console.health.levels import RANK
from console.ui import theme
from console.ui.actions import Actions
from console.ui.entry import Entry
from console.ui.forms.two_line_items import TwoLineList
from console.ui.models.helpdesk_words import (
    beside_the_point,
    found_text,
    line_of,
    refusals_text,
    standing_of,
)
from console.ui.models.vm_rows import VmRows
from console.ui.plain_text import one_line, plain, tip
from console.ui.store import Store
from console.ui.views.health_story import HealthStory

_MOST = 50
_KEY = int(Qt.ItemDataRole.UserRole) + 30
_REFRESH_MS = 1000
_BUTTONS = ("remote_desktop", "copy_ssh", "power_restart", "power_start", "copy_hand_over")


class HelpdeskPage(QWidget):
    """Type a name, an address or a user; arrows choose, Enter goes to what can be done."""

    def __init__(self, store: Store, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("helpdesk_page")
        self._store, self._actions = store, actions
        self._is_asked_for = False  # a VM was searched or chosen, not just first in the list
        self._rows = VmRows(store.inventory)
        self.field = QLineEdit(self)
        self.field.setObjectName("helpdesk_search")
        self.field.setPlaceholderText("Name, address, user or tag of the VM")
        self.field.setAccessibleName("Find a VM by name, address, user or tag")
        self.field.setClearButtonEnabled(True)
        font = self.field.font()
        font.setPointSizeF(font.pointSizeF() * 1.5)
        self.field.setFont(font)
        self.field.textChanged.connect(self._search)
        self.field.installEventFilter(self)
        self._found = QLabel(self)
        self._found.setObjectName("helpdesk_found")
        self._found.setTextFormat(Qt.TextFormat.PlainText)
        self._found.setForegroundRole(theme.MUTED_ROLE)
        self.list = TwoLineList(self)
        self.list.setObjectName("helpdesk_list")
        self.list.setAccessibleName("VMs found")
        self.list.currentItemChanged.connect(self._choose)
        self._title, self._standing = QLabel(self), QLabel(self)
        self._refusals = QLabel(self)
        self.story = HealthStory(self, has_headline=True)
        self._buttons: dict[str, QPushButton] = {}
        self._build()
        for signal in (store.vms_changed, store.levels_changed):
            signal.connect(lambda _keys: self._soon())
        store.snapshot_replaced.connect(self._replaced)
        self._refresh = QTimer(self, interval=_REFRESH_MS)
        self._refresh.timeout.connect(self._tell)
        self._later = QTimer(self, interval=200, singleShot=True)
        self._later.timeout.connect(self._replaced)
        self._search()

    @property
    def chosen(self) -> str:
        """The key of the VM that is told of; empty if none is."""
        item = self.list.currentItem()
        return str(item.data(_KEY)) if item is not None else ""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Arrows in the field walk the list; Enter goes to the first thing that can be done."""
        if event.type() != QEvent.Type.KeyPress or not isinstance(event, QKeyEvent):
            return False
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1}
        if event.key() in steps and self.list.count():
            row = self.list.currentRow() + steps[Qt.Key(event.key())]
            self.list.setCurrentRow(min(max(row, 0), self.list.count() - 1))
            return True
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            first = next((b for b in self._buttons.values() if b.isEnabled()), None)
            if first is not None:
                first.setFocus(Qt.FocusReason.OtherFocusReason)
            return True
        return False

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._refresh.start()
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._refresh.stop()

    # -- what is found -------------------------------------------------------------------------
    def _soon(self) -> None:
        if not self._later.isActive():
            self._later.start()

    def _replaced(self) -> None:
        self._rows.replace()
        self._fill()

    def _search(self) -> None:
        self._is_asked_for = bool(self.field.text().strip())
        self._rows.search(self.field.text())
        self._fill()

    def _choose(self) -> None:
        self._is_asked_for = True
        self._tell()

    def _fill(self) -> None:
        """The sickest first, then by name; what was asked for stays chosen while it is found.

        Until then the first is told of, whichever it becomes: else a person would be left with the
        VM that stood first when half of the site had been read. Once the focus is at what can be
        done nothing changes beneath it.
        """
        store, before = self._store, self.chosen
        level = store.level_of
        keys = sorted(self._rows.visible, key=lambda key: -RANK[level(key)])
        shown = keys[:_MOST]
        self.list.blockSignals(True)
        if [self.list.item(at).data(_KEY) for at in range(self.list.count())] != shown:
            self.list.clear()
            for key in shown:
                vm = store.inventory.vms[key]
                item = self.list.add(*line_of(vm, level(key)))
                item.setData(_KEY, key)
        for at, key in enumerate(shown):
            self._paint(self.list.item(at), key)
        keeps = self._is_asked_for or any(b.hasFocus() for b in self._buttons.values())
        at = shown.index(before) if keeps and before in shown else 0
        self.list.setCurrentRow(at if shown else -1)
        self.list.blockSignals(False)
        searched = bool(self.field.text().strip())
        self._found.setText(found_text(len(keys), len(shown), is_searched=searched))
        self._tell()

    def _paint(self, item: QListWidgetItem, key: str) -> None:
        level = self._store.level_of(key)
        title, detail, spoken = line_of(self._store.inventory.vms[key], level)
        item.setText(title)
        item.setData(Qt.ItemDataRole.AccessibleTextRole, spoken)
        TwoLineList.set_state(item, theme.shape_of(level), theme.HEALTH_TOKEN[level], detail)

    # -- what is told of it --------------------------------------------------------------------
    def _tell(self) -> None:
        key, now = self.chosen, time.time()
        vm = self._store.inventory.vms.get(key)
        refusals: list[tuple[str, str]] = []
        for name, button in self._buttons.items():
            entry = self._entry(name)
            why = self._actions.why_not_now(entry, [key]) if vm else "No VM is chosen."
            button.setEnabled(not why)
            button.setToolTip(tip(why))
            if why and vm is not None and name != beside_the_point(vm.power):
                refusals.append((entry.text.replace("&", "").rstrip("…"), why))
        self._refusals.setText(plain(refusals_text(refusals)))
        self._refusals.setVisible(bool(refusals))
        if vm is None:
            self._title.setText("No VM is chosen")
            self._standing.setText("")
            self.story.show_health(None, now)
            return
        self._title.setText(plain(one_line(vm.name)))
        self._standing.setText(plain(standing_of(vm, self._store.inventory, now)))
        health = self._store.health_of(key)
        assured = () if health.chains else assurances(vm, self._store.surroundings())
        self.story.show_health(health, now, vm.name, assured)

    def _entry(self, name: str) -> Entry:
        return next(entry for entry in self._actions.entries if entry.id == name)

    # -- places --------------------------------------------------------------------------------
    def _build(self) -> None:
        for label, scale, is_bold in ((self._title, 1.5, True), (self._standing, 1.0, False)):
            font = label.font()
            font.setPointSizeF(font.pointSizeF() * scale)
            font.setBold(is_bold)
            label.setFont(font)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
        self._title.setObjectName("helpdesk_title")
        self._standing.setObjectName("helpdesk_standing")
        self._standing.setForegroundRole(theme.MUTED_ROLE)
        left, right = QWidget(self), QWidget(self)
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._found)
        column.addWidget(self.list, 1)
        told = QVBoxLayout(right)
        told.setContentsMargins(12, 0, 0, 0)
        self._refusals.setObjectName("helpdesk_refusals")
        self._refusals.setTextFormat(Qt.TextFormat.PlainText)
        self._refusals.setForegroundRole(theme.MUTED_ROLE)
        self._refusals.setWordWrap(True)
        for widget in (self._title, self._standing):
            told.addWidget(widget)
        told.addWidget(self.story, 1)
        row = QHBoxLayout()
        for name in _BUTTONS:
            row.addWidget(self._button(name))
        row.addStretch(1)
        told.addWidget(self._refusals)  # above them, so that the buttons stay where they are
        told.addLayout(row)
        split = QSplitter(Qt.Orientation.Horizontal, self)
        split.setChildrenCollapsible(False)
        split.addWidget(left)
        split.addWidget(right)
        letters = self.fontMetrics().averageCharWidth()
        split.setSizes([50 * letters, 100 * letters])
        split.setStretchFactor(1, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 12, 12, 12)
        layout.addWidget(self.field)
        layout.addWidget(split, 1)

    def _button(self, name: str) -> QPushButton:
        entry = self._entry(name)
        button = QPushButton(entry.text, self)
        button.setObjectName(f"helpdesk_{name}")
        button.setAutoDefault(True)  # Enter on it does it
        button.clicked.connect(lambda _=False: self._actions.do(entry, [self.chosen]))
        self._buttons[name] = button
        return button
