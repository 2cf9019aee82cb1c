"""The bill of what ships: whole, stable, and nothing in it that may not be shipped."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from console.catalog import resource_path

PROGRAM = resource_path("").parent / "packaging" / "bill_of_materials.py"


@pytest.fixture
def module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bill_of_materials", PROGRAM)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_it_holds_what_ships_and_no_test_tool(tmp_path: Path) -> None:
    target = tmp_path / "bill.json"
    subprocess.run([sys.executable, str(PROGRAM), "bill", str(target)], check=True)
    bill = json.loads(target.read_text())
    names = {part["name"].lower().replace("_", "-") for part in bill["components"]}
    assert {"pyside6-essentials", "msgspec", "pypsrp", "azure-core", "keyring"} <= names
    assert not names & {"pytest", "ruff", "mypy", "hypothesis"}
    known = {part["bom-ref"] for part in bill["components"]}
    known.add(bill["metadata"]["component"]["bom-ref"])
    assert {one["ref"] for one in bill["dependencies"]} == known
    assert all(set(one["dependsOn"]) <= known for one in bill["dependencies"])


def test_the_same_environment_gives_the_same_bill(module: ModuleType) -> None:
    assert module.bill() == module.bill()


def test_every_licence_is_allowed(module: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert module.licences() == 0
    assert "pypsrp" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["GPL-3.0-only", "SSPL-1.0", "Proprietary", ""])
def test_a_licence_that_may_not_ship_is_seen(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(module, "licence", lambda _one: text)
    assert module.licences() == 1


def test_an_audit_without_advisories_says_that_it_was_not_done(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module.shutil, "which", lambda _name: None)
    monkeypatch.setattr(module, "_auditor", lambda: None)
    assert module.audit() == module.SKIPPED
    assert "SKIPPED" in capsys.readouterr().out
