"""The creation wizard: steps, pages, and the way from a draft to a submitted request."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QMessageBox,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from console.model.finding import Finding, Severity
from console.model.request import CreateVirtualMachine, Request, SecretField
from console.ui.store import Store
from console.ui.wizard import draft as draft_file
from console.ui.wizard import flow
from console.ui.wizard.field_editor import Value
from console.ui.wizard.pages.fields import FieldsPage
from console.ui.wizard.pages.image import ImagePage
from console.ui.wizard.pages.review import ReviewPage
from console.ui.wizard.pages.security import SecurityPage
from console.ui.wizard.step_list import StepList

_SECRET_FIELDS = (SecretField.ADMIN_PASSWORD, flow.PASSWORD_AGAIN, SecretField.DOMAIN_PASSWORD)
_KEEP_PAUSE_MS = 800
_PAGE_CLASSES = {"image": ImagePage, "security": SecurityPage, "review": ReviewPage}


class Submitter(Protocol):
    """The bridge, as far as the wizard needs it."""

    def submit(
        self, request: Request, secrets: dict[str, str] | None = None, group_id: str = ""
    ) -> str: ...

    def check(self, request: Request, callback: Callable[[tuple[Finding, ...]], None]) -> str: ...

    def forget_check(self, token: str) -> None: ...


class CreateVmWizard(QDialog):
    """Non-modal. Signal: ``submitted(operation_id)`` after the request left.

    The draft is kept on disk while it is typed (without passwords) and forgotten once submitted.
    """

    submitted = Signal(str)

    def __init__(
        self, store: Store, bridge: Submitter, folder: Path, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("create_vm_wizard")
        self.setWindowTitle("Create Trusted launch VM")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumSize(760, 480)
        self.resize(1024, 700)
        self._store, self._bridge, self._folder = store, bridge, folder
        kept = draft_file.load(folder)
        self.draft = flow.defaults(store.inventory, kept)
        self._secrets: dict[str, str] = {}
        self._visited: set[int] = set(range(len(flow.PAGES) - 1)) if kept else {0}
        self._touched = set(flow.PAGE_OF) - set(_SECRET_FIELDS) if kept else set[str]()
        self._is_changed = False
        self._is_settled = False
        self._check_token = ""
        self._findings: tuple[Finding, ...] | None = None
        self._build()
        self._keep = QTimer(self, singleShot=True, interval=_KEEP_PAUSE_MS)
        self._keep.timeout.connect(self._keep_draft)
        store.site_changed.connect(self._refresh)
        store.snapshot_replaced.connect(self._refresh)
        self.show_page(0)

    # -- building ------------------------------------------------------------------------------
    def _build(self) -> None:
        self._steps = StepList(self)
        self._stack = QStackedWidget(self)
        self.pages: list[FieldsPage] = []
        for page in flow.PAGES:
            made = _PAGE_CLASSES.get(page.id, FieldsPage)(page, self._on_changed, self)
            made.end()
            self.pages.append(made)
            self._stack.addWidget(made)
        review = self.pages[-1]
        assert isinstance(review, ReviewPage)
        self._review = review
        review.field_wanted.connect(self.go_to_field)
        self._back = QPushButton("< &Back", self)
        self._back.setObjectName("wizard_back")
        self._next = QPushButton("Nex&t >", self)
        self._next.setObjectName("wizard_next")
        self._create = QPushButton("&Create", self)
        self._create.setObjectName("wizard_create")
        cancel = QPushButton("Close", self)
        cancel.setObjectName("wizard_close")
        for button in (self._back, self._next, self._create, cancel):
            button.setAutoDefault(False)
        self._back.clicked.connect(lambda: self.show_page(self.page_index - 1))
        self._next.clicked.connect(lambda: self.show_page(self.page_index + 1))
        self._create.clicked.connect(self._submit)
        cancel.clicked.connect(self.close)
        self._steps.currentRowChanged.connect(self.show_page)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        for button in (self._back, self._next, self._create, cancel):
            buttons.addWidget(button)
        right = QVBoxLayout()
        right.addWidget(self._stack, 1)
        right.addLayout(buttons)
        layout = QHBoxLayout(self)
        layout.addWidget(self._steps)
        layout.addLayout(right, 1)
        for keys in ("Ctrl+Return", "Ctrl+Enter"):
            QShortcut(QKeySequence(keys), self, self._forward)
        for number in range(len(flow.PAGES)):
            jump = QShortcut(QKeySequence(f"Alt+{number + 1}"), self)
            jump.activated.connect(lambda number=number: self.show_page(number))

    # -- moving --------------------------------------------------------------------------------
    @property
    def page_index(self) -> int:
        return self._stack.currentIndex()

    def show_page(self, index: int) -> None:
        """Go to a step; leaving one shows what is still wrong on it. Never skips one."""
        if not 0 <= index < len(flow.PAGES):
            return
        left = self.page_index
        if left != index:
            self._touched.update(field.name for field in flow.PAGES[left].fields)
        self._visited.add(index)
        self._stack.setCurrentIndex(index)
        self._steps.blockSignals(True)
        self._steps.setCurrentRow(index)
        self._steps.blockSignals(False)
        if index == len(flow.PAGES) - 1:
            self._touched.update(flow.PAGE_OF)
            self._visited.update(range(index))
            self._start_checks()
        self._refresh()
        self.pages[index].focus_field("")

    def go_to_field(self, name: str) -> None:
        """Show the page that holds a field and put the cursor there."""
        index = flow.PAGE_OF.get(name)
        if index is not None:
            self.show_page(index)
            self.pages[index].focus_field(name)

    def _forward(self) -> None:
        if self.page_index < len(flow.PAGES) - 1:
            self.show_page(self.page_index + 1)
        elif self._create.isEnabled():
            self._submit()

    # -- values --------------------------------------------------------------------------------
    def _on_changed(self, name: str, value: Value) -> None:
        if name in _SECRET_FIELDS:
            self._secrets[name] = str(value)
        else:
            setattr(self.draft, name, value)
        if name == "has_fixed_address" and value and not self.draft.address:
            network = flow.network_of(self.draft, self._store.inventory)
            self.draft.address = flow.next_free_address(network) if network is not None else ""
        self._touched.add(name)
        self._is_changed = True
        self._findings = None
        self._keep.start()
        self._refresh()

    def problems(self) -> dict[str, str]:
        """Everything that is wrong, by field."""
        return flow.problems(self.draft, self._secrets, self._store.inventory)

    def _refresh(self) -> None:
        inventory = self._store.inventory
        self.draft = flow.defaults(inventory, self.draft)
        wrong = self.problems()
        index = self.page_index
        page = self.pages[index]
        page.fill(self.draft, self._secrets, inventory)
        page.show_problems({n: text for n, text in wrong.items() if n in self._touched})
        self._steps.show_states(flow.page_states(self.draft, wrong), self._visited)
        is_last = index == len(flow.PAGES) - 1
        self._back.setEnabled(index > 0)
        self._next.setVisible(not is_last)
        self._create.setVisible(is_last)
        blocked = any(f.severity is Severity.BLOCKS for f in self._findings or ())
        self._create.setEnabled(not wrong and self._findings is not None and not blocked)
        (self._create if is_last else self._next).setDefault(True)
        if is_last and wrong:
            self._review.show_incomplete(len(wrong))

    # -- checking and sending ------------------------------------------------------------------
    def _start_checks(self) -> None:
        self._bridge.forget_check(self._check_token)
        self._findings = None
        if self.problems():
            return
        request = flow.build_request(self.draft, self._store.inventory)
        self._review.show_request(request, self._store.inventory)

        def answered(findings: tuple[Finding, ...]) -> None:
            self._on_checked(request, findings)

        self._check_token = self._bridge.check(request, answered)

    def _on_checked(self, request: CreateVirtualMachine, findings: tuple[Finding, ...]) -> None:
        if self.problems() or flow.build_request(self.draft, self._store.inventory) != request:
            return  # something was typed meanwhile: this answers an older question
        self._findings = findings
        self._review.show_findings(findings, is_final=True)
        self._refresh()

    def _submit(self) -> None:
        if self.problems():
            return
        request = flow.build_request(self.draft, self._store.inventory)
        secrets = flow.secrets_to_send(self.draft, self._secrets)
        operation_id = self._bridge.submit(request, secrets=secrets)
        self._is_settled = True
        self._keep.stop()
        draft_file.forget(self._folder)
        self._secrets.clear()
        self.submitted.emit(operation_id)
        self.close()

    # -- leaving -------------------------------------------------------------------------------
    def _keep_draft(self) -> None:
        # A folder that cannot be written costs the draft, nothing else.
        with contextlib.suppress(OSError):
            draft_file.save(self._folder, self.draft)

    def reject(self) -> None:
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        self._bridge.forget_check(self._check_token)
        if self._is_settled or not self._is_changed:
            # Not QDialog's own: that calls reject(), which comes back here.
            event.accept()
            return
        event.ignore()
        self._ask_before_leaving()

    def _ask_before_leaving(self) -> None:
        box = QMessageBox(self)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setWindowTitle("Leave the wizard?")
        box.setText("Keep what was typed for next time? Passwords are never kept.")
        keep = box.addButton("&Keep draft", QMessageBox.ButtonRole.AcceptRole)
        discard = box.addButton("&Discard", QMessageBox.ButtonRole.DestructiveRole)
        box.addButton("&Go on", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(keep)

        def finished(_result: int) -> None:
            if box.clickedButton() not in (keep, discard):
                return
            self._keep.stop()
            if box.clickedButton() is keep:
                self._keep_draft()
            else:
                draft_file.forget(self._folder)
            self._is_settled = True
            self.close()

        box.finished.connect(finished)
        box.open()
