"""Every fault of the catalogue is injected by a test that exists, or says why it cannot be here."""

import ast
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
FAULTS: list[dict[str, Any]] = tomllib.loads(
    Path(__file__).with_name("catalogue.toml").read_text(encoding="utf-8")
)["fault"]
# Rows without any test. It may only become shorter.
UNTRIED = {14, 38, 48, 54, 55, 57, 65}


def test_every_row_is_there_once() -> None:
    assert [fault["number"] for fault in FAULTS] == list(range(1, 67))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: str(fault["number"]))
def test_its_tests_exist_or_a_reason_does(fault: dict[str, Any]) -> None:
    assert fault["tests"] or fault.get("reason"), "neither a test nor a reason"
    for test in fault["tests"]:
        path, _, name = test.partition("::")
        tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
        known = {
            node.name
            for node in ast.walk(tree)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        assert name in known, test


def test_what_is_not_tried_is_known() -> None:
    assert {fault["number"] for fault in FAULTS if not fault["tests"]} == UNTRIED
