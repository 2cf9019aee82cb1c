"""A damaged journal is kept aside; what can be read of it begins the new one, and it is said."""

import contextlib
import sqlite3
import time
from pathlib import Path
from typing import Any

from console.model.freshness import Fault, FaultCode
from console.worker import journal_schema
from console.worker.audit_log import (
    RETENTION,
    AuditBody,
    AuditEntry,
    AuditPhase,
    AuditSubject,
    entry_of,
)
from console.worker.journal_chain import follows, rows_readable
from console.worker.journal_lines import (
    UNREADABLE_STEP,
    GroupIntent,
    Intent,
    Line,
    Noted,
    Sending,
    fold,
    fold_group,
)
from console.worker.journal_rows import line_of
from console.worker.journal_schema import JournalDamagedError, JournalUnusableError
from console.worker.journal_store import JournalStore

_GROUPS_A_COMMIT = 500


def open_store(folder: Path) -> tuple[JournalStore, tuple[Fault, ...]]:
    """The journal, salvaged into a new one if it is damaged; with what a person must know of that.

    Raises JournalNewerError or JournalUnusableError.
    """
    path = folder / journal_schema.FILE_NAME
    try:
        return JournalStore(path), ()
    except JournalDamagedError as error:
        reason = str(error)
    fresh = folder / ".journal-salvaged.sqlite"
    try:
        aside = journal_schema.copy_aside(path, time.strftime("%Y%m%d-%H%M%S"))
        journal_schema.remove(fresh)
        store = JournalStore(fresh)
        try:
            kept, unfinished, skipped = _salvage(aside, store)
        finally:
            store.close()
        journal_schema.put_in_place(fresh, path)
    except OSError as error:
        raise JournalUnusableError(f"it is damaged and cannot be set aside: {error}") from error
    return JournalStore(path), (_fault(aside, reason, kept, unfinished, skipped),)


def _salvage(aside: Path, store: JournalStore) -> tuple[int, int, int]:
    """Copy what is readable; counts of operations kept, of those unfinished, of rows lost."""
    # Read-only, so that SQLite does not tidy up the evidence.
    source = sqlite3.connect(f"{aside.resolve().as_uri()}?mode=ro", uri=True)
    with contextlib.closing(source) as connection:
        histories, skipped = _histories(connection)
        entries, unreadable = _entries(connection)
    groups: list[list[Line]] = []
    names: set[str] = set()
    unfinished = 0
    for name, lines in histories.items():
        record = fold(lines)
        if record is None and fold_group(lines) is None:
            skipped += len(lines)
            continue
        first = next(at for at, line in enumerate(lines) if _is_intent(line))
        whole = lines[first:]
        if record is not None and not record.is_over:
            unfinished += 1
            now = time.time()
            whole.append(Line(name, now, Sending(UNREADABLE_STEP)))
            whole.append(Line(name, now, Noted("The journal was damaged: lines may be lost")))
        if record is not None:
            names.add(name)
        groups.append(whole)
    kept = 0
    for start in range(0, len(groups), _GROUPS_A_COMMIT):
        batch = groups[start : start + _GROUPS_A_COMMIT]
        for group, error in zip(batch, store.append(batch, is_copy=True), strict=True):
            if error is None:
                kept += group[0].operation_id in names
            else:
                skipped += len(group)
    body = AuditBody(AuditPhase.SALVAGED, text=f"{aside.name}: {unreadable} entries lost")
    said = AuditEntry(0, time.time(), "", AuditSubject("", "", RETENTION, "audit"), body)
    store.add_to_audit(*entries, said)
    return kept, unfinished, skipped + unreadable


def _is_intent(line: Line) -> bool:
    return isinstance(line.body, Intent | GroupIntent)


def _histories(connection: sqlite3.Connection) -> tuple[dict[str, list[Line]], int]:
    """The readable lines by operation, and how many rows were read but are not to be believed."""
    histories: dict[str, list[Line]] = {}
    rows, skipped = _believable(connection, "event")
    for row in rows:
        try:
            line = line_of(row)
        except (JournalDamagedError, TypeError, ValueError):
            skipped += 1
        else:
            histories.setdefault(line.operation_id, []).append(line)
    return histories, skipped


def _entries(connection: sqlite3.Connection) -> tuple[list[AuditEntry], int]:
    """The readable audit entries; a journal of before the audit log has none."""
    entries: list[AuditEntry] = []
    rows, skipped = _believable(connection, "audit")
    for row in rows:
        try:
            entries.append(entry_of(row))
        except (TypeError, ValueError):
            skipped += 1
    return entries, skipped


def _believable(connection: sqlite3.Connection, chain: str) -> tuple[list[Any], int]:
    """The rows that can be read and do not contradict the row before them; how many do."""
    rows: list[Any] = sorted(rows_readable(connection, chain), key=lambda row: row[0])
    believed: list[Any] = []
    before: Any = None
    for row in rows:
        is_held = before is None or row[0] == before[0] + 1
        if not is_held or follows(before, row):
            believed.append(row)
        before = row
    return believed, len(rows) - len(believed)


def _fault(aside: Path, reason: str, kept: int, unfinished: int, skipped: int) -> Fault:
    lost = f" {skipped} rows could not be read." if skipped else ""
    return Fault(
        FaultCode.MALFORMED,
        "The journal of operations was damaged and has been set aside.",
        remedy="Look at the cluster for operations that you miss here; "
        f"keep {aside.name} for whoever examines it.",
        kept=f"{kept} operations were recovered, {unfinished} of them unfinished: "
        f"of those nothing is sent again by itself.{lost}",
        detail=reason,
        at=time.time(),
    )
