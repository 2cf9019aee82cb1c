"""The lab as a process: one line of endpoints, real sockets, an orderly end."""

import http.client
import json
import os
import signal
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import pytest


class Lab:
    """A running ``console lab`` with its control channel."""

    def __init__(self, *options: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "console", "lab", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def stdin(self) -> IO[str]:
        assert self.process.stdin is not None
        return self.process.stdin

    @property
    def stdout(self) -> IO[str]:
        assert self.process.stdout is not None
        return self.process.stdout

    def ask(self, **command: object) -> dict[str, Any]:
        self.stdin.write(json.dumps(command) + "\n")
        self.stdin.flush()
        answer: dict[str, Any] = json.loads(self.stdout.readline())
        return answer

    def end(self) -> tuple[int, str]:
        _, errors = self.process.communicate(timeout=20)
        return self.process.returncode, errors


@pytest.fixture
def lab() -> Iterator[Lab]:
    lab = Lab("--json", "--control")
    yield lab
    if lab.process.poll() is None:
        lab.process.kill()
        lab.process.communicate()


def _get(told: dict[str, Any], path: str, token: str) -> tuple[int, Any]:
    context = ssl.create_default_context(cafile=told["arm"]["ca_file"])
    where = urlsplit(told["arm"]["url"])
    assert where.hostname is not None
    connection = http.client.HTTPSConnection(
        where.hostname, where.port, context=context, timeout=10
    )
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


def test_endpoints_answer_and_control_sees_the_same_world(lab: Lab) -> None:
    told = json.loads(lab.stdout.readline())
    assert (told["scenario"], told["seed"], told["pid"]) == ("small", 1, lab.process.pid)
    assert list(told["cluster"]["nodes"]) == ["LAB-N1", "LAB-N2", "LAB-N3", "LAB-N4"]
    assert told["cluster"]["auth"] == "basic"
    group = f"/subscriptions/{told['arm']['subscription_id']}/resourceGroups/rg-lab"
    path = f"{group}/providers/Microsoft.HybridCompute/machines/app-01?api-version=2025-01-13"
    status, body = _get(told, path, told["arm"]["token"])
    assert (status, body["name"], body["kind"]) == (200, "app-01", "HCI")
    assert _get(told, path, "wrong")[0] == 401
    assert lab.ask(do="vm", name="app-01")["vm"]["name"] == "app-01"
    lab.ask(do="fault", name="vm_state", args={"vm": "app-01", "state": "Paused"})
    assert lab.ask(do="vm", name="app-01")["vm"]["state"] == "Paused"
    before = lab.ask(do="counters")["now"]
    assert lab.ask(do="advance", seconds=100)["now"] >= before + 100
    for where in told["cluster"]["nodes"].values():
        host, port = where.split(":")
        context = ssl.create_default_context(cafile=told["cluster"]["ca_file"])
        connection = http.client.HTTPSConnection(host, int(port), context=context, timeout=10)
        connection.request("POST", "/wsman", body=b"")
        assert connection.getresponse().status == 401
        connection.close()


def test_it_leaves_when_its_input_closes_and_takes_its_folder_along(lab: Lab) -> None:
    told = json.loads(lab.stdout.readline())
    folder = Path(told["arm"]["ca_file"]).parent
    assert sorted(path.name for path in folder.iterdir()) == ["lab-ca.pem"]
    assert b"PRIVATE" not in Path(told["arm"]["ca_file"]).read_bytes()
    assert lab.end() == (0, "")
    assert not folder.exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM to handle")
def test_it_leaves_in_order_when_terminated(lab: Lab) -> None:
    told = json.loads(lab.stdout.readline())
    lab.process.send_signal(signal.SIGTERM)
    assert lab.end() == (0, "")
    assert not Path(told["arm"]["ca_file"]).parent.exists()


def test_for_people() -> None:
    lab = Lab("--scenario", "empty", "--seed", "3")
    text, errors = lab.process.communicate(timeout=30)
    assert (lab.process.returncode, errors) == (0, "")
    assert "scenario empty (seed 3). Nothing here is real." in text
    assert "LAB-N4" in text
