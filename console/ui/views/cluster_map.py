"""The cluster map takes mouse and keys: select tiles, lift them, drop them on a node."""

from PySide6.QtCore import QEvent, QMimeData, QPoint, QRect, Qt, QTimer, Signal
from PySide6.QtGui import (
    QDrag,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QHelpEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPixmap,
)
from PySide6.QtWidgets import QApplication, QRubberBand, QToolTip, QWidget

from console.model.finding import Verdict
from console.ui.models.vm_columns import SECURITY_WORDS, memory_text
from console.ui.plain_text import one_line, tip
from console.ui.store import Store
from console.ui.views import map_far_nodes, map_spoken
from console.ui.views.map_canvas import MapCanvas
from console.ui.views.map_lift import lift

MIME = "application/x-tlconsole-vms"
# A refused drop reaches us as a leave right before the drag ends; any other leave comes earlier.
_LEFT_FOR_GOOD_MS = 60


class ClusterMap(MapCanvas):
    """Signals: ``selection_changed()``; ``vm_activated(key)``; ``node_activated(name)``;
    ``move_dropped(keys, node)`` after a drop that a node takes, ``notes_dropped(keys, what,
    verdict)`` after one that it takes with notes; ``menu_wanted(QPoint)`` for the
    selection and ``node_menu_wanted(name, QPoint)``, in global coordinates.
    """

    vm_activated = Signal(str)
    node_activated = Signal(str)
    move_dropped = Signal(tuple, str)
    notes_dropped = Signal(tuple, str, object)
    menu_wanted = Signal(QPoint)
    node_menu_wanted = Signal(str, QPoint)

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        map_spoken.install()
        super().__init__(store, parent)
        self._pressed: tuple[QPoint, str] | None = None
        self._band: QRubberBand | None = None
        self._leaving = QTimer(self, singleShot=True, interval=_LEFT_FOR_GOOD_MS)
        self._leaving.timeout.connect(self._leave)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAcceptDrops(True)
        self.viewport().setAcceptDrops(True)

    # -- mouse ---------------------------------------------------------------------------------
    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.dismiss()
        point = event.position().toPoint()
        key = self.key_at(point)
        modifiers = event.modifiers()
        if event.button() == Qt.MouseButton.RightButton:
            self._open_menu(key, point, event.globalPosition().toPoint())
            return
        if event.button() != Qt.MouseButton.LeftButton:
            return
        self._pressed = (point, key)
        if not key:
            node = self.node_at(point)
            if node:
                self.node_activated.emit(node)
            if not modifiers & Qt.KeyboardModifier.ControlModifier:
                self.select(set())
            return
        if modifiers & Qt.KeyboardModifier.ControlModifier:
            self.select(self.selected ^ {key}, cursor=key)
        elif modifiers & Qt.KeyboardModifier.ShiftModifier:
            self.select(self._between(self.cursor_key, key), cursor=key)
        elif key not in self.selected:
            self.select({key}, cursor=key)
        else:
            self.cursor_key = key

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None or not event.buttons() & Qt.MouseButton.LeftButton:
            return
        start, key = self._pressed
        point = event.position().toPoint()
        if (point - start).manhattanLength() < QApplication.startDragDistance():
            return
        if key:
            self._pressed = None
            self._drag()
            return
        if self._band is None:
            self._band = QRubberBand(QRubberBand.Shape.Rectangle, self.viewport())
        box = QRect(start, point).normalized()
        self._band.setGeometry(box)
        self._band.show()
        inside = box.translated(0, self.verticalScrollBar().value())
        caught = {
            key
            for card in self.cards
            if card.area.intersects(inside)
            for index, key in enumerate(card.keys)
            if card.tile_rect(index, self._sizes).intersects(inside)
        }
        self.select(caught)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._band is not None:
            self._band.deleteLater()
            self._band = None
        elif self._pressed is not None and self._pressed[1] and not event.modifiers():
            self.select({self._pressed[1]}, cursor=self._pressed[1])
        self._pressed = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        key = self.key_at(event.position().toPoint())
        if key:
            self.vm_activated.emit(key)

    def _open_menu(self, key: str, point: QPoint, where: QPoint) -> None:
        node = self.node_at(point)
        if key:
            if key not in self.selected:
                self.select({key}, cursor=key)
            self.menu_wanted.emit(where)
        elif node:
            self.node_menu_wanted.emit(node, where)
        else:
            self.menu_wanted.emit(where)

    def _between(self, start: str, end: str) -> set[str]:
        keys = [key for card in self.cards for key in card.keys]
        if start not in keys:
            return {end}
        first, last = sorted((keys.index(start), keys.index(end)))
        return set(keys[first : last + 1])

    # -- drag and drop -------------------------------------------------------------------------
    def _drag(self) -> None:
        keys = tuple(self.selected_keys)
        if not keys:
            return
        self.lifted = lift(self._store, keys)
        self._look_again(keys)
        self.viewport().update()
        data = QMimeData()
        data.setData(MIME, "\n".join(keys).encode())
        drag = QDrag(self)
        drag.setMimeData(data)
        drag.setPixmap(self._drag_pixmap(self.lifted.what))
        drag.setHotSpot(QPoint(-12, -8))
        drag.exec(Qt.DropAction.MoveAction)
        self._after_drag()

    def _after_drag(self) -> None:
        lifted = self.lifted
        if lifted is None:
            return
        hovered = lifted.hovered
        self._leaving.stop()
        if hovered and hovered != lifted.home and not lifted.takes(hovered):
            lifted.is_pinned = True
            self._show_findings()
            self._look_again(lifted.keys)
            self.viewport().update()
        else:
            self.dismiss()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self.lifted is not None and event.mimeData().hasFormat(MIME):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        if self.lifted is None:
            return
        self._leaving.stop()
        point = event.position().toPoint()
        node = map_far_nodes.chip_at(self.chips, point) or self.node_at(point)
        if node != self.lifted.hovered:
            self.lifted.hovered = node
            self._show_findings()
            self.viewport().update()
        if self.lifted.takes(node):
            event.acceptProposedAction()
        else:
            event.ignore()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._leaving.start()

    def _leave(self) -> None:
        if self.lifted is not None and not self.lifted.is_pinned:
            self.lifted.hovered = None
            self._panel.hide()
            self.viewport().update()

    def dropEvent(self, event: QDropEvent) -> None:
        if self.lifted is None or not self.lifted.takes(self.lifted.hovered):
            return
        keys, node, what = self.lifted.keys, self.lifted.hovered, self.lifted.what
        verdict = self.lifted.verdicts[node or ""]
        # The row is moved by the snapshot alone; here only the intent is taken down.
        event.setDropAction(Qt.DropAction.IgnoreAction)
        event.accept()
        self.lifted.hovered = None
        if verdict.verdict is Verdict.FITS_WITH_NOTES:
            QTimer.singleShot(0, self, lambda: self.notes_dropped.emit(keys, what, verdict))
        else:
            QTimer.singleShot(0, self, lambda: self.move_dropped.emit(keys, node))

    def _drag_pixmap(self, what: str) -> QPixmap:
        metrics = self.fontMetrics()
        size = QRect(0, 0, metrics.horizontalAdvance(what) + 24, metrics.height() + 12)
        ratio = self.devicePixelRatioF()
        pixmap = QPixmap(size.size() * ratio)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(self.palette().highlight().color())
        painter = QPainter(pixmap)
        painter.setPen(self.palette().highlightedText().color())
        painter.setFont(self.font())
        painter.drawText(size, Qt.AlignmentFlag.AlignCenter, one_line(what))
        painter.end()
        return pixmap

    # -- keyboard and the rest -----------------------------------------------------------------
    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Left: (-1, 0),
            Qt.Key.Key_Right: (1, 0),
            Qt.Key.Key_Up: (0, -1),
            Qt.Key.Key_Down: (0, 1),
        }
        step = steps.get(Qt.Key(event.key()))
        if step is not None:
            key = self._neighbour(*step)
            if key:
                shift = event.modifiers() & Qt.KeyboardModifier.ShiftModifier
                self.select(self.selected | {key} if shift else {key}, cursor=key)
                map_spoken.tell_focus(self)
        elif event.key() == Qt.Key.Key_Escape:
            self.dismiss()
        elif event.key() == Qt.Key.Key_Space and self.cursor_key:
            self.select(self.selected ^ {self.cursor_key}, cursor=self.cursor_key)
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.cursor_key:
            self.vm_activated.emit(self.cursor_key)
        elif event.key() == Qt.Key.Key_Menu:
            where = self.tile_rect(self.cursor_key).center()
            self.menu_wanted.emit(self.viewport().mapToGlobal(where))
        elif event.matches(QKeySequence.StandardKey.SelectAll):
            self.select(set(self._store.inventory.vms))
        else:
            super().keyPressEvent(event)

    def _neighbour(self, right: int, down: int) -> str:
        """The VM beside the current one; over a card's edge into the next card."""
        places = [
            (at, index)
            for at, card in enumerate(self.cards)
            for index, key in enumerate(card.keys)
            if key == self.cursor_key
        ]
        if not places:
            return next((card.keys[0] for card in self.cards if card.keys), "")
        at, index = places[0]
        card = self.cards[at]
        wanted = index + right + down * card.columns
        if 0 <= wanted < len(card.keys):
            return card.keys[wanted]
        direction = 1 if (right or down) > 0 else -1
        others = (
            [c for c in self.cards[at + direction :: direction] if c.keys]
            if (at + direction >= 0)
            else []
        )
        if not others:
            return self.cursor_key
        return others[0].keys[0] if direction > 0 else others[0].keys[-1]

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self._tip(event.pos()), self.viewport())
            return True
        return super().viewportEvent(event)

    def _tip(self, point: QPoint) -> str:
        vm = self._store.inventory.vms.get(self.key_at(point))
        if vm is not None:
            words = (
                f"{one_line(vm.name)}: {vm.power}",
                self._store.health_of(vm.key).sentence,
                f"{SECURITY_WORDS[vm.security]}, {memory_text(vm.memory_mib)}",
            )
            return tip("\n".join(words))
        node = self.node_at(point)
        return tip(self._store.health_of_node(node).sentence) if node else ""
