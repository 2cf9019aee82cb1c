"""Rows as CSV that a spreadsheet opens as it stands and runs nothing of. No Qt, no I/O."""

import csv
import io
from collections.abc import Iterable, Sequence

from console.model.table_cell import spreadsheet_cell


def csv_text(titles: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A header and its rows; each cell is text that is shown and not run."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(titles)
    for row in rows:
        writer.writerow([spreadsheet_cell(str(cell)) for cell in row])
    return text.getvalue()
