"""The real application over a lab's sockets: window here, worker and lab in their processes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication

from console import app
from console.ui.main_window import MainWindow
from tests.end_to_end.lab_process import Lab, running_lab


@pytest.fixture
def lab() -> Iterator[Lab]:
    with running_lab() as running:
        yield running


@pytest.fixture
def window(lab: Lab, qapp: QApplication, tmp_path: Path) -> Iterator[MainWindow]:
    """Composed as ``tlconsole`` composes it, connected, with the first reading on the screen."""
    main, session, _folder = app.compose(str(tmp_path / "state"), lab_name="small")
    session.open(*app.profile_of_lab(lab.endpoints))
    main.show()
    yield main
    session.end()
    main.close()
    main.deleteLater()
    for _ in range(5):
        qapp.processEvents()
        qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete)
