"""What the console sends when it creates, against Microsoft's published types."""

import json
from pathlib import Path
from typing import Any

import pytest

from console.backends.azure_local import arm_bodies
from console.lab.world import arm_ids
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
from console.ui.wizard.as_code import arm_template
from tests.contract.arm_types.judge import Judge
from tests.unit.lab.arm_server.conftest import VM_API

GROUP = "/subscriptions/s/resourceGroups/g/providers/"
SPEC: dict[str, Any] = {
    "name": "new-01",
    "subscription_id": "1ab00000-0000-4000-8000-000000000001",
    "resource_group": "g",
    "location": "westeurope",
    "custom_location_id": f"{GROUP}{arm_ids.CUSTOM_LOCATIONS}/cl",
    "image_id": f"{GROUP}{arm_ids.MARKET_IMAGES}/i",
    "admin_username": "labadmin",
    "storage_path_id": f"{GROUP}{arm_ids.CONTAINERS}/c",
    "tags": {"owner": "me"},
}
NIC = NetworkInterfaceSpec("nic-1", f"{GROUP}{arm_ids.NETWORKS}/n", "10.0.0.5")
DISK = DataDiskSpec("data-1", 64)
FULL: dict[str, Any] = {
    **SPEC,
    "data_disks": (DISK,),
    "network_interfaces": (NIC,),
    "dynamic_memory": DynamicMemorySpec(4096, 16384, 20),
    "proxy": ProxySpec("http://p:8080", "http://p:8080", ("localhost",), "PEM"),
    "ssh_public_keys": ("ssh-ed25519 AAAA",),
    "dns_servers": ("10.0.0.1",),
}
SECRETS = {SecretField.ADMIN_PASSWORD: "canary-4711"}


@pytest.fixture
def judge(specs: Path) -> Judge:
    return Judge(specs)


@pytest.mark.parametrize("os_type", ["Windows", "Linux"])
@pytest.mark.parametrize("parts", [SPEC, FULL], ids=["plain", "full"])
def test_a_vm_and_what_belongs_to_it(judge: Judge, parts: dict[str, Any], os_type: str) -> None:
    spec = VirtualMachineSpec(**{**parts, "os_type": os_type})
    bodies = {
        arm_ids.INSTANCES: arm_bodies.vm_instance(spec, SECRETS),
        arm_ids.INTERFACES: arm_bodies.network_interface(spec, NIC, "op-1"),
        arm_ids.DISKS: arm_bodies.data_disk(spec, DISK, "op-1"),
    }
    for type_, body in bodies.items():
        assert judge.judge("request", type_, VM_API, body) == []
    machine = arm_bodies.machine(spec, "op-1")
    assert judge.judge("request", arm_ids.MACHINES, "2026-07-15", machine) == []
    assert judge.requests == 4


def test_joining_a_domain_and_downloading_an_image(judge: Judge) -> None:
    spec = VirtualMachineSpec(**SPEC)
    join = DomainJoinSpec("lab.example", "joiner@lab.example", "OU=x")
    extension = arm_bodies.domain_join(spec, join, "canary", "op-1")
    assert judge.judge("request", arm_ids.EXTENSIONS, "2026-07-15", extension) == []
    download = DownloadImage(
        name="i", image=ImageReference("p", "o", "s", "1.2.3"),
        subscription_id=spec.subscription_id, resource_group="g", location="westeurope",
        custom_location_id=spec.custom_location_id, storage_path_id=spec.storage_path_id,
    )  # fmt: skip
    image = arm_bodies.marketplace_image(download, "op-1")
    assert judge.judge("request", arm_ids.MARKET_IMAGES, VM_API, image) == []


@pytest.mark.parametrize("os_type", ["Windows", "Linux"])
def test_the_template_of_the_review_page_holds_the_published_types(
    judge: Judge, os_type: str
) -> None:
    """What the wizard offers to copy, not only what the console sends itself."""
    parts = {**FULL, "os_type": os_type}
    if os_type == "Windows":
        parts |= {"ssh_public_keys": (), "domain_join": DomainJoinSpec("lab.example", "a@lab", "")}
        parts |= {"image_id": "", "image": ImageReference("p", "o", "s", "1.2.3")}
    resources = json.loads(arm_template(VirtualMachineSpec(**parts)))["resources"]
    about = ("type", "apiVersion", "name", "scope", "dependsOn")
    for resource in resources:
        body = {key: value for key, value in resource.items() if key not in about}
        assert judge.judge("request", resource["type"], resource["apiVersion"], body) == []
    assert judge.requests == len(resources) >= 4
