"""What is asked before tabs or the window close while operations are under way."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from console.ui.plain_text import one_line

if TYPE_CHECKING:
    from console.ui.shell.page import Page

_MOST_NAMED = 5
TITLE = "Operations are under way"


def question(pages: "Sequence[Page]") -> str:
    """Names what is under way in these tabs; empty where nothing is."""
    parts = []
    for page in pages:
        titles = [one_line(record.title) for record in page.under_way]
        if titles:
            more = f"; and {len(titles) - _MOST_NAMED} more" if len(titles) > _MOST_NAMED else ""
            parts.append(f"{page.name}: {'; '.join(titles[:_MOST_NAMED])}{more}.")
    if not parts:
        return ""
    return "\n".join(
        (
            *parts,
            "",
            "What was sent goes on at the cluster and in Azure. Opening the connection again shows "
            "how it ended, and begins what still waits here.",
        )
    )
