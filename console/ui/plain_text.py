"""Text from outside made safe to show: no markup, no control characters, no reversed lines.

Names and messages come from servers and users. Shown as plain text only; what could hide or
reorder letters is made visible.
"""

import functools
import html
import unicodedata

_LONGEST = 10_000
_LONGEST_LINE = 400
# Letters that reorder or hide text without being seen themselves.
_HIDDEN = {"Cf", "Cc", "Cs", "Co", "Cn", "Zl", "Zp"}


def plain(text: str) -> str:
    """Many lines kept; anything that hides or reorders is shown as its code point."""
    if text.isascii() and text.replace("\n", "").isprintable():
        return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"
    return _visible(text[: _LONGEST + 1], keep_lines=True)


@functools.lru_cache(maxsize=8192)
def one_line(text: str) -> str:
    """For a tile, a cell or a title: one line, at most 400 letters."""
    if text.isascii() and text.isprintable() and len(text) <= _LONGEST_LINE:
        return text
    return _visible(text[: _LONGEST_LINE + 1], keep_lines=False)


def tip(text: str) -> str:
    """For a tool tip: Qt reads one as markup if it looks like it, and a name may look like it."""
    shown = plain(text)
    if "<" not in shown and "&" not in shown:
        return shown
    return f"<qt>{html.escape(shown)}</qt>".replace("\n", "<br>")


def _visible(text: str, *, keep_lines: bool) -> str:
    shown = []
    for letter in text:
        if letter == "\n" and keep_lines:
            shown.append(letter)
        elif letter in "\n\r\t":
            shown.append("\u2423" if letter == "\t" else "\u23ce")
        elif unicodedata.category(letter) in _HIDDEN:
            shown.append(f"\u2039{ord(letter):04X}\u203a")
        else:
            shown.append(letter)
    return "".join(shown)
