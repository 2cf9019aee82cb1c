"""The rows that are decoded are those that the schemas describe, field by field."""

import json
from typing import Any

import msgspec
import pytest

from console.backends.azure_local import node_rows
from console.backends.azure_local.node_rows import SCHEMA
from console.catalog import resource_path

CASES = {
    "cluster": node_rows.ClusterRow,
    "node": node_rows.NodeRow,
    "virtual_machines": node_rows.VmRow,
    "live_migration": node_rows.MigrationRow,
    "node_drain": node_rows.NodeDrainRow,
    "performance_history": node_rows.PerformanceHistoryRow,
    "envelope": node_rows.Envelope,
}


def schema_of(name: str) -> dict[str, Any]:
    path = resource_path(f"scripts/schemas/{name}.json")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found["items"] if found.get("type") == "array" else found


def fields(row: type[msgspec.Struct]) -> dict[str, Any]:
    return {field.encode_name: field.type for field in msgspec.structs.fields(row)}


def rows_inside(type_: Any) -> list[type[msgspec.Struct]]:
    """Row types in ``X``, ``X | None``, ``list[X] | None``."""
    if isinstance(type_, type) and issubclass(type_, msgspec.Struct):
        return [type_]
    return [row for part in getattr(type_, "__args__", ()) for row in rows_inside(part)]


def compare(row: type[msgspec.Struct], schema: dict[str, Any]) -> None:
    described = schema["properties"]
    assert set(fields(row)) == set(described)
    for name, type_ in fields(row).items():
        for inner in rows_inside(type_):
            part = described[name]
            compare(inner, part.get("items", part))


@pytest.mark.parametrize("name", CASES)
def test_rows_and_schemas_are_the_same(name: str) -> None:
    compare(CASES[name], schema_of(name))


def test_the_schema_number_is_the_one_we_read() -> None:
    assert schema_of("envelope")["properties"]["schema"] == {"const": SCHEMA}
