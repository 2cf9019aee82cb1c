"""Joins notifications to the window: every tab is heard, a click goes to where it came from."""

import functools
from pathlib import Path

from console.ui.notifications.notifier import Desktop, Notifier
from console.ui.notifications.tray import Tray, TrayState
from console.ui.shell.open_connections import OpenConnections


def begin(folder: Path, opened: OpenConnections, desktop: Desktop | None = None) -> Notifier:
    """``folder`` is that of the state; ``desktop`` None: the one of this system."""
    notifier = Notifier(folder, desktop, opened.shell)
    for page in opened.shell.pages:
        notifier.follow(page)
    opened.page_made.connect(notifier.follow)
    if isinstance(notifier.desktop, Tray):
        TrayState(notifier.desktop, opened.shell)
    opened.choose_notifications = functools.partial(_choose, notifier, opened)
    opened.ending.connect(notifier.end)
    notifier.wanted.connect(functools.partial(_go, opened))
    return notifier


def _choose(notifier: Notifier, opened: OpenConnections) -> None:
    from console.ui.notifications.choices_dialog import ChoicesDialog

    ChoicesDialog(notifier, opened.shell).show()


def _go(opened: OpenConnections, connection: str, about: str) -> None:
    """To the tab and what it was about; several at once: the alarms of the tab in sight."""
    pages = (page for page in opened.shell.pages if page.connector.open_id == connection)
    page = next(pages, None) if connection else None
    if page is None:
        page, about = opened.shell.current, ""
    opened.shell.show_page(page)
    opened.shell.come_to_front()
    kind, _, name = about.partition("|")
    if kind == "operation":
        drawer = page.window.drawer
        dock = drawer.parentWidget()
        if dock is not None:
            dock.show()
        drawer.select(name)
    elif kind == "cluster":
        page.window.show_fleet()
    else:
        page.window.health.open_alarm(name)
