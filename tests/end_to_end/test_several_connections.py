"""Two connections open in one window: workers, journals, secrets and ends of their own."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QListWidget
from pytestqt.qtbot import QtBot

from console.channel.messages import Open
from console.channel.window_end import WorkerLink
from console.model.operation import OperationState
from console.ui.forms.choose_node import ChooseNode
from console.ui.one_window import ask_to_raise
from console.ui.shell.open_connections import OpenConnections
from console.ui.shell.page import Page
from tests.end_to_end.lab_process import REPOSITORY
from tests.end_to_end.opened_shell import opened_shell, tab_named

pytestmark = pytest.mark.timeout(240)
S = OperationState


def wait(qtbot: QtBot, is_so: Callable[[], bool], seconds: float = 60) -> None:
    qtbot.waitUntil(is_so, timeout=int(seconds * 1000))


def is_read(page: Page) -> bool:
    inventory = page.store.inventory
    wires = (inventory.arm.read_at, inventory.cluster_wire.read_at)
    return len(inventory.vms) > 20 and None not in wires and not page.store.is_stored


def move_with_keys(opened: OpenConnections, page: Page, name: str, qtbot: QtBot) -> str:
    """Ctrl+M on this VM, to the first other node; the VM's key."""
    vm = page.store.inventory.vm_named(name)
    assert vm is not None
    window = page.window
    opened.shell.activateWindow()
    wait(qtbot, opened.shell.isActiveWindow, 10)
    window.map.select({vm.key}, cursor=vm.key)
    QTest.keyClick(window.map, Qt.Key.Key_M, Qt.KeyboardModifier.ControlModifier)
    dialog = window.findChild(ChooseNode)
    assert dialog is not None
    nodes = dialog.findChild(QListWidget, "nodes")
    assert nodes is not None
    target = next(n for n in page.store.inventory.nodes if n != vm.owner_node)
    row = next(at for at in range(nodes.count()) if nodes.item(at).text().startswith(target))
    nodes.setCurrentRow(row)
    QTest.keyClick(nodes, Qt.Key.Key_Return)
    return vm.key


def operations_in(home: Path) -> set[str]:
    """Whose operations this journal holds."""
    with sqlite3.connect(f"file:{home / 'journal.sqlite'}?mode=ro", uri=True) as connection:
        return {row[0] for row in connection.execute("SELECT connection_id FROM operation")}


def test_one_acts_while_the_others_worker_is_killed(
    tmp_path: Path, qapp: QApplication, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    openings: list[Open] = []
    start = WorkerLink.start

    def recorded(self: WorkerLink, opening: Open | None = None) -> None:
        if opening is not None:
            openings.append(opening)
        start(self, opening)

    monkeypatch.setattr(WorkerLink, "start", recorded)
    before = set(psutil.Process().children(recursive=True))
    with opened_shell(tmp_path, qapp, scenario="small") as opened:
        first = opened.shell.current
        wait(qtbot, lambda: is_read(first))
        opened.open_named("", "degraded")
        second = opened.shell.current
        wait(qtbot, lambda: is_read(second))
        assert first.bridge.worker_pid != second.bridge.worker_pid
        assert first.session.home != second.session.home

        # -- each worker was given its own secrets and no other's ------------------------------
        assert [one.profile.id for one in openings] == ["lab-small", "lab-degraded"]
        ours, theirs = (set(one.secrets.values()) for one in openings)
        assert len(ours) == len(theirs) == 2
        assert not ours & theirs

        # -- act in one, kill the other's worker -----------------------------------------------
        opened.shell.step(1)
        assert opened.shell.current is first
        move_with_keys(opened, first, "app-05", qtbot)
        wait(qtbot, lambda: bool(first.store.operations), 10)
        pid = second.bridge.worker_pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        wait(qtbot, lambda: second.bridge.worker_fault is not None, 10)
        strip = opened.shell.strip
        assert strip is not None
        at = opened.shell.pages.index(second)
        wait(qtbot, lambda: "stopped" in strip.bar.accessibleTabName(at), 5)
        assert first.bridge.worker_fault is None
        assert second.store.inventory.vms  # what was read last stays on the screen
        wait(qtbot, lambda: next(iter(first.store.operations.values())).is_over, 90)
        assert [one.state for one in first.store.operations.values()] == [S.SUCCEEDED]
        assert not second.store.operations
        wait(qtbot, lambda: second.bridge.worker_pid not in (None, pid), 20)
        wait(qtbot, lambda: second.bridge.is_ready and is_read(second), 60)
        assert operations_in(first.session.home) == {"lab-small"}
        assert operations_in(second.session.home) == set()

        # -- leaving one keeps the other -------------------------------------------------------
        gone = psutil.Process(second.bridge.worker_pid)
        opened.close([second])
        wait(qtbot, lambda: not gone.is_running(), 15)
        assert opened.shell.pages == [first]
        assert first.bridge.is_ready
        assert not strip.isVisible()
        opened.do("reconnect", first)
        assert not first.bridge.is_ready
        wait(qtbot, lambda: first.bridge.is_ready, 30)
        wait(qtbot, lambda: bool(first.store.operations), 10)  # its history is there again
    assert set(psutil.Process().children(recursive=True)) <= before


def test_a_restart_opens_both_again_in_their_order(
    tmp_path: Path, qapp: QApplication, qtbot: QtBot
) -> None:
    with opened_shell(tmp_path, qapp, scenario="small") as opened:
        first = opened.shell.current
        wait(qtbot, lambda: is_read(first))
        opened.open_named("", "degraded")
        wait(qtbot, lambda: is_read(opened.shell.current))
        homes = [page.session.home for page in opened.shell.pages]
    with opened_shell(tmp_path, qapp) as opened:
        shell = opened.shell
        wait(qtbot, lambda: len(shell.pages) == 2)
        assert [page.name for page in shell.pages] == ["Lab (small)", "Lab (degraded)"]
        assert shell.current.name == "Lab (degraded)"
        hidden = tab_named(opened, "Lab (small)")
        # What was known is there before it is read; both are read in the end.
        assert len(hidden.store.inventory.vms) > 20
        wait(qtbot, lambda: is_read(shell.current))
        wait(qtbot, lambda: is_read(hidden))
        assert shell.current.name == "Lab (degraded)"
        assert [page.session.home for page in shell.pages] == homes


def test_a_frozen_worker_holds_up_neither_the_window_nor_the_other_tab(
    tmp_path: Path, qapp: QApplication, qtbot: QtBot
) -> None:
    with opened_shell(tmp_path, qapp, scenario="small") as opened:
        first = opened.shell.current
        wait(qtbot, lambda: is_read(first))
        opened.open_named("", "degraded")
        second = opened.shell.current
        wait(qtbot, lambda: is_read(second))
        frozen = psutil.Process(second.bridge.worker_pid)
        frozen.suspend()
        try:
            began = time.monotonic()
            opened.close([second])
            assert opened.shell.pages == [first]
            assert time.monotonic() - began < 1.0
            move_with_keys(opened, first, "app-05", qtbot)
            wait(qtbot, lambda: not frozen.is_running(), 15)
        finally:
            if frozen.is_running():
                frozen.resume()
        wait(qtbot, lambda: bool(first.store.operations), 10)
        wait(qtbot, lambda: next(iter(first.store.operations.values())).is_over, 90)
        assert [one.state for one in first.store.operations.values()] == [S.SUCCEEDED]


def test_a_lab_that_died_is_started_again_by_reconnecting(
    tmp_path: Path, qapp: QApplication, qtbot: QtBot
) -> None:
    with opened_shell(tmp_path, qapp, scenario="small") as opened:
        page = opened.shell.current
        wait(qtbot, lambda: is_read(page))
        (lab,) = (one for one in psutil.Process().children() if "lab" in one.cmdline())
        lab.kill()
        wait(qtbot, lambda: page.session._lab_is_gone, 15)
        before = page.store.inventory.cluster_wire.read_at
        opened.do("reconnect", page)
        wait(qtbot, lambda: page.bridge.is_ready, 30)
        wait(
            qtbot,
            lambda: (
                (page.store.inventory.cluster_wire.read_at or 0) > (before or 0)
                and not page.store.inventory.cluster_wire.is_down
            ),
            60,
        )


def test_a_second_start_with_another_connection_adds_a_tab(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "console", "--state-folder", str(tmp_path), "--lab"]
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    first = subprocess.Popen(command, cwd=REPOSITORY, env=environment, stderr=subprocess.DEVNULL)
    try:
        assert ask_to_raise(tmp_path, "", "", 30.0) is not None
        second = subprocess.run(
            [*command, "--scenario", "degraded"],
            cwd=REPOSITORY, env=environment, capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
        assert "It was asked to open that connection too" in second.stdout
        deadline = time.monotonic() + 30
        while (known := _tabs(tmp_path)) != ["lab-small", "lab-degraded"]:
            assert time.monotonic() < deadline, known
            time.sleep(0.1)
        assert first.poll() is None
        shows = ask_to_raise(tmp_path, "", "", 5.0)
        assert shows is not None
        assert shows.startswith("Lab (degraded)")
        # What is open already comes to the front and is not opened again.
        subprocess.run(command, cwd=REPOSITORY, env=environment, timeout=60, check=True)
        assert _tabs(tmp_path) == ["lab-small", "lab-degraded"]
    finally:
        children = psutil.Process(first.pid).children(recursive=True)
        first.terminate()
        first.wait(20)
        _, alive = psutil.wait_procs(children, timeout=20)
        assert not alive


def _tabs(folder: Path) -> list[str]:
    try:
        read = json.loads((folder / "settings.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    return [tab["profile"] for tab in read["open_tabs"]]
