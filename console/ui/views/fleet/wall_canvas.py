"""The wall of health: every VM of the fleet is a pixel of one picture, drawn as large as wanted.

A change is one store into the picture; a frame is one scaled drawing of it, and captions, shapes
and names only where tiles are large enough. 100,000 VMs cost what the window has of pixels.
"""

import math
from array import array
from collections.abc import Iterable, Iterator, Sequence

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetrics,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QWidget

from console.model.fleet import NO_LEVEL
from console.ui import milestones, theme
from console.ui.fleet_store import FleetStore
from console.ui.models.fleet_groups import FleetGroups, Group
from console.ui.models.fleet_rows import FleetRows
from console.ui.plain_text import one_line
from console.ui.slices import Slices
from console.ui.views.fleet import wall_painting, wall_words
from console.ui.views.fleet.wall_layout import fitting, lay_out
from console.ui.views.fleet.wall_picture import WallPicture
from console.ui.views.painted_area import PaintedArea

# Tile sizes from the whole fleet to a VM's name, in points.
ZOOMS = ((2, 2), (3, 3), (4, 4), (6, 6), (8, 8), (12, 12), (16, 16), (22, 22), (84, 24), (148, 30))
_LEAST_CAPTION = 4  # smaller tiles have no room for captions
_LEAST_SHAPE = 12
_LEAST_NAME = 80
_LEAST_FOUND, _MOST_FOUND = 5, 1_500  # smaller tiles, and no more, are drawn larger
_REFRESH_MS = 16
_AT_ONCE = 2_000  # colours worked out between two looks at the clock


class WallCanvas(PaintedArea):
    """Signals: ``selection_changed()``, ``zoom_changed()``. Takes no input; ``FleetWall`` does."""

    selection_changed = Signal()
    zoom_changed = Signal()

    def __init__(
        self,
        store: FleetStore,
        groups: FleetGroups,
        rows: FleetRows,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._store, self.groups, self._rows = store, groups, rows
        self._filling = Slices(self)
        self.setObjectName("fleet_wall")
        self.setAccessibleName("Wall of health")
        self.setFrameShape(QAbstractScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.selected: set[int] = set()
        self.cursor_slot = -1
        self.zoom = 0
        self.is_fitted = True  # follows the window's size until somebody zooms
        # The division that is drawn: a newer one is taken when its colours are worked out.
        self.parts: list[Group] = []
        self.part_of: array[int] = array("i")
        self.place_of: array[int] = array("I")
        self._picture = WallPicture()
        self._faint: frozenset[int] = frozenset()  # codes of subscriptions whose data are old
        self._colours: list[int] = wall_painting.tile_colours()
        self._was_searching = False
        self._was_painted = False
        self._is_behind = True
        self._late: set[int] = set()  # changed while colours were worked out
        self._next_colours: tuple[list[Group], list[array[int]]] = ([], [])
        self._notable: dict[int, list[int]] = {}  # by group: places of tiles that are not healthy
        self._repaint = QTimer(self, singleShot=True, interval=_REFRESH_MS)
        self._repaint.timeout.connect(self.viewport().update)
        self.verticalScrollBar().valueChanged.connect(self.viewport().update)
        groups.divided.connect(self._on_divided)
        rows.rows_changed.connect(self._on_found)
        store.slots_changed.connect(self._on_changed)
        store.told.connect(self._on_told)
        self._on_divided()

    # -- geometry ------------------------------------------------------------------------------
    @property
    def tile(self) -> tuple[float, float]:
        """A tile's size in points; whole device pixels, so that all are alike."""
        ratio = self.devicePixelRatioF()
        width, height = ZOOMS[self.zoom]
        return max(1, round(width * ratio)) / ratio, max(1, round(height * ratio)) / ratio

    @property
    def _offset(self) -> float:
        """How far the wall is scrolled: whole device pixels."""
        ratio = self.devicePixelRatioF()
        return round(self.verticalScrollBar().value() * ratio) / ratio

    def slot_at(self, point: QPoint) -> int:
        """The VM whose tile is there, -1 for none."""
        width, height = self.tile
        x, y = int(point.x() // width), int((point.y() + self._offset) // height)
        at = self._group_at(x, y)
        if at < 0:
            return -1
        block, slots = self._picture.layout.blocks[at], self.parts[at].slots
        place = (y - block.y) * block.columns + x - block.x
        return slots[place] if place < len(slots) else -1

    def group_at(self, point: QPoint) -> int:
        """The group whose block or caption is there, -1 for none."""
        width, height = self.tile
        x, y = int(point.x() // width), int((point.y() + self._offset) // height)
        return self._group_at(x, y, self._picture.layout.caption_rows)

    def _group_at(self, x: int, y: int, above: int = 0) -> int:
        for at in self._groups_between(y, y):
            block = self._picture.layout.blocks[at]
            if block.x <= x < block.x + block.columns and (
                block.y - above <= y < block.y + block.rows
            ):
                return at
        return -1

    def slots_in(self, area: QRect) -> list[int]:
        """VMs whose tiles touch this part of the viewport."""
        width, height = self.tile
        left, right = int(area.left() // width), int(area.right() // width)
        top = int((area.top() + self._offset) // height)
        bottom = int((area.bottom() + self._offset) // height)
        found: list[int] = []
        for at in self._groups_between(top, bottom):
            block, slots = self._picture.layout.blocks[at], self.parts[at].slots
            first, last = max(left, block.x), min(right, block.x + block.columns - 1)
            if first > last:
                continue
            for y in range(max(top, block.y), min(bottom, block.y + block.rows - 1) + 1):
                start = (y - block.y) * block.columns - block.x
                found.extend(slots[start + first : start + last + 1])
        return found

    def tile_rect(self, slot: int) -> QRectF:
        """Where a VM's tile is now, in the viewport; empty if it has none."""
        at = self.part_of[slot] if 0 <= slot < len(self.part_of) else -1
        if not 0 <= at < len(self._picture.layout.blocks):
            return QRectF()
        width, height = self.tile
        x, y = self._picture.tile_of(at, self.place_of[slot])
        return QRectF(x * width, y * height - self._offset, width, height)

    def block_rect(self, at: int) -> QRect:
        """Where a group's block with its caption is now, in the viewport."""
        width, height = self.tile
        block, above = self._picture.layout.blocks[at], self._picture.layout.caption_rows
        return QRectF(
            block.x * width,
            (block.y - above) * height - self._offset,
            block.columns * width,
            (block.rows + above) * height,
        ).toRect()

    def _groups_between(self, top: int, bottom: int) -> Iterable[int]:
        """Groups with tiles or captions in these rows of tiles."""
        above = self._picture.layout.caption_rows
        for at, block in enumerate(self._picture.layout.blocks):
            if block.y - above <= bottom and block.y + block.rows > top:
                yield at

    def visible_groups(self) -> list[int]:
        _, height = self.tile
        top = int(self._offset // height)
        return list(self._groups_between(top, top + int(self.viewport().height() // height) + 1))

    # -- layout --------------------------------------------------------------------------------
    def set_zoom(self, zoom: int, around: QPoint | None = None) -> None:
        """Another tile size; what is under ``around`` stays there."""
        zoom = min(max(zoom, 0), len(ZOOMS) - 1)
        self.is_fitted = False
        if zoom == self.zoom:
            return
        point = around or self.viewport().rect().center()
        held = self.slot_at(point)
        if self.cursor_slot >= 0 and (around is None or held < 0):
            held = self.cursor_slot
        group = self.group_at(point)
        self.zoom = zoom
        self._lay_out()
        if held >= 0:
            self._hold(held, point)
        elif group >= 0:
            top = self._picture.layout.blocks[group].y * self.tile[1]
            self.verticalScrollBar().setValue(int(top - point.y()))
        self.zoom_changed.emit()

    def fit(self) -> None:
        """As large as everything still fits."""
        self.is_fitted = True
        self._lay_out()
        self.zoom_changed.emit()

    def _hold(self, slot: int, point: QPoint) -> None:
        rect = self.tile_rect(slot)
        bar = self.verticalScrollBar()
        bar.setValue(int(rect.center().y() + self._offset - point.y()))

    def scroll_to(self, slot: int) -> None:
        rect, bar = self.tile_rect(slot), self.verticalScrollBar()
        if rect.isEmpty():
            return
        if rect.top() < 0:
            bar.setValue(int(rect.top() + self._offset - 8))
        elif rect.bottom() > self.viewport().height():
            bar.setValue(math.ceil(rect.bottom() + self._offset - self.viewport().height() + 8))

    def _zooms(self) -> list[tuple[int, int, int]]:
        line = QFontMetrics(self.font()).height() + 4
        return [(w, h, line if min(w, h) >= _LEAST_CAPTION else 0) for w, h in ZOOMS]

    def _lay_out(self) -> None:
        sizes = [len(group.slots) for group in self.parts]
        width, height = self.viewport().width(), self.viewport().height()
        zooms = self._zooms()
        if self.is_fitted:
            self.zoom = fitting(sizes, width, height, zooms[:8])
        tile_width, tile_height = self.tile
        caption = zooms[self.zoom][2]
        layout = lay_out(
            sizes,
            int(width // tile_width),
            math.ceil(caption / tile_height),
            tile_width / tile_height,
        )
        bar = self.verticalScrollBar()
        bar.setPageStep(max(1, height))
        bar.setSingleStep(max(8, int(tile_height) * 3))
        bar.setRange(0, max(0, math.ceil(layout.rows * tile_height) - height))
        self._picture.lay_out(layout, theme.current().color("window").rgb())
        self._choose_pixels()
        self.viewport().update()

    # -- the picture ---------------------------------------------------------------------------
    def _looks(self, slots: Sequence[int]) -> "array[int]":
        """Colours of these VMs: those that a search does not find step back."""
        colours, levels = self._colours, self._store.levels
        if self._is_searching:
            shown = self._rows.shown
            return array("I", [colours[(levels[s] & 7) | (0 if shown[s] else 16)] for s in slots])
        if not self._faint:
            return array("I", [colours[levels[slot] & 7] for slot in slots])
        faint, subscriptions = self._faint, self._store.numbers["subscription"]
        return array(
            "I",
            [colours[(levels[s] & 7) | (8 if subscriptions[s] in faint else 0)] for s in slots],
        )

    @property
    def _is_searching(self) -> bool:
        query = self._rows.query
        return bool(query.terms or query.unknown) and len(self._rows.shown) >= self._store.size

    def recolour(self) -> None:
        """Other VMs are found, others are old, or the theme is another: some parts at a time."""
        if not self.isVisible():
            self._is_behind = True  # nobody sees it: when somebody does
            return
        self._is_behind = False
        self._colours = wall_painting.tile_colours()
        self._filling.begin(self._recolouring(self.groups.groups), self._take_division)

    def _recolouring(self, parts: list[Group]) -> Iterator[None]:
        found: list[array[int]] = []
        for part in parts:
            for start in range(0, len(part.slots), _AT_ONCE):
                looks = self._looks(part.slots[start : start + _AT_ONCE])
                if start:
                    found[-1].extend(looks)
                else:
                    found.append(looks)
                yield
        self._next_colours = parts, found

    def _take_division(self) -> None:
        parts, colours = self._next_colours
        if parts is not self.groups.groups:
            self.recolour()  # divided again meanwhile
            return
        is_other = parts is not self.parts
        late, self._late = self._late, set()
        self.parts, self._picture.colours = parts, colours
        self.part_of, self.place_of = self.groups.group_of, self.groups.place_of
        if is_other:
            self._notable.clear()
            self._lay_out()
        else:
            self._picture.lay_out(self._picture.layout, theme.current().color("window").rgb())
            self.viewport().update()
        self._store_pixels([slot for slot in late if slot < self._store.size])

    def finish(self) -> None:
        """Have the picture whole now, also before it is shown."""
        if self._is_behind:
            self._is_behind = False
            self._filling.begin(self._recolouring(self.groups.groups), self._take_division)
        self._filling.finish()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._is_behind:
            self.recolour()

    def _on_found(self) -> None:
        """A search steps what it does not find back; without one nothing changes here."""
        if self._is_searching or self._was_searching:
            self._was_searching = self._is_searching
            self.recolour()

    def _choose_pixels(self) -> None:
        accent = theme.current().color("accent")
        accent.setAlpha(180 if self.tile[1] < _LEAST_SHAPE else 90)
        known = len(self.part_of)
        self._picture.choose(
            [
                (self.part_of[slot], self.place_of[slot])
                for slot in self.selected
                if slot < known and self.part_of[slot] >= 0
            ],
            accent,
        )

    def notable(self, at: int) -> list[int]:
        """Places of a group's tiles that have a shape: all that are not plainly healthy."""
        known = self._notable.get(at)
        if known is None:
            levels = self._store.levels
            slots = self.parts[at].slots
            known = [place for place, slot in enumerate(slots) if levels[slot] not in (0, NO_LEVEL)]
            self._notable[at] = known
        return known

    # -- selection -----------------------------------------------------------------------------
    def select(self, slots: Iterable[int], cursor: int = -1) -> None:
        """Select exactly these VMs; ``cursor``: the one that keys start from."""
        self.selected = set(slots)
        if cursor >= 0:
            self.cursor_slot = cursor
            self.scroll_to(cursor)
        self._choose_pixels()
        self.viewport().update()
        self.selection_changed.emit()

    def selection_was_told(self) -> None:
        """Somebody else changed ``selected``: show it."""
        self._choose_pixels()
        self.viewport().update()

    # -- what refreshes ------------------------------------------------------------------------
    def _on_divided(self) -> None:
        size = self._store.size
        self.selected = {slot for slot in self.selected if slot < size}
        if self.cursor_slot >= size:
            self.cursor_slot = -1
        self.recolour()

    def _on_changed(self, slots: Sequence[int], columns: frozenset[str]) -> None:
        if "level" not in columns:
            return
        if self._filling.is_working:
            self._late.update(slots)  # their colours may have been worked out already
        self._store_pixels(slots)
        if not self._repaint.isActive():
            self._repaint.start()

    def _store_pixels(self, slots: Sequence[int]) -> None:
        part_of, place_of, known = self.part_of, self.place_of, len(self.part_of)
        some = [slot for slot in slots if slot < known]
        self._picture.recolour([(part_of[s], place_of[s]) for s in some], self._looks(some))
        for slot in some:
            self._notable.pop(part_of[slot], None)

    def _on_told(self) -> None:
        """Some subscription's data may have become old, or fresh."""
        stale = self._store.stale_subscriptions()
        words = self._store.words["subscription"]
        faint = frozenset(at for at, word in enumerate(words) if word in stale)
        if faint != self._faint:
            self._faint = faint
            self.recolour()

    def look_at_ages(self) -> None:
        """Time passed: what was fresh may be old now."""
        self._on_told()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self.recolour()
        elif event.type() == QEvent.Type.FontChange:
            self._lay_out()

    # -- painting ------------------------------------------------------------------------------
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        area = self.viewport().rect()
        painter.fillRect(area, theme.current().color("window"))
        width, height = self.tile
        offset = self._offset
        groups = self.visible_groups()
        first = int(offset // height)
        rows = min(self._picture.layout.rows - first, int(area.height() // height) + 2)
        source = QRectF(0, first, self._picture.layout.columns, rows)
        target = QRectF(
            0, first * height - offset, self._picture.layout.columns * width, rows * height
        )
        self._picture.draw(painter, target, source, groups)
        if min(width, height) >= _LEAST_CAPTION + 2:
            wall_painting.draw_grid(painter, target, width, height)
        if self._picture.layout.caption_rows:
            self._draw_captions(painter, groups)
        if height >= _LEAST_SHAPE:
            self._draw_shapes(painter, groups, first, first + rows)
        if self._is_searching and height < _LEAST_FOUND:
            self._draw_found(painter, target)
        if self.cursor_slot >= 0 and not (rect := self.tile_rect(self.cursor_slot)).isEmpty():
            wall_painting.draw_cursor(painter, rect, is_focused=self.hasFocus())
        painter.end()
        if self.parts and not self._was_painted:
            self._was_painted = True
            milestones.note("fleet")

    def _draw_found(self, painter: QPainter, seen: QRectF) -> None:
        """Few that were found among tiles of two points: they are drawn larger, to be seen."""
        visible = self._rows.visible
        if len(visible) > _MOST_FOUND or len(visible) == self._store.count:
            return
        for slot in visible:
            rect = self.tile_rect(slot)
            if rect.intersects(seen):
                color = self._colours[self._store.levels[slot] & 7]
                painter.fillRect(rect.adjusted(-2, -2, 2, 2), QColor.fromRgb(color))

    def _draw_captions(self, painter: QPainter, groups: Iterable[int]) -> None:
        width, height = self.tile
        tall = self._picture.layout.caption_rows * height
        for at in groups:
            block, group = self._picture.layout.blocks[at], self.parts[at]
            area = QRectF(
                block.x * width,
                (block.y * height) - self._offset - tall,
                block.columns * width,
                tall,
            )
            notes = self.groups.by == "cluster" and bool(self._store.notes_of_cluster(group.key))
            wall_painting.draw_caption(painter, area, one_line(group.title), group.counts, notes)

    def _draw_shapes(self, painter: QPainter, groups: Iterable[int], first: int, last: int) -> None:
        width, height = self.tile
        ratio, levels = self.devicePixelRatioF(), self._store.levels
        has_names = width >= _LEAST_NAME
        marks: list[QPixmap] = wall_painting.marks(int(height), ratio)
        names = self._store.texts["name"]
        for at in groups:
            block, slots = self._picture.layout.blocks[at], self.parts[at].slots
            low = max(0, (first - block.y) * block.columns)
            high = min(len(slots), (last - block.y + 1) * block.columns)
            for place in range(low, high) if has_names else self._between(at, low, high):
                slot = slots[place]
                level = levels[slot]
                if level == NO_LEVEL:
                    continue
                x = (block.x + place % block.columns) * width
                y = (block.y + place // block.columns) * height - self._offset
                if has_names:
                    area = QRectF(x, y, width - 1, height - 1)
                    wall_painting.draw_name(painter, area, one_line(names[slot]), level, marks)
                else:
                    painter.drawPixmap(QPoint(int(x + (width - height) / 2), int(y)), marks[level])

    def _between(self, at: int, low: int, high: int) -> list[int]:
        return [place for place in self.notable(at) if low <= place < high]

    # -- told ----------------------------------------------------------------------------------
    def spoken_vm(self, slot: int) -> str:
        """A tile in words; empty if there is none."""
        return wall_words.vm(self._store, slot)

    def spoken_group(self, at: int) -> str:
        """A block in words."""
        return wall_words.part(self._store, self.parts[at], self.groups.by)
