"""The whole window as ``tlconsole`` opens it, with tabs, and taken down without a trace."""

import argparse
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication

from console import app
from console.ui.shell.open_connections import OpenConnections
from console.ui.shell.shell_window import ShellWindow


@contextlib.contextmanager
def opened_shell(
    folder: Path, application: QApplication, *, scenario: str = "", profile: str = ""
) -> Iterator[OpenConnections]:
    """Shown, with ``folder`` as its state folder; what was asked for, or remembered, opens."""
    options = argparse.Namespace(
        lab=bool(scenario), profile=profile, state_folder=str(folder), scenario=scenario
    )
    window, session, state = app.compose(str(folder))
    shell = ShellWindow(session.settings, window)
    shell.show()
    opened = app.open_connections(options, state, shell, session)
    opened.begin(profile, scenario)
    try:
        yield opened
    finally:
        opened._is_sure = True
        opened.shell.close()
        opened.end()
        opened.shell.deleteLater()
        for _ in range(5):
            application.processEvents()
            application.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def tab_named(opened: OpenConnections, name: str) -> Any:
    """The page whose tab has this name."""
    return next(page for page in opened.shell.pages if page.name == name)
