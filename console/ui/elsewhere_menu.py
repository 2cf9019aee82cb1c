"""What people look for and cannot be done from here: visible, disabled, each with its reason."""

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QMenu, QWidget

from console.model.finding import Finding
from console.model.virtual_machine import VirtualMachine
from console.ui.plain_text import tip
from console.ui.store import Store

TITLE = "Not possible from here"
_WHY = "&Why, and what to do instead…"

Report = Callable[[str, str], object]


class ElsewhereMenu(QMenu):
    """Filled each time it opens. ``keys`` tells which VMs are selected.

    A disabled entry is out of reach of keys and screen readers, so the last one tells them all.
    """

    def __init__(
        self,
        parent: QWidget,
        store: Store,
        keys: Callable[[], Sequence[str]],
        report: Report,
    ) -> None:
        super().__init__(TITLE, parent)
        self.setObjectName("elsewhere")
        self.setToolTipsVisible(True)
        self._store, self._keys, self._report = store, keys, report
        self.aboutToShow.connect(self._fill)

    def _fill(self) -> None:
        self.clear()
        inventory = self._store.inventory
        vms = [inventory.vms[key] for key in self._keys() if key in inventory.vms]
        refusals = elsewhere(vms, inventory.cluster.release)
        for operation, title, finding in refusals:
            action = self.addAction(title)
            action.setObjectName(operation)
            action.setEnabled(False)
            action.setToolTip(tip(_told(finding)))
        self.addSeparator()
        why = self.addAction(_WHY)
        why.setObjectName("why")
        text = "\n\n".join(f"{title}\n{_told(finding)}" for _, title, finding in refusals)
        why.triggered.connect(lambda _checked=False: self._report(TITLE, text))


def elsewhere(vms: Sequence[VirtualMachine], release: str) -> list[tuple[str, str, Finding]]:
    """Id and title of each operation that this console does not do, and why it does not.

    Of a selection the first VM that something speaks against stands for all.
    """
    # Here and not above: the first frame needs no policy.
    from console.catalog import load_operation_policy
    from console.checks.platform_allows import refusal

    told = []
    for operation in load_operation_policy().operations.values():
        if operation.plane:
            continue
        findings = (refusal(operation.id, vm, release) for vm in vms)
        found = next((finding for finding in findings if finding is not None), None)
        if found is not None:
            told.append((operation.id, operation.title, found))
    return told


def _told(finding: Finding) -> str:
    return f"{finding.text} {finding.remedy}".strip()
