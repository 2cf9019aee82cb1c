"""Rows of small inputs: added, changed and taken away without losing what was typed."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QSignalSpy, QTest
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit, QPushButton, QToolButton

from console.ui import theme
from console.ui.forms.rows_editor import Column, RowsEditor
from tests.ui.conftest import settle

COLUMNS = (
    Column("name", "Name", ""),
    Column("size", "Size", 8, limits=(1, 99)),
    Column("place", "Place", "", options=(("", "Here"),)),
)


@pytest.fixture
def editor(qapp: QApplication) -> Iterator[RowsEditor]:
    made = RowsEditor(COLUMNS, "&Add")
    made.setObjectName("rows")
    made.show()
    QTest.qWaitForWindowExposed(made)
    yield made
    made.close()
    made.deleteLater()
    settle()


def row(name: str, size: int = 8, place: str = "") -> dict[str, str | int | bool]:
    return {"name": name, "size": size, "place": place}


def test_adding_tells_once_and_puts_the_cursor_into_the_new_row(editor: RowsEditor) -> None:
    changes = QSignalSpy(editor.rows_changed)
    add = editor.findChild(QPushButton, "rows_add")
    assert add is not None
    add.click()
    assert editor.rows() == [row("")]
    assert changes.count() == 1
    line = QApplication.focusWidget()
    assert line is editor.findChild(QLineEdit, "rows_0_name")
    QTest.keyClicks(line, "a")
    assert editor.rows() == [row("a")]


def test_removing_takes_that_row_and_no_other(editor: RowsEditor) -> None:
    editor.set_rows([row("a"), row("b", 9), row("c")])
    remove = editor.findChild(QToolButton, "rows_1_remove")
    assert remove is not None
    remove.setFocus()
    QTest.keyClick(remove, Qt.Key.Key_Space)
    settle()
    assert editor.rows() == [row("a"), row("c")]
    assert QApplication.focusWidget() is editor.findChild(QPushButton, "rows_add")


def test_showing_what_stands_there_already_touches_nothing(editor: RowsEditor) -> None:
    editor.set_rows([row("a")])
    line = editor.findChild(QLineEdit, "rows_0_name")
    changes = QSignalSpy(editor.rows_changed)
    editor.set_rows([row("a")])
    assert editor.findChild(QLineEdit, "rows_0_name") is line
    assert changes.count() == 0


def test_new_options_keep_what_was_typed_and_chosen(editor: RowsEditor) -> None:
    editor.set_options("place", (("", "Here"), ("x", "There")))
    editor.set_rows([row("a", 9, "x")])
    editor.set_options("place", (("", "Here"), ("x", "Over there"), ("y", "Elsewhere")))
    settle()
    assert editor.rows() == [row("a", 9, "x")]
    boxes = [box for box in editor.findChildren(QComboBox) if box.isVisible()]
    assert [box.currentText() for box in boxes] == ["Over there"]


def test_the_button_that_removes_has_room_for_its_sign(
    qapp: QApplication, editor: RowsEditor
) -> None:
    theme.apply("light")
    editor.set_rows([row("a")])
    settle()
    remove = editor.findChild(QToolButton, "rows_0_remove")
    assert remove is not None
    # The hint is the sign and the theme's padding around it; narrower, the sign is cut away.
    assert remove.width() >= remove.sizeHint().width()
