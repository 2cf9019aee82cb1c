"""Reading the journal's rows back as lines and histories; works on any connection to its file."""

import sqlite3

import msgspec

from console.worker.journal_chain import COLUMNS
from console.worker.journal_lines import Body, Line
from console.worker.journal_schema import JournalDamagedError

GROUP = "group"

Row = tuple[int, str, str, float, float, str, str, bytes]

_decoder: msgspec.json.Decoder[Body] = msgspec.json.Decoder(Body)


class History(msgspec.Struct, frozen=True):
    """``operations``: the lines of each, oldest operation first; ``groups``: those they are in."""

    operations: list[list[Line]]
    groups: list[list[Line]]
    # Wall-clock seconds: everything made since then is in it. None: nothing older is kept.
    back_to: float | None


def unfinished(connection: sqlite3.Connection, connection_id: str) -> list[list[Line]]:
    """The lines of every operation without an ending, oldest operation first."""
    return _histories(
        connection,
        "SELECT op_id FROM operation WHERE connection_id = ? AND kind != ? "
        "AND op_id NOT IN (SELECT op_id FROM ending) ORDER BY created_at, rowid",
        (connection_id, GROUP),
    )


def newest(
    connection: sqlite3.Connection, connection_id: str, count: int, before: float | None = None
) -> History:
    """The newest ``count`` operations made before ``before`` (wall-clock seconds), and with them
    whatever was made at the same moment as the oldest, and all that is in a group with one of them.

    A page that ended inside a group would let its counts tell less than is known.
    """
    rows = connection.execute(
        "SELECT op_id, created_at FROM operation WHERE connection_id = ? AND kind != ? "
        "AND created_at < ? ORDER BY created_at DESC, rowid DESC LIMIT ?",
        (connection_id, GROUP, float("inf") if before is None else before, count + 1),
    ).fetchall()
    back_to = rows[count - 1][1] if len(rows) > count else None
    page = (
        "connection_id = :connection AND kind != :group AND created_at >= :since "
        "AND created_at < :before"
    )
    values = {
        "connection": connection_id,
        "group": GROUP,
        "since": float("-inf") if back_to is None else back_to,
        "before": float("inf") if before is None else before,
    }
    names = connection.execute(
        f"SELECT op_id FROM operation WHERE {page} OR (kind != :group AND group_id IN "  # noqa: S608 - constant
        f"(SELECT group_id FROM operation WHERE group_id != '' AND {page})) "
        "ORDER BY created_at, rowid",
        values,
    ).fetchall()
    groups = connection.execute(
        f"SELECT DISTINCT group_id FROM operation WHERE group_id != '' AND {page}",  # noqa: S608 - constant
        values,
    ).fetchall()
    is_more = back_to is not None and _has_older(connection, connection_id, back_to)
    return History(
        [lines_of(connection, name) for (name,) in names],
        [lines_of(connection, group) for (group,) in sorted(groups)],
        back_to if is_more else None,
    )


def members_of(connection: sqlite3.Connection, group_id: str) -> list[list[Line]]:
    """The lines of every operation of a group, oldest operation first."""
    return _histories(
        connection,
        "SELECT op_id FROM operation WHERE group_id = ? AND kind != ? ORDER BY created_at, rowid",
        (group_id, GROUP),
    )


def _has_older(connection: sqlite3.Connection, connection_id: str, than: float) -> bool:
    found = connection.execute(
        "SELECT 1 FROM operation WHERE connection_id = ? AND kind != ? AND created_at < ? LIMIT 1",
        (connection_id, GROUP, than),
    ).fetchone()
    return found is not None


def lines_of(connection: sqlite3.Connection, operation_id: str) -> list[Line]:
    """All lines of one operation or group, in the order they were written."""
    rows = connection.execute(
        f"SELECT {COLUMNS['event']} FROM event WHERE op_id = ? ORDER BY seq",  # noqa: S608 - constant
        (operation_id,),
    )
    return [line_of(row) for row in rows]


def line_of(row: Row) -> Line:
    """The line in a row. Raises JournalDamagedError if the body does not decode."""
    try:
        return Line(row[1], row[3], _decoder.decode(row[6]))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise JournalDamagedError(f"row {row[0]}: {error}") from error


def _histories(
    connection: sqlite3.Connection, query: str, values: tuple[object, ...]
) -> list[list[Line]]:
    names = [row[0] for row in connection.execute(query, values)]
    return [lines_of(connection, name) for name in names]
