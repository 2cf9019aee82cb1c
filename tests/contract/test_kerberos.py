"""The cluster wire with Kerberos: a local MIT KDC, the lab's WS-Man server, pypsrp unmodified."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from console.backends import BackendError
from console.backends.azure_local.cluster_test import test_cluster as try_cluster
from console.backends.azure_local.connections import ClusterConnection
from console.backends.azure_local.node_session import PypsrpNodeSession
from console.lab.access import LabCredentials
from console.lab.certificate import ServerCertificate
from console.lab.world.clock import MovableClock
from console.lab.world.scenarios import make_site
from console.lab.wsman_server.server import WsmanServer
from console.model.connection import StepState, TestStep
from console.model.freshness import FaultCode
from tests.contract.local_kdc import MISSING, REALM, Realm, local_kdc

pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")
PASSWORD = "word-of-the-operator"


@pytest.fixture
def realm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Realm]:
    with local_kdc(tmp_path, "operator", PASSWORD, ["host/localhost"]) as made:
        for name, value in made.environment.items():
            if name.startswith("KRB5"):
                monkeypatch.setenv(name, value)
        yield made


@pytest.fixture(params=["https", "http-sealed"])
def node(
    request: pytest.FixtureRequest, realm: Realm, tmp_path: Path
) -> Iterator[ClusterConnection]:
    """One node by its name, over TLS, or over HTTP where only sealed messages pass."""
    site = make_site("small", MovableClock())
    certificate = ServerCertificate(tuple(site.nodes))
    ca_file = tmp_path / "ca.pem"
    ca_file.write_bytes(certificate.ca_pem)
    use_tls = request.param == "https"
    server = WsmanServer(site, certificate, LabCredentials(), use_tls=use_tls)
    server.start()
    try:
        yield ClusterConnection(
            nodes={"LAB-N1": f"localhost:{server.ports['LAB-N1']}"},
            username=f"operator@{REALM}",
            password=PASSWORD,
            auth="kerberos",
            use_tls=use_tls,
            ca_file=str(ca_file) if use_tls else "",
            configuration_name="TrustedLaunchConsole",
        )
    finally:
        server.stop()


async def ask(connection: ClusterConnection) -> str:
    session = PypsrpNodeSession("LAB-N1", connection)
    try:
        return await session.run("Get-TlcCluster", {}, patience=20)
    finally:
        session.close()


async def test_with_a_password(node: ClusterConnection) -> None:
    assert '"LAB-N1"' in await ask(node)


async def test_with_the_signed_in_user_s_own_ticket(node: ClusterConnection, realm: Realm) -> None:
    realm.kinit("operator")
    assert '"LAB-N1"' in await ask(replace(node, username="", password=""))


async def test_the_whole_test_passes_and_labels_http(node: ClusterConnection) -> None:
    steps: list[TestStep] = []
    await try_cluster(node, steps.append)
    assert {step.state for step in steps} <= {StepState.PASSED, StepState.NOTE}
    labelled = [step for step in steps if step.title == "Transport"]
    assert bool(labelled) is not node.use_tls


async def test_a_wrong_password_is_refused(node: ClusterConnection) -> None:
    with pytest.raises(BackendError) as caught:
        await ask(replace(node, password="not-this-one"))
    assert caught.value.fault.code is FaultCode.WRONG_CREDENTIALS
    assert "not-this-one" not in str(caught.value.fault)


async def test_without_a_ticket_nobody_comes_in_and_it_is_said(node: ClusterConnection) -> None:
    steps: list[TestStep] = []
    await try_cluster(replace(node, username="", password=""), steps.append)
    failed = next(step for step in steps if step.state is StepState.FAILED)
    assert failed.title == "Sign-in and endpoint"
    assert "klist" in failed.remedy


async def test_another_person_of_the_realm_does_not_come_in(
    node: ClusterConnection, realm: Realm
) -> None:
    realm.kadmin("addprinc", "-pw", PASSWORD, "stranger")
    with pytest.raises(BackendError) as caught:
        await ask(replace(node, username=f"stranger@{REALM}"))
    assert caught.value.fault.code is FaultCode.WRONG_CREDENTIALS


async def test_a_name_without_a_service_in_the_realm_is_not_asked_by_ntlm(
    node: ClusterConnection,
) -> None:
    """Kerberos only: where it cannot be had, NTLM is not fallen back to."""
    port = node.nodes["LAB-N1"].rpartition(":")[2]
    with pytest.raises(BackendError) as caught:
        await ask(replace(node, nodes={"LAB-N1": f"127.0.0.1:{port}"}))
    assert caught.value.fault.code is FaultCode.WRONG_CREDENTIALS
