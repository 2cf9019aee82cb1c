"""Every body that the server answers, and every one that the console sends, against the types."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from console.lab.arm_server import served_types as served
from console.lab.world import arm_ids
from console.lab.world.clock import MovableClock
from tests.contract.arm_types.conftest import Judged, MakeJudged
from tests.unit.lab.arm_server.conftest import VM_API

_LISTED = {
    arm_ids.INTERFACES: VM_API,
    arm_ids.DISKS: VM_API,
    arm_ids.MARKET_IMAGES: VM_API,
    arm_ids.CUSTOM_IMAGES: VM_API,
    arm_ids.NETWORKS: VM_API,
    arm_ids.CONTAINERS: VM_API,
    arm_ids.CLUSTERS: "2026-04-30",
    arm_ids.MACHINES: "2026-07-15",
    arm_ids.CUSTOM_LOCATIONS: "2021-08-15",
}
_ON_INSTANCE = ("guestAgents", "hybridIdentityMetadata", "attestationStatus")
# Measured 868 and 918, less a little room for a site that changes.
FLOORS = {"small": 850, "degraded": 900}


def _everything(client: Any, path: str, version: str) -> Iterator[dict[str, Any]]:
    answer = client.get(path, version=version)
    while True:
        assert answer.status == 200, answer.raw
        yield from answer.body["value"]
        if "nextLink" not in answer.body:
            return
        answer = client.get(answer.body["nextLink"])


def _crawl(lab: Judged, vm_version: str = VM_API) -> None:
    """Every list by subscription and by group, every GET, every child and extension."""
    client, settings = lab.client, lab.site.settings
    scopes = (f"/subscriptions/{settings.subscription_id}", settings.group_id)
    for type_, version in _LISTED.items():
        wanted = vm_version if version == VM_API else version
        for scope in scopes:
            for body in _everything(client, f"{scope}/providers/{type_}", wanted):
                assert client.get(body["id"], version=wanted).body["id"] == body["id"]
    for machine in _everything(client, f"{scopes[1]}/providers/{arm_ids.MACHINES}", "2026-07-15"):
        base = f"{machine['id']}/providers/{arm_ids.INSTANCES}"
        for instance in _everything(client, base, vm_version):
            client.get(instance["id"], version=vm_version)
            for child in _ON_INSTANCE[: 2 if vm_version != VM_API else 3]:
                client.get(f"{instance['id']}/{child}/default", version=vm_version)
        list(_everything(client, f"{machine['id']}/extensions", "2026-07-15"))
        list(_everything(client, f"{machine['id']}/providers/{served.EDGE_DEVICES}", "2026-04-30"))
    for child in ("arcSettings", "updateSummaries"):
        list(_everything(client, f"{settings.cluster_arm_id}/{child}", "2026-04-30"))


@pytest.mark.parametrize("scenario", ["small", "degraded"])
def test_every_body_of_a_scenario(
    judged: MakeJudged, scenario: str, record_property: Callable[[str, object], None]
) -> None:
    with judged(scenario, MovableClock()) as lab:
        _crawl(lab)
    types = {what.split("@")[0].removeprefix("answer ") for what in lab.judge.judged}
    wanted = {*_LISTED, arm_ids.INSTANCES, served.GUEST_AGENTS, served.ATTESTATION}
    wanted |= {served.IDENTITY_METADATA, served.EDGE_DEVICES, served.ARC_SETTINGS}
    wanted |= {served.UPDATE_SUMMARIES}
    # A degraded site has no data disks to spare; no site begins with extensions.
    missing = {arm_ids.DISKS.lower()} if scenario == "degraded" else set()
    assert {one.lower() for one in wanted} - types == missing
    assert lab.judge.unjudged == {}
    print(f"\n{scenario}: {lab.judge.answers} answers hold the published types")
    record_property("answers", lab.judge.answers)
    assert lab.judge.answers >= FLOORS[scenario]


def test_the_stable_version(judged: MakeJudged) -> None:
    with judged("small", MovableClock()) as lab:
        _crawl(lab, "2024-01-01")
    assert lab.judge.answers >= 800  # measured 811


def test_bodies_while_things_are_made_changed_and_deleted(
    judged: MakeJudged, new_vm_body: Any
) -> None:
    clock = MovableClock()
    with judged("empty", clock) as lab:
        client, group = lab.client, lab.site.settings.group_id
        place = {"location": "westeurope", "extendedLocation": _custom_location(lab)}
        machine = f"{group}/providers/{arm_ids.MACHINES}/new-01"
        network = lab.site.list_resources(arm_ids.NETWORKS, group)[0].id
        nic = f"{group}/providers/{arm_ids.INTERFACES}/new-01-nic"
        disk = f"{group}/providers/{arm_ids.DISKS}/new-01-data"
        image = f"{group}/providers/{arm_ids.MARKET_IMAGES}/new-image"
        instance = lab.site.settings.instance_id(machine)
        steps: list[tuple[str, str, dict[str, Any]]] = [
            ("PUT", machine, {"location": "westeurope", "kind": "HCI",
                              "identity": {"type": "SystemAssigned"}, "tags": {"a": "b"}}),
            ("PUT", nic, {**place, "properties": {"ipConfigurations": [
                {"name": "ip", "properties": {"subnet": {"id": network}}}]}}),
            ("PUT", disk, {**place, "properties": {"diskSizeGB": 8, "dynamic": True,
                                                   "diskFileFormat": "vhdx"}}),
            ("PUT", image, {**place, "properties": {
                "osType": "Windows", "hyperVGeneration": "V2", "identifier": {
                    "publisher": "microsoftwindowsdesktop", "offer": "windows-11",
                    "sku": "win11-22h2-avd"}}}),
        ]  # fmt: skip
        for method, path, body in steps:
            assert client.ask(method, path, body).status in (200, 201)
        _watch(lab, clock, 30, nic, disk, image)
        body = new_vm_body(lab)
        body["properties"]["networkProfile"] = {"networkInterfaces": [{"id": nic}]}
        body["properties"]["storageProfile"]["dataDisks"] = [{"id": disk}]
        assert client.ask("PUT", instance, body).status == 201
        _watch(lab, clock, 30, machine, instance)
        extension = {"location": "westeurope", "properties": {
            "publisher": "Microsoft.Compute", "type": "JsonADDomainExtension",
            "typeHandlerVersion": "1.3", "settings": {"Name": "lab.example"},
            "protectedSettings": {"Password": "canary"}}}  # fmt: skip
        assert client.ask("PUT", f"{machine}/extensions/join", extension).status == 202
        _watch(lab, clock, 6, f"{machine}/extensions/join")
        assert client.ask("PATCH", instance, {"properties": {}}).status == 202
        _watch(lab, clock, 4, instance)
        for action in ("pause", "start", "save", "start", "restart", "stop"):
            assert client.ask("POST", f"{instance}/{action}", version=VM_API).status == 202
            _watch(lab, clock, 6, instance, machine)
        assert client.ask("DELETE", instance).status == 202
        _watch(lab, clock, 4, instance, machine)
    assert lab.judge.requests == 6
    assert lab.judge.answers >= 240  # measured 246


def test_bodies_of_a_creation_that_fails(judged: MakeJudged, new_vm_body: Any) -> None:
    clock = MovableClock()
    with judged("empty", clock) as lab:
        lab.site.faults.creation_fails_at("Agent")
        machine = f"{lab.site.settings.group_id}/providers/{arm_ids.MACHINES}/new-01"
        instance = lab.site.settings.instance_id(machine)
        lab.client.ask("PUT", machine, {"location": "westeurope", "kind": "HCI"})
        url = lab.client.ask("PUT", instance, new_vm_body(lab)).headers["azure-asyncoperation"]
        _watch(lab, clock, 20, instance, url)
        assert lab.client.get(url).body["error"]["code"] == "AgentFailed"


def _custom_location(lab: Judged) -> dict[str, str]:
    return {"type": "CustomLocation", "name": lab.site.settings.custom_location_id}


def _watch(lab: Judged, clock: MovableClock, seconds: int, *paths: str) -> None:
    """Look at what goes on, second by second: the judge reads along."""
    for _ in range(seconds):
        for path in paths:
            assert lab.client.get(path).status in (200, 404)
        clock.advance(1)
