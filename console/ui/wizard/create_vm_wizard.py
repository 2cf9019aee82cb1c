"""The creation wizard: steps, pages, and the way from a draft to a submitted request."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from msgspec import structs
from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QMessageBox,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from console.model.finding import Finding, Severity
from console.model.request import CreateVirtualMachine, Request
from console.ui.ask import Ask
from console.ui.bridge import Part
from console.ui.file_thread import file_thread
from console.ui.plain_text import one_line, plain
from console.ui.store import Store
from console.ui.window_size import open_at
from console.ui.wizard import draft as draft_file
from console.ui.wizard import flow
from console.ui.wizard.building import build_request, secrets_to_send
from console.ui.wizard.field_editor import Value
from console.ui.wizard.history import expected_duration
from console.ui.wizard.judging import Judgement, judge
from console.ui.wizard.kept_until_taken import KeptUntilTaken
from console.ui.wizard.pages.fields import FieldsPage, paragraph
from console.ui.wizard.pages.image import ImagePage
from console.ui.wizard.pages.review import ReviewPage
from console.ui.wizard.pages.security import SecurityPage
from console.ui.wizard.presets import Preset, applied
from console.ui.wizard.presets_menu import PresetsButton
from console.ui.wizard.several.dialog import SeveralDialog
from console.ui.wizard.starting import Start, start_of
from console.ui.wizard.step_list import StepList

_KEEP_PAUSE_MS = 800
_SILENCE_MS = 20_000
_PAGE_CLASSES = {"image": ImagePage, "security": SecurityPage, "review": ReviewPage}


class Submitter(Protocol):
    """The bridge, as far as the wizard needs it."""

    def submit(
        self, request: Request, secrets: Mapping[str, str] | None = None, retry_of: str = ""
    ) -> str: ...

    def submit_group(
        self, title: str, parts: Sequence[Part], group_id: str = ""
    ) -> tuple[str, tuple[str, ...]]: ...

    def check(self, request: Request, callback: Callable[[tuple[Finding, ...]], None]) -> str: ...

    def forget_check(self, token: str) -> None: ...


class CreateVmWizard(QDialog):
    """Non-modal. Signal: ``submitted(operation_id)`` after the request left.

    The draft is kept on disk (without passwords) until the worker has taken the operation.
    """

    submitted = Signal(str)

    def __init__(
        self,
        store: Store,
        bridge: Submitter,
        folder: Path,
        parent: QWidget | None = None,
        start: Start | None = None,
        presets: Path | None = None,
    ) -> None:
        """``folder`` keeps the draft, ``presets`` (or the same folder) the presets."""
        super().__init__(parent)
        self.setObjectName("create_vm_wizard")
        cluster = one_line(store.inventory.cluster.name)
        self.setWindowTitle("Create Trusted launch VM" + (f" on {cluster}" if cluster else ""))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setSizeGripEnabled(True)
        open_at(self, 1024, 700)
        self._store, self._bridge, self._folder = store, bridge, folder
        self._presets = presets or folder
        start = start or start_of(store.inventory, store.operations.values())
        self.draft, self._file = start.draft, start.file
        self._secrets: dict[str, str] = {}
        self._visited: set[int] = {0}
        self._touched: set[str] = set()
        if start.is_filled:
            self._visited |= set(range(flow.LAST))
            self._touched |= set(flow.PAGE_OF) - set(flow.SECRET_FIELDS)
        self._is_changed = False
        self._is_settled = False
        self._check_token = ""
        self._findings: tuple[Finding, ...] | None = None
        self._build(start.note)
        self._keep = QTimer(self, singleShot=True, interval=_KEEP_PAUSE_MS)
        self._keep.timeout.connect(self._keep_draft)
        self._silence = QTimer(self, singleShot=True, interval=_SILENCE_MS)
        self._silence.timeout.connect(self._review.show_silence)
        store.site_changed.connect(self._on_site)
        store.snapshot_replaced.connect(self._on_site)
        self.show_page(0)

    # -- building ------------------------------------------------------------------------------
    def _build(self, note: str) -> None:
        self._steps = StepList(self)
        self._stack = QStackedWidget(self)
        self.pages: list[FieldsPage] = []
        for page in flow.PAGES:
            made = _PAGE_CLASSES.get(page.id, FieldsPage)(page, self._on_changed, self)
            made.end()
            self.pages.append(made)
            self._stack.addWidget(made)
        review = self.pages[flow.LAST]
        assert isinstance(review, ReviewPage)
        self._review = review
        review.field_wanted.connect(self.go_to_field)
        review.check_wanted.connect(self._start_checks)
        self._steps.currentRowChanged.connect(self.show_page)
        self._banner = self._make_banner(note)
        self._banner.setVisible(bool(note))
        right = QVBoxLayout()
        right.addWidget(self._banner)
        right.addWidget(self._stack, 1)
        right.addLayout(self._make_buttons())
        keys_hint = "Ctrl+Enter: next\nAlt+1 … 8: any step"
        left = QVBoxLayout()
        left.addWidget(self._steps, 1)
        left.addWidget(PresetsButton(self._presets, lambda: self.draft, self._on_preset, self))
        left.addWidget(paragraph(keys_hint, self, is_muted=True))
        left.addSpacing(4)
        layout = QHBoxLayout(self)
        layout.addLayout(left)
        layout.addLayout(right, 1)
        for keys in ("Ctrl+Return", "Ctrl+Enter"):
            QShortcut(QKeySequence(keys), self, self._forward)
        for number in range(len(flow.PAGES)):
            jump = QShortcut(QKeySequence(f"Alt+{number + 1}"), self)
            jump.activated.connect(lambda number=number: self.show_page(number))

    def _make_buttons(self) -> QHBoxLayout:
        self._back = QPushButton("< &Back", self)
        self._next = QPushButton("Next >", self)
        self._create = QPushButton("&Create", self)
        close = QPushButton("Close", self)
        self._to_review = QPushButton("Review + create", self)
        self._to_review.setToolTip(f"Alt+{len(flow.PAGES)}")
        self._several = QPushButton("Se&veral like this…", self)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        for name, button, clicked in (
            ("back", self._back, lambda: self.show_page(self.page_index - 1)),
            ("next", self._next, lambda: self.show_page(self.page_index + 1)),
            ("review", self._to_review, lambda: self.show_page(flow.LAST)),
            ("several", self._several, self._open_several),
            ("create", self._create, self._submit),
            ("close", close, self.close),
        ):
            button.setObjectName(f"wizard_{name}")
            button.setAutoDefault(button is self._create)
            button.clicked.connect(clicked)
            buttons.addWidget(button)
        return buttons

    def _make_banner(self, note: str) -> QFrame:
        banner = QFrame(self)
        banner.setObjectName("wizard_banner")
        banner.setFrameShape(QFrame.Shape.StyledPanel)
        over = QPushButton("Start o&ver", banner)
        over.setObjectName("wizard_start_over")
        over.setAutoDefault(False)
        over.clicked.connect(self.start_over)
        layout = QHBoxLayout(banner)
        self._note = paragraph(plain(note), banner)
        self._note.setObjectName("wizard_note")
        layout.addWidget(self._note, 1)
        layout.addWidget(over)
        return banner

    def _on_preset(self, preset: Preset) -> None:
        """Everything of the preset at once; what was typed for this one VM stays."""
        self.draft, note = applied(preset, self.draft, self._store.inventory)
        self._touched |= set(flow.PAGE_OF) - set(flow.SECRET_FIELDS) - {"name"}
        self._findings = None
        self._is_changed = True
        self._keep.start()
        self._tell(note)
        self.show_page(self.page_index)

    def _tell(self, note: str) -> None:
        self._note.setText(plain(note))
        self._banner.show()

    def start_over(self) -> None:
        """Forget everything that was typed, here and on disk."""
        self._forget_draft()
        self.draft = flow.new_draft(self._store.inventory)
        self._secrets.clear()
        self._touched.clear()
        self._visited = {0}
        self._findings = None
        self._is_changed = False
        self._keep.stop()
        self._banner.hide()
        self.show_page(0)

    # -- moving --------------------------------------------------------------------------------
    @property
    def page_index(self) -> int:
        return self._stack.currentIndex()

    def show_page(self, index: int) -> None:
        """Go to a step; leaving one shows what is still wrong on it. Never skips one."""
        if not 0 <= index <= flow.LAST:
            return
        left = self.page_index
        if left != index:
            self._touched.update(field.name for field in flow.PAGES[left].fields)
        self._visited.add(index)
        self._stack.setCurrentIndex(index)
        self._steps.blockSignals(True)
        self._steps.setCurrentRow(index)
        self._steps.blockSignals(False)
        if index == flow.LAST:
            self._touched.update(set(flow.PAGE_OF) - set(flow.SECRET_FIELDS))
            self._visited.update(range(index))
            problems = self.problems()
            self._review.ask_secrets(bool(problems) and not _of_request(problems))
            self._start_checks()
        self._refresh()
        # What is missing takes the cursor: a returning person types the name at once.
        wrong = self.problems()
        missing = (name for name in self.pages[index].editors if name in wrong)
        self.pages[index].focus_field(next(missing, ""))

    def go_to_field(self, name: str) -> None:
        """Show the page that holds a field and put the cursor there."""
        index = flow.PAGE_OF.get(name)
        if index is not None:
            self.show_page(index)
            self.pages[index].focus_field(name)

    def _forward(self) -> None:
        if self.page_index < flow.LAST:
            self.show_page(self.page_index + 1)
        elif self._create.isEnabled():
            self._submit()

    # -- values --------------------------------------------------------------------------------
    def _on_changed(self, name: str, value: Value) -> None:
        if name in flow.SECRET_FIELDS:
            # No request holds a secret: what was answered about it stays true.
            self._secrets[name] = str(value)
        else:
            setattr(self.draft, name, value)
            flow.follow(self.draft, name, self._store.inventory)
            # An answer that came before the change is about another request.
            self._findings = None
        self._touched.add(name)
        self._is_changed = True
        self._keep.start()
        self._refresh()

    def _on_site(self) -> None:
        flow.fill_empty(self.draft, self._store.inventory)
        self._refresh()

    def judgement(self) -> Judgement:
        """Everything that is wrong or doubtful, by field."""
        return judge(self.draft, self._secrets, self._store.inventory, time.time())

    def problems(self) -> dict[str, str]:
        """Only what forbids creating."""
        return self.judgement().problems

    def _refresh(self) -> None:
        found = self.judgement()
        index = self.page_index
        page = self.pages[index]
        page.fill(self.draft, self._secrets, self._store.inventory)
        page.show_messages(
            {name: text for name, text in found.problems.items() if name in self._touched},
            {name: text for name, text in found.doubts.items() if name in self._touched},
        )
        filled = {flow.PAGE_OF[name] for name in self._touched}
        unfilled = set(range(flow.LAST)) - filled
        self._steps.show_states(found.page_states(self._visited, self._findings, unfilled))
        is_last = index == flow.LAST
        self._back.setEnabled(index > 0)
        self._next.setVisible(not is_last)
        self._to_review.setVisible(not is_last)
        self._create.setVisible(is_last)
        self._several.setVisible(is_last)
        blocked = any(f.severity is Severity.BLOCKS for f in self._findings or ())
        can_create = not found.problems and self._findings is not None and not blocked
        self._create.setEnabled(can_create)
        self._several.setEnabled(can_create)
        # On the last page a stray Enter must not create: it has to be meant for the button.
        self._next.setDefault(not is_last)
        if is_last and _of_request(found.problems):
            self._review.show_incomplete(found.problems)

    # -- checking and sending ------------------------------------------------------------------
    def _start_checks(self) -> None:
        self._bridge.forget_check(self._check_token)
        self._silence.stop()
        self._findings = None
        if _of_request(self.problems()):
            return
        request = build_request(self.draft, self._store.inventory)
        duration = expected_duration(
            self._store.operations.values(), downloads=request.spec.image is not None
        )
        self._review.show_request(request, duration)
        self._review.show_findings((), is_final=False)

        def answered(findings: tuple[Finding, ...]) -> None:
            self._on_checked(request, findings)

        self._silence.start()
        self._check_token = self._bridge.check(request, answered)
        self._refresh()

    def _on_checked(self, request: CreateVirtualMachine, findings: tuple[Finding, ...]) -> None:
        inventory = self._store.inventory
        is_wrong = bool(_of_request(self.problems()))
        if is_wrong or build_request(self.draft, inventory) != request:
            return  # something was typed meanwhile: this answers an older question
        self._silence.stop()
        self._findings = tuple(
            structs.replace(one, field=flow.field_of(one.field, self.draft, inventory))
            for one in findings
        )
        self._review.show_findings(self._findings, is_final=True)
        self._refresh()

    def _submit(self) -> None:
        if self.problems():
            return
        request = build_request(self.draft, self._store.inventory)
        secrets = secrets_to_send(request.spec, self._secrets)
        self._leave_to(self._bridge.submit(request, secrets=secrets))

    def _open_several(self) -> None:
        """What stands here is the model for several VMs; sending them ends the wizard."""
        dialog = SeveralDialog(self.draft, self._secrets, self._store, self._bridge, self)
        dialog.submitted.connect(lambda _group, names: self._leave_to(names[0]))
        dialog.open()

    def _leave_to(self, operation_id: str) -> None:
        """The request left: the draft stays until the worker has taken it."""
        self._is_settled = True
        self._keep.stop()
        self._keep_draft()
        KeptUntilTaken(self._store, operation_id, self._folder, self._file)
        self._secrets.clear()
        self.submitted.emit(operation_id)
        self.close()

    # -- leaving -------------------------------------------------------------------------------
    def _keep_draft(self, then: Callable[[object], None] | None = None) -> None:
        """``then`` gets None or the OSError; else a folder that cannot be written costs the draft,
        nothing else.
        """
        written, folder, file = draft_file.encoded(self.draft), self._folder, self._file
        file_thread().run(lambda: draft_file.save(folder, written, file), then, self)

    def _forget_draft(self) -> None:
        folder, file = self._folder, self._file
        file_thread().run(lambda: draft_file.forget(folder, file))

    def reject(self) -> None:
        """Escape asks like the window's own button; QDialog itself rejects while it closes."""
        if self._is_settled or not self._is_changed:
            super().reject()
        else:
            self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        if self._is_settled or not self._is_changed:
            self._bridge.forget_check(self._check_token)
            self._secrets.clear()
            super().closeEvent(event)
            return
        event.ignore()
        if self.findChild(QMessageBox, "wizard_leave") is None:
            self._ask_before_leaving()

    def _ask_before_leaving(self) -> None:
        box = QMessageBox(self)
        box.setObjectName("wizard_leave")
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setWindowModality(Qt.WindowModality.WindowModal)
        box.setWindowTitle("Leave the wizard?")
        box.setText("Keep what was typed for next time? Passwords are never kept.")
        keep = box.addButton("&Keep draft", QMessageBox.ButtonRole.AcceptRole)
        discard = box.addButton("&Discard", QMessageBox.ButtonRole.DestructiveRole)
        stay = box.addButton("&Go on", QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(keep)
        box.setEscapeButton(stay)

        def finished(_result: int) -> None:
            if box.clickedButton() not in (keep, discard):
                return
            self._keep.stop()
            if box.clickedButton() is keep:
                self._keep_draft(self._on_kept)
            else:
                self._forget_draft()
                self._is_settled = True
                self.close()

        box.finished.connect(finished)
        box.open()

    def _on_kept(self, result: object) -> None:
        if isinstance(result, OSError):
            # Stay open: closing now would lose what the person asked to keep.
            why = result.strerror or "the disk gave no reason"
            Ask(self).report("The draft could not be kept", f"{why}: {self._folder}")
            return
        self._is_settled = True
        self.close()


def _of_request(problems: dict[str, str]) -> dict[str, str]:
    """Those that are about the request itself: it can be checked before a password is typed."""
    return {name: text for name, text in problems.items() if name not in flow.SECRET_FIELDS}
