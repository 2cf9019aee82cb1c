"""Two connections, Munich and Oslo, in one window."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from console import profiles
from console.ui import theme
from console.ui.shell.open_connections import OpenConnections
from tests.ui.conftest import settle
from tests.ui.sample import snapshot
from tests.ui.shell.connections import MUNICH, OSLO, Home


@pytest.fixture
def home(qapp: QApplication, tmp_path: Path) -> Iterator[Home]:
    theme.apply("light")
    for profile in (MUNICH, OSLO):
        profiles.save(tmp_path, profile)
    made = Home(tmp_path)
    yield made
    made.end()


@pytest.fixture
def opened(home: Home) -> OpenConnections:
    """Munich and Oslo, with Oslo in sight."""
    opened = home.start("munich")
    opened.open_named("oslo", "")
    settle()
    assert [page.name for page in opened.shell.pages] == ["Munich", "Oslo"]
    for page in opened.shell.pages:
        page.store.replace(snapshot("small"))
    return opened
