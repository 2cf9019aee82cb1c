"""A CSV file of VMs as rows, with every fault of it in words. Pure: bytes in, rows out."""

import codecs
import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from console.model.table_cell import is_formula

MOST = 200
# A row has at most some hundred letters: more than this is not a list of VMs.
MOST_BYTES = 1_000_000
# Column of the file to what it means; ``tag:<name>`` columns come beside these.
COLUMNS = {
    "name": "the VM's name",
    "address": "its IP address; empty: the next free one",
    "processors": "vCPU; empty: as in the wizard",
    "memory_gib": "GiB; empty: as in the wizard",
    "storage_path": "the storage path's name; empty: as in the wizard",
    "computer_name": "the guest's own name; empty: from the VM's name",
}
TAG = "tag:"
_SEPARATORS = ",;\t"


@dataclass(frozen=True)
class Row:
    """One VM of the file: ``line`` as an editor counts it; ``values`` by column, none empty."""

    line: int
    values: dict[str, str]


@dataclass(frozen=True)
class Parsed:
    """``faults``: sentences about the file as a whole; with any, ``rows`` is not to be used."""

    rows: tuple[Row, ...] = ()
    faults: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()


def template() -> str:
    """A file to begin with: every column, and two rows that show how."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow([*COLUMNS, f"{TAG}owner"])
    writer.writerow(["web-01", "", "", "", "", "", "Ann"])
    writer.writerow(["web-02", "", "8", "16", "", "", "Ann"])
    return file.getvalue()


def parse(content: bytes) -> Parsed:
    """The rows of a file. Never raises: what is wrong with the file is told in ``faults``."""
    if len(content) > MOST_BYTES:
        return _fault(f"The file has {len(content) // 1000:,} kB; a list of VMs has at most 1,000.")
    text = _decoded(content)
    if text is None:
        return _fault("The file is not text in UTF-8 or UTF-16. Save it as “CSV UTF-8”.")
    if "\0" in text:
        return _fault("The file holds zero bytes: it is not a CSV file.")
    lines = text.splitlines()
    header_line = next((line for line in lines if line.strip()), "")
    if not header_line:
        return _fault("The file is empty.")
    separator = max(_SEPARATORS, key=header_line.count)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        records = [(reader.line_num, cells) for cells in reader if any(map(str.strip, cells))]
    except csv.Error as error:
        return _fault(f"The file cannot be read as CSV: {error}.")
    header = [cell.strip().casefold() for cell in records[0][1]]
    faults = _faults_of(header)
    if not faults and len(records) - 1 > MOST:
        faults = [f"At most {MOST} VMs at once; this file has {len(records) - 1:,} rows."]
    if not faults and len(records) == 1:
        faults = ["The file has a header and no row."]
    if faults:
        return Parsed(faults=tuple(faults))
    names = [_named(cell) for cell in records[0][1]]
    rows = [Row(line, _values(names, cells)) for line, cells in records[1:]]
    return Parsed(tuple(rows), columns=tuple(names))


def wrong_cells(row: Row, columns: Sequence[str]) -> list[str]:
    """What is wrong with a row before anybody looks at what it means."""
    found = []
    for name in columns:
        value = row.values.get(name, "")
        if is_formula(value):
            found.append(f"{name}: {value[:20]!r} begins like a formula of a spreadsheet.")
    extra = row.values.get("", "")
    if extra:
        found.append(f"It has more cells than the header has columns ({extra[:40]!r}).")
    if not row.values.get("name"):
        found.append("It has no name.")
    return found


def _decoded(content: bytes) -> str | None:
    encoding = "utf-8-sig"
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        return None


def _faults_of(header: Sequence[str]) -> list[str]:
    if "name" not in header:
        wanted = ", ".join(COLUMNS)
        return [
            "The first line has no column “name”. Columns: "
            f"{wanted}, and tag:<name> for tags, divided by commas."
        ]
    faults = []
    for name in header:
        if name not in COLUMNS and not (name.startswith(TAG) and name != TAG):
            faults.append(f"There is no column “{name[:40]}”." if name else "A column has no name.")
    doubled = sorted({name for name in header if header.count(name) > 1})
    faults += [f"The column “{name[:40]}” stands twice." for name in doubled]
    return faults


def _named(cell: str) -> str:
    """A column's name; a tag keeps its letters, for tags are shown as they were written."""
    name = cell.strip()
    return TAG + name[len(TAG) :].strip() if name.casefold().startswith(TAG) else name.casefold()


def _values(names: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    values = {name: cell.strip() for name, cell in zip(names, cells, strict=False) if cell.strip()}
    extra = " ".join(cell.strip() for cell in cells[len(names) :] if cell.strip())
    return {**values, "": extra} if extra else values


def _fault(text: str) -> Parsed:
    return Parsed(faults=(text,))
