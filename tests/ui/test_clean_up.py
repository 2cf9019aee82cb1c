"""A failed creation in the drawer: what it made is listed and cleaned up, or it is made again."""

import msgspec
import pytest
from PySide6.QtWidgets import QPushButton, QWidget

from console.model.finding import Finding, Severity
from console.model.operation import OperationRecord, OperationState
from console.model.request import CleanUpCreation, CreateVirtualMachine, LiveMigrate
from console.ui.main_window import MainWindow
from console.ui.wizard import flow
from console.ui.wizard.building import build_request
from console.ui.wizard.create_vm_wizard import CreateVmWizard
from tests.ui.conftest import RecordingBridge, answer, open_box, settle

S = OperationState


def failed(window: MainWindow, state: OperationState = S.FAILED) -> OperationRecord:
    inventory = window._store.inventory
    draft = flow.new_draft(inventory)
    draft.name, draft.admin_username = "web-77", "grace"
    request = build_request(draft, inventory)
    return OperationRecord("made-it", request, "Create web-77", state, 1.0, ended_at=2.0)


def shown(window: MainWindow, record: OperationRecord) -> None:
    window._store.operation_changed(record)
    window._docks["operations"].show()
    settle()
    window.drawer.select(record.id)
    settle()


def button(window: MainWindow, name: str) -> QPushButton:
    found = window.findChild(QPushButton, f"operation_{name}")
    assert found is not None
    return found


def wizards(window: MainWindow) -> list[CreateVmWizard]:
    settle()
    return window.findChildren(CreateVmWizard)


def close(wizard: CreateVmWizard) -> None:
    wizard._is_settled = True
    wizard.close()
    settle()


NOTES = (
    Finding("clean_up_is_possible", Severity.NOTE, "Will be deleted: VM web-77 (Failed)."),
    Finding("clean_up_is_possible", Severity.NOTE, "Stays: data disk <b>x</b> was not made by it."),
)


def test_what_would_go_is_listed_before_anything_goes(
    window: MainWindow, bridge: RecordingBridge
) -> None:
    record = failed(window)
    shown(window, record)
    button(window, "clean_up").click()
    request, told = bridge.checks[-1]
    assert isinstance(record.request, CreateVirtualMachine)
    assert request == CleanUpCreation("made-it", record.request.spec)
    assert bridge.requests == []
    told(NOTES)
    text = open_box(window).text()
    assert "•  Will be deleted: VM web-77 (Failed)." in text
    assert "•  Stays: data disk <b>x</b> was not made by it." in text
    answer(window, "Cancel")
    assert bridge.requests == []
    button(window, "clean_up").click()
    bridge.checks[-1][1](NOTES)
    answer(window, "Clean up")
    assert bridge.requests == [request]


@pytest.mark.parametrize("severity", [Severity.BLOCKS, Severity.UNKNOWN])
def test_what_cannot_be_known_deletes_nothing(
    window: MainWindow, bridge: RecordingBridge, severity: Severity
) -> None:
    shown(window, failed(window))
    button(window, "clean_up").click()
    bridge.checks[-1][1]((*NOTES, Finding("x", severity, "Azure does not answer.", "Wait.")))
    assert open_box(window).text() == "Azure does not answer. Wait."
    answer(window, "OK")
    assert bridge.requests == []


def test_silence_is_told(window: MainWindow, bridge: RecordingBridge) -> None:
    shown(window, failed(window))
    button(window, "clean_up").click()
    window.actions_table._clean_up._silence.timeout.emit()
    assert "Nothing was deleted" in open_box(window).text()
    answer(window, "OK")


@pytest.mark.parametrize(
    ("state", "again", "clean"),
    [
        (S.FAILED, True, True),
        (S.CANCELED, True, True),
        (S.BLOCKED, True, False),
        (S.UNKNOWN, False, False),
        (S.RUNNING, False, False),
        (S.SUCCEEDED, False, False),
    ],
)
def test_only_what_ended_badly_is_cleaned_up(
    window: MainWindow, state: OperationState, again: bool, clean: bool
) -> None:
    shown(window, failed(window, state))
    assert button(window, "create_again").isEnabled() is again
    assert button(window, "clean_up").isEnabled() is clean
    assert not button(window, "retry").isVisible()


def test_a_move_has_neither(window: MainWindow) -> None:
    move = OperationRecord("m", LiveMigrate("k", "n", "a", "b"), "Move n", S.FAILED, 1.0)
    shown(window, move)
    assert not button(window, "clean_up").isVisible()
    assert not button(window, "create_again").isVisible()
    assert button(window, "retry").isVisible()


# -- again -------------------------------------------------------------------------------------
def test_again_opens_the_wizard_with_what_was_asked_for(window: MainWindow) -> None:
    record = failed(window)
    shown(window, record)
    button(window, "create_again").click()
    (wizard,) = wizards(window)
    assert build_request(wizard.draft, window._store.inventory) == record.request
    note = wizard.findChild(QWidget, "wizard_note")
    assert note is not None
    assert note.isVisible()
    close(wizard)


def test_one_wizard_at_a_time(window: MainWindow) -> None:
    record = failed(window)
    shown(window, record)
    window.open_wizard()
    window.open_wizard()
    (wizard,) = wizards(window)
    window.open_wizard()
    assert wizards(window) == [wizard]
    button(window, "create_again").click()
    assert wizards(window) == [wizard]
    assert "Finish or close this wizard first" in open_box(window).text()
    answer(window, "OK")
    assert wizard.draft.name == "", "what is typed there is left alone"
    close(wizard)
    window.open_wizard()
    (another,) = wizards(window)
    assert another is not wizard
    close(another)


def test_the_draft_of_an_earlier_wizard_survives_a_creation_made_again(window: MainWindow) -> None:
    folder = window._folder
    window.open_wizard()
    (wizard,) = wizards(window)
    wizard._on_changed("name", "kept-1")
    wizard.close()
    answer(wizard, "Keep draft")
    record = failed(window)
    shown(window, record)
    button(window, "create_again").click()
    (wizard,) = wizards(window)
    wizard._on_changed("processors", 2)
    wizard.close()
    answer(wizard, "Keep draft")
    assert "kept-1" in (folder / "wizard-draft.json").read_text()
    assert "web-77" in (folder / "wizard-draft-again.json").read_text()
    window.open_wizard()
    (wizard,) = wizards(window)
    assert wizard.draft.name == "kept-1"
    close(wizard)


def test_a_damaged_draft_is_mentioned_in_the_wizard(window: MainWindow) -> None:
    (window._folder / "wizard-draft.json").write_bytes(b"{")
    window.open_wizard()
    (wizard,) = wizards(window)
    note = wizard._note
    assert note.isVisible()
    assert "damaged" in note.text()
    close(wizard)


def test_the_last_creation_fills_the_next(window: MainWindow) -> None:
    record = failed(window)
    done = msgspec.structs.replace(record, id="done", state=S.SUCCEEDED)
    window._store.operation_changed(done)
    window.open_wizard()
    (wizard,) = wizards(window)
    assert "Filled in like web-77" in wizard._note.text()
    assert (wizard.draft.name, wizard.draft.admin_username) == ("", "grace")
    close(wizard)
