"""A page that is a list of fields."""

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QScrollArea, QVBoxLayout, QWidget

from console.model.inventory import Inventory
from console.ui import theme
from console.ui.wizard.draft import Draft
from console.ui.wizard.field_editor import FieldEditor, OnChanged
from console.ui.wizard.flow import Page

_WIDEST_LETTERS = 84


class FieldsPage(QScrollArea):
    """Scrolls where the window is small or the text large. ``body`` takes more below the fields."""

    def __init__(self, page: Page, on_changed: OnChanged, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(f"page_{page.id}")
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        inside = self.inside = QWidget(self)
        inside.setMaximumWidth(_WIDEST_LETTERS * self.fontMetrics().averageCharWidth())
        self.body = QVBoxLayout(inside)
        self.body.setContentsMargins(24, 16, 24, 16)
        title = QLabel(page.title.replace("&&", "&"), inside)
        font = title.font()
        font.setPointSizeF(font.pointSizeF() * 1.4)
        font.setBold(True)
        title.setFont(font)
        title.setTextFormat(Qt.TextFormat.PlainText)
        self.body.addWidget(title)
        if page.intro:
            self.body.addWidget(paragraph(page.intro, inside, is_muted=True))
        self.editors: dict[str, FieldEditor] = {}
        for field in page.fields:
            if field.kind in ("images", "fixed"):
                continue
            editor = FieldEditor(field, on_changed, inside)
            self.editors[field.name] = editor
            self.body.addWidget(editor)
        self.setWidget(inside)

    def end(self) -> None:
        """Everything is in: push it to the top."""
        self.body.addStretch(1)

    def fill(self, draft: Draft, secrets: Mapping[str, str], inventory: Inventory) -> None:
        """Show the draft's values and only the fields that apply."""
        for name, editor in self.editors.items():
            value = getattr(draft, name) if hasattr(draft, name) else secrets.get(name, "")
            editor.fill(value, inventory)
            editor.setVisible(editor.field.is_shown(draft))

    def show_problems(self, wrong: Mapping[str, str]) -> None:
        for name, editor in self.editors.items():
            editor.show_problem(wrong.get(name, ""))

    def focus_field(self, name: str) -> None:
        editor = self.editors.get(name) or next(iter(self.editors.values()), None)
        if editor is not None:
            editor.focus()
            self.ensureWidgetVisible(editor)


def paragraph(text: str, parent: QWidget, *, is_muted: bool = False) -> QLabel:
    """Plain text that wraps."""
    label = QLabel(text, parent)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    if is_muted:
        label.setForegroundRole(theme.MUTED_ROLE)
    return label
