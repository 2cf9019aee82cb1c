"""``tlconsole audit``: is the record of what was done as it was written, and a copy of it."""

import contextlib
import sqlite3
from collections.abc import Callable
from pathlib import Path

from console.channel.messages import Export, ExportFormat, ExportKind
from console.credentials import Credentials
from console.worker import archive, journal_chain
from console.worker.journal_schema import FILE_NAME

WHOLE, BROKEN, UNREADABLE = 0, 1, 2
Say = Callable[[str], None]


def has_log(folder: Path) -> bool:
    return (folder / FILE_NAME).exists()


def verify(folder: Path, say: Say, credentials: Credentials | None = None) -> int:
    """Read every row of both chains and name the first that is not as it was written.

    0: whole; 1: broken; 2: there is nothing that can be read.
    """
    if not has_log(folder):
        say(f"There is no journal in {folder}.")
        return UNREADABLE
    try:
        with contextlib.closing(archive.reader(folder)) as connection:
            audit = _verify_chain(connection, "audit", say)
            audit = audit or _compare_anchor(connection, folder, say, credentials)
            return max(audit, _verify_chain(connection, "event", say))
    except journal_chain.UNREADABLE as error:
        say(f"The journal in {folder} cannot be read: {error}")
        return UNREADABLE


def export(folder: Path, path: Path, file_format: ExportFormat, say: Say) -> int:
    """Write the audit log to a file."""
    done = archive.export(folder, "", Export("", str(path), ExportKind.AUDIT, file_format))
    if done.fault is not None:
        say(f"{done.fault.summary} {done.fault.remedy} ({done.fault.detail})")
        return UNREADABLE
    say(f"{done.rows} entries written to {path}.")
    return WHOLE


def _verify_chain(connection: sqlite3.Connection, chain: str, say: Say) -> int:
    name = "Audit log" if chain == "audit" else "Journal"
    broken = journal_chain.first_broken(connection, chain)
    count, last = connection.execute(
        f"SELECT count(*), coalesce(max(seq), 0) FROM {chain}"  # noqa: S608 - constant
    ).fetchone()
    gone = journal_chain.gone_of(connection, chain)
    if broken is not None:
        say(f"{name}: BROKEN at entry {broken}{_what(connection, chain, broken)}.")
        return BROKEN
    pruned = (
        f"; those up to {gone.through} were removed by the stated bound" if gone.through else ""
    )
    say(f"{name}: {count} entries up to number {last}, each follows from the one before{pruned}.")
    return WHOLE


def _what(connection: sqlite3.Connection, chain: str, number: int) -> str:
    """Which act the broken entry claims to be, if it is there at all."""
    columns = "at, op_id, act" if chain == "audit" else "at, op_id, kind"
    try:
        found = connection.execute(
            f"SELECT {columns} FROM {chain} WHERE seq = ?",  # noqa: S608 - constants
            (number,),
        ).fetchone()
    except journal_chain.UNREADABLE:
        return " (it cannot be read)"
    if found is None:
        return " (it is missing)"
    return f" ({found[2]}, operation {found[1]}): it is not as it was written"


def _compare_anchor(
    connection: sqlite3.Connection, folder: Path, say: Say, credentials: Credentials | None
) -> int:
    """Hold the log against the entry that the keyring remembers: a cut end shows only there."""
    if credentials is None:
        credentials = Credentials()
        credentials.probe()
    anchor = credentials.recall_anchor(str(folder))
    if anchor is None:
        say("No entry is remembered in a keyring, so a cut end would not be noticed.")
        return WHOLE
    number, digest = anchor
    found = connection.execute("SELECT hash FROM audit WHERE seq = ?", (number,)).fetchone()
    if found is None and number <= journal_chain.gone_of(connection, "audit").through:
        return WHOLE
    if found is None:
        say(f"Audit log: BROKEN at its end: the keyring remembers entry {number}, which is gone.")
        return BROKEN
    if bytes(found[0]).hex() != digest:
        say(f"Audit log: BROKEN at entry {number}: the keyring remembers it with another content.")
        return BROKEN
    say(f"The keyring remembers entry {number} as it is here.")
    return WHOLE
