"""The bodies that are sent: the three fields of Trusted launch, secrets only where they belong."""

import json
from typing import Any

import msgspec
import pytest

from console.backends import BackendError
from console.backends.azure_local import arm_bodies, arm_paths
from console.backends.azure_local.connections import ArmConnection, ClusterConnection, StaticToken
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

GROUP = "/subscriptions/sub/resourceGroups/rg/providers"
SPEC = VirtualMachineSpec(
    name="vm1",
    subscription_id="sub",
    resource_group="rg",
    location="eastus",
    custom_location_id=f"{GROUP}/Microsoft.ExtendedLocation/customLocations/cl",
    image_id="image",
    processors=8,
    memory_mib=16384,
    admin_username="ann",
    network_interfaces=(
        NetworkInterfaceSpec(name="nic1", logical_network_id="lnet", address="10.0.0.5"),
        NetworkInterfaceSpec(existing_id="/old/nic"),
    ),
    data_disks=(DataDiskSpec(name="d1", size_gib=20),),
    tags={"owner": "ann"},
)
SECRETS = {SecretField.ADMIN_PASSWORD.value: "canary-1"}


def instance(**changes: Any) -> dict[str, Any]:
    body = arm_bodies.vm_instance(msgspec.structs.replace(SPEC, **changes), SECRETS)
    properties: dict[str, Any] = body["properties"]
    return properties


def test_trusted_launch_is_three_fields_together() -> None:
    assert instance()["securityProfile"] == {
        "securityType": "TrustedLaunch",
        "enableTPM": True,
        "uefiSettings": {"secureBootEnabled": True},
    }


def test_the_instance_names_its_parts_and_holds_no_identity() -> None:
    body = arm_bodies.vm_instance(SPEC, SECRETS)
    assert "identity" not in body  # it belongs to the machine (domain.md 2.3)
    assert body["extendedLocation"]["name"] == SPEC.custom_location_id
    properties = body["properties"]
    assert properties["networkProfile"]["networkInterfaces"] == [
        {"id": f"{GROUP}/Microsoft.AzureStackHCI/networkInterfaces/nic1"}, {"id": "/old/nic"},
    ]  # fmt: skip
    assert properties["storageProfile"]["dataDisks"] == [
        {"id": f"{GROUP}/Microsoft.AzureStackHCI/virtualHardDisks/d1"}
    ]
    assert properties["hardwareProfile"] == {
        "vmSize": "Custom", "processors": 8, "memoryMB": 16384,
    }  # fmt: skip


def test_the_password_stands_in_one_place_only() -> None:
    properties = instance()
    assert properties["osProfile"].pop("adminPassword") == "canary-1"
    assert "canary-1" not in json.dumps(properties)
    assert "adminPassword" not in arm_bodies.vm_instance(SPEC, {})["properties"]["osProfile"]


def test_linux_with_keys_only() -> None:
    spec = msgspec.structs.replace(SPEC, os_type="Linux", ssh_public_keys=("ssh-rsa A",))
    account = arm_bodies.vm_instance(spec, {})["properties"]["osProfile"]
    assert account["linuxConfiguration"]["disablePasswordAuthentication"] is True
    assert account["linuxConfiguration"]["ssh"]["publicKeys"][0]["keyData"] == "ssh-rsa A"
    assert "windowsConfiguration" not in account


def test_options() -> None:
    properties = instance(
        dynamic_memory=DynamicMemorySpec(4096, 32768, 30),
        proxy=ProxySpec(http="http://p:3128", no_proxy=("localhost",)),
        storage_path_id="path",
    )
    assert properties["hardwareProfile"]["dynamicMemoryConfig"] == {
        "minimumMemoryMB": 4096, "maximumMemoryMB": 32768, "targetMemoryBuffer": 30,
    }  # fmt: skip
    assert properties["httpProxyConfig"] == {"httpProxy": "http://p:3128", "noProxy": ["localhost"]}
    assert properties["storageProfile"]["vmConfigStoragePathId"] == "path"


def test_everything_that_can_carry_a_tag_carries_ours() -> None:
    nic = arm_bodies.network_interface(SPEC, SPEC.network_interfaces[0], "op-1")
    disk = arm_bodies.data_disk(SPEC, SPEC.data_disks[0], "op-1")
    machine = arm_bodies.machine(SPEC, "op-1")
    request = DownloadImage("img", ImageReference("p", "o", "s"), "sub", "rg", "eastus", "cl")
    image = arm_bodies.marketplace_image(request, "op-1")
    for body in (nic, disk, machine, image):
        assert body["tags"][arm_bodies.OPERATION_TAG] == "op-1"
    assert machine["tags"]["owner"] == "ann"
    assert (machine["kind"], machine["identity"]) == ("HCI", {"type": "SystemAssigned"})
    assert "version" not in image["properties"]


def test_the_domain_password_is_protected() -> None:
    join = DomainJoinSpec("corp.example", "joiner@corp.example", "OU=Servers")
    properties = arm_bodies.domain_join(SPEC, join, "canary-2", "op-1")["properties"]
    assert properties["protectedSettings"] == {"Password": "canary-2"}
    assert properties["settings"]["OUPath"] == "OU=Servers"
    assert "canary-2" not in json.dumps(properties["settings"])


_MACHINES = "/subscriptions/s/resourceGroups/g/providers/Microsoft.HybridCompute/machines"


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "/subscriptions/s",
        "vm1",
        "/subscriptions//resourceGroups/g",
        f"{_MACHINES}/a\nb",  # a URL parser would make it ``ab``
        f"{_MACHINES}/a?api-version=1&x=",
        f"{_MACHINES}/a#b",
        f"{_MACHINES}/../machines/b",
        f"{_MACHINES}/a%2f..%2fb",
        f"{_MACHINES}/half\ud83da letter",
        f"{_MACHINES}/a b",
    ],
)
def test_what_is_no_resource_id_is_refused(bad: str) -> None:
    with pytest.raises(BackendError):
        arm_paths.parse(bad)


def test_an_instance_knows_its_machine_and_its_version() -> None:
    machine = arm_paths.machine_id(SPEC)
    instance_id = arm_paths.instance_id(machine)
    assert arm_paths.machine_of(instance_id) == machine
    assert arm_paths.is_instance(instance_id.upper())
    assert arm_paths.api_version_of(instance_id, "vm-api") == "vm-api"
    assert arm_paths.api_version_of(machine, "vm-api") == arm_paths.HYBRID_COMPUTE_API


@pytest.mark.parametrize(
    ("url", "may"),
    [
        ("https://arm.example/subscriptions", True),
        ("https://ARM.example:443/x", True),
        ("https://other.example:8443/x", True),
        ("https://other.example/x", False),
        ("http://arm.example/x", False),
        ("https://arm.example@evil.example/x", False),
        ("https://user@arm.example/x", False),
        ("https://arm.example.evil.example/x", False),
        ("https:///x", False),
    ],
)
def test_who_may_see_a_token(url: str, may: bool) -> None:
    connection = ArmConnection(
        "https://arm.example/", StaticToken("t"), allowed_hosts=("other.example:8443",)
    )
    assert connection.may_see_token(url) is may


def test_connections_do_not_show_their_secrets() -> None:
    arm = ArmConnection("https://arm.example", StaticToken("canary-3"))
    cluster = ClusterConnection({"n1": "h"}, "user", "canary-4")
    assert "canary" not in repr(arm) + repr(cluster)
