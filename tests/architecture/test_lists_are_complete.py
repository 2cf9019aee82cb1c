"""Lists are written by hand; a file that a list forgot is named here."""

import importlib
from pathlib import Path

import pytest

from console import checks, operations
from console.health import rules

ROOT = Path(__file__).resolve().parents[2]
NO_CHECKS = {"moving_vms", "expectation", "__init__", "situation", "moves", "creation_rules"}
NO_OPERATIONS = {"__init__", "base", "maintenance_steps", "one_move"}


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
    "folder",
    [
        "images.toml",
        "operation_policy.toml",
        "known_issues.toml",
        "security_facts.toml",
        "disagreements.toml",
        "performance_history.toml",
    ],
)
def test_dated_data_name_their_source(folder: str) -> None:
    text = (ROOT / "resources" / folder).read_text(encoding="utf-8")
    assert "source" in text


def test_every_health_rule_stands_in_the_lists() -> None:
    there = set()
    for path in (ROOT / "console" / "health" / "rules").glob("*.py"):
        module = importlib.import_module(f"console.health.rules.{path.stem}")
        for name in ("of_vm", "of_node", "of_volume", "of_cluster"):
            if path.stem != "__init__" and hasattr(module, name):
                there.add((path.stem, name))
    listed = {
        (rule.__module__.rsplit(".", 1)[-1], rule.__name__)
        for rule in (*rules.OF_VM, *rules.OF_NODE, *rules.OF_VOLUME, *rules.OF_CLUSTER)
    }
    assert listed == there
