"""VMs under way between two nodes of the map: the drag itself, from the lift to what was dropped.

A drop only takes down the intent; questions, menus and requests follow from the event loop.
"""

import time
from collections.abc import Callable

from PySide6.QtCore import (
    QCoreApplication,
    QEvent,
    QMimeData,
    QObject,
    QPoint,
    QRect,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import (
    QCursor,
    QDrag,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeyEvent,
    QPainter,
    QPixmap,
)
from PySide6.QtWidgets import QWidget

from console.model.finding import NodeVerdict
from console.ui.moving import LiveChecks
from console.ui.plain_text import one_line
from console.ui.store import Store
from console.ui.views import map_far_nodes
from console.ui.views.map_canvas import MapCanvas
from console.ui.views.map_lift import lift

MIME = "application/x-tlconsole-vms"
# A refused drop reaches us as a leave right before the drag ends; any other leave comes earlier.
_LEFT_FOR_GOOD_MS = 60
_TICK_MS = 250
_ASK_AGAIN_S = 2.0


class _KeysOfDrag(QObject):
    """Qt's drag loop eats every key: Space is taken before it gets there, Escape is noticed."""

    def __init__(self, on_space: Callable[[], None], parent: QObject) -> None:
        super().__init__(parent)
        self._on_space = on_space
        self.is_given_up = False

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() != QEvent.Type.KeyPress or not isinstance(event, QKeyEvent):
            return False
        self.is_given_up = self.is_given_up or event.key() == Qt.Key.Key_Escape
        if event.key() != Qt.Key.Key_Space:
            return False
        if not event.isAutoRepeat():
            self._on_space()
        return True


class MapDrag(MapCanvas):
    """Signals: ``dropped(Drop)`` where a node takes what was let go, ``drop_menu_wanted(Drop,
    QPoint)`` for a drag with the right button, also on a node that refuses.
    """

    dropped = Signal(object)
    drop_menu_wanted = Signal(object, QPoint)

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(store, parent)
        self._live: LiveChecks | None = None
        self._token = ""
        self._is_right = False
        self._leaving = QTimer(self, singleShot=True, interval=_LEFT_FOR_GOOD_MS)
        self._leaving.timeout.connect(self._leave)
        self._ticking = QTimer(self, interval=_TICK_MS)
        self._ticking.timeout.connect(self._tick)
        self.setAcceptDrops(True)
        self.viewport().setAcceptDrops(True)

    def set_live_checks(self, live: LiveChecks) -> None:
        """Whom to ask while the mouse is down; a map of a copy asks nobody."""
        self._live = live

    # -- the drag ------------------------------------------------------------------------------
    def drag(self, button: Qt.MouseButton) -> None:
        """Lift what is selected and follow the mouse until it is let go."""
        keys = tuple(self.selected_keys)
        if not keys:
            return
        self._is_right = button is Qt.MouseButton.RightButton
        self.take_up(lift(self._store, keys))
        data = QMimeData()
        data.setData(MIME, "\n".join(keys).encode())
        drag = QDrag(self)
        drag.setMimeData(data)
        drag.setPixmap(self._drag_pixmap(self.lifted.what if self.lifted else ""))
        drag.setHotSpot(QPoint(-12, -8))
        # A filter that is installed later is asked earlier: the drag installs its own first.
        application = QCoreApplication.instance()
        assert application is not None
        keys_of_drag = _KeysOfDrag(self.tell_whole, self)
        QTimer.singleShot(0, keys_of_drag, lambda: application.installEventFilter(keys_of_drag))
        self._tick()
        self._ticking.start()
        drag.exec(Qt.DropAction.MoveAction)
        application.removeEventFilter(keys_of_drag)
        keys_of_drag.deleteLater()
        if keys_of_drag.is_given_up and self.lifted is not None:
            self.lifted.hovered = None
        self._after_drag()

    def tell_whole(self) -> None:
        """Unfold every finding of the node that is looked at, or fold them again."""
        if self.lifted is not None:
            self.lifted.is_told_whole = not self.lifted.is_told_whole
            self._show_findings()

    def dismiss(self) -> None:
        self._stop_asking()
        super().dismiss()

    def _after_drag(self) -> None:
        lifted = self.lifted
        self._leaving.stop()
        if lifted is None:
            return
        drop = lifted.drop(lifted.hovered)
        if drop is not None and self._is_right:
            # Qt tells nothing of a button let go over a node that refuses: the menu says why.
            self._ask_how()
        elif drop is not None and not drop.is_taken:
            self._stop_asking()
            lifted.is_pinned = True
            self._show_findings()
            self._look_again(lifted.keys)
            self.viewport().update()
        else:
            self.dismiss()

    def _ask_how(self) -> None:
        lifted, where = self.lifted, QCursor.pos()
        drop = lifted.drop(lifted.hovered) if lifted is not None else None
        self.dismiss()
        if drop is not None:
            QTimer.singleShot(0, self, lambda: self.drop_menu_wanted.emit(drop, where))

    # -- the cluster's own word while the mouse is down ----------------------------------------
    def _tick(self) -> None:
        lifted, live = self.lifted, self._live
        if lifted is None:
            self._ticking.stop()
            return
        if live is not None and not lifted.is_asking and self._is_old(lifted.hovered):
            lifted.is_asking = True
            wanted = (lifted.hovered,) if lifted.hovered and lifted.live_at else ()
            self._token = live.check_moves(lifted.keys, wanted, self._on_checked)
        self._show_findings()

    def _is_old(self, node: str | None) -> bool:
        """Whether the cluster is to be asked: at the lift, then for the node under the mouse."""
        assert self.lifted is not None
        if not self.lifted.live_at:
            return True
        at = self.lifted.live_at.get(node or "")
        return node is not None and (at is None or time.time() - at > _ASK_AGAIN_S)

    def _on_checked(self, verdicts: tuple[NodeVerdict, ...], at: float) -> None:
        self._token = ""
        if self.lifted is None or self.lifted.is_pinned:
            return
        before = dict(self.lifted.verdicts)
        self.lifted.take_live(verdicts, at)
        self._show_verdicts(before)

    def _stop_asking(self) -> None:
        self._ticking.stop()
        if self._token and self._live is not None:
            self._live.forget_check(self._token)
        self._token = ""

    # -- Qt ------------------------------------------------------------------------------------
    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self.lifted is not None and event.mimeData().hasFormat(MIME):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        if self.lifted is None:
            return
        self._leaving.stop()
        point = event.position().toPoint()
        self.hover(map_far_nodes.chip_at(self.chips, point) or self.node_at(point))
        if self.lifted.takes(self.lifted.hovered):
            event.acceptProposedAction()
        else:
            event.ignore()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._leaving.start()

    def _leave(self) -> None:
        if self.lifted is not None and not self.lifted.is_pinned:
            self.hover(None)

    def dropEvent(self, event: QDropEvent) -> None:
        drop = self.lifted.drop(self.lifted.hovered) if self.lifted is not None else None
        if self.lifted is None or drop is None or not drop.is_taken:
            return
        # The row is moved by the snapshot alone; here only the intent is taken down.
        event.setDropAction(Qt.DropAction.IgnoreAction)
        event.accept()
        if self._is_right:
            return  # the menu opens once the drag is over
        self.lifted.hovered = None
        QTimer.singleShot(0, self, lambda: self.dropped.emit(drop))

    def _drag_pixmap(self, what: str) -> QPixmap:
        metrics = self.fontMetrics()
        text = one_line(what)
        size = QRect(0, 0, metrics.horizontalAdvance(text) + 24, metrics.height() + 12)
        ratio = self.devicePixelRatioF()
        pixmap = QPixmap(size.size() * ratio)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(self.palette().highlight().color())
        painter = QPainter(pixmap)
        painter.setPen(self.palette().highlightedText().color())
        painter.setFont(self.font())
        painter.drawText(size, Qt.AlignmentFlag.AlignCenter, text)
        painter.end()
        return pixmap
