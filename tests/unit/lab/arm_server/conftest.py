"""A started ARM server over the small site, whose time the test moves, and a plain HTTPS client."""

import http.client
import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from console.lab.access import LabCredentials
from console.lab.arm_server.server import ArmServer
from console.lab.certificate import ServerCertificate
from console.lab.world.clock import MovableClock
from console.lab.world.scenarios import make_site
from console.lab.world.site import Site

VM_API = "2025-06-01-preview"
VERSIONS = {
    "microsoft.azurestackhci": VM_API,
    "microsoft.hybridcompute": "2026-07-15",
    "microsoft.extendedlocation": "2021-08-15",
    "microsoft.resourceconnector": "2022-10-27",
}


@dataclass
class Answer:
    status: int
    headers: dict[str, str]  # names in lower case
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw)

    @property
    def code(self) -> str:
        return str(self.body["error"]["code"])


class Client:
    """One kept-alive connection with the right token."""

    def __init__(self, server: ArmServer, certificate: ServerCertificate, token: str) -> None:
        context = ssl.create_default_context(cadata=certificate.ca_pem.decode())
        self.connection = http.client.HTTPSConnection(
            "127.0.0.1", server.port, context=context, timeout=10
        )
        self.headers = {"Authorization": f"Bearer {token}"}
        self.url = server.url

    def ask(
        self, method: str, path: str, body: Any = None, version: str | None = None, **headers: str
    ) -> Answer:
        """``version`` None: the one of the path's provider; empty: none at all."""
        path = path.removeprefix(self.url)
        if version is None and "api-version=" not in path:
            provider = path.rpartition("/providers/")[2].split("/")[0].lower()
            version = VERSIONS.get(provider, "2022-12-01")
        if version:
            path += f"{'&' if '?' in path else '?'}api-version={version}"
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request(method, path, content, {**self.headers, **named})
        response = self.connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, found, response.read())

    def get(self, path: str, **options: Any) -> Answer:
        return self.ask("GET", path, **options)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def site(clock: MovableClock) -> Site:
    return make_site("small", clock)


@pytest.fixture(scope="session")
def certificate() -> ServerCertificate:
    return ServerCertificate()


@pytest.fixture
def server(site: Site, certificate: ServerCertificate) -> Iterator[ArmServer]:
    server = ArmServer(site, certificate, LabCredentials(token="right"))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def client(server: ArmServer, certificate: ServerCertificate) -> Iterator[Client]:
    client = Client(server, certificate, "right")
    yield client
    client.connection.close()


@pytest.fixture
def group(site: Site) -> str:
    return site.settings.group_id


@pytest.fixture
def new_vm(site: Site) -> dict[str, Any]:
    """Body of a Trusted launch instance that needs nothing but the site."""
    image = site.settings.resource_id(
        "Microsoft.AzureStackHCI/marketplaceGalleryImages", "win11-22h2-avd-01"
    )
    return {
        "extendedLocation": {"type": "CustomLocation", "name": site.settings.custom_location_id},
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
            "storageProfile": {"imageReference": {"id": image}, "osDisk": {"osType": "Windows"}},
            "networkProfile": {"networkInterfaces": []},
        },
    }
