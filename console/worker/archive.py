"""Histories for people: older operations on demand, and whole histories written to a file."""

import contextlib
import csv
import io
import os
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from console.channel.messages import Export, Exported, ExportFormat, ExportKind
from console.model.freshness import Fault, FaultCode
from console.model.operation import OperationRecord
from console.model.request import kind_of
from console.model.table_cell import spreadsheet_cell
from console.worker import audit_log, journal_rows
from console.worker.audit_log import AuditEntry, target_of
from console.worker.journal_lines import fold
from console.worker.journal_schema import FILE_NAME, JournalDamagedError

_OPERATION_COLUMNS = (
    "id", "group", "retry of", "operation", "target", "title", "state", "asked", "started",
    "ended", "actor", "result", "fault", "commands",
)  # fmt: skip
_AUDIT_COLUMNS = (
    "number", "time", "operation id", "connection", "actor", "act", "target", "phase", "outcome",
    "text", "command", "request",
)  # fmt: skip


def reader(folder: Path) -> sqlite3.Connection:
    """A connection that can only read the journal of this state folder, beside its writer.

    Raises sqlite3.Error.
    """
    path = (folder / FILE_NAME).resolve()
    return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=5.0)


def export(folder: Path, connection_id: str, message: Export) -> Exported:
    """Write what is asked for to the file, whole or not at all; blocks, so call it in a thread."""
    path = Path(message.path)
    try:
        with contextlib.closing(reader(folder)) as connection:
            if message.kind is ExportKind.AUDIT:
                entries = audit_log.entries(connection)
                count = _write(path, message.format, _AUDIT_COLUMNS, map(_audit_row, entries))
            else:
                records = _records(connection, connection_id, frozenset(message.operation_ids))
                count = _write(path, message.format, _OPERATION_COLUMNS, map(_row, records))
    except (OSError, sqlite3.Error, JournalDamagedError, ValueError) as error:
        return Exported(message.token, message.path, fault=_fault(path, error))
    return Exported(message.token, message.path, count)


def _records(
    connection: sqlite3.Connection, connection_id: str, wanted: frozenset[str]
) -> Iterator[OperationRecord]:
    """Oldest first; one operation in memory at a time."""
    names = connection.execute(
        "SELECT op_id FROM operation WHERE connection_id = ? AND kind != ? "
        "ORDER BY created_at, rowid",
        (connection_id, journal_rows.GROUP),
    ).fetchall()
    for (name,) in names:
        if not wanted or name in wanted:
            record = fold(journal_rows.lines_of(connection, name))
            if record is not None:
                yield record


def _write(
    path: Path,
    file_format: ExportFormat,
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
) -> int:
    """Under another name first, then renamed: nobody finds half a file. Readable by this user."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:80]}-")
    try:
        # A byte-order mark, without which spreadsheets read UTF-8 as something else.
        encoding = "utf-8-sig" if file_format is ExportFormat.CSV else "utf-8"
        with open(handle, "w", encoding=encoding, errors="backslashreplace", newline="") as file:
            count = (
                _write_csv(file, columns, rows)
                if file_format is ExportFormat.CSV
                else _write_json(file, columns, rows)
            )
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
    return count


def _write_csv(file: io.TextIOBase, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    writer = csv.writer(file)
    writer.writerow(columns)
    count = 0
    for row in rows:
        writer.writerow([_cell(value) for value in row])
        count += 1
    return count


def _write_json(file: io.TextIOBase, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """A list with one object a line, so that it can be read by eye and by line tools."""
    count = 0
    file.write("[")
    for row in rows:
        text = msgspec.json.encode(dict(zip(columns, row, strict=True))).decode()
        file.write(",\n" if count else "\n")
        file.write(text)
        count += 1
    file.write("\n]\n")
    return count


def _cell(value: Any) -> str:
    """Text that no spreadsheet runs; a list is a line each."""
    if isinstance(value, list):
        value = "\n".join(str(item) for item in value)
    text = "" if value is None else str(value)
    return spreadsheet_cell(text)


def _row(record: OperationRecord) -> tuple[Any, ...]:
    fault = record.fault
    return (
        record.id,
        record.group_id,
        record.retry_of,
        kind_of(record.request),
        target_of(record.request),
        record.title,
        record.state.value,
        _time(record.created_at),
        _time(record.started_at),
        _time(record.ended_at),
        record.actor,
        record.result,
        f"{fault.summary} {fault.remedy}".strip() if fault else "",
        list(record.commands),
    )


def _audit_row(entry: AuditEntry) -> tuple[Any, ...]:
    body, subject = entry.body, entry.subject
    request = msgspec.json.encode(body.request).decode() if body.request is not None else ""
    return (
        entry.seq,
        _time(entry.at),
        entry.operation_id,
        subject.connection_id,
        subject.actor,
        subject.act,
        subject.target,
        body.phase.value,
        body.outcome,
        body.text,
        body.command,
        request,
    )


def _time(at: float | None) -> str:
    """ISO 8601 in UTC; a clock that was far off when it was written must not end the export."""
    if at is None:
        return ""
    try:
        return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    except (OverflowError, OSError, ValueError):
        return str(at)


def _fault(path: Path, error: Exception) -> Fault:
    return Fault(
        FaultCode.REJECTED,
        f"{path.name} could not be written.",
        remedy="Choose another folder or make room, and export again.",
        kept="The journal is untouched; nothing was left half-written.",
        detail=str(error),
    )
