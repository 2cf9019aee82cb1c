"""Joins the fleet to the window: its tab, its store, and the way from a VM to its open cluster."""

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from shiboken6 import isValid

from console.model.fleet import FleetSnapshot
from console.ui.bridge import Bridge
from console.ui.fleet_reads import FleetReads
from console.ui.fleet_store import FleetStore
from console.ui.views.fleet.fleet_page import FleetPage

if TYPE_CHECKING:
    from console.ui.main_window import MainWindow
    from console.ui.past.fleet_past_window import FleetPastWindow


class FleetTab(QObject):
    """Exists when the profile covers more than one cluster.

    Signals: ``site_wanted(arm_id)`` for a cluster that can be opened; ``reach_wanted(arm_id)`` when
    a person wants to tell how one is reached, offered where ``can_be_told``.
    """

    site_wanted = Signal(str)
    reach_wanted = Signal(str)

    def __init__(self, window: "MainWindow", bridge: Bridge, folder: Path) -> None:
        super().__init__(window)
        self._window, self._folder = window, folder
        self.store = FleetStore(self)
        self.reads = FleetReads(bridge)
        self.page = FleetPage(self.store, folder, reads=self.reads)
        self.past: FleetPastWindow | None = None
        self.sites: frozenset[str] = frozenset()
        self.can_be_told = False
        bridge.fleet_changed.connect(self.store.take)
        bridge.fleet_told.connect(self.store.tell)
        self.page.cluster_wanted.connect(self._on_cluster)
        self.page.moment_wanted.connect(self.open_past)
        window.add_fleet(self.page)
        # No cluster is open in this tab: each opens in one of its own.
        window.strip.has_cluster = False
        window.strip.tell()

    def load_stored(self, snapshot: FleetSnapshot) -> None:
        """What was known last time; what does not fit is read anew."""
        try:
            self.store.load_stored(snapshot)
        except (ValueError, KeyError):
            self.store.clear("")
            return
        # The first picture shall be whole: there is nothing else to wait for yet.
        self.page.groups.finish()
        self.page.wall.finish()

    def open_past(self, at: float) -> None:
        """The fleet as it was at this moment (wall-clock seconds), in a window of its own."""
        if self.past is None or not isValid(self.past):
            from console.ui.past.fleet_past_window import FleetPastWindow

            self.past = FleetPastWindow(self.store, self.reads, self._folder, self._window)
        self.past.go(at)
        self.past.show()
        self.past.raise_()
        self.past.activateWindow()

    def _on_cluster(self, arm_id: str) -> None:
        name = self.store.name_of_cluster(arm_id)
        if arm_id in self.sites:
            self.site_wanted.emit(arm_id)
        else:
            text = (
                f"How to reach the nodes of {name} is not in this profile, so only Azure's word on "
                "it is shown. Its VMs are listed here."
            )
            say = self._window.notice.say
            say("fleet", "")  # the act of the line before was about another cluster
            tell = functools.partial(self.reach_wanted.emit, arm_id)
            say("fleet", text, act=("Tell how…", tell) if self.can_be_told else None)
            self.page.show_term(f'cluster:"{name}"')
