"""Creation of a VM through ARM: its phases, where it is placed, what becomes of its security."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from console.lab.world import arm_ids
from console.lab.world.bodies import properties_of
from console.lab.world.core import World
from console.lab.world.errors import WorldError
from console.lab.world.faults import Switches
from console.lab.world.power import Power
from console.lab.world.state import ArmOperation, ArmResource, WorldVm

# Name and share of ``creation_s``; together 1.
PHASES = (
    ("Accepted", 0.06),
    ("Placing", 0.08),
    ("DiskCopy", 0.44),
    ("Provisioning", 0.30),
    ("Agent", 0.12),
)
OS_DISK_MIB = 127 * 1024 // 4  # a fresh dynamic disk takes about a quarter of its size

Ended = Callable[[ArmOperation, ArmResource, tuple[str, str] | None], None]


@dataclass(frozen=True)
class Security:
    isolation: str
    secure_boot: bool
    vtpm: bool


def security_of(properties: Mapping[str, Any]) -> Security:
    """What the platform makes of a body; raises WorldError when it is TrustedLaunch by halves."""
    profile = properties.get("securityProfile") or {}
    secure_boot = bool((profile.get("uefiSettings") or {}).get("secureBootEnabled", False))
    vtpm = bool(profile.get("enableTPM", False))
    wanted = profile.get("securityType")
    if not wanted:
        return Security("Disabled", secure_boot, vtpm)
    if not (secure_boot and vtpm):
        raise WorldError(
            "InvalidSecurityProfile",
            f"securityType {wanted} needs enableTPM and uefiSettings.secureBootEnabled to be true",
        )
    return Security("SNP" if wanted == "ConfidentialVM" else "TrustedLaunch", True, True)


class Creation:
    """Runs creations of VM instances to their end, which it tells to ``ended``."""

    def __init__(self, world: World, switches: Switches, power: Power, ended: Ended) -> None:
        self.world = world
        self.switches = switches
        self.power = power
        self._ended = ended
        self._placed: dict[str, WorldVm] = {}  # operation id -> the VM to come

    def begin(self, operation: ArmOperation, instance: ArmResource) -> None:
        self._enter(operation, instance, 0)

    def _enter(self, operation: ArmOperation, instance: ArmResource, number: int) -> None:
        if number == len(PHASES):
            self._look_whether_up(operation, instance)
            return
        phase, share = PHASES[number]
        operation.phase = phase
        self.world.revision += 1
        try:
            if phase == "Provisioning":
                self._make(operation, instance)
        except WorldError as error:
            self._fail(operation, instance, error.code, error.text)
            return
        self.world.after(
            share * self.world.settings.creation_s,
            lambda: self._leave(operation, instance, number),
        )

    def _leave(self, operation: ArmOperation, instance: ArmResource, number: int) -> None:
        phase = PHASES[number][0]
        share = self.switches.creation_fails_share
        is_chosen = share >= 1.0 or self.world.chance("creation fails", instance.id.lower()) < share
        if self.switches.creation_fails_phase == phase and is_chosen:
            self._fail(
                operation, instance, f"{phase}Failed", f"the lab was told to fail at {phase}"
            )
            return
        try:
            if phase == "Accepted":
                self._validate(instance)
            elif phase == "Placing":
                self._place(operation, instance)
        except WorldError as error:
            self._fail(operation, instance, error.code, error.text)
            return
        self._enter(operation, instance, number + 1)

    # -- phases --------------------------------------------------------------------------------
    def _validate(self, instance: ArmResource) -> None:
        properties = properties_of(instance.body)
        security = security_of(properties)
        image = str((properties["storageProfile"].get("imageReference") or {}).get("id", ""))
        is_custom = arm_ids.type_of(image).lower() == arm_ids.CUSTOM_IMAGES.lower()
        if security.isolation == "TrustedLaunch" and is_custom:
            raise WorldError(
                "UnsupportedImage",
                f"image {arm_ids.name_of(image)} is not an Azure Marketplace image: "
                "Trusted launch does not support it",
            )

    def _place(self, operation: ArmOperation, instance: ArmResource) -> None:
        world = self.world
        vm = self._planned(instance)
        free = world.free_by_node()
        fitting = [
            node
            for node in world.nodes.values()
            if node.accepts_azure_placement and world.refusal(vm, node, free[node.name]) is None
        ]
        if not fitting:
            raise WorldError(
                "InsufficientResources",
                f"no node can take {vm.name} with {vm.memory_mib} MiB of memory",
            )
        vm.owner = max(fitting, key=lambda node: (free[node.name], node.name)).name
        self._take_space(instance)
        world.promised[vm.vm_id] = (vm.owner, vm.memory_mib)
        self._placed[operation.id] = vm

    def _planned(self, instance: ArmResource) -> WorldVm:
        properties = properties_of(instance.body)
        security = security_of(properties)
        if self.switches.drop_security_on_create:
            security = Security("Disabled", False, False)
        hardware = properties.get("hardwareProfile") or {}
        dynamic = hardware.get("dynamicMemoryConfig") or {}
        machine = arm_ids.name_of(arm_ids.parent_of(instance.id))
        vm_id = self.world.guid("vm", instance.id.lower(), instance.put_count)
        return WorldVm(
            vm_id,
            machine,
            owner="",
            state="Off",
            group_state="Offline",
            processors=int(hardware.get("processors", 2)),
            memory_mib=int(hardware.get("memoryMB", 4096)),
            dynamic_memory=(
                (int(dynamic["minimumMemoryMB"]), int(dynamic["maximumMemoryMB"]))
                if "minimumMemoryMB" in dynamic and "maximumMemoryMB" in dynamic
                else None
            ),
            heartbeat="Unknown",
            isolation=security.isolation,
            secure_boot=security.secure_boot,
            vtpm=security.vtpm,
            addresses=self._addresses(properties),
        )

    def _addresses(self, properties: Mapping[str, Any]) -> tuple[str, ...]:
        found = []
        for reference in (properties.get("networkProfile") or {}).get("networkInterfaces") or []:
            nic = self.world.resources.get(str(reference.get("id", "")).lower())
            for configuration in properties_of(nic.body).get("ipConfigurations", []) if nic else []:
                found.append(str(configuration["properties"].get("privateIPAddress", "")))
        return tuple(address for address in found if address)

    def _take_space(self, instance: ArmResource) -> None:
        storage = properties_of(instance.body).get("storageProfile") or {}
        take_space(self.world, str(storage.get("vmConfigStoragePathId", "")), OS_DISK_MIB)

    def _make(self, operation: ArmOperation, instance: ArmResource) -> None:
        world = self.world
        vm = self._placed[operation.id]
        node = world.nodes[vm.owner]
        if node.state != "Up":
            raise WorldError("NodeLost", f"node {vm.owner} is {node.state}")
        world.promised.pop(vm.vm_id, None)
        world.vms[vm.vm_id] = vm
        world.vm_of_instance[instance.id.lower()] = vm.vm_id
        world.instance_of_vm[vm.vm_id] = instance.id
        world.count(f"create:{vm.name}")
        self.power.boot(vm, lambda _reason: None)

    def _look_whether_up(self, operation: ArmOperation, instance: ArmResource) -> None:
        vm = self._placed[operation.id]
        if vm.group_state == "Failed" or vm.vm_id not in self.world.vms:
            self._fail(operation, instance, "ProvisioningFailed", f"{vm.name} did not start")
        elif vm.state == "Running":
            self._placed.pop(operation.id)
            self._ended(operation, instance, None)
        else:
            self.world.after(0.5, lambda: self._look_whether_up(operation, instance))

    def _fail(self, operation: ArmOperation, instance: ArmResource, code: str, text: str) -> None:
        vm = self._placed.pop(operation.id, None)
        if vm is not None:
            self.world.promised.pop(vm.vm_id, None)
        self._ended(operation, instance, (code, text))


def take_space(world: World, container_id: str, mib: int) -> None:
    """Take room on a storage path; without an id on the first one, as the platform does."""
    containers = [r for r in world.resources.values() if r.type == arm_ids.CONTAINERS]
    found = world.resources.get(container_id.lower()) if container_id else None
    container = found or (containers[0] if containers else None)
    if container is None:
        raise WorldError("StoragePathNotFound", "there is no storage path", status=404)
    properties = properties_of(container.body)
    status = properties.get("status") or {}
    available = int(status.get("availableSizeMB", 0))
    if available < mib:
        raise WorldError(
            "NotEnoughSpace",
            f"There is not enough space on the disk: {container.body['name']} has {available} MB "
            f"available, {mib} MB are needed",
        )
    container.body = {
        **container.body,
        "properties": {**properties, "status": {**status, "availableSizeMB": available - mib}},
    }
