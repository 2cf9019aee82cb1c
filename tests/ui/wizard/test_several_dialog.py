"""Several VMs at once, under real keys: a pattern, a CSV, and nothing sent while a row is wrong."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QTableWidget
from pytestqt.qtbot import QtBot

from console.model.request import CreateVirtualMachine
from console.ui.store import Store
from console.ui.wizard import flow
from console.ui.wizard.several.dialog import SeveralDialog
from tests.ui.conftest import RecordingBridge, settle

SECRETS = {"admin_password": "Canary-Passw0rd-1", flow.PASSWORD_AGAIN: "Canary-Passw0rd-1"}


@pytest.fixture
def dialog(store: Store, bridge: RecordingBridge) -> Iterator[SeveralDialog]:
    draft = flow.new_draft(store.inventory)
    draft.name, draft.admin_username, draft.memory_gib = "web-##", "grace", 2
    made = SeveralDialog(draft, SECRETS, store, bridge)
    made.show()
    QTest.qWaitForWindowExposed(made)
    yield made
    with contextlib.suppress(RuntimeError):  # it closed itself
        made.reject()
    settle()


def judged(dialog: SeveralDialog, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: not dialog._typing.isActive() and not dialog._unjudged, timeout=20_000)


def summary(dialog: SeveralDialog) -> str:
    label = dialog.findChild(QLabel, "several_summary")
    assert label is not None
    return label.text()


def create(dialog: SeveralDialog) -> QPushButton:
    button = dialog.findChild(QPushButton, "several_create")
    assert button is not None
    return button


def test_a_pattern_typed_and_sent_as_one_group(
    dialog: SeveralDialog, bridge: RecordingBridge, qtbot: QtBot
) -> None:
    focus = QApplication.focusWidget()
    assert focus is not None
    QTest.keyClicks(focus, "batch-##")
    QTest.keyClick(focus, Qt.Key.Key_Tab)
    count = QApplication.focusWidget()
    assert count is dialog._count
    QTest.keyClicks(count, "12")
    judged(dialog, qtbot)
    assert "12 VMs, all right" in summary(dialog)
    with qtbot.waitSignal(dialog.submitted):
        QTest.keyClick(dialog, Qt.Key.Key_C, Qt.KeyboardModifier.AltModifier)
    (group,) = bridge.groups
    assert group[1] == "Create 12 VMs"
    names = [part.request.spec.name for part in group[2]]
    assert names == [f"batch-{number:02}" for number in range(1, 13)]
    assert all(isinstance(part.request, CreateVirtualMachine) for part in group[2])
    assert {part.secrets["admin_password"] for part in group[2]} == {"Canary-Passw0rd-1"}
    assert dialog._secrets == {}


def test_a_wrong_row_stops_everything_until_it_is_right(
    dialog: SeveralDialog, bridge: RecordingBridge, qtbot: QtBot, tmp_path: Path
) -> None:
    file = tmp_path / "vms.csv"
    file.write_text("name\nbatch-01\nWRONG NAME\n")
    dialog._tabs.setCurrentIndex(1)
    dialog.read_file(str(file))
    qtbot.waitUntil(lambda: len(dialog._plans) == 2, timeout=5_000)
    judged(dialog, qtbot)
    assert "1 of them not right" in summary(dialog)
    assert not create(dialog).isEnabled()
    table = dialog.findChild(QTableWidget, "several_table")
    assert table is not None
    told = table.item(1, 3)
    assert told is not None
    assert told.text().startswith("Line 3: ")
    dialog._only_wrong.click()
    assert table.isRowHidden(0)
    assert not table.isRowHidden(1)
    assert bridge.groups == []
    file.write_text("name\nbatch-01\nbatch-02\n")
    dialog.read_file(str(file))
    qtbot.waitUntil(lambda: create(dialog).isEnabled(), timeout=5_000)
    create(dialog).click()
    assert len(bridge.groups[0][2]) == 2


@pytest.mark.parametrize("name", ["none.csv", "."])
def test_a_file_that_cannot_be_read_is_told(
    dialog: SeveralDialog, qtbot: QtBot, tmp_path: Path, name: str
) -> None:
    dialog._tabs.setCurrentIndex(1)
    dialog.read_file(str(tmp_path / name))
    said = dialog.findChild(QLabel, "several_file")
    assert said is not None
    qtbot.waitUntil(lambda: "cannot be read" in said.text(), timeout=5_000)
    assert not create(dialog).isEnabled()


def test_the_template_written_is_read_back_right(
    dialog: SeveralDialog, qtbot: QtBot, tmp_path: Path
) -> None:
    path = tmp_path / "template.csv"
    dialog.write_template(str(path))
    qtbot.waitUntil(path.exists, timeout=5_000)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    dialog._tabs.setCurrentIndex(1)
    dialog.read_file(str(path))
    qtbot.waitUntil(lambda: len(dialog._plans) == 2, timeout=5_000)


def test_leaving_sends_nothing_and_forgets_the_passwords(
    dialog: SeveralDialog, bridge: RecordingBridge
) -> None:
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    settle()
    assert bridge.groups == []
