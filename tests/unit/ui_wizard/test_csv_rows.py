"""A CSV file of VMs is read whole, or everything wrong with it is told."""

import pytest

from console.ui.wizard.several.csv_rows import MOST, Parsed, parse, template, wrong_cells


def rows(text: str) -> Parsed:
    return parse(text.encode())


def test_the_template_is_right_as_it_is() -> None:
    found = parse(template().encode("utf-8-sig"))
    assert found.faults == ()
    assert [row.values["name"] for row in found.rows] == ["web-01", "web-02"]
    assert found.rows[1].values["memory_gib"] == "16"
    assert found.rows[0].line == 2


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_separators_and_encodings_of_spreadsheets(separator: str, encoding: str) -> None:
    text = separator.join(("Name", "address", "Tag:Owner")) + "\r\n"
    text += separator.join(("web-01", "10.0.0.5", "Zoë")) + "\r\n\r\n"
    found = parse(text.encode(encoding))
    assert found.faults == ()
    assert found.rows[0].values == {"name": "web-01", "address": "10.0.0.5", "tag:Owner": "Zoë"}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b"name\n", "header and no row"),
        (b"web-01\nweb-02\n", "no column “name”"),
        (b"name|address\nweb-01|10.0.0.5\n", "no column"),
        (b"name,colour\nweb-01,red\n", "no column “colour”"),
        (b"name,Name\nweb-01,web-02\n", "stands twice"),
        (b"name,\nweb-01,x\n", "has no name"),
        (b'name\n"web-01\n', "cannot be read as CSV"),
        (b"name\nw\xff\xfeb\n", "not text"),
        (b"name\nweb\x0001\n", "zero bytes"),
        (b"name\n" + b"x" * 1_100_000, "at most 1,000"),
    ],
)
def test_what_is_wrong_with_a_file_is_told(content: bytes, said: str) -> None:
    found = parse(content)
    assert found.rows == ()
    assert said in " ".join(found.faults)


def test_ten_thousand_rows_are_refused_and_counted() -> None:
    found = rows("name\n" + "\n".join(f"web-{n}" for n in range(10_000)))
    assert found.rows == ()
    assert f"At most {MOST}" in found.faults[0]
    assert "10,000" in found.faults[0]


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_a_formula_is_told_at_its_row(cell: str) -> None:
    found = rows(f"name,tag:owner\nweb-01,{cell}\n")
    (said,) = wrong_cells(found.rows[0], found.columns)
    assert "formula" in said


def test_rows_without_a_name_and_with_too_many_cells() -> None:
    found = rows("name,address\n,10.0.0.5\nweb-01,10.0.0.6,extra\n")
    assert wrong_cells(found.rows[0], found.columns) == ["It has no name."]
    assert "more cells" in wrong_cells(found.rows[1], found.columns)[0]
    assert found.rows[1].line == 3
