"""A damaged journal is kept aside; what can be read of it begins the new one, and it is said."""

import contextlib
import sqlite3
import time
from pathlib import Path

from console.model.freshness import Fault, FaultCode
from console.worker import journal_schema
from console.worker.journal_lines import UNREADABLE_STEP, Intent, Line, Noted, Sending, fold
from console.worker.journal_schema import JournalDamagedError, JournalUnusableError
from console.worker.journal_store import JournalStore, Row, follows, line_of, rows_readable

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
    histories, skipped = _histories(aside)
    groups: list[list[Line]] = []
    unfinished = 0
    for name, lines in histories.items():
        record = fold(lines)
        if record is None:
            skipped += len(lines)
            continue
        first = next(at for at, line in enumerate(lines) if isinstance(line.body, Intent))
        whole = lines[first:]
        if not record.is_over:
            unfinished += 1
            now = time.time()
            whole.append(Line(name, now, Sending(UNREADABLE_STEP)))
            whole.append(Line(name, now, Noted("The journal was damaged: lines may be lost")))
        groups.append(whole)
    kept = 0
    for start in range(0, len(groups), _GROUPS_A_COMMIT):
        batch = groups[start : start + _GROUPS_A_COMMIT]
        for group, error in zip(batch, store.append(batch), strict=True):
            if error is None:
                kept += 1
            else:
                skipped += len(group)
    return kept, unfinished, skipped


def _histories(aside: Path) -> tuple[dict[str, list[Line]], int]:
    """The readable lines by operation, and how many rows were read but are not to be believed."""
    histories: dict[str, list[Line]] = {}
    skipped = 0
    # Read-only, so that SQLite does not tidy up the evidence.
    source = sqlite3.connect(f"{aside.resolve().as_uri()}?mode=ro", uri=True)
    with contextlib.closing(source) as connection:
        rows = sorted(rows_readable(connection), key=lambda row: row[0])
    before: Row | None = None
    for row in rows:
        is_next = before is not None and row[0] == before[0] + 1
        if is_next and not follows(before, row):
            skipped += 1
        else:
            try:
                line = line_of(row)
            except (JournalDamagedError, TypeError, ValueError):
                skipped += 1
            else:
                histories.setdefault(line.operation_id, []).append(line)
        before = row
    return histories, skipped


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
