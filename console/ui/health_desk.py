"""What of health lives beside the main window: the watch over alarms, the page, what is told."""

import functools
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from console.ui.alarm_watch import AlarmWatch
from console.ui.main_menus import WindowEntry
from console.ui.models.alarm_book import Standing
from console.ui.past.past_opener import PastOpener
from console.ui.performance.performance_opener import PerformanceOpener
from console.ui.store import Store

if TYPE_CHECKING:
    from console.ui.bridge import ChangesRead, OnChore, chores
    from console.ui.models.alarm_book import StandingAlarm
    from console.ui.views.fleet.fleet_page import FleetPage
    from console.ui.views.health_page import HealthPage
    from console.ui.views.inspector import Inspector

_ALARMS, _DISAGREE, _CHANGED, _POSTURE = range(4)


class ReadsPast(Protocol):
    """The bridge, as far as this needs it."""

    def read_changes(
        self,
        subject: str,
        since: float,
        on_read: "Callable[[ChangesRead], None]",
        until: float | None = None,
    ) -> None: ...

    def ask_chore(self, question: "chores.Ask", on_answer: "OnChore") -> None: ...

    def give_up_chore(self, token: str) -> None: ...


class Shows(Protocol):
    """The main window, as far as this needs it."""

    @property
    def inspector(self) -> "Inspector": ...

    def explain_vm(self, key: str) -> None: ...

    def explain_node(self, name: str) -> None: ...

    def show_rows(self, keys: tuple[str, ...], title: str) -> None: ...


class HealthDesk(QObject):
    """Adds the tab *Health* to the window's views; its page is made when first looked at."""

    def __init__(
        self,
        store: Store,
        folder: Path,
        tabs: QTabWidget,
        window: Shows,
        say: Callable[..., None],
        reads: ReadsPast,
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._store, self._folder, self._tabs = store, folder, tabs
        self._window, self._say, self._reads = window, say, reads
        self._connection_id = ""
        self.watch = AlarmWatch(store, folder, self)
        self.past = PastOpener(store, reads, self.watch, tabs)
        self.performance = PerformanceOpener(
            store, reads, lambda: window.inspector.subject, say, tabs
        )
        self._page: HealthPage | None = None
        self._fleet: FleetPage | None = None
        self._place = QWidget(tabs)
        QVBoxLayout(self._place).setContentsMargins(0, 0, 0, 0)
        tabs.addTab(self._place, "Health")
        tabs.currentChanged.connect(lambda _: self._on_tab())
        self.watch.changed.connect(self._count)
        self.watch.appeared.connect(self._tell)

    @property
    def page(self) -> "HealthPage":
        if self._page is None:
            from console.ui.views.changes_view import ChangesView
            from console.ui.views.health_page import HealthPage

            changes = ChangesView(self._folder, self._reads.read_changes)
            self._page = page = HealthPage(self._store, self.watch, changes)
            if self._connection_id:
                changes.begin(self._connection_id)
            page.vm_wanted.connect(self._window.explain_vm)
            page.node_wanted.connect(self._window.explain_node)
            page.rows_wanted.connect(self._window.show_rows)
            changes.moment_wanted.connect(self.past.open)
            layout = self._place.layout()
            assert layout is not None
            layout.addWidget(page)
        return self._page

    def entries(self) -> tuple[WindowEntry, ...]:
        """For the menu View."""
        return (
            WindowEntry("&View", "&Alarms", lambda: self.open(_ALARMS), "Ctrl+3"),
            WindowEntry("&View", "A&zure and cluster disagree", lambda: self.open(_DISAGREE)),
            WindowEntry("&View", "&What changed", lambda: self.open(_CHANGED), "Ctrl+Shift+E"),
            WindowEntry("&View", "Trusted launch &posture", lambda: self.open(_POSTURE)),
            *self.performance.entries(),
            *self.past.entries(),
        )

    def add_fleet(self, page: "FleetPage") -> None:
        """While it is in front, what changed and going back in time are the fleet's."""
        self._fleet = page
        self.past.elsewhere = lambda: page.go_back if self._is_fleet_in_front() else None

    def _is_fleet_in_front(self) -> bool:
        return self._fleet is not None and self._tabs.currentWidget() is self._fleet

    def open(self, tab: int) -> None:
        if tab == _CHANGED and self._fleet is not None and self._is_fleet_in_front():
            self._fleet.show_changes()
            return
        self._tabs.setCurrentWidget(self._place)
        self.page.open_tab(tab)

    def open_alarm(self, name: str) -> None:
        """The alarms, and this one of them if it still stands."""
        self.open(_ALARMS)
        self.page.alarms.choose(name)

    def show_changed_today(self) -> None:
        """The VMs of which something changed since midnight, as rows of the table."""
        midnight = datetime.now().replace(hour=0, minute=0, second=0, microsecond=0)
        self._reads.read_changes("", midnight.timestamp(), self._on_changed_today)

    def _on_changed_today(self, read: "ChangesRead") -> None:
        vms = self._store.inventory.vms
        subjects = dict.fromkeys(each.subject.partition(":")[::2] for each in read.changes)
        keys = tuple(key for kind, key in subjects if kind == "vm" and key in vms)
        if keys:
            self._window.show_rows(keys, f"Changed today, as of {datetime.now():%H:%M}")
        elif read.back_to is None:
            self._say("changed", "No past is stored yet: look again in a few minutes.")
        else:
            self._say("changed", "No VM that is still there changed today, as far as is stored.")

    def begin(self, connection_id: str) -> None:
        self._connection_id = connection_id
        self.watch.begin(connection_id)
        if self._page is not None:
            self._page.changes.begin(connection_id)

    def end(self) -> None:
        self.watch.end()

    def _on_tab(self) -> None:
        if self._tabs.currentWidget() is self._place:
            _ = self.page

    def _count(self) -> None:
        count = self.watch.count(Standing.OPEN) + len(self.watch.disagreements_to_tell)
        at = self._tabs.indexOf(self._place)
        self._tabs.setTabText(at, f"Health ({count})" if count else "Health")

    def _tell(self, new: "tuple[StandingAlarm, ...]") -> None:
        from console.ui.models.alarm_words import notice_text

        act = ("Show", functools.partial(self.open, _ALARMS))
        self._say("alarms", notice_text(new), act=act)
