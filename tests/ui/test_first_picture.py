"""The picture of last time: kept whole, shown with its age, never in the way."""

from pathlib import Path

from PySide6.QtWidgets import QApplication

from console.ui import first_picture
from console.ui.main_window import MainWindow
from tests.ui.conftest import settle


def test_what_was_seen_is_shown_again(
    window: MainWindow, qapp: QApplication, tmp_path: Path
) -> None:
    first_picture.save(tmp_path, window)
    picture = first_picture.load(tmp_path, "title")
    assert picture is not None
    picture.show_now(qapp)
    assert picture.was_painted
    assert picture.size() == window.size()
    assert picture._caption.startswith("As of ")
    assert "nothing is read yet" in picture._caption
    picture.close()
    picture.deleteLater()
    settle()


def test_without_a_usable_picture_there_is_none(qapp: QApplication, tmp_path: Path) -> None:
    assert first_picture.load(tmp_path, "title") is None
    (tmp_path / "last-view.png").write_bytes(b"not a picture")
    assert first_picture.load(tmp_path, "title") is None


def test_a_folder_that_cannot_be_written_costs_nothing_else(window: MainWindow) -> None:
    first_picture.save(Path("/nowhere/at/all"), window)
