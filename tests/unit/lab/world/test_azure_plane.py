from collections.abc import Callable
from typing import Any

import pytest

from console.lab.world import arm_ids
from console.lab.world.bodies import properties_of
from console.lab.world.creation import PHASES
from console.lab.world.errors import WorldError
from console.lab.world.site import Site
from console.lab.world.state import ArmOperation, ArmResource, WorldVm

PassTime = Callable[[float], None]
TRUSTED = {
    "securityType": "TrustedLaunch",
    "enableTPM": True,
    "uefiSettings": {"secureBootEnabled": True},
}


def _id(site: Site, type_: str, name: str) -> str:
    return site.settings.resource_id(type_, name)


def _location(site: Site) -> dict[str, str]:
    return {"type": "CustomLocation", "name": site.settings.custom_location_id}


def put_interface(site: Site, name: str, address: str = "") -> tuple[ArmResource, ArmOperation]:
    configuration: dict[str, Any] = {
        "subnet": {"id": _id(site, arm_ids.NETWORKS, "lnet-servers-vlan110")}
    }
    if address:
        configuration["privateIPAddress"] = address
    body = {
        "location": "westeurope",
        "extendedLocation": _location(site),
        "properties": {"ipConfigurations": [{"name": "one", "properties": configuration}]},
    }
    made, operation = site.put_resource(
        _id(site, arm_ids.INTERFACES, name), arm_ids.INTERFACES, body
    )
    assert operation is not None
    return made, operation


def instance_body(site: Site, nic_id: str, security: object = TRUSTED) -> dict[str, Any]:
    image = _id(site, arm_ids.MARKET_IMAGES, "ws2022-azure-edition-hotpatch-01")
    properties: dict[str, Any] = {
        "hardwareProfile": {"vmSize": "Custom", "processors": 4, "memoryMB": 8192},
        "osProfile": {"computerName": "new", "adminUsername": "a", "adminPassword": "canary"},
        "storageProfile": {
            "imageReference": {"id": image},
            "vmConfigStoragePathId": _id(site, arm_ids.CONTAINERS, "user-storage-2"),
        },
        "networkProfile": {"networkInterfaces": [{"id": nic_id}]},
    }
    if security is not None:
        properties["securityProfile"] = security
    return {"extendedLocation": _location(site), "properties": properties}


def create(site: Site, pass_time: PassTime, security: object = TRUSTED) -> ArmOperation:
    """Machine, interface and instance ``new-01``; returns the instance's running operation."""
    machine = _id(site, arm_ids.MACHINES, "new-01")
    site.put_resource(machine, arm_ids.MACHINES, {"location": "westeurope", "kind": "HCI"})
    nic, _ = put_interface(site, "new-01-nic")
    pass_time(5)
    body = instance_body(site, nic.id, security)
    _, operation = site.put_resource(site.settings.instance_id(machine), arm_ids.INSTANCES, body)
    assert operation is not None
    return operation


def instance_of(site: Site, name: str = "new-01") -> dict[str, Any]:
    found = site.get_resource(site.settings.instance_id(_id(site, arm_ids.MACHINES, name)))
    assert found is not None
    return properties_of(found.body)


def new_vm(site: Site) -> WorldVm:
    vm = site.find_vm("new-01")
    assert vm is not None
    return vm


def test_creation_goes_through_its_phases_to_a_running_trusted_launch_vm(
    site: Site, pass_time: PassTime
) -> None:
    free = {name: site.free_mib(name) for name in site.nodes}
    operation = create(site, pass_time)
    assert instance_of(site)["provisioningState"] == "Accepted"
    phases, percents = [], []
    while operation.status == "InProgress":
        phases.append(operation.phase)
        percents.append(operation.percent)
        if operation.phase in ("Placing", "DiskCopy"):
            assert site.find_vm("new-01") is None
        pass_time(0.1)
    assert list(dict.fromkeys(phases)) == [name for name, _ in PHASES]
    assert percents == sorted(percents)
    assert percents[-1] <= 99
    assert (operation.status, operation.percent, operation.error) == ("Succeeded", 100, None)
    assert 10 < operation.ends_at - operation.started_at < 14
    vm, body = new_vm(site), instance_of(site)
    assert (vm.state, vm.isolation, vm.secure_boot, vm.vtpm) == (
        "Running", "TrustedLaunch", True, True,
    )  # fmt: skip
    assert vm.tpm_state.endswith(".1")
    assert vm.owner == max(free, key=lambda name: free[name])
    assert site.free_mib(vm.owner) == free[vm.owner] - 8192
    assert (body["provisioningState"], body["hyperVVmId"]) == ("Succeeded", vm.vm_id)
    assert (body["hostNodeName"], body["status"]["powerState"]) == (vm.owner, "Running")
    assert vm.addresses == ("10.110.0.20",)
    assert "canary" not in repr(site.resources)


@pytest.mark.parametrize("phase", [name for name, _ in PHASES])
def test_creation_fails_at_the_phase_it_is_told(
    site: Site, pass_time: PassTime, phase: str
) -> None:
    site.faults.creation_fails_at(phase)
    operation = create(site, pass_time)
    pass_time(60)
    assert (operation.status, operation.phase) == ("Failed", phase)
    assert operation.error is not None
    assert operation.error[0] == f"{phase}Failed"
    body = instance_of(site)
    assert body["provisioningState"] == "Failed"
    assert body["status"]["errorCode"] == f"{phase}Failed"
    assert (site.find_vm("new-01") is None) == (phase in ("Accepted", "Placing", "DiskCopy"))
    assert site.promised == {}


@pytest.mark.parametrize(
    "half",
    [
        {"securityType": "TrustedLaunch"},
        {"securityType": "TrustedLaunch", "enableTPM": True},
        {"securityType": "TrustedLaunch", "uefiSettings": {"secureBootEnabled": True}},
    ],
)
def test_trusted_launch_by_halves_fails(site: Site, pass_time: PassTime, half: object) -> None:
    operation = create(site, pass_time, half)
    pass_time(60)
    assert operation.error is not None
    assert operation.error[0] == "InvalidSecurityProfile"
    assert site.find_vm("new-01") is None


@pytest.mark.parametrize(
    "profile", [None, {"enableTPM": True, "uefiSettings": {"secureBootEnabled": True}}]
)
def test_without_a_security_type_it_becomes_a_standard_vm(
    site: Site, pass_time: PassTime, profile: object
) -> None:
    create(site, pass_time, profile)
    pass_time(60)
    vm = new_vm(site)
    assert (vm.state, vm.isolation, vm.vtpm) == ("Running", "Disabled", profile is not None)


def test_security_can_be_dropped_by_a_fault(site: Site, pass_time: PassTime) -> None:
    site.faults.drop_security_on_create = True
    operation = create(site, pass_time)
    pass_time(60)
    assert operation.status == "Succeeded"
    assert (new_vm(site).isolation, new_vm(site).vtpm) == ("Disabled", False)
    assert "securityProfile" not in instance_of(site)


def test_no_node_with_room_or_agent_or_placement(site: Site, pass_time: PassTime) -> None:
    for name in ("LAB-N1", "LAB-N2"):
        site.faults.igvm_agent(name, None)
    site.set_azure_placement("LAB-N3", False)
    site.nodes["LAB-N4"].memory_mib -= site.free_mib("LAB-N4") - 4096
    operation = create(site, pass_time)
    pass_time(60)
    assert operation.error is not None
    assert operation.error[0] == "InsufficientResources"


def test_unsupported_image_and_missing_references(site: Site, pass_time: PassTime) -> None:
    machine = _id(site, arm_ids.MACHINES, "new-01")
    instance = site.settings.instance_id(machine)
    nic, _ = put_interface(site, "n")
    with pytest.raises(WorldError, match="ParentResourceNotFound"):
        site.put_resource(instance, arm_ids.INSTANCES, instance_body(site, nic.id))
    site.put_resource(machine, arm_ids.MACHINES, {"location": "westeurope", "kind": "HCI"})
    with pytest.raises(WorldError, match=r"networkInterfaces\[0\].id: is InProgress") as caught:
        site.put_resource(instance, arm_ids.INSTANCES, instance_body(site, nic.id))
    assert caught.value.status == 400
    pass_time(5)
    body = instance_body(site, nic.id)
    body["properties"]["storageProfile"]["imageReference"]["id"] = "/nowhere"
    with pytest.raises(WorldError, match=r"imageReference\.id: '/nowhere' does not exist"):
        site.put_resource(instance, arm_ids.INSTANCES, body)
    assert instance.lower() not in site.resources
    custom = _id(site, arm_ids.CUSTOM_IMAGES, "golden-ws2022-custom")
    body["properties"]["storageProfile"]["imageReference"]["id"] = custom
    _, operation = site.put_resource(instance, arm_ids.INSTANCES, body)
    pass_time(30)
    assert operation is not None
    assert operation.error is not None
    assert operation.error[0] == "UnsupportedImage"


def test_power_takes_its_time_and_azure_says_so(site: Site, pass_time: PassTime) -> None:
    vm = next(v for v in site.vms.values() if v.name == "app-01")
    instance, boots = site.instance_of_vm[vm.vm_id], int(vm.tpm_state.split(".")[1])

    def run(action: str, via: str, state: str, word: str) -> None:
        operation = site.act(instance, action)
        assert (vm.state, operation.status) == (via, "InProgress")
        with pytest.raises(WorldError, match="ConflictingOperation"):
            site.act(instance, action)
        pass_time(10)
        assert (vm.state, operation.status) == (state, "Succeeded")
        assert instance_of(site, "app-01")["status"]["powerState"] == word

    run("stop", "Stopping", "Off", "Stopped")
    assert vm.group_state == "Offline"
    with pytest.raises(WorldError, match="InvalidState"):
        site.act(instance, "save")
    run("start", "Starting", "Running", "Running")
    assert vm.heartbeat == "OkApplicationsHealthy"
    run("pause", "Pausing", "Paused", "Paused")
    run("start", "Resuming", "Running", "Running")
    run("save", "Saving", "Saved", "Saved")
    run("start", "Starting", "Running", "Running")
    assert int(vm.tpm_state.split(".")[1]) == boots + 1  # only the start from off was a boot
    run("restart", "Stopping", "Running", "Running")
    assert int(vm.tpm_state.split(".")[1]) == boots + 2


def test_power_and_migration_exclude_each_other(site: Site, pass_time: PassTime) -> None:
    vm = next(v for v in site.vms_on("LAB-N1") if v.state == "Running" and v.vtpm)
    site.start_migration(vm.vm_id, "LAB-N4", "LAB-N1", "op")
    with pytest.raises(WorldError, match="ConflictingOperation"):
        site.act(site.instance_of_vm[vm.vm_id], "stop")
    with pytest.raises(WorldError, match="ConflictingOperation"):
        site.delete_resource(site.instance_of_vm[vm.vm_id])


def test_delete_instance_then_machine_then_interface(site: Site, pass_time: PassTime) -> None:
    create(site, pass_time)
    pass_time(60)
    vm, machine = new_vm(site), _id(site, arm_ids.MACHINES, "new-01")
    instance = site.settings.instance_id(machine)
    nic = _id(site, arm_ids.INTERFACES, "new-01-nic")
    with pytest.raises(WorldError, match="CannotDeleteResource"):
        site.delete_resource(machine)
    with pytest.raises(WorldError, match="InUse"):
        site.delete_resource(nic)
    operation = site.delete_resource(instance)
    assert operation is not None
    assert instance_of(site)["provisioningState"] == "Deleting"
    pass_time(10)
    assert operation.status == "Succeeded"
    assert vm.vm_id not in site.vms
    assert site.get_resource(instance) is None
    assert site.delete_resource(instance) is None
    for arm_id in (machine, nic):
        site.delete_resource(arm_id)
    pass_time(10)
    assert site.get_resource(machine) is None
    assert site.get_resource(nic) is None


def test_image_download_progress_version_space_and_failure(site: Site, pass_time: PassTime) -> None:
    arm_id = _id(site, arm_ids.MARKET_IMAGES, "fresh")
    container = _id(site, arm_ids.CONTAINERS, "user-storage-3")
    body = {
        "location": "westeurope",
        "extendedLocation": _location(site),
        "properties": {
            "osType": "Windows",
            "containerId": container,
            "identifier": {
                "publisher": "microsoftwindowsdesktop",
                "offer": "windows11preview",
                "sku": "win11-22h2-avd-m365",
            },
        },
    }

    def available() -> int:
        found: int = properties_of(site.resources[container.lower()].body)["status"][
            "availableSizeMB"
        ]
        return found

    def image() -> dict[str, Any]:
        found = site.get_resource(arm_id)
        assert found is not None
        return properties_of(found.body)

    before = available()
    _, operation = site.put_resource(arm_id, arm_ids.MARKET_IMAGES, body)
    assert operation is not None
    seen = []
    while operation.status == "InProgress":
        pass_time(1)
        seen.append(image()["status"]["progressPercentage"])
    assert seen == sorted(seen)
    assert len(set(seen)) > 10
    assert 19 <= operation.ends_at - operation.started_at <= 21
    assert image()["provisioningState"] == "Succeeded"
    assert image()["version"]["name"] == "22621.382.220810"
    assert image()["status"]["downloadStatus"]["downloadSizeInMB"] == before - available() > 0
    site.faults.image_download_fails = True
    _, failing = site.put_resource(arm_id + "-2", arm_ids.MARKET_IMAGES, body)
    pass_time(30)
    assert failing is not None
    assert failing.error is not None
    assert failing.error[0] == "DownloadFailed"


def test_a_full_storage_path_says_so(site: Site, pass_time: PassTime) -> None:
    container = _id(site, arm_ids.CONTAINERS, "user-storage-3")
    body = {
        "location": "westeurope",
        "properties": {"diskSizeGB": 4000, "dynamic": False, "containerId": container},
    }
    disk = _id(site, arm_ids.DISKS, "huge")
    _, operation = site.put_resource(disk, arm_ids.DISKS, body)
    pass_time(5)
    assert operation is not None
    assert operation.error is not None
    assert operation.error[0] == "NotEnoughSpace"
    assert "not enough space on the disk" in operation.error[1]


def test_addresses_come_from_the_pool_and_are_not_given_twice(site: Site) -> None:
    one, _ = put_interface(site, "one")
    configuration = properties_of(one.body)["ipConfigurations"][0]["properties"]
    assert configuration["privateIPAddress"] == "10.110.0.20"
    assert (configuration["gateway"], configuration["prefixLength"]) == ("10.110.0.1", "20")
    two, _ = put_interface(site, "two")
    second = properties_of(two.body)["ipConfigurations"][0]["properties"]["privateIPAddress"]
    assert second == "10.110.0.21"
    with pytest.raises(WorldError, match="AddressInUse"):
        put_interface(site, "three", "10.110.0.20")
    with pytest.raises(WorldError, match="is not in"):
        put_interface(site, "three", "192.168.0.1")
    assert _id(site, arm_ids.INTERFACES, "three").lower() not in site.resources


def test_etags_groups_bridge_and_tags(site: Site, pass_time: PassTime) -> None:
    machine = _id(site, arm_ids.MACHINES, "app-01")
    old = site.get_resource(machine.upper())
    assert old is not None
    with pytest.raises(WorldError) as caught:
        site.patch_resource(machine, {"tags": {}}, etag='"other"')
    assert caught.value.status == 412
    new, operation = site.patch_resource(machine, {"tags": {"a": "b"}}, etag=old.etag)
    assert operation is None
    assert new.body["tags"] == {"a": "b"}
    assert new.etag != old.etag
    elsewhere = machine.replace("rg-lab", "rg-none")
    with pytest.raises(WorldError, match="ResourceGroupNotFound"):
        site.put_resource(elsewhere, arm_ids.MACHINES, {})
    site.faults.bridge_offline = True
    with pytest.raises(WorldError, match="ResourceBridgeOffline"):
        put_interface(site, "x")


def test_azure_lags_behind_the_cluster(site: Site, pass_time: PassTime) -> None:
    vm = next(v for v in site.vms_on("LAB-N1") if v.state == "Running" and v.vtpm)
    site.faults.arm_lag_s = 60.0
    pass_time(100)
    site.start_migration(vm.vm_id, "LAB-N4", "LAB-N1", "op")
    pass_time(40)
    assert vm.owner == "LAB-N4"
    assert instance_of(site, vm.name)["hostNodeName"] == "LAB-N1"
    pass_time(61)
    assert instance_of(site, vm.name)["hostNodeName"] == "LAB-N4"


def test_a_failed_creation_can_be_tried_again(site: Site, pass_time: PassTime) -> None:
    site.faults.creation_fails_at("DiskCopy")
    create(site, pass_time)
    pass_time(60)
    site.faults.creation_fails_at("")
    nic = _id(site, arm_ids.INTERFACES, "new-01-nic")
    instance = site.settings.instance_id(_id(site, arm_ids.MACHINES, "new-01"))
    made, again = site.put_resource(instance, arm_ids.INSTANCES, instance_body(site, nic))
    pass_time(60)
    assert again is not None
    assert again.status == "Succeeded"
    assert made.put_count == 2
    assert new_vm(site).state == "Running"
    assert "errorCode" not in instance_of(site)["status"]


def test_node_dies_under_a_creation(site: Site, pass_time: PassTime) -> None:
    operation = create(site, pass_time)
    while site.find_vm("new-01") is None:
        pass_time(0.1)
    site.faults.node_down(new_vm(site).owner)
    pass_time(60)
    assert operation.status == "Succeeded"
    assert new_vm(site).state == "Running"
    assert site.nodes[new_vm(site).owner].state == "Up"
