"""One list of functions, and module, client, twins and roles all agree with it."""

import re
import subprocess
import sys

import pytest

from console.backends.azure_local import node_catalogue
from console.catalog import load_operation_policy, resource_path
from console.lab.world.clock import MovableClock
from console.lab.world.scenarios import make_site
from console.lab.wsman_server import catalogue
from console.lab.wsman_server.acting_twins import all_twins
from console.operations import BY_KIND
from tests.contract.node_module.powershell import ParameterText, PowerShellFile

LISTED = catalogue.load()
NAMES = [function.name for function in LISTED.function]
ACTING = {function.name for function in LISTED.function if function.is_act}
FOLDER = resource_path("scripts")
MODULE = PowerShellFile(FOLDER / "TrustedLaunchConsole.psm1")


def exported(file: str) -> list[str]:
    """Names of our functions in a file's lists."""
    return [
        text
        for text in PowerShellFile(FOLDER / file).strings()
        if re.fullmatch(r"\w+-Tlc\w+", text)
    ]


def test_the_lab_has_a_twin_of_each_and_no_more() -> None:
    site = make_site("empty", MovableClock())
    assert sorted(all_twins(site, "LAB-N1")) == sorted(NAMES)


def test_the_client_knows_each_and_no_more() -> None:
    assert list(node_catalogue.FUNCTIONS) == NAMES


@pytest.mark.parametrize("listed", LISTED.function, ids=lambda f: f.name)
def test_the_client_knows_the_parameters(listed: catalogue.Function) -> None:
    known = node_catalogue.FUNCTIONS[listed.name]
    assert known.is_act == listed.is_act
    assert [(p.name, p.type, p.is_mandatory, p.pattern, p.range) for p in known.parameters] == [
        (p.name, p.type, p.is_mandatory, p.pattern, p.range) for p in listed.parameter
    ]


@pytest.mark.parametrize("listed", LISTED.function, ids=lambda f: f.name)
def test_the_module_declares_the_parameters(listed: catalogue.Function) -> None:
    declared = {parameter.name: parameter for parameter in MODULE.parameters(listed.name)}
    assert list(declared) == [parameter.name for parameter in listed.parameter]
    for parameter in listed.parameter:
        assert _as_declared(parameter) == declared[parameter.name]


def _as_declared(parameter: catalogue.Parameter) -> ParameterText:
    attributes = {"Parameter": "Mandatory = $true" if parameter.is_mandatory else ""}
    if parameter.pattern:
        attributes["ValidatePattern"] = f"'{parameter.pattern}'"
        if re.search(parameter.pattern, ""):
            attributes["AllowEmptyString"] = ""
    if parameter.range is not None:
        attributes["ValidateRange"] = f"{parameter.range[0]}, {parameter.range[1]}"
    return ParameterText(parameter.name, parameter.type, attributes)


@pytest.mark.parametrize("file", ["TrustedLaunchConsole.psm1", "TrustedLaunchConsole.psd1"])
def test_the_module_exports_each_and_no_more(file: str) -> None:
    assert exported(file) == NAMES


def test_the_versions_are_one() -> None:
    version = LISTED.version
    assert f"ModuleVersion        = '{version}'" in (
        FOLDER / "TrustedLaunchConsole.psd1"
    ).read_text(encoding="utf-8")
    assert f"$script:Version = '{version}'" in MODULE.source.decode()


def test_role_files_are_what_the_catalogue_says() -> None:
    """Made by packaging/jea_kit.py, never by hand."""
    program = resource_path("").parent / "packaging" / "jea_kit.py"
    told = subprocess.run(
        [sys.executable, str(program), "--check"], capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stdout


def test_roles_hold_only_what_they_may() -> None:
    maintenance = {"Suspend-TlcNode", "Set-TlcNodePlacement", "Resume-TlcNode"}
    roles = {
        role: set(exported(f"RoleCapabilities/Tlc{role}.psrc"))
        for role in ("Reader", "Operator", "Administrator")
    }
    assert roles["Reader"] == set(NAMES) - ACTING
    assert roles["Operator"] == set(NAMES) - maintenance
    assert roles["Administrator"] == set(NAMES)


def test_what_an_operation_needs_are_acting_functions_that_some_role_has() -> None:
    for operation, needed in node_catalogue.FUNCTIONS_OF.items():
        assert operation in BY_KIND
        assert set(needed) <= ACTING
    on_cluster = {
        name for name, each in load_operation_policy().operations.items() if each.plane == "cluster"
    }
    # Looking whether a node is empty needs no right to act.
    assert on_cluster - {"prove_node_empty"} == set(node_catalogue.FUNCTIONS_OF)


def test_refusals_of_the_module_are_words_that_the_world_has_too() -> None:
    words = set(re.findall(r"-Identity '(\w+)'", MODULE.source.decode()))
    words |= set(re.findall(r"return '(\w+)'", MODULE.text(MODULE.functions["Get-TlcRefusalWord"])))
    world = resource_path("").parent / "console" / "lab" / "world"
    told = "".join(path.read_text(encoding="utf-8") for path in world.glob("*.py"))
    assert {word for word in words if f'"{word}"' not in told} == set()
