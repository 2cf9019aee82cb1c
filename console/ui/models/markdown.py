"""Text from outside inside Markdown: it cannot begin a heading, a link, a table or a new line."""

_SIGNS = frozenset("\\`*_{}[]<>#|!")


def cell(text: str) -> str:
    """One line in which every sign of Markdown is escaped."""
    flat = " ".join(text.split())
    return "".join(f"\\{letter}" if letter in _SIGNS else letter for letter in flat)
