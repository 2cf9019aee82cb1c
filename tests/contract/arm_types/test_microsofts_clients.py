"""Microsoft's own asynchronous clients against the server: TLS, polling, paging, failure."""

import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
    ServiceRequestError,
)
from azure.mgmt.azurestackhci.aio import AzureStackHCIClient
from azure.mgmt.azurestackhcivm import models
from azure.mgmt.azurestackhcivm.aio import AzureStackHCIVmClient
from azure.mgmt.extendedlocation.aio import CustomLocations
from azure.mgmt.hybridcompute.aio import HybridComputeManagementClient
from azure.mgmt.resourcegraph.aio import ResourceGraphClient
from azure.mgmt.resourcegraph.models import QueryRequest, QueryRequestOptions

from console.lab.arm_server.resource_graph import known_queries
from console.lab.world import arm_ids
from console.lab.world.clock import RealClock
from tests.contract.arm_types.conftest import Judged, MakeJudged


class Token:
    def __init__(self, token: str = "right") -> None:
        self._token = token

    async def get_token(self, *scopes: str, **_options: Any) -> AccessToken:
        assert all(scope.startswith("https://127.0.0.1:") for scope in scopes)
        return AccessToken(self._token, int(time.time()) + 3600)

    async def close(self) -> None:
        return None

    async def __aenter__(self) -> "Token":
        return self

    async def __aexit__(self, *_details: object) -> None:
        return None


@pytest.fixture
def lab(judged: MakeJudged) -> Iterator[Judged]:
    """Time runs 100 times as fast, and clients are asked to look every 20 ms."""
    with judged("small", RealClock(100.0), retry_after_s=0.02) as lab:
        yield lab


@contextlib.asynccontextmanager
async def _client(kind: Any, lab: Judged, token: str = "right", **more: Any) -> AsyncIterator[Any]:
    url = lab.server.url
    options = {
        "base_url": url, "credential_scopes": [f"{url}/.default"],
        "connection_verify": str(lab.ca_file), "use_env_settings": False,
        "polling_interval": 1, **more,
    }  # fmt: skip
    subscription = () if kind is ResourceGraphClient else (lab.site.settings.subscription_id,)
    async with kind(Token(token), *subscription, **options) as client:
        yield client


def _vm(lab: Judged, nic: str, *, vtpm: bool = True) -> models.VirtualMachineInstance:
    settings = lab.site.settings
    image = settings.resource_id(arm_ids.MARKET_IMAGES, "win11-22h2-avd-01")
    return models.VirtualMachineInstance(
        extended_location=models.ExtendedLocation(
            name=settings.custom_location_id, type="CustomLocation"
        ),
        properties=models.VirtualMachineInstanceProperties(
            hardware_profile=models.VirtualMachineInstancePropertiesHardwareProfile(
                vm_size="Custom", processors=4, memory_mb=8192
            ),
            security_profile=models.VirtualMachineInstancePropertiesSecurityProfile(
                security_type="TrustedLaunch",
                enable_tpm=vtpm,
                uefi_settings=models.VirtualMachineInstancePropertiesSecurityProfileUefiSettings(
                    secure_boot_enabled=True
                ),
            ),
            os_profile=models.VirtualMachineInstancePropertiesOsProfile(
                admin_username="labadmin", admin_password="canary-4711", computer_name="new-01"
            ),
            storage_profile=models.VirtualMachineInstancePropertiesStorageProfile(
                image_reference=(models.ImageArmReference(id=image))
            ),
            network_profile=models.VirtualMachineInstancePropertiesNetworkProfile(
                network_interfaces=[models.NetworkInterfaceArmReference(id=nic)]
            ),
        ),
    )


async def _machine(lab: Judged, client: Any, name: str = "new-01") -> str:
    made = await client.machines.create_or_update(
        "rg-lab", name, {"location": "westeurope", "kind": "HCI",
                         "identity": {"type": "SystemAssigned"}},
    )  # fmt: skip
    assert made.identity.principal_id
    return str(made.id)


async def _nic(lab: Judged, client: Any) -> str:
    network = lab.site.settings.resource_id(arm_ids.NETWORKS, "lnet-servers-vlan110")
    poller = await client.network_interfaces.begin_create_or_update(
        "rg-lab", "new-01-nic",
        {"location": "westeurope", "properties": {"ipConfigurations": [
            {"name": "ip", "properties": {"subnet": {"id": network}}}]}},
    )  # fmt: skip
    made = await poller.result()
    assert made.properties.ip_configurations[0].properties.private_ip_address.startswith("10.110.")
    return str(made.id)


async def test_a_trusted_launch_vm_from_first_to_last(lab: Judged) -> None:
    async with (
        _client(HybridComputeManagementClient, lab) as hybrid,
        _client(AzureStackHCIVmClient, lab) as client,
    ):
        machine = await _machine(lab, hybrid)
        nic = await _nic(lab, client)
        vms = client.virtual_machine_instances
        poller = await vms.begin_create_or_update(machine[1:], _vm(lab, nic))
        assert poller.status() == "InProgress"
        made = await poller.result()
        assert made.properties.security_profile.security_type == "TrustedLaunch"
        assert made.properties.status.power_state == models.PowerStateEnum.RUNNING
        assert made.properties.os_profile.admin_password is None
        vm = lab.site.find_vm("new-01")
        assert vm is not None
        assert (vm.isolation, vm.secure_boot, vm.vtpm) == ("TrustedLaunch", True, True)
        assert made.properties.host_node_name == vm.owner
        listed = [one async for one in vms.list(machine[1:])]
        assert [one.id for one in listed] == [made.id]
        for action, word in (
            (vms.begin_pause, "Paused"), (vms.begin_start, "Running"), (vms.begin_save, "Saved"),
            (vms.begin_start, "Running"), (vms.begin_restart, "Running"),
            (vms.begin_stop, "Stopped"),
        ):  # fmt: skip
            await (await action(machine[1:])).result()
            assert (await vms.get(machine[1:])).properties.status.power_state == word
        attested = await client.attestation_statuses.get(machine[1:])
        assert attested.properties.boot_integrity_validated == "Unknown"
        await (await vms.begin_delete(machine[1:])).result()
        with pytest.raises(ResourceNotFoundError):
            await vms.get(machine[1:])
        assert (await (await vms.begin_delete(machine[1:])).result()) is None
        await (await hybrid.machines.begin_delete("rg-lab", "new-01")).result()
        assert lab.site.find_vm("new-01") is None
        acts = ("pause", "save", "restart", "stop")
        assert [lab.site.counters[f"{act}:{vm.vm_id}"] for act in acts] == [1, 1, 1, 1]


async def test_failure_is_the_operations_own_word(lab: Judged) -> None:
    lab.site.faults.creation_fails_at("Provisioning")
    async with (
        _client(HybridComputeManagementClient, lab) as hybrid,
        _client(AzureStackHCIVmClient, lab) as client,
    ):
        machine = await _machine(lab, hybrid)
        nic = await _nic(lab, client)
        vms = client.virtual_machine_instances
        poller = await vms.begin_create_or_update(machine[1:], _vm(lab, nic))
        with pytest.raises(HttpResponseError) as failure:
            await poller.result()
        assert failure.value.error is not None
        assert failure.value.error.code == "ProvisioningFailed"
        assert failure.value.status_code == 200
        halved = (await _machine(lab, hybrid, "new-02"))[1:]
        poller = await vms.begin_create_or_update(halved, _vm(lab, nic, vtpm=False))
        with pytest.raises(HttpResponseError, match="InvalidSecurityProfile"):
            await poller.result()
        for uri in (machine[1:], halved):
            assert (await vms.get(uri)).properties.provisioning_state == "Failed"


async def test_refusals_arrive_as_the_right_exceptions(lab: Judged) -> None:
    machine = lab.site.settings.resource_id(arm_ids.MACHINES, "app-01")[1:]
    async with _client(AzureStackHCIVmClient, lab, retry_total=0) as client:
        vms = client.virtual_machine_instances
        stopping = await vms.begin_stop(machine, polling=False)
        with pytest.raises(ResourceExistsError, match="ConflictingOperation"):
            await vms.begin_restart(machine)
        assert stopping is not None
        with pytest.raises(ResourceNotFoundError, match="ResourceNotFound"):
            await vms.get(machine.replace("app-01", "none"))
        lab.site.faults.arm_throttle(1, retry_after=1)
        with pytest.raises(HttpResponseError, match="TooManyRequests"):
            await vms.get(machine)
        lab.site.faults.arm_status = 403
        with pytest.raises(HttpResponseError, match="AuthorizationFailed"):
            await vms.get(machine)
        lab.site.faults.arm_status = None
    async with _client(AzureStackHCIVmClient, lab, token="wrong") as client:
        with pytest.raises(ClientAuthenticationError, match="InvalidAuthenticationToken"):
            await client.virtual_machine_instances.get(machine)
    stranger = _client(AzureStackHCIVmClient, lab, connection_verify=True, retry_total=0)
    async with stranger as client:
        with pytest.raises(ServiceRequestError, match="certificate"):
            await client.virtual_machine_instances.get(machine)


async def test_throttled_reads_are_tried_again_by_the_client(lab: Judged) -> None:
    lab.site.faults.arm_throttle(1, retry_after=1)
    started = time.monotonic()
    async with _client(AzureStackHCIVmClient, lab) as client:
        machine = lab.site.settings.resource_id(arm_ids.MACHINES, "app-01")[1:]
        assert (await client.virtual_machine_instances.get(machine)).name == "default"
    assert 1 <= time.monotonic() - started < 4


async def test_pages_join(lab: Judged) -> None:
    for number in range(230):
        machine = lab.site.settings.resource_id(arm_ids.MACHINES, f"more-{number:03d}")
        lab.site.put_resource(machine, arm_ids.MACHINES, {"location": "westeurope"})
    pages = 0
    names: list[str] = []
    async with _client(HybridComputeManagementClient, lab) as client:
        async for page in client.machines.list_by_subscription().by_page():
            pages += 1
            names += [one.name async for one in page]
    there = [one for one in lab.site.resources.values() if one.type == arm_ids.MACHINES]
    assert pages == 3
    assert sorted(names) == sorted(str(one.body["name"]) for one in there)


async def test_clusters_nodes_and_custom_locations(lab: Judged) -> None:
    settings = lab.site.settings
    async with _client(AzureStackHCIClient, lab) as client:
        clusters = [one async for one in client.clusters.list_by_subscription()]
        nodes = clusters[0].properties.reported_properties.nodes
        assert [node.name for node in nodes] == list(lab.site.nodes)
        arc = await client.arc_settings.get("rg-lab", settings.cluster_name, "default")
        assert {one.state for one in arc.properties.per_node_details} == {"Connected"}
        node = settings.resource_id(arm_ids.MACHINES, "LAB-N1")[1:]
        devices = [one async for one in client.edge_devices.list(node)]
        assert devices[0].properties.reported_properties.device_state == "Connected"
        summary = await client.update_summaries.get("rg-lab", settings.cluster_name)
        assert summary.properties.current_version == settings.release
    async with _client(CustomLocations, lab) as client:
        found = [one async for one in client.custom_locations.list_by_subscription()]
        assert [one.id for one in found] == [settings.custom_location_id]


async def test_the_graph_page_by_page(lab: Judged) -> None:
    query = next(text for text, name in known_queries().items() if name == "virtual_machines")
    rows: list[dict[str, Any]] = []
    token = None
    async with _client(ResourceGraphClient, lab) as client:
        while True:
            options = QueryRequestOptions(top=20, skip_token=token, result_format="objectArray")
            answer = await client.resources(QueryRequest(query=query, options=options))
            rows += answer.data
            token = answer.skip_token
            if not token:
                break
    vms = {row["properties"]["hyperVVmId"] for row in rows if row["properties"]}
    assert vms == set(lab.site.vm_of_instance.values())


async def test_an_operation_goes_on_from_its_token(lab: Judged) -> None:
    async with _client(AzureStackHCIVmClient, lab) as client:
        vms = client.virtual_machine_instances
        machine = lab.site.settings.resource_id(arm_ids.MACHINES, "app-01")[1:]
        token = (await vms.begin_stop(machine)).continuation_token()
    async with _client(AzureStackHCIVmClient, lab) as client:
        vms = client.virtual_machine_instances
        await (await vms.begin_stop(machine, continuation_token=token)).result()
        assert (await vms.get(machine)).properties.status.power_state == "Stopped"
    vm = lab.site.find_vm("app-01")
    assert vm is not None
    assert lab.site.counters[f"stop:{vm.vm_id}"] == 1
