"""The hash chains of the journal's file: how a row follows the one before it, or does not."""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Iterator

import msgspec

EMPTY_HASH = bytes(32)
# The columns of each chained table: the sequence first, the hash last, the content between.
COLUMNS = {
    "event": "seq, op_id, kind, at, monotonic, run_id, body, hash",
    "audit": "seq, at, op_id, connection_id, actor, act, target, body, hash",
}
# What SQLite and Python raise on a row that is no row any more.
UNREADABLE = (sqlite3.Error, UnicodeDecodeError, OverflowError, TypeError, ValueError)


class Gone(msgspec.Struct, frozen=True):
    """Rows up to ``through`` were pruned; ``head`` is the hash of that row.

    ``bridges``: for each older row that stays, the hash of the row that stood before it.
    """

    through: int = 0
    head: bytes = EMPTY_HASH
    bridges: dict[int, bytes] = {}


def chained(previous: bytes, content: tuple[object, ...]) -> bytes:
    """The hash of a row: of the one before it and of its own columns, lengths included."""
    return hashlib.sha256(msgspec.msgpack.encode((previous, *content))).digest()


def follows(before: tuple[object, ...] | None, row: tuple[object, ...]) -> bool:
    """Whether ``row`` is as it was written. A first row read is only held against a real start."""
    sequence, *content, stored = row
    if before is None:
        return sequence != 1 or chained(EMPTY_HASH, tuple(content)) == stored
    number, previous = before[0], before[-1]
    if not isinstance(number, int) or not isinstance(previous, bytes):
        return False
    return sequence == number + 1 and chained(previous, tuple(content)) == stored


def gone_of(connection: sqlite3.Connection, chain: str) -> Gone:
    """What was pruned of this chain; nothing in a file that never pruned."""
    found = connection.execute(
        "SELECT through, head, bridges FROM gone WHERE chain = ? ORDER BY number DESC LIMIT 1",
        (chain,),
    ).fetchone()
    if found is None:
        return Gone()
    bridges = {int(seq): bytes.fromhex(value) for seq, value in json.loads(found[2]).items()}
    return Gone(found[0], found[1], bridges)


def head_of(connection: sqlite3.Connection, chain: str) -> bytes:
    """The hash that the next row follows."""
    found = connection.execute(
        f"SELECT seq, hash FROM {chain} ORDER BY seq DESC LIMIT 1"  # noqa: S608 - constant
    ).fetchone()
    gone = gone_of(connection, chain)
    if found is None or found[0] <= gone.through:
        return gone.head
    return bytes(found[1])


def first_broken(
    connection: sqlite3.Connection, chain: str, newest: int | None = None
) -> int | None:
    """The ``seq`` of the first row that is not as it was written, or that is missing; else None.

    With ``newest`` only that many rows are read, and the first of them is taken as it is.
    """
    gone = gone_of(connection, chain)
    (last,) = connection.execute(
        f"SELECT coalesce(max(seq), 0) FROM {chain}"  # noqa: S608 - constant
    ).fetchone()
    (written,) = connection.execute(
        "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = ?), 0)", (chain,)
    ).fetchone()
    start = 0 if newest is None else max(0, last - newest)
    rows = connection.execute(
        f"SELECT {COLUMNS[chain]} FROM {chain} WHERE seq > ? ORDER BY seq",  # noqa: S608 - constant
        (start,),
    )
    broken = _first_broken(rows, gone, is_from_start=start <= gone.through)
    if broken is None and written > max(last, gone.through):
        return int(max(last, gone.through)) + 1
    return broken


def _first_broken(
    rows: Iterable[tuple[object, ...]], gone: Gone, *, is_from_start: bool
) -> int | None:
    expected = gone.through + 1 if is_from_start else None
    previous = gone.head
    bridges = dict(gone.bridges) if is_from_start else {}
    for sequence, *content, stored in rows:
        if not isinstance(sequence, int) or not isinstance(stored, bytes):
            return int(expected or 1)
        if sequence <= gone.through:
            before = gone.bridges.get(sequence)
            bridges.pop(sequence, None)
            if before is None or chained(before, tuple(content)) != stored:
                return sequence
            continue
        if bridges:
            return min(bridges)
        if expected is not None and (
            sequence != expected or chained(previous, tuple(content)) != stored
        ):
            return min(sequence, expected)
        expected, previous = sequence + 1, stored
    return min(bridges) if bridges else None


def rows_readable(connection: sqlite3.Connection, chain: str) -> Iterator[tuple[object, ...]]:
    """Every row that SQLite can still read: forwards, then backwards past the damage."""
    seen: set[int] = set()
    for direction in ("ASC", "DESC"):
        try:
            rows = connection.execute(
                f"SELECT {COLUMNS[chain]} FROM {chain} ORDER BY seq {direction}"  # noqa: S608 - constant
            )
            for row in rows:
                if isinstance(row[0], int) and row[0] not in seen:
                    seen.add(row[0])
                    yield row
        except (sqlite3.Error, UnicodeDecodeError, OverflowError):
            continue
        return
