"""A fleet over the lab's sockets: read, a cluster opened, a worker lost, known at next start."""

import functools
import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication

from console import app
from console.channel import stored_fleet
from console.model.freshness import FaultCode
from console.ui.main_window import MainWindow
from console.ui.session import OnGone, OnReady, Session
from console.ui.shell.open_connections import OpenConnections
from console.ui.shell.page_state import state_of
from tests.end_to_end.lab_process import Lab, running_lab
from tests.end_to_end.opened_shell import opened_shell


@pytest.fixture
def lab() -> Iterator[Lab]:
    with running_lab("fleet") as running:
        running.fault("graph_quota", value=100_000)
        yield running


@pytest.fixture
def opened(
    lab: Lab, tmp_path: Path, qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> Iterator[OpenConnections]:
    monkeypatch.setattr(app, "_start_lab", functools.partial(_LabThatRuns, lab))
    with opened_shell(tmp_path, qapp, scenario="fleet") as shell:
        yield shell


class _LabThatRuns:
    """In place of a lab of the window's own: one whose faults the test can set."""

    def __init__(
        self, lab: Lab, _scenario: str, _log: Path, on_ready: OnReady, _on_gone: OnGone
    ) -> None:
        on_ready(*app.profile_of_lab(lab.endpoints))

    def stop(self) -> None:
        return


def _own_cluster(lab: Lab) -> str:
    return str(lab.endpoints["cluster"]["arm_id"]).lower()


def test_a_cluster_of_the_fleet_opens_as_a_further_tab_while_the_fleet_is_read_on(
    opened: OpenConnections, lab: Lab, qtbot
) -> None:
    shell = opened.shell
    main, session = shell.current.window, shell.current.session
    wait(qtbot, lambda: session.fleet is not None)
    tab = session.fleet
    assert tab is not None
    store = tab.store
    wait(qtbot, lambda: store.count > 2_000)
    assert not main._store.inventory.vms  # nothing is asked of a cluster that nobody looks at
    arm_id = _own_cluster(lab)
    slot = next(s for s in range(store.size) if store.word("cluster", s) == arm_id)
    tab.page.list.activated.emit(slot)
    site = shell.current
    assert site.window is not main
    assert site.name == store.name_of_cluster(arm_id)
    assert site.is_lab
    wait(qtbot, lambda: site.store.inventory.cluster_wire.read_at is not None)
    wait(qtbot, lambda: store.texts["name"][slot] in _names(site.window))
    vm = site.store.inventory.vm_named(store.texts["name"][slot])
    assert vm is not None
    assert vm.owner_node == store.word("node", slot)
    assert not main._store.inventory.vms
    # The fleet's own worker read on meanwhile, into the same slots.
    wait(qtbot, lambda: store.count > 12_000)
    assert store.texts["name"][slot] == vm.name
    told = state_of(shell.pages[0])
    # However far it has read by now: on a busy machine that is further.
    found = re.fullmatch(r"Fleet: ([\d,]+) VMs, [\d,]+ critical\.", told.words)
    assert found is not None, told.words
    assert int(found[1].replace(",", "")) > 12_000
    assert (told.shape, told.token) == ("diamond", "critical")  # as its worst VM is
    # Asked for again, its tab comes to the front.
    shell.step(1)
    tab.page.list.activated.emit(slot)
    assert shell.current is site
    assert len(shell.pages) == 2
    pid = session._bridge.worker_pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait(qtbot, lambda: session._bridge.worker_pid not in (None, pid))
    known = store.count
    wait(qtbot, lambda: any(one.is_going_on for one in store.readings))
    assert store.count >= known  # a worker that died takes nothing off the screen
    assert site.bridge.is_ready
    assert site.bridge.worker_fault is None


def _names(main: MainWindow) -> set[str]:
    return {vm.name for vm in main._store.inventory.vms.values() if vm.owner_node}


def test_faults_are_told_of_their_part_and_the_next_start_knows_the_fleet(
    lab: Lab, tmp_path: Path, qapp: QApplication, qtbot
) -> None:
    denied = lab.endpoints["fleet"][1]
    lab.fault("graph_denied", value=[*lab.endpoints["fleet"][1:9]])
    main, session, _folder = app.compose(str(tmp_path), lab_name="fleet")
    session.open(*app.profile_of_lab(lab.endpoints))
    main.show()
    store = session._fleet_tab().store
    wait(qtbot, lambda: bool(store.readings) and not any(r.is_going_on for r in store.readings))
    reading = store.reading_of(denied)
    assert reading is not None
    assert reading.read_at is None
    assert reading.faults[0].code is FaultCode.FORBIDDEN
    assert store.count > 5_000
    assert "with faults" in session._fleet_tab().page._read.text()
    known = store.count
    _end(main, session, qapp)
    # The next start paints it before anything is asked, and says how old it is.
    assert stored_fleet.load(tmp_path, "lab-fleet") is not None
    again, session, _folder = app.compose(str(tmp_path), lab_name="fleet")
    session.show_stored("lab-fleet")
    again.show()
    tab = session._fleet_tab()
    assert tab.store.count == known
    assert tab.store.is_stored
    assert "not read yet" in tab.page._read.text()
    _end(again, session, qapp)


def _end(main: MainWindow, session: Session, qapp: QApplication) -> None:
    session.end()
    main.close()
    main.deleteLater()
    for _ in range(5):
        qapp.processEvents()
        qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def wait(qtbot, is_so: Callable[[], bool]) -> None:
    qtbot.waitUntil(is_so, timeout=60_000)
