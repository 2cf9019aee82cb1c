"""Over the lab's sockets: VMs of the fleet change, and the past shows them as they were."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from console import app
from console.ui.fleet_tab import FleetTab
from console.ui.main_window import MainWindow
from console.ui.past.fleet_past_window import FleetPastWindow
from tests.end_to_end.lab_process import Lab, running_lab
from tests.end_to_end.test_fleet import _end, wait


@pytest.fixture
def lab() -> Iterator[Lab]:
    with running_lab("fleet") as running:
        running.fault("graph_quota", value=100_000)
        # Two subscriptions are enough, and read in a second.
        running.fault("graph_denied", value=[*running.endpoints["fleet"][2:]])
        yield running


def is_read(tab: FleetTab) -> bool:
    readings = tab.store.readings
    return bool(readings) and not any(one.is_going_on for one in readings)


def powers(tab_or_past: FleetTab | FleetPastWindow, slots: list[int]) -> set[str]:
    return {tab_or_past.store.word("power", slot) for slot in slots}


def open_past(tab: FleetTab, at: float, qtbot: QtBot) -> FleetPastWindow:
    tab.open_past(at)
    past = tab.past
    assert past is not None
    wait(qtbot, lambda: past.moment.snapshot is not None and past.moment.asked_at == at)
    return past


def all_powers(tab_or_past: FleetTab | FleetPastWindow) -> list[str]:
    """By slot."""
    store = tab_or_past.store
    return [store.word("power", slot) for slot in range(store.size)]


def test_the_fleet_as_it_was_before_it_was_paused(
    lab: Lab, tmp_path: Path, qapp: QApplication, qtbot: QtBot
) -> None:
    main, session, _folder = app.compose(str(tmp_path), lab_name="fleet")
    session.open(*app.profile_of_lab(lab.endpoints))
    main.show()
    tab = session._fleet_tab()
    wait(qtbot, lambda: is_read(tab) and tab.store.count > 1_000)
    before = all_powers(tab)
    count = tab.store.count
    then = time.time()
    lab.ask("fleet", name="set_power", args={"first": 0, "count": 2_000, "power": "Paused"})
    session._bridge.refresh()
    wait(qtbot, lambda: all_powers(tab).count("Paused") > 500)
    wait(qtbot, lambda: is_read(tab))
    changed = [at for at, power in enumerate(all_powers(tab)) if power != before[at]]
    assert changed
    _see_what_changed(main, tab, changed[0], before[changed[0]], qtbot)

    past = open_past(tab, then, qtbot)
    assert past.windowTitle().startswith("THE PAST of the fleet")
    assert past.store.count == count
    assert all_powers(past)[: len(before)] == before
    assert powers(tab, changed) == {"Paused"}  # now goes on beside it
    assert not past.page.story.can_open
    wait(qtbot, lambda: past.compare.list.count() > 500)
    past.close()

    # A worker that is killed takes nothing of the past with it, and neither does a new start.
    pid = session._bridge.worker_pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait(qtbot, lambda: session._bridge.worker_pid not in (None, pid))
    wait(qtbot, lambda: not is_read(tab))  # by the worker that came after it
    wait(qtbot, lambda: is_read(tab))
    past = open_past(tab, then, qtbot)
    assert all_powers(past)[: len(before)] == before
    past.close()
    _end(main, session, qapp)
    main, session, _folder = app.compose(str(tmp_path), lab_name="fleet")
    session.open(*app.profile_of_lab(lab.endpoints))
    tab = session._fleet_tab()
    wait(qtbot, lambda: is_read(tab) and tab.store.count == count)
    past = open_past(tab, then, qtbot)
    assert past.store.count == count
    assert "Paused" not in powers(past, changed)
    past.close()
    _end(main, session, qapp)


def _see_what_changed(
    main: MainWindow, tab: FleetTab, slot: int, before: str, qtbot: QtBot
) -> None:
    """In the list of the fleet, and in the VM's own story."""
    page = tab.page
    main.health.open(2)  # as the menu does, with the fleet in front
    view = page.changes
    assert view is not None
    rows = view.list

    def texts() -> list[str]:
        view.look()
        return [rows.item(at).text() for at in range(rows.count())]

    wait(qtbot, lambda: any("State in Azure" in text for text in texts()))
    page.show_vm(tab.store.arm_id(slot).lower())
    assert page.list.cursor_slot == slot
    story = page.story._timeline
    wait(qtbot, lambda: f"State in Azure: {before} → Paused" in story.text())


def test_a_moment_that_is_asked_for_too_early_waits_for_the_fleet(
    lab: Lab, tmp_path: Path, qapp: QApplication, qtbot: QtBot
) -> None:
    main, session, _folder = app.compose(str(tmp_path), lab_name="fleet")
    tab = session._fleet_tab()
    tab.open_past(time.time())  # before anything is opened
    past = tab.past
    assert past is not None
    session.open(*app.profile_of_lab(lab.endpoints))
    wait(qtbot, lambda: "No past is stored yet" in past._belief.text())
    wait(qtbot, lambda: is_read(tab))
    past.go(time.time())
    wait(qtbot, lambda: past.moment.snapshot is not None)
    past.close()
    _end(main, session, qapp)
