"""The real application over a lab's sockets: window here, worker and lab in their processes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from console.ui.main_window import MainWindow
from tests.end_to_end.lab_process import Lab, running_lab
from tests.end_to_end.opened_window import opened_window


@pytest.fixture
def lab() -> Iterator[Lab]:
    with running_lab() as running:
        yield running


@pytest.fixture
def window(lab: Lab, qapp: QApplication, tmp_path: Path) -> Iterator[MainWindow]:
    """Composed as ``tlconsole`` composes it, connected, with the first reading on the screen."""
    with opened_window(lab.endpoints, tmp_path / "state", qapp) as main:
        yield main
