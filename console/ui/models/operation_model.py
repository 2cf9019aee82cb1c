"""Operations as a tree, newest first: what is in a group unfolds, moves by others are rows too.

Rows read the store's records themselves, so nothing shown is older than the store; that something
changed is told in batches, a part of a frame at a time. A row changes in place and never jumps.
"""

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
)

from console.model.operation import OperationRecord
from console.ui import theme
from console.ui.models import operation_cells as cells
from console.ui.models.operation_filter import OperationFilter
from console.ui.models.operation_list import OperationList
from console.ui.models.operation_rows import Child, TopRow, runs, spans
from console.ui.store import Store

TITLES = cells.TITLES
OPERATION, STATE, PROGRESS, ELAPSED, ASKED, ACTOR = range(len(TITLES))
# A fraction, or None where there is no bar.
FRACTION_ROLE = int(Qt.ItemDataRole.UserRole)
_Index = QModelIndex | QPersistentModelIndex
_DECORATION = int(Qt.ItemDataRole.DecorationRole)
_PAUSE_MS = 80
_SLICE_S = 0.002
_SLICE_RECORDS = 16
# With more single steps than this one reset is quicker; the view restores what was chosen.
_MOST_STEPS = 60


class OperationModel(QAbstractItemModel):
    """Signals: ``told()`` after every batch: counts and what is chosen may have changed."""

    told = Signal()

    def __init__(self, store: Store, me: Callable[[], str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self.list = OperationList(store.operations, store.groups, me)
        self.rows: list[TopRow] = []
        self._row_of: dict[int, int] = {}
        self._waiting: dict[str, None] = {}
        self._pause = QTimer(self, singleShot=True)
        self._pause.timeout.connect(self._take_slice)
        store.operations_changed.connect(self._on_changed)
        store.groups_changed.connect(self._on_groups_changed)
        store.foreign_moves_changed.connect(self._on_foreign_moves)
        self._on_foreign_moves()
        self._on_changed(store.operations)

    # -- what the store tells ------------------------------------------------------------------
    def _on_changed(self, ids: Iterable[str]) -> None:
        self._waiting.update(dict.fromkeys(ids))
        if not self._pause.isActive():
            self._take_slice()

    def flush(self) -> None:
        """Tell everything that waits, now."""
        while self._waiting:
            self._take_slice()

    def _take_slice(self) -> None:
        deadline = time.perf_counter() + _SLICE_S
        touched: dict[TopRow, set[str]] = {}
        while self._waiting and time.perf_counter() < deadline:
            for name in list(self._waiting)[:_SLICE_RECORDS]:
                del self._waiting[name]
                record = self._store.operations.get(name)
                if record is not None:
                    top, child = self.list.place(record)
                    touched.setdefault(top, set()).add(child.id)
        if touched:
            self._tell(touched)
        if touched or self._waiting:
            # What comes within the pause is told together; what is left over goes on at once.
            self._pause.start(1 if self._waiting else _PAUSE_MS)

    def _on_groups_changed(self, ids: Iterable[str]) -> None:
        tops = (self.list.group_changed(name) for name in ids)
        self._tell({top: set() for top in tops if top is not None})

    def _on_foreign_moves(self) -> None:
        tops = (self.list.place_foreign(move) for move in self._store.foreign_moves)
        self._tell({top: set() for top in tops if top is not None})

    def set_filter(self, new: OperationFilter) -> None:
        """Show what this filter takes; the rows that stay are the same rows."""
        self.flush()
        self.list.set_filter(new)
        self._tell(dict.fromkeys(self.list.tops.values(), ()))

    def time_passed(self) -> None:
        """What a filter by time lets through may have changed by itself."""
        if self.list.filter.within_s is not None:
            self.set_filter(self.list.filter)

    # -- telling views -------------------------------------------------------------------------
    def _tell(self, touched: Mapping[TopRow, Collection[str]]) -> None:
        """Bring rows in line with the filter, then say which cells changed."""
        wanted = {top: self.list.wanted_children(top) for top in touched}
        moved = [top for top in touched if self._is_wanted(top, wanted[top]) is not top.is_shown]
        was_shown = {top for top in touched if top.is_shown}
        if moved and not self._move_tops(moved, wanted):
            self.told.emit()
            return
        stayed = [top for top in touched if top.is_shown and top in was_shown]
        for top in stayed:
            if top.group_id:
                self._move_children(top, wanted[top], touched[top])
        for first, last in spans(self._row_of[top.number] for top in stayed):
            self.dataChanged.emit(self.index(first, 0), self.index(last, ACTOR))
        self.told.emit()

    def _is_wanted(self, top: TopRow, children: Sequence[Child]) -> bool:
        return self.list.is_wanted(top) if top.foreign is not None else bool(children)

    def _move_tops(self, moved: Iterable[TopRow], wanted: Mapping[TopRow, list[Child]]) -> bool:
        """Insert and remove rows of the first level; False if that took a reset."""
        for top in moved:
            top.is_shown = not top.is_shown
            if top.is_shown:
                top.shown = wanted[top]
        gone = {top for top in moved if not top.is_shown}
        new = [top for top in self.rows if top not in gone]
        new += [top for top in moved if top.is_shown]
        new.sort(key=lambda top: top.key)
        steps = runs(self.rows, new, lambda top: top.key)
        if len(steps) > _MOST_STEPS:
            self.beginResetModel()
            for top, children in wanted.items():
                top.shown = children
            self.rows = new
            self._number_rows()
            self.endResetModel()
            return False
        for row, removed, inserted in steps:
            if removed:
                self.beginRemoveRows(QModelIndex(), row, row + removed - 1)
                del self.rows[row : row + removed]
                self._number_rows()
                self.endRemoveRows()
            else:
                self.beginInsertRows(QModelIndex(), row, row + len(inserted) - 1)
                self.rows[row:row] = inserted
                self._number_rows()
                self.endInsertRows()
        for top in gone:
            top.shown = []
        return True

    def _move_children(self, top: TopRow, new: list[Child], changed: Collection[str]) -> None:
        parent = self.index(self._row_of[top.number], 0)
        for row, removed, inserted in runs(top.shown, new, lambda child: child.key):
            if removed:
                self.beginRemoveRows(parent, row, row + removed - 1)
                del top.shown[row : row + removed]
                self.endRemoveRows()
            else:
                self.beginInsertRows(parent, row, row + len(inserted) - 1)
                top.shown[row:row] = inserted
                self.endInsertRows()
        rows = (row for row, child in enumerate(top.shown) if child.id in changed)
        for first, last in spans(rows):
            self.dataChanged.emit(self.index(first, 0, parent), self.index(last, ACTOR, parent))

    def _number_rows(self) -> None:
        self._row_of = {top.number: row for row, top in enumerate(self.rows)}

    # -- finding -------------------------------------------------------------------------------
    def index_of(self, name: str) -> QModelIndex:
        """Where an operation, an earlier attempt, a group or a foreign move is; else invalid."""
        found = self.list.find(name)
        if found is None:
            top, child = self.list.tops.get(name), None
        else:
            top, child = found
        if top is None or top.number not in self._row_of:
            return QModelIndex()
        at_top = self.index(self._row_of[top.number], 0)
        if child is None or not top.group_id:
            return at_top
        return (
            self.index(top.shown.index(child), 0, at_top) if child in top.shown else QModelIndex()
        )

    def at(self, index: _Index) -> tuple[TopRow, Child | None] | None:
        """The row of an index, and the child if it is one (of a group, or the operation itself)."""
        if not index.isValid():
            return None
        number = index.internalId()
        if number:
            top = self.list.by_number[number]
            return (top, top.shown[index.row()]) if index.row() < len(top.shown) else None
        if index.row() >= len(self.rows):
            return None
        top = self.rows[index.row()]
        return top, None if top.group_id or top.foreign else next(iter(top.children.values()))

    def record_of(self, child: Child) -> OperationRecord:
        return self._store.operations[child.newest]

    # -- QAbstractItemModel --------------------------------------------------------------------
    def index(self, row: int, column: int, parent: _Index | None = None) -> QModelIndex:
        if parent is None or not parent.isValid():
            is_there = 0 <= row < len(self.rows)
            return self.createIndex(row, column, 0) if is_there else QModelIndex()
        if parent.internalId() or parent.row() >= len(self.rows):
            return QModelIndex()
        top = self.rows[parent.row()]
        is_there = 0 <= row < len(top.shown)
        return self.createIndex(row, column, top.number) if is_there else QModelIndex()

    def parent(self, index: _Index | None = None) -> Any:
        if index is None:
            return super().parent()
        row = self._row_of.get(index.internalId()) if index.isValid() else None
        return QModelIndex() if row is None else self.createIndex(row, 0, 0)

    def rowCount(self, parent: _Index | None = None) -> int:
        if parent is None or not parent.isValid():
            return len(self.rows)
        if parent.internalId() or parent.column() or parent.row() >= len(self.rows):
            return 0
        top = self.rows[parent.row()]
        return len(top.shown) if top.group_id else 0

    def hasChildren(self, parent: _Index | None = None) -> bool:
        return self.rowCount(parent) > 0

    def columnCount(self, parent: _Index | None = None) -> int:
        return len(TITLES)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        is_title = orientation == Qt.Orientation.Horizontal
        return TITLES[section] if is_title and role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        of_role = _ROLES.get(role)
        if of_role is None or (role == _DECORATION and index.column() != STATE):
            return None
        found = self.at(index)
        if found is None:
            return None
        top, child = found
        if child is not None:
            cell: cells.Cell = cells.OperationCell(self.record_of(child), top.group_id)
        elif top.foreign is not None:
            cell = cells.ForeignCell(top.foreign)
        else:
            group = self._store.groups.get(top.group_id)
            cell = cells.GroupCell(top, group, self._store.operations)
        return of_role(cell, index.column())


_ROLES: dict[int, Callable[[cells.Cell, int], Any]] = {
    int(Qt.ItemDataRole.DisplayRole): cells.shown_text,
    int(Qt.ItemDataRole.ToolTipRole): cells.tip_text,
    int(Qt.ItemDataRole.AccessibleTextRole): cells.spoken_text,
    _DECORATION: lambda cell, _column: theme.state_icon(cell.state),
    FRACTION_ROLE: lambda cell, _column: cell.fraction,
}
