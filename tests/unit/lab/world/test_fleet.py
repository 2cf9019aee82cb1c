"""The generated fleet: as large as told, in the order of ids, the same each time it is asked."""

from console.lab.world.fleet import Fleet

NOW = 1_800_000_000.0


def _rows(fleet: Fleet, now: float = NOW) -> list[dict]:
    return [
        fleet.vm_row(number, one.id, now)
        for one in fleet.subscriptions
        for number in fleet.vms_of(one)
    ]


def test_it_has_as_many_vms_as_told_in_the_order_of_their_ids() -> None:
    rows = _rows(Fleet(1, vms=1_537, clusters=23, subscriptions=4))
    ids = [row["id"].lower() for row in rows]
    assert len(ids) == len(set(ids)) == 1_537
    assert ids == sorted(ids)
    assert len({row["cluster"] for row in rows}) == 23


def test_the_same_seed_tells_the_same_fleet_and_another_another() -> None:
    first = _rows(Fleet(1, vms=300, clusters=6, subscriptions=2))
    assert first == _rows(Fleet(1, vms=300, clusters=6, subscriptions=2))
    assert first != _rows(Fleet(2, vms=300, clusters=6, subscriptions=2))


def test_every_kind_of_trouble_is_rare_and_there() -> None:
    rows = _rows(Fleet(1, vms=20_000, clusters=100))
    failed = sum(row["provisioning"] == "Failed" for row in rows)
    silent = sum(row["agent"] == "Disconnected" for row in rows)
    standard = sum(row["security"] == "" for row in rows)
    assert 5 < failed < 100
    assert 10 < silent < 400
    assert 1_000 < standard < 4_000


def test_a_few_vms_change_each_minute_and_what_was_set_stays() -> None:
    fleet = Fleet(1, vms=8_000, clusters=40)
    before, after = _rows(fleet), _rows(fleet, NOW + 60)
    changed = sum(a["power"] != b["power"] for a, b in zip(before, after, strict=True))
    assert 0 < changed < 100
    fleet.set_power(10, 5, "Paused")
    assert [row["power"] for row in _rows(fleet, NOW + 600)[10:15]] == ["Paused"] * 5


def test_a_cluster_can_go_silent_or_have_a_clock_of_its_own() -> None:
    fleet = Fleet(1, vms=300, clusters=6, subscriptions=2)
    fleet.disconnect(2)
    fleet.clock_ahead(3)
    rows = [fleet.cluster_row(at, fleet.subscriptions[0].id, NOW) for at in (1, 2, 3)]
    assert [row["contact"] for row in rows] == ["Connected", "Disconnected", "Connected"]
    assert rows[1]["synced"] < rows[0]["synced"] < rows[2]["synced"]
