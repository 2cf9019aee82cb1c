"""Bicep and Terraform say what the ARM template says, and evaluate nothing that was typed."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.model.request import VirtualMachineSpec
from console.ui.wizard import as_code
from console.ui.wizard.as_terraform import terraform
from tests.unit.checks.test_creation_rules import ED
from tests.unit.ui_wizard.reading_code import Block, Ref, bicep_resources, terraform_blocks
from tests.unit.ui_wizard.test_as_code import GROUP, SPEC, deployed

LINUX = msgspec.structs.replace(
    SPEC, os_type="Linux", ssh_public_keys=(ED, f"{ED} it's me"), domain_join=None, image=None,
    image_id=f"{GROUP}/Microsoft.AzureStackHCI/marketplaceGalleryImages/i",
)  # fmt: skip
HOSTILE = "${var.x} %{ if true } $${y} %%{z} \"q\" \\\\ \\n 'a' ${'b'} \t\r\n *_ $$${ é"


def template_of(spec: VirtualMachineSpec) -> list[dict[str, Any]]:
    """Bodies as the ARM template would deploy them, each with its type, version and name."""
    resources = json.loads(as_code.arm_template(spec))["resources"]
    made = deployed([{k: v for k, v in r.items() if k != "dependsOn"} for r in resources])
    assert isinstance(made, list)
    return made


def ids_of(spec: VirtualMachineSpec) -> dict[str, str]:
    """Symbol of Bicep -> ARM id, as the deployment makes it."""
    found = {}
    for symbol, (kind, body) in bicep_resources(as_code.bicep(spec))[1].items():
        found[symbol] = f"{GROUP}/{kind.split('@')[0]}/{body['name']}"
    return found


def resolved(value: Any, ids: dict[str, str], secrets: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {key: resolved(item, ids, secrets) for key, item in value.items()}
    if isinstance(value, list):
        return [resolved(item, ids, secrets) for item in value]
    if isinstance(value, Ref):
        word = value.text.removeprefix("azapi_resource.")
        return secrets.get(word) or ids[word.removesuffix(".id")]
    return value


def bodies_of_template(spec: VirtualMachineSpec) -> list[tuple[str, dict[str, Any]]]:
    about = ("type", "apiVersion", "name", "scope")
    return [
        (f"{r['type']}@{r['apiVersion']}", {k: v for k, v in r.items() if k not in about})
        for r in template_of(spec)
    ]


@pytest.mark.parametrize("spec", [SPEC, LINUX], ids=["windows", "linux"])
def test_bicep_deploys_what_the_template_deploys(spec: VirtualMachineSpec) -> None:
    secure, resources = bicep_resources(as_code.bicep(spec))
    secrets = {name: f"[parameters('{name}')]" for name in secure}
    ids = ids_of(spec)
    expected = bodies_of_template(spec)
    assert [kind for kind, _ in resources.values()] == [kind for kind, _ in expected]
    for (_, body), (kind, wanted) in zip(resources.values(), expected, strict=True):
        rest = {k: v for k, v in body.items() if k not in ("name", "scope", "parent", "dependsOn")}
        assert resolved(rest, ids, secrets) == wanted, kind
    assert resources["vm"][1]["scope"] == Ref("machine")
    expected_secrets = ["adminPassword", "domainPassword"] if spec is SPEC else []
    assert secure == expected_secrets


def merged(one: Any, other: Any) -> Any:
    """Objects join, as AzAPI joins ``body`` and ``sensitive_body``."""
    if isinstance(one, dict) and isinstance(other, dict):
        return {key: merged(one.get(key), other.get(key)) for key in {**one, **other}}
    return one if other is None else other


def resources_of(blocks: list[Block]) -> dict[str, Block]:
    return {b.labels[2]: b for b in blocks if b.labels[0] == "resource"}


@pytest.mark.parametrize("spec", [SPEC, LINUX], ids=["windows", "linux"])
def test_terraform_deploys_what_the_template_deploys(spec: VirtualMachineSpec) -> None:
    blocks = terraform_blocks(terraform(spec))
    found = resources_of(blocks)
    secrets = {
        "var.admin_password": "[parameters('adminPassword')]",
        "var.domain_password": "[parameters('domainPassword')]",
    }
    ids = ids_of(spec)
    expected = bodies_of_template(spec)
    assert [one.arguments["type"] for one in found.values()] == [kind for kind, _ in expected]
    for symbol, (kind, wanted) in zip(found, expected, strict=True):
        arguments = found[symbol].arguments
        whole = merged(arguments["body"], arguments.get("sensitive_body"))
        whole |= {key: arguments[key] for key in ("location", "tags") if key in arguments}
        for block in found[symbol].blocks:
            whole[block.labels[0]] = block.arguments
        assert resolved(whole, ids, secrets) == wanted, kind


def test_terraform_hangs_everything_where_it_belongs() -> None:
    blocks = terraform_blocks(terraform(SPEC))
    found = resources_of(blocks)
    group = f"/subscriptions/{SPEC.subscription_id}/resourceGroups/{SPEC.resource_group}"
    assert found["nic0"].arguments["parent_id"] == group
    assert found["vm"].arguments["parent_id"] == Ref("azapi_resource.machine.id")
    assert found["vm"].arguments["name"] == "default"
    assert found["domainJoin"].arguments["depends_on"] == [Ref("azapi_resource.vm")]
    variables = {b.labels[1]: b.arguments for b in blocks if b.labels[0] == "variable"}
    assert variables.keys() == {"admin_password", "domain_password"}
    assert all(one["sensitive"] and one["ephemeral"] for one in variables.values())
    # A password stands where Terraform writes nothing down, and nowhere else.
    for one in found.values():
        assert "var." not in str(one.arguments["body"])


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40))
def test_whatever_is_typed_comes_back_as_it_was(typed: str) -> None:
    assert_comes_back(typed)


@pytest.mark.parametrize("typed", [HOSTILE, "${", "%{", "$${", "$$${", "\\${", "'", "\\'", '"'])
def test_hostile_text_comes_back_as_it_was(typed: str) -> None:
    assert_comes_back(typed)


def assert_comes_back(typed: str) -> None:
    spec = VirtualMachineSpec("v", "s", "g", "l", "c", tags={"t": typed, f"k{typed}": "1"})
    tags = {"t": typed, f"k{typed}": "1"}
    assert bicep_resources(as_code.bicep(spec))[1]["machine"][1]["tags"] == tags
    assert resources_of(terraform_blocks(terraform(spec)))["machine"].arguments["tags"] == tags
    assert json.loads(as_code.arm_template(spec))["resources"][0]["tags"].keys() == tags.keys()


@pytest.mark.skipif(shutil.which("terraform") is None, reason="no terraform on this machine")
def test_terraform_itself_reads_the_same(tmp_path: Path) -> None:
    """Its own formatter has nothing to change, and its evaluator gives back hostile text."""
    (tmp_path / "main.tf").write_text(terraform(SPEC))
    formatted = subprocess.run(
        ["terraform", "fmt", "-check", "-diff"], cwd=tmp_path, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert (formatted.returncode, formatted.stdout) == (0, "")
    spec = VirtualMachineSpec("v", "s", "g", "l", "c", tags={"t": HOSTILE, "\\${x}": "%{ y"})
    text = terraform(spec)
    start = text.index("  tags = {")
    end = text.index("\n  }\n", start) + 5
    tags = text[start:end].replace("  tags =", "  value =", 1)
    folder = tmp_path / "output"
    folder.mkdir()
    (folder / "main.tf").write_text(f'output "tags" {{\n{tags}}}\n')
    for words in (["apply", "-auto-approve", "-no-color"], ["output", "-json", "tags"]):
        ran = subprocess.run(
            ["terraform", *words], cwd=folder, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stderr + ran.stdout
    assert json.loads(ran.stdout) == dict(spec.tags)
