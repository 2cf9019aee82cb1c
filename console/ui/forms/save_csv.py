"""Asks where a table shall go, and writes it beside the GUI thread, whole or not at all."""

import functools
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from console.ui import state_file
from console.ui.file_thread import file_thread
from console.ui.plain_text import one_line

Told = Callable[[str, bool], object]


def ask_where(parent: QWidget, title: str, then: Callable[[str], object]) -> QFileDialog:
    """``then`` is called with the path once a person chose one."""
    dialog = QFileDialog(parent, title, filter="CSV (*.csv)")
    dialog.setObjectName("save_csv")
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix("csv")
    dialog.fileSelected.connect(then)
    dialog.open()
    return dialog


def save_csv(path: str, rows: int, text: Callable[[], str], told: Told, owner: QWidget) -> None:
    """``text``, of so many ``rows``, is made in the other thread, of what does not change.
    ``told``: what came of it in words, and whether it was written.
    """
    file_thread().run(
        functools.partial(_write, Path(path), text),
        functools.partial(_tell, path, rows, told),
        owner,
    )


def _write(path: Path, text: Callable[[], str]) -> None:
    # A byte-order mark makes spreadsheets read it as UTF-8.
    state_file.write(path, text().encode("utf-8-sig"))


def _tell(path: str, rows: int, told: Told, result: object) -> None:
    name = one_line(path)
    if isinstance(result, OSError):
        why = result.strerror or str(result)
        told(f"{name} was not written: {why}. Choose another place, or look at the disk.", False)
    else:
        count = "1 row was" if rows == 1 else f"{rows:,} rows were"
        told(f"{count} written to {name}.", True)
