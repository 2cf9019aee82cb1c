"""Operations as table rows, newest first; a row changes in place and never jumps."""

import time
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from console.model.operation import OperationRecord, OperationState

TITLES = ("Operation", "State", "Progress", "Elapsed", "Started", "By")
OPERATION, STATE, PROGRESS, ELAPSED, STARTED, ACTOR = range(len(TITLES))
RECORD_ROLE = int(Qt.ItemDataRole.UserRole)
_Index = QModelIndex | QPersistentModelIndex


def duration_text(seconds: float) -> str:
    """As a person says it: 8 s, 2 min 05 s, 1 h 10 min."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"


def state_text(record: OperationRecord) -> str:
    """The state in words a person needs, with what is asked of it."""
    if record.state is OperationState.QUEUED and record.queue_position:
        return f"Waiting, number {record.queue_position}"
    if record.cancel_requested and not record.is_over:
        return "Cancelling…"
    return {
        OperationState.QUEUED: "Waiting",
        OperationState.CHECKING: "Checking",
        OperationState.BLOCKED: "Not started",
        OperationState.RUNNING: "Running",
        OperationState.VERIFYING: "Verifying",
        OperationState.SUCCEEDED: "Done, verified",
        OperationState.FAILED: "Failed",
        OperationState.CANCELED: "Cancelled",
        OperationState.UNKNOWN: "Not known, looking",
    }[record.state]


def progress_text(record: OperationRecord) -> str:
    """Where it stands, or how it ended."""
    if record.is_over:
        if record.fault is not None:
            return record.fault.summary
        blocking = [finding.text for finding in record.findings]
        return record.result or (blocking[0] if blocking else "")
    if record.progress is None:
        return ""
    words = [record.progress.phase, record.progress.text]
    if record.progress.remaining_s is not None:
        words.append(f"about {duration_text(record.progress.remaining_s)} left")
    return ", ".join(word for word in words if word)


class OperationModel(QAbstractTableModel):
    """Rows over the store's records. ``changed(records)`` inserts or updates in place."""

    def __init__(self, records: Iterable[OperationRecord]) -> None:
        super().__init__()
        self._records = sorted(records, key=lambda record: record.created_at, reverse=True)
        self._row_of = {record.id: row for row, record in enumerate(self._records)}

    def changed(self, records: Iterable[OperationRecord]) -> None:
        for record in records:
            row = self._row_of.get(record.id)
            if row is None:
                self.beginInsertRows(QModelIndex(), 0, 0)
                self._records.insert(0, record)
                self._row_of = {known.id: at for at, known in enumerate(self._records)}
                self.endInsertRows()
            elif self._records[row] is not record:
                self._records[row] = record
                self.dataChanged.emit(self.index(row, 0), self.index(row, len(TITLES) - 1))

    def tick(self) -> None:
        """A second passed: elapsed times of what runs have changed."""
        for row, record in enumerate(self._records):
            if not record.is_over:
                self.dataChanged.emit(self.index(row, ELAPSED), self.index(row, ELAPSED))

    def record_at(self, row: int) -> OperationRecord:
        return self._records[row]

    def row_of(self, operation_id: str) -> int | None:
        return self._row_of.get(operation_id)

    @property
    def running_count(self) -> int:
        return sum(not record.is_over for record in self._records)

    # -- QAbstractTableModel -------------------------------------------------------------------
    def rowCount(self, parent: _Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._records)

    def columnCount(self, parent: _Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(TITLES)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        is_title = orientation == Qt.Orientation.Horizontal
        return TITLES[section] if is_title and role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        record = self._records[index.row()]
        if role == RECORD_ROLE:
            return record
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{TITLES[index.column()]}: {self._text(record, index.column())}"
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(record, index.column())
        return None

    def _text(self, record: OperationRecord, column: int) -> str:
        if column == OPERATION:
            return record.title
        if column == STATE:
            return state_text(record)
        if column == PROGRESS:
            return progress_text(record)
        if column == ELAPSED:
            start = record.started_at or record.created_at
            return duration_text((record.ended_at or time.time()) - start)
        if column == STARTED:
            return datetime.fromtimestamp(record.created_at).strftime("%d %b %H:%M:%S")
        return record.actor
