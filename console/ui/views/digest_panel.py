"""What ended while nobody looked, as a list of links to its rows; stays until dismissed."""

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from console.model.operation import OperationRecord
from console.ui.models.digest import Digest
from console.ui.models.operation_words import progress_text, state_text
from console.ui.plain_text import one_line, plain

_MOST = 200
_LINES = 5


class DigestPanel(QWidget):
    """Signals: ``wanted(id)`` when a line is clicked or Enter pressed on it; ``dismissed()``."""

    wanted = Signal(str)
    dismissed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._headline = QLabel(self)
        self._headline.setObjectName("digest_headline")
        self._headline.setTextFormat(Qt.TextFormat.PlainText)
        self._headline.setWordWrap(True)
        self._headline.setMinimumWidth(1)
        self.list = QListWidget(self)
        self.list.setObjectName("digest_list")
        self.list.setAccessibleName("What ended while you were away")
        self.list.setUniformItemSizes(True)
        self.list.setCursor(Qt.CursorShape.PointingHandCursor)
        self.list.itemClicked.connect(self._want)
        self.list.itemActivated.connect(self._want)
        dismiss = QToolButton(self)
        dismiss.setObjectName("digest_panel_dismiss")
        dismiss.setText("Dismiss")
        dismiss.clicked.connect(lambda _=False: self.dismissed.emit())
        top = QHBoxLayout()
        top.addWidget(self._headline, 1)
        top.addWidget(dismiss)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(8, 4, 8, 4)
        layout.addLayout(top)
        layout.addWidget(self.list)
        self.hide()

    def show_digest(self, digest: Digest, operations: Mapping[str, OperationRecord]) -> None:
        """List it; an empty digest hides the panel."""
        self._headline.setText(plain(digest.text))
        chosen = self.list.currentRow()
        self.list.clear()
        known = [operations[name] for name in digest.ids if name in operations]
        for record in known[:_MOST]:
            outcome = progress_text(record)
            text = f"{state_text(record)}: {record.title}" + (f". {outcome}" if outcome else "")
            item = QListWidgetItem(one_line(text))
            item.setData(Qt.ItemDataRole.UserRole, record.id)
            self.list.addItem(item)
        if len(known) > _MOST:
            rest = QListWidgetItem(f"and {len(known) - _MOST} more, in the list below")
            rest.setFlags(Qt.ItemFlag.NoItemFlags)
            self.list.addItem(rest)
        self.list.setCurrentRow(min(chosen, self.list.count() - 1))
        lines = min(_LINES, self.list.count())
        self.list.setFixedHeight(lines * (self.fontMetrics().height() + 6) + 4)
        self.setVisible(bool(digest.ids))

    def _want(self, item: QListWidgetItem) -> None:
        name = item.data(Qt.ItemDataRole.UserRole)
        if name:
            self.wanted.emit(name)
