"""Exports from the drawer and the menu: what is asked of the worker, and how the end is told."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QLabel, QLineEdit, QToolButton
from pytestqt.qtbot import QtBot

from console.model.freshness import Fault, FaultCode
from console.model.operation import OperationRecord, OperationState
from console.model.request import DrainNode
from console.ui.bridge import Exported, ExportFormat, ExportKind
from console.ui.main_window import MainWindow
from console.ui.models.operation_filter import Bucket
from tests.ui.conftest import RecordingBridge, settle

S = OperationState


@pytest.fixture(autouse=True)
def _operations(window: MainWindow) -> None:
    records = [
        OperationRecord("a", DrainNode("N1"), "Drain N1", S.FAILED, 10.0, group_id="g"),
        OperationRecord("a2", DrainNode("N1"), "Drain N1", S.FAILED, 11.0, "", "g", "a"),
        OperationRecord("b", DrainNode("N2"), "Drain N2", S.SUCCEEDED, 12.0),
    ]
    window._store.operation_changed(*records)


def dialog(window: MainWindow) -> QFileDialog:
    settle()
    (found,) = [d for d in window.findChildren(QFileDialog) if d.isVisible()]
    return found


def said(window: MainWindow) -> str:
    settle()
    line = window.findChild(QLabel, "export")
    return line.text() if line is not None else ""


def choose(window: MainWindow, path: Path) -> None:
    """Type the name and press Enter, as a person does."""
    found = dialog(window)
    assert found.windowModality() is not Qt.WindowModality.ApplicationModal
    name = found.findChild(QLineEdit, "fileNameEdit")
    assert name is not None
    name.setText(str(path))  # key by key a completer would pop up, which offscreen cannot
    QTest.keyClick(name, Qt.Key.Key_Return)
    settle()


def trigger(window: MainWindow, name: str) -> None:
    action = window.drawer.findChild(QAction, f"export_{name}")
    assert action is not None
    action.trigger()


def test_what_is_shown_is_written_with_its_earlier_attempts(
    window: MainWindow, bridge: RecordingBridge, tmp_path: Path
) -> None:
    QTest.mouseClick(window.drawer.filter_bar.chips[Bucket.FAILED], Qt.MouseButton.LeftButton)
    trigger(window, "shown")
    target = tmp_path / "mine.csv"
    choose(window, target)
    ((path, kind, file_format, tell, ids),) = bridge.exports
    assert (path, kind, file_format) == (str(target), ExportKind.OPERATIONS, ExportFormat.CSV)
    assert ids == ("a", "a2")
    assert said(window) == f"Exporting operations to {target}…"
    tell(Exported("t", path, 2))
    assert said(window) == f"2 operations exported to {target}."
    dismiss = window.findChild(QToolButton, "export_dismiss")
    assert dismiss is not None
    QTest.mouseClick(dismiss, Qt.MouseButton.LeftButton)
    assert not window._notice.isVisible()


def test_a_filter_that_shows_nothing_never_exports_everything(
    window: MainWindow, bridge: RecordingBridge
) -> None:
    QTest.mouseClick(window.drawer.filter_bar.chips[Bucket.UNKNOWN], Qt.MouseButton.LeftButton)
    trigger(window, "shown")
    assert not window.findChildren(QFileDialog)
    assert bridge.exports == []
    assert said(window).startswith("Nothing was exported")


def test_everything_and_the_audit_log_by_the_ending_of_the_name(
    window: MainWindow, bridge: RecordingBridge, tmp_path: Path
) -> None:
    entry = next(a for a in window.findChildren(QAction) if a.text() == "Export the &audit log…")
    entry.trigger()  # the menu bar's
    choose(window, tmp_path / "log.json")
    trigger(window, "everything")
    choose(window, tmp_path / "all.csv")
    asked = [(kind, file_format, ids) for _p, kind, file_format, _c, ids in bridge.exports]
    assert asked == [
        (ExportKind.AUDIT, ExportFormat.JSON, ()),
        (ExportKind.OPERATIONS, ExportFormat.CSV, ()),
    ]
    bridge.exports[0][3](Exported("t", "log.json", 1))
    assert said(window) == "1 entry exported to log.json."


def test_the_chosen_format_gives_the_ending(
    window: MainWindow, bridge: RecordingBridge, tmp_path: Path, qtbot: QtBot
) -> None:
    trigger(window, "everything")
    found = dialog(window)
    found.filterSelected.emit(found.nameFilters()[1])
    assert found.defaultSuffix() == "json"
    found.reject()
    assert bridge.exports == []


def test_a_failed_export_says_why(
    window: MainWindow, bridge: RecordingBridge, tmp_path: Path
) -> None:
    trigger(window, "everything")
    choose(window, tmp_path / "all.csv")
    fault = Fault(FaultCode.REJECTED, "all.csv could not be written.", "Make room.")
    bridge.exports[0][3](Exported("t", "all.csv", fault=fault))
    notice = window.findChild(QLabel, "notice")
    assert notice is not None
    assert notice.text() == "all.csv could not be written. Make room."
    assert said(window) == ""
