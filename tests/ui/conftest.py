"""A window without wires: requests are written down, widgets that outlive a test fail it."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtWidgets import QApplication, QMessageBox, QPushButton, QWidget

from console.model.finding import Finding
from console.model.request import Request
from console.settings import Settings
from console.ui import theme
from console.ui.bridge import (
    Exported,
    ExportFormat,
    ExportKind,
    OnChanges,
    OnChore,
    OnMovesChecked,
    Part,
    chores,
)
from console.ui.file_thread import file_thread, lookup_threads
from console.ui.main_window import MainWindow
from console.ui.store import Store
from tests.ui.sample import snapshot

if "DISPLAY" not in os.environ:
    # Without it Qt aborts the whole process where there is no screen.
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


class RecordingBridge(QObject):
    """In place of the bridge; remembers what was asked."""

    worker_changed = Signal()
    refused = Signal(str, object)
    sign_in_wanted = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.worker_fault = None
        self.is_ready = True
        self.actor = "me"
        self.exports: list[
            tuple[str, ExportKind, ExportFormat, Callable[[Exported], None], tuple[str, ...]]
        ] = []
        self.change_questions: list[tuple[str, OnChanges]] = []
        self.histories: list[Callable[[], None]] = []
        self.submitted: list[tuple[Request, dict[str, str], str]] = []
        self.retried: list[str] = []
        self.groups: list[tuple[str, str, tuple[Part, ...]]] = []
        self.cancelled: list[str] = []
        self.stopped: list[str] = []
        self.reordered: list[tuple[str, str]] = []
        self.checks: list[tuple[Request, Callable[[tuple[Finding, ...]], None]]] = []
        self.move_checks: list[tuple[tuple[str, ...], tuple[str, ...], OnMovesChecked]] = []
        self.refreshes = 0
        self.chores: list[tuple[chores.Ask, OnChore]] = []
        self.given_up: list[str] = []

    @property
    def requests(self) -> list[Request]:
        return [request for request, _secrets, _group in self.submitted]

    def ask_chore(self, question: chores.Ask, on_answer: OnChore) -> None:
        self.chores.append((question, on_answer))

    def give_up_chore(self, token: str) -> None:
        self.given_up.append(token)

    def submit(
        self, request: Request, secrets: Mapping[str, str] | None = None, retry_of: str = ""
    ) -> str:
        self.submitted.append((request, dict(secrets or {}), ""))
        self.retried.append(retry_of)
        return f"operation-{len(self.submitted)}"

    def submit_group(
        self, title: str, parts: Sequence[Part], group_id: str = ""
    ) -> tuple[str, tuple[str, ...]]:
        group_id = group_id or f"group-{len(self.groups) + 1}"
        self.groups.append((group_id, title, tuple(parts)))
        ids = []
        for part in parts:
            self.submitted.append((part.request, dict(part.secrets), group_id))
            self.retried.append(part.retry_of)
            ids.append(f"operation-{len(self.submitted)}")
        return group_id, tuple(ids)

    def cancel_group(self, group_id: str) -> None:
        self.cancelled.append(group_id)

    def stop_group(self, group_id: str) -> None:
        self.stopped.append(group_id)

    def reorder(self, operation_id: str, before: str = "") -> None:
        self.reordered.append((operation_id, before))

    def cancel(self, operation_id: str) -> None:
        self.cancelled.append(operation_id)

    def export(
        self,
        path: str,
        kind: ExportKind,
        file_format: ExportFormat,
        callback: Callable[[Exported], None],
        operation_ids: Sequence[str] = (),
    ) -> None:
        self.exports.append((path, kind, file_format, callback, tuple(operation_ids)))

    def read_changes(self, subject: str, since: float, on_read: OnChanges) -> None:
        self.change_questions.append((subject, on_read))

    def read_history(self, callback: Callable[[], None]) -> None:
        self.histories.append(callback)

    def refresh(self) -> None:
        self.refreshes += 1

    def check(self, request: Request, callback: Callable[[tuple[Finding, ...]], None]) -> str:
        self.checks.append((request, callback))
        return f"check-{len(self.checks)}"

    def check_moves(
        self, keys: Sequence[str], targets: Sequence[str], callback: OnMovesChecked
    ) -> str:
        self.move_checks.append((tuple(keys), tuple(targets), callback))
        return f"moves-{len(self.move_checks)}"

    def forget_check(self, token: str) -> None:
        return

    def set_attention(self, is_visible: bool) -> None:
        return


def settle(rounds: int = 5) -> None:
    application = QApplication.instance()
    assert application is not None
    for _ in range(rounds):
        file_thread().finish()
        lookup_threads().finish()
        application.processEvents()
        application.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def bridge(qapp: QApplication) -> RecordingBridge:
    return RecordingBridge()


@pytest.fixture
def store(qapp: QApplication) -> Store:
    theme.apply("light")
    filled = Store()
    filled.replace(snapshot("small"))
    return filled


@pytest.fixture
def window(
    qapp: QApplication, store: Store, bridge: RecordingBridge, tmp_path: Path
) -> Iterator[MainWindow]:
    main = MainWindow(store, bridge, Settings(), tmp_path, "small")  # type: ignore[arg-type]
    main.resize(1360, 860)
    main.show()
    settle()
    yield main
    main.close()
    main.deleteLater()
    settle()


@pytest.fixture(autouse=True)
def _no_leaked_windows(qapp: QApplication) -> Iterator[None]:
    before = set(map(id, QApplication.topLevelWidgets()))
    yield
    settle()
    leaked = [
        widget
        for widget in QApplication.topLevelWidgets()
        if id(widget) not in before and widget.isVisible()
    ]
    for widget in leaked:
        widget.close()
        widget.deleteLater()
    settle()
    assert not leaked, f"windows outlived the test: {leaked}"


def open_box(window: QWidget) -> QMessageBox:
    """The question that is open over this window."""
    boxes = [box for box in window.findChildren(QMessageBox) if box.isVisible()]
    assert len(boxes) == 1
    return boxes[0]


def answer(window: QWidget, word: str) -> None:
    """Press the button with this word in the open question."""
    box = open_box(window)
    button = next(b for b in box.buttons() if b.text().replace("&", "") == word)
    button.click()
    settle()


def press(window: QWidget, name: str) -> None:
    """Click the visible button of this name."""
    button = window.findChild(QPushButton, name)
    assert button is not None, name
    assert button.isVisible(), name
    assert button.isEnabled(), name
    button.click()
    settle()
