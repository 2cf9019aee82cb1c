"""Security page: what Trusted launch does, what is fixed, and what it does not do."""

from PySide6.QtWidgets import QCheckBox, QWidget

from console.ui.wizard.field_editor import OnChanged
from console.ui.wizard.flow import Page
from console.ui.wizard.pages.fields import FieldsPage, paragraph

# Sentences after the Trusted launch overview (13 June 2024 and 7 October 2025).
_WHAT = (
    (
        "secure_boot",
        "Secure Boot",
        "Only boot components signed by trusted publishers start, so that a rootkit cannot slip in "
        "before the system.",
    ),
    (
        "vtpm",
        "vTPM",
        "A virtual Trusted Platform Module keeps the guest's keys, certificates and secrets apart.",
    ),
)
_MORE = (
    "vTPM state transfer: the vTPM's state travels with the VM when it migrates or fails over "
    "inside the cluster, so BitLocker does not ask for its recovery key.",
    "Virtualization-based security (VBS): the guest can set up isolated regions of memory.",
    "Guest boot integrity verification is not available.",
    "Live-migration traffic is not encrypted by the platform; protect the migration network, for "
    "example with IPsec.",
    "After creation, back up the VM's guest state protection key: without it the VM cannot be "
    "started again after a loss of the cluster's key vault.",
)


class SecurityPage(FieldsPage):
    """Nothing here can be changed: the platform demands all three together."""

    def __init__(self, page: Page, on_changed: OnChanged, parent: QWidget | None = None) -> None:
        super().__init__(page, on_changed, parent)
        inside = self.inside
        self.body.addWidget(
            paragraph(
                "Security type: Trusted launch. It is chosen at creation and cannot be changed "
                "later.",
                inside,
            )
        )
        for name, title, sentence in _WHAT:
            box = QCheckBox(f"{title}: on", inside)
            box.setObjectName(f"field_{name}")
            box.setChecked(True)
            box.setEnabled(False)
            box.setToolTip("Trusted launch needs it; without it the platform refuses the VM.")
            self.body.addWidget(box)
            self.body.addWidget(paragraph(sentence, inside, is_muted=True))
        self.body.addWidget(
            paragraph(
                "Both are locked: without either the platform would not make a Trusted launch VM.",
                inside,
                is_muted=True,
            )
        )
        self.body.addSpacing(8)
        for sentence in _MORE:
            self.body.addWidget(paragraph(f"• {sentence}", inside))

    def focus_field(self, name: str) -> None:
        self.setFocus()
