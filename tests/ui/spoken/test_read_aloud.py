"""What a screen reader is told under a real X server: each tile's name, role and state."""

from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from console.health import HealthLevel
from console.model.virtual_machine import PowerState
from tests.ui.sample import snapshot
from tests.ui.spoken.reader import MISSING, read_aloud

LEVELS, POWERS = set(map(str, HealthLevel)), set(map(str, PowerState))
pytestmark = [
    pytest.mark.xvfb,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}"),
]


@pytest.fixture(autouse=True)
def _needs_x(qapp: QApplication) -> None:
    if QGuiApplication.platformName() != "xcb":
        pytest.skip("needs QT_QPA_PLATFORM=xcb and an X server")


def test_every_tile_of_the_map_has_a_name_a_role_and_a_state(tmp_path: Path) -> None:
    known = snapshot("degraded")
    with read_aloud("map", tmp_path) as (reader, application):
        tiles = list(reader.find(application, "list item"))
        names = [reader.name(tile) for tile in tiles]
        for vm in known.vms:
            told = [name for name in names if name.startswith(vm.name)]
            assert told, vm.name
        red = next(at for at, name in enumerate(names) if "Critical" in name)
        assert "showing" in reader.states(tiles[red])
        assert "selectable" in reader.states(tiles[red])


def test_tiles_of_the_wall_have_them_too_group_by_group(tmp_path: Path) -> None:
    with read_aloud("wall", tmp_path) as (reader, application):
        lists = reader.find(application, "list")
        wall = next(each for each in lists if reader.name(each) == "Wall of health")
        groups = reader.children(wall)
        assert sum(reader.count(group) for group in groups) == 1_000
        for group in groups:
            count = reader.count(group)
            assert reader.role(group) == "list"
            assert f"{count} VMs" in reader.name(group)
            for at in {0, count // 2, count - 1}:
                tile = reader.child(group, at)
                name, level, power, *_where = reader.name(tile).split(", ")
                assert name
                assert level in LEVELS
                assert power in POWERS
                assert reader.role(tile) == "list item"
                assert {"enabled", "selectable", "focusable"} <= reader.states(tile)
