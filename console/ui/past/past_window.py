"""The cluster as it was: a window of its own, in which nothing acts, over a moment of the past."""

import time
from collections.abc import Callable, Sequence

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu, QSplitter, QTabWidget, QWidget

from console.model.fleet_moment import FleetMoment
from console.model.moment import Moment
from console.ui.ask import Ask
from console.ui.bridge import chores
from console.ui.health_desk import ReadsPast
from console.ui.past import words
from console.ui.past.compare_view import CompareView
from console.ui.past.past_shell import PastShell
from console.ui.past.until_then import UntilThen
from console.ui.store import Store
from console.ui.views.cluster_map import ClusterMap
from console.ui.views.inspector import Inspector
from console.ui.views.vm_table import VmTable


class PastWindow(PastShell):
    """Over a store of its own, which holds the moment."""

    def __init__(
        self,
        live: Store,
        reads: ReadsPast,
        open_alarms: Callable[[], int],
        parent: QWidget | None = None,
    ) -> None:
        name = live.inventory.cluster.name or "the cluster"
        super().__init__(name, reads.ask_chore, reads.give_up_chore, Moment(time.time()), parent)
        self.setObjectName("past_window")
        self._live, self._reads, self._open_alarms = live, reads, open_alarms
        self.store = Store(self, now=lambda: self.moment.asked_at)
        self._build()

    def question(self, token: str, at: float) -> chores.Ask:
        return chores.ReadMoment(token, at)

    def take(self, moment: Moment | FleetMoment) -> None:
        assert isinstance(moment, Moment)
        assert moment.snapshot is not None
        self.moment = moment  # the store tells ages by it
        self.store.replace(moment.snapshot)
        self.compare.show_moment(moment)
        self.settle(moment)

    def go_to_search(self) -> None:
        self._tabs.setCurrentWidget(self.table)
        self.table.focus_search()

    def now_text(self) -> str:
        count = self._open_alarms()
        alarms = f"{count} open alarm{'' if count == 1 else 's'}" if count else "no open alarm"
        return f"Now: {alarms}."

    def _build(self) -> None:
        self.map = ClusterMap(self.store)
        self.map.can_lift = False
        self.map.setAccessibleName("The cluster as it was")
        self.table = VmTable(self.store, _NothingActs(self))
        self.compare = CompareView(self._live, self._reads, self)
        self.inspector = Inspector(
            self.store, UntilThen(self._reads.read_changes, lambda: self.moment.asked_at)
        )
        self._tabs = QTabWidget(self)
        self._tabs.setObjectName("past_views")
        self._tabs.setAccessibleName("Views of that moment")
        self._tabs.setDocumentMode(True)
        self._tabs.addTab(self.map, "Cluster map")
        self._tabs.addTab(self.table, "Virtual machines")
        self._tabs.addTab(self.compare, "Compare")
        self.map.selection_changed.connect(lambda: self._inspect(self.map.cursor_key))
        self.map.vm_activated.connect(self._inspect)
        self.map.node_activated.connect(self.inspector.show_node)
        self.map.menu_wanted.connect(self._say_no)
        self.map.node_menu_wanted.connect(lambda _node, where: self._say_no(where))
        self.table.selection_changed.connect(lambda: self._inspect(self.table.list.cursor_key))
        self.compare.vm_wanted.connect(self._show_vm)
        self.compare.node_wanted.connect(self.inspector.show_node)
        split = QSplitter(Qt.Orientation.Horizontal, self)
        split.addWidget(self._tabs)
        split.addWidget(self.inspector)
        split.setStretchFactor(0, 1)
        letters = self.fontMetrics().averageCharWidth()
        split.setSizes([10_000, 70 * letters])
        self.place(split)

    def _inspect(self, key: str) -> None:
        if key:
            self.inspector.show_vm(key)

    def _show_vm(self, key: str) -> None:
        self.map.select({key}, cursor=key)
        self.inspector.show_vm(key)

    def _say_no(self, where: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(words.NOTHING_ACTS).setEnabled(False)
        menu.addAction("&Back to now").triggered.connect(self.close)
        menu.popup(where)


class _NothingActs:
    """What a list of the past offers on a VM."""

    def __init__(self, window: QWidget) -> None:
        self._ask = Ask(window)

    def fill_menu(self, menu: QMenu, _keys: Sequence[str]) -> None:
        menu.addAction(words.NOTHING_ACTS).setEnabled(False)

    def tell_failure(self, title: str, detail: str) -> object:
        return self._ask.report(title, detail)
