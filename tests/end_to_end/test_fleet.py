"""A fleet over the lab's sockets: read, a cluster opened, a worker lost, known at next start."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication

from console import app
from console.channel import stored_fleet
from console.model.freshness import FaultCode
from console.ui.fleet_tab import FleetTab
from console.ui.main_window import MainWindow
from console.ui.session import Session
from tests.end_to_end.lab_process import Lab, running_lab


@pytest.fixture
def lab() -> Iterator[Lab]:
    with running_lab("fleet") as running:
        running.fault("graph_quota", value=100_000)
        yield running


@pytest.fixture
def opened(
    lab: Lab, tmp_path: Path, qapp: QApplication
) -> Iterator[tuple[MainWindow, Session, FleetTab]]:
    main, session, _folder = app.compose(str(tmp_path), lab_name="fleet")
    session.open(*app.profile_of_lab(lab.endpoints))
    main.show()
    yield main, session, session._fleet_tab()
    session.end()
    main.close()
    main.deleteLater()
    for _ in range(5):
        qapp.processEvents()
        qapp.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def _own_cluster(lab: Lab) -> str:
    return str(lab.endpoints["cluster"]["arm_id"]).lower()


def test_a_cluster_of_the_fleet_is_opened_while_the_fleet_is_read_on(
    opened: tuple[MainWindow, Session, FleetTab], lab: Lab, qtbot
) -> None:
    main, session, tab = opened
    store = tab.store
    wait(qtbot, lambda: store.count > 2_000)
    assert not main._store.inventory.vms  # nothing is asked of a cluster that nobody looks at
    arm_id = _own_cluster(lab)
    slot = next(s for s in range(store.size) if store.word("cluster", s) == arm_id)
    tab.page.list.activated.emit(slot)
    wait(qtbot, lambda: main._store.inventory.cluster_wire.read_at is not None)
    wait(qtbot, lambda: store.texts["name"][slot] in _names(main))
    assert main._tabs.currentIndex() == 0
    vm = main._store.inventory.vm_named(store.texts["name"][slot])
    assert vm is not None
    assert vm.owner_node == store.word("node", slot)
    # The new worker reads the fleet again, into the same slots.
    wait(qtbot, lambda: store.count > 12_000)
    assert store.texts["name"][slot] == vm.name
    pid = session._bridge.worker_pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait(qtbot, lambda: session._bridge.worker_pid not in (None, pid))
    known = store.count
    wait(qtbot, lambda: any(one.is_going_on for one in store.readings))
    assert store.count >= known  # a worker that died takes nothing off the screen


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
