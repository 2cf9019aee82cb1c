"""Form of the JEA kit: its script parses, calls listed cmdlets only, and the archive is whole."""

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from console.catalog import resource_path
from tests.contract.node_module.powershell import PowerShellFile, walk

FOLDER = resource_path("jea")
SCRIPT = PowerShellFile(FOLDER / "TlcEndpoint.ps1")
BUILDER = resource_path("").parent / "packaging" / "jea_kit.py"


def test_the_script_parses_and_is_ascii() -> None:
    assert SCRIPT.errors == []
    assert SCRIPT.source.isascii()


def test_it_calls_what_is_listed_and_no_more() -> None:
    listed = tomllib.loads((FOLDER / "kit.toml").read_text(encoding="utf-8"))
    assert "source" in listed
    assert sorted(SCRIPT.commands() - set(SCRIPT.functions)) == sorted(listed["cmdlets"])


def test_it_builds_and_runs_no_code() -> None:
    text = SCRIPT.source.decode()
    assert not re.search(r"Invoke-Expression|\biex\b|::Create\(|Add-Type|\.Invoke\(", text, re.I)
    nodes = walk(SCRIPT.root)
    assert not [node for node in nodes if node.type == "command_invokation_operator"]


def test_what_it_registers_is_constrained() -> None:
    text = SCRIPT.source.decode()
    assert "'RestrictedRemoteServer'" in text
    assert "'NoLanguage'" in text
    assert "TranscriptDirectory" in text
    for banned in ("CredSSP", "FullLanguage", "VisibleCmdlets", "VisibleExternalCommands"):
        assert banned not in text


@pytest.mark.parametrize("role", ["TlcReader", "TlcOperator", "TlcAdministrator"])
def test_every_role_can_be_given_to_a_group(role: str) -> None:
    assert f"'{role}'" in SCRIPT.source.decode()


def test_the_archive_unpacks_to_what_the_script_expects(tmp_path: Path) -> None:
    names: list[bytes] = []
    for at in ("one.zip", "two.zip"):
        subprocess.run([sys.executable, str(BUILDER), str(tmp_path / at)], check=True)
        names.append((tmp_path / at).read_bytes())
    assert names[0] == names[1]  # the same input gives the same bytes
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        found = archive.namelist()
        roles = [name for name in found if name.endswith(".psrc")]
        assert sorted(Path(name).stem for name in roles) == [
            "TlcAdministrator",
            "TlcOperator",
            "TlcReader",
        ]
        for name in roles:
            assert PowerShellFile(None, archive.read(name)).errors == []
    assert {
        "TlcEndpoint.ps1", "README.md", "TrustedLaunchConsole/TrustedLaunchConsole.psm1",
        "TrustedLaunchConsole/TrustedLaunchConsole.psd1",
    } <= set(found)  # fmt: skip
