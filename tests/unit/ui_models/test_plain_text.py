"""Text from outside: nothing hides, nothing reorders, nothing is markup."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.ui.plain_text import one_line, plain


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("a\nb", "a⏎b"),
        ("a\tb", "a␣b"),
        ("x\u202ecod.exe", "x‹202E›cod.exe"),
        ("zero\u200bwidth", "zero‹200B›width"),
        ("nul\u0000", "nul‹0000›"),
        ("Ünïcode", "Ünïcode"),
        ("<b>", "<b>"),
    ],
)
def test_one_line(text: str, shown: str) -> None:
    assert one_line(text) == shown


def test_long_text_is_cut() -> None:
    assert len(one_line("x" * 10_000)) <= 401
    assert len(plain("x" * 50_000)) <= 10_001


@given(st.text())
def test_nothing_unseen_stays(text: str) -> None:
    assert "\n" not in one_line(text)
    assert not set(plain(text)) & set(
        "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b"
    )
