"""Over the lab's sockets: a node dies with its VMs and is told once, and once that it is back."""

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from console import app
from console.model.connection import ConnectionKind, ConnectionProfile
from console.model.node import NodeState
from console.model.operation import OperationState
from console.model.request import LiveMigrate
from console.ui.notifications import opening
from console.ui.notifications.notifier import Notifier
from console.ui.shell.page import Page
from tests.end_to_end.lab_process import Lab
from tests.end_to_end.opened_shell import opened_shell

pytestmark = pytest.mark.timeout(240)


class Shown:
    """In place of the desktop."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, str]] = []

    def show(self, title: str, text: str, target: str, *, is_critical: bool) -> None:
        self.shown.append((title, text))

    def close(self) -> None:
        pass


def as_real(lab: Lab) -> tuple[ConnectionProfile, dict[str, str]]:
    """The lab as any other cluster, so that no other lab is started for it."""
    profile, secrets = app.profile_of_lab(lab.endpoints)
    kind = ConnectionKind.AZURE_LOCAL
    return msgspec.structs.replace(profile, kind=kind, scenario=""), secrets


def wait(qtbot: QtBot, is_so: Callable[[], bool], seconds: float = 90) -> None:
    qtbot.waitUntil(is_so, timeout=int(seconds * 1000))


def is_calm(page: Page) -> bool:
    inventory, watch = page.store.inventory, page.window.health.watch
    wires = (inventory.arm.read_at, inventory.cluster_wire.read_at)
    is_read = len(inventory.vms) > 20 and None not in wires and not page.store.is_stored
    return is_read and watch.has_looked and watch._is_loaded


def test_a_node_dies_and_comes_back_and_each_is_told_once(
    lab: Lab, qapp: QApplication, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Notifier, "_is_looking", lambda _: False)
    shown = Shown()
    with opened_shell(tmp_path, qapp) as opened:
        notifier = opening.begin(tmp_path, opened, shown)
        opened.open_profile(*as_real(lab))
        page = opened.shell.current

        def state_of(name: str) -> NodeState:
            return page.store.inventory.nodes[name].state

        def vms_on(name: str) -> int:
            return sum(vm.owner_node == name for vm in page.store.inventory.vms.values())

        wait(qtbot, lambda: notifier._is_loaded and is_calm(page))
        assert shown.shown == []
        lab.fault("node_down", name="LAB-N4")
        wait(qtbot, lambda: state_of("LAB-N4") is NodeState.DOWN)
        wait(qtbot, lambda: len(shown.shown) == 1)
        assert shown.shown[0][0].startswith("LAB-N4 is down")
        # Its VMs start elsewhere meanwhile; none of that is another cause.
        wait(qtbot, lambda: vms_on("LAB-N4") == 0)
        lab.fault("node_up", name="LAB-N4")
        wait(qtbot, lambda: state_of("LAB-N4") is NodeState.UP)
        wait(qtbot, lambda: len(shown.shown) == 2)
        assert shown.shown[1][0] == f"Over: {shown.shown[0][0]}"
        qtbot.wait(4000)
        assert len(shown.shown) == 2, shown.shown


def test_an_operation_that_is_stopped_by_a_check_is_told_once(
    lab: Lab, qapp: QApplication, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Notifier, "_is_looking", lambda _: False)
    shown = Shown()
    with opened_shell(tmp_path, qapp) as opened:
        notifier = opening.begin(tmp_path, opened, shown)
        opened.open_profile(*as_real(lab))
        page = opened.shell.current
        wait(qtbot, lambda: notifier._is_loaded and is_calm(page))
        vm = page.store.inventory.vm_named("app-01")
        assert vm is not None
        assert vm.owner_node is not None
        source = vm.owner_node
        target = next(name for name in page.store.inventory.nodes if name != source)
        lab.ask("fault", name="missing_function", args={"name": "Start-TlcLiveMigration"})
        name = page.bridge.submit(LiveMigrate(vm.key, vm.name, source, target))
        wait(qtbot, lambda: name in page.store.operations)
        wait(qtbot, lambda: page.store.operations[name].is_over)
        assert page.store.operations[name].state is OperationState.BLOCKED
        wait(qtbot, lambda: len(shown.shown) == 1, 10)
        assert shown.shown[0][0].endswith(": Blocked")
        assert "app-01" in shown.shown[0][0]
