"""Form of the node module's files: they parse, use listed cmdlets only, and build no code."""

import re
from pathlib import Path

import pytest

from console.catalog import resource_path
from console.lab.wsman_server import catalogue
from tests.contract.node_module.powershell import PowerShellFile, walk

FOLDER = resource_path("scripts")
FILES = sorted(path for path in FOLDER.rglob("*.ps*1")) + sorted(
    [*FOLDER.rglob("*.psrc"), *FOLDER.rglob("*.pssc")]
)
MODULE = FOLDER / "TrustedLaunchConsole.psm1"
LISTED = catalogue.load()
BUILDS_CODE = {"invoke-expression", "iex", "add-type", "invoke-command", "icm", "start-process"}


def ids(path: Path) -> str:
    return path.name


@pytest.fixture(scope="module")
def module() -> PowerShellFile:
    return PowerShellFile(MODULE)


def test_the_files_are_there() -> None:
    assert {path.suffix for path in FILES} == {".psm1", ".psd1", ".psrc", ".pssc"}


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_parses_clean(path: Path) -> None:
    assert PowerShellFile(path).errors == []


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_ascii_without_a_mark(path: Path) -> None:
    assert path.read_bytes().isascii()


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_builds_and_runs_no_code(path: Path) -> None:
    file = PowerShellFile(path)
    assert not {name.lower() for name in file.commands()} & BUILDS_CODE
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\[\s*scriptblock\s*\]|::Create\(|\.InvokeScript|\.Invoke\(", text, re.I)
    # The call and the dot operator run whatever a variable holds.
    assert not [node for node in walk(file.root) if node.type == "command_invokation_operator"]


def test_never_moves_storage_nor_forces_a_drain(module: PowerShellFile) -> None:
    commands = module.commands()
    assert not {"Move-VM", "Move-VMStorage", "Stop-VM", "Start-VM", "Remove-VM"} & commands
    parameters = {
        module.text(node).lower() for node in walk(module.root) if node.type == "command_parameter"
    }
    assert not {"-forcedrain", "-includestorage", "-computername", "-credential"} & parameters


@pytest.mark.parametrize("function", LISTED.function, ids=lambda f: f.name)
def test_calls_exactly_the_listed_cmdlets(
    module: PowerShellFile, function: catalogue.Function
) -> None:
    used = module.reachable(function.name) - set(LISTED.basics)
    assert used == set(function.cmdlets)


def test_nothing_unlisted_is_called_anywhere(module: PowerShellFile) -> None:
    listed = {cmdlet for function in LISTED.function for cmdlet in function.cmdlets}
    own = set(module.functions)
    assert module.commands() - own == listed | set(LISTED.basics)


@pytest.mark.parametrize(
    ("broken", "where"),
    [
        ("function A { if ($x) { 1 }", "1:"),
        ("function A { param([ValidateSet('a')[string]$b) }", "1:"),
        ("$a = 'never ended", "1:"),
        ("$a = $b ?? 1", "1:"),
        ("foreach ($a im $b) { 1 }", "1:"),
    ],
)
def test_the_gate_can_close(broken: str, where: str) -> None:
    errors = PowerShellFile(None, broken.encode()).errors
    assert errors
    assert errors[0].startswith(where)


def test_the_gate_sees_an_unlisted_cmdlet() -> None:
    file = PowerShellFile(None, b"function A { B }\nfunction B { Get-VM | Remove-Item -Path $x }")
    assert file.reachable("A") == {"Get-VM", "Remove-Item"}
    called = PowerShellFile(None, b"function A { & $x }")
    assert [node for node in walk(called.root) if node.type == "command_invokation_operator"]
