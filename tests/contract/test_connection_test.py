"""``Test`` against the lab's two servers: every step that can fail, failing, in its own words."""

import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import msgspec
import pytest

from console.app import profile_of_lab
from console.backends import BackendError
from console.backends.azure_local.backend import AzureLocalBackend
from console.backends.azure_local.wires import SignIns, cluster_connection
from console.lab.certificate import DEFECTS
from console.lab.serve import running_lab
from console.lab.world.clock import RealClock
from console.lab.world.site import Site
from console.model.connection import (
    ArmEndpoint,
    ClusterEndpoint,
    ConnectionProfile,
    FleetScope,
    StepState,
    TestStep,
)
from console.model.freshness import FaultCode, Wire

replace = msgspec.structs.replace


class Lab:
    """A running lab and the profile that reaches it."""

    def __init__(self, site: Site, told: dict[str, Any]) -> None:
        self.site = site
        self.profile, self.secrets = profile_of_lab(told)

    @property
    def cluster(self) -> ClusterEndpoint:
        assert self.profile.cluster is not None
        return self.profile.cluster

    @property
    def arm(self) -> ArmEndpoint:
        assert self.profile.arm is not None
        return self.profile.arm

    def with_cluster(self, **changes: Any) -> ConnectionProfile:
        return replace(self.profile, arm=None, cluster=replace(self.cluster, **changes))


@pytest.fixture
def lab() -> Iterator[Lab]:
    with running_lab("small") as (site, told):
        yield Lab(site, told)


async def steps_of(
    profile: ConnectionProfile, secrets: dict[str, str]
) -> dict[tuple[str, str], TestStep]:
    found: list[TestStep] = []
    await SignIns(lambda _: None).test(profile, secrets, found.append)
    return {(step.where, step.title): step for step in found}


def first_failure(steps: dict[tuple[str, str], TestStep], where: str) -> TestStep:
    """The step of this place that failed; all after it were not tried, none before it failed."""
    here = [step for (place, _title), step in steps.items() if place == where]
    states = [step.state for step in here]
    at = states.index(StepState.FAILED)
    assert StepState.FAILED not in states[:at]
    assert set(states[at + 1 :]) <= {StepState.NOT_TRIED}
    return here[at]


async def test_what_works_passes_and_says_what_it_found(lab: Lab) -> None:
    steps = await steps_of(lab.profile, lab.secrets)
    assert {step.state for step in steps.values()} <= {StepState.PASSED, StepState.NOTE}
    assert set(lab.cluster.nodes) | {"Azure"} == {where for where, _title in steps}
    assert "lab-cluster" in steps["Azure", "Clusters"].text


async def test_a_fleet_s_azure_is_tried_like_any_other(lab: Lab) -> None:
    whole = replace(lab.arm, subscription_ids=())
    fleet = replace(lab.profile, arm=None, cluster=None, fleet=FleetScope(lab.profile.id, whole))
    steps = await steps_of(fleet, lab.secrets)
    assert {where for where, _title in steps} == {"Azure"}
    assert {step.state for step in steps.values()} <= {StepState.PASSED, StepState.NOTE}
    assert "lab-cluster" in steps["Azure", "Clusters"].text
    nobody = replace(fleet, fleet=FleetScope(fleet.id, replace(whole, ca_file="")))
    assert first_failure(await steps_of(nobody, lab.secrets), "Azure").title == "Certificate"


TLS_WORDS = {
    "wrong-name": "elsewhere.lab.example",
    "expired": "expired on",
    "not-yet-valid": "not valid yet",
    "untrusted": "not in the chosen CA file",
}


@pytest.mark.parametrize("defect", DEFECTS)
async def test_a_certificate_that_is_wrong_is_refused_on_both_wires(defect: str) -> None:
    """By the test, in words; and by the very clients that work, with nothing sent."""
    with running_lab("small", tls_defect=defect) as (site, told):
        lab = Lab(site, told)
        steps = await steps_of(lab.profile, lab.secrets)
        for where in ("Azure", next(iter(lab.cluster.nodes))):
            failed = first_failure(steps, where)
            assert failed.title == "Certificate"
            assert TLS_WORDS[defect] in failed.text
            assert failed.remedy
        backend = AzureLocalBackend.open(
            SignIns(lambda _: None).arm_connection(lab.arm, lab.secrets),
            cluster_connection(lab.cluster, lab.secrets),
            RealClock(),
        )
        try:
            snapshot = await backend.read_snapshot(frozenset(Wire))
        finally:
            await backend.close()
        for reading in (snapshot.arm, snapshot.cluster_wire):
            assert reading.read_at is None
            assert {fault.code for fault in reading.faults} == {FaultCode.UNTRUSTED_CERTIFICATE}


async def test_a_certificate_that_changed_is_refused_on_both_wires() -> None:
    """Yesterday's lab's authority does not know today's lab."""
    with running_lab("small") as (_, before), running_lab("small") as (site, told):
        told["arm"]["ca_file"] = told["cluster"]["ca_file"] = before["arm"]["ca_file"]
        lab = Lab(site, told)
        steps = await steps_of(lab.profile, lab.secrets)
        for where in ("Azure", next(iter(lab.cluster.nodes))):
            assert first_failure(steps, where).title == "Certificate"


async def test_a_name_that_nobody_knows(lab: Lab) -> None:
    steps = await steps_of(lab.with_cluster(nodes={"N1": "n1.nowhere.invalid"}), lab.secrets)
    failed = first_failure(steps, "N1")
    assert failed.title == "Name"
    assert "n1.nowhere.invalid" in failed.text


async def test_a_port_where_nothing_listens(lab: Lab) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    steps = await steps_of(lab.with_cluster(nodes={"N1": f"127.0.0.1:{port}"}), lab.secrets)
    failed = first_failure(steps, "N1")
    assert failed.title == "Port"
    assert "Nothing listens" in failed.text


async def test_a_port_that_speaks_no_tls(lab: Lab) -> None:
    import threading

    server = socket.create_server(("127.0.0.1", 0))

    def rude() -> None:
        for _ in range(2):
            client, _address = server.accept()
            with client:
                client.recv(100)
                client.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")

    thread = threading.Thread(target=rude, daemon=True)
    thread.start()
    with closing(server):
        address = f"127.0.0.1:{server.getsockname()[1]}"
        steps = await steps_of(lab.with_cluster(nodes={"N1": address}), lab.secrets)
    failed = first_failure(steps, "N1")
    assert failed.title == "Certificate"
    assert "not with TLS" in failed.text
    thread.join(5)


async def test_a_ca_file_that_holds_no_certificate(lab: Lab, tmp_path: Any) -> None:
    (tmp_path / "ca.pem").write_text("hello")
    steps = await steps_of(lab.with_cluster(ca_file=str(tmp_path / "ca.pem")), lab.secrets)
    failed = first_failure(steps, next(iter(lab.cluster.nodes)))
    assert "cannot be read" in failed.text


@pytest.mark.parametrize("auth", ["basic", "negotiate"])
async def test_a_wrong_password(lab: Lab, auth: str) -> None:
    secrets = {"cluster_password": "not this one"}
    steps = await steps_of(lab.with_cluster(auth=auth), secrets)
    failed = first_failure(steps, next(iter(lab.cluster.nodes)))
    assert failed.title == "Sign-in and endpoint"
    assert "user name or password" in failed.text
    assert "not this one" not in str(steps)


async def test_ntlm_works_where_it_is_allowed_and_is_told(lab: Lab) -> None:
    profile = lab.with_cluster(auth="negotiate", allows_ntlm=True)
    steps = await steps_of(profile, lab.secrets)
    assert {step.state for step in steps.values()} <= {StepState.PASSED, StepState.NOTE}
    assert steps["Profile", "NTLM"].state is StepState.NOTE


async def test_an_endpoint_that_is_not_there(lab: Lab) -> None:
    steps = await steps_of(lab.with_cluster(configuration_name="Elsewhere"), lab.secrets)
    failed = first_failure(steps, next(iter(lab.cluster.nodes)))
    assert failed.title == "Sign-in and endpoint"
    assert "no endpoint named Elsewhere" in failed.text


async def test_a_node_that_is_down_does_not_spoil_the_others(lab: Lab) -> None:
    first, second = list(lab.cluster.nodes)[:2]
    lab.site.faults.freeze_node(first)
    steps = await steps_of(lab.with_cluster(), lab.secrets)
    assert first_failure(steps, first).title in ("Certificate", "Port")
    assert steps[second, "Node module"].state is StepState.PASSED


def agent(site: Site, state: str | None) -> Callable[[], None]:
    node = site.nodes["LAB-N1"]
    before = node.igvm_agent
    node.igvm_agent = state

    def back() -> None:
        node.igvm_agent = before

    return back


async def test_what_the_endpoint_lacks_is_named(lab: Lab) -> None:
    back = agent(lab.site, "Stopped")
    try:
        steps = await steps_of(lab.with_cluster(), lab.secrets)
    finally:
        back()
    assert steps["LAB-N1", "Rights"].state is StepState.FAILED
    assert "IgvmAgent" in steps["LAB-N1", "Rights"].text
    assert steps["LAB-N2", "Rights"].state is StepState.PASSED


async def test_another_module_version_is_told(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    from console.backends.azure_local import cluster_test

    monkeypatch.setattr(cluster_test, "module_version", lambda: "99.0")
    steps = await steps_of(lab.with_cluster(), lab.secrets)
    assert steps["LAB-N1", "Node module"].state is StepState.FAILED
    assert "99.0" in steps["LAB-N1", "Node module"].text


async def test_a_token_that_azure_does_not_take(lab: Lab) -> None:
    profile = replace(lab.profile, cluster=None)
    steps = await steps_of(profile, {"arm_token": "not-this-one"})
    failed = first_failure(steps, "Azure")
    assert failed.title == "Sign-in"


async def test_rights_that_are_missing_are_named_with_whom_to_ask(lab: Lab) -> None:
    lab.site.faults.missing_rights.add("Microsoft.AzureStackHCI/virtualMachineInstances/write")
    steps = await steps_of(replace(lab.profile, cluster=None), lab.secrets)
    assert steps["Azure", "Rights"].state is StepState.NOTE
    assert "create VMs" in steps["Azure", "Rights"].text
    assert "role" in steps["Azure", "Rights"].remedy


async def test_a_subscription_that_the_account_does_not_see(lab: Lab) -> None:
    strange = "00000000-0000-4000-8000-000000000009"
    arm = replace(lab.arm, subscription_ids=(strange,))
    steps = await steps_of(replace(lab.profile, arm=arm, cluster=None), lab.secrets)
    assert first_failure(steps, "Azure").title == "Subscriptions"


# -- a custom cloud's own word -----------------------------------------------------------------
async def test_a_custom_endpoint_tells_its_audience_and_sign_in(lab: Lab) -> None:
    found, name = await SignIns(lambda _: None).discover(lab.arm.url, lab.arm.ca_file)
    assert found.authority == lab.arm.url
    assert found.scope == lab.arm.url + "/.default"
    assert name == "TrustedLaunchConsoleLab"
    assert found.sign_in.tenant_id == lab.site.settings.tenant_id


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "", "ftp://x"])
async def test_only_https_is_asked(url: str) -> None:
    with pytest.raises(BackendError):
        await SignIns(lambda _: None).discover(url, "")


async def test_without_its_authority_a_custom_endpoint_is_not_asked(lab: Lab) -> None:
    with pytest.raises(BackendError) as caught:
        await SignIns(lambda _: None).discover(lab.arm.url, "")
    assert caught.value.fault.code is FaultCode.UNTRUSTED_CERTIFICATE


# -- nodes without the module ------------------------------------------------------------------
async def test_a_full_administrator_s_session_brings_the_module(lab: Lab) -> None:
    lab.site.faults.module_is_missing = True
    steps = await steps_of(lab.with_cluster(configuration_name="Microsoft.PowerShell"), lab.secrets)
    assert {step.state for step in steps.values()} <= {StepState.PASSED, StepState.NOTE}
    assert "brings its text" in steps["LAB-N1", "Node module"].text
    assert "JEA kit" in steps["LAB-N1", "Node module"].remedy


async def test_a_constrained_endpoint_gets_no_script_text(lab: Lab) -> None:
    lab.site.faults.module_is_missing = True
    steps = await steps_of(lab.with_cluster(), lab.secrets)
    failed = first_failure(steps, "LAB-N1")
    assert failed.title == "Node module"
    assert "Install the node module" in failed.remedy


async def test_a_whole_reading_works_without_the_module(lab: Lab) -> None:
    lab.site.faults.module_is_missing = True
    cluster = replace(lab.cluster, configuration_name="Microsoft.PowerShell")
    backend = AzureLocalBackend.open(None, cluster_connection(cluster, lab.secrets), RealClock())
    try:
        snapshot = await backend.read_snapshot(frozenset({Wire.CLUSTER}))
    finally:
        await backend.close()
    assert snapshot.cluster_wire.read_at is not None
    assert len(snapshot.vms) > 50
