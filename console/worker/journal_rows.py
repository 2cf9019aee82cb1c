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
    is_whole: bool  # nothing older is in the journal


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
    """The newest ``count`` operations made before ``before`` (wall-clock seconds)."""
    names = connection.execute(
        "SELECT op_id, group_id FROM operation WHERE connection_id = ? AND kind != ? "
        "AND created_at < ? ORDER BY created_at DESC, rowid DESC LIMIT ?",
        (connection_id, GROUP, float("inf") if before is None else before, count + 1),
    ).fetchall()
    kept = names[:count]
    groups = {group for _name, group in kept if group}
    return History(
        [lines_of(connection, name) for name, _group in reversed(kept)],
        [lines_of(connection, group) for group in sorted(groups)],
        len(names) <= count,
    )


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
