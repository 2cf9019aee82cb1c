"""The tiles of each card, kept as one picture: only tiles that look different are drawn again.

Drawing 2,000 tiles takes several frames' time, so it is done in slices; until a slice comes a tile
shows what it showed before.
"""

import time
from collections.abc import Callable, Iterable, Sequence

import msgspec
from PySide6.QtCore import QMargins, QRect, Qt
from PySide6.QtGui import QFont, QPainter, QPixmap

from console.ui import theme
from console.ui.views.map_layout import Card, Measures
from console.ui.views.map_painting import TileFace, TilePainter

FaceOf = Callable[[str], TileFace | None]

_MARGIN = 2  # room for a tile's edge outside its rectangle
_MARGINS = QMargins(_MARGIN, _MARGIN, _MARGIN, _MARGIN)
_BATCH = 8


class _Layer(msgspec.Struct):
    card: Card
    picture: QPixmap
    faces: list[TileFace | None]
    waiting: list[int] = msgspec.field(default_factory=list)  # indexes, next one last


class MapTiles:
    """Pictures of tiles by node name. ``face_of`` tells how a VM looks now, ``arriving_face_of``
    how the place looks that is kept for it where it moves to.
    """

    def __init__(self, face_of: FaceOf, arriving_face_of: FaceOf) -> None:
        self._face_of = face_of
        self._arriving_face_of = arriving_face_of
        self._painter = TilePainter()
        self._layers: dict[str, _Layer] = {}
        self._places: dict[str, tuple[_Layer, int]] = {}
        self._kept_places: dict[str, tuple[_Layer, int]] = {}
        self._made_for: tuple[object, ...] = ()
        self._sizes: Measures | None = None
        self._font = QFont()

    def lay_out(self, cards: Sequence[Card], sizes: Measures, font: QFont, ratio: float) -> None:
        """Take over a layout. Pictures whose card did not change stay as they are."""
        made_for = (sizes, font.key(), ratio, theme.current().name)
        if made_for != self._made_for:
            self._layers.clear()
            self._made_for, self._sizes, self._font = made_for, sizes, QFont(font)
        layers: dict[str, _Layer] = {}
        for card in cards:
            known = self._layers.get(card.node)
            if known is not None and _is_alike(known.card, card):
                # Moved on the map, but looks the same inside.
                known.card = card
                layers[card.node] = known
            else:
                layers[card.node] = self._new_layer(card, known, ratio)
        self._layers = layers
        self._places = {
            key: (layer, index)
            for layer in layers.values()
            for index, key in enumerate(layer.card.keys)
        }
        self._kept_places = {
            key: (layer, index)
            for layer in layers.values()
            for index, key in enumerate(layer.card.arriving, len(layer.card.keys))
        }

    def place_of(self, key: str) -> tuple[Card, int] | None:
        """A VM's card and the index of its tile, None if it has none."""
        place = self._places.get(key)
        return None if place is None else (place[0].card, place[1])

    def changed(self, keys: Iterable[str]) -> None:
        """These VMs may look different now."""
        for key in keys:
            for places in (self._places, self._kept_places):
                place = places.get(key)
                if place is not None:
                    place[0].waiting.append(place[1])

    def all_changed(self) -> None:
        for layer in self._layers.values():
            layer.waiting = list(reversed(range(len(layer.faces))))

    @property
    def is_behind(self) -> bool:
        return any(layer.waiting for layer in self._layers.values())

    def work(self, seconds: float, visible: QRect) -> list[QRect]:
        """Draw waiting tiles for at most about so long, visible cards first; what changed on the
        map, in its coordinates.
        """
        deadline = time.perf_counter() + seconds
        layers = sorted(
            (layer for layer in self._layers.values() if layer.waiting),
            key=lambda layer: not layer.card.area.intersects(visible),
        )
        changed = []
        for layer in layers:
            rect = self._draw_waiting(layer, deadline)
            if not rect.isNull():
                changed.append(rect)
            if time.perf_counter() > deadline:
                break
        return changed

    def paint(self, painter: QPainter, card: Card, dirty: QRect) -> None:
        """Put a card's tiles on the map, as far as they lie in ``dirty``."""
        layer = self._layers.get(card.node)
        if layer is None or not card.tiles.adjusted(-2, -2, 2, 2).intersects(dirty):
            return
        painter.drawPixmap(card.tiles.left() - _MARGIN, card.tiles.top() - _MARGIN, layer.picture)

    def _new_layer(self, card: Card, known: _Layer | None, ratio: float) -> _Layer:
        size = card.tiles.size().grownBy(_MARGINS)
        picture = QPixmap(size * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        count = len(card.keys) + len(card.arriving)
        faces: list[TileFace | None] = [None] * count
        layer = _Layer(card, picture, faces, list(reversed(range(count))))
        if known is not None and known.card.tiles.size() == card.tiles.size():
            # Same grid, other VMs: keep what is drawn until each tile's turn comes.
            layer.picture = known.picture
            kept = min(len(known.faces), len(faces))
            layer.faces[:kept] = known.faces[:kept]
            self._wipe(layer, range(kept, len(known.faces)))
        return layer

    def _draw_waiting(self, layer: _Layer, deadline: float) -> QRect:
        """Tiles of one card until it is done or the time is up; the map's area that changed."""
        assert self._sizes is not None
        card, waiting, faces, sizes = layer.card, layer.waiting, layer.faces, self._sizes
        painter: QPainter | None = None
        changed = QRect()
        origin = card.tiles.topLeft()
        while waiting:
            for index in [waiting.pop() for _ in range(min(_BATCH, len(waiting)))]:
                own = len(card.keys)
                is_own = index < own
                face = (
                    self._face_of(card.keys[index])
                    if is_own
                    else self._arriving_face_of(card.arriving[index - own])
                )
                if face is None or face == faces[index]:
                    continue
                if painter is None:
                    painter = self._open(layer)
                area = card.tile_rect(index, sizes)
                inside = area.translated(_MARGIN - origin.x(), _MARGIN - origin.y())
                _clear(painter, inside)
                self._painter.draw(painter, inside, face, sizes, layer.picture.devicePixelRatio())
                faces[index] = face
                changed = changed.united(area)
            if time.perf_counter() > deadline:
                break
        if painter is not None:
            painter.end()
        return changed.adjusted(-2, -2, 2, 2) if not changed.isNull() else changed

    def _wipe(self, layer: _Layer, indexes: range) -> None:
        if not indexes:
            return
        assert self._sizes is not None
        painter = self._open(layer)
        origin = layer.card.tiles.topLeft()
        for index in indexes:
            area = layer.card.tile_rect(index, self._sizes)
            _clear(painter, area.translated(_MARGIN - origin.x(), _MARGIN - origin.y()))
        painter.end()

    def _open(self, layer: _Layer) -> QPainter:
        painter = QPainter(layer.picture)
        painter.setFont(self._font)
        return painter


def _is_alike(one: Card, other: Card) -> bool:
    return (
        one.keys == other.keys
        and one.arriving == other.arriving
        and one.tiles.size() == other.tiles.size()
        and (one.columns, one.step_x, one.step_y) == (other.columns, other.step_x, other.step_y)
    )


def _clear(painter: QPainter, area: QRect) -> None:
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
    painter.fillRect(area.adjusted(-1, -1, 1, 1), Qt.GlobalColor.transparent)
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
