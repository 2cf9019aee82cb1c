"""Where groups and tiles of the wall lie, in whole tiles. No Qt.

Every block begins on a tile's corner, so that one picture with a pixel per tile is the whole wall.
"""

import math
from collections.abc import Sequence

import msgspec

_WIDE = 1.7  # a block is so much wider than tall


class Block(msgspec.Struct, frozen=True):
    """A group's tiles: ``columns`` by ``rows``, the first at ``x``, ``y``; the caption above it."""

    x: int
    y: int
    columns: int
    rows: int


class WallLayout(msgspec.Struct, frozen=True):
    blocks: tuple[Block, ...]
    columns: int
    rows: int
    caption_rows: int


def lay_out(sizes: Sequence[int], columns: int, caption_rows: int, aspect: float) -> WallLayout:
    """Blocks of ``sizes`` tiles side by side in ``columns``, in order, in aligned columns.

    ``aspect``: a tile's width by its height.
    """
    columns = max(columns, 4)
    if not sizes:
        return WallLayout((), columns, 1, caption_rows)
    gap = 1
    middle = sorted(sizes)[len(sizes) // 2]
    unit = min(columns, max(3, math.ceil(math.sqrt(middle * _WIDE / aspect))))
    # What is left over at the right is shared by the blocks.
    across = max(1, (columns + gap) // (unit + gap))
    unit = max(unit, (columns + gap) // across - gap)
    blocks: list[Block] = []
    # Each block goes where the wall is lowest, so that uneven ones leave no holes; blocks of one
    # size stand in rows.
    heights = [0] * across
    for size in sizes:
        spans = min(across, max(1, round(math.sqrt(size / max(middle, 1)))))
        width = spans * (unit + gap) - gap
        rows = max(1, math.ceil(size / width))
        if spans == 1:
            tops = heights
        else:
            tops = [max(heights[at : at + spans]) for at in range(across - spans + 1)]
        top = min(tops)
        place = tops.index(top)
        blocks.append(Block(place * (unit + gap), top + caption_rows, width, rows))
        for at in range(place, place + spans):
            heights[at] = top + caption_rows + rows + gap
    return WallLayout(tuple(blocks), columns, max(heights), caption_rows)


def fitting(
    sizes: Sequence[int], width: float, height: float, zooms: Sequence[tuple[int, int, int]]
) -> int:
    """The largest of ``zooms`` (tile width, tile height, caption height) that shows everything."""

    def fits(at: int) -> bool:
        tile_width, tile_height, caption = zooms[at]
        rows = math.ceil(caption / tile_height)
        layout = lay_out(sizes, int(width // tile_width), rows, tile_width / tile_height)
        return layout.rows * tile_height <= height

    low, high = 0, len(zooms) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if fits(middle):
            low = middle
        else:
            high = middle - 1
    return low
