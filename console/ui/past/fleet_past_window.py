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
from console.ui.file_thread import file_thread
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
        self._key = ""  # the VM that was chosen last, also where a moment does not have it
        until = UntilThen(reads.read_changes, lambda: self.moment.asked_at)
        self.page = FleetPage(self.store, folder, self, until, is_past=True)
        self.page.cluster_wanted.connect(lambda _key: self.say(words.NOTHING_ACTS))
        self.page.said.connect(self.say)
        self.page.failed.connect(lambda fault: self.say(f"{fault.summary} {fault.remedy}".strip()))
        self.page.list.cursor_moved.connect(self._on_chosen)
        self.page.wall.cursor_moved.connect(self._on_chosen)
        self.compare = FleetCompare(reads, self)
        self.compare.vm_wanted.connect(self._show_vm)
        self.tabs = QTabWidget(self)
        self.tabs.setObjectName("past_views")
        self.tabs.setAccessibleName("Views of that moment")
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
        file_thread().run(unpack, functools.partial(self._show, moment), self)

    def go_to_search(self) -> None:
        self.tabs.setCurrentIndex(0)
        self.page.focus_search()

    def now_text(self) -> str:
        live = self._live
        if live.is_stored or not any(one.read_at is not None for one in live.readings):
            return "Now: not read yet."
        red = live.levels.count(LEVELS.index(HealthLevel.CRITICAL))
        vms = f"{red:,} VMs critical" if red != 1 else "1 VM critical"
        return f"Now: {vms}{', as far as it could be read' if live.stale_subscriptions() else ''}."

    def _show(self, moment: FleetMoment, values: FleetValues | None) -> None:
        assert moment.snapshot is not None
        if values is None:
            self.say("What is stored of that time does not fit together. Choose another moment.")
            return
        page = self.page
        # Slots are of one moment: what is chosen is found again by its id.
        page.list.selected, page.wall.selected = set(), set()
        self.moment = moment  # the store tells ages by it
        self.store.show_moment(values, moment.snapshot)
        self.settle(moment)
        slot = self.store.slot_of(self._key) if self._key else -1
        page.list.cursor_slot = page.wall.cursor_slot = slot
        page.story.show_vm(slot)
        self.compare.show_moment(moment)

    def _on_chosen(self, slot: int) -> None:
        self._key = self.store.arm_id(slot).lower()

    def _show_vm(self, key: str) -> None:
        self.tabs.setCurrentIndex(0)
        self.page.show_vm(key)


def _unpacked(snapshot: FleetSnapshot) -> FleetValues | None:
    """In another thread; None where it does not fit together."""
    try:
        return unpack_whole(snapshot)
    except (ValueError, KeyError):
        return None
