"""Pictures of moves: lifted, held over a node, refused, read, held back, chosen, under way."""

from collections.abc import Callable

from PySide6.QtWidgets import QApplication, QMenu, QWidget

from console.model.snapshot import ClusterSnapshot
from console.ui import gallery_operations
from console.ui.main_window import MainWindow
from console.ui.views import drop_menu
from console.ui.views.map_lift import lift


def _lift(main: MainWindow, keys: tuple[str, ...] = ()) -> None:
    """Two VMs lifted, the second node under the mouse."""
    main.show()
    for _ in range(5):
        QApplication.processEvents()
    map_ = main.map
    keys = keys or tuple(map_.cards[0].keys[1:3])
    map_.select(set(keys), cursor=keys[0])
    map_.take_up(lift(main._store, keys))
    map_.hover(map_.cards[1].node)


def lifted(main: MainWindow, snapshot: ClusterSnapshot) -> QWidget:
    _lift(main)
    return main


def told_whole(main: MainWindow, snapshot: ClusterSnapshot) -> QWidget:
    """Space was pressed."""
    _lift(main)
    main.map.tell_whole()
    return main


def refused(main: MainWindow, snapshot: ClusterSnapshot) -> QWidget:
    """Dropped where nothing may move: the reasons stay."""
    bridge = next((vm.key for vm in snapshot.vms if "control" in vm.name), snapshot.vms[0].key)
    _lift(main, (bridge,))
    main.map.hover(next(card.node for card in main.map.cards if bridge not in card.keys))
    main.map._after_drag()
    return main


def notes(main: MainWindow, snapshot: ClusterSnapshot) -> QWidget:
    """The sheet that has the notes read."""
    _lift(main)
    keys = main.map.lifted.keys if main.map.lifted is not None else ()
    target = main.map.cards[1].node
    main.map.dismiss()
    main.actions_table.moving.move(keys, target)
    return main


def held(main: MainWindow, snapshot: ClusterSnapshot) -> QWidget:
    """The seconds in which it can be taken back."""
    notes(main, snapshot)
    main.ways.notes._accept()
    return main


def menu_of_drop(main: MainWindow, snapshot: ClusterSnapshot) -> QWidget:
    """What a drop with the right button asks."""
    _lift(main)
    lifted_ = main.map.lifted
    drop = lifted_.drop(lifted_.hovered) if lifted_ is not None else None
    menu = QMenu()
    if drop is not None:
        drop_menu.fill(menu, drop, main.actions_table.moving, main.ways.add_to_plan)
    main.setParent(menu)
    main.hide()
    return menu


def under_way(main: MainWindow, snapshot: ClusterSnapshot) -> QWidget:
    """Moves in every phase on the map, one of them told in the drawer."""
    gallery_operations.fill_moving(main._store, snapshot)
    main.drawer.select("moving-1")
    return main


BUILDERS: dict[str, Callable[[MainWindow, ClusterSnapshot], QWidget]] = {
    "lift": lifted,
    "lift-whole": told_whole,
    "lift-refused": refused,
    "notes": notes,
    "held": held,
    "drop-menu": menu_of_drop,
    "moving": under_way,
}
