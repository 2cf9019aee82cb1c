"""Every operation of Microsoft's clients that the console uses is served as they expect it."""

import json
from pathlib import Path
from typing import Any

import pytest

from console.lab.world import arm_ids
from console.lab.world.clock import MovableClock
from tests.contract.arm_types.conftest import Judged, MakeJudged

_VM_KINDS = {
    "gallery_images": ("galleryImageName", "golden-ws2022-custom"),
    "marketplace_gallery_images": ("marketplaceGalleryImageName", "win11-22h2-avd-01"),
    "logical_networks": ("logicalNetworkName", "lnet-servers-vlan110"),
    "network_interfaces": ("networkInterfaceName", "app-01-nic"),
    "storage_containers": ("storageContainerName", "user-storage-1"),
}
_READING = {
    "azurestackhcivm": (
        *(f"{kind}_{verb}" for kind in _VM_KINDS
          for verb in ("get", "list_by_resource_group", "list_all")),
        "virtual_hard_disks_list_by_resource_group", "virtual_hard_disks_list_all",
        "virtual_machine_instances_get", "virtual_machine_instances_list", "guest_agents_get",
        "guest_agents_list_by_virtual_machine_instance", "hybrid_identity_metadata_get",
        "hybrid_identity_metadata_list_by_virtual_machine_instance", "attestation_statuses_get",
    ),
    "azurestackhci": (
        "clusters_get", "clusters_list_by_resource_group", "clusters_list_by_subscription",
        "arc_settings_get", "arc_settings_list_by_cluster", "update_summaries_get",
        "update_summaries_list", "edge_devices_list",
    ),
    "hybridcompute": (
        "machines_get", "machines_list_by_resource_group", "machines_list_by_subscription",
        "machine_extensions_list",
    ),
    "extendedlocation": (
        "get", "list_by_subscription", "list_by_resource_group", "list_enabled_resource_types",
    ),
}  # fmt: skip
_POWER = ("pause", "start", "save", "start", "restart", "stop")


@pytest.fixture(scope="module")
def operations(specs: Path) -> dict[str, dict[str, dict[str, Any]]]:
    """Client -> operation -> its row in sdk-operations.json."""
    rows = json.loads((specs / "arm/sdk-operations.json").read_text(encoding="utf-8"))
    return {
        client: {row["operation"]: row for row in facts["operations"]}
        for client, facts in rows.items()
    }


def _ask(lab: Judged, row: dict[str, Any], body: Any = None, **names: str) -> None:
    settings = lab.site.settings
    known = {
        "subscriptionId": settings.subscription_id,
        "resourceGroupName": settings.resource_group,
        "resourceUri": settings.resource_id(arm_ids.MACHINES, "app-01")[1:],
        "machineName": "app-01",
        "clusterName": settings.cluster_name,
        "arcSettingName": "default",
        "resourceName": arm_ids.name_of(settings.custom_location_id),
        **dict(_VM_KINDS.values()),
        **names,
    }
    path = row["url"].format_map(known)
    answer = lab.client.ask(row["method"], path, body, version=row["apiVersion"])
    assert answer.status in row["accepts"], (row["operation"], answer.status, answer.raw)


def test_everything_that_is_read(judged: MakeJudged, operations: Any) -> None:
    asked = 0
    with judged("small", MovableClock()) as lab:
        for client, wanted in _READING.items():
            for name in wanted:
                _ask(lab, operations[client][name])
                asked += 1
        node = lab.site.settings.resource_id(arm_ids.MACHINES, "LAB-N1")[1:]
        _ask(lab, operations["azurestackhci"]["edge_devices_list"], resourceUri=node)
    assert asked == 40


def test_everything_that_acts(judged: MakeJudged, operations: Any, new_vm_body: Any) -> None:
    clock = MovableClock()
    vm, hybrid = operations["azurestackhcivm"], operations["hybridcompute"]
    with judged("small", clock) as lab:
        group = lab.site.settings.group_id
        network = lab.site.list_resources(arm_ids.NETWORKS, group)[0].id
        place = {"location": "westeurope"}
        machine = lab.site.settings.resource_id(arm_ids.MACHINES, "new-01")
        names = {"machineName": "new-01", "resourceUri": machine[1:], "extensionName": "join"}
        nic = {"networkInterfaceName": "new-nic"}
        disk = {"virtualHardDiskName": "new-disk"}
        image = {"marketplaceGalleryImageName": "new-image"}
        address = {"name": "ip", "properties": {"subnet": {"id": network}}}
        nic_body = {**place, "properties": {"ipConfigurations": [address]}}
        disk_body = {**place, "properties": {"diskSizeGB": 4, "dynamic": True}}
        image_body = {**place, "properties": {"osType": "Windows"}}

        def act(row: dict[str, Any], body: Any = None, **more: str) -> None:
            _ask(lab, row, body, **more)
            clock.advance(30)

        for _ in range(2):  # made, and put again
            act(hybrid["machines_create_or_update"], {**place, "kind": "HCI"}, **names)
            act(vm["network_interfaces_create_or_update"], nic_body, **nic)
            act(vm["virtual_hard_disks_create_or_update"], disk_body, **disk)
            act(vm["marketplace_gallery_images_create_or_update"], image_body, **image)
            act(vm["virtual_machine_instances_create_or_update"], new_vm_body(lab), **names)
            extension = {**place, "properties": {"publisher": "p", "type": "t"}}
            act(hybrid["machine_extensions_create_or_update"], extension, **names)
        act(vm["virtual_hard_disks_get"], **disk)
        act(hybrid["machine_extensions_get"], **names)
        act(hybrid["machines_update"], {"tags": {"a": "b"}}, **names)
        act(vm["virtual_machine_instances_update"], {"properties": {}}, **names)
        act(vm["network_interfaces_update"], {"tags": {"a": "b"}}, **nic)
        act(operations["azurestackhci"]["clusters_update"], {"tags": {"a": "b"}})
        for action in _POWER:
            act(vm[f"virtual_machine_instances_{action}"], **names)
        for _ in range(2):  # there, and gone
            act(hybrid["machine_extensions_delete"], **names)
            act(vm["virtual_machine_instances_delete"], **names)
            act(hybrid["machines_delete"], **names)
            act(vm["network_interfaces_delete"], **nic)
            act(vm["virtual_hard_disks_delete"], **disk)
            act(vm["marketplace_gallery_images_delete"], **image)
        assert lab.site.get_resource(machine) is None


def test_the_graph(judged: MakeJudged, operations: Any) -> None:
    row = operations["resourcegraph"]["resources"]
    with judged("small", MovableClock()) as lab:
        answer = lab.client.ask(row["method"], row["url"], {"query": "x"}, version="2021-03-01")
        assert answer.code == "InvalidQuery"
