"""Lists are written by hand; a file that a list forgot is named here."""

from pathlib import Path

import pytest

from console import checks, operations

ROOT = Path(__file__).resolve().parents[2]
NO_CHECKS = {"moving_vms", "__init__", "situation", "moves", "creation_rules"}
NO_OPERATIONS = {"__init__", "base"}


def test_every_check_stands_in_the_list() -> None:
    files = {path.stem for path in (ROOT / "console" / "checks").glob("*.py")} - NO_CHECKS
    assert files == {check.ID for check in checks.ALL}


def test_every_operation_stands_in_the_list_and_names_real_checks() -> None:
    files = {path.stem for path in (ROOT / "console" / "operations").glob("*.py")} - NO_OPERATIONS
    assert files == set(operations.BY_KIND)
    known = {check.ID for check in checks.ALL}
    for operation in operations.ALL:
        assert operation.checks, operation.kind
        assert set(operation.checks) <= known, operation.kind


def test_every_check_guards_some_operation() -> None:
    guarding = {name for operation in operations.ALL for name in operation.checks}
    assert {check.ID for check in checks.ALL} == guarding


@pytest.mark.parametrize(
    "folder", ["images.toml", "operation_policy.toml", "known_issues.toml", "security_facts.toml"]
)
def test_dated_data_name_their_source(folder: str) -> None:
    text = (ROOT / "resources" / folder).read_text(encoding="utf-8")
    assert "source" in text
