"""What the gallery can draw of a fleet: its page inside the main window, in several states."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QApplication, QWidget

from console.health.fleet import LEVELS
from console.health.levels import HealthLevel
from console.model.change import AZURE, Change
from console.model.fleet import FleetSnapshot
from console.model.fleet_moment import FleetMoment
from console.settings import Settings
from console.ui.bridge import OnChore, chores
from console.ui.file_thread import file_thread
from console.ui.fleet_reads import FleetReads
from console.ui.fleet_store import FleetStore
from console.ui.fleet_tab import FleetTab
from console.ui.gallery_views import QuietBridge
from console.ui.main_window import MainWindow
from console.ui.past.fleet_past_window import FleetPastWindow
from console.ui.store import Store
from console.ui.views.fleet.fleet_page import FleetPage

_AGO_S = 3 * 3600.0
Builder = Callable[[FleetSnapshot, Path], QWidget]


class FleetBridge(QuietBridge):
    """A bridge to nowhere with a fleet's signals."""

    fleet_changed = Signal(object)
    fleet_told = Signal(object, object)


def freshened(snapshot: FleetSnapshot) -> FleetSnapshot:
    """The same, read just now."""
    now = time.time()
    readings = tuple(
        msgspec.structs.replace(one, read_at=now - 20 * at if one.read_at else None)
        for at, one in enumerate(snapshot.readings)
    )
    return msgspec.structs.replace(snapshot, readings=readings)


def _window(snapshot: FleetSnapshot, folder: Path, *, is_stored: bool = False) -> MainWindow:
    store, bridge = Store(), FleetBridge()
    main = MainWindow(store, bridge, Settings(), folder, "fleet")  # type: ignore[arg-type]
    store.setParent(main)
    bridge.setParent(main)
    tab = FleetTab(main, bridge, folder)  # type: ignore[arg-type]
    tab.load_stored(snapshot if is_stored else freshened(snapshot))
    tab.store.is_stored = is_stored
    tab.store.told.emit()
    main._fleet_tab = tab  # type: ignore[attr-defined]
    return main


def _page(main: MainWindow) -> FleetPage:
    page = main._fleet
    assert page is not None
    return page


def _wall(zoom: int) -> Builder:
    def build(snapshot: FleetSnapshot, folder: Path) -> QWidget:
        main = _window(snapshot, folder)
        main.resize(1360, 860)
        main.show()
        page = _page(main)
        page.next_red()
        page.wall.finish()
        if zoom >= 0:
            page.wall.set_zoom(zoom)
            page.wall.scroll_to(page.wall.cursor_slot)
        return main

    return build


def _search(snapshot: FleetSnapshot, folder: Path) -> QWidget:
    """What a search does not find steps back on the wall."""
    main = _window(snapshot, folder)
    page = _page(main)
    page.search.setText("owner:data health:notable")
    page.rows.finish()
    return main


def _table(snapshot: FleetSnapshot, folder: Path) -> QWidget:
    main = _window(snapshot, folder)
    page = _page(main)
    page.search.setText("health:notable")
    page.rows.finish()
    page.show_part(1)
    page.next_red()
    return main


def _tree(snapshot: FleetSnapshot, folder: Path) -> QWidget:
    """A cluster unfolded to its nodes, and the table of one of them."""
    main = _window(snapshot, folder)
    page = _page(main)
    index = page.tree.model.index(2, 0)
    page.tree.view.expand(index)
    page.tree.view.setCurrentIndex(page.tree.model.index(1, 0, index))
    page.tree.view.clicked.emit(page.tree.model.index(1, 0, index))
    page.rows.finish()
    page.show_part(1)
    return main


def _readings(snapshot: FleetSnapshot, folder: Path) -> QWidget:
    main = _window(snapshot, folder)
    _page(main).story.show_readings()
    return main


def _stored(snapshot: FleetSnapshot, folder: Path) -> QWidget:
    """As a start shows it: what was known, two hours old."""
    old = time.time() - 7_200
    readings = tuple(
        msgspec.structs.replace(one, read_at=old, faults=()) for one in snapshot.readings
    )
    return _window(msgspec.structs.replace(snapshot, readings=readings), folder, is_stored=True)


class _Past:
    """A stored past of one moment: some VMs were in another state then."""

    def __init__(self, snapshot: FleetSnapshot) -> None:
        self._now, self._at = snapshot, time.time() - _AGO_S
        facts = FleetStore()
        facts.load_stored(snapshot)
        self._facts = facts

    def ask_chore(self, question: chores.Ask, on_answer: OnChore) -> None:
        if isinstance(question, chores.ReadFleetChanges):
            found = tuple(
                each for each in self._changes() if question.subject in ("", each.subject)
            )
            on_answer(chores.FleetChangesRead(question.token, found, self._at - 86_400))
            return
        if isinstance(question, chores.CompareFleet):
            found = tuple(self._changes())
            on_answer(chores.FleetCompared(question.token, found, len(found), self._at - 86_400))
            return
        assert isinstance(question, chores.ReadFleetMoment)
        readings = tuple(
            msgspec.structs.replace(one, read_at=one.read_at and question.at - 70, faults=())
            for one in self._now.readings
        )
        clusters = tuple(msgspec.structs.replace(one, synced_at=None) for one in self._now.clusters)
        levels = bytearray(self._now.part.columns["level"])
        for slot in self._changed():
            levels[slot] = LEVELS.index(HealthLevel.HEALTHY)
        columns = {**self._now.part.columns, "level": bytes(levels)}
        part = msgspec.structs.replace(self._now.part, columns=columns)
        moment = FleetMoment(
            question.at,
            msgspec.structs.replace(self._now, part=part, clusters=clusters, readings=readings),
            question.at - 600,
            earlier=question.at - 600,
            later=question.at + 900,
            first=question.at - 9 * 86_400,
            last=time.time(),
            unread=tuple(
                one.name or one.subscription for one in self._now.readings if one.read_at is None
            ),
        )
        on_answer(chores.FleetMomentRead(question.token, moment))

    def give_up_chore(self, _token: str) -> None:
        pass

    def _changed(self) -> list[int]:
        """Red ones: they became so meanwhile."""
        red = LEVELS.index(HealthLevel.CRITICAL)
        return [slot for slot, level in enumerate(self._facts.levels) if level == red][:40]

    def _changes(self) -> Iterator[Change]:
        facts = self._facts
        for number, slot in enumerate(self._changed()):
            subject, name = f"vm:{facts.arm_id(slot).lower()}", facts.texts["name"][slot]
            word, at = facts.word("provisioning", slot), time.time() - 240 * (number + 1)
            yield Change(at, subject, name, AZURE, "Provisioning", "Succeeded", word)
            yield Change(at, subject, name, AZURE, "Health", "Healthy", "Critical")


def _with_past(snapshot: FleetSnapshot, folder: Path) -> tuple[MainWindow, _Past]:
    main, past = _window(snapshot, folder), _Past(freshened(snapshot))
    _page(main)._reads = _page(main).story._reads = FleetReads(past)
    main._fleet_tab.reads = FleetReads(past)  # type: ignore[attr-defined]
    return main, past


def _what_changed(snapshot: FleetSnapshot, folder: Path) -> QWidget:
    main, _ = _with_past(snapshot, folder)
    page = _page(main)
    page.next_red()
    page.story._ask()
    page.show_changes()
    assert page.changes is not None
    page.changes._since = time.time() - _AGO_S
    page.changes.look()
    return main


def _past(tab: int) -> Builder:
    def build(snapshot: FleetSnapshot, folder: Path) -> QWidget:
        main, stored = _with_past(snapshot, folder)
        live = main._fleet_tab.store  # type: ignore[attr-defined]
        past = FleetPastWindow(live, FleetReads(stored), folder)
        main.setParent(past)
        main.hide()
        past.go(time.time() - _AGO_S)
        file_thread().finish()
        QApplication.processEvents()
        past.page.groups.finish()
        past.tabs.setCurrentIndex(tab)
        past.page.rows.finish()
        past.page.list.set_cursor(0)
        past.page.story._ask()
        return past

    return build


VIEWS: dict[str, Builder] = {
    "fleet-wall": _wall(-1),
    "fleet-shapes": _wall(6),
    "fleet-names": _wall(9),
    "fleet-search": _search,
    "fleet-table": _table,
    "fleet-tree": _tree,
    "fleet-readings": _readings,
    "fleet-stored": _stored,
    "fleet-changed": _what_changed,
    "fleet-past": _past(0),
    "fleet-compare": _past(1),
}
