"""A started ARM server whose every exchange is judged by Microsoft's published types."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from console.lab.access import LabCredentials
from console.lab.arm_server.server import ArmServer
from console.lab.certificate import ServerCertificate
from console.lab.world import arm_ids
from console.lab.world.clock import Clock
from console.lab.world.scenarios import make_site
from console.lab.world.site import Site
from tests.contract.arm_types.judge import Judge
from tests.unit.lab.arm_server.conftest import Client


@dataclass
class Judged:
    """Leaving it asserts that nothing was wrong."""

    site: Site
    server: ArmServer
    client: Client
    judge: Judge
    ca_file: Path


class MakeJudged:
    def __init__(self, specs: Path, folder: Path) -> None:
        self._specs = specs
        self._certificate = ServerCertificate()
        self._ca_file = folder / "ca.pem"
        self._ca_file.write_bytes(self._certificate.ca_pem)

    @contextlib.contextmanager
    def __call__(self, scenario: str, clock: Clock, retry_after_s: float = 1.0) -> Iterator[Judged]:
        site = make_site(scenario, clock)
        server = ArmServer(
            site, self._certificate, LabCredentials(token="right"), retry_after_s=retry_after_s
        )
        judge = Judge(self._specs)
        server.watch(judge)
        server.start()
        client = Client(server, self._certificate, "right")
        try:
            yield Judged(site, server, client, judge, self._ca_file)
        finally:
            client.connection.close()
            server.stop()
        assert judge.wrong == set()


@pytest.fixture
def judged(specs: Path, tmp_path: Path) -> MakeJudged:
    return MakeJudged(specs, tmp_path)


@pytest.fixture
def new_vm_body() -> Callable[[Judged], dict[str, Any]]:
    """Body of a Trusted launch instance from the first image of the site."""

    def body(lab: Judged) -> dict[str, Any]:
        settings = lab.site.settings
        image = lab.site.list_resources(arm_ids.MARKET_IMAGES, settings.group_id)[0].id
        return {
            "extendedLocation": {"type": "CustomLocation", "name": settings.custom_location_id},
            "properties": {
                "hardwareProfile": {"vmSize": "Custom", "processors": 4, "memoryMB": 8192},
                "securityProfile": {
                    "securityType": "TrustedLaunch",
                    "enableTPM": True,
                    "uefiSettings": {"secureBootEnabled": True},
                },
                "osProfile": {
                    "computerName": "new-01",
                    "adminUsername": "labadmin",
                    "adminPassword": "canary-4711-secret",
                    "windowsConfiguration": {"provisionVMAgent": True},
                },
                "storageProfile": {
                    "imageReference": {"id": image},
                    "osDisk": {"osType": "Windows"},
                },
                "networkProfile": {"networkInterfaces": []},
            },
        }

    return body
