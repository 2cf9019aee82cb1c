"""The cluster map takes mouse and keys: select tiles, lift them, open menus."""

from PySide6.QtCore import QEvent, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QHelpEvent, QKeyEvent, QKeySequence, QMouseEvent
from PySide6.QtWidgets import QApplication, QRubberBand, QToolTip, QWidget

from console.ui.models.vm_columns import SECURITY_WORDS, memory_text
from console.ui.plain_text import one_line, tip
from console.ui.store import Store
from console.ui.views import map_spoken
from console.ui.views.map_drag import MapDrag


class ClusterMap(MapDrag):
    """A map over any ``Store``: the window's own, or a copy of the cluster that a plan is made on.

    Signals: those of ``MapDrag``; ``selection_changed()``; ``vm_activated(key)``;
    ``node_activated(name)``; ``menu_wanted(QPoint)`` for the selection and
    ``node_menu_wanted(name, QPoint)``, in global coordinates.
    """

    vm_activated = Signal(str)
    node_activated = Signal(str)
    menu_wanted = Signal(QPoint)
    node_menu_wanted = Signal(str, QPoint)

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        map_spoken.install()
        super().__init__(store, parent)
        self._pressed: tuple[QPoint, str, Qt.MouseButton] | None = None
        self._band: QRubberBand | None = None
        self.can_lift = True  # not where nothing may be moved from
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    # -- mouse ---------------------------------------------------------------------------------
    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.dismiss()
        point = event.position().toPoint()
        key = self.key_at(point)
        modifiers = event.modifiers()
        if event.button() == Qt.MouseButton.RightButton:
            # Its menu opens when it is let go: until then it may become a drag.
            self._pressed = (point, key, event.button())
            if key and key not in self.selected:
                self.select({key}, cursor=key)
            return
        if event.button() != Qt.MouseButton.LeftButton:
            return
        self._pressed = (point, key, event.button())
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
        if self._pressed is None or not event.buttons() & self._pressed[2]:
            return
        start, key, button = self._pressed
        point = event.position().toPoint()
        if (point - start).manhattanLength() < QApplication.startDragDistance():
            return
        if key:
            self._pressed = None
            if self.can_lift:
                self.drag(button)
            return
        if button is not Qt.MouseButton.LeftButton:
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
        pressed, self._pressed = self._pressed, None
        if self._band is not None:
            self._band.deleteLater()
            self._band = None
        elif pressed is None or event.button() != pressed[2]:
            return
        elif pressed[2] is Qt.MouseButton.RightButton:
            self._open_menu(pressed[1], pressed[0], event.globalPosition().toPoint())
        elif pressed[1] and not event.modifiers():
            self.select({pressed[1]}, cursor=pressed[1])

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        key = self.key_at(event.position().toPoint())
        if key:
            self.vm_activated.emit(key)

    def _open_menu(self, key: str, point: QPoint, where: QPoint) -> None:
        node = self.node_at(point)
        if node and not key:
            self.node_menu_wanted.emit(node, where)
        else:
            self.menu_wanted.emit(where)

    def _between(self, start: str, end: str) -> set[str]:
        keys = [key for card in self.cards for key in card.keys]
        if start not in keys:
            return {end}
        first, last = sorted((keys.index(start), keys.index(end)))
        return set(keys[first : last + 1])

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
        elif event.key() == Qt.Key.Key_Space and self.lifted is not None:
            self.tell_whole()
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
                self._store.disagreeing.get(vm.key, ""),
            )
            return tip("\n".join(filter(None, words)))
        node = self.node_at(point)
        return tip(self._store.health_of_node(node).sentence) if node else ""
