"""Acknowledged, muted, expected; worse is open again; what flaps is the same alarm."""

from console.health import Health, HealthLevel, Kind, Reason
from console.health.alarms import Alarm
from console.health.disagreements import Disagreement
from console.ui.models import alarm_book
from console.ui.models.alarm_book import Book, Standing

CAUSE = Reason(HealthLevel.ATTENTION, "It is so.", kind=Kind.NODE_LOST, about="node:N1")


def alarm(level: HealthLevel = HealthLevel.ATTENTION, vms: int = 1, explained: str = "") -> Alarm:
    keys = tuple(f"k{n}" for n in range(vms))
    return Alarm("a", level, "It is so.", CAUSE, Health(level, ((CAUSE,),)), keys, explained)


def stand(book: Book, found: Alarm, now: float) -> Standing:
    return alarm_book.fold_alarms(book, [found], now)[1][0].standing


def test_since_when_it_stands_is_kept_and_a_flap_is_no_new_alarm() -> None:
    book, _ = alarm_book.fold_alarms(Book(), [alarm()], 100.0)
    book, _ = alarm_book.fold_alarms(book, [], 200.0)
    book, found = alarm_book.fold_alarms(book, [alarm()], 300.0)
    assert found[0].since == 100.0
    book, _ = alarm_book.fold_alarms(book, [], 2000.0)
    assert book.alarms == {}
    _, found = alarm_book.fold_alarms(book, [alarm()], 2100.0)
    assert found[0].since == 2100.0


def test_acknowledged_until_it_is_worse() -> None:
    book = alarm_book.acknowledged(Book(), alarm(vms=3), 100.0)
    assert stand(book, alarm(vms=3), 110.0) is Standing.ACKNOWLEDGED
    assert stand(book, alarm(vms=2), 110.0) is Standing.ACKNOWLEDGED
    assert stand(book, alarm(vms=4), 110.0) is Standing.OPEN
    assert stand(book, alarm(HealthLevel.CRITICAL, 3), 110.0) is Standing.OPEN
    again = alarm_book.not_acknowledged(book, alarm(vms=3), 120.0)
    assert stand(again, alarm(vms=3), 130.0) is Standing.OPEN


def test_muted_until_then_and_no_longer() -> None:
    book = alarm_book.muted(Book(), alarm(), 100.0, until=200.0)
    assert stand(book, alarm(HealthLevel.CRITICAL, 99), 199.0) is Standing.MUTED
    assert stand(book, alarm(), 200.0) is Standing.OPEN


def test_what_we_did_is_expected() -> None:
    assert stand(Book(), alarm(explained="Drain N1"), 1.0) is Standing.EXPECTED


def test_disagreements_have_an_age_and_the_harmful_come_first() -> None:
    power = Disagreement("power", "k1", "vm-1", "Stopped", "Running")
    orphan = Disagreement("only_in_azure", "k2", "vm-2", "Running", "does not know it")
    book, found = alarm_book.fold_disagreements(Book(), [power, orphan], 1000.0)
    assert all(each.is_expected for each in found)
    steps = [1000.0 + 500 * n for n in range(1, 5)]
    for now in steps:
        book, found = alarm_book.fold_disagreements(book, [power, orphan], now)
    assert [(each.found.kind, each.is_expected) for each in found] == [
        ("only_in_azure", False), ("power", False),
    ]  # fmt: skip
    book, found = alarm_book.fold_disagreements(book, [power], 20_000.0)
    assert found[0].since == 20_000.0  # it was not seen for long: another one
