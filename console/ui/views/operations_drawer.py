"""The bottom drawer: every running and past operation, its log, and what can be done about it."""

import functools
import math
from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from console.model.operation import KEPT_OPERATIONS
from console.ui.actions import Actions
from console.ui.models.digest import Digest
from console.ui.models.operation_filter import OperationFilter
from console.ui.models.operation_model import OperationModel
from console.ui.models.operation_words import when_text
from console.ui.operation_export import ENTRIES, Exporter, OperationExport
from console.ui.store import Store
from console.ui.views.digest_panel import DigestPanel
from console.ui.views.operation_filter_bar import OperationFilterBar
from console.ui.views.operation_story import Chosen, OperationStory
from console.ui.views.operation_tree import OperationTree

_BOUND = (
    f"The newest {KEPT_OPERATIONS:,} finished operations are kept; unfinished ones always. "
    "Moves by others are kept only while the console runs."
)


class History(Exporter, Protocol):
    """The bridge, as far as the drawer needs it; ``actor`` is who sits here."""

    actor: str

    def read_history(self, callback: Callable[[], None]) -> None: ...


class OperationsDrawer(QWidget):
    """Filter and list on the left, the chosen operation's story on the right."""

    def __init__(
        self, store: Store, actions: Actions, history: History, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._store, self._history = store, history
        self.model = OperationModel(store, lambda: history.actor, self)
        self.tree = OperationTree(self.model, self)
        self.filter_bar = OperationFilterBar(self)
        self.story = OperationStory(store, actions, self)
        self.digest_panel = DigestPanel(self)
        self.exports = OperationExport(history, self._shown_ids, self)
        self._is_loading = False
        self._seconds = 0
        self._build()
        self.filter_bar.changed.connect(self._on_filter)
        self.model.told.connect(self._on_told)
        self.digest_panel.wanted.connect(self.select)
        self.tree.selectionModel().selectionChanged.connect(lambda *_: self._show_chosen())
        store.history_listed.connect(self._tell_history)
        store.nodes_changed.connect(self._show_chosen)
        store.vms_changed.connect(self._on_vms_changed)
        escape = QShortcut(QKeySequence(Qt.Key.Key_Escape), self, self.filter_bar.clear)
        escape.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self._clock = QTimer(self, interval=1000)
        self._clock.timeout.connect(self._tick)
        self._clock.start()
        self._on_told()
        self._tell_history()

    def select(self, name: str) -> None:
        """Show an operation, a group or a move by others; a filter that hides it is cleared."""
        self.model.flush()
        if not self.tree.choose(name):
            self.filter_bar.clear()
            self.tree.choose(name)

    def show_digest(self, digest: Digest) -> None:
        """Put what ended while nobody looked above the list; an empty one takes it away."""
        self.digest_panel.show_digest(digest, self._store.operations)

    def focus_search(self) -> None:
        self.filter_bar.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filter_bar.search.selectAll()

    # -- building ------------------------------------------------------------------------------
    def _build(self) -> None:
        left = QWidget(self)
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.digest_panel)
        column.addWidget(self.tree, 1)
        column.addLayout(self._make_footer())
        splitter = QSplitter(Qt.Orientation.Horizontal, self)
        splitter.addWidget(left)
        splitter.addWidget(self.story)
        splitter.setStretchFactor(0, 2)
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([2000, 1000])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.filter_bar)
        layout.addWidget(splitter, 1)

    def _make_footer(self) -> QHBoxLayout:
        self._reach = QLabel(self)
        self._reach.setObjectName("operations_reach")
        self._reach.setTextFormat(Qt.TextFormat.PlainText)
        self._reach.setToolTip(_BOUND)
        self._reach.setMinimumWidth(1)
        self._older = QPushButton("Load &older", self)
        self._older.setObjectName("operations_older")
        self._older.setToolTip(_BOUND)
        self._older.clicked.connect(self._load_older)
        export = QToolButton(self)
        export.setObjectName("operations_export")
        export.setText("E&xport")
        export.setToolTip("Write operations or the audit log to a file")
        export.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        export.setMenu(self._make_export_menu(export))
        footer = QHBoxLayout()
        footer.setContentsMargins(8, 3, 8, 3)
        footer.addWidget(self._reach, 1)
        footer.addWidget(self._older)
        footer.addWidget(export)
        return footer

    def _make_export_menu(self, button: QToolButton) -> QMenu:
        menu = QMenu(button)
        for entry in ENTRIES:
            action = menu.addAction(entry.text)
            action.setObjectName(f"export_{entry.id}")
            action.triggered.connect(functools.partial(self._export, entry.id))
        return menu

    def _export(self, entry_id: str, _checked: bool = False) -> None:
        self.exports.ask(entry_id)

    def _shown_ids(self) -> list[str]:
        self.model.flush()
        return list(self.model.list.shown_ids())

    # -- following -----------------------------------------------------------------------------
    def _on_filter(self, wanted: OperationFilter) -> None:
        self.model.set_filter(wanted)

    def _on_told(self) -> None:
        self.filter_bar.show_counts(self.model.list.counts)
        self._tell_history()
        if not self.tree.currentIndex().isValid() and self.model.rowCount():
            self.tree.setCurrentIndex(self.model.index(0, 0))
        else:
            self._show_chosen()

    def _on_vms_changed(self, keys: tuple[str, ...]) -> None:
        """What can be done about an operation depends on where its VM is."""
        record = self._chosen().record
        if record is not None and getattr(record.request, "vm_key", None) in keys:
            self._show_chosen()

    def _tick(self) -> None:
        """A second passed. Rows tell their times when they are painted, so no change is told."""
        self._seconds += 1
        if self.isVisible() and self._store.running():
            self.tree.repaint_times()
        if self._seconds % 60 == 0:
            self.model.time_passed()

    def _show_chosen(self) -> None:
        self.story.show_chosen(self._chosen())

    def _chosen(self) -> Chosen:
        found = self.model.at(self.tree.currentIndex())
        if found is None:
            return Chosen()
        top, child = found
        operations = self._store.operations
        if child is not None:
            record = self.model.record_of(child)
            earlier = [operations[name] for name in reversed(child.attempts[:-1])]
            if not earlier and record.retry_of in operations:
                earlier = [operations[record.retry_of]]
            return Chosen(record, tuple(earlier))
        if top.foreign is not None:
            return Chosen(foreign=top.foreign)
        return Chosen(group_row=top, group=self._store.groups.get(top.group_id))

    # -- history -------------------------------------------------------------------------------
    def _load_older(self) -> None:
        self._is_loading = True
        self._tell_history()
        self._history.read_history(self._on_older)

    def _on_older(self) -> None:
        self._is_loading = False
        self._tell_history()

    def _tell_history(self) -> None:
        since, known = self._store.known_since, len(self._store.operations)
        if since == math.inf:
            text = "The history was not read yet."
        elif since == -math.inf:
            text = f"{_count(known)}: all that is kept. Nothing older." if known else ""
        else:
            text = f"{_count(known)}, all since {when_text(since)}."
        self._reach.setText("Reading older operations…" if self._is_loading else text)
        self._older.setVisible(math.isfinite(since))
        self._older.setEnabled(not self._is_loading)


def _count(number: int) -> str:
    return f"{number:,} operation{'' if number == 1 else 's'}"
