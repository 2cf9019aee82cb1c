"""The fleet as it was: its page over a moment of the past, in which nothing acts."""

import functools
import time
from pathlib import Path

from PySide6.QtWidgets import QTabWidget, QWidget

from console.health.fleet import LEVELS
from console.health.levels import HealthLevel
from console.model.fleet import FleetSnapshot, FleetValues
from console.model.fleet_moment import FleetMoment
from console.model.moment import Moment
from console.ui.bridge import chores
from console.ui.file_thread import FileThread
from console.ui.fleet_reads import FleetReads
from console.ui.fleet_store import FleetStore, unpack_whole
from console.ui.past import words
from console.ui.past.fleet_compare import FleetCompare
from console.ui.past.past_shell import PastShell
from console.ui.past.until_then import UntilThen
from console.ui.views.fleet.fleet_page import FleetPage


class FleetPastWindow(PastShell):
    """Over a store of its own, which holds the moment."""

    def __init__(
        self, live: FleetStore, reads: FleetReads, folder: Path, parent: QWidget | None = None
    ) -> None:
        moment = FleetMoment(time.time())
        super().__init__("the fleet", reads.ask_chore, reads.give_up_chore, moment, parent)
        self.setObjectName("fleet_past_window")
        self._live, self._reads = live, reads
        self.store = FleetStore(self, now=lambda: self.moment.asked_at)
        self._unpacking = FileThread(self)
        until = UntilThen(reads.read_changes, lambda: self.moment.asked_at)
        self.page = FleetPage(self.store, folder, self, until, is_past=True)
        self.page.cluster_wanted.connect(lambda _key: self.say(words.NOTHING_ACTS))
        self.page.said.connect(self.say)
        self.page.failed.connect(lambda fault: self.say(fault.summary))
        self.compare = FleetCompare(reads, self)
        self.compare.vm_wanted.connect(self._show_vm)
        self.tabs = QTabWidget(self)
        self.tabs.setObjectName("past_views")
        self.tabs.setDocumentMode(True)
        self.tabs.addTab(self.page, "Fleet")
        self.tabs.addTab(self.compare, "Compare")
        live.told.connect(self.tell_now)
        self.place(self.tabs)

    def question(self, token: str, at: float) -> chores.Ask:
        return chores.ReadFleetMoment(token, at)

    def take(self, moment: Moment | FleetMoment) -> None:
        assert isinstance(moment, FleetMoment)
        assert moment.snapshot is not None
        unpack = functools.partial(_unpacked, moment.snapshot)
        self._unpacking.run(unpack, functools.partial(self._show, moment), self)

    def go_to_search(self) -> None:
        self.tabs.setCurrentIndex(0)
        self.page.focus_search()

    def now_text(self) -> str:
        red = self._live.levels.count(LEVELS.index(HealthLevel.CRITICAL))
        return f"Now: {red:,} VMs critical." if red != 1 else "Now: 1 VM critical."

    def _show(self, moment: FleetMoment, values: FleetValues | None) -> None:
        assert moment.snapshot is not None
        if values is None:
            self.say("What is stored of that time does not fit together. Choose another moment.")
            return
        slot, page = self.page.list.cursor_slot, self.page
        key = self.store.arm_id(slot).lower() if 0 <= slot < self.store.size else ""
        self.moment = moment  # the store tells ages by it
        self.store.show_moment(values, moment.snapshot)
        self.settle(moment)
        slot = self.store.slot_of(key) if key else -1
        page.list.cursor_slot = page.wall.cursor_slot = slot
        page.story.show_vm(slot)
        self.compare.show_moment(moment)

    def _show_vm(self, key: str) -> None:
        self.tabs.setCurrentIndex(0)
        self.page.show_vm(key)


def _unpacked(snapshot: FleetSnapshot) -> FleetValues | None:
    """In another thread; None where it does not fit together."""
    try:
        return unpack_whole(snapshot)
    except (ValueError, KeyError):
        return None
