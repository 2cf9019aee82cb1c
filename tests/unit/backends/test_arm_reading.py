"""Reading ARM over a real socket: pages, Resource Graph and its stand-in, every way to fail."""

import dataclasses
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from console.backends import BackendError
from console.backends.azure_local.arm_pipeline import ArmPipeline
from console.backends.azure_local.arm_reading import ArmReader
from console.backends.azure_local.connections import ArmConnection, StaticToken
from console.backends.azure_local.resource_graph import query_text
from console.model.freshness import FaultCode
from console.model.site import DataDisk
from tests.unit.backends.scripted_arm import Asked, Reply, ScriptedArm
from tests.unit.backends.test_arm_records import VM

SUB = "sub-1"
INSTANCE = "virtualMachineInstances/default"
NIC = f"/subscriptions/{SUB}/resourceGroups/g/providers/Microsoft.AzureStackHCI/networkInterfaces"
LNET = f"/subscriptions/{SUB}/resourceGroups/g/providers/Microsoft.AzureStackHCI/logicalNetworks/l"


class Clock:
    time = 1000.0

    def now(self) -> float:
        return self.time


class Azure:
    """Just enough of ARM: lists by the last word of their path."""

    def __init__(self, server: ScriptedArm) -> None:
        self.server = server
        self.lists: dict[str, list[Any]] = {
            "subscriptions": [{"subscriptionId": SUB, "displayName": "One"}]
        }
        self.graph: dict[str, list[Any]] = {"virtual_machines": [VM], "node_machines": []}
        self.graph_status = 200
        self.gets: dict[str, Any] = {}
        self.page_rows = 2
        server.answer = self.answer

    def answer(self, asked: Asked) -> Reply:
        path, _, query = asked.path.partition("?")
        if path.endswith("/resources"):
            return self._graph(asked.body)
        for known, body in self.gets.items():
            if path.lower() == known.lower():
                return Reply(200, body)
        rows = self.lists.get(path.rsplit("/", 1)[1])
        if rows is None:
            is_list = path.count("/providers/") == 1 and "/resourceGroups/" not in path
            is_list = is_list or path.endswith("resourcegroups")
            return Reply(200, {"value": []}) if is_list else Reply(404, {})
        start = int(query.rpartition("skip=")[2]) if "skip=" in query else 0
        body: dict[str, Any] = {"value": rows[start : start + self.page_rows]}
        if start + self.page_rows < len(rows):
            following = start + self.page_rows
            body["nextLink"] = f"{self.server.url}{path}?api-version=x&skip={following}"
        return Reply(200, body)

    def _graph(self, body: dict[str, Any]) -> Reply:
        if self.graph_status != 200:
            return Reply(self.graph_status, {"error": {"code": "X", "message": "no graph"}})
        assert body["subscriptions"] == [SUB]
        name = next(name for name in self.graph if query_text(name) == body["query"])
        rows = self.graph[name]
        start = int(body["options"].get("$skipToken", 0))
        answer: dict[str, Any] = {"data": rows[start : start + self.page_rows]}
        if start + self.page_rows < len(rows):
            answer["$skipToken"] = str(start + self.page_rows)
        return Reply(200, answer)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ScriptedArm]:
    server = ScriptedArm(tmp_path)
    yield server
    server.stop()


@pytest.fixture
def azure(server: ScriptedArm) -> Azure:
    return Azure(server)


@pytest.fixture
def connection(server: ScriptedArm) -> ArmConnection:
    return ArmConnection(server.url, StaticToken("canary"), (SUB,), str(server.ca_file))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def reader(connection: ArmConnection, clock: Clock) -> AsyncIterator[ArmReader]:
    pipeline = ArmPipeline(connection)
    yield ArmReader(pipeline, clock)
    await pipeline.close()


def vms(count: int) -> list[dict[str, Any]]:
    return [{**VM, "id": f"{VM['id']}-{n}", "name": f"vm-{n}"} for n in range(count)]


async def test_pages_of_both_kinds(reader: ArmReader, azure: Azure) -> None:
    azure.graph["virtual_machines"] = vms(5)
    azure.lists["networkInterfaces"] = [
        {
            "id": f"{NIC}/nic-{n}", "name": f"nic-{n}",
            "properties": {"ipConfigurations": [{"properties": {
                "privateIPAddress": f"10.0.0.{n}", "subnet": {"id": LNET.upper()}}}]},
        }
        for n in range(5)
    ]  # fmt: skip
    azure.lists["logicalNetworks"] = [{"id": LNET, "name": "l", "properties": {}}]
    half = await reader.read()
    assert [vm.name for vm in half.vms] == [f"vm-{n}" for n in range(5)]
    assert len(half.site.network_interfaces) == 5
    assert half.site.logical_networks[0].used_addresses == tuple(f"10.0.0.{n}" for n in range(5))
    again = await reader.read()
    assert again.site is half.site
    assert all(new is old for new, old in zip(again.vms, half.vms, strict=True))


async def test_a_vm_holds_its_interface(reader: ArmReader, azure: Azure) -> None:
    row = {**VM, "properties": {"networkProfile": {"networkInterfaces": [{"id": f"{NIC}/A"}]}}}
    azure.graph["virtual_machines"] = [row]
    azure.lists["networkInterfaces"] = [{"id": f"{NIC}/a", "name": "a"}]
    half = await reader.read()
    assert half.site.network_interfaces[0].attached_vm_id == VM["id"]


async def test_a_vm_holds_its_data_disks_and_a_free_one_is_free(
    reader: ArmReader, azure: Azure
) -> None:
    disks = NIC.replace("networkInterfaces", "virtualHardDisks")
    storage = {"storageProfile": {"dataDisks": [{"id": f"{disks}/A"}]}}
    azure.graph["virtual_machines"] = [{**VM, "properties": storage}]
    azure.lists["virtualHardDisks"] = [
        {"id": f"{disks}/a", "name": "a", "properties": {
            "diskSizeGB": 12.0, "dynamic": False, "containerId": "/c",
            "provisioningState": "Succeeded"}},
        {"id": f"{disks}/b", "name": "b"},
    ]  # fmt: skip
    used, free = (await reader.read()).site.data_disks
    assert used == DataDisk(f"{disks}/a", "a", 12, False, "/c", "Succeeded", VM["id"])
    assert free == DataDisk(f"{disks}/b", "b")


async def test_without_resource_graph_machines_are_looked_at_one_by_one(
    reader: ArmReader, azure: Azure, server: ScriptedArm, clock: Clock
) -> None:
    azure.graph_status = 403
    azure.lists["machines"] = [
        {"id": VM["id"], "name": "vm1", "kind": "HCI", "tags": {"a": "b"}},
        {"id": VM["id"] + "-node", "name": "node-1", "properties": {"status": "Connected"}},
    ]
    azure.gets[VM["id"]] = azure.lists["machines"][0]
    azure.gets[f"{VM['id']}/providers/Microsoft.AzureStackHCI/{INSTANCE}"] = {
        "id": "x", "properties": VM["properties"], "extendedLocation": {"name": "cl"},
    }  # fmt: skip
    half = await reader.read()
    (vm,) = half.vms
    assert vm.facts.host_node == "n1"
    assert vm.facts.custom_location_id == "cl"
    assert [each.name for each in half.node_connections] == ["node-1"]
    before = sum(asked.method == "POST" for asked in server.asked)
    await reader.read()
    assert sum(asked.method == "POST" for asked in server.asked) == before
    clock.time += 1000
    azure.graph_status = 200
    await reader.read()
    assert sum(asked.method == "POST" for asked in server.asked) > before


async def test_a_look_beats_a_resource_graph_that_lags(
    reader: ArmReader, azure: Azure, clock: Clock
) -> None:
    azure.graph["virtual_machines"] = []
    await reader.read()
    azure.gets[VM["id"]] = {"id": VM["id"], "name": "vm1", "kind": "HCI"}
    azure.gets[f"{VM['id']}/providers/Microsoft.AzureStackHCI/{INSTANCE}"] = {
        "id": "x", "properties": VM["properties"],
    }  # fmt: skip
    assert await reader.look_at_vm(VM["id"]) is not None
    assert [vm.name for vm in (await reader.read()).vms] == ["vm1"]
    # Deleted: the look sees it, Resource Graph still tells of it.
    azure.graph["virtual_machines"] = [VM]
    await reader.read()
    azure.gets.clear()
    assert await reader.look_at_vm(VM["id"]) is None
    assert (await reader.read()).vms == ()
    # It changed its mind: what it says now is newer than the look.
    azure.graph["virtual_machines"] = [{**VM, "name": "again"}]
    assert [vm.name for vm in (await reader.read()).vms] == ["again"]


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply(401), FaultCode.WRONG_CREDENTIALS),
        (Reply(403), FaultCode.FORBIDDEN),
        (Reply(429, None, {"Retry-After": "86400"}), FaultCode.THROTTLED),
        (Reply(503, None, {"Retry-After": "86400"}), FaultCode.SERVER_ERROR),
        (Reply(200, b"{"), FaultCode.MALFORMED),
        (Reply(200, b'{"value": 5}'), FaultCode.MALFORMED),
        (Reply(200, b"[" * 200_000), FaultCode.MALFORMED),
        (Reply(302, None, {"Location": "https://evil.example/"}), FaultCode.REJECTED),
        (Reply(200, {"value": [], "nextLink": "https://evil.example/x"}), FaultCode.FOREIGN_HOST),
        (Reply(cut=True), FaultCode.UNREACHABLE),
    ],
)
async def test_every_failure_is_its_own_fault(
    reader: ArmReader, server: ScriptedArm, reply: Reply, code: FaultCode
) -> None:
    server.answer = lambda asked: reply
    with pytest.raises(BackendError) as raised:
        await reader.read()
    assert raised.value.fault.code is code
    assert raised.value.fault.summary
    assert "canary" not in repr(raised.value.fault)


async def test_a_next_link_that_turns_in_a_circle_ends(
    reader: ArmReader, server: ScriptedArm
) -> None:
    circle = f"{server.url}/subscriptions?round=1"
    server.answer = lambda asked: Reply(200, {"value": [], "nextLink": circle})
    with pytest.raises(BackendError) as raised:
        await reader.read()
    assert raised.value.fault.code is FaultCode.MALFORMED
    assert len(server.asked) == 2


async def test_an_untrusted_certificate(connection: ArmConnection, clock: Clock) -> None:
    pipeline = ArmPipeline(dataclasses.replace(connection, ca_file=""))
    with pytest.raises(BackendError) as raised:
        await ArmReader(pipeline, clock).read()
    assert raised.value.fault.code is FaultCode.UNTRUSTED_CERTIFICATE
    await pipeline.close()


async def test_a_proxy_of_the_environment_never_sees_loopback(
    reader: ArmReader, azure: Azure, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    assert (await reader.read()).vms
