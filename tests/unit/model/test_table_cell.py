"""No cell of ours runs in a spreadsheet, however it begins; all others stay as they are."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console.model.table_cell import is_formula, spreadsheet_cell
from console.ui.models.csv_text import csv_text


@pytest.mark.parametrize("blank", ["", " ", "\t", "\r", "\n", "\u00a0", " \t "])
@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_what_would_run_is_led_by_an_apostrophe(blank: str, sign: str) -> None:
    text = f"{blank}{sign}cmd|'/C calc'!A0"
    assert is_formula(text)
    assert spreadsheet_cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", " ", "sql-01", "10.0.0.1", "a=b", "'", "12 %", "\u00e9"])
def test_what_would_not_stays_as_it_is(text: str) -> None:
    assert spreadsheet_cell(text) == text


@given(st.lists(st.text(max_size=20), min_size=1, max_size=6))
def test_every_cell_comes_back_as_one_cell(cells: list[str]) -> None:
    rows = list(csv.reader(io.StringIO(csv_text(["t"] * len(cells), [cells]), newline="")))
    assert len(rows) == 2
    for cell, back in zip(cells, rows[1], strict=True):
        assert back in (cell, f"'{cell}")
        assert not is_formula(back)
