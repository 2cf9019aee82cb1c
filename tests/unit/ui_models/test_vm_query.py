"""What a line typed over the VM table finds: words, fields, numbers, and what nobody told."""

import pytest

from console.health import HealthLevel
from console.model.virtual_machine import (
    AzureFacts,
    ClusterFacts,
    PowerState,
    VirtualMachine,
    VmKind,
    VmMetrics,
)
from console.ui.models import vm_query
from console.ui.models.vm_columns import BY_ID, FIGURES, haystack

VM = VirtualMachine(
    "0000-aaaa",
    "sql-01",
    VmKind.AZURE_LOCAL,
    cluster=ClusterFacts(
        "0000-aaaa", "LAB-N1", PowerState.RUNNING, addresses=("10.0.0.7",), memory_mib=16384
    ),
    azure=AzureFacts(
        arm_id="/subscriptions/s/vms/sql-01",
        admin_username="ada",
        tags={"env": "prod", "Owner": "Grace"},
    ),
    metrics=VmMetrics(82, 16384, 9000, 2048, None),
)
SILENT = VirtualMachine("key-off", "off-01", VmKind.UNMANAGED)


def finds(text: str, vm: VirtualMachine = VM, level: HealthLevel = HealthLevel.CRITICAL) -> bool:
    return vm_query.fits(vm_query.parse(text), vm, haystack(vm), lambda _: level)


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("", True),
        ("SQL 10.0", True),
        ("sql 10.1", False),
        ("node:lab-n1", True),
        ("node:n1 name:sql", True),
        ("-node:n1", False),
        ('node:"lab-n1"', True),
        ('node:"n1"', False),
        ("state:running", True),
        ("tag:env=prod owner:grace", True),
        ("tag:env=test", False),
        ("-tag:env=test", True),
        ("user:ada ip:10.0.0", True),
        ("id:0000-AAAA", True),
        ("/subscriptions/s/vms/sql-01", True),
        ("cpu:>80", True),
        ("cpu:>82", False),
        ("cpu:>=82", True),
        ("cpu:82", True),
        ("cpu:<10", False),
        ("memory:16", True),
        ("memory:>16", False),
        ("network:>1.5", True),
        ("storage:>0", False),
        ("storage:<1", False),
        ("cpu:much", False),
        ("health:red", True),
        ("health:critical", True),
        ("health:green", False),
        ("health:notable", True),
        ("no-such-field:1", False),
        ("nosuch:1 sql", False),
        ("kind:azure security:not", True),
    ],
)
def test_what_is_found(text: str, is_found: bool) -> None:
    assert finds(text) is is_found


def test_what_nobody_told_is_neither_more_nor_less() -> None:
    for name in FIGURES:
        if name in vm_query.FIELDS:
            assert not finds(f"{name}:>=0", SILENT)
            assert not finds(f"{name}:<=0", SILENT)
    assert not finds("user:a", SILENT)
    assert not finds("address:1", SILENT)


def test_every_field_has_a_column_or_an_answer_of_its_own() -> None:
    for name, column in vm_query.FIELDS.items():
        finds(f"{name}:x")
        assert column in BY_ID or column in ("id", "owner", "level")


def test_an_unknown_field_is_named() -> None:
    assert vm_query.parse("colour:red sql").unknown == ("colour",)
