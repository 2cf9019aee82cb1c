"""The wall with its input: hover names, click selects, drag is a lasso, Ctrl and wheel zoom."""

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QHelpEvent, QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QRubberBand, QToolTip, QWidget

from console.model.fleet import NO_LEVEL
from console.ui.fleet_store import FleetStore
from console.ui.models.fleet_groups import FleetGroups
from console.ui.models.fleet_rows import FleetRows
from console.ui.plain_text import tip
from console.ui.views.fleet import wall_spoken
from console.ui.views.fleet.wall_canvas import WallCanvas

_LEAST_DRAG = 5


class FleetWall(WallCanvas):
    """Signals: ``cursor_moved(slot)``, ``activated(slot)`` by Enter or double click,
    ``group_activated(index)`` by a click on a caption.
    """

    cursor_moved = Signal(int)
    activated = Signal(int)
    group_activated = Signal(int)

    def __init__(
        self,
        store: FleetStore,
        groups: FleetGroups,
        rows: FleetRows,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(store, groups, rows, parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._pressed: QPoint | None = None
        self._band: QRubberBand | None = None
        wall_spoken.install()

    def move_cursor(self, slot: int) -> None:
        """This VM alone is selected and the one that keys start from."""
        self.select({slot}, slot)
        wall_spoken.tell_focus(self)
        self.cursor_moved.emit(slot)

    # -- mouse ---------------------------------------------------------------------------------
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed = event.position().toPoint()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None:
            return
        here = event.position().toPoint()
        if self._band is None and (here - self._pressed).manhattanLength() > _LEAST_DRAG:
            self._band = QRubberBand(QRubberBand.Shape.Rectangle, self.viewport())
            self._band.show()
        if self._band is not None:
            self._band.setGeometry(QRect(self._pressed, here).normalized())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        pressed, self._pressed = self._pressed, None
        if pressed is None:
            return
        here = event.position().toPoint()
        adds = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if self._band is not None:
            self._band.deleteLater()
            self._band = None
            caught = set(self.slots_in(QRect(pressed, here).normalized()))
            self.select(self.selected | caught if adds else caught)
            return
        slot = self.slot_at(here)
        if slot >= 0:
            if adds:
                self.select(self.selected ^ {slot}, slot)
                self.cursor_moved.emit(slot)
            else:
                self.move_cursor(slot)
        elif (at := self.group_at(here)) >= 0:
            self.group_activated.emit(at)
        elif not adds:
            self.select(())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        slot = self.slot_at(event.position().toPoint())
        if slot >= 0:
            self.activated.emit(slot)

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            step = 1 if event.angleDelta().y() > 0 else -1
            self.set_zoom(self.zoom + step, event.position().toPoint())
            event.accept()
        else:
            super().wheelEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), tip(self._tip_at(event.pos())), self.viewport())
            return True
        return super().viewportEvent(event)

    def _tip_at(self, point: QPoint) -> str:
        slot = self.slot_at(point)
        if slot >= 0:
            sentence = self._store.health_of(slot).sentence
            return f"{self.spoken_vm(slot)}\n{sentence}"
        at = self.group_at(point)
        return self.spoken_group(at) if at >= 0 else ""

    # -- keys ----------------------------------------------------------------------------------
    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.set_zoom(self.zoom + 1)
        elif key == Qt.Key.Key_Minus:
            self.set_zoom(self.zoom - 1)
        elif key == Qt.Key.Key_0:
            self.fit()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.cursor_slot >= 0:
            self.activated.emit(self.cursor_slot)
        elif key == Qt.Key.Key_Space and self.cursor_slot >= 0:
            self.select(self.selected ^ {self.cursor_slot}, self.cursor_slot)
        elif key == Qt.Key.Key_Escape and self.selected:
            self.select(())
        elif not self._step(key):
            super().keyPressEvent(event)

    def _step(self, key: Qt.Key) -> bool:
        if key in (Qt.Key.Key_PageDown, Qt.Key.Key_PageUp):
            bar = self.verticalScrollBar()
            way = 1 if key == Qt.Key.Key_PageDown else -1
            bar.setValue(bar.value() + way * bar.pageStep())
            return True
        places = {Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down,
                  Qt.Key.Key_Home, Qt.Key.Key_End}  # fmt: skip
        groups = self.parts
        if key not in places or not groups:
            return False
        if self.cursor_slot < 0 or self._store.levels[self.cursor_slot] == NO_LEVEL:
            self.move_cursor(groups[0].slots[0])
            return True
        at, place = self.part_of[self.cursor_slot], self.place_of[self.cursor_slot]
        columns = self._picture.layout.blocks[at].columns
        steps = {
            Qt.Key.Key_Left: place - 1,
            Qt.Key.Key_Right: place + 1,
            Qt.Key.Key_Up: place - columns,
            Qt.Key.Key_Down: place + columns,
            Qt.Key.Key_Home: 0,
            Qt.Key.Key_End: len(groups[at].slots) - 1,
        }
        target = steps[key]
        if target < 0 and at > 0:
            at, target = at - 1, len(groups[at - 1].slots) - 1
        elif target >= len(groups[at].slots) and at + 1 < len(groups):
            at, target = at + 1, 0
        target = min(max(target, 0), len(groups[at].slots) - 1)
        self.move_cursor(groups[at].slots[target])
        return True

    def sizeHint(self) -> QSize:
        return QSize(900, 600)
