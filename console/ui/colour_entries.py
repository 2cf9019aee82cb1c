"""The colours a person can choose, for the menu View and the palette."""

import functools
from collections.abc import Callable

from console.ui.main_menus import SETTINGS, WindowEntry

_COLOURS = (
    ("system", "Colours as the &desktop"),
    ("light", "&Light colours"),
    ("dark", "&Dark colours"),
    ("contrast", "&High contrast"),
)


def colour_entries(choose: Callable[[str], object]) -> tuple[WindowEntry, ...]:
    """``choose`` is given the theme's name."""
    return tuple(
        WindowEntry(
            "&View",
            text,
            functools.partial(choose, name),
            starts_group=name == "system",
            words=f"{SETTINGS} theme appearance",
        )
        for name, text in _COLOURS
    )
