"""Believable VMs for a site: what they are called, how large they are, how busy, where they run."""

from dataclasses import dataclass
from typing import Any

from console.lab.world import arm_ids
from console.lab.world.furniture import (
    DHCP_NETWORK,
    IMAGES,
    STATIC_NETWORK,
    add,
    extended_location,
    storage_path_id,
    succeeded,
)
from console.lab.world.site import Site
from console.lab.world.state import WorldVm


@dataclass(frozen=True)
class Role:
    """A kind of workload; ``share`` of all VMs, memory choices in GiB, dirty rate in MiB/s."""

    prefix: str
    share: int
    processors: tuple[int, ...]
    memory_gib: tuple[int, ...]
    cpu_percent: int
    dirty_mib_s: float
    is_desktop: bool = False


ROLES = (
    Role("app", 14, (2, 4), (8, 8, 16), 14, 45.0),
    Role("web", 10, (2, 4), (4, 8), 11, 30.0),
    Role("sql", 6, (8, 8), (16, 32), 34, 160.0),
    Role("avd", 16, (4, 8), (8, 16), 22, 70.0, is_desktop=True),
    Role("file", 4, (2, 4), (8, 16), 6, 25.0),
    Role("dc", 2, (2,), (4,), 5, 12.0),
    Role("ci", 5, (4, 8), (8, 16), 41, 210.0),
    Role("mon", 3, (2, 4), (4, 8), 9, 35.0),
)
_OWNERS = {"app": "erp", "web": "shop", "sql": "data", "avd": "desktops", "file": "files",
           "dc": "identity", "ci": "build", "mon": "operations"}  # fmt: skip


def populate(site: Site, count: int, unmanaged: int = 0, off_every: int = 17) -> None:
    """``count`` VMs, the last ``unmanaged`` of them without Azure and without Trusted launch."""
    roles = _spread(count)
    numbers: dict[str, int] = {}
    free = site.free_by_node()
    nodes = list(site.nodes)
    for index, role in enumerate(roles):
        number = numbers[role.prefix] = numbers.get(role.prefix, 0) + 1
        is_unmanaged = index >= count - unmanaged
        name = f"legacy-{index - count + unmanaged + 1:02d}" if is_unmanaged else ""
        name = name or f"{role.prefix}-{number:02d}"
        is_off = off_every > 0 and index % off_every == off_every - 4
        vm = make_vm(site, name, role, nodes[0], is_off=is_off)
        # Uneven on purpose: a first choice by chance, the emptiest node if it would not fit.
        wish = nodes[int(site.chance("node", name) ** 1.25 * len(nodes))]
        if free[wish] < vm.memory_mib:
            wish = max(free, key=lambda node: free[node])
        vm.owner = wish
        free[wish] -= vm.memory_mib
        if is_unmanaged:
            make_standard(vm)
        else:
            add_to_azure(site, vm, role)


def _spread(count: int) -> list[Role]:
    """Roles in proportion to their shares, mixed evenly (largest remainder, one VM at a time)."""
    whole = sum(role.share for role in ROLES)
    given = [0] * len(ROLES)
    order: list[Role] = []
    for index in range(count):
        due = [role.share * (index + 1) / whole - given[i] for i, role in enumerate(ROLES)]
        chosen = due.index(max(due))
        given[chosen] += 1
        order.append(ROLES[chosen])
    return order


def make_vm(site: Site, name: str, role: Role, owner: str, *, is_off: bool = False) -> WorldVm:
    """A Trusted launch VM that has been running for days (or is off), entered in the world."""
    memory = role.memory_gib[int(site.chance("memory", name) * len(role.memory_gib))] * 1024
    vm_id = site.guid("vm", name)
    boots = 1 + int(site.chance("boots", name) * 9)
    busy = role.cpu_percent * (0.4 + 1.2 * site.chance("cpu", name))
    vm = WorldVm(
        vm_id,
        name,
        owner,
        state="Off" if is_off else "Running",
        group_state="Offline" if is_off else "Online",
        processors=role.processors[int(site.chance("cores", name) * len(role.processors))],
        memory_mib=memory,
        dynamic_memory=(memory // 2, memory * 2) if role.is_desktop else None,
        cpu_percent=int(busy),
        dirty_mib_s=role.dirty_mib_s * (0.5 + site.chance("dirty", name)),
        heartbeat="Unknown" if is_off else "OkApplicationsHealthy",
        tpm_state=f"{site.guid('tpm', vm_id)[:18]}.{boots}",
        started_at=site.now - 3600 * (2 + 900 * site.chance("uptime", name)),
    )
    site.vms[vm_id] = vm
    return vm


def make_standard(vm: WorldVm) -> None:
    """As Hyper-V makes a VM when nobody asks for more."""
    vm.isolation, vm.secure_boot, vm.vtpm, vm.tpm_state = "Disabled", True, False, ""


def add_bridge_vm(site: Site, owner: str) -> None:
    """The Arc resource bridge: itself a clustered VM, in a group of this telling name."""
    vm_id = site.guid("vm", "bridge")
    name = f"{site.guid('bridge name')[:12].replace('-', '')}-control-plane-0"
    site.vms[vm_id] = WorldVm(
        vm_id, name, owner, processors=4, memory_mib=16 * 1024, cpu_percent=9,
        isolation="Disabled", secure_boot=False, vtpm=False, is_resource_bridge=True,
        started_at=site.now - 40 * 86400, addresses=("10.110.0.14",),
        heartbeat="OkApplicationsUnknown",
    )  # fmt: skip


def add_to_azure(site: Site, vm: WorldVm, role: Role) -> None:
    """The machine, its interface and the instance that project this VM into Azure."""
    settings = site.settings
    index = len(site.vm_of_instance)
    machine_id = settings.resource_id(arm_ids.MACHINES, vm.name)
    add(
        site,
        machine_id,
        arm_ids.MACHINES,
        {
            "vmId": site.guid("machine", vm.name),
            "status": "Connected",
            "osType": "windows",
            "osName": "Windows 11 Enterprise" if role.is_desktop else "Windows Server 2022",
            "displayName": vm.name,
            "agentVersion": "1.53.03081.2313",
        },
        kind="HCI",
        identity={
            "type": "SystemAssigned",
            "principalId": site.guid("principal", vm.name),
            "tenantId": settings.tenant_id,
        },
        tags={"owner": _OWNERS.get(role.prefix, "lab")},
    )
    nic_id = _add_interface(site, vm, index, is_dynamic=role.is_desktop)
    instance_id = settings.instance_id(machine_id)
    properties = _instance_properties(site, vm, role, nic_id)
    properties["storageProfile"]["vmConfigStoragePathId"] = storage_path_id(site, index % 2)
    properties["status"] = succeeded(site, instance_id)
    add(site, instance_id, arm_ids.INSTANCES, properties, extendedLocation=extended_location(site))
    site.resources[instance_id.lower()].body.pop("location")  # it has none: the machine has
    site.vm_of_instance[instance_id.lower()] = vm.vm_id
    site.instance_of_vm[vm.vm_id] = instance_id


def _instance_properties(site: Site, vm: WorldVm, role: Role, nic_id: str) -> dict[str, Any]:
    image = IMAGES[1 if role.is_desktop else 0].name
    hardware: dict[str, object] = {
        "vmSize": "Custom",
        "processors": vm.processors,
        "memoryMB": vm.memory_mib,
    }
    if vm.dynamic_memory is not None:
        hardware["dynamicMemoryConfig"] = {
            "minimumMemoryMB": vm.dynamic_memory[0],
            "maximumMemoryMB": vm.dynamic_memory[1],
            "targetMemoryBuffer": 20,
        }
    properties: dict[str, Any] = {
        "vmId": site.guid("arm vm", vm.name),
        "hyperVVmId": vm.vm_id,
        "hardwareProfile": hardware,
        "osProfile": {
            "computerName": vm.name[:15],
            "adminUsername": "labadmin",
            "windowsConfiguration": {"provisionVMAgent": True, "provisionVMConfigAgent": True},
        },
        "storageProfile": {
            "imageReference": {"id": site.settings.resource_id(arm_ids.MARKET_IMAGES, image)},
            "osDisk": {"osType": "Windows"},
            "dataDisks": [],
        },
        "networkProfile": {"networkInterfaces": [{"id": nic_id}]},
    }
    if vm.isolation == "TrustedLaunch":
        properties["securityProfile"] = {
            "securityType": "TrustedLaunch",
            "enableTPM": True,
            "uefiSettings": {"secureBootEnabled": True},
        }
    return properties


def _add_interface(site: Site, vm: WorldVm, index: int, *, is_dynamic: bool) -> str:
    nic_id = site.settings.resource_id(arm_ids.INTERFACES, f"{vm.name}-nic")
    network = DHCP_NETWORK if is_dynamic else STATIC_NETWORK
    address = f"10.{120 if is_dynamic else 110}.{index // 200 + 1}.{index % 200 + 20}"
    configuration: dict[str, object] = {
        "subnet": {"id": site.settings.resource_id(arm_ids.NETWORKS, network)},
    }
    if not is_dynamic:
        configuration |= {
            "privateIPAddress": address, "gateway": "10.110.0.1", "prefixLength": "20",
        }  # fmt: skip
    add(
        site,
        nic_id,
        arm_ids.INTERFACES,
        {
            "ipConfigurations": [{"name": "ipconfig0", "properties": configuration}],
            "macAddress": f"00:15:5D:00:{index >> 8:02X}:{index & 0xFF:02X}",
            "dnsSettings": {"dnsServers": []},
            "status": succeeded(site, nic_id),
        },
        extendedLocation=extended_location(site),
        tags={},
    )
    vm.addresses = (address,)
    return nic_id
