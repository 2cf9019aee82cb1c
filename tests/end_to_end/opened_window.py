"""A window on a lab, composed as ``tlconsole`` composes it, and taken down without a trace."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication

from console import app
from console.ui.main_window import MainWindow


@contextlib.contextmanager
def opened_window(
    endpoints: Mapping[str, Any], folder: Path, application: QApplication
) -> Iterator[MainWindow]:
    """Connected, with ``folder`` as its state folder; the first reading is on its way."""
    main, session, _folder = app.compose(str(folder), lab_name="small")
    session.open(*app.profile_of_lab(endpoints))
    main.show()
    yield main
    session.end()
    main.close()
    main.deleteLater()
    for _ in range(5):
        application.processEvents()
        application.sendPostedEvents(None, QEvent.Type.DeferredDelete)
