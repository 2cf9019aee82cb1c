"""Blocks of the wall: every tile has a place of its own, and the whole fits where it says so."""

import pytest

from console.ui.views.fleet.wall_layout import fitting, lay_out


@pytest.mark.parametrize("columns", [4, 30, 200, 800])
@pytest.mark.parametrize(
    "sizes", [[1], [3, 1, 4], [200] * 50, [100, 300] * 40, [90_000, 6_000, 30], [0, 5]]
)
def test_no_two_tiles_share_a_place(columns: int, sizes: list[int]) -> None:
    layout = lay_out(sizes, columns, 2, 1.0)
    taken: set[tuple[int, int]] = set()
    for size, block in zip(sizes, layout.blocks, strict=True):
        assert block.columns * block.rows >= size
        assert 0 <= block.x <= block.x + block.columns <= layout.columns
        assert 2 <= block.y <= block.y + block.rows <= layout.rows
        cells = {
            (block.x + x, y)
            for x in range(block.columns)
            for y in range(block.y - 2, block.y + block.rows)
        }
        assert taken.isdisjoint(cells)
        taken |= cells


def test_the_largest_size_that_fits_is_found() -> None:
    zooms = [(2, 2, 0), (4, 4, 16), (8, 8, 16), (16, 16, 16)]
    sizes = [200] * 500
    at = fitting(sizes, 1_000, 700, zooms)
    assert at == 0
    assert fitting([20] * 3, 1_000, 700, zooms) == 3
    assert fitting([], 1_000, 700, zooms) == 3


def test_100_000_tiles_waste_little_of_the_wall() -> None:
    sizes = [100 + (at * 7919) % 201 for at in range(500)]
    layout = lay_out(sizes, 500, 0, 1.0)
    assert sum(sizes) / (layout.columns * layout.rows) > 0.75
