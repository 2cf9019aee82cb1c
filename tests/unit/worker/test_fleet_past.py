"""The fleet's past where the disk refuses: nothing is out of order, and no hole is hidden."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.worker import fleet_history, past_file
from console.worker import fleet_past as module
from console.worker.fleet_changes import FleetChange
from console.worker.fleet_history import FleetHistory
from console.worker.fleet_ledger import FleetLedger
from console.worker.fleet_past import FleetPast
from console.worker.past_file import HistoryUnreadableError, PastDoor

T0 = 1_000_000.0


@pytest.fixture
def past(tmp_path: Path) -> Iterator[FleetPast]:
    made = FleetPast(tmp_path, "fleet", lambda: T0)
    made.begin(FleetLedger(), "", ())
    made.write(("sub",))
    yield made
    made.close()


def change(after: str) -> tuple[FleetChange, ...]:
    return (FleetChange("vm:/subscriptions/sub/a", "a", "power", "before", after),)


def told(past: FleetPast) -> list[str]:
    return [each.after for each in past.changes("", 0.0, T0 + 1, 99)[0]]


def refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(FleetHistory, "record", full)


def test_what_could_not_be_written_is_written_first_the_next_time(
    past: FleetPast, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        refuse(broken)
        past.add(change("one"))
        past.write(("other",))
        assert past.mark == ""  # a fleet that is stored now is ahead of its past
        assert past.known == {"sub"}  # what was read at a full disk is no beginning
    past.add(change("two"))
    past.write()
    assert told(past) == ["one", "two"]
    assert past.mark != ""


def test_a_disk_that_stays_full_begins_the_past_anew(
    past: FleetPast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_WAITING", 3)
    with monkeypatch.context() as broken:
        refuse(broken)
        for turn in range(5):
            past.add(change(str(turn)))
            past.write()
    past.write(("sub",))
    assert told(past) == []
    assert past.changes("", 0.0, T0 + 1, 99)[1] == T0  # from now on
    past.add(change("again"))
    past.write()
    assert told(past) == ["again"]


def test_no_past_is_begun_where_none_can_be_opened(tmp_path: Path) -> None:
    past = FleetPast(tmp_path / "missing", "fleet", lambda: T0)
    past.begin(FleetLedger(), "", ())
    past.add(change("one"))
    past.write(("sub",))
    assert (past.mark, past.known) == ("", frozenset())
    assert past.changes("", 0.0, T0, 9) == ((), None)
    assert past.moment(T0, FleetLedger(), ()).snapshot is None


def test_a_full_disk_does_not_set_the_past_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = fleet_history.path_for(tmp_path, "fleet")
    history = FleetHistory(path)
    history.was_read("sub", T0)
    history.close()

    def full(_path: Path) -> FleetHistory:
        raise sqlite3.OperationalError("disk I/O error")

    assert PastDoor(path, full).opened() is None
    assert list(tmp_path.glob("*.unreadable")) == []
    again = PastDoor(path, FleetHistory)
    found = again.opened()
    assert found is not None
    assert found.baselines == {"sub": T0}
    again.close()
    path.write_bytes(b"no database" * 200)
    with pytest.raises(HistoryUnreadableError):
        FleetHistory(path)


def test_no_moment_is_told_while_something_waits_to_be_written(
    past: FleetPast, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        refuse(broken)
        past.add(change("one"))
        past.write()
        with pytest.raises(HistoryUnreadableError):
            past.moment(T0, FleetLedger(), ())
    past.write()
    assert past.moment(T0, FleetLedger(), ()).snapshot is not None


def test_a_moment_waits_for_what_was_added_meanwhile(past: FleetPast) -> None:
    past.add(change("one"))  # by a reading that ended in between
    assert past.moment(T0, FleetLedger(), ()).snapshot is not None
    assert told(past) == ["one"]


def test_a_file_that_cannot_be_opened_now_holds_nothing_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[Path] = []

    def full(path: Path) -> FleetHistory:
        tries.append(path)
        raise sqlite3.OperationalError("database is locked")

    door = PastDoor(tmp_path / "past", full)
    assert [door.opened() for _ in range(3)] == [None] * 3
    assert len(tries) == 1
    monkeypatch.setattr(past_file, "_TRIED_AGAIN_S", 0.0)
    door.opened()
    assert len(tries) == 2


def test_who_comes_second_takes_the_file_that_the_first_made(tmp_path: Path) -> None:
    path = tmp_path / "past.sqlite3"
    first = FleetHistory(path)
    first.was_read("sub", T0)
    connection = sqlite3.connect(path, isolation_level=None)
    past_file._make(connection, "CREATE TABLE identity (id TEXT)", 2)  # it had read 0 before
    connection.close()
    first.was_read("other", T0)
    second = FleetHistory(path)
    assert set(second.baselines) == {"sub", "other"}
    first.close()
    second.close()


def test_a_look_that_was_not_kept_is_not_gone_on_with(
    past: FleetPast, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = past._door.opened()
    assert history is not None
    connection = history._connection
    connection.execute(
        "CREATE TRIGGER no BEFORE INSERT ON reading BEGIN SELECT RAISE(ABORT, ''); END"
    )
    with pytest.raises(sqlite3.Error):
        history.was_read("other", T0 + 9_000.0)
    connection.execute("DROP TRIGGER no")
    history.was_read("other", T0 + 9_060.0)
    assert connection.execute("SELECT max(until) FROM look").fetchone() == (T0 + 9_060.0,)
