"""Choose the node to move VMs to, by keyboard: every node with its verdict in words."""

import time

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from console.checks.moves import judge_moves
from console.model.finding import NodeVerdict, Verdict
from console.ui import theme
from console.ui.models.move_words import outlook_text
from console.ui.plain_text import one_line, plain
from console.ui.store import Store

_NODE_ROLE = int(Qt.ItemDataRole.UserRole)
_REFUSING = (Verdict.CANNOT, Verdict.UNKNOWN)


class ChooseNode(QDialog):
    """Signal: ``chosen(keys, node)``. Says the same as the map says while the mouse hovers."""

    chosen = Signal(tuple, str)

    def __init__(self, store: Store, keys: tuple[str, ...], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("choose_node")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._store, self._keys = store, keys
        vms = store.inventory.vms
        what = (
            one_line(vms[keys[0]].name)
            if len(keys) == 1 and keys[0] in vms
            else (f"{len(keys)} VMs")
        )
        self.setWindowTitle(f"Move {what}")
        self._list = QListWidget(self)
        self._list.setObjectName("nodes")
        self._list.setAccessibleName("Nodes")
        self._list.setIconSize(QSize(20, 20))
        self._why = QLabel(self)
        self._why.setTextFormat(Qt.TextFormat.PlainText)
        self._why.setWordWrap(True)
        self._why.setMinimumHeight(6 * self.fontMetrics().height())
        self._why.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel, self)
        self._move = self._buttons.addButton("&Move", QDialogButtonBox.ButtonRole.AcceptRole)
        self._move.setObjectName("move")
        self._buttons.accepted.connect(self._choose)
        self._buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(QLabel(f"Live-migrate {what} to:", self))
        layout.addWidget(self._list, 1)
        layout.addWidget(self._why)
        layout.addWidget(self._buttons)
        self.resize(62 * self.fontMetrics().averageCharWidth(), 26 * self.fontMetrics().height())
        self._verdicts: dict[str, NodeVerdict] = {}
        self._list.currentItemChanged.connect(lambda *_: self._tell())
        self._list.itemActivated.connect(lambda *_: self._choose())
        self._fill()
        store.nodes_changed.connect(self._fill)

    def _fill(self) -> None:
        current = self._current()
        verdicts = judge_moves(
            self._store.inventory,
            self._keys,
            self._store.running(),
            time.time(),
            history=self._store.earlier_moves(self._keys),
        )
        self._verdicts = {verdict.node: verdict for verdict in verdicts}
        self._list.clear()
        best = None
        for verdict in verdicts:
            item = QListWidgetItem(f"{verdict.node}   {verdict.verdict}   {outlook_text(verdict)}")
            item.setIcon(_icon(verdict.verdict))
            item.setData(_NODE_ROLE, verdict.node)
            first = verdict.findings[0].text if verdict.findings else ""
            spoken = f"{verdict.node}: {verdict.verdict}. {first}"
            item.setData(Qt.ItemDataRole.AccessibleTextRole, spoken)
            self._list.addItem(item)
            is_better = verdict.verdict not in _REFUSING and best is None
            if verdict.node == current or (current is None and is_better):
                best = item
        self._list.setCurrentItem(best or self._list.item(0))
        self._tell()

    def _current(self) -> str | None:
        item = self._list.currentItem()
        return item.data(_NODE_ROLE) if item is not None else None

    def _tell(self) -> None:
        verdict = self._verdicts.get(self._current() or "")
        lines = (
            []
            if verdict is None
            else [
                " ".join(part for part in (finding.text, finding.remedy) if part)
                for finding in verdict.findings
            ]
        )
        self._why.setText(plain("\n".join(lines) or "Nothing against it."))
        self._move.setEnabled(verdict is not None and verdict.verdict not in _REFUSING)

    def _choose(self) -> None:
        node = self._current()
        if node is not None and self._move.isEnabled():
            self.chosen.emit(self._keys, node)
            self.accept()


def _icon(verdict: Verdict) -> QIcon:
    pixmap = QPixmap(40, 40)
    pixmap.setDevicePixelRatio(2.0)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    theme.paint_verdict(painter, pixmap.rect().adjusted(0, 0, -20, -20), verdict)
    painter.end()
    return QIcon(pixmap)
