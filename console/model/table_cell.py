"""Cells of a table that a spreadsheet will open: text from outside never runs there."""

# A spreadsheet runs a cell that begins with one of these; some look past white space, and some take
# the wide forms of East Asian text for the same signs (OWASP, "CSV Injection", read 2026-11).
_RUNS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")
_BLANK = "\t\r\n \u00a0"


def is_formula(text: str) -> bool:
    """Whether a spreadsheet may take it for something to run."""
    return text.lstrip(_BLANK).startswith(_RUNS) or text.startswith(("\t", "\r"))


def spreadsheet_cell(text: str) -> str:
    """The same text, led by an apostrophe where it would run."""
    return f"'{text}" if is_formula(text) else text
