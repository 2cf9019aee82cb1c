"""The lab as a process: a site, its two servers, and one line that tells how to reach them."""

import contextlib
import json
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import IO, Any, NoReturn

from console.lab.access import LabCredentials
from console.lab.arm_server.server import ArmServer
from console.lab.certificate import ServerCertificate
from console.lab.control import serve_control
from console.lab.world.clock import RealClock
from console.lab.world.scenarios import make_site
from console.lab.world.site import Site
from console.lab.wsman_server.server import WsmanServer


def serve(
    scenario: str,
    json_output: bool,
    stdin: IO[str],
    stdout: IO[str],
    seed: int = 1,
    control: bool = False,
    speed: float = 1.0,
    arm_port: int = 0,
    tls_defect: str = "",
) -> int:
    """Serve until ``stdin`` closes; returns the exit code.

    Prints one JSON object line (or the same for people). With ``control``, every further input
    line is a command (console/lab/control.py), answered by one JSON line. ``arm_port`` 0: any free
    one; a fixed one lets clients find their operations' URLs again after a restart.
    ``tls_defect`` is one of ``certificate.DEFECTS``.
    """
    _leave_when_asked()
    if hasattr(os, "nice"):
        # On a real site these servers run on other machines: here they must not crowd the window.
        os.nice(5)
    lab = running_lab(scenario, seed, speed, arm_port, tls_defect)
    with contextlib.suppress(KeyboardInterrupt), lab as (site, told):
        text = json.dumps(told) if json_output else _for_people(told)
        stdout.write(text + "\n")
        stdout.flush()
        if control:
            serve_control(site, stdin, stdout)
        else:
            for _line in stdin:
                pass  # nothing is expected: the end of the input is the sign to leave
    return 0


@contextlib.contextmanager
def running_lab(
    scenario: str, seed: int = 1, speed: float = 1.0, arm_port: int = 0, tls_defect: str = ""
) -> Iterator[tuple[Site, dict[str, Any]]]:
    """A site behind two listening servers, and what a client must know to reach them."""
    site = make_site(scenario, RealClock(speed), seed)
    certificate = ServerCertificate(tuple(site.nodes), tls_defect)
    credentials = LabCredentials()
    folder = Path(tempfile.mkdtemp(prefix="tlconsole-lab-"))
    try:
        ca_file = folder / "lab-ca.pem"
        ca_file.write_bytes(certificate.ca_pem)
        arm = ArmServer(site, certificate, credentials, port=arm_port)
        wsman = WsmanServer(site, certificate, credentials)
        with contextlib.ExitStack() as stack:
            for server in (arm, wsman):
                stack.callback(server.stop)
                server.start()
            yield (
                site,
                {
                    "scenario": scenario,
                    "seed": seed,
                    "arm": {
                        "url": f"https://127.0.0.1:{arm.port}",
                        "token": credentials.token,
                        "ca_file": str(ca_file),
                        "subscription_id": site.settings.subscription_id,
                        "tenant_id": site.settings.tenant_id,
                    },
                    "cluster": {
                        "arm_id": site.settings.cluster_arm_id,
                        "nodes": {node: f"127.0.0.1:{port}" for node, port in wsman.ports.items()},
                        "username": credentials.username,
                        "password": credentials.password,
                        "auth": "basic",
                        "ca_file": str(ca_file),
                    },
                    "fleet": _fleet_subscriptions(site),
                    "pid": os.getpid(),
                },
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fleet_subscriptions(site: Site) -> list[str]:
    """Subscriptions that the lab's account is told of, one without rights among them."""
    if site.fleet is None:
        return []
    others = [one.id for one in (*site.fleet.subscriptions, site.fleet.denied)]
    return [site.settings.subscription_id, *others]


def _leave_when_asked() -> None:
    """SIGTERM ends the lab in order, so that its folder goes with it."""

    def leave(_number: int, _frame: FrameType | None) -> NoReturn:
        raise KeyboardInterrupt

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, leave)


def _for_people(told: dict[str, Any]) -> str:
    arm, cluster = told["arm"], told["cluster"]
    nodes = "\n".join(
        f"    {name:<10} https://{where}/wsman" for name, where in cluster["nodes"].items()
    )
    return (
        f"Lab, scenario {told['scenario']} (seed {told['seed']}). Nothing here is real.\n"
        f"  Azure Resource Manager  {arm['url']}\n"
        f"    bearer token          {arm['token']}\n"
        f"    subscription          {arm['subscription_id']}\n"
        f"  Cluster nodes (PowerShell remoting over TLS, Basic)\n{nodes}\n"
        f"    user                  {cluster['username']}\n"
        f"    password              {cluster['password']}\n"
        f"  Trust this authority    {arm['ca_file']}\n"
        "Close the input (Ctrl+D) to end it."
    )
