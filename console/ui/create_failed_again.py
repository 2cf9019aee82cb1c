"""The failed creations of a group once more: passwords are asked for, leftovers go first."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from console.model.operation import OperationRecord
from console.model.request import CleanUpCreation, CreateVirtualMachine, SecretField
from console.ui.bridge import Part
from console.ui.clean_up import can_clean_up
from console.ui.forms.outlined import outline

Send = Callable[[str, Sequence[Part], str], object]


def cleaning_parts(records: Sequence[OperationRecord]) -> list[Part]:
    """Cleaning up after those that may have left something, each what bears its own tag."""
    return [
        Part(CleanUpCreation(record.id, record.request.spec))
        for record in records
        if isinstance(record.request, CreateVirtualMachine) and can_clean_up(record)
    ]


def creating_parts(records: Sequence[OperationRecord], admin: str, domain: str) -> list[Part]:
    """Each creation as it was asked for, with the passwords that it needs."""
    parts = []
    for record in records:
        request = record.request
        if not isinstance(request, CreateVirtualMachine):
            continue
        secrets = {SecretField.ADMIN_PASSWORD.value: admin}
        if request.spec.domain_join is not None:
            secrets[SecretField.DOMAIN_PASSWORD.value] = domain
        parts.append(Part(request, secrets, record.id))
    return parts


class CreateFailedAgain(QDialog):
    """Non-modal. ``send(title, parts, group_id)`` is called twice: cleaning, then creating.

    Cleaning holds the VM's name until it is over, so a creation waits for its own: the order
    holds even if the console is closed or crashes between the two.
    """

    def __init__(
        self,
        group_id: str,
        title: str,
        records: Sequence[OperationRecord],
        send: Send,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("create_failed_again")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Create the failed ones again")
        self._group_id, self._title = group_id, title
        self._records, self._send = list(records), send
        joins = any(
            isinstance(record.request, CreateVirtualMachine)
            and record.request.spec.domain_join is not None
            for record in records
        )
        count = len(self._records)
        what = "1 VM was" if count == 1 else f"{count} VMs were"
        told = QLabel(
            f"{what} not created. What those attempts left behind is deleted first, and only what "
            "they made themselves. Passwords were never kept: type them again.",
            self,
        )
        told.setTextFormat(Qt.TextFormat.PlainText)
        told.setWordWrap(True)
        self._admin = self._password("again_admin_password")
        self._domain = self._password("again_domain_password")
        form = QFormLayout()
        form.addRow("&Administrator's password", self._admin)
        if joins:
            form.addRow("&Domain account's password", self._domain)
        self._needed = [self._admin, *([self._domain] if joins else [])]
        self._domain.setVisible(joins)
        self._go = QPushButton("&Clean up and create", self)
        self._go.setObjectName("again_go")
        self._go.setEnabled(False)
        self._go.clicked.connect(self._submit)
        close = QPushButton("Not now", self)
        close.setAutoDefault(False)
        close.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self._go)
        buttons.addWidget(close)
        layout = QVBoxLayout(self)
        layout.addWidget(told)
        layout.addLayout(form)
        layout.addLayout(buttons)
        self.setMinimumWidth(60 * self.fontMetrics().averageCharWidth())

    def _password(self, name: str) -> QLineEdit:
        line = QLineEdit(self)
        line.setObjectName(name)
        outline(line)
        line.setEchoMode(QLineEdit.EchoMode.Password)
        line.textChanged.connect(lambda _: self._go.setEnabled(self._is_whole()))
        return line

    def _is_whole(self) -> bool:
        return all(line.text() for line in self._needed)

    def _submit(self) -> None:
        if not self._is_whole():
            return
        cleaning = cleaning_parts(self._records)
        if cleaning:
            self._send(f"Clean up after {len(cleaning)} creations", cleaning, "")
        creating = creating_parts(self._records, self._admin.text(), self._domain.text())
        self._send(self._title, creating, self._group_id)
        self.accept()

    def done(self, result: int) -> None:
        """However it is left, the passwords are let go of."""
        self._admin.clear()
        self._domain.clear()
        super().done(result)
