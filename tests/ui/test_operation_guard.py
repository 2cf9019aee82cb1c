"""Menus say what the runner does: the same table, asked by both; the impossible is explained."""

from typing import Any

import msgspec
import pytest
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from console.catalog import load_operation_policy
from console.checks import run_all
from console.checks.platform_allows import ID, policy_kind, refusal
from console.lab.world.clock import MovableClock
from console.lab.world.scenarios import make_site
from console.model.finding import Severity, Verdict, verdict_of
from console.model.freshness import Wire
from console.model.inventory import Inventory
from console.model.request import (
    ChangePowerState,
    DeleteVirtualMachine,
    LiveMigrate,
    MoveMethod,
    PowerAction,
    Request,
)
from console.model.virtual_machine import VirtualMachine
from console.operations import BY_KIND, operation_for
from console.settings import Settings
from console.ui.actions import Actions
from console.ui.ask import Ask
from console.ui.elsewhere_menu import TITLE, ElsewhereMenu
from console.ui.store import Store
from console.worker.judging import Ruling, rule_on
from tests.ui.sample import snapshot
from tests.world_backend import WorldBackend

KINDS = {"TrustedLaunch": "app-05", "Unmanaged": "legacy-01", "ResourceBridge": "control-plane"}


@pytest.fixture
def store() -> Store:
    made = Store()
    made.replace(snapshot("small"))
    return made


class Told(Ask):
    """Reports land in a list instead of a window."""

    def __init__(self) -> None:
        self.reports: list[tuple[str, str]] = []

    def report(self, title: str, text: str, detail: str = "") -> Any:
        self.reports.append((title, text))


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def actions(store: Store, told: Told) -> Actions:
    return Actions(store, Any, told, Settings())  # type: ignore[arg-type]


def of_kind(inventory: Inventory, kind: str) -> VirtualMachine:
    return next(vm for vm in inventory.vms.values() if KINDS[kind] in vm.name)


def requests(vm: VirtualMachine, target: str) -> list[tuple[str, Request]]:
    """What a menu offers for one VM, by the id of its entry."""
    move = LiveMigrate(vm.key, vm.name, vm.owner_node or "", target)
    return [
        ("move_to_node", move),
        ("delete", DeleteVirtualMachine(vm.key, vm.name)),
        *((f"power_{action}", ChangePowerState(vm.key, vm.name, action)) for action in PowerAction),
    ]


@pytest.mark.parametrize("kind", KINDS)
async def test_the_menu_agrees_with_the_runner(kind: str, store: Store, actions: Actions) -> None:
    clock = MovableClock(1_800_000_000.0)
    backend = WorldBackend(make_site("small", clock))
    inventory = Inventory(await backend.read_snapshot(frozenset(Wire)))
    vm = of_kind(inventory, kind)
    target = next(node for node in inventory.nodes if node != vm.owner_node)
    entries = {entry.id: entry for entry in actions.entries}
    for name, request in requests(vm, target):
        findings = await run_all(
            operation_for(request).checks, request, inventory, backend, clock.now()
        )
        guarded = [each for each in findings if each.check == ID]
        refused = refusal(operation_for(request).kind, vm, inventory.cluster.release)
        assert guarded == ([refused] if refused is not None else []), name
        shown = actions.why_not_now(entries[name], [vm.key])
        if refused is not None:
            # However it was asked for, the runner refuses it.
            assert rule_on(findings, inventory, is_patient=True) is Ruling.REFUSE
            assert refused.text in shown, name
        elif name != "move_to_node":
            assert bool(shown) is (verdict_of(findings) is Verdict.CANNOT), name


def test_every_operation_is_guarded_by_the_policy() -> None:
    for kind, operation in BY_KIND.items():
        assert ID in operation.checks, kind


@pytest.mark.parametrize("method", MoveMethod)
async def test_the_bridge_is_moved_by_no_method(method: MoveMethod) -> None:
    backend = WorldBackend(make_site("small", MovableClock(1_800_000_000.0)))
    inventory = Inventory(await backend.read_snapshot(frozenset(Wire)))
    vm = of_kind(inventory, "ResourceBridge")
    request = LiveMigrate(vm.key, vm.name, vm.owner_node or "", "LAB-N4", method)
    findings = await run_all(
        operation_for(request).checks, request, inventory, backend, 1_800_000_000.0
    )
    assert [each.severity for each in findings if each.check == ID] == [Severity.BLOCKS]


def opened(menu: QMenu) -> ElsewhereMenu:
    (found,) = menu.findChildren(ElsewhereMenu)
    found.aboutToShow.emit()
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_not_possible_is_shown_disabled_and_explained(
    kind: str, store: Store, actions: Actions, told: Told, qtbot: QtBot
) -> None:
    menu = QMenu()
    qtbot.addWidget(menu)
    vm = of_kind(store.inventory, kind)
    actions.fill_menu(menu, [vm.key])
    shown = opened(menu)
    rows = [action for action in shown.actions() if action.text() and action.objectName() != "why"]
    policy = load_operation_policy()
    assert [row.objectName() for row in rows] == [
        name for name, operation in policy.operations.items() if not operation.plane
    ]
    for row in rows:
        rule = policy.rule(row.objectName(), policy_kind(vm), store.inventory.cluster.release)
        assert not row.isEnabled()
        assert rule.instead.split(".")[0] in row.toolTip()
    # By keys and for a screen reader: one entry that tells them all.
    (why,) = (action for action in shown.actions() if action.objectName() == "why")
    assert why.isEnabled()
    why.trigger()
    ((title, text),) = told.reports
    assert title == TITLE
    assert all(row.text() in text for row in rows)


def test_releases_change_what_is_said(store: Store, actions: Actions, qtbot: QtBot) -> None:
    vm = of_kind(store.inventory, "TrustedLaunch")
    said = []
    for release in ("2503", "2510"):
        cluster = msgspec.structs.replace(store.inventory.cluster, release=release)
        store.inventory.cluster = cluster
        menu = QMenu()
        qtbot.addWidget(menu)
        actions.fill_menu(menu, [vm.key])
        (row,) = (
            action for action in opened(menu).actions() if action.objectName() == "make_checkpoint"
        )
        said.append(row.toolTip())
    assert "2504" in said[0]
    assert "Hyper-V Manager" in said[1]
