"""A lab of nodes on loopback with pypsrp, the client that real clusters get, in front of it."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan

from console.lab.access import LabCredentials
from console.lab.certificate import ServerCertificate
from console.lab.world.clock import MovableClock
from console.lab.world.scenarios import make_site
from console.lab.world.site import Site
from console.lab.wsman_server.acting_twins import all_twins
from console.lab.wsman_server.engine import Engine
from console.lab.wsman_server.pipe import Context, Runner
from console.lab.wsman_server.protocol_core import CommandRefused
from console.lab.wsman_server.server import WsmanServer

CERTIFICATE = ServerCertificate()


class BenchServer(WsmanServer):
    """Beside the functions: commands that no node has, for what no function of ours does."""

    def runner_for(self, node: str) -> Runner:
        functions = Engine(self._site, node, all_twins(self._site, node))

        def run(context: Context, pipeline: Any) -> None:
            name = getattr(pipeline, "commands", [None])[0]
            own = getattr(self, f"_{str(getattr(name, 'command_text', '')).lower()}", None)
            if own is None:
                functions(context, pipeline)
            else:
                own(context, dict(pipeline.commands[0].parameters))

        return run

    def _slow(self, context: Context, parameters: dict[str, Any]) -> None:
        """Tells its progress until it is stopped or its ticks are over."""
        ticks = int(parameters.get("Ticks", 400))
        for tick in range(ticks):
            context.progress("Working", f"tick {tick}", 100 * tick // ticks)
            context.sleep(0.02)
        context.output("over")

    def _streams(self, context: Context, _parameters: dict[str, Any]) -> None:
        context.warning("mind the gap")
        small = CommandRefused("SmallThing", "not so bad")
        small.command = "Streams"
        context.error(small)
        context.output({"Name": "an object", "Size": 3})

    def _echo(self, context: Context, parameters: dict[str, Any]) -> None:
        for value in [*parameters.values(), *context.inputs]:
            context.output(value)

    def _breaks(self, _context: Context, _parameters: dict[str, Any]) -> None:
        raise ZeroDivisionError("a fault of the lab itself")


@dataclass
class Bench:
    site: Site
    server: WsmanServer
    credentials: LabCredentials
    ca_file: Path
    use_tls: bool = True

    def wsman(self, node: str = "LAB-N1", **changes: Any) -> WSMan:
        options: dict[str, Any] = {
            "port": self.server.ports[node],
            "username": self.credentials.username,
            "password": self.credentials.password,
            "ssl": self.use_tls,
            "auth": "basic",
            "cert_validation": str(self.ca_file),
            "connection_timeout": 3,
            "operation_timeout": 5,
            "read_timeout": 8,
            "reconnection_retries": 0,
            "no_proxy": True,
            **changes,
        }
        return WSMan("127.0.0.1", **options)

    @contextlib.contextmanager
    def pool(self, node: str = "LAB-N1", **changes: Any) -> Iterator[RunspacePool]:
        with self.wsman(node, **changes) as wsman, RunspacePool(wsman) as pool:
            yield pool


def shell(pool: RunspacePool, name: str, **parameters: Any) -> PowerShell:
    made = PowerShell(pool)
    made.add_cmdlet(name)
    for key, value in parameters.items():
        made.add_parameter(key, value)
    return made


@contextlib.contextmanager
def running_bench(folder: Path, scenario: str = "empty", use_tls: bool = True) -> Iterator[Bench]:
    site = make_site(scenario, MovableClock())
    credentials = LabCredentials()
    ca_file = folder / "ca.pem"
    ca_file.write_bytes(CERTIFICATE.ca_pem)
    server = BenchServer(site, CERTIFICATE, credentials, use_tls=use_tls)
    server.start()
    try:
        yield Bench(site, server, credentials, ca_file, use_tls)
    finally:
        server.stop()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with running_bench(tmp_path) as bench:
        yield bench
