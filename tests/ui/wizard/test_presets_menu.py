"""Presets by the menu: kept, loaded, shared as files, replaced only after a question."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QInputDialog, QMenu

from console.ui.store import Store
from console.ui.wizard import presets
from console.ui.wizard.create_vm_wizard import CreateVmWizard
from console.ui.wizard.presets_menu import PresetsButton
from tests.ui.conftest import RecordingBridge, answer, open_box, settle


@pytest.fixture
def wizard(store: Store, bridge: RecordingBridge, tmp_path: Path) -> Iterator[CreateVmWizard]:
    made = CreateVmWizard(store, bridge, tmp_path)
    made.show()
    QTest.qWaitForWindowExposed(made)
    settle()
    yield made
    made._is_settled = True
    made.close()
    settle()


def button(wizard: CreateVmWizard) -> PresetsButton:
    found = wizard.findChild(PresetsButton)
    assert found is not None
    return found


def entries(wizard: CreateVmWizard) -> dict[str, QAction]:
    menu = button(wizard).menu()
    assert isinstance(menu, QMenu)
    return {action.text(): action for action in menu.actions()}


def keep_as(wizard: CreateVmWizard, name: str) -> None:
    entries(wizard)["&Keep this as a preset…"].trigger()
    dialog = wizard.findChild(QInputDialog, "preset_name")
    assert dialog is not None
    dialog.setTextValue(name)
    dialog.accept()
    settle()


def pick_file(wizard: CreateVmWizard, entry: str, path: Path) -> None:
    entries(wizard)[entry].trigger()
    dialog = wizard.findChild(QFileDialog, "preset_file")
    assert dialog is not None
    dialog.fileSelected.emit(str(path))
    dialog.close()
    settle()


def test_kept_and_loaded_without_what_was_typed_for_one_vm(
    wizard: CreateVmWizard, tmp_path: Path
) -> None:
    assert not entries(wizard)["No presets kept yet"].isEnabled()
    for name, value in (("name", "web-77"), ("processors", 6), ("admin_password", "Secret-4711-x")):
        wizard._on_changed(name, value)
    keep_as(wizard, "Web & co")
    (path,) = (tmp_path / "presets").iterdir()
    assert "Secret-4711-x" not in path.read_text()
    assert "web-77" not in path.read_text()
    wizard.start_over()
    wizard._on_changed("name", "web-78")
    entries(wizard)["Web && co"].trigger()
    assert (wizard.draft.name, wizard.draft.processors) == ("web-78", 6)
    assert wizard._note.isVisible()
    assert wizard._note.text() == "Filled in from the preset Web & co."


def test_a_name_that_is_taken_is_asked_about(wizard: CreateVmWizard, tmp_path: Path) -> None:
    keep_as(wizard, "Web")
    wizard._on_changed("processors", 8)
    keep_as(wizard, "web ")
    answer(wizard, "Cancel")
    settle()
    assert presets.listed(tmp_path / "presets")[0].draft.processors == 4
    keep_as(wizard, "web")
    answer(wizard, "Replace")
    settle()
    assert presets.listed(tmp_path / "presets")[0].draft.processors == 8
    keep_as(wizard, "   ")
    assert "Give the preset a name" in open_box(wizard).text()
    answer(wizard, "OK")


def test_shared_as_files(wizard: CreateVmWizard, tmp_path: Path) -> None:
    wizard._on_changed("processors", 6)
    path = tmp_path / f"team{presets.SUFFIX}"
    pick_file(wizard, "&Export this to a file…", path)
    wizard.start_over()
    pick_file(wizard, "&Import from a file…", path)
    assert wizard.draft.processors == 6
    assert "the preset team." in wizard._note.text()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "not JSON"),
        (b'{"format": "trusted-launch-console vm preset", "version": 9}', "newer console"),
        (None, "No such file"),
    ],
)
def test_what_cannot_be_taken_changes_nothing(
    wizard: CreateVmWizard, tmp_path: Path, content: bytes | None, words: str
) -> None:
    path = tmp_path / "bad.json"
    if content is not None:
        path.write_bytes(content)
    before = wizard.draft
    pick_file(wizard, "&Import from a file…", path)
    text = open_box(wizard).text()
    assert words in text
    assert "Nothing was changed." in text
    answer(wizard, "OK")
    assert wizard.draft is before


def test_a_place_that_cannot_be_written_is_told(wizard: CreateVmWizard, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    pick_file(wizard, "&Export this to a file…", tmp_path / "file" / "x.json")
    assert "could not be written" in open_box(wizard).windowTitle()
    answer(wizard, "OK")


def test_removed_after_a_question(wizard: CreateVmWizard, tmp_path: Path) -> None:
    keep_as(wizard, "Web")
    remove = entries(wizard)["&Remove"].menu()
    assert isinstance(remove, QMenu)
    remove.actions()[0].trigger()
    answer(wizard, "Remove")
    settle()
    assert list((tmp_path / "presets").iterdir()) == []
    assert "No presets kept yet" in entries(wizard)
