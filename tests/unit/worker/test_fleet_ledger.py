"""What the worker tells of a fleet: what changed and nothing else, in slots that stay."""

import json
from concurrent.futures import ThreadPoolExecutor

import msgspec
import pytest

from console.backends.azure_local.fleet_rows import GraphPage
from console.backends.azure_local.translate import WordReader
from console.lab.world.fleet import Fleet
from console.model.fleet import NO_LEVEL, FleetPart, unpack_part
from console.worker.fleet_ledger import FleetLedger
from tests.fleet_sample import NOW, filled_ledger, read


@pytest.fixture
def fleet() -> Fleet:
    return Fleet(1, vms=600, clusters=8, subscriptions=2)


def _slots(parts: list[FleetPart]) -> list[int]:
    return [slot for part in parts for slot in unpack_part(part).slots]


def _row(fleet: Fleet, number: int, **changes: object) -> dict:
    one = fleet.subscriptions[0]
    return {**fleet.vm_row(number, one.id, NOW), **changes}


def _take(ledger: FleetLedger, fleet: Fleet, *rows: dict) -> int:
    one = fleet.subscriptions[0]
    ledger.begin()
    return ledger.take(GraphPage(msgspec.Raw(json.dumps(rows).encode()), one.id, WordReader(NOW)))


def test_the_first_reading_tells_everything_and_the_same_again_nothing(fleet: Fleet) -> None:
    ledger = filled_ledger(fleet)
    assert ledger.count == 600
    assert _slots(ledger.changes()) == list(range(600))
    read(ledger, fleet)
    assert ledger.changes() == []


def test_only_columns_that_changed_are_told(fleet: Fleet) -> None:
    ledger = filled_ledger(fleet)
    ledger.changes()
    row = _row(fleet, 7)
    _take(ledger, fleet, {**row, "power": "Paused"})
    (part,) = ledger.changes()
    assert list(part.numbers()) == [7]
    assert set(part.columns) == {"power", "level"}


def test_a_vm_that_is_not_named_any_more_is_gone_and_its_slot_is_used_again(fleet: Fleet) -> None:
    ledger = filled_ledger(fleet)
    ledger.changes()
    one = fleet.subscriptions[0]
    _take(ledger, fleet, *(_row(fleet, number) for number in fleet.vms_of(one) if number != 3))
    assert ledger.end(one.id) == 1
    (part,) = ledger.changes()
    assert (list(part.numbers()), part.columns) == ([3], {"level": bytes([NO_LEVEL])})
    fresh = _row(fleet, 3, id=_row(fleet, 3)["id"] + "-new", name="other-01")
    _take(ledger, fleet, fresh)
    (part,) = ledger.changes()
    assert list(part.numbers()) == [3]
    assert part.columns["name"] == b"other-01"


def test_a_row_that_cannot_be_read_keeps_what_was_known_and_is_doubted(fleet: Fleet) -> None:
    ledger = filled_ledger(fleet)
    ledger.changes()
    broken = _row(fleet, 5, processors="many", name=None)
    assert _take(ledger, fleet, broken) == 1
    (part,) = ledger.changes()
    assert list(part.numbers()) == [5]
    assert ledger.texts["name"][5] == _row(fleet, 5)["name"]
    # The same bytes again are the same doubt again, not good news.
    assert _take(ledger, fleet, broken) == 1
    assert _take(ledger, fleet, _row(fleet, 5)) == 0
    assert ledger.words["doubt"][ledger.numbers["doubt"][5]] == ""


def test_a_silent_cluster_makes_its_vms_not_known(fleet: Fleet) -> None:
    ledger = filled_ledger(fleet)
    ledger.changes()
    fleet.disconnect(1)
    read(ledger, fleet)
    parts = ledger.changes()
    changed = _slots(parts)
    names = {ledger.texts["name"][slot].split("-")[1] for slot in changed}
    assert names == {"001"}
    assert all(set(part.columns) == {"level"} for part in parts)


def test_what_was_stored_is_taken_up_with_the_same_slots(fleet: Fleet) -> None:
    ledger = filled_ledger(fleet)
    again = FleetLedger()
    again.load(
        msgspec.msgpack.decode(
            msgspec.msgpack.encode(ledger.snapshot()), type=type(ledger.snapshot())
        )
    )
    assert again.generation == ledger.generation
    read(again, fleet)
    assert again.changes() == []
    everything = again.everything()
    assert _slots(everything) == list(range(600))


@pytest.mark.parametrize("column", ["name", "power", "level"])
def test_a_stored_fleet_that_does_not_fit_is_refused(fleet: Fleet, column: str) -> None:
    snapshot = filled_ledger(fleet).snapshot()
    columns = {**snapshot.part.columns, column: snapshot.part.columns[column][:-4]}
    broken = msgspec.structs.replace(
        snapshot, part=msgspec.structs.replace(snapshot.part, columns=columns)
    )
    if column == "name":
        columns["name"] = columns["name"].replace(b"\n", b" ", 1)
    with pytest.raises(ValueError, match=r"."):
        FleetLedger().load(broken)


def test_a_stored_column_without_its_words_is_refused(fleet: Fleet) -> None:
    snapshot = filled_ledger(fleet).snapshot()
    words = {name: grown for name, grown in snapshot.part.words.items() if name != "power"}
    broken = msgspec.structs.replace(
        snapshot, part=msgspec.structs.replace(snapshot.part, words=words)
    )
    with pytest.raises(ValueError, match="without its words"):
        FleetLedger().load(broken)


def test_storing_in_a_thread_while_the_worker_leaves_keeps_every_word(fleet: Fleet) -> None:
    ledger = filled_ledger(fleet)
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(lambda _: ledger.snapshot(), range(40)))
    for snapshot in made:
        assert snapshot == made[0]
        FleetLedger().load(snapshot)
    ledger.changes()
    _take(ledger, fleet, _row(fleet, 1, tags={"note": "a new word"}))
    ledger.snapshot()  # does not count as told
    assert any("tags" in part.words for part in ledger.changes())


def test_a_secret_in_a_tag_is_neither_told_nor_stored(fleet: Fleet) -> None:
    ledger = FleetLedger(lambda text: text.replace("hunter2!", "•••"))
    _take(ledger, fleet, _row(fleet, 1, tags={"note": "hunter2!"}))
    told = msgspec.msgpack.encode([ledger.changes(), ledger.snapshot()])
    assert b"hunter2!" not in told
    assert "note=•••".encode() in told
    _take(ledger, fleet, _row(fleet, 1, tags={"note": "hunter2!"}))
    assert ledger.changes() == []
