"""The wizard under keys alone: filled, checked, submitted; left and taken up again."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QLabel,
    QLineEdit,
    QMessageBox,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from console.model.finding import Finding, Severity
from console.model.operation import OperationRecord, OperationState
from console.model.request import CreateVirtualMachine
from console.ui.store import Store
from console.ui.wizard import draft as draft_file
from console.ui.wizard import flow
from console.ui.wizard.create_vm_wizard import CreateVmWizard
from console.ui.wizard.starting import start_of
from tests.ui.conftest import RecordingBridge, settle

PASSWORD = "Canary-Passw0rd-1"


@pytest.fixture
def wizard(store: Store, bridge: RecordingBridge, tmp_path: Path) -> Iterator[CreateVmWizard]:
    made = CreateVmWizard(store, bridge, tmp_path)
    made.show()
    QTest.qWaitForWindowExposed(made)
    yield made
    try:
        made._is_settled = True
        made.close()
    except RuntimeError:
        pass  # it closed itself
    settle()


def type_into(wizard: CreateVmWizard, name: str, text: str) -> None:
    """Go to a field by Tab, as a person would, and type."""
    target = wizard.findChild(QWidget, f"field_{name}")
    assert target is not None
    for _ in range(60):
        if QApplication.focusWidget() is target:
            break
        QTest.keyClick(QApplication.focusWidget() or wizard, Qt.Key.Key_Tab)
    assert QApplication.focusWidget() is target, name
    QTest.keyClicks(target, text)


def forward(wizard: CreateVmWizard) -> None:
    QTest.keyClick(wizard, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    settle()


def message(wizard: CreateVmWizard, name: str) -> str:
    label = wizard.findChild(QLabel, f"err_{name}")
    assert label is not None
    return label.text() if label.isVisible() else ""


def fill_by_keys(wizard: CreateVmWizard) -> None:
    type_into(wizard, "name", "web-77")
    for _ in range(4):
        forward(wizard)
    assert wizard.page_index == 4
    type_into(wizard, "admin_username", "grace")
    type_into(wizard, "admin_password", PASSWORD)
    type_into(wizard, "admin_password_again", PASSWORD)
    for _ in range(3):
        forward(wizard)
    assert wizard.page_index == len(flow.PAGES) - 1


def test_keys_alone_make_and_submit_a_default_vm(
    wizard: CreateVmWizard,
    store: Store,
    bridge: RecordingBridge,
    qtbot: QtBot,
    tmp_path: Path,
) -> None:
    fill_by_keys(wizard)
    assert not wizard._create.isEnabled(), "not before both planes answered"
    request, answer = bridge.checks[-1]
    assert isinstance(request, CreateVirtualMachine)
    answer(())
    with qtbot.waitSignal(wizard.submitted, timeout=1000):
        forward(wizard)
    sent, secrets, _group = bridge.submitted[0]
    assert sent == request
    assert request.spec.name == "web-77"
    assert request.spec.admin_username == "grace"
    assert secrets == {"admin_password": PASSWORD}
    # A refusal would lose nothing: the draft goes only when the worker has taken the operation.
    kept = tmp_path / "wizard-draft.json"
    settle()
    assert PASSWORD not in kept.read_text()
    store.operation_changed(
        OperationRecord("operation-1", request, "Create web-77", OperationState.QUEUED, 0.0)
    )
    settle()
    assert not kept.exists()


def test_a_blocking_finding_forbids_creating_and_leads_to_its_field(
    wizard: CreateVmWizard, bridge: RecordingBridge
) -> None:
    fill_by_keys(wizard)
    text = "Azure has a machine named web-77 in this resource group."
    bridge.checks[-1][1]((Finding("name_is_free", Severity.BLOCKS, text, field="name"),))
    assert not wizard._create.isEnabled()
    review = wizard._review
    review._on_activated(review._findings.item(0))
    assert wizard.page_index == 0
    assert QApplication.focusWidget() is wizard.findChild(QLineEdit, "field_name")


def test_an_answer_to_an_older_question_is_not_taken(
    wizard: CreateVmWizard, bridge: RecordingBridge
) -> None:
    fill_by_keys(wizard)
    late = bridge.checks[-1][1]
    wizard.show_page(0)
    type_into(wizard, "name", "8")
    wizard.show_page(len(flow.PAGES) - 1)
    late(())
    assert not wizard._create.isEnabled()


def test_what_is_wrong_is_said_beside_the_field_after_leaving_it(wizard: CreateVmWizard) -> None:
    assert message(wizard, "name") == ""
    forward(wizard)
    wizard.show_page(0)
    assert "Give the VM a name." in message(wizard, "name")
    type_into(wizard, "name", "web")
    assert message(wizard, "name") == ""
    field = wizard.findChild(QLineEdit, "field_name")
    assert field is not None
    assert "Lower-case" in field.accessibleDescription()


def steps_told(wizard: CreateVmWizard) -> list[str]:
    return [
        wizard._steps.item(row).data(Qt.ItemDataRole.AccessibleTextRole)
        for row in range(wizard._steps.count())
    ]


def test_a_page_is_judged_only_once_somebody_typed_or_went_on(wizard: CreateVmWizard) -> None:
    assert steps_told(wizard)[0] == "Basics: not filled in yet"
    type_into(wizard, "name", "-")
    assert steps_told(wizard)[0] == "Basics: needs attention"
    wizard.start_over()
    assert steps_told(wizard)[0] == "Basics: not filled in yet"
    forward(wizard)
    assert steps_told(wizard)[0] == "Basics: needs attention"


def test_the_steps_can_be_jumped_to_and_tell_their_state(wizard: CreateVmWizard) -> None:
    QTest.keyClick(wizard, Qt.Key.Key_6, Qt.KeyboardModifier.AltModifier)
    assert wizard.page_index == 5
    told = steps_told(wizard)
    assert told[0] == "Basics: needs attention"
    assert told[1] == "Image: not visited"
    assert told[5] == "Network: complete"


def test_an_incomplete_review_asks_nobody_and_every_line_leads_to_its_field(
    wizard: CreateVmWizard, bridge: RecordingBridge
) -> None:
    wizard.show_page(len(flow.PAGES) - 1)
    assert wizard._review._state.text() == "3 fields are not right yet:"
    assert bridge.checks == []
    assert not wizard._create.isEnabled()
    told = wizard._review._findings
    assert [told.item(row).text() for row in range(told.count())] == [
        "Basics: VM name",
        "Administrator: User name",
        "Administrator: Password",
    ]
    QTest.keyClick(told, Qt.Key.Key_Down)
    QTest.keyClick(told, Qt.Key.Key_Return)
    assert wizard.page_index == 4
    assert QApplication.focusWidget() is wizard.findChild(QLineEdit, "field_admin_username")


def test_the_password_is_hidden_until_asked_for_by_key(wizard: CreateVmWizard) -> None:
    wizard.show_page(4)
    line = wizard.findChild(QLineEdit, "field_admin_password")
    reveal = wizard.findChild(QToolButton, "reveal_admin_password")
    assert line is not None
    assert reveal is not None
    assert line.echoMode() is QLineEdit.EchoMode.Password
    type_into(wizard, "admin_password", PASSWORD)
    # Typed twice without a thought of the buttons in between.
    QTest.keyClick(line, Qt.Key.Key_Tab)
    again = QApplication.focusWidget()
    assert again is wizard.findChild(QLineEdit, "field_admin_password_again")
    QTest.keyClick(again, Qt.Key.Key_Tab)
    assert QApplication.focusWidget() is reveal
    QTest.keyClick(reveal, Qt.Key.Key_Space)
    assert line.echoMode() is QLineEdit.EchoMode.Normal
    assert line.text() == PASSWORD


def test_leaving_asks_and_keeps_the_draft_without_passwords(
    wizard: CreateVmWizard, store: Store, bridge: RecordingBridge, tmp_path: Path
) -> None:
    fill_by_keys(wizard)
    wizard.close()
    box = wizard.findChild(QMessageBox)
    assert box is not None
    keep = next(button for button in box.buttons() if "Keep" in button.text())
    keep.click()
    settle()
    kept = (tmp_path / "wizard-draft.json").read_text()
    assert "web-77" in kept
    assert PASSWORD not in kept
    again = CreateVmWizard(
        store, bridge, tmp_path, start=start_of(store.inventory, kept=draft_file.load(tmp_path))
    )
    assert again.draft.name == "web-77"
    again.close()
    settle()


def test_nothing_typed_means_no_question(wizard: CreateVmWizard) -> None:
    assert wizard.close()


@pytest.mark.parametrize("colours", ["light", "dark", "contrast"])
def test_every_page_draws_at_the_smallest_size(wizard: CreateVmWizard, colours: str) -> None:
    from console.ui import theme

    theme.apply(colours)
    wizard.resize(1024, 700)
    for index in range(len(flow.PAGES)):
        wizard.show_page(index)
        settle()
        assert wizard.width() == 1024
        assert wizard.grab().toImage().width() >= 1024


def test_hostile_text_is_data(wizard: CreateVmWizard, bridge: RecordingBridge) -> None:
    type_into(wizard, "name", "<b>x</b>$(reboot)")
    forward(wizard)
    wizard.show_page(0)
    assert "Use letters a to z" in message(wizard, "name")
