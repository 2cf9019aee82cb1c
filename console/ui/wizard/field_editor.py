"""One field of the wizard on the screen: its editor, its hint, and what is wrong beside it."""

from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QPalette
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QSizePolicy,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from console.checks import creation_rules as rules
from console.model.inventory import Inventory
from console.ui import theme
from console.ui.forms.outlined import outline
from console.ui.forms.rows_editor import Column, RowsEditor
from console.ui.plain_text import one_line, plain
from console.ui.wizard import choices
from console.ui.wizard.draft import DiskRow, Draft, ExistingDiskRow, TagRow
from console.ui.wizard.flow import Field

Value = str | int | bool | list[DiskRow] | list[ExistingDiskRow] | list[TagRow]
OnChanged = Callable[[str, Value], None]

_BESIDE_VM: tuple[tuple[str, str], ...] = (("", "As the VM"),)
_DISK_COLUMNS = (
    Column("name", "Name", "", stretch=3),
    Column("size_gib", "Size in GiB", 128, limits=rules.DISK_GIB),
    Column("is_dynamic", "Kind", True, options=((True, "Dynamic"), (False, "Fixed")), stretch=1),
    Column("storage_path_id", "Storage path", "", options=_BESIDE_VM, stretch=2),
)
_NO_DISK: tuple[tuple[str, str], ...] = (("", "Choose a disk"),)
_EXISTING_COLUMNS = (Column("arm_id", "Disk", "", options=_NO_DISK, stretch=1),)
_TAG_COLUMNS = (Column("name", "Name", "", stretch=1), Column("value", "Value", "", stretch=1))


_LINES = 4  # seen at once in a text of several lines


class FieldEditor(QWidget):
    """Label, editor and message. ``show_message`` puts the sentence beside the field."""

    def __init__(
        self,
        field: Field,
        on_changed: OnChanged,
        parent: QWidget | None = None,
        prefix: str = "",
    ) -> None:
        """``prefix`` tells a field's second editor, on another page, from its first."""
        super().__init__(parent)
        self._prefix = prefix
        self.field = field
        self._on_changed = on_changed
        self._is_filling = False
        self.reveal: QToolButton | None = None  # beside a password
        self.editor = self._make_editor()
        self.editor.setObjectName(f"{prefix}field_{field.name}")
        self.editor.setAccessibleName(field.label.replace("&", ""))
        self.editor.setAccessibleDescription(field.hint)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 8)
        layout.setSpacing(3)
        if field.kind not in ("toggle", "tags"):
            label = QLabel(field.label, self)
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setBuddy(self.editor)
            layout.addWidget(label)
        if field.kind == "password":
            layout.addLayout(self._with_reveal())
        else:
            layout.addWidget(self.editor)
        self._hint = QLabel(field.hint, self)
        self._hint.setTextFormat(Qt.TextFormat.PlainText)
        self._hint.setWordWrap(True)
        self._hint.setForegroundRole(theme.MUTED_ROLE)
        self._hint.setVisible(bool(field.hint))
        self._message = QLabel(self)
        self._message.setObjectName(f"{prefix}err_{field.name}")
        self._message.setTextFormat(Qt.TextFormat.PlainText)
        self._message.setWordWrap(True)
        # A long name in a sentence, from a server or pasted, never widens the page.
        self._message.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._message.hide()
        layout.addWidget(self._hint)
        layout.addWidget(self._message)

    def fill(self, draft: Draft, value: Value, inventory: Inventory) -> None:
        """Show a value without telling it as typed."""
        self._is_filling = True
        editor = self.editor
        if not isinstance(editor, RowsEditor):
            outline(editor)
        if isinstance(editor, QComboBox):
            self._offer(draft, inventory)
            editor.setCurrentIndex(editor.findData(value))
        elif isinstance(editor, QSpinBox):
            if editor.value() != value:
                editor.setValue(_number(value))
        elif isinstance(editor, QCheckBox):
            editor.setChecked(bool(value))
        elif isinstance(editor, RowsEditor) and isinstance(value, list):
            if self.field.kind == "disks":
                paths = choices.storage_paths(draft, inventory)
                offered = tuple((path.value, path.text) for path in paths)
                editor.set_options("storage_path_id", _BESIDE_VM + offered)
            if self.field.kind == "existing_disks":
                editor.set_options("arm_id", _NO_DISK + _disks(draft, inventory))
            editor.set_rows([msgspec.structs.asdict(row) for row in value])
        elif isinstance(editor, QPlainTextEdit) and editor.toPlainText() != value:
            editor.setPlainText(str(value))
        elif isinstance(editor, QLineEdit) and editor.text() != value:
            editor.setText(str(value))
        self._is_filling = False

    def set_placeholder(self, text: str) -> None:
        """What an empty text field stands for."""
        if isinstance(self.editor, QLineEdit):
            self.editor.setPlaceholderText(one_line(text))

    def show_message(self, problem: str, doubt: str = "") -> None:
        """Say what is wrong or doubtful, or nothing; told to screen readers with the field."""
        text = f"✕ {plain(problem)}" if problem else f"▲ {plain(doubt)}" if doubt else ""
        if text:
            palette = self._message.palette()
            token = "critical" if problem else "attention"
            palette.setColor(QPalette.ColorRole.WindowText, theme.current().color(token))
            self._message.setPalette(palette)
        is_news = text and text != self._message.text()
        self._message.setText(text)
        self._message.setVisible(bool(text))
        self._hint.setVisible(bool(self.field.hint) and not text)
        self.editor.setAccessibleDescription(problem or doubt or self.field.hint)
        if is_news and self.editor.hasFocus():
            said = QAccessibleAnnouncementEvent(self.editor, problem or doubt)
            QAccessible.updateAccessibility(said)

    def focus(self) -> None:
        self.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    # -- inside --------------------------------------------------------------------------------
    def _offer(self, draft: Draft, inventory: Inventory) -> None:
        editor = self.editor
        assert isinstance(editor, QComboBox)
        wanted = [(c.value, one_line(c.line)) for c in self.field.choices(draft, inventory)]
        shown = [(editor.itemData(i), editor.itemText(i)) for i in range(editor.count())]
        if wanted != shown:
            editor.clear()
            for value, text in wanted:
                editor.addItem(text, value)

    def _make_editor(self) -> QWidget:
        field = self.field
        if field.kind == "choice":
            box = QComboBox(self)
            box.setMinimumContentsLength(28)
            box.setSizeAdjustPolicy(
                QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
            )
            box.currentIndexChanged.connect(lambda _: self._told(box.currentData() or ""))
            return box
        if field.kind == "number":
            spin = QSpinBox(self)
            spin.setRange(*field.limits)
            spin.setSuffix(f" {field.unit}" if field.unit else "")
            spin.setGroupSeparatorShown(False)
            spin.setMaximumWidth(20 * self.fontMetrics().averageCharWidth())
            spin.valueChanged.connect(self._told)
            return spin
        if field.kind == "toggle":
            check = QCheckBox(field.label, self)
            check.toggled.connect(self._told)
            return check
        if field.kind == "disks":
            return self._rows(_DISK_COLUMNS, "A&dd data disk", DiskRow)
        if field.kind == "existing_disks":
            return self._rows(_EXISTING_COLUMNS, "Add e&xisting disk", ExistingDiskRow)
        if field.kind == "tags":
            return self._rows(_TAG_COLUMNS, "&Add tag", TagRow)
        if field.kind == "lines":
            return self._lines()
        line = QLineEdit(self)
        if field.kind == "password":
            line.setEchoMode(QLineEdit.EchoMode.Password)
        line.textChanged.connect(self._told)
        return line

    def _lines(self) -> QPlainTextEdit:
        text = QPlainTextEdit(self)
        text.setTabChangesFocus(True)
        text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        text.setFixedHeight(_LINES * self.fontMetrics().lineSpacing() + 2 * text.frameWidth() + 10)
        text.textChanged.connect(lambda: self._told(text.toPlainText()))
        return text

    def _rows(self, columns: tuple[Column, ...], add: str, kind: Any) -> RowsEditor:
        rows = RowsEditor(columns, add, self)
        rows.rows_changed.connect(lambda: self._told([kind(**row) for row in rows.rows()]))
        return rows

    def _with_reveal(self) -> QHBoxLayout:
        line = self.editor
        assert isinstance(line, QLineEdit)
        reveal = self.reveal = QToolButton(self)
        reveal.setText("Show")
        reveal.setCheckable(True)
        reveal.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        reveal.setObjectName(f"{self._prefix}reveal_{self.field.name}")
        reveal.setAccessibleName(f"Show {self.field.label.replace('&', '').lower()}")
        modes = QLineEdit.EchoMode

        def reveal_or_hide(is_on: bool) -> None:
            line.setEchoMode(modes.Normal if is_on else modes.Password)
            reveal.setText("Hide" if is_on else "Show")

        reveal.toggled.connect(reveal_or_hide)
        row = QHBoxLayout()
        row.addWidget(line, 1)
        row.addWidget(reveal)
        return row

    def _told(self, value: Value) -> None:
        if not self._is_filling:
            self._on_changed(self.field.name, value)


def tab_through_passwords(editors: Iterable[FieldEditor]) -> None:
    """From one password straight to the next; what shows them comes after: a password that is
    typed into its button is lost, and a space in it would show the one before.
    """
    some = list(editors)
    reveals = [one.reveal for one in some if one.reveal is not None]
    for before, after in pairwise([*(one.editor for one in some), *reveals]):
        QWidget.setTabOrder(before, after)


def _disks(draft: Draft, inventory: Inventory) -> tuple[tuple[str, str], ...]:
    """What can be chosen, and what was chosen and has gone since: it is told, not replaced."""
    offered = [(one.value, one.line) for one in choices.free_disks(inventory)]
    known = {value for value, _ in offered}
    gone = {row.arm_id for row in draft.existing_disks if row.arm_id} - known
    return (*offered, *((one, f"{one.rsplit('/', 1)[-1]}, not free") for one in sorted(gone)))


def _number(value: Value) -> int:
    return value if isinstance(value, int) else 0
