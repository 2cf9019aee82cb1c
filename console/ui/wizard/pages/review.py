"""Review page: every check for real, the request as code, and what will be made."""

import time

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import (
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QTabWidget,
    QWidget,
)

from console.checks import run_on_snapshot
from console.model.finding import Finding, Severity, verdict_of
from console.model.inventory import Inventory
from console.model.request import CreateVirtualMachine
from console.operations import operation_for
from console.ui.plain_text import one_line, plain
from console.ui.wizard import as_code
from console.ui.wizard.field_editor import OnChanged
from console.ui.wizard.flow import FIELD_OF_TOPIC, Page
from console.ui.wizard.pages.fields import FieldsPage, paragraph

_FIELD = int(Qt.ItemDataRole.UserRole)
_MARKS = {
    Severity.FINE: "✓",
    Severity.NOTE: "ℹ",
    Severity.WAITS: "◷",
    Severity.UNKNOWN: "?",
    Severity.BLOCKS: "✕",
}


class ReviewPage(FieldsPage):
    """Signal: ``field_wanted(name)`` when a finding was chosen that belongs to a field."""

    field_wanted = Signal(str)

    def __init__(self, page: Page, on_changed: OnChanged, parent: QWidget | None = None) -> None:
        super().__init__(page, on_changed, parent)
        inside = self.inside
        self._summary = paragraph("", inside)
        self._summary.setObjectName("review_summary")
        self._state = QLabel(inside)
        self._state.setObjectName("review_state")
        self._state.setTextFormat(Qt.TextFormat.PlainText)
        self._state.setWordWrap(True)
        self._findings = QListWidget(inside)
        self._findings.setObjectName("review_findings")
        self._findings.setAccessibleName("Findings")
        self._findings.setWordWrap(True)
        self._findings.setMinimumHeight(6 * self.fontMetrics().height())
        self._findings.setMaximumHeight(9 * self.fontMetrics().height())
        self._findings.itemActivated.connect(self._on_activated)
        self._findings.itemClicked.connect(self._on_activated)
        self._code = QTabWidget(inside)
        self._code.setObjectName("review_code")
        self._texts: dict[str, QPlainTextEdit] = {}
        fixed = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
        for name in ("ARM JSON", "Bicep", "Azure CLI"):
            text = QPlainTextEdit(self._code)
            text.setReadOnly(True)
            text.setFont(fixed)
            text.setTabChangesFocus(True)
            text.setAccessibleName(f"The request as {name}")
            self._texts[name] = text
            self._code.addTab(text, name)
        self._code.setMinimumHeight(13 * self.fontMetrics().height())
        for widget in (self._summary, self._state, self._findings, self._code):
            self.body.addWidget(widget)

    def show_incomplete(self, count: int) -> None:
        """Some field is wrong: there is no request yet."""
        self._summary.setText("")
        fields = "field is" if count == 1 else "fields are"
        self._state.setText(f"✕ {count} {fields} not right yet. The marked steps tell which.")
        self._findings.clear()
        for text in self._texts.values():
            text.setPlainText("")

    def show_request(self, request: CreateVirtualMachine, inventory: Inventory) -> None:
        """What is known at once; the wires are asked meanwhile."""
        spec = request.spec
        self._summary.setText(
            plain(
                f"{spec.name}: Trusted launch with Secure Boot and vTPM, {spec.processors} "
                f"processors, {spec.memory_mib // 1024} GiB memory, in {spec.resource_group}. "
                "How long it takes is not known yet for this site."
            )
        )
        checks = operation_for(request).checks
        findings = run_on_snapshot(checks, request, inventory, time.time())
        self.show_findings(findings, is_final=False)
        for name, text in (
            ("ARM JSON", as_code.arm_template(spec)),
            ("Bicep", as_code.bicep(spec)),
            ("Azure CLI", as_code.cli(spec)),
        ):
            if self._texts[name].toPlainText() != text:
                self._texts[name].setPlainText(text)

    def show_findings(self, findings: tuple[Finding, ...], *, is_final: bool) -> None:
        """Everything that was found; a finding with a field leads there."""
        self._findings.clear()
        for finding in findings:
            text = f"{_MARKS[finding.severity]}  {one_line(finding.text)}"
            if finding.remedy:
                text += f"\n     {one_line(finding.remedy)}"
            item = QListWidgetItem(text)
            item.setData(_FIELD, FIELD_OF_TOPIC.get(finding.field, finding.field))
            item.setToolTip(plain(finding.evidence or finding.source))
            self._findings.addItem(item)
        verdict = verdict_of(findings)
        if not is_final:
            self._state.setText("Asking Azure and the cluster …")
        elif not findings:
            self._state.setText("✓ All checks passed on both planes.")
        else:
            self._state.setText(f"Checked on both planes: {verdict}.")

    def _on_activated(self, item: QListWidgetItem) -> None:
        field = item.data(_FIELD)
        if field:
            self.field_wanted.emit(field)
