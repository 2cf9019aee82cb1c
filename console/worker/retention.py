"""The journal's stated bound: which finished operations and audit entries go, and how.

Bounds count and do not look at the clock: a computer whose clock jumps years ahead loses nothing.
"""

import json
import sqlite3

import msgspec

from console.model.operation import KEPT_OPERATIONS
from console.worker.audit_log import RETENTION, AuditBody, AuditLog, AuditPhase, AuditSubject
from console.worker.journal_chain import gone_of


class Bound(msgspec.Struct, frozen=True):
    """What is kept: the newest of each. Removal begins once ``slack`` are too many."""

    operations: int = KEPT_OPERATIONS
    audit_entries: int = 1_000_000
    slack: int = 1_000
    # Removed in one transaction: no append has to wait longer than that takes.
    at_once: int = 50


def is_due(connection: sqlite3.Connection, bound: Bound) -> bool:
    """Whether so much is over the bound that removing it is worth while."""
    operations, entries = _over(connection, bound)
    return operations > bound.slack or entries > bound.slack


def prune_some(connection: sqlite3.Connection, audit: AuditLog, at: float, bound: Bound) -> bool:
    """Remove some of what is over the bound; False if nothing is. In the caller's transaction.

    Unfinished operations stay whatever their age. Each removal is an audit entry itself.
    """
    operations, entries = _over(connection, bound)
    if operations > 0:
        _remove_operations(connection, audit, at, min(operations, bound.at_once))
    elif entries > 0:
        # One more, for the entry that tells of it.
        _remove_entries(connection, audit, at, min(entries + 1, 20 * bound.at_once))
    return operations > 0 or entries > 0


def _over(connection: sqlite3.Connection, bound: Bound) -> tuple[int, int]:
    (finished,) = connection.execute("SELECT count(*) FROM ending").fetchone()
    (entries,) = connection.execute("SELECT count(*) FROM audit").fetchone()
    return finished - bound.operations, entries - bound.audit_entries


def _remove_operations(
    connection: sqlite3.Connection, audit: AuditLog, at: float, count: int
) -> None:
    connection.execute("CREATE TEMP TABLE leaving (op_id TEXT PRIMARY KEY)")
    connection.execute(
        "INSERT INTO leaving SELECT op_id FROM ending ORDER BY seq LIMIT ?", (count,)
    )
    # A group goes with the last of its operations.
    connection.execute(
        "INSERT INTO leaving SELECT DISTINCT group_id FROM operation AS child "
        "WHERE op_id IN leaving AND group_id != '' AND NOT EXISTS (SELECT 1 FROM operation "
        "WHERE group_id = child.group_id AND op_id NOT IN leaving)"
    )
    through, rows = connection.execute(
        "SELECT max(seq), count(*) FROM event WHERE op_id IN leaving"
    ).fetchone()
    before = gone_of(connection, "event")
    through = max(through, before.through)
    bridges = {
        str(seq): before.bridges.get(seq, previous).hex()
        for seq, previous in connection.execute(
            "SELECT seq, coalesce((SELECT hash FROM event AS older WHERE older.seq = event.seq - 1)"
            ", zeroblob(32)) FROM event WHERE seq <= ? AND op_id NOT IN leaving",
            (through,),
        )
    }
    _fill_first_bridge(bridges, before.through, before.head)
    found = connection.execute("SELECT hash FROM event WHERE seq = ?", (through,)).fetchone()
    head = bytes(found[0]) if found is not None else before.head
    _note(connection, audit, at, "event", through, rows, head, bridges)
    connection.execute("DELETE FROM event WHERE op_id IN leaving")
    connection.execute("DELETE FROM ending WHERE op_id IN leaving")
    connection.execute("DELETE FROM operation WHERE op_id IN leaving")
    connection.execute("DROP TABLE leaving")


def _fill_first_bridge(bridges: dict[str, str], through: int, head: bytes) -> None:
    """The row just after what was pruned earlier follows a row that is not there any more."""
    first = str(through + 1)
    if through and first in bridges:
        bridges[first] = head.hex()


def _remove_entries(connection: sqlite3.Connection, audit: AuditLog, at: float, count: int) -> None:
    through, head = connection.execute(
        "SELECT seq, hash FROM audit ORDER BY seq LIMIT 1 OFFSET ?", (count - 1,)
    ).fetchone()
    _note(connection, audit, at, "audit", through, count, bytes(head), {})
    connection.execute("DELETE FROM audit WHERE seq <= ?", (through,))


def _note(
    connection: sqlite3.Connection,
    audit: AuditLog,
    at: float,
    chain: str,
    through: int,
    rows: int,
    head: bytes,
    bridges: dict[str, str],
) -> None:
    connection.execute(
        "INSERT INTO gone (chain, at, through, rows, head, bridges) VALUES (?, ?, ?, ?, ?, ?)",
        (chain, at, through, rows, head, json.dumps(bridges)),
    )
    text = f"{rows} rows up to {through} of {chain}, the last of them {head.hex()}"
    subject = AuditSubject("", "", RETENTION, chain)
    audit.add(at, "", subject, AuditBody(AuditPhase.PRUNED, text=text))
