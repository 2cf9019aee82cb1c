"""Does a journal hold operations of a connection that did not end? Asked beside its writer."""

import contextlib
import sqlite3
from pathlib import Path

import msgspec

from console.worker import archive, journal_rows
from console.worker.journal_schema import FILE_NAME, JournalDamagedError


def has_unfinished(folder: Path, connection_id: str) -> bool:
    """True also where the journal cannot be read: what may be under way there is not left."""
    if not (folder / FILE_NAME).exists():
        return False
    try:
        with contextlib.closing(archive.reader(folder)) as connection:
            return bool(journal_rows.unfinished(connection, connection_id))
    except (sqlite3.Error, JournalDamagedError, msgspec.MsgspecError, ValueError):
        return True
