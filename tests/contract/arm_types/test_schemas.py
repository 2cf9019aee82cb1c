"""The check itself: what is right passes, and each kind of wrong is found."""

import copy
from pathlib import Path
from typing import Any

import pytest

from console.lab.world import arm_ids
from console.lab.world.clock import MovableClock
from console.lab.world.scenarios import make_site
from tests.contract.arm_types.judge import Judge
from tests.unit.lab.arm_server.conftest import VM_API


@pytest.fixture
def judge(specs: Path) -> Judge:
    return Judge(specs)


@pytest.fixture
def body() -> Any:
    site = make_site("small", MovableClock())
    machine = site.settings.resource_id(arm_ids.MACHINES, "app-01")
    found = site.get_resource(site.settings.instance_id(machine))
    assert found is not None
    return copy.deepcopy(found.body)


def test_a_right_body_passes(judge: Judge, body: Any) -> None:
    assert judge.judge("answer", arm_ids.INSTANCES, VM_API, body) == []
    assert (judge.answers, judge.requests, judge.wrong) == (1, 0, set())


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        ("properties.osProfile.adminPassword", "x", "Unevaluated properties"),
        ("properties.colour", "red", "Unevaluated properties"),
        ("apiVersion", VM_API, "Unevaluated properties"),
        ("properties.securityProfile.enableTPM", "true", "is not of type 'boolean'"),
        ("properties.hardwareProfile.processors", 2.5, "is not of type 'integer'"),
        ("properties.status.powerState", "Hibernated", "is not one of"),
        ("properties.securityProfile.securityType", "Trustedlaunch", "is not one of"),
        ("type", "Microsoft.AzureStackHCI/virtualmachineinstances", "was expected"),
        ("properties.networkProfile.networkInterfaces", {"id": "x"}, "is not of type 'array'"),
        ("name", None, "is not of type 'string'"),
    ],
)
def test_each_kind_of_wrong_is_found(
    judge: Judge, body: Any, path: str, value: Any, told: str
) -> None:
    *above, last = path.split(".")
    place = body
    for name in above:
        place = place[name]
    place[last] = value
    found = judge.judge("answer", arm_ids.INSTANCES, VM_API, body)
    assert len(found) == 1
    assert told in found[0] or (path == "name" and "was expected" in found[0])
    assert judge.wrong


def test_what_is_missing_is_found(judge: Judge, body: Any) -> None:
    del body["name"]
    found = judge.judge("answer", arm_ids.INSTANCES, VM_API, body)
    assert found == ["$: 'name' is a required property"]


def test_requests_may_hold_passwords_and_nothing_read_only(judge: Judge) -> None:
    request: dict[str, Any] = {"properties": {"osProfile": {"adminPassword": "x"}}}
    assert judge.judge("request", arm_ids.INSTANCES, VM_API, request) == []
    request["properties"]["status"] = {"powerState": "Running"}
    assert judge.judge("request", arm_ids.INSTANCES, VM_API, request)
    assert judge.judge("request", arm_ids.INSTANCES, VM_API, {"id": "/x"})


def test_kinds_are_told_apart_by_their_discriminator(judge: Judge) -> None:
    device = {"name": "default", "kind": "HCI", "properties": {"provisioningState": "Succeeded"}}
    type_ = "Microsoft.AzureStackHCI/edgeDevices"
    assert judge.judge("answer", type_, "2026-04-30", device) == []
    assert judge.judge("answer", type_, "2026-04-30", {**device, "kind": "Other"})


def test_what_has_no_published_type_is_counted_apart(judge: Judge) -> None:
    assert judge.judge("answer", "Microsoft.Nobody/things", "2020-01-01", {"a": 1}) == []
    assert (judge.answers, judge.unjudged) == (0, {"microsoft.nobody/things": 1})
