"""Tiles: drawn once, drawn again only where they look different, and the same either way."""

import time
from typing import Any

import msgspec
import pytest
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest

from console.model.operation import OperationRecord, OperationState, Progress
from console.model.request import LiveMigrate
from console.model.snapshot import SnapshotDelta
from console.model.virtual_machine import Heartbeat
from console.ui import theme
from console.ui.main_window import MainWindow
from console.ui.views.map_painting import TilePainter
from console.ui.views.map_placement import Move
from tests.ui.conftest import settle
from tests.ui.sample import snapshot

replace = msgspec.structs.replace


@pytest.fixture
def drawn(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Captions of tiles drawn since the first picture was whole."""
    _ = window.inspector, window.drawer, window.table  # what comes later takes room from the map
    for _ in range(100):  # a busy machine draws it in more slices
        settle(10)
        if not window.map._tiles.is_behind:
            break
    captions: list[str] = []
    draw = TilePainter.draw

    def counting(self: TilePainter, painter: Any, area: Any, face: Any, *rest: Any) -> None:
        captions.append(face.caption)
        draw(self, painter, area, face, *rest)

    monkeypatch.setattr(TilePainter, "draw", counting)
    return captions


def picture(window: MainWindow) -> QImage:
    settle(10)
    return window.map.grab().toImage()


def sick(window: MainWindow, key: str) -> SnapshotDelta:
    vm = window._store.inventory.vms[key]
    assert vm.cluster is not None
    facts = replace(vm.cluster, heartbeat=Heartbeat.LOST)
    return SnapshotDelta(upserted=(replace(vm, cluster=facts),))


def test_a_change_draws_its_tile_and_no_other(window: MainWindow, drawn: list[str]) -> None:
    key = window.map.cards[0].keys[3]
    window._store.apply(sick(window, key))
    settle(10)
    assert drawn == [window._store.inventory.vms[key].name]


def test_a_change_that_cannot_be_seen_draws_nothing(window: MainWindow, drawn: list[str]) -> None:
    vm = window._store.inventory.vms[window.map.cards[0].keys[3]]
    assert vm.cluster is not None
    facts = replace(vm.cluster, processors=64)
    window._store.apply(SnapshotDelta(upserted=(replace(vm, cluster=facts),)))
    settle(10)
    assert drawn == []


def test_kept_pictures_look_like_new_ones(window: MainWindow) -> None:
    """Select, fall ill, leave: piece by piece it looks as if it had been drawn at once."""
    map_, store = window.map, window._store
    keys = map_.cards[0].keys
    map_.select(set(keys[:4]), cursor=keys[0])
    store.apply(sick(window, keys[5]))
    store.apply(SnapshotDelta(removed=(keys[1], keys[-1])))
    map_.select({keys[2]}, cursor=keys[2])
    piece_by_piece = picture(window)
    map_._tiles._layers.clear()
    map_._lay_out()
    assert picture(window) == piece_by_piece


def test_a_refresh_of_the_large_site_is_drawn_in_slices(window: MainWindow) -> None:
    window._store.replace(snapshot("large"))
    settle(60)
    assert not window.map._tiles.is_behind
    window.map._tiles._made_for = ()
    window.map._tiles.lay_out(
        window.map.cards, window.map._sizes, window.map.font(), window.map.devicePixelRatioF()
    )
    window.map._draw_slice(0.0)
    assert window.map._tiles.is_behind
    settle(200)
    assert not window.map._tiles.is_behind


def test_another_theme_draws_everything_anew(window: MainWindow) -> None:
    before = picture(window)
    window.set_theme("dark")
    after = picture(window)
    assert after != before
    ground = theme.DARK.color("tile").rgb()
    tile = window.map.tile_rect(window.map.cards[0].keys[0])
    ratio = after.devicePixelRatio()
    x, y = round((tile.center().x() + 12) * ratio), round((tile.top() + 4) * ratio)
    assert after.pixel(x, y) == ground


def test_a_moving_vm_tells_target_and_progress_apart(window: MainWindow) -> None:
    """The percentage must not be what a narrow tile cuts off."""
    key = window.map.cards[0].keys[0]
    window.map._placement.moves = {key: Move("LAB-N2", 0.4, "copies")}
    face = window.map._face(key)
    assert face is not None
    assert face.look.is_moving
    assert (face.second, face.figure) == ("→ LAB-N2", "40 %")
    window.map._placement.moves = {key: Move("LAB-N2", None, "switch")}
    face = window.map._face(key)
    assert face is not None
    assert face.figure == "switch"
    assert face.fraction is None


def test_a_place_stands_open_at_the_target_and_no_tile_moves(window: MainWindow) -> None:
    map_ = window.map
    _ = window.inspector, window.drawer, window.table  # they take their room from the map
    settle(10)
    key, target = map_.cards[0].keys[0], map_.cards[1].node
    vm = window._store.inventory.vms[key]
    before = {other: map_.tile_rect(other) for card in map_.cards for other in card.keys}
    request = LiveMigrate(key, vm.name, map_.cards[0].node, target)
    state, progress = OperationState.RUNNING, Progress("Memory", 0.3)
    moving = OperationRecord("1", request, "Move", state, time.time(), progress=progress)
    window._store.operation_changed(moving)
    settle()
    assert map_.cards[1].arriving == (key,)
    assert {other: map_.tile_rect(other) for card in map_.cards for other in card.keys} == before
    place = map_.cards[1].tile_rect(len(map_.cards[1].keys), map_._sizes)
    face = map_._arriving_face(key)
    assert face is not None
    assert (face.second, face.figure) == (f"from {map_.cards[0].node}", "30 %")
    assert map_.key_at(place.center()) == key
    assert "copying memory, 30 percent" in map_.spoken_vm(key)
    assert "1 arriving" in map_.spoken_node(target)
    window._store.operation_changed(replace(moving, state=OperationState.CANCELED))
    QTest.qWait(200)  # changes that follow each other closely are taken together
    assert map_.cards[1].arriving == ()
    assert map_.key_at(place.center()) == ""


@pytest.mark.parametrize("size", [8, 11, 16, 22])
def test_larger_text_makes_larger_tiles_that_stay_in_their_card(
    window: MainWindow, size: int
) -> None:
    font = window.map.font()
    font.setPointSize(size)
    window.map.setFont(font)
    settle(10)
    metrics = window.map.fontMetrics()
    for card in window.map.cards:
        for key in card.keys:
            tile = window.map.tile_rect(key)
            assert tile.height() >= metrics.height()
            assert window.map.card_rect(card.node).contains(tile)
