"""The ways in which one window leads to a move: drop, menu of a drop, chooser, sheet of notes."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, Qt
from PySide6.QtWidgets import QMenu, QStackedWidget, QTabWidget, QWidget

from console.ui.actions import Actions
from console.ui.move_offer import MoveOffer
from console.ui.moving import LiveChecks
from console.ui.store import Store

if TYPE_CHECKING:
    from console.ui.views.cluster_map import ClusterMap
    from console.ui.views.map_lift import Drop
    from console.ui.views.notes_sheet import NotesSheet

AddToPlan = Callable[[tuple[str, ...], str], object]


class MoveWays(QObject):
    """``add_to_plan(keys, node)`` puts a move into the plan that is being made, or begins one."""

    def __init__(
        self,
        window: QWidget,
        tabs: QTabWidget,
        store: Store,
        actions: Actions,
        live: LiveChecks,
    ) -> None:
        super().__init__(window)
        self._window, self._store, self._live = window, store, live
        self._moving = actions.moving
        self.add_to_plan: AddToPlan | None = None
        self._tabs = tabs
        self._notes: NotesSheet | None = None
        self._moving.notes_wanted.connect(self._read_notes)
        actions.move_wanted.connect(self.choose_node_for)

    def serve(self, map_: "ClusterMap") -> None:
        """What is dropped on it leads to a move."""
        map_.set_live_checks(self._live)
        map_.dropped.connect(self._on_drop)
        map_.drop_menu_wanted.connect(self._ask_how)

    @property
    def notes(self) -> "NotesSheet":
        """Made when something has to be read for the first time: the first frame needs none."""
        if self._notes is None:
            from console.ui.views.notes_sheet import NotesSheet

            pages = self._tabs.findChild(QStackedWidget)
            assert pages is not None
            self._notes = NotesSheet(pages)
            self._notes.accepted.connect(self._moving.accept)
        return self._notes

    def choose_node_for(self, keys: tuple[str, ...]) -> None:
        from console.ui.forms.choose_node import ChooseNode

        dialog = ChooseNode(self._store, keys, self._window, self._live)
        # Choosing was the confirmation: the dialog told everything a second question would.
        dialog.chosen.connect(self._moving.chosen)
        dialog.open()

    def _on_drop(self, drop: "Drop") -> None:
        self._moving.move(drop.keys, drop.node, verdict=drop.verdict)

    def _read_notes(self, made: MoveOffer) -> None:
        self.notes.show_offer(made, self._window.focusWidget())

    def _ask_how(self, drop: "Drop", where: QPoint) -> None:
        from console.ui.views import drop_menu

        menu = QMenu(self._window)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        drop_menu.fill(menu, drop, self._moving, self.add_to_plan)
        menu.popup(where)
