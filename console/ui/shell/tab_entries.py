"""What a person does with tabs, for menus and the palette.

``Ctrl+1`` to ``Ctrl+4`` are the views', so tabs have ``Alt+1`` to ``Alt+9``; these and ``Ctrl+Tab``
are the shell's, and free while one connection is open.
"""

import functools
from collections.abc import Callable

from console.ui.main_menus import SETTINGS, WindowEntry

ANOTHER, RECONNECT, CLOSE, NEXT, PREVIOUS = "another", "reconnect", "close", "next", "previous"
CLOSE_OTHERS = "close_others"  # on the strip only
NOTIFICATIONS = "notifications"  # of all connections, so not the page's own


def tab_entries(do: Callable[[str], object]) -> tuple[WindowEntry, ...]:
    """For the menu File; ``do`` is given one of the acts above."""
    return tuple(
        WindowEntry("&File", text, functools.partial(do, act), keys, words=words)
        for act, text, keys, words in (
            (ANOTHER, "Open a&nother connection…", "Ctrl+Shift+N", ""),
            (RECONNECT, "&Reconnect", "", ""),
            (CLOSE, "C&lose this connection", "Ctrl+W", ""),
            (NEXT, "N&ext connection (Ctrl+Tab)", "", ""),
            (PREVIOUS, "&Previous connection (Ctrl+Shift+Tab)", "", ""),
            (NOTIFICATIONS, "No&tifications…", "", SETTINGS),
        )
    )
