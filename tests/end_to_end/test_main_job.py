"""The main job: create a Trusted launch VM in the wizard, see it, drag it, find it arrived."""

import contextlib
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from console.model.operation import OperationRecord, OperationState
from console.model.request import CreateVirtualMachine, LiveMigrate
from console.ui.main_window import MainWindow
from console.ui.wizard.create_vm_wizard import CreateVmWizard
from tests.end_to_end.lab_process import REPOSITORY, Lab

PASSWORD = "Canary-Passw0rd-1"
pytestmark = [pytest.mark.xvfb, pytest.mark.timeout(240)]


def record_of(window: MainWindow, kind: type) -> OperationRecord:
    """The newest operation of one kind."""
    found = [r for r in window._store.operations.values() if isinstance(r.request, kind)]
    assert found
    return found[-1]


def wait_for_nodes(window: MainWindow, qtbot: QtBot) -> None:
    inventory = window._store.inventory
    qtbot.waitUntil(lambda: len(inventory.nodes) == 4 and len(inventory.vms) > 50, timeout=30_000)
    qtbot.waitUntil(lambda: inventory.arm.read_at is not None, timeout=30_000)


def type_into(wizard: CreateVmWizard, name: str, text: str) -> None:
    target = wizard.findChild(QLineEdit, f"field_{name}")
    assert target is not None
    for _ in range(40):
        if QApplication.focusWidget() is target:
            break
        QTest.keyClick(QApplication.focusWidget() or wizard, Qt.Key.Key_Tab)
    assert QApplication.focusWidget() is target, QApplication.focusWidget()
    QTest.keyClicks(target, text)
    assert target.text() == text


def create_with_keys(window: MainWindow, qtbot: QtBot, name: str) -> None:
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=10_000)
    QTest.keyClick(window, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: window.findChild(CreateVmWizard) is not None)
    wizard = window.findChild(CreateVmWizard)
    assert wizard is not None
    qtbot.waitUntil(wizard.isActiveWindow, timeout=10_000)

    def forward() -> None:
        before = wizard.page_index
        QTest.keyClick(wizard, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
        qtbot.waitUntil(lambda: wizard.page_index == before + 1, timeout=5_000)

    type_into(wizard, "name", name)
    for _ in range(4):
        forward()
    type_into(wizard, "admin_username", "grace")
    type_into(wizard, "admin_password", PASSWORD)
    type_into(wizard, "admin_password_again", PASSWORD)
    for _ in range(3):
        forward()

    # Both planes are asked for real before anything can be created.
    def told() -> str:
        findings = wizard._review._findings
        texts = [findings.item(row).text() for row in range(findings.count())]
        return (
            f"page {wizard.page_index} {wizard._review._state.text()} {texts} {wizard.problems()}"
        )

    with contextlib.suppress(Exception):
        qtbot.waitUntil(wizard._create.isEnabled, timeout=20_000)
    assert wizard._create.isEnabled(), told()
    with qtbot.waitSignal(wizard.submitted, timeout=5_000):
        QTest.keyClick(wizard, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)


def wait_for_rest(window: MainWindow, key: str) -> None:
    """Notices come and go above the map, and shift it: a person waits, and scrolls to the tile."""
    viewport, deadline = window.map.viewport(), time.monotonic() + 30
    place, since = QPoint(), time.monotonic()
    while time.monotonic() - since < 1.5 and time.monotonic() < deadline:
        QTest.qWait(50)
        window.map._scroll_to(key)
        now = viewport.mapToGlobal(window.map.tile_rect(key).center())
        if now != place:
            place, since = now, time.monotonic()


def drag_with_the_mouse(window: MainWindow, key: str, node: str) -> None:
    """xdotool moves the X server's own pointer: nothing of Qt's test tools is in it."""
    viewport = window.map.viewport()
    wait_for_rest(window, key)
    start = viewport.mapToGlobal(window.map.tile_rect(key).center())
    seen = window.map.card_rect(node).intersected(viewport.rect())
    assert seen.height() > 60  # part of it is enough to drop on
    end = viewport.mapToGlobal(seen.center())
    words = ["mousemove", str(start.x()), str(start.y()), "sleep", "0.2", "mousedown", "1"]
    for step in range(1, 11):
        x = start.x() + (end.x() - start.x()) * step // 10
        y = start.y() + (end.y() - start.y()) * step // 10
        words += ["sleep", "0.06", "mousemove", str(x), str(y)]
    words += ["sleep", "0.4", "mouseup", "1"]
    mouse = subprocess.Popen(["xdotool", *words])
    deadline = time.monotonic() + 20
    while mouse.poll() is None and time.monotonic() < deadline:
        QTest.qWait(20)
    assert mouse.wait(5) == 0


def test_create_see_drag_and_verify(
    window: MainWindow, lab: Lab, qtbot: QtBot, tmp_path: Path
) -> None:
    wait_for_nodes(window, qtbot)
    window.move(20, 20)
    create_with_keys(window, qtbot, "e2e-vm-1")
    inventory = window._store.inventory
    qtbot.waitUntil(
        lambda: (vm := inventory.vm_named("e2e-vm-1")) is not None and vm.owner_node is not None,
        timeout=90_000,
    )
    qtbot.waitUntil(lambda: record_of(window, CreateVirtualMachine).is_over, timeout=90_000)
    created = record_of(window, CreateVirtualMachine)
    assert created.state is OperationState.SUCCEEDED, (created.fault, created.result)
    in_world = lab.ask("vm", name="e2e-vm-1")["vm"]
    assert in_world["isolation"] == "TrustedLaunch"
    assert in_world["secure_boot"] is True
    assert in_world["vtpm"] is True

    vm = inventory.vm_named("e2e-vm-1")
    assert vm is not None
    target = next(name for name in inventory.nodes if name != vm.owner_node)
    qtbot.waitUntil(lambda: not window.map.tile_rect(vm.key).isEmpty(), timeout=5_000)
    tpm_before = lab.ask("vm", name="e2e-vm-1")["vm"]["tpm_state"]
    assert tpm_before
    window.activateWindow()
    drag_with_the_mouse(window, vm.key, target)
    # The lab's cluster does not encrypt its moves: that is read, and then nobody asks any more.
    qtbot.waitUntil(window.ways.notes.isVisible, timeout=5_000)
    QTest.keyClick(window.findChild(QPushButton, "notes_move"), Qt.Key.Key_Space)
    qtbot.waitUntil(
        lambda: any(
            isinstance(r.request, LiveMigrate) and r.is_over
            for r in window._store.operations.values()
        ),
        timeout=60_000,
    )
    moved = record_of(window, LiveMigrate)
    assert moved.state is OperationState.SUCCEEDED, (moved.fault, moved.result)
    assert "vTPM state as before" in moved.result
    arrived = lab.ask("vm", name="e2e-vm-1")["vm"]
    assert arrived["owner"] == target
    assert arrived["state"] == "Running"
    assert arrived["tpm_state"] == tpm_before
    counters = lab.ask("counters")["counters"]
    assert counters[f"migrate:{vm.key}"] == 1
    assert counters["create:e2e-vm-1"] == 1
    qtbot.waitUntil(
        lambda: window.map.card_rect(target).contains(window.map.tile_rect(vm.key)), timeout=15_000
    )
    assert_no_canary(tmp_path)


def assert_no_canary(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            assert PASSWORD.encode() not in path.read_bytes(), path


def test_the_command_opens_a_window_and_leaves_in_order(tmp_path: Path) -> None:
    """``tlconsole --lab`` itself: its window appears, is asked to close, and all processes go."""
    process = subprocess.Popen(
        [sys.executable, "-m", "console", "--lab", "--state-folder", str(tmp_path)],
        cwd=REPOSITORY,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        found = subprocess.run(
            ["xdotool", "search", "--sync", "--onlyvisible", "--name", "Trusted launch console"],
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
        time.sleep(4)
        number = found.stdout.split()[0]
        quit_keys = ["windowactivate", "--sync", number, "key", "ctrl+q"]
        subprocess.run(["xdotool", *quit_keys], check=True, timeout=20)
        _out, errors = process.communicate(timeout=20)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
    assert "Traceback" not in errors
    assert list(tmp_path.glob("snapshot-*.msgpack")), "what was read is kept for the next start"


def test_focus_goes_to_a_real_widget(window: MainWindow, qtbot: QtBot) -> None:
    wait_for_nodes(window, qtbot)
    QTest.keyClick(window, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: isinstance(QApplication.focusWidget(), QWidget))
