"""Changes as rows, each a link to what changed."""

from collections.abc import Iterable
from datetime import datetime

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QWidget

from console.model.change import Change
from console.ui.plain_text import one_line

_SUBJECT = Qt.ItemDataRole.UserRole
_AT = Qt.ItemDataRole.UserRole + 1
# Moments that were written down are apart: this is before the one, and not before the other.
_JUST_BEFORE_S = 0.001


class ChangesList(QListWidget):
    """Signals: ``vm_wanted(key)``, ``node_wanted(name)``, ``cluster_wanted(key)`` of an activated
    row, by the change's subject.
    """

    vm_wanted = Signal(str)
    node_wanted = Signal(str)
    cluster_wanted = Signal(str)

    def __init__(self, name: str, spoken: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(name)
        self.setAccessibleName(spoken)
        self.setUniformItemSizes(True)
        self.itemActivated.connect(self._open)

    def show_changes(self, changes: Iterable[Change]) -> None:
        """In the order given; the first is the current one."""
        self.clear()
        for change in changes:
            at = datetime.fromtimestamp(change.at).strftime("%d %b %H:%M")
            text = f"{at}   {change.name}   {change.text}   (seen by {change.plane})"
            item = QListWidgetItem(one_line(text))
            item.setData(_SUBJECT, change.subject)
            item.setData(_AT, change.at)
            self.addItem(item)
        self.setCurrentRow(0)

    def just_before(self) -> float | None:
        """The moment before the current row's change (wall-clock seconds)."""
        item = self.currentItem()
        return None if item is None else float(item.data(_AT)) - _JUST_BEFORE_S

    def _open(self, item: QListWidgetItem) -> None:
        kind, _, name = str(item.data(_SUBJECT)).partition(":")
        wanted = {"vm": self.vm_wanted, "node": self.node_wanted, "cluster": self.cluster_wanted}
        if kind in wanted and name:
            wanted[kind].emit(name)
