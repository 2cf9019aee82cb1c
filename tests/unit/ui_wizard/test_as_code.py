"""The request as code: the same bodies that the console sends, safely quoted, without a secret."""

import json
import re
import shlex
import subprocess
from typing import Any

import pytest

from console.backends.azure_local import arm_bodies
from console.catalog import image_name
from console.model.request import (
    DataDiskSpec,
    DomainJoinSpec,
    DownloadImage,
    DynamicMemorySpec,
    NetworkInterfaceSpec,
    ProxySpec,
    SecretField,
    VirtualMachineSpec,
)
from console.model.site import ImageReference
from console.ui.wizard import as_code
from console.ui.wizard.as_commands import bash, powershell

GROUP = "/subscriptions/s-1/resourceGroups/rg/providers"
NASTY = "it's $(reboot) ${x} `id` \"q\" \\ ’ [concat('a')]"
SPEC = VirtualMachineSpec(
    name="web-77",
    subscription_id="s-1",
    resource_group="rg",
    location="westeurope",
    custom_location_id=f"{GROUP}/Microsoft.ExtendedLocation/customLocations/cl",
    image=ImageReference("microsoftwindowsdesktop", "windows-11", "win11-22h2-avd", "22621.1"),
    processors=6,
    memory_mib=12288,
    dynamic_memory=DynamicMemorySpec(4096, 16384, 25),
    storage_path_id=f"{GROUP}/Microsoft.AzureStackHCI/storageContainers/one",
    data_disks=(
        DataDiskSpec("web-77-data", 128, True, f"{GROUP}/Microsoft.AzureStackHCI/x/two"),
        DataDiskSpec(existing_id=f"{GROUP}/Microsoft.AzureStackHCI/virtualHardDisks/old"),
    ),
    computer_name="web-77",
    admin_username="grace",
    domain_join=DomainJoinSpec("contoso.example", "joiner@contoso.example", "OU=a,DC=b"),
    network_interfaces=(
        NetworkInterfaceSpec("web-77-nic", f"{GROUP}/net", "10.0.0.7"),
        NetworkInterfaceSpec(existing_id=f"{GROUP}/Microsoft.AzureStackHCI/networkInterfaces/n"),
    ),
    dns_servers=("10.0.0.1",),
    proxy=ProxySpec("http://proxy:8080", "", ("localhost", ".local")),
    tags={"owner": NASTY, "[cost]": "4"},
)
PASSWORD, DOMAIN_PASSWORD = "[parameters('adminPassword')]", "[parameters('domainPassword')]"


def template() -> dict[str, Any]:
    made: dict[str, Any] = json.loads(as_code.arm_template(SPEC))
    return made


def deployed(value: Any) -> Any:
    """What Azure Resource Manager would make of the few expressions that are used."""
    if isinstance(value, dict):
        return {key: deployed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [deployed(item) for item in value]
    if not isinstance(value, str) or not value.startswith("["):
        return value
    if value.startswith("[["):
        return value[1:]
    found = re.fullmatch(r"\[resourceId\('(.+)/(.+)', '(.+)'\)\]", value)
    return f"{GROUP}/{found[1]}/{found[2]}/{found[3]}" if found else value


def body_of(kind: str) -> dict[str, Any]:
    resource = next(r for r in template()["resources"] if r["type"].endswith(f"/{kind}"))
    about = ("type", "apiVersion", "name", "scope", "dependsOn")
    body = {key: value for key, value in resource.items() if key not in about}
    made = deployed(body)
    assert isinstance(made, dict)
    return made


def untagged(body: dict[str, Any]) -> dict[str, Any]:
    tags = {name: text for name, text in body.get("tags", {}).items() if name != "tlc-operation"}
    return {**body, "tags": tags}


def test_the_template_deploys_what_the_console_sends() -> None:
    image = DownloadImage(
        image_name(ImageReference("", "windows-11", "win11-22h2-avd", "22621.1")),
        ImageReference("microsoftwindowsdesktop", "windows-11", "win11-22h2-avd", "22621.1"),
        "s-1",
        "rg",
        "westeurope",
        SPEC.custom_location_id,
        SPEC.storage_path_id,
    )
    image_id = arm_bodies.image_id(image)
    assert body_of("marketplaceGalleryImages") == untagged(
        arm_bodies.marketplace_image(image, "op")
    )
    nic, disk = SPEC.network_interfaces[0], SPEC.data_disks[0]
    assert body_of("networkInterfaces") == untagged(arm_bodies.network_interface(SPEC, nic, "op"))
    assert body_of("virtualHardDisks") == untagged(arm_bodies.data_disk(SPEC, disk, "op"))
    assert body_of("machines") == untagged(arm_bodies.machine(SPEC, "op"))
    sent = arm_bodies.vm_instance(SPEC, {SecretField.ADMIN_PASSWORD: PASSWORD})
    sent["properties"]["storageProfile"]["imageReference"]["id"] = image_id
    assert body_of("virtualMachineInstances") == sent
    assert SPEC.domain_join is not None
    joined = arm_bodies.domain_join(SPEC, SPEC.domain_join, DOMAIN_PASSWORD, "op")
    del joined["tags"]
    assert body_of("extensions") == joined


def test_the_template_is_complete_trusted_launch_in_the_right_order() -> None:
    made = template()
    assert made["parameters"] == {
        "adminPassword": {"type": "secureString"},
        "domainPassword": {"type": "secureString"},
    }
    names = [resource["type"].rsplit("/", 1)[-1] for resource in made["resources"]]
    assert names == [
        "marketplaceGalleryImages",
        "networkInterfaces",
        "virtualHardDisks",
        "machines",
        "virtualMachineInstances",
        "extensions",
    ]
    instance = made["resources"][4]
    assert instance["scope"] == "Microsoft.HybridCompute/machines/web-77"
    assert instance["properties"]["securityProfile"] == {
        "securityType": "TrustedLaunch",
        "enableTPM": True,
        "uefiSettings": {"secureBootEnabled": True},
    }
    assert len(instance["dependsOn"]) == 4
    assert made["resources"][5]["name"] == "web-77/joindomain"


def test_a_text_is_never_an_expression() -> None:
    assert template()["resources"][1]["tags"]["owner"] == NASTY
    plain = VirtualMachineSpec("v", "s", "g", "l", "c", tags={"t": "[concat('a')]"})
    made = json.loads(as_code.arm_template(plain))
    assert made["resources"][0]["tags"]["t"] == "[[concat('a')]"


def test_bicep_says_the_same() -> None:
    text = as_code.bicep(SPEC)
    assert text.count("@secure()\nparam ") == 2
    assert "adminPassword: adminPassword\n" in text
    assert "Password: domainPassword\n" in text
    assert "scope: machine\n" in text
    assert "parent: machine\n" in text
    assert "id: nic0.id\n" in text
    assert "id: image.id\n" in text
    assert "securityType: 'TrustedLaunch'" in text
    assert "enableTPM: true" in text
    assert "secureBootEnabled: true" in text
    assert "owner: 'it\\'s $(reboot) \\${x} `id` \"q\" \\\\ ’ [concat(\\'a\\')]'" in text
    assert "'[cost]': '4'" in text
    opened = re.sub(r"'(\\.|[^'\\])*'", "", text)
    assert opened.count("{") == opened.count("}")
    assert opened.count("[") == opened.count("]")


def words_of(text: str) -> list[list[str]]:
    """The commands as bash takes them apart; nothing is run but ``printf`` of the words."""
    lines = [line for line in text.replace("\\\n", "").splitlines() if line.startswith("az ")]
    commands = [shlex.split(line) for line in lines]
    for line, words in zip(lines, commands, strict=True):
        script = f"printf '%s\\0' {line}"
        seen = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
        assert seen.stdout.split("\0")[:-1] == words
    return commands


def test_bash_gets_every_word_as_it_was_typed() -> None:
    image, nic, disk, machine, join = words_of(bash(SPEC))
    assert f"owner={NASTY}" in nic
    assert f"owner={NASTY}" in machine
    assert image[:4] == ["az", "stack-hci-vm", "image", "create"]
    assert disk[disk.index("--size-gb") + 1] == "128"
    for flag, value in (
        ("--security-type", "TrustedLaunch"),
        ("--enable-vtpm", "true"),
        ("--enable-secure-boot", "true"),
        ("--image", "windows-11-win11-22h2-avd-22621-1"),
        ("--nics", "web-77-nic"),
        ("--attach-data-disks", "web-77-data"),
        ("--proxy-configuration", "http_proxy=http://proxy:8080"),
    ):
        assert machine[machine.index(flag) + 1] == value
    assert "--admin-password" not in machine
    assert "@domain-join-secret.json" in join


def test_powershell_quotes_its_own_way() -> None:
    text = powershell(SPEC)
    assert "'owner=it''s $(reboot) ${x} `id` \"q\" \\ ’’ [concat(''a'')]'" in text
    assert " `\n  --security-type TrustedLaunch" in text
    assert "--admin-password" not in text


@pytest.mark.parametrize("language", as_code.LANGUAGES)
def test_no_language_has_a_place_for_a_secret(language: str) -> None:
    text = as_code.LANGUAGES[language](SPEC)
    for line in text.splitlines():
        if "password" in line.lower():
            assert re.search(
                r"parameters\('|^param |: (admin|domain)Password$|secureString|secure|^#|\{$"
                r"|= var\.(admin|domain)_password$",
                line,
            ), line


def test_in_words_shows_what_was_typed_as_text() -> None:
    told = dict(as_code.in_words(SPEC))
    assert told["Security"] == "Trusted launch with Secure Boot and vTPM"
    assert told["Size"] == "6 processors, 12 GiB memory at start, dynamic from 4 to 16 GiB"
    assert told["Image"] == "windows-11 win11-22h2-avd, downloaded first"
    assert NASTY in told["Tags"]
