"""Where everything lies on the cluster map: cards of nodes and tiles in them. Geometry only."""

import math
from collections.abc import Mapping

import msgspec
from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QFontMetrics


class Measures(msgspec.Struct, frozen=True):
    """Sizes in pixels, all from the font, so that text scaling scales everything."""

    line: int
    letter: int
    gap: int
    tile_width: int
    tile_height: int
    min_card_width: int
    has_captions: bool

    @property
    def header_height(self) -> int:
        return 4 * self.line + 3 * (self.gap // 2) + self.gap


def measures(metrics: QFontMetrics, largest_node: int) -> Measures:
    """Tiles with captions while they fit a person's eye, plain marks for hundreds on a node."""
    line = metrics.height()
    letter = metrics.averageCharWidth()
    gap = max(4, line // 2)
    if largest_node <= 40:
        return Measures(line, letter, gap, 17 * letter, 2 * line + 4, 40 * letter, True)
    side = max(10, round(line * 0.95))
    return Measures(line, letter, gap // 2 + 1, side, side, 40 * letter, False)


class Card(msgspec.Struct, frozen=True):
    """One node's box; ``keys`` are its VMs in the order of the tiles, ``arriving`` those on their
    way to it, whose places come after.
    """

    node: str
    area: QRect
    tiles: QRect
    columns: int
    keys: tuple[str, ...]
    step_x: int
    step_y: int
    arriving: tuple[str, ...] = ()

    def tile_rect(self, index: int, sizes: Measures) -> QRect:
        row, column = divmod(index, self.columns)
        return QRect(
            self.tiles.left() + column * self.step_x,
            self.tiles.top() + row * self.step_y,
            self.step_x - sizes.gap // 2,
            sizes.tile_height,
        )

    def index_at(self, point: QPoint, sizes: Measures) -> int | None:
        """Which tile lies there, those that arrive counted on; arithmetic, quick at any number."""
        if not self.tiles.contains(point):
            return None
        column = (point.x() - self.tiles.left()) // self.step_x
        row = (point.y() - self.tiles.top()) // self.step_y
        index = row * self.columns + column
        if column >= self.columns or not 0 <= index < len(self.keys) + len(self.arriving):
            return None
        return index if self.tile_rect(index, sizes).contains(point) else None


def lay_out(
    keys_by_node: Mapping[str, tuple[str, ...]],
    width: int,
    sizes: Measures,
    arriving: Mapping[str, tuple[str, ...]],
) -> list[Card]:
    """Cards in rows of equal width; a row is as high as its fullest card."""
    count = len(keys_by_node)
    if not count:
        return []
    margin = 2 * sizes.gap
    per_row = max(1, min(count, (width - margin) // (sizes.min_card_width + margin)))
    # Even rows look calmer than one full and one nearly empty.
    per_row = math.ceil(count / math.ceil(count / per_row))
    card_width = (width - margin) // per_row - margin
    inner = card_width - 2 * margin
    columns = max(1, inner // (sizes.tile_width + sizes.gap // 2))
    step_x = inner // columns
    step_y = sizes.tile_height + sizes.gap // 2
    cards: list[Card] = []
    top = margin
    names = list(keys_by_node)
    for start in range(0, count, per_row):
        row = names[start : start + per_row]
        # Room for one that arrives is always there, so that most moves shift nothing.
        most = max(len(keys_by_node[name]) + max(1, len(arriving.get(name, ()))) for name in row)
        tiles_height = max(2, math.ceil(most / columns)) * step_y
        height = sizes.header_height + tiles_height + 2 * margin
        for at, name in enumerate(row):
            area = QRect(margin + at * (card_width + margin), top, card_width, height)
            tiles = QRect(
                area.left() + margin,
                area.top() + sizes.header_height + margin,
                inner,
                tiles_height,
            )
            coming = arriving.get(name, ())
            keys = keys_by_node[name]
            cards.append(Card(name, area, tiles, columns, keys, step_x, step_y, coming))
        top += height + margin
    return cards
