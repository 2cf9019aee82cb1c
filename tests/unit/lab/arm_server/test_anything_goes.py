"""Mutated bodies, on every type: refused or taken, but never a fault, and never a poisoned list."""

import copy
import json
import random
import threading
from typing import Any

import pytest

from console.lab.arm_server.exchange import Request, Response
from console.lab.arm_server.service import Service
from console.lab.world import arm_ids
from console.lab.world.clock import MovableClock
from console.lab.world.site import Site
from tests.unit.lab.arm_server.conftest import VERSIONS

JUNK: list[Any] = [
    None, 0, -1, 3.7, True, "", "x", "\u00fc\ud800", [], {}, [None], [1], {"id": 3}, 10**30,
    "10.0.0.0/33", "/subscriptions/x",
]  # fmt: skip


def _bodies(site: Site, new_vm: dict[str, Any]) -> dict[str, dict[str, Any]]:
    settings = site.settings
    machine = settings.resource_id(arm_ids.MACHINES, "odd-01")
    network = settings.resource_id(arm_ids.NETWORKS, "odd-net")
    address = {"name": "ip", "properties": {"subnet": {"id": network}}}
    subnet = {
        "ipAllocationMethod": "Static", "addressPrefix": "10.9.0.0/24",
        "ipPools": [{"start": "10.9.0.2", "end": "10.9.0.9"}],
    }  # fmt: skip
    image = {"osType": "Windows", "identifier": {"sku": "x"}, "version": {"name": "1"}}
    properties = {
        machine: {},
        settings.instance_id(machine): new_vm["properties"],
        f"{machine}/extensions/odd": {"publisher": "p", "settings": {"a": 1}},
        settings.resource_id(arm_ids.INTERFACES, "odd-nic"): {"ipConfigurations": [address]},
        settings.resource_id(arm_ids.DISKS, "odd-disk"): {"diskSizeGB": 3, "dynamic": True},
        settings.resource_id(arm_ids.MARKET_IMAGES, "odd-image"): image,
        network: {"subnets": [{"name": "s", "properties": subnet}]},
    }
    common = {
        "location": settings.location,
        "tags": {"a": "b"},
        "extendedLocation": new_vm["extendedLocation"],
    }
    return {arm_id: {**common, "properties": mine} for arm_id, mine in properties.items()}


def _mutated(chance: random.Random, body: dict[str, Any]) -> dict[str, Any]:
    whole = copy.deepcopy(body)
    place: Any = whole
    while isinstance(place, dict | list) and place and chance.random() < 0.8:
        key = chance.choice(list(place) if isinstance(place, dict) else range(len(place)))
        if not place[key] or not isinstance(place[key], dict | list) or chance.random() < 0.2:
            place[key] = chance.choice(JUNK)
            break
        place = place[key]
    return whole


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_breaks_it(
    site: Site, clock: MovableClock, new_vm: dict[str, Any], seed: int
) -> None:
    service = Service(site, "right", "https://127.0.0.1:1", 1.0, threading.Event())
    chance = random.Random(seed)
    bodies = _bodies(site, new_vm)
    seen: set[int] = set()

    def ask(method: str, path: str, body: Any = None) -> Response:
        version = VERSIONS[path.rpartition("/providers/")[2].split("/")[0].lower()]
        content = b"" if body is None else json.dumps(body).encode()
        request = Request.read(
            method, f"{path}?api-version={version}", {"authorization": "Bearer right"}, content
        )
        answer = service.answer(request)
        assert answer is not None
        json.dumps(answer.body)
        return answer

    for _ in range(700):
        path = chance.choice(list(bodies))
        method = chance.choice(["PUT", "PUT", "PUT", "PATCH", "GET", "DELETE"])
        body = _mutated(chance, bodies[path]) if method in ("PUT", "PATCH") else None
        answer = ask(method, path, body)
        seen.add(answer.status)
        assert answer.status != 500, (method, path, body)
        clock.advance(chance.random() * 12)
        assert ask("GET", path).status in (200, 404)
        assert ask("GET", path.rpartition("/")[0]).status in (200, 404)
    assert {200, 201, 202, 400, 404} <= seen
