"""Security page: what Trusted launch does, what is fixed, and what it does not do."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QWidget

from console.ui.wizard.field_editor import OnChanged
from console.ui.wizard.flow import Page
from console.ui.wizard.pages.fields import FieldsPage, heading, paragraph

# Sentences after the Trusted launch overview (13 June 2024 and 7 October 2025).
_LOCKED = (
    (
        "secure_boot",
        "Secure Boot",
        "Only boot components signed by trusted publishers start, which keeps rootkits out.",
    ),
    (
        "vtpm",
        "vTPM",
        "A virtual Trusted Platform Module keeps the guest's keys, certificates and secrets.",
    ),
)
_COMES_WITH_IT = (
    (
        "vTPM state transfer",
        "The vTPM's content travels with the VM when it migrates or fails over inside the "
        "cluster, so BitLocker does not ask for its recovery key.",
    ),
    (
        "Virtualization-based security (VBS)",
        "The guest can set up memory that even its own kernel cannot reach.",
    ),
)
_TO_KNOW = (
    "Guest boot integrity verification is not available.",
    "Live migration traffic is not encrypted: protect the migration network, for example with "
    "IPsec.",
    "Back up the guest state protection key as soon as the VM is made. Without the key the VM "
    "cannot be started after it was restored.",
)


class SecurityPage(FieldsPage):
    """Nothing here can be changed: the platform demands all three together."""

    def __init__(self, page: Page, on_changed: OnChanged, parent: QWidget | None = None) -> None:
        super().__init__(page, on_changed, parent)
        inside = self.inside
        self.body.addWidget(heading("Security type: Trusted launch", inside))
        self._add("Chosen when a VM is made; it can neither be added nor taken away later.", 8)
        for name, title, sentence in _LOCKED:
            box = QCheckBox(f"{title}: on, locked", inside)
            box.setObjectName(f"field_{name}")
            box.setChecked(True)
            box.setEnabled(False)
            box.setAccessibleDescription(sentence)
            self.body.addWidget(box)
            self._add(sentence, 4)
        self._add(
            "Both are locked because without either of them the platform refuses to make a "
            "Trusted launch VM.",
            10,
        )
        for title, sentence in _COMES_WITH_IT:
            self.body.addWidget(heading(title, inside))
            self._add(sentence, 4)
        self.body.addSpacing(6)
        self.body.addWidget(heading("To know", inside))
        for sentence in _TO_KNOW:
            self.body.addWidget(paragraph(f"•  {sentence}", inside))

    def _add(self, sentence: str, space: int) -> None:
        self.body.addWidget(paragraph(sentence, self.inside, is_muted=True))
        self.body.addSpacing(space)

    def focus_field(self, name: str) -> None:
        self.setFocus(Qt.FocusReason.OtherFocusReason)
