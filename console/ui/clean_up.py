"""Cleaning up after a failed creation: first a list of what would be deleted, then the question."""

from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import QObject, QTimer

from console.model.finding import Finding, Severity
from console.model.operation import OperationRecord, OperationState
from console.model.request import CleanUpCreation, CreateVirtualMachine, Request
from console.ui.ask import Ask
from console.ui.plain_text import one_line

_ENDED_BADLY = (OperationState.FAILED, OperationState.CANCELED)
_SILENCE_MS = 20_000
_TITLE = "Clean up what this made?"


class Checker(Protocol):
    """The bridge, as far as this needs it."""

    def check(self, request: Request, callback: Callable[[tuple[Finding, ...]], None]) -> str: ...

    def forget_check(self, token: str) -> None: ...


def can_clean_up(record: OperationRecord) -> bool:
    """A creation that is over and came to nothing; one whose outcome is unknown may still come."""
    return isinstance(record.request, CreateVirtualMachine) and record.state in _ENDED_BADLY


class CleanUp(QObject):
    """Asks Azure what is there, then the person; ``submit`` gets the request after a yes."""

    def __init__(
        self, checker: Checker, ask: Ask, submit: Callable[[Request], None], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._checker, self._ask, self._submit = checker, ask, submit
        self._token = ""
        self._silence = QTimer(self, singleShot=True, interval=_SILENCE_MS)
        self._silence.timeout.connect(self._on_silence)

    def offer(self, record: OperationRecord) -> None:
        """Show the list as soon as Azure has told it; a later call replaces an earlier one."""
        creation = record.request
        if not isinstance(creation, CreateVirtualMachine) or not can_clean_up(record):
            return
        request = CleanUpCreation(record.id, creation.spec)
        self._checker.forget_check(self._token)
        self._silence.start()
        self._token = self._checker.check(request, lambda found: self._on_answer(request, found))

    def _on_answer(self, request: CleanUpCreation, findings: tuple[Finding, ...]) -> None:
        self._silence.stop()
        against = [f for f in findings if f.severity in (Severity.BLOCKS, Severity.UNKNOWN)]
        if against:
            told = "\n".join(f"{f.text} {f.remedy}".strip() for f in against)
            self._ask.report("Nothing was deleted", told)
            return
        lines = "\n".join(f"•  {one_line(finding.text)}" for finding in findings)
        self._ask.confirm(
            _TITLE,
            f"{one_line(request.spec.name)} was not created. Azure has of it:\n\n{lines}\n\n"
            "Each part is looked at again before it is deleted. This cannot be undone.",
            "Clean up",
            lambda: self._submit(request),
        )

    def _on_silence(self) -> None:
        self._checker.forget_check(self._token)
        text = "Azure did not tell in time what is left. Nothing was deleted; try again."
        self._ask.report("No answer", text)
