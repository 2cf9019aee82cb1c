"""The fleet's past: each change of a VM as it was seen, and from those any moment of it.

A moment is worked out backwards from what is known now: 100,000 VMs change little in a month, and
no whole moment of theirs is ever stored. Bounded by age and by size.
"""

import logging
import sqlite3
import uuid
from collections.abc import Container, Iterable, Sequence
from pathlib import Path

import msgspec

from console.model.change import AZURE, Change
from console.model.fleet import FleetReading, FleetSnapshot
from console.model.fleet_moment import FleetMoment
from console.worker import past_file
from console.worker.fleet_changes import APPEARED, GONE, FleetChange
from console.worker.fleet_ledger import FleetLedger
from console.worker.fleet_replay import redo, undo
from console.worker.past_file import KEPT_S, MOST_BYTES, HistoryUnreadableError, PastFile

_log = logging.getLogger(__name__)

# A hidden window reads four times an hour: who was silent for longer was not looking.
FLEET_LOOK_GAP_S = 1_200.0
# Readings as far apart as this at most are one stretch: what it tells is not stale in between.
_STRETCH_S = 360.0
_FORMAT = 2
_SCHEMA = """
CREATE TABLE identity (id TEXT NOT NULL);
CREATE TABLE subject (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, name TEXT NOT NULL);
CREATE TABLE change (number INTEGER PRIMARY KEY AUTOINCREMENT, at REAL NOT NULL,
    subject INTEGER NOT NULL, what TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL);
CREATE INDEX change_at ON change (at);
CREATE INDEX change_subject ON change (subject, at);
CREATE TABLE baseline (subscription TEXT PRIMARY KEY, at REAL NOT NULL);
CREATE TABLE reading (subscription TEXT NOT NULL, began REAL NOT NULL, until REAL NOT NULL,
    longest REAL NOT NULL);
CREATE INDEX reading_of ON reading (subscription, began);
CREATE TABLE floor (at REAL NOT NULL, number INTEGER NOT NULL);
"""
_DIFFERENCE = """
WITH span AS (
    SELECT subject, CASE WHEN what IN ('+', '-') THEN 'there' ELSE what END AS kind,
        min(number) AS first, max(number) AS last
    FROM change WHERE at > ? AND at <= ? GROUP BY subject, kind)
SELECT last.at, key, name, kind, first.what, last.what, first.before, last.after FROM span
JOIN change AS first ON first.number = span.first JOIN change AS last ON last.number = span.last
JOIN subject ON subject.id = span.subject ORDER BY last.at DESC, span.last
"""
# Columns in a person's words. What is not here is worked out of another one, or no news.
TITLES = {
    "power": "State in Azure",
    "level": "Health",
    "provisioning": "Provisioning",
    "agent": "Azure agent",
    "error": "Azure's error",
    "node": "Runs on",
    "cluster": "Cluster",
    "group": "Resource group",
    "security": "Security type in Azure",
    "secure_boot": "Secure Boot",
    "vtpm": "vTPM",
    "tags": "Tags",
    "address": "Address",
    "user": "User",
    "os": "Operating system",
    "processors": "Processors",
    "memory_mib": "Memory, MiB",
    "name": "Name",
    "doubt": "Azure's word on it",
    "contact": "Azure connection",
    "version": "Version",
}


def path_for(folder: Path, connection_id: str) -> Path:
    """Where the past of a fleet lies."""
    return past_file.path_for(folder, "fleet-history", connection_id)


class FleetHistory:
    """An open history. Used by one thread at a time; all times are wall-clock seconds."""

    def __init__(self, path: Path, *, kept_s: float = KEPT_S, most_bytes: int = MOST_BYTES) -> None:
        """Raises HistoryUnreadableError, OSError."""
        self._kept_s, self._most_bytes = kept_s, most_bytes
        self._file = PastFile(path, _SCHEMA, _FORMAT, FLEET_LOOK_GAP_S)
        self._connection = self._file.connection
        self._reading: dict[str, tuple[int, float]] = {}  # subscription -> row, until
        try:
            rows = self._connection.execute("SELECT subscription, at FROM baseline").fetchall()
            self._identity = self._named()
        except sqlite3.Error as error:
            self._file.close()
            if past_file.is_of_the_disk(error):
                raise
            raise HistoryUnreadableError(str(error)) from error
        self.baselines: dict[str, float] = dict(rows)

    def close(self) -> None:
        self._file.close()

    def _named(self) -> str:
        found = self._connection.execute("SELECT id FROM identity").fetchone()
        if found is None:
            found = (uuid.uuid4().hex,)
            self._connection.execute("INSERT INTO identity VALUES (?)", found)
        return str(found[0])

    # -- one with what is stored of the fleet --------------------------------------------------
    @property
    def mark(self) -> str:
        """Up to where it is written; a fleet that is stored now goes with it."""
        return f"{self._identity}:{self._last_number()}"

    def catch_up(self, ledger: FleetLedger, mark: str, read: Container[str]) -> None:
        """Bring a fleet that was stored earlier to where this ends; or begin anew where the two
        are not of one another. ``read``: subscriptions that were read whole when it was stored.

        Raises sqlite3.Error; HistoryUnreadableError: what is stored does not fit.
        """
        identity, _, number = mark.partition(":")
        is_ours = identity == self._identity and number.isdecimal()
        dropped = self._file.one("SELECT max(number) FROM floor") or 0
        if not is_ours or not dropped <= int(number) <= self._last_number():
            self.begin_anew()
            return
        rows = self._connection.execute(
            "SELECT key, what, after FROM change JOIN subject ON subject.id = change.subject "
            "WHERE number > ? ORDER BY number",
            (int(number),),
        )
        try:
            for key, what, after in rows:
                redo(ledger, key, what, after)
        except (KeyError, ValueError) as error:
            raise HistoryUnreadableError(repr(error)) from error
        ledger.noted(())  # it was noted already
        self._forget_baselines([name for name in self.baselines if name not in read])

    def begin_anew(self) -> None:
        """Something was lost: nothing before now can be worked out. Raises sqlite3.Error.

        No fleet that was stored before goes with it any more.
        """
        identity = uuid.uuid4().hex
        self._connection.execute("UPDATE identity SET id = ?", (identity,))
        self._identity = identity
        self._forget_baselines(list(self.baselines))
        self._connection.execute("DELETE FROM floor")

    def _forget_baselines(self, subscriptions: Sequence[str]) -> None:
        """Nothing before the next reading of these can be worked out."""
        if not subscriptions:
            return
        self._connection.executemany(
            "DELETE FROM baseline WHERE subscription = ?", [(name,) for name in subscriptions]
        )
        for name in subscriptions:
            del self.baselines[name]

    def _last_number(self) -> int:
        found = self._file.one("SELECT seq FROM sqlite_sequence WHERE name = 'change'")
        return int(found or 0)

    # -- writing -------------------------------------------------------------------------------
    def was_read(self, subscription: str, at: float) -> None:
        """A reading; the first one is what the past of the subscription begins with."""
        with self._file.transaction():
            if subscription not in self.baselines:
                self._connection.execute("INSERT INTO baseline VALUES (?, ?)", (subscription, at))
            row, until = self._reading.get(subscription, (None, 0.0))
            if row is not None and 0 <= at - until <= _STRETCH_S:
                self._connection.execute(
                    "UPDATE reading SET until = ?, longest = max(longest, ?) WHERE rowid = ?",
                    (at, at - until, row),
                )
            else:
                row = self._connection.execute(
                    "INSERT INTO reading VALUES (?, ?, ?, 0)", (subscription, at, at)
                ).lastrowid
        assert row is not None
        self._reading[subscription] = row, at
        self.baselines.setdefault(subscription, at)
        self._file.looked(at)

    def record(self, changes: Iterable[FleetChange], at: float) -> None:
        """Keep them in one commit. Raises sqlite3.Error: then none is kept."""
        with self._file.transaction():
            for key, name, what, before, after in changes:
                self._connection.execute(
                    "INSERT INTO change (at, subject, what, before, after) VALUES (?, ?, ?, ?, ?)",
                    (at, self._subject(key, name), what, before, after),
                )
        try:
            self._prune(at)
        except sqlite3.Error as error:  # what was to be kept is kept
            _log.warning("the fleet's past could not be shortened: %s", error)

    def _subject(self, key: str, name: str) -> int:
        found = self._connection.execute("SELECT id FROM subject WHERE key = ?", (key,)).fetchone()
        if found is not None:
            return int(found[0])
        row = self._connection.execute(
            "INSERT INTO subject (key, name) VALUES (?, ?)", (key, name)
        ).lastrowid
        assert row is not None
        return row

    # -- reading -------------------------------------------------------------------------------
    def span(self) -> tuple[float, float] | None:
        """The oldest and the newest moment that can be shown."""
        if not self.baselines:
            return None
        first = max(min(self.baselines.values()), self._floor())
        last = self._file.one("SELECT max(until) FROM reading")
        return first, max(first, last or first)

    def back_to(self, subject: str) -> float | None:
        """The oldest moment of a VM or cluster that can be told; empty: of any."""
        if not subject:
            span = self.span()
            return span[0] if span is not None else None
        told = subject.split("/")[2:3]  # /subscriptions/<it>/...
        begun = [at for name, at in self.baselines.items() if [name.lower()] == told]
        return max(begun[0], self._floor()) if begun else None

    def changes(
        self, subject: str, since: float, until: float, most: int = 500
    ) -> tuple[Change, ...]:
        """What changed of one VM or cluster (``vm:`` or ``cluster:`` and its ARM id in lower case;
        all of them: empty), the newest first.
        """
        told = (APPEARED, GONE, *TITLES)
        marks = ", ".join("?" * len(told))
        asked = "AND subject.key = ? " if subject else ""
        rows = self._connection.execute(
            "SELECT at, key, name, what, before, after FROM change "  # noqa: S608
            "JOIN subject ON subject.id = change.subject "
            f"WHERE at > ? AND at <= ? AND what IN ({marks}) {asked}"
            "ORDER BY at DESC, number LIMIT ?",
            (since, until, *told, *([subject] if subject else []), most),
        )
        return tuple(_change(*row) for row in rows)

    def difference(self, since: float, until: float) -> tuple[Change, ...]:
        """What is other at ``until`` than it was at ``since``, each thing once, the newest first:
        what went there and back in between is no difference.
        """
        rows = self._connection.execute(_DIFFERENCE, (since, until)).fetchall()
        # A VM's coming and going decide about its other values: whether it was there, and is.
        there = {row[1]: (row[4] == GONE, row[5] == APPEARED) for row in rows if row[3] == "there"}
        found = []
        for at, key, name, kind, first, last, before, after in rows:
            was_there, is_there = there.get(key, (True, True))
            if kind == "there":
                if was_there != is_there:
                    found.append(_change(at, key, name, last, "", ""))
                elif was_there:
                    found.append(Change(at, key, name, AZURE, "Gone and back in", "", "Azure"))
            elif was_there and is_there and first in TITLES and before != after:
                found.append(_change(at, key, name, first, before, after))
        return tuple(found)

    def moment(
        self, asked_at: float, now: FleetLedger, readings: Iterable[FleetReading]
    ) -> FleetMoment:
        """What was known then. ``now`` is what is known now, a copy that this may change.

        Raises sqlite3.Error; HistoryUnreadableError: what is stored does not fit.
        """
        span = self.span()
        if span is None:
            return FleetMoment(asked_at)
        first, last = span
        if asked_at < first:
            return FleetMoment(asked_at, later=first, first=first, last=last)
        try:
            for key, what, before in self._later_than(asked_at):
                undo(now, key, what, before)
            known = {name for name, at in self.baselines.items() if at <= asked_at}
            now.keep_only(known)
        except (KeyError, ValueError) as error:
            raise HistoryUnreadableError(repr(error)) from error
        then = tuple(self._as_of(one, asked_at, known) for one in readings)
        # When a cluster told Azure of itself last is not kept: it is not known of the past.
        clusters = (msgspec.structs.replace(one, synced_at=None) for one in now.clusters.values())
        kept_at = max(self._step("max(at)", "at <= ?", asked_at) or first, first)
        unseen_since, unseen_until = self._file.unseen(asked_at)
        return FleetMoment(
            asked_at,
            FleetSnapshot(now.snapshot().part, tuple(clusters), then),
            kept_at,
            unseen_since,
            unseen_until,
            earlier=self._step("max(at)", f"at >= {first!r} AND at < ?", kept_at),
            later=self._step("min(at)", "at > ?", asked_at),
            first=first,
            last=last,
            unread=tuple(
                one.name or one.subscription for one in then if one.subscription not in known
            ),
        )

    def _later_than(self, asked_at: float) -> Iterable[tuple[str, str, str]]:
        # In the order of writing: a clock that jumped must not shuffle them.
        return self._connection.execute(
            "SELECT key, what, before FROM change JOIN subject ON subject.id = change.subject "
            "WHERE number > coalesce((SELECT max(number) FROM change WHERE at <= ?), 0) "
            "ORDER BY number DESC",
            (asked_at,),
        )

    def _as_of(self, reading: FleetReading, at: float, known: set[str]) -> FleetReading:
        """Never younger than it was: inside of a stretch it may be as old as its longest pause."""
        read_at = None
        if reading.subscription in known:
            read_at = self._file.one(
                "SELECT max(CASE WHEN until <= ?1 THEN until ELSE max(began, ?1 - longest) END) "
                "FROM reading WHERE subscription = ?2 AND began <= ?1",
                at,
                reading.subscription,
            )
        return msgspec.structs.replace(reading, read_at=read_at, faults=(), is_going_on=False)

    def _step(self, which: str, where: str, at: float) -> float | None:
        """A moment at which something changed, or at which a subscription was first read."""
        return self._file.one(
            f"SELECT {which} FROM (SELECT at FROM change WHERE {where} "  # noqa: S608
            f"UNION ALL SELECT at FROM baseline WHERE {where})",
            at,
            at,
        )

    # -- bounds --------------------------------------------------------------------------------
    def _floor(self) -> float:
        return self._file.one("SELECT max(at) FROM floor") or 0.0

    def size_bytes(self) -> int:
        return self._file.size_bytes()

    def _prune(self, now: float) -> None:
        """The oldest changes go; what was before them can no longer be worked out."""
        connection = self._connection
        oldest = self._file.one("SELECT min(at) FROM change")
        if oldest is not None and oldest < now - self._kept_s:
            self._drop(now - self._kept_s)
        while self.size_bytes() > self._most_bytes:
            count = connection.execute("SELECT count(*) FROM change").fetchone()[0]
            cut = self._file.one("SELECT at FROM change ORDER BY at LIMIT 1 OFFSET ?", count // 5)
            if cut is None:
                break
            self._drop(cut)

    def _drop(self, until: float) -> None:
        connection = self._connection
        with self._file.transaction():
            floor = self._file.one("SELECT max(at) FROM change WHERE at <= ?", until) or until
            number = max(
                self._file.one("SELECT max(number) FROM change WHERE at <= ?", until) or 0,
                self._file.one("SELECT max(number) FROM floor") or 0,
            )
            connection.execute("DELETE FROM change WHERE at <= ?", (until,))
            # The newest reading before stays: how old what was known then was is told by it.
            connection.execute(
                "DELETE FROM reading WHERE until < (SELECT max(until) FROM reading AS other "
                "WHERE other.subscription = reading.subscription AND other.until < ?)",
                (until,),
            )
            connection.execute("DELETE FROM subject WHERE id NOT IN (SELECT subject FROM change)")
            connection.execute("DELETE FROM floor")
            connection.execute("INSERT INTO floor VALUES (?, ?)", (floor, number))
        self._reading = {}
        self._file.forget_looks(until)


def _change(at: float, key: str, name: str, what: str, before: str, after: str) -> Change:
    if what == APPEARED:
        return Change(at, key, name, AZURE, "Appeared in", "", "Azure")
    if what == GONE:
        return Change(at, key, name, AZURE, "Gone from", "", "Azure")
    if what == "cluster":
        before, after = before.rpartition("/")[2], after.rpartition("/")[2]
    return Change(at, key, name, AZURE, TITLES[what], before or "not told", after or "not told")
