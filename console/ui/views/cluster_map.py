"""The cluster map: every node a card, every VM a tile in it; lift tiles and drop them on a node."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QMimeData, QPoint, QRect, Qt, QTimer, Signal
from PySide6.QtGui import (
    QDrag,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QFocusEvent,
    QFontMetrics,
    QHelpEvent,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QRubberBand, QToolTip, QWidget

from console.model.node import Node
from console.ui.models.vm_columns import SECURITY_WORDS, memory_text
from console.ui.plain_text import one_line, plain
from console.ui.store import Store
from console.ui.views import map_layout
from console.ui.views.findings_panel import FindingsPanel
from console.ui.views.map_layout import Card, Measures
from console.ui.views.map_lift import Lift, lift
from console.ui.views.map_painting import TileFace, TileLook, draw_card
from console.ui.views.map_placement import Placement
from console.ui.views.map_tiles import MapTiles

MIME = "application/x-tlconsole-vms"
# Of a frame's 16 ms; the rest is for the headers and everything else that wants to run.
_DRAW_SLICE_S = 0.004
# What was never drawn is drawn at once as far as it can: an empty card would be a lie.
_FIRST_DRAW_S = 0.012


class ClusterMap(QAbstractScrollArea):
    """Signals: ``selection_changed()``; ``vm_activated(key)``; ``node_activated(name)``;
    ``move_dropped(keys, node)`` after a drop that a node takes; ``menu_wanted(QPoint)`` for the
    selection and ``node_menu_wanted(name, QPoint)``, in global coordinates.
    """

    selection_changed = Signal()
    vm_activated = Signal(str)
    node_activated = Signal(str)
    move_dropped = Signal(tuple, str)
    menu_wanted = Signal(QPoint)
    node_menu_wanted = Signal(str, QPoint)

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self.selected: set[str] = set()
        self.cursor_key = ""
        self.cards: list[Card] = []
        self.lifted: Lift | None = None
        self._placement = Placement(store.inventory)
        self._shown_nodes: dict[str, Node] = {}
        self._tiles = MapTiles(self._face)
        self._drawing = QTimer(self, interval=0)
        self._drawing.timeout.connect(self._draw_slice)
        self._pressed: tuple[QPoint, str] | None = None
        self._band: QRubberBand | None = None
        self.setObjectName("cluster_map")
        self.setAccessibleName("Cluster map")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        self.setAcceptDrops(True)
        self.viewport().setAcceptDrops(True)
        self._panel = FindingsPanel(self.viewport())
        self.verticalScrollBar().valueChanged.connect(self.viewport().update)
        store.snapshot_replaced.connect(self._on_replaced)
        store.vms_changed.connect(self._on_vms_changed)
        store.levels_changed.connect(self._on_levels_changed)
        store.nodes_changed.connect(self._on_nodes_changed)
        store.operations_changed.connect(self._on_operations_changed)
        self._on_replaced()

    # -- what is shown -------------------------------------------------------------------------
    @property
    def selected_keys(self) -> list[str]:
        """In the order of the cards."""
        return [key for card in self.cards for key in card.keys if key in self.selected]

    def select(self, keys: set[str], *, cursor: str = "") -> None:
        """Select exactly these VMs."""
        before, previous = self.selected, self.cursor_key
        self.selected = {key for key in keys if key in self._store.inventory.vms}
        if cursor:
            self.cursor_key = cursor
            self._scroll_to(cursor)
        self._look_again((before ^ self.selected) | {previous, self.cursor_key})
        self.selection_changed.emit()

    def tile_rect(self, key: str) -> QRect:
        """Where a VM's tile is now, in viewport coordinates; empty if it has none."""
        place = self._tiles.place_of(key)
        if place is None:
            return QRect()
        card, index = place
        rect = card.tile_rect(index, self._sizes)
        return rect.translated(0, -self.verticalScrollBar().value())

    def card_rect(self, node: str) -> QRect:
        """Where a node's card is now, in viewport coordinates."""
        for card in self.cards:
            if card.node == node:
                return card.area.translated(0, -self.verticalScrollBar().value())
        return QRect()

    def _on_replaced(self) -> None:
        self._drop_gone()
        if self.lifted is not None:
            self._judge_again()
            return
        self._placement.rebuild()
        self._lay_out()

    def _on_vms_changed(self, keys: Sequence[str]) -> None:
        self._drop_gone()
        if self.lifted is not None:
            # The map keeps its order while something is lifted; only the verdicts are refined.
            self._judge_again()
        elif self._placement.changed(keys):
            self._lay_out()
        self._look_again(keys)

    def _on_levels_changed(self, keys: Sequence[str]) -> None:
        if keys:
            self._look_again(keys)
        else:
            self._look_again_at_all()

    def _on_nodes_changed(self) -> None:
        nodes = self._store.inventory.nodes
        if self.lifted is not None:
            self._judge_again()
        elif list(nodes) != list(self._shown_nodes):
            self._on_replaced()
        self._shown_nodes = dict(nodes)
        self._update_headers()

    def _on_operations_changed(self, *_: object) -> None:
        self._look_again(self._placement.asked(self._store.running()))

    def _drop_gone(self) -> None:
        gone = self.selected - self._store.inventory.vms.keys()
        if gone:
            self.selected -= gone
            self.selection_changed.emit()

    def _judge_again(self) -> None:
        assert self.lifted is not None
        self.lifted.judge(self._store)
        self._show_findings()
        self.viewport().update()

    def _lay_out(self) -> None:
        order = self._placement.order
        largest = max((len(keys) for keys in order.values()), default=0)
        self._sizes: Measures = map_layout.measures(QFontMetrics(self.font()), largest)
        self.cards = map_layout.lay_out(order, self.viewport().width(), self._sizes)
        bottom = max((card.area.bottom() for card in self.cards), default=0) + 2 * self._sizes.gap
        bar = self.verticalScrollBar()
        bar.setPageStep(self.viewport().height())
        bar.setSingleStep(self._sizes.tile_height)
        bar.setRange(0, max(0, bottom - self.viewport().height()))
        self._tiles.lay_out(self.cards, self._sizes, self.font(), self.devicePixelRatioF())
        self._shown_nodes = dict(self._store.inventory.nodes)
        self._draw_slice(_FIRST_DRAW_S)
        self.viewport().update()

    # -- painting ------------------------------------------------------------------------------
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        offset = self.verticalScrollBar().value()
        painter.translate(0, -offset)
        dirty = event.rect().translated(0, offset)
        if not self.cards:
            painter.setPen(self.palette().placeholderText().color())
            text = "Nothing is known of this cluster yet."
            painter.drawText(self.viewport().rect(), Qt.AlignmentFlag.AlignCenter, text)
        for card in self.cards:
            if card.area.intersects(dirty):
                self._paint_card(painter, card)
                self._tiles.paint(painter, card, dirty)

    def _paint_card(self, painter: QPainter, card: Card) -> None:
        lifted = self.lifted
        node = self._store.inventory.nodes.get(card.node)
        verdict = lifted.verdicts.get(card.node) if lifted is not None else None
        is_hovered = lifted is not None and lifted.hovered == card.node
        health = self._store.health_of_node(card.node)
        draw_card(painter, card, node, health, verdict, is_hovered, self._sizes)

    def _face(self, key: str) -> TileFace | None:
        """How a VM's tile looks now; None if it is gone."""
        vm, lifted = self._store.inventory.vms.get(key), self.lifted
        if vm is None:
            return None
        move = self._placement.moves.get(key)
        look = TileLook(
            level=self._store.level_of(key),
            security=vm.security,
            is_selected=key in self.selected,
            is_current=key == self.cursor_key and self.hasFocus(),
            is_moving=move is not None,
            is_lifted=lifted is not None and not lifted.is_pinned and key in lifted.keys,
        )
        if move is None:
            return TileFace(look, one_line(vm.name))
        percent = "" if move[1] is None else f" {move[1] * 100:.0f} %"
        return TileFace(look, one_line(vm.name), f"→ {move[0]}{percent}")

    def _look_again(self, keys: Sequence[str] | set[str]) -> None:
        self._tiles.changed(keys)
        self._draw_slice()

    def _look_again_at_all(self) -> None:
        self._tiles.all_changed()
        self._draw_slice()

    def _draw_slice(self, seconds: float = _DRAW_SLICE_S) -> None:
        """Draw waiting tiles for a part of a frame; go on in the next if some are left."""
        offset = self.verticalScrollBar().value()
        visible = self.viewport().rect().translated(0, offset)
        for area in self._tiles.work(seconds, visible):
            self.viewport().update(area.translated(0, -offset))
        if not self._tiles.is_behind:
            self._drawing.stop()
        elif not self._drawing.isActive():
            self._drawing.start()

    def _update_headers(self) -> None:
        offset = self.verticalScrollBar().value()
        for card in self.cards:
            header = QRect(card.area)
            header.setBottom(card.tiles.top() - 3)
            self.viewport().update(header.translated(0, -offset))

    # -- mouse ---------------------------------------------------------------------------------
    def key_at(self, point: QPoint) -> str:
        """The VM under a viewport point, empty if none."""
        inside = point + QPoint(0, self.verticalScrollBar().value())
        for card in self.cards:
            index = card.index_at(inside, self._sizes)
            if index is not None:
                return card.keys[index]
        return ""

    def node_at(self, point: QPoint) -> str | None:
        inside = point + QPoint(0, self.verticalScrollBar().value())
        return next((card.node for card in self.cards if card.area.contains(inside)), None)

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
        refused = lifted.hovered is not None and not lifted.takes(lifted.hovered)
        if refused and any(
            self._store.inventory.vms[key].owner_node != lifted.hovered
            for key in lifted.keys
            if key in self._store.inventory.vms
        ):
            lifted.is_pinned = True
            self._show_findings()
            self._look_again(lifted.keys)
            self.viewport().update()
        else:
            self.dismiss()

    def dismiss(self) -> None:
        """Put what was lifted down again; the map takes up its order."""
        if self.lifted is not None:
            self.lifted = None
            self._panel.hide()
            self._on_replaced()
            self._look_again_at_all()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self.lifted is not None and event.mimeData().hasFormat(MIME):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        if self.lifted is None:
            return
        node = self.node_at(event.position().toPoint())
        if node != self.lifted.hovered:
            self.lifted.hovered = node
            self._show_findings()
            self.viewport().update()
        if self.lifted.takes(node):
            event.acceptProposedAction()
        else:
            event.ignore()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        if self.lifted is not None and not self.lifted.takes(self.lifted.hovered):
            # A refused drop arrives as a leave: what was under the mouse is kept for its reasons.
            return
        if self.lifted is not None:
            self.lifted.hovered = None
            self._panel.hide()
            self.viewport().update()

    def dropEvent(self, event: QDropEvent) -> None:
        if self.lifted is None or not self.lifted.takes(self.lifted.hovered):
            return
        keys, node = self.lifted.keys, self.lifted.hovered
        # The row is moved by the snapshot alone; here only the intent is taken down.
        event.setDropAction(Qt.DropAction.IgnoreAction)
        event.accept()
        self.lifted.hovered = None
        QTimer.singleShot(0, self, lambda: self.move_dropped.emit(keys, node))

    def _show_findings(self) -> None:
        lifted = self.lifted
        verdict = lifted.verdicts.get(lifted.hovered or "") if lifted is not None else None
        if lifted is None or verdict is None:
            self._panel.hide()
            return
        card = self.card_rect(verdict.node)
        header = QRect(card.left(), card.top(), card.width(), self._sizes.header_height)
        self._panel.show_verdict(verdict, lifted.what, header)

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

    def _scroll_to(self, key: str) -> None:
        rect = self.tile_rect(key)
        bar = self.verticalScrollBar()
        if rect.top() < 0:
            bar.setValue(bar.value() + rect.top() - self._sizes.gap)
        elif rect.bottom() > self.viewport().height():
            bar.setValue(bar.value() + rect.bottom() - self.viewport().height() + self._sizes.gap)

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
            return plain("\n".join(words))
        node = self.node_at(point)
        return plain(self._store.health_of_node(node).sentence) if node else ""

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.PaletteChange) and self.cards:
            self._lay_out()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self._look_again((self.cursor_key,))

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self._look_again((self.cursor_key,))
