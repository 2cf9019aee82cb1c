"""What the twins put out, judged by the schemas; and the client's rows, compared with them."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import msgspec
import pytest

from console.backends.azure_local import node_rows
from console.catalog import load_performance_history, resource_path
from console.lab.world.clock import MovableClock
from console.lab.world.scenarios import SCENARIOS, make_site
from console.lab.world.site import Site
from console.lab.wsman_server import catalogue
from console.lab.wsman_server.acting_twins import all_twins
from console.lab.wsman_server.engine import Engine

FOLDER = resource_path("scripts") / "schemas"
LISTED = catalogue.load()


def schema(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return found


def judge(function: str, answer: str) -> Any:
    """The data of an answer that fits envelope and schema."""
    whole = json.loads(answer)
    jsonschema.validate(whole, schema("envelope.json"))
    listed = LISTED.find(function)
    assert listed is not None
    jsonschema.validate(whole["data"], schema(listed.data))
    return whole["data"]


def engines(site: Site) -> Iterator[Engine]:
    for node in site.nodes:
        yield Engine(site, node, all_twins(site, node))


def test_every_schema_is_one_and_is_used() -> None:
    used = {function.data for function in LISTED.function} | {"envelope.json"}
    assert {path.name for path in FOLDER.glob("*.json")} == used
    for name in used:
        jsonschema.Draft202012Validator.check_schema(schema(name))


@pytest.mark.parametrize("scenario", sorted(set(SCENARIOS) - {"large"}))
def test_reading_answers_fit(scenario: str) -> None:
    site = make_site(scenario, MovableClock())
    some_vm, some_node = next(iter(site.vms)), next(iter(site.nodes))
    for engine in engines(site):
        for name in ("Get-TlcCluster", "Get-TlcNode", "Get-TlcHealth", "Test-TlcEndpoint"):
            judge(name, engine.call(name, {}))
        judge("Get-TlcVirtualMachine", engine.call("Get-TlcVirtualMachine", {}))
        judge("Get-TlcLiveMigration", engine.call("Get-TlcLiveMigration", {"VMId": some_vm}))
        judge("Get-TlcNodeDrain", engine.call("Get-TlcNodeDrain", {"Name": some_node}))
        of_node = {"Name": some_node, "TimeFrame": "LastDay"}
        judge("Get-TlcNodeHistory", engine.call("Get-TlcNodeHistory", of_node))


@pytest.mark.parametrize("frame", [each.id for each in load_performance_history().frame])
def test_histories_fit_and_are_named_as_documented(frame: str) -> None:
    site = make_site("small", MovableClock())
    known = {(each.of, each.name) for each in load_performance_history().series}
    told = set()
    for engine, node in zip(engines(site), site.nodes, strict=True):
        for vm in site.vms_on(node):
            asked = {"VMId": vm.vm_id, "TimeFrame": frame}
            answer = judge("Get-TlcVmHistory", engine.call("Get-TlcVmHistory", asked))
            told |= {("vm", each["name"]) for each in answer["series"]}
            assert answer["series"] or vm.state != "Running"
        asked = {"Name": node, "TimeFrame": frame}
        answer = judge("Get-TlcNodeHistory", engine.call("Get-TlcNodeHistory", asked))
        told |= {("node", each["name"]) for each in answer["series"]}
    assert told == known


def test_acting_answers_fit() -> None:
    clock = MovableClock()
    site = make_site("small", clock)
    engine = next(engines(site))
    vm = next(vm for vm in site.vms_on("LAB-N1") if vm.state == "Running" and vm.vtpm)
    move = {"VMId": vm.vm_id, "TargetNode": "LAB-N4", "ExpectedOwner": vm.owner}
    started = engine.call("Start-TlcLiveMigration", {**move, "OperationId": "op-1"})
    assert judge("Start-TlcLiveMigration", started)["target"] == "LAB-N4"
    clock.advance(1.5)
    rows = judge("Get-TlcVirtualMachine", engine.call("Get-TlcVirtualMachine", {"VMId": vm.vm_id}))
    assert rows[0]["migration"]["operationId"] == "op-1"
    stopped = engine.call("Stop-TlcLiveMigration", {"VMId": vm.vm_id, "OperationId": ""})
    judge("Stop-TlcLiveMigration", stopped)
    clock.advance(60)
    seen = judge("Get-TlcLiveMigration", engine.call("Get-TlcLiveMigration", {"VMId": vm.vm_id}))
    assert (seen["phase"], seen["ownerNode"]) == ("Canceled", "LAB-N1")
    node = {"Name": "lab-n3", "OperationId": "op-2"}
    suspended = judge("Suspend-TlcNode", engine.call("Suspend-TlcNode", node))
    assert (suspended["state"], suspended["acceptsAzurePlacement"]) == ("Paused", True)
    assert [step["step"] for step in suspended["steps"]] == ["Suspend-ClusterNode"]
    for is_allowed, cmdlet in ((False, "Remove-MocPhysicalNode"), (True, "New-MocPhysicalNode")):
        for text in ("", "It was so already."):
            answer = engine.call("Set-TlcNodePlacement", {**node, "IsAllowed": is_allowed})
            placed = judge("Set-TlcNodePlacement", answer)
            assert placed["acceptsAzurePlacement"] is is_allowed
            assert placed["steps"] == [{"step": cmdlet, "isDone": True, "text": text}]
    clock.advance(300)
    drain = judge("Get-TlcNodeDrain", engine.call("Get-TlcNodeDrain", {"Name": "LAB-N3"}))
    assert (drain["drainStatus"], drain["vmsLeft"]) == ("Completed", 0)
    resumed = engine.call("Resume-TlcNode", {**node, "Failback": True})
    assert judge("Resume-TlcNode", resumed)["state"] == "Up"
    paused = engine.call("Suspend-TlcNode", {**node, "Drain": False})
    assert judge("Suspend-TlcNode", paused)["drainStatus"] == "NotInitiated"


ROWS: list[tuple[type[msgspec.Struct], str, tuple[str, ...]]] = [
    (node_rows.ClusterRow, "cluster.json", ()),
    (node_rows.ClusterNodeRow, "cluster.json", ("properties", "nodes", "items")),
    (node_rows.HealthFaultRow, "cluster.json", ("properties", "healthFaults", "items")),
    (node_rows.NodeRow, "node.json", ()),
    (node_rows.MigrationNetworkRow, "node.json", ("properties", "migrationNetworks", "items")),
    (node_rows.HealthRow, "health.json", ()),
    (node_rows.SharedVolumeRow, "health.json", ("properties", "sharedVolumes", "items")),
    (
        node_rows.VolumeAccessRow,
        "health.json",
        ("properties", "sharedVolumes", "items", "properties", "access", "items"),
    ),
    (node_rows.StorageLinkRow, "health.json", ("properties", "storageLinks", "items")),
    (node_rows.VmRow, "virtual_machines.json", ("items",)),
    (node_rows.RunningMigrationRow, "virtual_machines.json", ("items", "properties", "migration")),
    (node_rows.MigrationRow, "live_migration.json", ()),
    (node_rows.Envelope, "envelope.json", ()),
]


@pytest.mark.parametrize(("row", "file", "path"), ROWS, ids=lambda part: str(part))
def test_the_client_reads_what_the_schema_has(
    row: type[msgspec.Struct], file: str, path: tuple[str, ...]
) -> None:
    part = schema(file)
    for step in path:
        part = part[step]
    named = {field.encode_name for field in msgspec.structs.fields(row)}
    assert named <= set(part["properties"])
    assert set(part["required"]) == set(part["properties"])


def test_a_row_too_few_or_too_many_is_found() -> None:
    site = make_site("empty", MovableClock())
    data = json.loads(next(engines(site)).call("Get-TlcNode", {}))["data"]
    for broken in ({**data, "extra": 1}, {k: v for k, v in data.items() if k != "igvmAgent"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(broken, schema("node.json"))
