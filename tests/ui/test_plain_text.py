"""Text from outside stays text: in labels, in tool tips, on tiles."""

import msgspec
import pytest
from PySide6.QtGui import Qt, QTextDocument

from console.model.snapshot import SnapshotDelta
from console.ui.main_window import MainWindow
from console.ui.plain_text import one_line, plain, tip

HOSTILE = ("<b>bold</b>", "a &lt;img src=x&gt;", '<a href="file:///etc/passwd">x</a>', "x & y < z")


def as_shown(text: str) -> str:
    """What a tool tip shows: Qt decides by itself whether it is markup."""
    if not Qt.mightBeRichText(text):
        return text
    document = QTextDocument()
    document.setHtml(text)
    return document.toPlainText()


@pytest.mark.parametrize("text", [*HOSTILE, "plain", "two\nlines", "<i>two</i>\nlines"])
def test_a_tip_shows_the_very_letters(text: str) -> None:
    assert as_shown(tip(text)) == text


@pytest.mark.parametrize("name", HOSTILE)
def test_a_vms_name_is_no_markup_in_the_maps_tip(window: MainWindow, name: str) -> None:
    key = window.map.cards[0].keys[0]
    vm = msgspec.structs.replace(window._store.inventory.vms[key], name=name)
    window._store.apply(SnapshotDelta(upserted=(vm,)))
    shown = as_shown(window.map._tip(window.map.tile_rect(key).center()))
    assert shown.startswith(f"{name}: ")


def test_what_hides_or_turns_letters_is_made_seen() -> None:
    assert plain("a\u202eb\u0000c\nd") == "a‹202E›b‹0000›c\nd"
    assert one_line("a\nb\tc") == "a⏎b␣c"
    assert len(plain("x" * 20_000)) == 10_001
    assert len(one_line("x" * 20_000)) <= 402
