"""The real window and worker over the lab: no password in any file, output or command line."""

import base64
import json
import os
import signal
import sys
import tempfile
import urllib.parse
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from console.lab import serve
from console.lab.access import LabCredentials
from console.lab.arm_server.exchange import Request, Response, error_body
from console.lab.arm_server.service import Service
from console.lab.world import arm_ids
from console.lab.world.site import Site
from console.lab.wsman_server.engine import Engine
from console.lab.wsman_server.protocol_core import CommandRefused
from console.model.operation import OperationState
from console.model.request import (
    CreateVirtualMachine,
    DomainJoinSpec,
    LiveMigrate,
    NetworkInterfaceSpec,
    VirtualMachineSpec,
)
from console.ui.main_window import MainWindow
from tests.end_to_end.opened_window import opened_window
from tests.faults.canary import CANARIES, forms, hits_below, hits_in, hits_in_children

S = OperationState


# With every request; a worker that was just started knows no others, and nobody sent it any.
_SENT = ("arm_token", "cluster_password")


class Echo:
    """A server that puts everything it was sent into the text of its refusal."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_on = False
        self.is_everywhere = False
        self.said = ""
        real = Service.answer
        real_call = Engine.call

        def answer(service: Service, request: Request) -> Response | None:
            is_instance = "virtualmachineinstances" in request.path.lower()
            if self.is_everywhere or (self.is_on and request.method == "PUT" and is_instance):
                raw = bytes(request.body)
                known = _SENT if self.is_everywhere else tuple(CANARIES)
                words = [
                    f"{dict(request.headers)!r}",
                    raw.decode(),
                    json.dumps(raw.decode()),
                    # Wherever such a text is cut, it is cut in the middle of one of these.
                    *(CANARIES[name] for name in known for _ in range(40)),
                ]
                self.said = " ".join(words)
                return Response(400, error_body("InvalidRequest", self.said))
            return real(service, request)

        def call(engine: Engine, name: str, parameters: Mapping[str | None, Any]) -> str:
            if self.is_everywhere:
                raise CommandRefused("Strange", " ".join(CANARIES[name] for name in _SENT))
            return real_call(engine, name, parameters)

        monkeypatch.setattr(Service, "answer", answer)
        monkeypatch.setattr(Engine, "call", call)


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Everything that a process might write to goes below one folder."""
    for name, variable in (
        ("home", "HOME"),
        ("config", "XDG_CONFIG_HOME"),
        ("cache", "XDG_CACHE_HOME"),
        ("data", "XDG_DATA_HOME"),
        ("state-home", "XDG_STATE_HOME"),
        ("temp", "TMPDIR"),
    ):
        (tmp_path / name).mkdir()
        monkeypatch.setenv(variable, str(tmp_path / name))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


@pytest.fixture
def lab(outside: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Site, dict[str, Any]]]:
    known = LabCredentials(token=CANARIES["arm_token"], password=CANARIES["cluster_password"])
    monkeypatch.setattr(serve, "LabCredentials", lambda: known)
    with serve.running_lab("small", speed=10.0) as running:
        yield running


@pytest.fixture
def window(
    lab: tuple[Site, dict[str, Any]], outside: Path, qapp: QApplication
) -> Iterator[MainWindow]:
    with opened_window(lab[1], outside / "state", qapp) as main:
        yield main


def a_creation(site: Site, name: str) -> CreateVirtualMachine:
    group = site.settings.group_id
    image = site.list_resources(arm_ids.MARKET_IMAGES, group)[0]
    network = site.list_resources(arm_ids.NETWORKS, group)[0]
    spec = VirtualMachineSpec(
        name=name,
        subscription_id=site.settings.subscription_id,
        resource_group=site.settings.resource_group,
        location=site.settings.location,
        custom_location_id=site.settings.custom_location_id,
        image_id=image.id,
        admin_username="grace",
        domain_join=DomainJoinSpec("corp.example", "joiner@corp.example"),
        network_interfaces=(NetworkInterfaceSpec(f"{name}-nic", network.id),),
    )
    return CreateVirtualMachine(spec)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.timeout(200)
def test_no_secret_is_written_anywhere(
    window: MainWindow,
    lab: tuple[Site, dict[str, Any]],
    outside: Path,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    site, _ = lab
    echo = Echo(monkeypatch)
    store, bridge = window._store, window._bridge
    secrets = {name: CANARIES[name] for name in ("admin_password", "domain_password")}
    qtbot.waitUntil(lambda: len(store.inventory.vms) > 50, timeout=40_000)
    qtbot.waitUntil(lambda: store.inventory.arm.read_at is not None, timeout=30_000)

    made = bridge.submit(a_creation(site, "canary-1"), secrets)
    qtbot.waitUntil(lambda: made in store.operations, timeout=20_000)
    found, children = hits_in_children()
    assert children >= 1
    assert not found
    qtbot.waitUntil(lambda: store.operations[made].is_over, timeout=60_000)
    assert store.operations[made].state is S.SUCCEEDED, store.operations[made]

    echo.is_on = True
    refused = bridge.submit(a_creation(site, "canary-2"), secrets)
    qtbot.waitUntil(
        lambda: refused in store.operations and store.operations[refused].is_over, timeout=60_000
    )
    assert store.operations[refused].state is S.FAILED
    # The hostile text did come through to here, with the secrets struck out of it.
    assert hits_in(echo.said.encode(), "the server's words")
    assert "•••" in repr(store.operations[refused].fault)
    assert not hits_in(repr(store.operations[refused]).encode(), "the record")
    assert "Kanari" not in repr(store.operations[refused]), "a secret was cut, then not known"
    echo.is_on = False

    crashed = bridge.submit(a_creation(site, "canary-3"), secrets)
    qtbot.waitUntil(
        lambda: crashed in store.operations and store.operations[crashed].state is S.RUNNING,
        timeout=30_000,
    )
    worker = bridge.worker_pid
    assert worker is not None
    os.kill(worker, signal.SIGABRT)  # a crash that dumps its stacks
    qtbot.waitUntil(lambda: bridge.worker_pid not in (None, worker), timeout=30_000)
    qtbot.waitUntil(lambda: store.operations[crashed].is_over, timeout=90_000)

    # Both wires answer every reading and every check with all that they know.
    echo.is_everywhere = True
    moved = next(vm for vm in store.inventory.vms.values() if vm.name == "app-05")
    blocked = bridge.submit(LiveMigrate(moved.key, moved.name, moved.owner_node or "", "LAB-N3"))
    bridge.refresh()
    qtbot.waitUntil(
        lambda: store.inventory.arm.is_down and store.inventory.cluster_wire.is_down,
        timeout=30_000,
    )
    qtbot.waitUntil(
        lambda: blocked in store.operations and store.operations[blocked].findings != (),
        timeout=60_000,
    )
    held = f"{store.inventory.arm} {store.inventory.cluster_wire} {store.operations[blocked]}"
    assert "•••" in held
    assert not hits_in(held.encode(), "what the window was told")
    assert "Kanari" not in held
    bridge.cancel(blocked)
    qtbot.waitUntil(lambda: store.operations[blocked].is_over, timeout=60_000)

    # While it runs: the write-ahead log is there too.
    found, files = hits_below([outside])
    assert files > 5
    assert not found
    assert any(path.name.endswith("-wal") for path in outside.rglob("*"))
    assert any("worker-output" in path.name for path in outside.rglob("*"))
    told = capfd.readouterr()
    for where, text in (("stdout", told.out), ("stderr", told.err), ("log", caplog.text)):
        assert not hits_in(text.encode(), where)

    # And the search would find one.
    (outside / "state" / "leak.txt").write_bytes(forms(CANARIES["admin_password"])["base64"][1])
    found, _ = hits_below([outside])
    assert found == [f"admin_password as base64 in {outside / 'state' / 'leak.txt'}"]


@pytest.mark.parametrize("field", CANARIES)
def test_every_encoding_is_recognised_inside_other_text(field: str) -> None:
    secret = CANARIES[field]
    written = {
        "raw": f"x{secret}y".encode(),
        "hex": b"0a" + secret.encode().hex().encode() + b"0b",
        "URL": b"?p=" + urllib.parse.quote_plus(secret).encode() + b"&q",
        "JSON": json.dumps({"p": f"x{secret}"}).encode(),
        "UTF-16": f"x{secret}y".encode("utf-16-le"),
    }
    for encoding, content in written.items():
        assert f"{field} as {encoding} in it" in hits_in(content, "it")
    for before in ("", "u:", "user:", "operator:"):
        inside = base64.b64encode(f"{before}{secret}, and more".encode())
        assert hits_in(inside, "it") == [f"{field} as base64 in it"]
