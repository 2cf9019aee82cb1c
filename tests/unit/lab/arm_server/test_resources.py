"""Resources over HTTPS: read, made, changed, deleted; power, ETags, long-running operations."""

from typing import Any

import pytest

from console.lab.access import LabCredentials
from console.lab.arm_server.server import ArmServer
from console.lab.certificate import ServerCertificate
from console.lab.world import arm_ids
from console.lab.world.clock import MovableClock
from console.lab.world.site import Site
from tests.unit.lab.arm_server.conftest import VM_API, Answer, Client

HCI = "Microsoft.AzureStackHCI"


@pytest.fixture
def machine(group: str) -> str:
    return f"{group}/providers/Microsoft.HybridCompute/machines/new-01"


@pytest.fixture
def instance(machine: str) -> str:
    return f"{machine}/providers/{HCI}/virtualMachineInstances/default"


@pytest.fixture
def app(site: Site) -> str:
    """The instance of a running VM."""
    return site.settings.instance_id(site.settings.resource_id(arm_ids.MACHINES, "app-01"))


def _create(client: Client, machine: str, instance: str, body: dict[str, Any]) -> Answer:
    made = client.ask("PUT", machine, {"location": "westeurope", "kind": "HCI"})
    assert made.status == 200
    return client.ask("PUT", instance, body)


def test_a_vm_is_created_and_followed_to_its_end(
    client: Client, site: Site, clock: MovableClock, machine: str, instance: str,
    new_vm: dict[str, Any],
) -> None:  # fmt: skip
    answer = _create(client, machine, instance, new_vm)
    assert answer.status == 201
    assert answer.body["properties"]["provisioningState"] == "Accepted"
    assert answer.headers["retry-after"] == "1"
    url = answer.headers["azure-asyncoperation"]
    assert url.startswith(f"{client.url}/subscriptions/")
    seen: list[tuple[str, float]] = []
    for _ in range(60):
        status = client.get(url)
        assert status.status == 200
        seen.append((status.body["status"], status.body["percentComplete"]))
        if status.body["status"] != "InProgress":
            break
        assert status.headers["retry-after"] == "1"
        assert status.body["properties"]["phase"]
        clock.advance(0.5)
    assert seen[-1] == ("Succeeded", 100)
    assert [percent for _, percent in seen] == sorted(percent for _, percent in seen)
    body = client.get(instance).body
    assert body["properties"]["status"]["powerState"] == "Running"
    assert body["properties"]["securityProfile"]["securityType"] == "TrustedLaunch"
    vm = site.find_vm("new-01")
    assert vm is not None
    assert body["properties"]["hyperVVmId"] == vm.vm_id
    assert body["properties"]["hostNodeName"] == vm.owner
    listed = client.get(instance.removesuffix("/default")).body["value"]
    assert [one["id"] for one in listed] == [instance]


def test_the_password_is_neither_kept_nor_told(
    client: Client, site: Site, machine: str, instance: str, new_vm: dict[str, Any]
) -> None:
    answer = _create(client, machine, instance, new_vm)
    again = client.get(instance)
    extension = {
        "location": "westeurope",
        "properties": {"protectedSettings": {"Password": "canary-4711-secret"}},
    }
    told = client.ask("PUT", f"{machine}/extensions/join", extension)
    everything = repr(site.resources) + repr(site.operations) + repr(vars(site))
    for text in (answer.raw.decode(), again.raw.decode(), told.raw.decode(), everything):
        assert "canary-4711" not in text
    assert again.body["properties"]["osProfile"]["adminUsername"] == "labadmin"


def test_a_patch_brings_no_password_in_either(
    client: Client, site: Site, app: str, clock: MovableClock
) -> None:
    body = {"properties": {"osProfile": {"computerName": "a", "adminPassword": "canary-4711"}}}
    assert client.ask("PATCH", app, body).status == 202
    assert "canary-4711" not in repr(site.resources)


def test_nobody_writes_what_only_the_provider_says(
    client: Client, clock: MovableClock, machine: str, instance: str, new_vm: dict[str, Any]
) -> None:
    new_vm["properties"] |= {"status": "fine", "hostNodeName": "mine", "provisioningState": 7}
    assert _create(client, machine, instance, new_vm).status == 201
    patch = {"properties": {"status": {"powerState": "Saved"}, "vmId": "mine"}}
    clock.advance(30)
    assert client.ask("PATCH", instance, patch).status == 202
    found = client.get(instance).body["properties"]
    assert found["status"]["powerState"] == "Running"
    assert "mine" not in (found["hostNodeName"], found["vmId"])


def test_security_is_chosen_when_a_vm_is_made(
    client: Client, site: Site, app: str, new_vm: dict[str, Any]
) -> None:
    held = client.get(app).body["properties"]["securityProfile"]
    plain = {"properties": {"securityProfile": {"securityType": "ConfidentialVM"}}}
    assert client.ask("PATCH", app, plain).status == 202  # not among what a PATCH takes
    assert client.get(app).body["properties"]["securityProfile"] == held
    app = app.replace("app-01", "app-02")
    new_vm["properties"]["securityProfile"] = {**held, "enableTPM": False}
    answer = client.ask("PUT", app, new_vm)
    assert (answer.status, answer.code) == (409, "PropertyChangeNotAllowed")
    del new_vm["properties"]["securityProfile"]
    assert client.ask("PUT", app, new_vm).status == 200
    assert client.get(app).body["properties"]["securityProfile"] == held


@pytest.mark.parametrize(
    "subnets",
    [
        [],
        [{"name": "s"}],
        [{"properties": {"ipAllocationMethod": "Static"}}],
        [{"properties": {"ipAllocationMethod": "Static", "addressPrefix": "10.0.0.1/24"}}],
        [{"properties": {"ipAllocationMethod": "Static", "addressPrefix": "10.0.0.0/24",
                         "ipPools": [{"start": "10.0.0.1"}]}}],
    ],
)  # fmt: skip
def test_networks_that_nobody_could_use(client: Client, group: str, subnets: Any) -> None:
    network = f"{group}/providers/{HCI}/logicalNetworks/n1"
    body = {"location": "westeurope", "properties": {"subnets": subnets}}
    answer = client.ask("PUT", network, body)
    assert (answer.status, answer.code) == (400, "InvalidRequest")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"securityProfile": {"securityType": "TrustedLaunch"}}, 200, "InvalidSecurityProfile"),
        ({"storageProfile": {}}, 400, "InvalidRequest"),
        ({"networkProfile": {"networkInterfaces": [{"id": "/none"}]}}, 400, "InvalidRequest"),
        ({"hardwareProfile": {"memoryMB": "much"}}, 400, "InvalidRequestContent"),
        ({"hardwareProfile": {"processors": True}}, 400, "InvalidRequestContent"),
        ({"storageProfile": "here"}, 400, "InvalidRequestContent"),
        ({"networkProfile": {"networkInterfaces": [None]}}, 400, "InvalidRequestContent"),
        ({"networkProfile": {"networkInterfaces": {"id": "x"}}}, 400, "InvalidRequestContent"),
    ],
)
def test_bodies_that_cannot_become_a_vm(
    client: Client, clock: MovableClock, machine: str, instance: str, new_vm: dict[str, Any],
    change: dict[str, Any], status: int, code: str,
) -> None:  # fmt: skip
    new_vm["properties"] |= change
    answer = _create(client, machine, instance, new_vm)
    if status == 200:  # accepted, and the operation tells
        clock.advance(60)
        told = client.get(answer.headers["azure-asyncoperation"])
        assert (told.status, told.body["status"], told.code) == (200, "Failed", code)
        assert client.get(instance).body["properties"]["provisioningState"] == "Failed"
    else:
        assert (answer.status, answer.code) == (status, code)
        assert client.get(instance).status == 404


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"7", b"\xff", b'{"a": NaN}', b"[" * 9999])
def test_no_json_object(client: Client, machine: str, content: bytes) -> None:
    answer = client.ask("PUT", machine, content)
    assert (answer.status, answer.code) == (400, "InvalidRequestContent")


def test_an_instance_needs_its_machine_and_its_name(
    client: Client, machine: str, instance: str, new_vm: dict[str, Any]
) -> None:
    answer = client.ask("PUT", instance, new_vm)
    assert (answer.status, answer.code) == (404, "ParentResourceNotFound")
    client.ask("PUT", machine, {"location": "westeurope"})
    answer = client.ask("PUT", instance.replace("default", "other"), new_vm)
    assert (answer.status, answer.code) == (400, "InvalidResourceName")


def test_places_and_names_of_machines(client: Client, machine: str) -> None:
    assert client.ask("PUT", machine, {}).code == "LocationRequired"
    assert client.ask("PUT", machine, {"location": "West Europe"}).status == 200
    moved = client.ask("PUT", machine, {"location": "eastus"})
    assert (moved.status, moved.code) == (409, "InvalidResourceLocation")
    strange = client.ask("PUT", machine[:-6] + "a%20b", {"location": "westeurope"})
    assert (strange.status, strange.code) == (400, "InvalidResourceName")


def test_ids_are_spelled_by_the_provider_and_found_in_any_case(
    client: Client, site: Site, machine: str
) -> None:
    lower = machine.lower().replace("new-01", "New-01")
    made = client.ask("PUT", lower, {"location": "westeurope"})
    assert made.body["id"] == machine.replace("new-01", "New-01")
    assert made.body["type"] == "Microsoft.HybridCompute/machines"
    assert client.get(machine.upper(), version="2026-07-15").body["id"] == made.body["id"]
    doubled = machine.replace("/providers", "//providers")
    assert client.get(doubled).status == 200


def test_etags(client: Client, machine: str) -> None:
    body = {"location": "westeurope", "tags": {"n": "1"}}
    assert client.ask("PUT", machine, body, If_Match="*").code == "PreconditionFailed"
    made = client.ask("PUT", machine, body, If_None_Match="*")
    assert made.status == 200
    again = client.ask("PUT", machine, body, If_None_Match="*")
    assert (again.status, again.code) == (412, "PreconditionFailed")
    etag = client.get(machine).headers["etag"]
    assert etag == made.headers["etag"]
    assert client.ask("PATCH", machine, {"tags": {"n": "2"}}, If_Match=etag).status == 200
    stale = client.ask("PATCH", machine, {"tags": {"n": "3"}}, If_Match=etag)
    assert (stale.status, stale.code) == (412, "PreconditionFailed")
    assert client.ask("DELETE", machine, If_Match=etag).status == 412
    assert client.get(machine).body["tags"] == {"n": "2"}


@pytest.mark.parametrize(
    ("action", "word"), [("stop", "Stopped"), ("pause", "Paused"), ("save", "Saved")]
)
def test_power(client: Client, clock: MovableClock, app: str, action: str, word: str) -> None:
    answer = client.ask("POST", f"{app}/{action}", version=VM_API)
    assert (answer.status, answer.raw) == (202, b"")
    status, location = answer.headers["azure-asyncoperation"], answer.headers["location"]
    waiting = client.get(location)
    assert (waiting.status, waiting.headers["location"].partition("?")[0]) == (
        202, location.partition("?")[0],
    )  # fmt: skip
    busy = client.ask("POST", f"{app}/stop", version=VM_API)
    assert (busy.status, busy.code) == (409, "ConflictingOperation")
    clock.advance(10)
    assert client.get(status).body["status"] == "Succeeded"
    assert "endTime" in client.get(status).body
    assert client.get(location).status == 204
    assert client.get(app).body["properties"]["status"]["powerState"] == word
    again = client.ask("POST", f"{app}/{action}", version=VM_API)
    assert (again.status, again.code) == (409, "InvalidState")


def test_actions_that_are_not_there(client: Client, app: str) -> None:
    assert client.ask("POST", f"{app}/explode", version=VM_API).status == 404
    assert client.ask("POST", f"{app}/pause", version="2024-01-01").status == 404
    unnamed = app.removesuffix("/default") + "/start"
    assert client.ask("POST", unnamed, version=VM_API).status == 405
    missing = app.replace("app-01", "none")
    assert client.ask("POST", f"{missing}/start", version=VM_API).code == "ResourceNotFound"


def test_delete_to_its_end_and_once_more(
    client: Client, site: Site, clock: MovableClock, app: str
) -> None:
    machine = app.partition("/providers/Microsoft.AzureStackHCI")[0]
    held = client.ask("DELETE", machine)
    assert (held.status, held.code) == (409, "CannotDeleteResource")
    answer = client.ask("DELETE", app)
    assert answer.status == 202
    assert client.get(app).body["properties"]["provisioningState"] == "Deleting"
    clock.advance(10)
    assert client.get(answer.headers["azure-asyncoperation"]).body["status"] == "Succeeded"
    assert client.get(answer.headers["location"]).status == 204
    assert client.get(app).status == 404
    assert client.ask("DELETE", app).status == 204
    assert site.find_vm("app-01") is None


def test_a_failed_result_is_told_as_an_error(
    client: Client, site: Site, clock: MovableClock, group: str
) -> None:
    site.faults.image_download_fails = True
    image = f"{group}/providers/{HCI}/marketplaceGalleryImages/i1"
    body = {"location": "westeurope", "properties": {"osType": "Windows"}}
    answer = client.ask("PUT", image, body)
    clock.advance(60)
    status = answer.headers["azure-asyncoperation"]
    assert client.get(status).body["error"]["code"] == "DownloadFailed"
    result = client.get(status.replace("operationStatuses", "operationResults"))
    assert (result.status, result.code) == (409, "DownloadFailed")


def test_the_stable_version_knows_less(client: Client, app: str) -> None:
    new = client.get(app).body["properties"]
    old = client.get(app, version="2024-01-01").body["properties"]
    assert set(new) - set(old) == {"hostNodeName", "hyperVVmId"}
    assert set(old) <= set(new)
    attestation = f"{app}/attestationStatus/default"
    assert client.get(attestation, version="2024-01-01").status == 400
    assert client.get(attestation).body["properties"]["attestSecureBootEnabled"] == "Enabled"


def test_derived_resources(client: Client, site: Site, app: str) -> None:
    metadata = client.get(f"{app}/hybridIdentityMetadata").body["value"]
    assert [one["id"] for one in metadata] == [f"{app}/hybridIdentityMetadata/default"]
    assert client.get(f"{app}/guestAgents/default").body["properties"]["status"] == "Connected"
    assert client.get(f"{app}/guestAgents/other").status == 404
    cluster = site.settings.cluster_arm_id
    summary = client.get(f"{cluster}/updateSummaries/default", version="2026-04-30").body
    assert summary["properties"]["currentVersion"] == site.settings.release
    site.faults.node_down("LAB-N2")
    arc = client.get(f"{cluster}/arcSettings/default", version="2026-04-30").body["properties"]
    states = {one["name"]: one["state"] for one in arc["perNodeDetails"]}
    assert states["LAB-N2"] == "Disconnected"
    assert arc["aggregateState"] == "PartiallyConnected"
    node = site.settings.resource_id(arm_ids.MACHINES, "LAB-N2")
    devices = client.get(f"{node}/providers/{HCI}/edgeDevices", version="2026-10-01").body["value"]
    assert [one["properties"]["reportedProperties"]["deviceState"] for one in devices] == [
        "Disconnected"
    ]
    kinds = client.get(f"{site.settings.custom_location_id}/enabledResourceTypes").body["value"]
    assert kinds[0]["properties"]["typesMetadata"][0]["resourceType"] == "virtualMachineInstances"


def test_retry_after_below_a_second(site: Site, certificate: ServerCertificate, group: str) -> None:
    server = ArmServer(site, certificate, LabCredentials(token="right"), retry_after_s=0.2)
    server.start()
    try:
        client = Client(server, certificate, "right")
        disk = f"{group}/providers/{HCI}/virtualHardDisks/d1"
        body = {"location": "westeurope", "properties": {"diskSizeGB": 8}}
        answer = client.ask("PUT", disk, body)
        client.connection.close()
    finally:
        server.stop()
    assert answer.headers["retry-after-ms"] == "200"
    assert "retry-after" not in answer.headers
