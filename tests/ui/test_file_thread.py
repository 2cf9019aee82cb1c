"""Files are written in the order asked, outside the GUI thread; results come back into it."""

import threading
from pathlib import Path

import shiboken6
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication

from console.ui.file_thread import FileThread


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
