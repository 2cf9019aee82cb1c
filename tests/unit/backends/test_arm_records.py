"""ARM's rows from literal JSON: needed fields, broken rows, unchanged bytes."""

import json
from typing import Any

import msgspec

from console.backends.azure_local import arm_records, arm_rows
from console.backends.azure_local.arm_records import AzureVm
from console.backends.azure_local.row_cache import RowCache
from console.backends.azure_local.translate import WordReader
from console.model.freshness import FaultCode
from console.model.site import ImageReference, ImageState
from console.model.virtual_machine import PowerState, ProvisioningState, SecurityType

GROUP = "/subscriptions/s/resourceGroups/g/providers"
SIZE = {"sizeInMB": 9}
POOL = {"start": "10.0.0.4", "end": "10.0.0.9"}
VM: dict[str, Any] = {
    "id": f"{GROUP}/Microsoft.HybridCompute/machines/vm1",
    "name": "vm1",
    "tags": {"owner": "ann"},
    "arcStatus": "Connected",
    "customLocation": f"{GROUP}/Microsoft.ExtendedLocation/customLocations/cl1",
    "properties": {
        "hardwareProfile": {"vmSize": "Custom", "processors": 4, "memoryMB": 8192,
                            "dynamicMemoryConfig": {"maximumMemoryMB": 16384}},
        "securityProfile": {"securityType": "TrustedLaunch", "enableTPM": True,
                            "uefiSettings": {"secureBootEnabled": True}},
        "osProfile": {"computerName": "VM1", "adminUsername": "azureuser"},
        "storageProfile": {"imageReference": {"id": "image"}, "dataDisks": [{"id": "disk"}],
                           "osDisk": {"osType": "Windows"}, "vmConfigStoragePathId": "path"},
        "networkProfile": {"networkInterfaces": [{"id": "nic"}]},
        "provisioningState": "Succeeded",
        "status": {"powerState": "Running"},
        "hyperVVmId": "ABCDEF00-0000-0000-0000-000000000001",
        "hostNodeName": "n1",
    },
}  # fmt: skip


def read(*rows: Any, words: WordReader | None = None) -> tuple[Any, Any]:
    cache = vm_cache()
    return cache.read([msgspec.Raw(json.dumps(rows).encode())], words or WordReader(5.0))


def vm_cache() -> RowCache[Any, AzureVm]:
    return RowCache(arm_rows.GraphVm, arm_records.azure_vm, "List VMs")


def test_a_trusted_launch_vm() -> None:
    ((vm,), faults) = read(VM)
    facts = vm.facts
    assert faults == ()
    assert facts.vm_id == "abcdef00-0000-0000-0000-000000000001"
    assert (facts.security, facts.secure_boot, facts.vtpm) == (
        SecurityType.TRUSTED_LAUNCH, True, True,
    )  # fmt: skip
    assert (facts.power, facts.provisioning) == (PowerState.RUNNING, ProvisioningState.SUCCEEDED)
    assert (facts.memory_mib, facts.has_dynamic_memory, facts.host_node) == (8192, True, "n1")
    assert (facts.network_interface_ids, facts.data_disk_ids) == (("nic",), ("disk",))
    assert (facts.tags, facts.read_at) == ({"owner": "ann"}, 5.0)


def test_without_a_security_type_it_is_a_standard_vm_and_without_instance_unknown() -> None:
    plain = {**VM, "properties": {**VM["properties"], "securityProfile": {"enableTPM": True}}}
    machine = {**VM, "properties": None}
    ((standard, bare), _) = read(plain, machine)
    assert standard.facts.security is SecurityType.STANDARD
    assert bare.facts.security is SecurityType.UNKNOWN
    assert bare.facts.agent_status == "Connected"


def test_one_broken_row_does_not_hide_the_others() -> None:
    broken = {**VM, "name": 7}
    (vms, (fault,)) = read(VM, broken, VM)
    assert len(vms) == 2
    assert fault.code is FaultCode.MALFORMED
    assert fault.is_partial
    assert "1 of 3" in fault.summary


def test_equal_bytes_are_the_same_object_and_unknown_words_are_told_each_time() -> None:
    odd = {**VM, "properties": {**VM["properties"], "status": {"powerState": "Levitating"}}}
    raw = [msgspec.Raw(json.dumps([VM, odd]).encode())]
    cache = vm_cache()
    first, _ = cache.read(raw, WordReader(1.0))
    words = WordReader(2.0)
    second, _ = cache.read(raw, words)
    assert second[0] is first[0]
    assert second[1].facts.power is PowerState.UNKNOWN
    assert [fault.code for fault in words.faults()] == [FaultCode.UNKNOWN_WORD]


def test_images() -> None:
    body = {
        "osType": "Windows",
        "hyperVGeneration": "V2",
        "identifier": {"publisher": "p", "offer": "o", "sku": "k"},
        "version": {"name": "1.2", "properties": {"storageProfile": {"osDiskImage": SIZE}}},
        "provisioningState": "InProgress",
        "status": {"progressPercentage": 40},
    }  # fmt: skip
    market = arm_rows.ImageResource(
        f"{GROUP}/Microsoft.AzureStackHCI/marketplaceGalleryImages/i", "i"
    )
    market.properties = msgspec.convert(body, arm_rows.ImageProperties)
    image = arm_records.image(market, WordReader())
    assert image.reference == ImageReference("p", "o", "k", "1.2")
    assert (image.state, image.progress_percent, image.size_mib) == (ImageState.DOWNLOADING, 40, 9)
    market.id = f"{GROUP}/Microsoft.AzureStackHCI/galleryImages/i"
    assert arm_records.image(market, WordReader()).reference is None


def test_a_logical_network() -> None:
    body = {
        "vmSwitchName": "sw",
        "dhcpOptions": {"dnsServers": ["10.0.0.1"]},
        "subnets": [{"properties": {"addressPrefix": "10.0.0.0/24", "ipAllocationMethod": "Static",
                                    "vlan": 7, "ipPools": [POOL]}}],
    }  # fmt: skip
    row = arm_rows.LogicalNetworkResource(
        "id", "net", msgspec.convert(body, arm_rows.LogicalNetworkProperties)
    )
    network = arm_records.logical_network(row, WordReader())
    assert (network.is_static, network.vlan, network.switch_name) == (True, 7, "sw")
    assert [(pool.start, pool.end) for pool in network.pools] == [("10.0.0.4", "10.0.0.9")]
