"""A drop that fits begins after a grace; one with notes is read first; nothing is sent before."""

import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QPushButton

from console.model.finding import Verdict
from console.model.operation import OperationState
from console.model.request import LiveMigrate
from console.model.snapshot import SnapshotDelta
from console.ui.grace import SECONDS
from console.ui.main_window import MainWindow
from console.ui.views.findings_list import FindingsList
from tests.ui.conftest import RecordingBridge, press, settle
from tests.ui.test_cluster_map import another_node, drop, hover, key_of, owner
from tests.ui.test_views import a_record


def encrypted(window: MainWindow, *, is_encrypted: bool) -> None:
    cluster = window._store.inventory.cluster
    # A release without the known issue of live migration, so that traffic is the only note.
    told = replace(cluster, migration_encrypted=is_encrypted, release="2606")
    window._store.apply(SnapshotDelta(cluster=told))
    settle()


def drop_one(window: MainWindow, name: str = "app-05") -> LiveMigrate:
    key = key_of(window, name)
    target = another_node(window, key)
    hover(window, (key,), target)
    drop(window, target)
    return LiveMigrate(key, name, owner(window, key), target)


def seconds_pass(window: MainWindow, count: int) -> None:
    for _ in range(count):
        window.actions_table.moving.grace.second_passed()
    settle()


@pytest.fixture
def fitting(window: MainWindow) -> MainWindow:
    encrypted(window, is_encrypted=True)
    return window


def test_a_drop_begins_when_its_grace_is_over(fitting: MainWindow, bridge: RecordingBridge) -> None:
    request = drop_one(fitting)
    seconds_pass(fitting, SECONDS - 1)
    text = fitting.findChild(QLabel, "undo_text")
    assert text is not None
    assert text.text() == f"Move app-05 to {request.target} begins in 1 s. Nothing was sent yet."
    assert bridge.requests == []
    seconds_pass(fitting, 1)
    assert bridge.requests == [request]
    assert not text.isVisible()


def test_control_z_takes_a_drop_back(fitting: MainWindow, bridge: RecordingBridge) -> None:
    drop_one(fitting)
    fitting.activateWindow()
    fitting.map.setFocus()
    QTest.keyClick(fitting.map, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    settle()
    seconds_pass(fitting, SECONDS + 1)
    assert bridge.requests == []
    undo = fitting.findChild(QPushButton, "undo")
    assert undo is not None
    assert not undo.isVisible()


def test_a_second_drop_begins_the_first(fitting: MainWindow, bridge: RecordingBridge) -> None:
    first = drop_one(fitting, "app-05")
    second = drop_one(fitting, "app-06")
    assert bridge.requests == [first]
    press(fitting, "start_now")
    assert bridge.requests == [first, second]


def test_closing_the_window_loses_no_drop(fitting: MainWindow, bridge: RecordingBridge) -> None:
    request = drop_one(fitting)
    fitting.close()
    settle()
    assert bridge.requests == [request]


def test_a_vm_that_was_moved_meanwhile_keeps_the_owner_that_was_seen(
    fitting: MainWindow, bridge: RecordingBridge
) -> None:
    """The cluster compares it and refuses: moving it from elsewhere was never asked for."""
    request = drop_one(fitting)
    vm = fitting._store.inventory.vms[request.vm_key]
    assert vm.cluster is not None
    third = next(
        n for n in fitting._store.inventory.nodes if n not in (request.source, request.target)
    )
    elsewhere = replace(vm, cluster=replace(vm.cluster, owner_node=third))
    fitting._store.apply(SnapshotDelta(upserted=(elsewhere,)))
    press(fitting, "start_now")
    assert bridge.requests == [request]


def test_notes_are_read_before_anything_begins(window: MainWindow, bridge: RecordingBridge) -> None:
    encrypted(window, is_encrypted=False)
    request = drop_one(window)
    notes = window.findChild(FindingsList, "notes_text")
    assert notes is not None
    assert notes.isVisible()
    assert "not encrypted" in notes.text()
    assert "IPsec" in notes.text()
    assert not window.actions_table.moving.grace.is_holding
    press(window, "notes_move")
    press(window, "start_now")
    assert bridge.requests == [request]


@pytest.mark.parametrize("way", ["button", "escape"])
def test_notes_can_be_left_and_nothing_is_moved(
    window: MainWindow, bridge: RecordingBridge, way: str
) -> None:
    encrypted(window, is_encrypted=False)
    drop_one(window)
    if way == "button":
        press(window, "notes_leave")
    else:
        QTest.keyClick(window.ways.notes, Qt.Key.Key_Escape)
        settle()
    assert not window.ways.notes.isVisible()
    assert not window.actions_table.moving.grace.is_holding
    assert bridge.requests == []
    # Left is not accepted: the next drop asks again.
    drop_one(window)
    assert window.ways.notes.isVisible()


def test_notes_accepted_once_are_not_asked_again_but_new_ones_are(
    window: MainWindow, bridge: RecordingBridge
) -> None:
    encrypted(window, is_encrypted=False)
    drop_one(window, "app-05")
    press(window, "notes_move")
    drop_one(window, "app-06")
    assert not window.ways.notes.isVisible()
    assert window.actions_table.moving.grace.title.startswith("Move app-06")
    cluster = window._store.inventory.cluster
    window._store.apply(SnapshotDelta(cluster=replace(cluster, migration_encrypted=None)))
    hover(window, (key_of(window, "app-07"),), another_node(window, key_of(window, "app-07")))
    lifted = window.map.lifted
    assert lifted is not None
    verdict = lifted.verdicts[lifted.hovered or ""]
    assert verdict.verdict is Verdict.FITS_WITH_NOTES
    moving = window.actions_table.moving
    key = key_of(window, "app-07")
    assert not moving.was_accepted(moving.offer((key,), lifted.hovered or ""))
    window.map.dismiss()


def test_every_vm_of_a_group_that_arrived_goes_back(
    fitting: MainWindow, bridge: RecordingBridge
) -> None:
    names = ("app-05", "app-06")
    requests = [drop_request(fitting, name) for name in names]
    for number, request in enumerate(requests):
        arrive(fitting, request)
        record = fitting._store.operations[a_record(fitting, OperationState.SUCCEEDED)]
        fitting._store.operation_changed(
            replace(record, id=f"m{number}", request=request, group_id="g1")
        )
    children = [fitting._store.operations[f"m{number}"] for number in range(2)]
    moving = fitting.actions_table.moving
    assert moving.why_not_back(children) == ""
    moving.back_all(children)
    press(fitting, "start_now")
    assert bridge.requests == [
        LiveMigrate(r.vm_key, r.vm_name, r.target, r.source) for r in requests
    ]
    arrive(fitting, replace(requests[0], target=requests[0].source))
    moving.back_all(children)
    assert moving.grace.title == f"Move app-06 back to {requests[1].source}"
    arrive(fitting, replace(requests[1], target=requests[1].source))
    assert "still there" in moving.why_not_back(children)
    moving.grace.undo()


def drop_request(window: MainWindow, name: str) -> LiveMigrate:
    key = key_of(window, name)
    return LiveMigrate(key, name, owner(window, key), another_node(window, key))


def arrive(window: MainWindow, request: LiveMigrate) -> None:
    vm = window._store.inventory.vms[request.vm_key]
    assert vm.cluster is not None
    there = replace(vm, cluster=replace(vm.cluster, owner_node=request.target))
    window._store.apply(SnapshotDelta(upserted=(there,)))
    settle()
