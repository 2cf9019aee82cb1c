"""The wall as pixels: one picture with a pixel a tile, and a second one for what is selected."""

from array import array
from collections.abc import Iterable, Sequence

from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter

from console.ui.views.fleet.wall_layout import WallLayout

Place = tuple[int, int]  # part, place in the part


class WallPicture:
    """Colours by part and the picture made of them. A part's pixels are stored when it is seen."""

    def __init__(self) -> None:
        self.layout = WallLayout((), 4, 1, 0)
        self.colours: list[array[int]] = []  # by part, in the order of its tiles
        self._stored = bytearray()
        self._image = QImage(4, 1, QImage.Format.Format_RGB32)
        self._pixels = memoryview(self._image.bits()).cast("I")
        self._chosen: QImage | None = None

    def lay_out(self, layout: WallLayout, ground: int) -> None:
        """Another layout of the same colours, or the same layout of others."""
        self.layout = layout
        self._image = QImage(layout.columns, layout.rows, QImage.Format.Format_RGB32)
        self._image.fill(ground)
        self._pixels = memoryview(self._image.bits()).cast("I")
        self._stored = bytearray(len(layout.blocks))

    def choose(self, places: Iterable[Place], colour: QColor) -> None:
        """These are selected: ``colour`` (with its alpha) is drawn over them."""
        self._chosen = None
        pixels, value, stride = None, colour.rgba(), self.layout.columns
        for at, place in places:
            if pixels is None:
                chosen = QImage(stride, self.layout.rows, QImage.Format.Format_ARGB32)
                chosen.fill(0)
                pixels = memoryview(chosen.bits()).cast("I")
                self._chosen = chosen
            x, y = self.tile_of(at, place)
            pixels[y * stride + x] = value

    def recolour(self, places: Iterable[Place], looks: Sequence[int]) -> None:
        """Single tiles look otherwise now."""
        blocks, pixels, stride = self.layout.blocks, self._pixels, self.layout.columns
        for (at, place), look in zip(places, looks, strict=True):
            if 0 <= at < len(blocks):
                block = blocks[at]
                self.colours[at][place] = look
                x, y = block.x + place % block.columns, block.y + place // block.columns
                pixels[y * stride + x] = look

    def tile_of(self, at: int, place: int) -> tuple[int, int]:
        """Column and row of a tile, in tiles."""
        block = self.layout.blocks[at]
        return block.x + place % block.columns, block.y + place // block.columns

    def draw(self, painter: QPainter, target: QRectF, source: QRectF, parts: Iterable[int]) -> None:
        """``source`` in tiles; ``parts`` are those in it."""
        for at in parts:
            if not self._stored[at]:
                self._store(at)
        painter.drawImage(target, self._image, source)
        if self._chosen is not None:
            painter.drawImage(target, self._chosen, source)

    def _store(self, at: int) -> None:
        """A row of a block is one copy."""
        self._stored[at] = 1
        block, pixels, stride = self.layout.blocks[at], self._pixels, self.layout.columns
        looks = self.colours[at]
        for row in range(block.rows):
            some = looks[row * block.columns : (row + 1) * block.columns]
            start = (block.y + row) * stride + block.x
            pixels[start : start + len(some)] = some
