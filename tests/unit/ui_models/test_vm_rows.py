"""Search, filter and sort of the VM table, without Qt."""

import msgspec
import pytest

from console.model.inventory import Inventory
from console.model.snapshot import ClusterInfo, ClusterSnapshot, SnapshotDelta
from console.model.virtual_machine import (
    AzureFacts,
    ClusterFacts,
    PowerState,
    VirtualMachine,
    VmKind,
    VmMetrics,
)
from console.ui.models.vm_columns import COLUMNS, natural
from console.ui.models.vm_rows import VmRows


def a_vm(name: str, node: str = "N1", cpu: int | None = None, **azure: object) -> VirtualMachine:
    return VirtualMachine(
        key=f"key-{name}",
        name=name,
        kind=VmKind.AZURE_LOCAL,
        cluster=ClusterFacts(f"key-{name}", node, PowerState.RUNNING, addresses=("10.0.0.7",)),
        azure=AzureFacts(arm_id=f"/subscriptions/s/{name}", **azure),
        metrics=VmMetrics(cpu_percent=cpu) if cpu is not None else None,
    )


@pytest.fixture
def inventory() -> Inventory:
    vms = (
        a_vm("vm-10", cpu=3),
        a_vm("vm-2", node="N2", cpu=70, tags={"owner": "Grace"}),
        a_vm("Sql-1", admin_username="ada"),
    )
    return Inventory(ClusterSnapshot(ClusterInfo("c"), vms=vms))


def names(rows: VmRows, inventory: Inventory) -> list[str]:
    return [inventory.vms[key].name for key in rows.visible]


def test_names_sort_as_people_count(inventory: Inventory) -> None:
    assert names(VmRows(inventory), inventory) == ["Sql-1", "vm-2", "vm-10"]


def test_a_vm_without_a_figure_sorts_last_either_way(inventory: Inventory) -> None:
    rows = VmRows(inventory)
    rows.sort_by("cpu")
    assert names(rows, inventory) == ["vm-10", "vm-2", "Sql-1"]
    rows.sort_by("cpu", is_descending=True)
    assert names(rows, inventory) == ["vm-2", "vm-10", "Sql-1"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("grace", ["vm-2"]),
        ("ADA", ["Sql-1"]),
        ("10.0.0.7 n2", ["vm-2"]),
        ("n2 vm", ["vm-2"]),
        ("nowhere", []),
        ("  ", ["Sql-1", "vm-2", "vm-10"]),
    ],
)
def test_every_word_must_be_found(inventory: Inventory, text: str, found: list[str]) -> None:
    rows = VmRows(inventory)
    rows.search(text)
    assert names(rows, inventory) == found


def test_rows_keep_their_place_while_data_change(inventory: Inventory) -> None:
    rows = VmRows(inventory)
    rows.sort_by("cpu")
    busy = msgspec.structs.replace(inventory.vms["key-vm-10"], metrics=VmMetrics(cpu_percent=99))
    inventory.apply(SnapshotDelta(upserted=(busy, a_vm("new-1")), removed=("key-Sql-1",)))
    rows.changed([busy.key, "key-new-1", "key-Sql-1"])
    assert names(rows, inventory) == ["vm-10", "vm-2", "new-1"]


def test_a_changed_vm_that_no_longer_fits_leaves(inventory: Inventory) -> None:
    rows = VmRows(inventory)
    rows.search("n2")
    inventory.apply(SnapshotDelta(upserted=(a_vm("vm-2", node="N3"),)))
    rows.changed(["key-vm-2"])
    assert names(rows, inventory) == []


def test_an_unknown_column_is_refused(inventory: Inventory) -> None:
    with pytest.raises(KeyError):
        VmRows(inventory).sort_by("colour")


def test_every_column_tells_a_vm_that_only_azure_knows() -> None:
    vm = VirtualMachine("k", "n", VmKind.AZURE_LOCAL, azure=AzureFacts(arm_id="/x"))
    told = {column.id: column.text(vm) for column in COLUMNS}
    assert told["node"] == "not on the cluster"
    assert told["secure_boot"] == told["vtpm"] == told["security"] == "not known"


def test_natural_order() -> None:
    assert sorted(["a10", "a9", "A1", "b"], key=natural) == ["A1", "a9", "a10", "b"]
