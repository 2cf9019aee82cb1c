"""Planning mode: the map of a copy of the cluster. Drags there move nothing; they make a plan."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QMenu,
    QPushButton,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from console.model.request import MoveMethod
from console.ui.plain_text import one_line, plain
from console.ui.planned_store import PlannedStore
from console.ui.store import Store
from console.ui.views.band import Band, Frame
from console.ui.views.cluster_map import ClusterMap

if TYPE_CHECKING:
    from console.ui.views.map_lift import Drop

_TELLS = "PLANNING MODE: this is a copy of {cluster}. Nothing you do here moves anything."


class PlanningMode(QDialog):
    """Signal: ``planned(Plan)`` when the drags are to become a plan."""

    planned = Signal(object)

    def __init__(self, live: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("planning_mode")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowFlag(Qt.WindowType.WindowMaximizeButtonHint)
        cluster = one_line(live.inventory.cluster.name)
        self.setWindowTitle(f"Planning mode: a copy of {plain(cluster)}")
        self.copy = PlannedStore(live, self)
        self.map = ClusterMap(self.copy.store)
        self.map.setAccessibleName(f"Copy of {plain(cluster)}, for planning")
        self._band = Band("attention", _TELLS.format(cluster=cluster), self)
        self.list = QListWidget(self)
        self._place()
        self._connect()
        if parent is not None:
            self.resize(parent.size())
        self._on_changed()

    def arrange(self, keys: tuple[str, ...], node: str, how: MoveMethod = MoveMethod.LIVE) -> None:
        """As if these VMs had been dragged to the node."""
        self.copy.move(keys, node, how)

    def make_plan(self) -> None:
        """Turn the drags into a plan, which is then judged, changed and run in its own window."""
        plan = self.copy.as_plan(time.time())
        if plan.moves:
            self.planned.emit(plan)
            self.close()

    # -- inside --------------------------------------------------------------------------------
    def _on_dropped(self, drop: "Drop") -> None:
        self.copy.move(drop.keys, drop.node)

    def _choose_node(self) -> None:
        from console.ui.forms.choose_node import ChooseNode

        keys = tuple(self.map.selected_keys)
        if keys:
            dialog = ChooseNode(self.copy.store, keys, self)
            dialog.chosen.connect(self.arrange)
            dialog.open()

    def _open_menu(self, where: object) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        move = menu.addAction("&Plan a move to node…\tCtrl+M")
        move.setObjectName("planning_move")
        move.triggered.connect(self._choose_node)
        undo = menu.addAction("&Undo the last\tCtrl+Z")
        undo.setEnabled(bool(self.copy.moves))
        undo.triggered.connect(self.copy.undo)
        menu.popup(where)  # type: ignore[arg-type]

    def _on_changed(self) -> None:
        self.list.clear()
        for number, move in enumerate(self.copy.moves, start=1):
            name = one_line(move.vm_name)
            self.list.addItem(plain(f"{number}. {name}: {move.source} → {move.target}"))
        self.list.scrollToBottom()
        self.map.mark(self.copy.words())
        count = len(self.copy.as_plan(0.0).moves)
        self._make.setEnabled(count > 0)
        self._make.setText(f"Turn {count} move{'' if count == 1 else 's'} into a &plan")
        self._undo.setEnabled(bool(self.copy.moves))

    def _place(self) -> None:
        self._band.setObjectName("planning_band")
        self.list.setObjectName("planning_moves")
        self.list.setAccessibleName("Moves planned so far, in order")
        side = QWidget(self)
        column = QVBoxLayout(side)
        column.setContentsMargins(6, 6, 6, 6)
        column.addWidget(QLabel("Planned so far, in this order", side))
        column.addWidget(self.list, 1)
        self._undo = self._button("planning_undo", "&Undo the last", self.copy.undo)
        self._make = self._button("planning_make", "", self.make_plan)
        close = self._button("planning_close", "Leave without a plan", self.close)
        splitter = QSplitter(Qt.Orientation.Horizontal, self)
        frame = Frame("attention", self)
        inside = QVBoxLayout(frame)
        inside.setContentsMargins(4, 0, 4, 4)
        inside.addWidget(self.map)
        splitter.addWidget(frame)
        splitter.addWidget(side)
        splitter.setStretchFactor(0, 1)
        splitter.setSizes([10_000, 34 * self.fontMetrics().averageCharWidth()])
        buttons = QHBoxLayout()
        buttons.setContentsMargins(9, 6, 9, 9)
        buttons.addWidget(self._undo)
        buttons.addStretch(1)
        buttons.addWidget(close)
        buttons.addWidget(self._make)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._band)
        layout.addWidget(splitter, 1)
        layout.addLayout(buttons)

    def _connect(self) -> None:
        self.map.dropped.connect(self._on_dropped)
        # On a copy there is one way only: a drop with the right button is a drop.
        self.map.drop_menu_wanted.connect(
            lambda drop, _where: self._on_dropped(drop) if drop.is_taken else None
        )
        self.map.menu_wanted.connect(self._open_menu)
        self.copy.changed.connect(self._on_changed)
        for key, act in (
            ("Ctrl+Z", self.copy.undo),
            ("Ctrl+M", self._choose_node),
            ("Ctrl+Return", self.make_plan),
        ):
            QShortcut(QKeySequence(key), self).activated.connect(act)

    def _button(self, name: str, text: str, act: Callable[[], object]) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.setAutoDefault(False)
        button.clicked.connect(lambda _=False: act())
        return button
