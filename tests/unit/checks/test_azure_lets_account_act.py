"""A right that is missing in Azure blocks that act on VMs of that group, and says whom to ask."""

import msgspec
import pytest

from console.checks import run_on_snapshot
from console.lab.world.clock import MovableClock
from console.lab.world.scenarios import make_site
from console.model.finding import Severity
from console.model.freshness import Wire
from console.model.inventory import Inventory
from console.model.request import ChangePowerState, DeleteVirtualMachine, PowerAction
from console.model.site import AzureRights
from tests.world_backend import WorldBackend

CHECK = ("azure_lets_account_act",)


@pytest.fixture
async def inventory() -> Inventory:
    made = Inventory()
    backend = WorldBackend(make_site("small", MovableClock()))
    made.replace(await backend.read_snapshot(frozenset(Wire)))
    return made


def rights(inventory: Inventory, *missing: str, scope: str = "") -> str:
    """The key of a VM that Azure knows; its group lacks these."""
    vm = next(vm for vm in inventory.vms.values() if vm.azure is not None)
    assert vm.azure is not None
    group = scope or "/".join(vm.azure.arm_id.lower().split("/")[:5])
    told = (AzureRights(group, missing),)
    inventory.site = msgspec.structs.replace(inventory.site, rights=told)
    return vm.key


def test_what_is_missing_blocks_and_says_whom_to_ask(inventory: Inventory) -> None:
    key = rights(inventory, "stop")
    (finding,) = run_on_snapshot(CHECK, ChangePowerState(key, "x", PowerAction.STOP), inventory, 0)
    assert finding.severity is Severity.BLOCKS
    assert "may not stop" in finding.text
    assert "Ask an owner" in finding.remedy


def test_what_is_not_missing_is_not_spoken_of(inventory: Inventory) -> None:
    key = rights(inventory, "stop")
    for request in (
        ChangePowerState(key, "x", PowerAction.START),
        DeleteVirtualMachine(key, "x"),
    ):
        assert run_on_snapshot(CHECK, request, inventory, 0) == ()


def test_another_group_s_rights_say_nothing(inventory: Inventory) -> None:
    key = rights(inventory, "delete", scope="/subscriptions/x/resourcegroups/rg")
    assert run_on_snapshot(CHECK, DeleteVirtualMachine(key, "x"), inventory, 0) == ()


def test_a_group_whose_name_begins_alike_is_another(inventory: Inventory) -> None:
    vm = next(vm for vm in inventory.vms.values() if vm.azure is not None)
    assert vm.azure is not None
    group = "/".join(vm.azure.arm_id.lower().split("/")[:5])
    key = rights(inventory, "delete", scope=group[:-1])
    assert run_on_snapshot(CHECK, DeleteVirtualMachine(key, "x"), inventory, 0) == ()
