import io
import json

import pytest

from console.lab.control import answer, serve_control
from console.lab.world.clock import MovableClock, RealClock
from console.lab.world.scenarios import make_site
from console.lab.world.site import Site


@pytest.fixture
def site() -> Site:
    return make_site("small", MovableClock())


def ask(site: Site, **command: object) -> dict[str, object]:
    reply = answer(site, json.dumps(command))
    return json.loads(json.dumps(reply, default=list))  # type: ignore[no-any-return]


def test_looking(site: Site) -> None:
    vms = ask(site, do="vms")["vms"]
    assert isinstance(vms, list)
    assert len(vms) == 61
    vm = ask(site, do="vm", name="APP-01")["vm"]
    assert isinstance(vm, dict)
    assert vm["name"] == "app-01"
    assert ask(site, do="vm", name="none")["vm"] is None
    assert len(ask(site, do="nodes")["nodes"]) == 4  # type: ignore[arg-type]
    assert ask(site, do="counters")["counters"] == {}


def test_acting_and_time(site: Site) -> None:
    vm = ask(site, do="vm", name="app-01")["vm"]
    assert isinstance(vm, dict)
    target = next(name for name in site.nodes if name != vm["owner"])
    args = {
        "vm_id": vm["vm_id"], "target": target, "expected_owner": vm["owner"], "operation_id": "x",
    }  # fmt: skip
    assert ask(site, do="act", name="start_migration", args=args)["ok"] is True
    refused = ask(site, do="act", name="start_migration", args=args)
    assert (refused["ok"], refused["error"]) == (False, "AlreadyMigrating")
    ask(site, do="advance", seconds=60)
    moved = ask(site, do="vm", name="app-01")
    assert moved["vm"]["owner"] == target  # type: ignore[index]
    assert moved["migration"]["phase"] == "Completed"  # type: ignore[index]
    assert len(ask(site, do="migrations")["migrations"]) == 1  # type: ignore[arg-type]


def test_faults(site: Site) -> None:
    assert ask(site, do="fault", name="node_down", args={"name": "LAB-N1"})["ok"] is True
    assert site.nodes["LAB-N1"].state == "Down"
    assert ask(site, do="fault", name="arm_lag_s", args={"value": 30.0})["ok"] is True
    assert site.faults.arm_lag_s == 30.0
    ask(site, do="fault", name="malformed_json", args={"wire": "arm"})
    assert site.faults.malformed == {"arm"}
    for name in ("nothing", "_world", "apply"):
        assert ask(site, do="fault", name=name, args={"value": 1})["ok"] is False


def test_nonsense_is_answered(site: Site) -> None:
    for line in ("{", "[]", '{"do": "x"}', '{"do": "act", "name": "__init__"}', '"x"'):
        assert answer(site, line)["ok"] is False


def test_speed_needs_a_clock_that_runs(site: Site) -> None:
    assert ask(site, do="speed", factor=5)["ok"] is False
    real = make_site("empty", RealClock())
    assert ask(real, do="speed", factor=5)["speed"] == 5.0


def test_one_line_in_one_line_out(site: Site) -> None:
    out = io.StringIO()
    serve_control(site, io.StringIO('{"do": "nodes"}\n\n{"do": "drains"}\n'), out)
    replies = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [reply["ok"] for reply in replies] == [True, True]


def test_the_fleet_around_the_site_is_acted_on_by_name(site: Site) -> None:
    from console.lab.world.fleet import Fleet

    line = json.dumps({"do": "fleet", "name": "set_power", "args": {
        "first": 3, "count": 2, "power": "Paused"}})  # fmt: skip
    assert not answer(site, line)["ok"]
    site.fleet = Fleet(1, vms=60, clusters=2, subscriptions=1)
    assert answer(site, line) == {"ok": True}
    one = site.fleet.subscriptions[0].id
    assert site.fleet.vm_row(4, one, 0.0)["power"] == "Paused"
    for name in ("vm_row", "__init__", "nothing"):
        assert not answer(site, json.dumps({"do": "fleet", "name": name}))["ok"]
