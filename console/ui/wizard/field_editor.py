"""One field of the wizard on the screen: its editor, its hint, and what is wrong beside it."""

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from console.model.inventory import Inventory
from console.ui import theme
from console.ui.plain_text import one_line, plain
from console.ui.wizard.flow import Field

Value = str | int | bool
OnChanged = Callable[[str, Value], None]


class FieldEditor(QWidget):
    """Label, editor and message. ``show_problem`` puts the sentence beside the field."""

    def __init__(self, field: Field, on_changed: OnChanged, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field = field
        self._on_changed = on_changed
        self._is_filling = False
        self.editor = self._make_editor()
        self.editor.setObjectName(f"field_{field.name}")
        self.editor.setAccessibleName(field.label.replace("&&", "+").replace("&", ""))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 6)
        layout.setSpacing(3)
        if field.kind != "toggle":
            label = QLabel(field.label, self)
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
        self._problem = QLabel(self)
        self._problem.setObjectName(f"err_{field.name}")
        self._problem.setTextFormat(Qt.TextFormat.PlainText)
        self._problem.setWordWrap(True)
        self._problem.hide()
        layout.addWidget(self._hint)
        layout.addWidget(self._problem)

    def fill(self, value: Value, inventory: Inventory) -> None:
        """Show a value without telling it as typed."""
        self._is_filling = True
        editor = self.editor
        if isinstance(editor, QComboBox):
            wanted = [(choice.value, choice.text) for choice in self.field.choices(inventory)]
            shown = [(editor.itemData(i), editor.itemText(i)) for i in range(editor.count())]
            if wanted != shown:
                editor.clear()
                for value_, text in wanted:
                    editor.addItem(one_line(text), value_)
            editor.setCurrentIndex(editor.findData(value))
        elif isinstance(editor, QSpinBox):
            if editor.value() != value:
                editor.setValue(int(value))
        elif isinstance(editor, QCheckBox):
            editor.setChecked(bool(value))
        elif isinstance(editor, QPlainTextEdit):
            if editor.toPlainText() != value:
                editor.setPlainText(str(value))
        elif isinstance(editor, QLineEdit) and editor.text() != value:
            editor.setText(str(value))
        self._is_filling = False

    def show_problem(self, text: str) -> None:
        """Say what is wrong, or nothing; told to screen readers with the field."""
        if text:
            palette = self._problem.palette()
            color = theme.current().color("critical")
            palette.setColor(QPalette.ColorRole.WindowText, color)
            self._problem.setPalette(palette)
            self._problem.setText(f"✕ {plain(text)}")
        self._problem.setVisible(bool(text))
        self._hint.setVisible(bool(self.field.hint) and not text)
        self.editor.setAccessibleDescription(text or self.field.hint)

    def focus(self) -> None:
        self.editor.setFocus(Qt.FocusReason.OtherFocusReason)

    def _make_editor(self) -> QWidget:
        kind = self.field.kind
        if kind == "choice":
            box = QComboBox(self)
            box.setMinimumContentsLength(28)
            box.currentIndexChanged.connect(lambda _: self._told(box.currentData() or ""))
            return box
        if kind == "number":
            spin = QSpinBox(self)
            spin.setRange(*self.field.limits)
            spin.setMaximumWidth(18 * self.fontMetrics().averageCharWidth())
            spin.valueChanged.connect(self._told)
            return spin
        if kind == "toggle":
            check = QCheckBox(self.field.label, self)
            check.toggled.connect(self._told)
            return check
        if kind == "lines":
            lines = QPlainTextEdit(self)
            lines.setTabChangesFocus(True)
            lines.setMaximumHeight(5 * self.fontMetrics().height())
            lines.textChanged.connect(lambda: self._told(lines.toPlainText()))
            return lines
        line = QLineEdit(self)
        if kind == "password":
            line.setEchoMode(QLineEdit.EchoMode.Password)
        line.textChanged.connect(self._told)
        return line

    def _with_reveal(self) -> QHBoxLayout:
        line = self.editor
        assert isinstance(line, QLineEdit)
        reveal = QToolButton(self)
        reveal.setText("Show")
        reveal.setCheckable(True)
        reveal.setObjectName(f"reveal_{self.field.name}")
        modes = QLineEdit.EchoMode
        reveal.toggled.connect(lambda on: line.setEchoMode(modes.Normal if on else modes.Password))
        row = QHBoxLayout()
        row.addWidget(line, 1)
        row.addWidget(reveal)
        return row

    def _told(self, value: Value) -> None:
        if not self._is_filling:
            self._on_changed(self.field.name, value)
