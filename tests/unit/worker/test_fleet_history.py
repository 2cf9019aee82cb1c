"""The fleet's past: every moment that was recorded comes back, and nothing is made up."""

import itertools
import json
import sqlite3
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from console.backends.azure_local.fleet_rows import GraphPage
from console.backends.azure_local.translate import WordReader
from console.lab.world.fleet import Fleet
from console.model.fleet import BY_ID, NO_LEVEL, FleetCluster, FleetReading
from console.model.fleet_moment import FleetMoment
from console.worker import past_file
from console.worker.fleet_changes import GONE, FleetChange, packed
from console.worker.fleet_history import FLEET_LOOK_GAP_S, FleetHistory
from console.worker.fleet_ledger import FleetLedger
from console.worker.past_file import HistoryUnreadableError
from tests.fleet_sample import NOW, filled_ledger

T0 = 1_000_000.0
Rows = dict[str, dict[str, str]]


def make_fleet(vms: int = 12, subscriptions: int = 1) -> Fleet:
    return Fleet(1, vms=vms, clusters=2, subscriptions=subscriptions)


def rows_of(ledger: FleetLedger) -> Rows:
    """Every VM as words, by its key."""
    return {
        ledger._key_of(slot): {name: ledger._told(name, slot) for name in BY_ID}
        for slot in range(ledger.size)
        if ledger.levels[slot] != NO_LEVEL
    }


def shown(moment: FleetMoment) -> Rows:
    assert moment.snapshot is not None
    ledger = FleetLedger()
    ledger.load(moment.snapshot)
    return rows_of(ledger)


class Recorded:
    """A ledger and its history, read again and again."""

    def __init__(self, path: Path, fleet: Fleet, **bounds: Any) -> None:
        self.path, self.fleet, self.one = path, fleet, fleet.subscriptions[0]
        self.history = FleetHistory(path, **bounds)
        self.ledger = FleetLedger()
        self.now = T0
        self.readings = tuple(FleetReading(one.id, one.name) for one in fleet.subscriptions)
        self.rows = {number: self.row(number) for number in fleet.vms_of(self.one)}
        self.read()
        self.store()

    def store(self) -> None:
        """As the fleet is stored beside its past."""
        self.stored = msgspec.structs.replace(self.ledger.snapshot(), past_mark=self.history.mark)

    def start_again(self) -> None:
        """A new run, after a kill perhaps: from what was stored last."""
        path = self.path
        self.history.close()
        self.history = FleetHistory(path)
        self.ledger = FleetLedger()
        self.ledger.load(self.stored)
        self.history.catch_up(self.ledger, self.stored.past_mark, {self.one.id})

    def row(self, number: int, **changes: object) -> dict[str, Any]:
        return {**self.fleet.vm_row(number, self.one.id, NOW), **changes}

    def read(self, later: float = 60.0) -> None:
        self.now += later
        self.ledger.begin()
        data = json.dumps(list(self.rows.values())).encode()
        self.ledger.take(GraphPage(msgspec.Raw(data), self.one.id, WordReader(NOW)))
        self.ledger.end(self.one.id)
        self.keep()

    def keep(self) -> None:
        self.history.record(self.ledger.noted(self.history.baselines), self.now)
        self.history.was_read(self.one.id, self.now)

    def act(self, act: str, number: int, choice: int) -> None:
        if act == "gone":
            self.rows.pop(number, None)
        elif act == "back":
            self.rows.setdefault(number, self.row(number))
        elif act == "store":
            self.store()
        elif act == "start_again":
            self.start_again()
        elif number in self.rows:
            self.rows[number] |= _other(act, choice)

    def at(self, moment: float) -> FleetMoment:
        return self.history.moment(moment, self.ledger.copy(), self.readings)


@pytest.fixture
def recorded(tmp_path: Path):  # type: ignore[no-untyped-def]
    made = Recorded(tmp_path / "past.sqlite3", make_fleet())
    yield made
    made.history.close()


STEP = st.tuples(
    st.sampled_from(("power", "gone", "back", "tags", "address", "memory", "store", "start_again")),
    st.integers(0, 11),
    st.integers(0, 2),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(STEP, max_size=5), min_size=1, max_size=8))
def test_every_moment_comes_back(rounds: list[list[tuple[str, int, int]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        it = Recorded(Path(folder) / "past.sqlite3", make_fleet())
        truth = {it.now: rows_of(it.ledger)}
        for steps in rounds:
            for step in steps:
                it.act(*step)
            it.read()
            truth[it.now] = rows_of(it.ledger)
        for at, rows in truth.items():
            assert shown(it.at(at)) == rows
            assert shown(it.at(at + 59.0)) == rows
        it.history.close()


def _other(act: str, choice: int) -> dict[str, object]:
    return {
        "power": {"power": ("Running", "Paused", "Stopped")[choice]},
        "tags": {"tags": {"owner": f"team-{choice}"}},
        "address": {"addresses": [f"10.9.0.{choice}"]},
        "memory": {"memoryMB": 1024 * (choice + 1)},
    }[act]


def test_what_was_before_the_first_reading_is_not_made_up(recorded: Recorded) -> None:
    begun = recorded.now
    moment = recorded.at(begun - 1)
    assert moment.snapshot is None
    assert (moment.first, moment.later) == (begun, begun)
    assert recorded.history.changes("", 0.0, begun) == ()  # a first reading is no change


def test_a_subscription_that_was_read_later_is_left_out_and_named(tmp_path: Path) -> None:
    it = Recorded(tmp_path / "past.sqlite3", make_fleet(24, 2))
    begun = it.now
    assert len(shown(it.at(begun))) == len(it.rows)
    other = it.fleet.subscriptions[1]
    rows = [it.fleet.vm_row(number, other.id, NOW) for number in it.fleet.vms_of(other)]
    it.ledger.begin()
    page = GraphPage(msgspec.Raw(json.dumps(rows).encode()), other.id, WordReader(NOW))
    it.ledger.take(page)
    it.now += 300
    assert it.ledger.noted(it.history.baselines) == ()
    it.history.was_read(other.id, it.now)
    before = it.at(begun + 10)
    assert len(shown(before)) == len(it.rows)
    assert before.unread == (other.name,)
    assert before.snapshot is not None
    ages = {one.subscription: one.read_at for one in before.snapshot.readings}
    assert ages == {it.one.id: begun, other.id: None}
    assert len(shown(it.at(it.now))) == 24
    it.history.close()


def test_changes_are_told_in_words_the_newest_first(recorded: Recorded) -> None:
    recorded.rows[3] |= {"power": "Paused"}
    recorded.read()
    gone = recorded.rows.pop(5)
    recorded.read()
    found = recorded.history.changes("", 0.0, recorded.now)
    assert found[0].text == "Gone from: Azure"
    assert found[0].name == gone["name"]
    texts = [each.text for each in found[1:]]
    assert "State in Azure: Running → Paused" in texts
    assert {each.plane for each in found} == {"Azure"}
    subject = found[-1].subject
    assert recorded.history.changes(subject, 0.0, recorded.now) == found[1:]
    assert recorded.history.changes("", recorded.now - 1, recorded.now) == found[:1]


def test_the_stored_fleet_may_be_older_than_the_past(recorded: Recorded) -> None:
    """Killed after the past was written and before the fleet was."""
    before = rows_of(recorded.ledger)
    number = next(at for at, row in recorded.rows.items() if row["power"] == "Running")
    recorded.rows[number] |= {"power": "Paused"}
    gone = recorded.rows.pop(7 if number != 7 else 8)
    recorded.read()
    paused, at_paused = rows_of(recorded.ledger), recorded.now
    recorded.start_again()
    assert rows_of(recorded.ledger) == paused
    assert shown(recorded.at(at_paused + 1)) == paused  # nothing was read again yet
    # Meanwhile it runs again, and the VM is back: that is news.
    recorded.rows[number] |= {"power": "Running"}
    recorded.rows[7 if number != 7 else 8] = gone
    recorded.read()
    texts = {each.text for each in recorded.history.changes("", at_paused, recorded.now)}
    assert {"State in Azure: Paused → Running", "Appeared in: Azure"} <= texts
    assert shown(recorded.at(at_paused + 1)) == paused
    assert shown(recorded.at(at_paused - 1)) == before
    assert shown(recorded.at(recorded.now)) == before


def test_what_happens_again_is_told_again(recorded: Recorded) -> None:
    """Paused, gone, back as it runs, paused again."""
    number = next(at for at, row in recorded.rows.items() if row["power"] == "Running")
    runs = dict(recorded.rows[number])
    for row in ({**runs, "power": "Paused"}, None, runs, {**runs, "power": "Paused"}):
        if row is None:
            recorded.rows.pop(number)
        else:
            recorded.rows[number] = dict(row)
        recorded.read()
    texts = [each.text for each in recorded.history.changes("", 0.0, recorded.now)]
    assert texts.count("State in Azure: Running → Paused") == 2
    key = next(k for k, row in rows_of(recorded.ledger).items() if row["name"] == runs["name"])
    assert shown(recorded.at(recorded.now - 30))[key]["power"] == "Running"


def test_a_stored_fleet_of_another_past_begins_it_anew(recorded: Recorded) -> None:
    begun = recorded.now
    recorded.rows[3] |= {"power": "Paused"}
    recorded.read()
    told = len(recorded.history.changes("", 0.0, recorded.now))
    for mark in ("", "another:1", recorded.history.mark + "9"):
        recorded.ledger = FleetLedger()
        recorded.history.catch_up(recorded.ledger, mark, {recorded.one.id})
        assert recorded.history.baselines == {}
        assert recorded.history.span() is None
        recorded.read()
        assert recorded.at(begun).snapshot is None
        assert recorded.at(recorded.now).snapshot is not None
    # What was told of it stays told.
    assert len(recorded.history.changes("", 0.0, recorded.now)) == told


def test_a_subscription_that_the_stored_fleet_does_not_hold_begins_anew(
    recorded: Recorded,
) -> None:
    recorded.history.was_read("another", recorded.now)
    recorded.start_again()
    assert set(recorded.history.baselines) == {recorded.one.id}


def test_nobody_looked_for_a_night(recorded: Recorded) -> None:
    evening = recorded.now
    recorded.read(FLEET_LOOK_GAP_S * 10)
    moment = recorded.at(evening + FLEET_LOOK_GAP_S * 5)
    assert (moment.unseen_since, moment.unseen_until) == (evening, recorded.now)
    assert moment.snapshot is not None
    assert moment.snapshot.readings[0].read_at == evening


def test_how_old_a_reading_was_is_never_told_too_young(recorded: Recorded) -> None:
    """Inside of a stretch it may be as old as the longest pause; after it, as old as its end."""
    recorded.read(120.0)
    recorded.read(300.0)
    end = recorded.now
    recorded.read(FLEET_LOOK_GAP_S)

    def age(at: float) -> float:
        snapshot = recorded.at(at).snapshot
        assert snapshot is not None
        read_at = snapshot.readings[0].read_at
        assert read_at is not None
        return at - read_at

    assert age(end - 10) == 300.0
    assert age(end) == 0.0
    assert age(end + 1_000) == 1_000.0


def test_a_month_without_a_console_is_told_so(tmp_path: Path) -> None:
    it = Recorded(tmp_path / "past.sqlite3", make_fleet())
    it.rows[3] |= {"power": "Paused"}
    it.read()
    last = it.now
    it.rows[3] |= {"power": "Stopped"}
    it.read(31 * 86_400.0)
    it.rows[4] |= {"power": "Paused"}
    it.read(FLEET_LOOK_GAP_S * 3)  # and once more, when the oldest has been dropped
    moment = it.at(last + 20 * 86_400.0)
    assert moment.unseen_since == last
    assert moment.snapshot is not None
    assert moment.snapshot.readings[0].read_at == last
    it.history.close()


def test_a_cluster_comes_back_as_it_was_and_goes(recorded: Recorded) -> None:
    cluster = FleetCluster("/subscriptions/x/b", "Munich", recorded.one.id, contact="Connected")
    changed = msgspec.structs.replace(cluster, contact="Disconnected", synced_at=1.0)
    seen = []
    for known in ([], [cluster], [changed], [], [cluster]):
        recorded.ledger.set_clusters(recorded.one.id, known)
        recorded.read()
        seen.append((recorded.now, [one.contact for one in known]))
    for at, contacts in seen:
        snapshot = recorded.at(at).snapshot
        assert snapshot is not None
        assert [one.contact for one in snapshot.clusters] == contacts
        assert not any(one.synced_at for one in snapshot.clusters)
    found = recorded.history.changes("cluster:/subscriptions/x/b", 0.0, recorded.now)
    assert [each.text for each in found] == [
        "Appeared in: Azure",
        "Gone from: Azure",
        "Azure connection: Connected → Disconnected",
        "Appeared in: Azure",
    ]


def test_a_clock_that_jumped_for_a_moment_costs_no_moment_after_it(recorded: Recorded) -> None:
    number = next(at for at, row in recorded.rows.items() if row["power"] == "Running")
    recorded.rows[number] |= {"power": "Paused"}
    recorded.now += 3_600.0
    recorded.read()
    recorded.now -= 3_600.0
    recorded.rows[number] |= {"power": "Stopped"}
    recorded.read()
    stopped, at = rows_of(recorded.ledger), recorded.now
    recorded.read(600.0)
    assert shown(recorded.at(at + 300.0)) == stopped


def test_secrets_are_kept_out_of_it(tmp_path: Path) -> None:
    it = Recorded(tmp_path / "past.sqlite3", make_fleet())
    it.ledger = FleetLedger(lambda text: text.replace("hunter2", "***"))
    it.read()
    it.rows[3] |= {"addresses": ["hunter2"], "tags": {"key": "hunter2"}}
    it.read()
    it.rows.pop(3)
    cluster = FleetCluster("/a", "one", it.one.id, contact="hunter2")
    it.ledger.set_clusters(it.one.id, [cluster])
    it.read()
    it.history.close()
    assert b"hunter2" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_it_is_bounded_by_age_and_size(tmp_path: Path) -> None:
    it = Recorded(tmp_path / "past.sqlite3", make_fleet(), kept_s=600.0)
    for turn in range(20):
        it.rows[1] |= {"power": ("Paused", "Running")[turn % 2]}
        it.read()
    oldest = min(each.at for each in it.history.changes("", 0.0, it.now))
    assert it.now - 600 <= oldest
    span = it.history.span()
    assert span is not None
    assert span[0] >= it.now - 600
    assert it.at(span[0] - 1).snapshot is None
    assert it.at(span[0]).snapshot is not None
    it.history.close()
    small = Recorded(tmp_path / "small.sqlite3", make_fleet(), most_bytes=120_000)
    for turn in range(120):
        for number in range(1, 12):
            small.rows[number] |= {"tags": {"owner": f"somebody-{turn}-{number}" * 10}}
        small.read()
    assert small.history.size_bytes() <= 120_000
    assert small.at(small.now - 61).snapshot is not None
    small.history.close()


def test_a_full_disk_keeps_nothing_of_it(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded.history._connection.execute("PRAGMA max_page_count = 1")
    many = [FleetChange(f"vm:/{at}" * 20, "vm" * 50, "tags", "", "x") for at in range(5_000)]
    with pytest.raises(sqlite3.Error):
        recorded.history.record(many, recorded.now + 1)
    assert recorded.history.changes("", 0.0, recorded.now + 1) == ()


def test_a_row_of_another_version_is_told(recorded: Recorded) -> None:
    then = recorded.now
    gone = FleetChange("vm:/a", "vm", GONE, packed({"colour": "blue"}), "")
    recorded.history.record([gone], recorded.now + 1)
    with pytest.raises(HistoryUnreadableError):
        recorded.at(then)


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "past.sqlite3"
    path.write_bytes(b"no database" * 100)
    with pytest.raises(HistoryUnreadableError):
        FleetHistory(path)


def test_a_copy_may_change_and_the_ledger_does_not() -> None:
    ledger = filled_ledger(make_fleet())
    before = rows_of(ledger)
    still = ledger.copy()
    key = next(iter(before))
    still.put(key, "power", "Paused")
    still.put(key, "memory_mib", "7")
    still.remove(list(before)[1])
    assert rows_of(ledger) == before
    assert rows_of(still)[key]["memory_mib"] == "7"
    assert len(rows_of(still)) == len(before) - 1


def test_two_moments_differ_in_what_is_other_and_not_in_what_went_there_and_back(
    recorded: Recorded,
) -> None:
    begun = recorded.now
    was = {number: dict(row) for number, row in recorded.rows.items()}
    recorded.rows[1] |= {"power": "Paused"}
    recorded.rows[2] |= {"power": "Paused"}
    recorded.rows.pop(3)
    recorded.rows.pop(4)
    recorded.read()
    middle = recorded.now
    recorded.rows[1] = was[1]
    recorded.rows[4] = was[4]
    recorded.read()
    names = [row["name"] for row in was.values()]
    found = {
        (each.name, each.text)
        for each in recorded.history.difference(begun, recorded.now)
        if each.what != "Health"
    }
    assert found == {
        (names[2], f"State in Azure: {was[2]['power']} → Paused"),
        (names[3], "Gone from: Azure"),
        (names[4], "Gone and back in: Azure"),
    }
    later = recorded.history.difference(middle, recorded.now)
    assert {(each.name, each.text) for each in later if each.what != "Health"} == {
        (names[1], f"State in Azure: Paused → {was[1]['power']}"),
        (names[4], "Appeared in: Azure"),
    }
    assert recorded.history.difference(recorded.now, recorded.now + 9) == ()


@settings(max_examples=25, deadline=None)
@given(st.lists(st.lists(STEP, max_size=5), min_size=2, max_size=6))
def test_the_difference_is_that_of_the_two_moments(
    rounds: list[list[tuple[str, int, int]]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        it = Recorded(Path(folder) / "past.sqlite3", make_fleet())
        moments = [it.now]
        for steps in rounds:
            for step in steps:
                it.act(*step)
            it.read()
            moments.append(it.now)
        for since, until in itertools.pairwise(moments):
            before, after = shown(it.at(since)), shown(it.at(until))
            told = {
                each.subject.removeprefix("vm:") for each in it.history.difference(since, until)
            }
            assert told == {
                key for key in before.keys() | after.keys() if before.get(key) != after.get(key)
            }
        it.history.close()


def test_a_past_that_began_anew_goes_with_no_fleet_stored_before(recorded: Recorded) -> None:
    recorded.store()
    recorded.history.begin_anew()
    recorded.read()
    recorded.start_again()
    assert recorded.history.baselines == {}


def test_a_fleet_stored_before_what_was_dropped_begins_anew(tmp_path: Path) -> None:
    it = Recorded(tmp_path / "past.sqlite3", make_fleet(), kept_s=600.0)
    for turn in range(20):
        it.rows[1] |= {"power": ("Paused", "Running")[turn % 2]}
        it.read()
    it.start_again()
    assert it.history.baselines == {}
    it.history.close()


def test_it_had_not_been_like_this_for_longer_than_is_kept(tmp_path: Path) -> None:
    it = Recorded(tmp_path / "past.sqlite3", make_fleet(), kept_s=600.0)
    for turn in range(20):
        it.rows[1] |= {"power": ("Paused", "Running")[turn % 2]}
        it.read()
    span = it.history.span()
    assert span is not None
    moment = it.at(span[0])
    assert moment.kept_at is not None
    assert moment.kept_at >= span[0]
    it.history.close()


def test_a_row_that_cannot_be_put_back_leaves_nothing_behind() -> None:
    ledger = filled_ledger(make_fleet())
    before, size = rows_of(ledger), ledger.size
    row = next(iter(before.values()))
    no_os = {name: word for name, word in row.items() if name != "os"}
    for bad in ({**row, "level": "Purple"}, {**row, "memory_mib": "much"}, no_os):
        with pytest.raises((KeyError, ValueError)):
            ledger.restore("/another", bad)
    assert (rows_of(ledger), ledger.size, ledger.count) == (before, size, len(before))


def test_a_disk_that_refuses_to_forget_keeps_each_change_once(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(FleetHistory, "_prune", refuse)
    recorded.rows[3] |= {"address": "x", "tags": {"owner": "me"}}
    recorded.read()
    texts = [each.text for each in recorded.history.changes("", 0.0, recorded.now)]
    assert len(texts) == len(set(texts)) > 0


def test_a_file_that_was_half_made_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "past.sqlite3"
    half = sqlite3.connect(path)
    half.execute("CREATE TABLE identity (id TEXT NOT NULL)")
    half.commit()
    half.close()
    history, was_broken = past_file.open_or_begin_anew(path, FleetHistory)
    assert was_broken
    assert history.span() is None
    history.close()


def test_a_clock_that_was_ahead_hides_nothing_once_it_begins_anew(tmp_path: Path) -> None:
    it = Recorded(tmp_path / "past.sqlite3", make_fleet(), kept_s=600.0)
    it.rows[1] |= {"power": "Paused"}
    it.read(1e7)
    it.rows[1] |= {"power": "Stopped"}
    it.read()
    it.rows[1] |= {"power": "Paused"}
    it.read(1_000.0)
    it.now = T0 + 500.0
    it.history.begin_anew()
    it.read()
    assert it.at(it.now).snapshot is not None
    it.history.close()
