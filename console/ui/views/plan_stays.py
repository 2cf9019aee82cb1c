"""The VMs that a plan leaves behind: why, what helps, and how one could come along after all."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from console.model.outlook import StaysBehind
from console.model.plan import Method
from console.ui.models import plan_words as words
from console.ui.plain_text import one_line, plain, tip

_IN_SIGHT = 3
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_BUTTONS = {
    Method.LIVE: "Take it &along",
    Method.QUICK: "Take it along by &quick migration",
    Method.SHUT_DOWN: "&Shut it down and take it along",
}


class PlanStays(QWidget):
    """Signal: ``taken_along(StaysBehind, Method)`` when one of the offered ways was chosen; what
    interrupts a guest is asked about by whoever is connected.
    """

    taken_along = Signal(object, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._vms: tuple[StaysBehind, ...] = ()
        self._is_editable = True
        self.table = self._make_table()
        self._buttons = {method: self._button(method) for method in Method}
        row = QHBoxLayout()
        for button in self._buttons.values():
            row.addWidget(button)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.table)
        layout.addLayout(row)

    def show_stays(self, vms: Sequence[StaysBehind]) -> None:
        """Show these; none hides the whole."""
        chosen = self.table.currentRow()
        self._vms = tuple(vms)
        self.table.setRowCount(len(vms))
        for at, vm in enumerate(vms):
            for column, text in enumerate((one_line(vm.vm_name), vm.why, vm.fix)):
                item = QTableWidgetItem(plain(text))
                item.setToolTip(tip(text))
                self.table.setItem(at, column, item)
        self.setVisible(bool(vms))
        lines = min(len(vms), _IN_SIGHT) + 2
        self.table.setFixedHeight(lines * self.table.verticalHeader().defaultSectionSize())
        if vms:
            self.table.setCurrentCell(min(max(0, chosen), len(vms) - 1), 0)
        self._offer()

    def set_editable(self, is_editable: bool) -> None:
        self._is_editable = is_editable
        self._offer()

    def _offer(self) -> None:
        """The ways in which the VM of the current row could come along."""
        at = self.table.currentRow()
        vm = self._vms[at] if 0 <= at < len(self._vms) else None
        for method, button in self._buttons.items():
            is_offered = vm is not None and method in vm.offers and self._is_editable
            button.setVisible(is_offered)
            if vm is not None:
                what = words.METHOD_WORDS[method]
                button.setAccessibleDescription(f"{one_line(vm.vm_name)} to {vm.target}: {what}")
                button.setToolTip(tip(f"{vm.vm_name} to {vm.target}"))

    def _chosen(self, method: Method) -> None:
        at = self.table.currentRow()
        if 0 <= at < len(self._vms):
            self.taken_along.emit(self._vms[at], method)

    def _button(self, method: Method) -> QPushButton:
        button = QPushButton(_BUTTONS[method], self)
        button.setObjectName(f"take_along_{method.value.replace(' ', '_')}")
        button.setAutoDefault(False)
        button.clicked.connect(lambda _=False: self._chosen(method))
        return button

    def _make_table(self) -> QTableWidget:
        titles = words.STAY_COLUMNS
        table = QTableWidget(0, len(titles), self)
        table.setObjectName("plan_stays")
        table.setAccessibleName("VMs that stay behind")
        table.setHorizontalHeaderLabels(list(titles))
        table.verticalHeader().hide()
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setTabKeyNavigation(False)
        table.currentCellChanged.connect(lambda *_: self._offer())
        header = table.horizontalHeader()
        header.setDefaultAlignment(_LEFT)
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(len(titles) - 1, QHeaderView.ResizeMode.Stretch)
        return table
