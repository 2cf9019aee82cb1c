"""The same suite twice: over the world in this process, and over the lab's real sockets."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from console.backends import Backend, JobReport, JobState, RemoteJob
from console.backends.azure_local import ArmConnection, AzureLocalBackend, ClusterConnection
from console.backends.azure_local.connections import StaticToken
from console.lab.access import LabCredentials
from console.lab.arm_server.server import ArmServer
from console.lab.certificate import ServerCertificate
from console.lab.world.clock import MovableClock
from console.lab.world.scenarios import make_site
from console.lab.world.site import Site
from console.model.freshness import Wire
from console.model.request import VirtualMachineSpec
from console.model.virtual_machine import VirtualMachine
from tests.world_backend import WorldBackend


@dataclass
class Bench:
    """A site, its clock, and a Backend on it."""

    site: Site
    clock: MovableClock
    backend: Backend

    async def end_of(self, job: RemoteJob, step: float = 0.5) -> JobReport:
        """Poll and move time until the job is over."""
        for _ in range(400):
            report = await job.poll()
            if report.state is not JobState.RUNNING:
                return report
            self.clock.advance(step)
        raise AssertionError("the job does not end")

    async def vm(self, name: str) -> VirtualMachine:
        snapshot = await self.backend.read_snapshot(frozenset(Wire))
        return next(vm for vm in snapshot.vms if vm.name == name)

    def id_of(self, kind: str, name: str) -> str:
        return self.site.settings.resource_id(f"Microsoft.AzureStackHCI/{kind}", name)

    def spec(self, name: str = "new-01", **changes: Any) -> VirtualMachineSpec:
        settings = self.site.settings
        parts: dict[str, Any] = {
            "name": name,
            "subscription_id": settings.subscription_id,
            "resource_group": settings.resource_group,
            "location": settings.location,
            "custom_location_id": settings.custom_location_id,
            "image_id": self.id_of("marketplaceGalleryImages", "win11-22h2-avd-01"),
            "admin_username": "labadmin",
            **changes,
        }
        return VirtualMachineSpec(**parts)


@dataclass
class Servers:
    """Both servers of one site, and how to reach them."""

    site: Site
    ca_file: Path
    credentials: LabCredentials
    arm: ArmServer
    wsman: Any

    def arm_connection(self, **changes: Any) -> ArmConnection:
        parts: dict[str, Any] = {
            "url": f"https://127.0.0.1:{self.arm.port}",
            "credential": StaticToken(self.credentials.token),
            "subscription_ids": (self.site.settings.subscription_id,),
            "ca_file": str(self.ca_file),
            **changes,
        }
        return ArmConnection(**parts)

    def cluster_connection(self, **changes: Any) -> ClusterConnection:
        parts: dict[str, Any] = {
            "nodes": {node: f"127.0.0.1:{port}" for node, port in self.wsman.ports.items()},
            "username": self.credentials.username,
            "password": self.credentials.password,
            "auth": "basic",
            "ca_file": str(self.ca_file),
            **changes,
        }
        return ClusterConnection(**parts)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def site(clock: MovableClock) -> Site:
    return make_site("small", clock)


@pytest.fixture
def servers(site: Site, tmp_path: Path) -> Iterator[Servers]:
    wsman_server = pytest.importorskip("console.lab.wsman_server.server")
    certificate = ServerCertificate(tuple(site.nodes))
    credentials = LabCredentials()
    ca_file = tmp_path / "ca.pem"
    ca_file.write_bytes(certificate.ca_pem)
    arm = ArmServer(site, certificate, credentials)
    wsman = wsman_server.WsmanServer(site, certificate, credentials)
    arm.start()
    wsman.start()
    try:
        yield Servers(site, ca_file, credentials, arm, wsman)
    finally:
        wsman.stop()
        arm.stop()


@pytest.fixture(params=["world", "wires"])
async def bench(
    request: pytest.FixtureRequest, site: Site, clock: MovableClock
) -> AsyncIterator[Bench]:
    if request.param == "world":
        yield Bench(site, clock, WorldBackend(site))
        return
    servers: Servers = request.getfixturevalue("servers")
    backend = AzureLocalBackend.open(servers.arm_connection(), servers.cluster_connection(), clock)
    try:
        yield Bench(site, clock, backend)
    finally:
        await backend.close()
