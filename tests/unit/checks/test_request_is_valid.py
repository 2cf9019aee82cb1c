"""The rules of a request that came from anywhere: each defect blocks, and names its field."""

import msgspec
import pytest

from console.checks import run_on_snapshot
from console.checks.request_is_valid import wrong_parts
from console.model.finding import Severity
from console.model.inventory import Inventory
from console.model.request import (
    CreateVirtualMachine,
    DataDiskSpec,
    DomainJoinSpec,
    DynamicMemorySpec,
    NetworkInterfaceSpec,
    ProxySpec,
    VirtualMachineSpec,
)
from console.ui.wizard import flow

SPEC = VirtualMachineSpec(
    "web-77", "s", "g", "westeurope", "c", admin_username="grace", computer_name="web-77",
    network_interfaces=(NetworkInterfaceSpec("web-77-nic", "/net"),),
)  # fmt: skip
NIC = SPEC.network_interfaces[0]
JOIN = DomainJoinSpec("contoso.example", "joiner@contoso.example")


def test_a_plain_request_is_valid() -> None:
    assert wrong_parts(SPEC, "10.0.26100.1742") == {}


@pytest.mark.parametrize(
    ("change", "field", "words"),
    [
        ({"name": ""}, "name", "Give the VM a name"),
        ({"name": "Web"}, "name", "lower-case"),
        ({"processors": 0}, "processors", "Choose 1 to 2048"),
        ({"memory_mib": 0}, "memory_gib", "Choose 1 to"),
        ({"dynamic_memory": DynamicMemorySpec(9 * 1024, 16384)}, "memory_minimum_gib", "8 GiB"),
        ({"dynamic_memory": DynamicMemorySpec(1024, 4096)}, "memory_maximum_gib", "8 GiB"),
        ({"dynamic_memory": DynamicMemorySpec(1024, 16384, 4)}, "memory_buffer", "5 to 2000"),
        ({"dynamic_memory": DynamicMemorySpec(0, 16384)}, "memory_minimum_gib", "Choose 1"),
        ({"data_disks": (DataDiskSpec("-x", 5),)}, "data_disks", "begin and end"),
        ({"data_disks": (DataDiskSpec("x", 0),)}, "data_disks", "Choose 1 to"),
        ({"data_disks": (DataDiskSpec("x" * 65, 5),)}, "data_disks", "64 are allowed"),
        (
            {"data_disks": (DataDiskSpec(existing_id="/D"), DataDiskSpec(existing_id="/d"))},
            "existing_disks", "named twice",
        ),
        (
            {"data_disks": tuple(DataDiskSpec(existing_id=f"/{n}") for n in range(257))},
            "data_disks", "256 data disks at most",
        ),
        ({"admin_username": "root"}, "admin_username", "reserved"),
        ({"computer_name": "a_b"}, "computer_name", "hyphens"),
        ({"ssh_public_keys": ("x",), "os_type": "Linux"}, "ssh_keys", "no public key"),
        ({"domain_join": DomainJoinSpec("x", "a@b")}, "domain", "full name"),
        ({"domain_join": DomainJoinSpec("x.y", "a")}, "domain_user", "name@domain"),
        ({"domain_join": DomainJoinSpec("x.y", "a@b", "x")}, "organizational_unit", "OU="),
        ({"domain_join": JOIN, "os_type": "Linux"}, "joins_domain", "Only Windows"),
        ({"network_interfaces": ()}, "guest_management", "needs a network interface"),
        ({"network_interfaces": (NIC, NIC)}, "interface_id", "named twice"),
        (
            {"network_interfaces": tuple(NetworkInterfaceSpec(f"n{i}") for i in range(65))},
            "interface_id", "64 network interfaces",
        ),
        ({"dns_servers": ("10.0",)}, "dns_servers", "not an IP address"),
        ({"proxy": ProxySpec("x")}, "http_proxy", "http://host:port"),
        ({"proxy": ProxySpec("", "http://a:b@c:1")}, "https_proxy", "account"),
        ({"proxy": ProxySpec("", "", ("a",))}, "no_proxy", "no proxy"),
        ({"proxy": ProxySpec("http://p:1", "", ("a\u200b",))}, "no_proxy", "cannot be seen"),
        ({"proxy": ProxySpec("http://p:1", "", (), "x")}, "trusted_ca", "BEGIN CERTIFICATE"),
        ({"proxy": ProxySpec("", "", (), "x")}, "trusted_ca", "BEGIN CERTIFICATE"),
        ({"tags": {"a<b": "c"}}, "tags", "must not hold"),
        ({"tags": {"own\u0435r": "c"}}, "tags", "only looks like"),
    ],
)  # fmt: skip
def test_each_defect_blocks_at_its_field(change: dict[str, object], field: str, words: str) -> None:
    spec = msgspec.structs.replace(SPEC, **change)
    wrong = wrong_parts(spec, "10.0.26100.1742")
    assert words in wrong[field]
    assert set(wrong) <= set(flow.PAGE_OF), "the wizard has such a field"
    found = run_on_snapshot(["request_is_valid"], CreateVirtualMachine(spec), Inventory(), 0.0)
    assert {one.severity for one in found} == {Severity.BLOCKS}
    assert field in {one.field for one in found}


def test_keys_without_linux_are_refused() -> None:
    from tests.unit.checks.test_creation_rules import ED

    spec = msgspec.structs.replace(SPEC, ssh_public_keys=(ED,))
    assert "Windows" in wrong_parts(spec, "")["ssh_keys"]
