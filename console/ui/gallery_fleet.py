"""What the gallery can draw of a fleet: its page inside the main window, in several states."""

import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from console.model.fleet import FleetSnapshot
from console.settings import Settings
from console.ui.fleet_tab import FleetTab
from console.ui.gallery_views import QuietBridge
from console.ui.main_window import MainWindow
from console.ui.store import Store
from console.ui.views.fleet.fleet_page import FleetPage

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


VIEWS: dict[str, Builder] = {
    "fleet-wall": _wall(-1),
    "fleet-shapes": _wall(6),
    "fleet-names": _wall(9),
    "fleet-search": _search,
    "fleet-table": _table,
    "fleet-tree": _tree,
    "fleet-readings": _readings,
    "fleet-stored": _stored,
}
