"""Security page: what Trusted launch does, what is fixed, and what it does not do."""

from collections.abc import Mapping
from datetime import date

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from console.catalog import release_number, security_facts
from console.model.inventory import Inventory
from console.model.node import ServiceState
from console.ui.forms.outlined import outline
from console.ui.plain_text import plain
from console.ui.wizard.draft import Draft
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


class SecurityPage(FieldsPage):
    """Nothing here can be changed: the platform demands all three together."""

    def __init__(self, page: Page, on_changed: OnChanged, parent: QWidget | None = None) -> None:
        super().__init__(page, on_changed, parent)
        inside = self.inside
        self.body.addWidget(heading("Security type: Trusted launch", inside))
        self._add("Chosen when a VM is made; it can neither be added nor taken away later.", 8)
        self._boxes: list[QCheckBox] = []
        for name, title, sentence in _LOCKED:
            box = QCheckBox(f"{title}: on, locked", inside)
            box.setObjectName(f"field_{name}")
            box.setChecked(True)
            box.setEnabled(False)
            box.setAccessibleDescription(sentence)
            self.body.addWidget(box)
            self._boxes.append(box)
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
        self._to_know = QVBoxLayout()
        self.body.addLayout(self._to_know)
        self._told: list[str] = []

    def fill(self, draft: Draft, secrets: Mapping[str, str], inventory: Inventory) -> None:
        """What is to be known depends on the cluster's release and on its nodes."""
        for box in self._boxes:
            outline(box)
        told = [_agents(inventory)]
        if release_number(inventory.cluster.release) is None:
            told.append("The cluster's release is not known: what follows is true of the oldest.")
        told += [
            f"{fact.title}: {fact.text} ({fact.source}, {_day(fact.dated)})"
            for fact in security_facts(inventory.cluster.release)
        ]
        if told == self._told:
            return
        self._told = told
        while (item := self._to_know.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for sentence in told:
            shown = paragraph(f"•  {plain(sentence)}", self.inside)
            self._to_know.addWidget(shown)
            shown.show()

    def _add(self, sentence: str, space: int) -> None:
        self.body.addWidget(paragraph(sentence, self.inside, is_muted=True))
        self.body.addSpacing(space)

    def focus_field(self, name: str) -> None:
        self.setFocus(Qt.FocusReason.OtherFocusReason)


def _day(when: date) -> str:
    return f"{when.day} {when:%B %Y}"


def _agents(inventory: Inventory) -> str:
    """On how many nodes IgvmAgent was seen to run; what nobody read is no yes."""
    nodes = list(inventory.nodes.values())
    if not nodes:
        return "IgvmAgent is needed on every node; no node has been read yet."
    running = sum(node.igvm_agent is ServiceState.RUNNING for node in nodes)
    return f"IgvmAgent is needed on every node: it was seen to run on {running} of {len(nodes)}."
