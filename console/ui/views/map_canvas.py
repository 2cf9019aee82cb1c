"""What the cluster map shows: cards of nodes and tiles of VMs, kept current and painted."""

import time
from collections.abc import Iterable, Mapping, Sequence

from PySide6.QtCore import QEvent, QPoint, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QFontMetrics, QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QAbstractScrollArea, QWidget

from console.model.finding import NodeVerdict
from console.model.node import Node
from console.ui.models.move_words import spoken_move, spoken_verdict, tile_figure
from console.ui.models.vm_columns import SECURITY_WORDS
from console.ui.plain_text import one_line, plain
from console.ui.store import Store
from console.ui.views import map_far_nodes, map_layout
from console.ui.views.findings_panel import FindingsPanel
from console.ui.views.map_far_nodes import Chip
from console.ui.views.map_layout import Card, Measures
from console.ui.views.map_lift import Lift
from console.ui.views.map_painting import TileFace, TileLook, draw_card
from console.ui.views.map_placement import Placement
from console.ui.views.map_tiles import MapTiles
from console.ui.views.painted_area import PaintedArea

# Of a frame's 16 ms; the rest is for the headers and everything else that wants to run.
_DRAW_SLICE_S = 0.004
# What was never drawn is drawn at once as far as it can: an empty card would be a lie.
_FIRST_DRAW_S = 0.012
# Operations that change within this time are looked at together.
_ASK_EVERY_S = 0.1
_DRAWN_ALONG = "moves along"


class MapCanvas(PaintedArea):
    """Signal: ``selection_changed()``. Takes no input; ``ClusterMap`` does."""

    selection_changed = Signal()

    def __init__(self, store: Store, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self.selected: set[str] = set()
        self.cursor_key = ""
        self.cards: list[Card] = []
        self.lifted: Lift | None = None
        self._placement = Placement(store.inventory)
        self._marks: dict[str, str] = {}
        self._drawn_along: frozenset[str] = frozenset()
        self._chips: tuple[tuple[object, ...], list[Chip]] = (), []
        self._shown_nodes: dict[str, Node] = {}
        self._tiles = MapTiles(self._face, self._arriving_face)
        self._drawing = QTimer(self, interval=0)
        self._drawing.timeout.connect(self._draw_slice)
        self._asking = QTimer(self, singleShot=True)
        self._asking.timeout.connect(self._take_asked)
        self._asked_at = 0.0
        self.setObjectName("cluster_map")
        self.setAccessibleName("Cluster map")
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        # Cards stand out from their ground.
        self.viewport().setBackgroundRole(QPalette.ColorRole.Window)
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

    def mark(self, words: Mapping[str, str]) -> None:
        """Draw these VMs as moved, with a few words under their names ("from LAB-N1")."""
        touched = self._marks.keys() | words.keys()
        self._marks = dict(words)
        self._look_again(touched)

    def tile_rect(self, key: str) -> QRect:
        """Where a VM's tile is now, in viewport coordinates; empty if it has none."""
        place = self._tiles.place_of(key)
        if place is None:
            return QRect()
        card, index = place
        rect = card.tile_rect(index, self._sizes)
        return rect.translated(0, -self.verticalScrollBar().value())

    def spoken_vm(self, key: str) -> str:
        """A tile in words, for a screen reader; empty if the VM is gone."""
        vm = self._store.inventory.vms.get(key)
        if vm is None:
            return ""
        words = [one_line(vm.name), str(vm.power), str(self._store.level_of(key))]
        words += [SECURITY_WORDS[vm.security], f"on {one_line(vm.owner_node or 'no node')}"]
        if key in self._store.disagreeing:
            words.append("Azure and the cluster disagree")
        move = self._placement.moves.get(key)
        if move is not None:
            words.append(one_line(spoken_move(move)))
        elif key in self._drawn_along:
            words.append(_DRAWN_ALONG)
        elif key in self._marks:
            words.append(one_line(self._marks[key]))
        return ", ".join(words)

    def spoken_node(self, name: str) -> str:
        """A card in words: its state, or while VMs are lifted its verdict with every reason."""
        node = self._store.inventory.nodes.get(name)
        if node is None:
            return "Not placed: known to Azure; the cluster shows them on no node"
        verdict = self.lifted.verdicts.get(name) if self.lifted is not None else None
        if self.lifted is not None and verdict is not None:
            checked = self.lifted.checked(name, time.time())
            return plain(spoken_verdict(one_line(self.lifted.what), verdict, checked, most=20))
        count = len(self._placement.order.get(name, ()))
        coming = len(self._placement.arriving.get(name, ()))
        arriving = f", {coming} arriving" if coming else ""
        health = self._store.health_of_node(name).sentence
        return f"{one_line(name)}, {node.state}, {count} VMs{arriving}, {one_line(health)}"

    @property
    def chips(self) -> list[Chip]:
        """Nodes out of sight, while VMs are lifted; viewport coordinates."""
        if self.lifted is None:
            return []
        offset, view = self.verticalScrollBar().value(), self.viewport().rect()
        made_for = (id(self.cards), offset, view.width(), view.height(), self._sizes)
        if made_for != self._chips[0]:
            laid = map_far_nodes.lay_out_chips(self.cards, offset, view, self._sizes)
            self._chips = made_for, laid
        return self._chips[1]

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
        else:
            self._keep_places()
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
        """Taken in a turn of its own, and the next ones together: hundreds may come at once."""
        if not self._asking.isActive():
            since = time.monotonic() - self._asked_at
            self._asking.start(max(0, round(1000 * (_ASK_EVERY_S - since))))

    def _take_asked(self) -> None:
        self._asked_at = time.monotonic()
        touched = self._placement.asked(self._store.running())
        self._keep_places()
        self._look_again(touched)

    def _keep_places(self) -> None:
        """Where VMs are on their way to, a place stands open; not while something is lifted."""
        shown = {card.node: card.arriving for card in self.cards if card.arriving}
        if self.lifted is None and shown != self._placement.arriving:
            self._lay_out(0.0)  # what follows draws

    def _drop_gone(self) -> None:
        gone = self.selected - self._store.inventory.vms.keys()
        if gone:
            self.selected -= gone
            self.selection_changed.emit()

    def _judge_again(self) -> None:
        assert self.lifted is not None
        before = self.lifted.verdicts
        self.lifted.judge(self._store)
        self._show_verdicts(before)

    def _show_verdicts(self, before: Mapping[str, NodeVerdict]) -> None:
        """Paint again what nodes say, where it is another word than ``before``."""
        assert self.lifted is not None
        self._show_findings()
        self._show_drawn_along()
        after = self.lifted.verdicts
        self._update_nodes(name for name in after if after[name] != before.get(name))

    def _show_drawn_along(self) -> None:
        """Those that an affinity rule draws after the lifted ones look as if they moved too."""
        before = self._drawn_along
        self._drawn_along = self.lifted.drawn_along if self.lifted is not None else frozenset()
        if before != self._drawn_along:
            self._look_again(before ^ self._drawn_along)

    def _update_nodes(self, names: Iterable[str]) -> None:
        """Only these cards and chips: the others hold up to 2,000 tiles."""
        wanted = set(names)
        for name in wanted:
            self.viewport().update(self.card_rect(name).adjusted(-3, -3, 3, 3))
        for chip in self.chips:
            if chip.node in wanted:
                self.viewport().update(chip.area.adjusted(-3, -3, 3, 3))

    def _steady_width(self) -> int:
        """As if the scroll bar were there: its coming and going must move no tile."""
        bar = self.verticalScrollBar().sizeHint().width()
        return self.width() - 2 * self.frameWidth() - bar

    def _lay_out(self, drawing_s: float = _FIRST_DRAW_S) -> None:
        order, width = self._placement.order, self._steady_width()
        largest = max((len(keys) for keys in order.values()), default=0)
        self._sizes: Measures = map_layout.measures(QFontMetrics(self.font()), largest)
        self.cards = map_layout.lay_out(order, width, self._sizes, self._placement.arriving)
        bottom = max((card.area.bottom() for card in self.cards), default=0) + 2 * self._sizes.gap
        bar = self.verticalScrollBar()
        bar.setPageStep(self.viewport().height())
        bar.setSingleStep(self._sizes.tile_height)
        bar.setRange(0, max(0, bottom - self.viewport().height()))
        self._tiles.lay_out(self.cards, self._sizes, self.font(), self.devicePixelRatioF())
        self._shown_nodes = dict(self._store.inventory.nodes)
        self._draw_slice(drawing_s)
        self.viewport().update()

    # -- painting ------------------------------------------------------------------------------
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        offset = self.verticalScrollBar().value()
        painter.translate(0, -offset)
        # The region, not its bounds: two touched cards far apart do not paint those between.
        dirty = event.region().translated(0, offset)
        bounds = dirty.boundingRect()
        if not self.cards:
            painter.setPen(self.palette().placeholderText().color())
            text = "Nothing is known of this cluster yet."
            painter.drawText(self.viewport().rect(), Qt.AlignmentFlag.AlignCenter, text)
        for card in self.cards:
            if dirty.intersects(card.area):
                self._paint_card(painter, card)
                self._tiles.paint(painter, card, bounds)
        if self.lifted is not None and not self.lifted.is_pinned:
            painter.translate(0, offset)
            verdicts, hovered = self.lifted.verdicts, self.lifted.hovered
            view = self.viewport().rect()
            chips = self.chips
            if chips and event.region().intersects(map_far_nodes.ground(chips, view)):
                map_far_nodes.draw_chips(painter, chips, verdicts, hovered, view)
        painter.end()

    def _paint_card(self, painter: QPainter, card: Card) -> None:
        lifted = self.lifted
        node = self._store.inventory.nodes.get(card.node)
        is_asked = lifted is not None and card.node != lifted.home
        verdict = lifted.verdicts.get(card.node) if lifted is not None and is_asked else None
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
            is_moving=move is not None or key in self._marks or key in self._drawn_along,
            is_lifted=lifted is not None and not lifted.is_pinned and key in lifted.keys,
            disagrees=key in self._store.disagreeing,
        )
        name = one_line(vm.name)
        if move is None:
            drawn = _DRAWN_ALONG if key in self._drawn_along else ""
            return TileFace(look, name, drawn or one_line(self._marks.get(key, "")))
        figure = tile_figure(move)
        to = f"→ {one_line(move.target)}"
        return TileFace(look, name, to, figure, move.fraction, move.is_troubled)

    def _arriving_face(self, key: str) -> TileFace | None:
        """How the place looks that a VM has where it moves to; None if it came or gave up."""
        vm, move = self._store.inventory.vms.get(key), self._placement.moves.get(key)
        if vm is None or move is None:
            return None
        look = TileLook(
            level=self._store.level_of(key), security=vm.security, is_selected=key in self.selected
        )._replace(is_arriving=True)
        source = f"from {one_line(vm.owner_node or 'no node')}"
        name, figure = one_line(vm.name), tile_figure(move)
        return TileFace(look, name, source, figure, move.fraction, move.is_troubled)

    def _look_again(self, keys: Iterable[str]) -> None:
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

    def key_at(self, point: QPoint) -> str:
        """The VM under a viewport point, empty if none."""
        inside = point + QPoint(0, self.verticalScrollBar().value())
        for card in self.cards:
            index = card.index_at(inside, self._sizes)
            if index is not None:
                return (*card.keys, *card.arriving)[index]
        return ""

    def node_at(self, point: QPoint) -> str | None:
        inside = point + QPoint(0, self.verticalScrollBar().value())
        return next((card.node for card in self.cards if card.area.contains(inside)), None)

    def show_node(self, name: str) -> None:
        """Bring a node's card into sight."""
        self._bring_into_sight(self.card_rect(name))

    def _scroll_to(self, key: str) -> None:
        self._bring_into_sight(self.tile_rect(key))

    def _bring_into_sight(self, rect: QRect) -> None:
        bar = self.verticalScrollBar()
        if rect.top() < 0:
            bar.setValue(bar.value() + rect.top() - self._sizes.gap)
        elif rect.bottom() > self.viewport().height():
            bar.setValue(bar.value() + rect.bottom() - self.viewport().height() + self._sizes.gap)

    # -- what is lifted ------------------------------------------------------------------------
    def take_up(self, lifted: Lift) -> None:
        """These VMs are in the hand now: every node shows its answer."""
        self.lifted, self._drawn_along = lifted, lifted.drawn_along
        self._look_again({*lifted.keys, *self._drawn_along})
        self.viewport().update()

    def hover(self, node: str | None) -> None:
        """The lifted VMs are held over this node, or over none."""
        lifted = self.lifted
        if lifted is None or node == lifted.hovered:
            return
        touched, lifted.hovered = (lifted.hovered, node), node
        self._show_findings()
        self._show_drawn_along()
        self._update_nodes(name for name in touched if name is not None)

    def dismiss(self) -> None:
        """Put what was lifted down again; the map takes up its order."""
        if self.lifted is not None:
            self.lifted, self._drawn_along = None, frozenset()
            self._panel.hide()
            self._on_replaced()
            self._look_again_at_all()

    def _show_findings(self) -> None:
        lifted = self.lifted
        verdict = lifted.verdicts.get(lifted.hovered or "") if lifted is not None else None
        if lifted is None or verdict is None or verdict.node == lifted.home:
            self._panel.hide()
            return
        chip = next((chip for chip in self.chips if chip.node == verdict.node), None)
        card = self.card_rect(verdict.node)
        header = QRect(card.left(), card.top(), card.width(), self._sizes.header_height)
        if chip is not None:
            header = chip.area
        checked = lifted.checked(verdict.node, time.time())
        self._panel.show_verdict(
            verdict,
            lifted.what,
            checked,
            header,
            is_pinned=lifted.is_pinned,
            is_whole=lifted.is_told_whole,
        )

    # -- Qt ------------------------------------------------------------------------------------
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
