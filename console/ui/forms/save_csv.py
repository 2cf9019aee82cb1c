"""Asks where a table shall go, and writes it beside the GUI thread, whole or not at all."""

import contextlib
import functools
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QWidget

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


def save_csv(path: str, text: Callable[[], str], told: Told, owner: QWidget) -> None:
    """``text`` is made in the other thread, of what does not change. ``told``: what came of it in
    words, and whether it was written.
    """
    work = functools.partial(_write, Path(path), text)
    file_thread().run(work, functools.partial(_tell, path, told), owner)


def _write(path: Path, text: Callable[[], str]) -> int:
    """All or nothing: a full disk leaves what was there. Lines written. Raises OSError."""
    whole = text()
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".csv-")
    try:
        # A byte-order mark makes spreadsheets read it as UTF-8.
        with os.fdopen(handle, "w", encoding="utf-8-sig", newline="") as file:
            file.write(whole)
        os.replace(name, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
    return whole.count("\r\n")


def _tell(path: str, told: Told, result: object) -> None:
    name = one_line(path)
    if isinstance(result, OSError):
        why = result.strerror or str(result)
        told(f"{name} was not written: {why}. Choose another place, or look at the disk.", False)
    elif isinstance(result, int):
        told(f"{max(result - 1, 0):,} rows were written to {name}.", True)
