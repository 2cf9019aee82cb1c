"""A window opens within its screen, also where everything is drawn at 150 %."""

from pathlib import Path

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from console.settings import Settings
from console.ui.main_window import MainWindow
from console.ui.store import Store
from console.ui.window_size import open_at
from tests.ui.conftest import RecordingBridge, settle


def fits(window: QWidget) -> bool:
    room = window.screen().availableSize()
    return window.width() <= room.width() and window.height() < room.height()


def test_what_has_room_is_as_large_as_it_likes(qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    open_at(window, 300, 200)
    assert (window.width(), window.height()) == (300, 200)


@pytest.mark.parametrize("wanted", [(9000, 200), (300, 9000), (9000, 9000)])
def test_none_is_larger_than_its_screen(wanted: tuple[int, int], qtbot: QtBot) -> None:
    window = QWidget()
    qtbot.addWidget(window)
    open_at(window, *wanted)
    assert fits(window)


@pytest.mark.parametrize("is_helpdesk", [False, True])
def test_the_main_window_does_not_hang_over_a_small_screen(
    store: Store, bridge: RecordingBridge, tmp_path: Path, is_helpdesk: bool
) -> None:
    window = MainWindow(store, bridge, Settings(), tmp_path, is_helpdesk=is_helpdesk)  # type: ignore[arg-type]
    try:
        room = window.screen().availableSize()
        assert room.width() < 1360, "the test's screen has to be smaller than what it likes"
        window.show()
        settle(20)
        assert window.width() <= 960, "as wide as 1920 x 1080 at 200 %, or it hangs over there"
        assert window.height() < room.height()
    finally:
        window.close()
        window.deleteLater()
        settle()
