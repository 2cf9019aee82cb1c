"""A creation that fails half-way through the real wires, cleaned up from the drawer: 0 orphans."""

import os
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from console.model.operation import OperationState
from console.model.request import CleanUpCreation, CreateVirtualMachine
from console.ui.main_window import MainWindow
from tests.end_to_end.lab_process import Lab
from tests.end_to_end.test_main_job import create_with_keys, record_of, wait_for_nodes

pytestmark = [pytest.mark.xvfb, pytest.mark.timeout(240)]


def button(window: MainWindow, name: str) -> QPushButton:
    found = window.findChild(QPushButton, f"operation_{name}")
    assert found is not None
    return found


def keep_picture(window: MainWindow, name: str) -> None:
    folder = os.environ.get("TLC_PICTURES")
    if folder:
        window.screen().grabWindow(0).save(str(Path(folder) / f"{name}.png"))


def test_what_a_failed_creation_left_is_cleaned_up(
    window: MainWindow, lab: Lab, qtbot: QtBot
) -> None:
    wait_for_nodes(window, qtbot)
    inventory = window._store.inventory
    before = {one.arm_id for one in inventory.site.network_interfaces}
    lab.fault("creation_fails_at", phase="DiskCopy")
    create_with_keys(window, qtbot, "half-1")
    qtbot.waitUntil(
        lambda: any(
            isinstance(r.request, CreateVirtualMachine) and r.is_over
            for r in window._store.operations.values()
        ),
        timeout=90_000,
    )
    failed = record_of(window, CreateVirtualMachine)
    assert failed.state is OperationState.FAILED
    assert failed.fault is not None
    assert "DiskCopyFailed" in failed.fault.detail
    qtbot.waitUntil(
        lambda: {one.arm_id for one in inventory.site.network_interfaces} != before, timeout=60_000
    )
    lab.fault("creation_fails_at", phase="")

    window.drawer.select(failed.id)
    qtbot.waitUntil(button(window, "clean_up").isEnabled, timeout=5_000)
    keep_picture(window, "failed")
    button(window, "clean_up").setFocus()
    QTest.keyClick(button(window, "clean_up"), Qt.Key.Key_Space)
    qtbot.waitUntil(
        lambda: any(box.isVisible() for box in window.findChildren(QMessageBox)), timeout=20_000
    )
    box = next(box for box in window.findChildren(QMessageBox) if box.isVisible())
    for part in ("VM half-1", "Arc machine half-1", "network interface half-1-nic"):
        assert f"Will be deleted: {part}" in box.text()
    QTest.qWait(300)
    keep_picture(window, "asked")
    QTest.keyClick(box, Qt.Key.Key_Return)
    qtbot.waitUntil(
        lambda: any(
            isinstance(r.request, CleanUpCreation) and r.is_over
            for r in window._store.operations.values()
        ),
        timeout=60_000,
    )
    cleaned = record_of(window, CleanUpCreation)
    assert cleaned.state is OperationState.SUCCEEDED, (cleaned.fault, cleaned.result)
    qtbot.waitUntil(
        lambda: {one.arm_id for one in inventory.site.network_interfaces} == before, timeout=60_000
    )
    assert inventory.vm_named("half-1") is None
    window.drawer.select(cleaned.id)
    headline = window.findChild(QLabel, "operation_headline")
    assert headline is not None
    qtbot.waitUntil(lambda: "is left in Azure" in headline.text(), timeout=5_000)
    keep_picture(window, "cleaned")
