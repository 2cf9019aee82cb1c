"""A page that is a list of fields; pages with more than that build upon it."""

from collections.abc import Mapping
from itertools import groupby

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QScrollArea, QVBoxLayout, QWidget

from console.checks import creation_rules as rules
from console.model.inventory import Inventory
from console.ui import theme
from console.ui.wizard import choices, flow
from console.ui.wizard.draft import Draft
from console.ui.wizard.field_editor import FieldEditor, OnChanged, tab_through_passwords

_WIDEST_LETTERS = 92
_EDITED_ELSEWHERE = ("images", "fixed")


class FieldsPage(QScrollArea):
    """Scrolls where the window is small or the text large. ``body`` takes more below the fields."""

    widest_letters: int | None = _WIDEST_LETTERS

    def __init__(
        self, page: flow.Page, on_changed: OnChanged, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName(f"page_{page.id}")
        self.setAccessibleName(page.title.replace("&&", "and"))
        self.setWidgetResizable(True)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        inside = self.inside = QWidget(self)
        # Fusion's own mark stays small where the text is large.
        inside.setStyleSheet("QCheckBox::indicator { width: 1em; height: 1em; }")
        if self.widest_letters is not None:
            inside.setMaximumWidth(self.widest_letters * self.fontMetrics().averageCharWidth())
        self.body = QVBoxLayout(inside)
        self.body.setContentsMargins(24, 16, 24, 16)
        self.body.addWidget(heading(page.title.replace("&&", "&"), inside, 1.4))
        if page.intro:
            self.body.addWidget(paragraph(page.intro, inside, is_muted=True))
        self.body.addSpacing(6)
        self.editors: dict[str, FieldEditor] = {}
        for field in page.fields:
            if field.kind not in _EDITED_ELSEWHERE:
                editor = FieldEditor(field, on_changed, inside)
                self.editors[field.name] = editor
                self.body.addWidget(editor)
        for is_password, some in groupby(self.editors.values(), lambda one: one.reveal is not None):
            if is_password:
                tab_through_passwords(some)
        self.setWidget(inside)

    def end(self) -> None:
        """Everything is in: push it to the top."""
        self.body.addStretch(1)

    def fill(self, draft: Draft, secrets: Mapping[str, str], inventory: Inventory) -> None:
        """Show the draft's values and only the fields that apply."""
        for name, editor in self.editors.items():
            value = getattr(draft, name) if hasattr(draft, name) else secrets.get(name, "")
            editor.fill(draft, value, inventory)
            editor.setVisible(editor.field.is_shown(draft, inventory))
        if "computer_name" in self.editors:
            linux = choices.is_linux(draft, inventory)
            name = rules.computer_name_of(draft.name, is_linux=linux)
            self.editors["computer_name"].set_placeholder(name)
        if "dns_servers" in self.editors:
            network = choices.network_of(draft, inventory)
            servers = ", ".join(network.dns_servers) if network is not None else ""
            self.editors["dns_servers"].set_placeholder(servers)

    def show_messages(self, problems: Mapping[str, str], doubts: Mapping[str, str]) -> None:
        """Put each sentence beside its field."""
        for name, editor in self.editors.items():
            editor.show_message(problems.get(name, ""), doubts.get(name, ""))

    def focus_field(self, name: str) -> None:
        """Put the cursor into this field, or into the page's first."""
        editor = self.editors.get(name) or next(iter(self.editors.values()), None)
        if editor is not None:
            editor.focus()
            self.ensureWidgetVisible(editor)
        else:
            self.setFocus(Qt.FocusReason.OtherFocusReason)


def heading(text: str, parent: QWidget, scale: float = 1.0) -> QLabel:
    """Bold plain text, larger than the rest by ``scale``."""
    label = QLabel(text, parent)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    font = label.font()
    font.setPointSizeF(font.pointSizeF() * scale)
    font.setBold(True)
    label.setFont(font)
    return label


def paragraph(text: str, parent: QWidget, *, is_muted: bool = False) -> QLabel:
    """Plain text that wraps."""
    label = QLabel(text, parent)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    if is_muted:
        label.setForegroundRole(theme.MUTED_ROLE)
    return label
