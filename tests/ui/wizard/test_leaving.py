"""Leaving the wizard never loses what a person asked to keep."""

from pathlib import Path

from PySide6.QtWidgets import QMessageBox
from shiboken6 import isValid

from console.ui.store import Store
from console.ui.wizard.create_vm_wizard import CreateVmWizard
from tests.ui.conftest import RecordingBridge, settle


def press(wizard: CreateVmWizard, word: str) -> None:
    wizard.close()
    box = wizard.findChild(QMessageBox, "wizard_leave")
    assert box is not None
    next(button for button in box.buttons() if word in button.text()).click()
    settle()


def test_a_draft_that_cannot_be_kept_keeps_the_wizard_open_and_says_why(
    store: Store, bridge: RecordingBridge, tmp_path: Path
) -> None:
    folder = tmp_path / "gone"
    wizard = CreateVmWizard(store, bridge, folder)
    wizard.show()
    wizard._on_changed("name", "web-77")
    press(wizard, "Keep")
    assert isValid(wizard)
    assert wizard.isVisible()
    assert wizard.draft.name == "web-77"
    report = wizard.findChild(QMessageBox, "ask")
    assert report is not None
    assert "No such file" in report.text()
    assert str(folder) in report.text()
    report.close()
    settle()
    folder.mkdir()
    press(wizard, "Keep")
    assert not isValid(wizard)
    assert "web-77" in (folder / "wizard-draft.json").read_text()


def test_discarding_needs_no_folder(store: Store, bridge: RecordingBridge, tmp_path: Path) -> None:
    wizard = CreateVmWizard(store, bridge, tmp_path / "gone")
    wizard.show()
    wizard._on_changed("name", "web-77")
    press(wizard, "Discard")
    assert not isValid(wizard)
