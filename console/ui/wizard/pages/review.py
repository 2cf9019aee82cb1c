"""Review page: what will be made, every check for real, and the request as code."""

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import (
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QListWidgetItem,
    QPlainTextEdit,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from console.model.finding import Finding, Severity, Verdict, verdict_of
from console.model.request import CreateVirtualMachine
from console.ui.forms.two_line_items import TwoLineList
from console.ui.plain_text import one_line, plain
from console.ui.wizard import as_code, flow
from console.ui.wizard.field_editor import FieldEditor, OnChanged, tab_through_passwords
from console.ui.wizard.pages.fields import FieldsPage, paragraph

_FIELD = int(Qt.ItemDataRole.UserRole)
_LOOKS = {
    Severity.FINE: ("check", "healthy"),
    Severity.NOTE: ("note", "accent"),
    Severity.WAITS: ("clock", "attention"),
    Severity.UNKNOWN: ("question", "unknown"),
    Severity.BLOCKS: ("cross", "critical"),
}
_SAID = {
    Verdict.FITS: "Everything that was checked is fine.",
    Verdict.FITS_WITH_NOTES: "It can be created; read the notes.",
    Verdict.WAITS: "It can be created, and will wait for its turn.",
    Verdict.UNKNOWN: "Something is not known. Creating waits until it is, or is refused.",
    Verdict.CANNOT: "It cannot be created like this.",
}
_MOST_LINES = 10
_SECRET_LETTERS = 80


class ReviewPage(FieldsPage):
    """Signals: ``field_wanted(name)`` when a finding was chosen that belongs to a field,
    ``check_wanted()`` when everything is to be checked once more.
    """

    field_wanted = Signal(str)
    check_wanted = Signal()
    widest_letters = 130

    def __init__(
        self, page: flow.Page, on_changed: OnChanged, parent: QWidget | None = None
    ) -> None:
        super().__init__(page, on_changed, parent)
        inside = self.inside
        self._summary = QWidget(inside)
        self._summary.setObjectName("review_summary")
        self._told = QFormLayout(self._summary)
        self._told.setContentsMargins(0, 0, 0, 0)
        self._told.setHorizontalSpacing(16)
        self._told.setVerticalSpacing(2)
        self._duration = paragraph("", inside, is_muted=True)
        self._duration.setObjectName("review_duration")
        self._secrets = self._make_secrets(on_changed)
        self._state = QLabel(inside)
        self._state.setObjectName("review_state")
        self._state.setTextFormat(Qt.TextFormat.PlainText)
        self._state.setWordWrap(True)
        bold = self._state.font()
        bold.setBold(True)
        self._state.setFont(bold)
        self._again = QPushButton("Check a&gain", inside)
        self._again.setObjectName("review_again")
        self._again.setAutoDefault(False)
        self._again.clicked.connect(self.check_wanted)
        self._findings = TwoLineList(inside)
        self._findings.setObjectName("review_findings")
        self._findings.setAccessibleName("Findings")
        self._findings.keeps_enter = True
        self._findings.itemActivated.connect(self._on_activated)
        self._findings.itemClicked.connect(self._on_activated)
        row = QHBoxLayout()
        row.addWidget(self._state, 1)
        row.addWidget(self._again)
        self.body.addWidget(self._summary)
        self.body.addWidget(self._duration)
        self.body.addWidget(self._secrets)
        self.body.addSpacing(8)
        self.body.addLayout(row)
        self.body.addWidget(self._findings)
        self._add_code()

    def _make_secrets(self, on_changed: OnChanged) -> QWidget:
        """What is typed anew for every VM can be typed here, without a walk to its page."""
        part = QWidget(self.inside)
        part.setMaximumWidth(_SECRET_LETTERS * self.fontMetrics().averageCharWidth())
        layout = QVBoxLayout(part)
        layout.setContentsMargins(0, 8, 0, 0)
        note = "Still to be typed, since passwords are never kept:"
        layout.addWidget(paragraph(note, part, is_muted=True))
        for name in flow.SECRET_FIELDS:
            editor = FieldEditor(flow.FIELDS[name], on_changed, part, "review_")
            self.editors[name] = editor
            layout.addWidget(editor)
        tab_through_passwords(self.editors.values())
        part.hide()
        return part

    def ask_secrets(self, is_wanted: bool) -> None:
        """Whether passwords are still to be typed; they stay in sight until the page is left."""
        self._secrets.setVisible(is_wanted)

    def _add_code(self) -> None:
        self._code = QTabWidget(self.inside)
        self._code.setObjectName("review_code")
        self._texts: dict[str, QPlainTextEdit] = {}
        fixed = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        fixed.setPointSizeF(self.font().pointSizeF())
        for name in as_code.LANGUAGES:
            text = QPlainTextEdit(self._code)
            text.setReadOnly(True)
            text.setFont(fixed)
            text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
            text.setTabChangesFocus(True)
            text.setAccessibleName(f"The request as {name}")
            self._texts[name] = text
            self._code.addTab(text, name)
        self._code.setMinimumHeight(12 * self.fontMetrics().height())
        copy = QPushButton("C&opy", self._code)
        copy.setObjectName("review_copy")
        copy.setAutoDefault(False)
        copy.clicked.connect(self._copy)
        self._code.setCornerWidget(copy)
        self._code_part = QWidget(self.inside)
        layout = QVBoxLayout(self._code_part)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.addWidget(self._code)
        note = "The same request as code. Passwords are parameters: they stand in none of these."
        layout.addWidget(paragraph(note, self._code_part, is_muted=True))
        self.body.addWidget(self._code_part, 100)

    def end(self) -> None:
        """The code takes the room that is left, or nothing does."""
        self.body.addStretch(1)

    def show_incomplete(self, problems: Mapping[str, str]) -> None:
        """Some field is wrong: there is no request yet. Each line leads to its field."""
        self._summary.hide()
        self._duration.hide()
        self._code_part.hide()
        self._again.hide()
        count = len(problems)
        self._state.setText(
            "One field is not right yet:" if count == 1 else f"{count} fields are not right yet:"
        )
        self._findings.clear()
        order = list(flow.PAGE_OF)
        for name in sorted(problems, key=order.index):
            field = flow.FIELDS[name]
            page = flow.PAGES[flow.PAGE_OF[name]].title.replace("&&", "&")
            title = f"{page}: {field.label.replace('&', '')}"
            self._add(title, problems[name], name, Severity.BLOCKS)
        self._fit()

    def show_request(self, request: CreateVirtualMachine, duration: str) -> None:
        """What is to be made, told and as code; ``duration`` is a sentence."""
        spec = request.spec
        self._tell(as_code.in_words(spec))
        self._duration.setText(duration)
        for part in (self._summary, self._duration, self._code_part, self._again):
            part.show()
        for name, written in as_code.LANGUAGES.items():
            text = written(spec)
            if self._texts[name].toPlainText() != text:
                self._texts[name].setPlainText(text)

    def show_findings(self, findings: tuple[Finding, ...], *, is_final: bool) -> None:
        """Everything that was found; a finding with a field leads there."""
        self._findings.clear()
        for finding in findings:
            detail = " ".join(part for part in (finding.remedy, finding.evidence) if part)
            item = self._add(finding.text, detail, finding.field, finding.severity)
            item.setToolTip(plain(finding.source))
        if is_final:
            verdict = verdict_of(findings)
            self._state.setText(f"{_SAID[verdict]} Azure and the cluster were both asked.")
        else:
            self._state.setText("Asking Azure and the cluster …")
        self._fit()

    def show_silence(self) -> None:
        """Nobody answered in time."""
        self._state.setText("No answer yet from Azure and the cluster. Wait, or check again.")

    # -- inside --------------------------------------------------------------------------------
    def _tell(self, told: list[tuple[str, str]]) -> None:
        while self._told.rowCount():
            self._told.removeRow(0)
        for label, text in told:
            self._told.addRow(
                paragraph(label, self._summary, is_muted=True),
                paragraph(one_line(text), self._summary),
            )

    def _add(self, title: str, detail: str, field: str, severity: Severity) -> QListWidgetItem:
        leads = " Press Enter to go to the field." if field else ""
        spoken = f"{severity}: {one_line(title)} {one_line(detail)}{leads}"
        item = self._findings.add(one_line(title), one_line(detail), spoken)
        self._findings.set_state(item, *_LOOKS[severity])
        item.setData(_FIELD, field)
        return item

    def _fit(self) -> None:
        self._findings.setVisible(self._findings.count() > 0)
        height = self._findings.height_of_all()
        if not self._code_part.isHidden():
            height = min(height, _MOST_LINES * self.fontMetrics().height())
        self._findings.setFixedHeight(height)

    def _on_activated(self, item: QListWidgetItem) -> None:
        field = item.data(_FIELD)
        if field:
            self.field_wanted.emit(field)

    def _copy(self) -> None:
        text = self._code.currentWidget()
        if isinstance(text, QPlainTextEdit):
            QGuiApplication.clipboard().setText(text.toPlainText())

    def focus_field(self, name: str) -> None:
        if name in self.editors and self._secrets.isVisibleTo(self):
            self.editors[name].focus()
            self.ensureWidgetVisible(self.editors[name])
            return
        target = self._findings if self._findings.isVisible() else self._code
        target.setFocus(Qt.FocusReason.OtherFocusReason)
