"""Tabs under a real X server: a real mouse on the strip, a real drag in the page behind it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from console import profiles
from console.model.request import LiveMigrate
from console.model.snapshot import SnapshotDelta
from console.ui import theme
from tests.ui.conftest import press, settle
from tests.ui.sample import snapshot
from tests.ui.shell.connections import MUNICH, OSLO, Home, strip_of, worker_of
from tests.ui.test_real_drag import drag, key_of

pytestmark = pytest.mark.xvfb


@pytest.fixture
def home(qapp: QApplication, tmp_path: Path) -> Iterator[Home]:
    if QGuiApplication.platformName() != "xcb":
        pytest.skip("needs QT_QPA_PLATFORM=xcb and an X server")
    theme.apply("light")
    for profile in (MUNICH, OSLO):
        profiles.save(tmp_path, profile)
    made = Home(tmp_path)
    yield made
    made.end()


def test_a_tab_is_clicked_and_a_tile_dragged_in_its_page(home: Home, qtbot: QtBot) -> None:
    opened = home.start("munich")
    opened.open_named("oslo", "")
    settle()
    munich, oslo = opened.shell.pages
    for page in (munich, oslo):
        page.store.replace(snapshot("small"))
        cluster = page.store.inventory.cluster
        told = replace(cluster, migration_encrypted=True, release="2606")
        page.store.apply(SnapshotDelta(cluster=told))
    bar, handle = strip_of(opened).bar, opened.shell.windowHandle()
    none = Qt.KeyboardModifier.NoModifier
    where = bar.mapTo(opened.shell, bar.tabRect(0).center())
    QTest.mouseClick(handle, Qt.MouseButton.LeftButton, none, where)
    settle()
    assert opened.shell.current is munich
    qtbot.waitUntil(lambda: bool(munich.window.map.cards))
    settle()
    map_, key = munich.window.map, key_of(munich.window, "app-05")
    source = munich.store.inventory.vms[key].owner_node or ""
    target = next(name for name in munich.store.inventory.nodes if name != source)
    drag(
        munich.window,
        qtbot,
        map_.tile_rect(key).center(),
        lambda: map_.card_rect(target).center(),
    )
    press(munich.window, "start_now")
    assert worker_of(munich).requests == [LiveMigrate(key, "app-05", source, target)]
    assert worker_of(oslo).requests == []
    assert not oslo.window.map.isVisible()
