"""Hostile names on both wires: refused before anything is sent, or sent as data only."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from console.backends import BackendError
from console.backends.azure_local import AzureLocalBackend
from console.backends.azure_local.node_catalogue import FUNCTIONS
from console.lab.arm_server.exchange import Request, Response
from console.lab.world.clock import MovableClock
from console.lab.wsman_server import catalogue
from console.lab.wsman_server.engine import Engine
from console.model.request import NetworkInterfaceSpec
from tests.contract.conftest import Bench, Servers
from tests.faults.hostile import HOSTILE


@pytest.fixture
async def backend(servers: Servers, clock: MovableClock) -> AsyncIterator[AzureLocalBackend]:
    backend = AzureLocalBackend.open(servers.arm_connection(), servers.cluster_connection(), clock)
    yield backend
    await backend.close()


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every command of every pipeline that reached a node."""
    reached: list[Any] = []
    real = Engine.__call__

    def call(engine: Engine, context: Any, pipeline: Any) -> None:
        reached.extend(getattr(pipeline, "commands", None) or [])
        real(engine, context, pipeline)

    monkeypatch.setattr(Engine, "__call__", call)
    return reached


async def refusal(doing: Any) -> BackendError | None:
    try:
        await doing
    except BackendError as error:
        return error
    return None


async def test_no_node_ever_meets_it_as_script(
    servers: Servers, backend: AzureLocalBackend, commands: list[Any]
) -> None:
    vm = next(iter(servers.site.vms))
    source = servers.site.vms[vm].owner
    for kind, text in HOSTILE.items():
        for doing in (
            backend.start_live_migration(vm, source, text, "op"),
            backend.start_live_migration(vm, text, "LAB-N2", "op"),
            backend.start_live_migration(vm, source, "LAB-N2", text),
            backend.start_live_migration(text, source, "LAB-N2", "op"),
            backend.suspend_node(text, "op"),
            backend.pause_node(text, "op"),
            backend.set_azure_placement(text, False, "op"),
            backend.resume_node(text, True, "op"),
        ):
            error = await refusal(doing)
            assert error is not None, kind
            assert not error.was_sent, kind
        for reading in (backend.read_node(text), backend.find_live_migration(text)):
            error = await refusal(reading)
            assert error is None or not error.was_sent, kind
    for command in commands:
        if command.is_script:
            assert catalogue.fingerprint(command.command_text) in catalogue.shipped_scripts()
        else:
            assert command.command_text in FUNCTIONS
    assert not servers.site.migrations
    assert not any(counter.startswith(("suspend", "resume")) for counter in servers.site.counters)


class Sent:
    """What reached Azure as an act."""

    def __init__(self, servers: Servers) -> None:
        self.requests: list[Request] = []
        servers.arm.watch(self._see)

    def _see(self, request: Request, _response: Response) -> None:
        if request.method != "GET":
            self.requests.append(request)


async def test_azure_meets_it_as_one_name_or_one_value(
    servers: Servers, backend: AzureLocalBackend, clock: MovableClock
) -> None:
    sent = Sent(servers)
    bench = Bench(servers.site, clock, backend)
    before = set(servers.site.resources)
    arrived = 0
    for number, (kind, text) in enumerate(HOSTILE.items()):
        sent.requests.clear()
        spec = bench.spec(text)
        nic = NetworkInterfaceSpec(text, bench.id_of("logicalNetworks", "lnet-vlan-10"))
        for doing in (
            backend.create_machine(spec, "op"),
            backend.create_network_interface(spec, nic, "op"),
            backend.create_vm_instance(spec, {}, "op"),
        ):
            await refusal(doing)
        for request in sent.requests:
            arrived += 1
            assert text in request.segments, f"{kind}: {request.path[:200]}"
            assert set(request.query) == {"api-version"}, kind
            assert request.headers["authorization"] == f"Bearer {servers.credentials.token}"
        sent.requests.clear()
        valued = bench.spec(f"hostile-{number}", tags={"owner": text}, admin_username=text)
        for doing in (
            backend.create_machine(valued, f"op-{number}"),
            backend.create_vm_instance(valued, {"admin_password": text}, f"op-{number}"),
        ):
            await refusal(doing)
        for request in sent.requests:
            arrived += 1
            body = json.loads(request.body)
            value = body.get("tags", {}).get("owner") or body["properties"]["osProfile"]
            is_whole = value == text or value["adminPassword"] == text
            assert is_whole, f"{kind}: {value!r:.200}"
    assert arrived > len(HOSTILE)
    names = {arm_id.rsplit("/", 1)[-1] for arm_id in set(servers.site.resources) - before}
    allowed = {text.lower() for text in HOSTILE.values()}
    made = {f"hostile-{number}" for number in range(len(HOSTILE))} | {"default"}
    assert names <= allowed | made, names - allowed - made
