"""Files are written in the order asked, outside the GUI thread; results come back into it."""

import threading
from pathlib import Path

import shiboken6
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from console.ui.file_thread import FileThread, file_thread, lookup_threads


def test_in_order_elsewhere_and_answered_here(qapp: QApplication, tmp_path: Path) -> None:
    files, threads, told = FileThread(), [], []
    path = tmp_path / "f"

    def write(text: str) -> str:
        threads.append(threading.get_ident())
        path.write_text(text)
        return text

    for text in ("a", "b", "c"):
        files.run(lambda text=text: write(text), told.append)
    files.finish()
    assert path.read_text() == "c"
    assert told == [], "the GUI thread has not looked yet"
    qapp.processEvents()
    assert told == ["a", "b", "c"]
    assert threading.get_ident() not in threads


def test_an_error_is_an_answer_and_a_gone_owner_gets_none(
    qapp: QApplication, tmp_path: Path
) -> None:
    files, told, owner = FileThread(), [], QObject()
    files.run((tmp_path / "none").read_bytes, told.append)
    files.run(lambda: 1, told.append, owner)
    files.finish()
    shiboken6.delete(owner)
    qapp.processEvents()
    assert [type(one) for one in told] == [FileNotFoundError]


def test_a_look_up_that_waits_holds_up_no_file_and_no_other_look_up(qtbot: QtBot) -> None:
    goes_on = threading.Event()
    heard: list[str] = []
    lookup_threads().run(lambda: goes_on.wait(10) and "slow", heard.append)
    lookup_threads().run(lambda: "quick", heard.append)
    file_thread().run(lambda: "file", heard.append)
    qtbot.waitUntil(lambda: sorted(heard) == ["file", "quick"])
    goes_on.set()
    qtbot.waitUntil(lambda: "slow" in heard)
