"""A table goes to a file beside the window, whole or not at all, and what came of it is said."""

import csv
import os
import stat
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QLabel
from pytestqt.qtbot import QtBot

from console.ui.forms.save_csv import save_csv
from console.ui.main_window import MainWindow
from console.ui.models.csv_text import csv_text
from console.ui.store import Store
from tests.ui.conftest import settle
from tests.ui.sample import snapshot


def test_the_visible_rows_are_written_and_said(
    window: MainWindow, store: Store, qtbot: QtBot, tmp_path: Path
) -> None:
    store.replace(snapshot("small"))
    window._tabs.setCurrentIndex(1)
    path = tmp_path / "vms.csv"
    with qtbot.waitSignal(window.table.exported, timeout=5000):
        window.table.export(str(path))
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert len(rows) == len(store.inventory.vms) + 1
    said = [each.text() for each in window.notice.findChildren(QLabel)]
    assert f"{len(rows) - 1} rows were written to {path}." in said


def test_a_place_that_cannot_be_written_is_said_and_leaves_nothing(
    window: MainWindow, store: Store, qtbot: QtBot, tmp_path: Path
) -> None:
    told: list[tuple[str, bool]] = []
    for path in (tmp_path / "none" / "x.csv", tmp_path):
        save_csv(str(path), 1, lambda: "a\r\n", lambda *what: told.append(what), window)
    qtbot.waitUntil(lambda: len(told) == 2)
    assert [is_written for _, is_written in told] == [False, False]
    assert all("was not written: " in text for text, _ in told)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="a folder without rights is made the POSIX way")
@pytest.mark.skipif(os.geteuid() == 0 if os.name == "posix" else False, reason="root may write")
def test_a_folder_without_rights_keeps_what_was_there(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    path = tmp_path / "old.csv"
    path.write_text("old", encoding="utf-8")
    tmp_path.chmod(stat.S_IRUSR | stat.S_IXUSR)
    told: list[tuple[str, bool]] = []
    save_csv(str(path), 1, lambda: "new\r\n", lambda *what: told.append(what), window)
    qtbot.waitUntil(lambda: bool(told))
    tmp_path.chmod(stat.S_IRWXU)
    assert not told[0][1]
    assert path.read_text(encoding="utf-8") == "old"


def test_a_full_disk_keeps_what_was_there(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "old.csv"
    path.write_text("old", encoding="utf-8")

    def full(*_what: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("console.ui.state_file.os.replace", full)
    told: list[tuple[str, bool]] = []
    save_csv(str(path), 1, lambda: "new\r\n", lambda *what: told.append(what), window)
    qtbot.waitUntil(lambda: bool(told))
    assert "No space left on device" in told[0][0]
    assert path.read_text(encoding="utf-8") == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["old.csv"]


def test_rows_are_counted_and_not_their_lines(
    window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    told: list[tuple[str, bool]] = []
    path = tmp_path / "x.csv"
    text = csv_text(["Note"], [["one\r\nbelow the other"]])
    save_csv(str(path), 1, lambda: text, lambda *what: told.append(what), window)
    qtbot.waitUntil(lambda: bool(told))
    assert told == [(f"1 row was written to {path}.", True)]


def test_the_dialog_is_no_modal_loop(window: MainWindow, store: Store) -> None:
    store.replace(snapshot("small"))
    window.table._export()
    settle()
    dialog = window.table.findChild(QFileDialog, "save_csv")
    assert dialog is not None
    dialog.close()
    settle()
