"""Versions, scopes, unknown routes, request ids, and every disturbance that can be switched on."""

import contextlib
import http.client
import json
import threading
import time
from pathlib import Path

import pytest

from console.lab import arm_server
from console.lab.arm_server.exchange import NEVER_SAID, ArmError, Request, Response
from console.lab.arm_server.server import ArmServer
from console.lab.world.clock import MovableClock
from console.lab.world.site import Site
from tests.unit.lab.arm_server.conftest import VM_API, Client

HCI = "Microsoft.AzureStackHCI"


def test_versions_are_demanded_in_arms_words(client: Client, group: str, site: Site) -> None:
    machines = f"{group}/providers/Microsoft.HybridCompute/machines"
    for path in ("/subscriptions", machines, group, "/nowhere"):
        answer = client.get(path, version="")
        assert (answer.status, answer.code) == (400, "MissingApiVersionParameter")
    answer = client.get(machines, version="2019-01-01")
    assert (answer.status, answer.code) == (400, "NoRegisteredProviderFound")
    assert "2024-07-10, 2025-01-13, 2026-07-15'" in answer.body["error"][
        "message"
    ]  # fmt: skip
    answer = client.get("/subscriptions", version="1999-01-01")
    assert (answer.status, answer.code) == (400, "InvalidApiVersionParameter")
    assert "2022-12-01" in answer.body["error"]["message"]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/", "InvalidResourceType"),
        ("/nowhere/at/all", "InvalidResourceType"),
        ("{sub}/providers/Microsoft.Nobody/things", "InvalidResourceNamespace"),
        ("{group}/providers/Microsoft.AzureStackHCI/things/x", "InvalidResourceType"),
        ("{sub}/providers/Microsoft.AzureStackHCI/virtualMachineInstances", "InvalidResourceType"),
        ("{group}/providers/Microsoft.AzureStackHCI/edgeDevices", "InvalidResourceType"),
        ("{group}/providers/Microsoft.HybridCompute/machines/none", "ResourceNotFound"),
        ("{group}/providers/Microsoft.HybridCompute/machines/none/extensions",
         "ParentResourceNotFound"),
        ("/subscriptions/none/resourcegroups", "SubscriptionNotFound"),
        ("{sub}/resourceGroups/none", "ResourceGroupNotFound"),
        ("{sub}/resourceGroups/none/providers/Microsoft.HybridCompute/machines",
         "ResourceGroupNotFound"),
        ("{sub}/providers/Microsoft.HybridCompute/machines/app-01", "InvalidResourceType"),
        ("{sub}/providers/Microsoft.AzureStackHCI/locations/x/operationStatuses/none",
         "ResourceNotFound"),
        ("/providers/Microsoft.Nobody", "InvalidResourceNamespace"),
    ],
)  # fmt: skip
def test_every_route_is_answered(
    client: Client, site: Site, group: str, path: str, code: str
) -> None:
    sub = f"/subscriptions/{site.settings.subscription_id}"
    version = "2026-04-30" if "edgeDevices" in path else None
    answer = client.get(path.format(sub=sub, group=group), version=version)
    assert (answer.status, answer.code) == (404, code)


def test_methods_that_are_not_there(client: Client, group: str, site: Site) -> None:
    cluster = site.settings.cluster_arm_id
    answer = client.ask("DELETE", cluster, version="2026-04-30")
    assert (answer.status, answer.code) == (405, "MethodNotAllowed")
    assert client.ask("POST", cluster, {}, version="2026-04-30").status == 405
    assert client.ask("PUT", f"{group}/providers/{HCI}/networkInterfaces", {}).status == 405
    assert client.ask("DELETE", group).status == 405
    assert client.ask("HEAD", group).status == 204
    assert client.ask("HEAD", f"{group}/providers/{HCI}/logicalNetworks/none").status == 404


def test_request_ids(client: Client) -> None:
    answer = client.ask(
        "GET", "/subscriptions", x_ms_client_request_id="mine-1",
        x_ms_correlation_request_id="c-2", x_ms_return_client_request_id="true",
    )  # fmt: skip
    assert answer.headers["x-ms-client-request-id"] == "mine-1"
    assert answer.headers["x-ms-correlation-request-id"] == "c-2"
    assert len(answer.headers["x-ms-request-id"]) == 36
    strange = client.ask("GET", "/subscriptions", x_ms_correlation_request_id="a b<c>")
    assert strange.headers["x-ms-correlation-request-id"] == strange.headers["x-ms-request-id"]


def test_directory(client: Client, site: Site, group: str) -> None:
    sub = f"/subscriptions/{site.settings.subscription_id}"
    assert client.get("/tenants").body["value"][0]["tenantId"] == site.settings.tenant_id
    assert client.get(sub).body["displayName"] == "Lab subscription"
    assert [g["name"] for g in client.get(f"{sub}/resourcegroups").body["value"]] == ["rg-lab"]
    assert client.get(group.lower()).body["id"] == group
    everything = client.get(f"{sub}/resources").body["value"]
    assert {"properties"}.isdisjoint(everything[0])
    wanted = "%20".join(("resourceType", "eq", f"'{HCI}/clusters'"))
    found = client.get(f"{group}/resources?$filter={wanted}").body["value"]
    assert [one["name"] for one in found] == ["lab-cluster"]
    assert client.get(f"{sub}/resources?$filter=nonsense").status == 400
    provider = client.get(f"{sub}/providers/microsoft.azurestackhci", version="2021-04-01").body
    assert provider["registrationState"] == "Registered"
    kinds = {one["resourceType"]: one["apiVersions"] for one in provider["resourceTypes"]}
    assert kinds["virtualMachineInstances"] == [VM_API, "2024-01-01"]
    register = f"{sub}/providers/{HCI}/register"
    assert client.ask("POST", register, version="2016-06-01").status == 200


# -- disturbances ------------------------------------------------------------------------------
def test_throttled(client: Client, site: Site) -> None:
    site.faults.arm_throttle(2, retry_after=7)
    first, second, third = (client.get("/subscriptions") for _ in range(3))
    assert [first.status, second.status, third.status] == [429, 429, 200]
    assert (first.code, first.headers["retry-after"]) == ("TooManyRequests", "7")
    assert "retry-after" not in third.headers


@pytest.mark.parametrize(
    ("status", "code"),
    [(403, "AuthorizationFailed"), (409, "Conflict"), (500, "InternalServerError"), (503, None)],
)
def test_one_status_for_everything(
    client: Client, site: Site, status: int, code: str | None
) -> None:
    site.faults.arm_status = status
    answer = client.get("/subscriptions")
    assert answer.status == status
    assert code is None or answer.code == code


def test_down_means_no_answer(client: Client, site: Site) -> None:
    site.faults.arm_down = True
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        client.get("/subscriptions")
    site.faults.arm_down = False
    assert client.get("/subscriptions").status == 200


def test_malformed_answers(client: Client, site: Site) -> None:
    site.faults.malformed_json("arm")
    answer = client.get("/subscriptions")
    assert answer.status == 200
    with pytest.raises(json.JSONDecodeError):
        _ = answer.body
    site.faults.malformed_json("arm", on=False)
    site.faults.malformed_json("cluster")
    assert client.get("/subscriptions").body["value"]


def test_slow_answers_do_not_hold_up_the_end(client: Client, site: Site, server: ArmServer) -> None:
    site.faults.arm_delay_s = 0.3
    started = time.monotonic()
    assert client.get("/subscriptions").status == 200
    assert time.monotonic() - started >= 0.3
    site.faults.arm_delay_s = 60
    waiting = threading.Thread(target=_ask_in_vain, args=(client,))
    waiting.start()
    time.sleep(0.1)
    started = time.monotonic()
    server.stop()
    waiting.join()
    assert time.monotonic() - started < 2


def _ask_in_vain(client: Client) -> None:
    with contextlib.suppress(OSError, http.client.HTTPException):
        client.get("/subscriptions")


def test_the_answer_to_an_act_is_lost_after_it_was_done(
    client: Client, site: Site, group: str
) -> None:
    site.faults.answer_lost_after_act = 1
    assert client.get("/subscriptions").status == 200  # reading loses nothing
    machine = f"{group}/providers/Microsoft.HybridCompute/machines/lost-01"
    body = {"location": "westeurope", "kind": "HCI"}
    refused = client.ask("PUT", machine, {"kind": "HCI"})
    assert refused.status == 400  # nothing was done: told
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        client.ask("PUT", machine, body)
    assert client.get(machine).status == 200
    assert client.ask("PUT", machine, body).status == 200


def test_status_urls_vanish_or_name_another_host(
    client: Client, site: Site, group: str, clock: MovableClock
) -> None:
    disk = f"{group}/providers/{HCI}/virtualHardDisks/d1"
    body = {"location": "westeurope", "properties": {"diskSizeGB": 8, "dynamic": True}}
    status = client.ask("PUT", disk, body).headers["azure-asyncoperation"]
    assert client.get(status).status == 200
    site.faults.status_url_vanishes = True
    assert (client.get(status).status, client.get(status).code) == (404, "ResourceNotFound")
    clock.advance(10)
    site.faults.foreign_status_url = True
    answer = client.ask("DELETE", disk)
    for name in ("azure-asyncoperation", "location"):
        assert answer.headers[name].startswith("https://operations.elsewhere.invalid/")


def test_a_fault_of_the_lab_itself_is_told_and_logged(
    client: Client, site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_args: object) -> None:
        raise LookupError("canary")

    monkeypatch.setattr(site, "list_resources", broken)
    answer = client.get("/subscriptions")
    assert (answer.status, answer.code) == (500, "InternalServerError")
    assert "canary" not in answer.raw.decode()
    assert "canary" in caplog.text


def test_watchers_see_every_exchange(client: Client, server: ArmServer) -> None:
    seen: list[tuple[Request, Response]] = []
    server.watch(lambda request, response: seen.append((request, response)))
    client.get("/subscriptions")
    client.get("/nowhere")
    assert [(one.path, answer.status) for one, answer in seen] == [
        ("/subscriptions", 200),
        ("/nowhere", 404),
    ]


def test_the_code_that_makes_clients_register_is_never_said() -> None:
    with pytest.raises(ValueError, match=NEVER_SAID):
        ArmError(409, NEVER_SAID, "x")
    for file in Path(arm_server.__file__).parent.glob("*.py"):
        text = file.read_text(encoding="utf-8")
        assert text.count(NEVER_SAID) == (1 if file.name == "exchange.py" else 0)
