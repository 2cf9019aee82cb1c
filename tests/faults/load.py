"""What people and scripts ask of a console, all at once."""

import random
from collections.abc import Sequence
from typing import Protocol

from console.model.inventory import Inventory
from console.model.request import (
    ChangePowerState,
    CreateVirtualMachine,
    DeleteVirtualMachine,
    DownloadImage,
    DrainNode,
    LiveMigrate,
    NetworkInterfaceSpec,
    PowerAction,
    Request,
    ResumeNode,
    SecretField,
    VirtualMachineSpec,
)
from console.model.site import ImageReference, ImageState
from console.model.virtual_machine import PowerState, VirtualMachine, VmKind

_MOST_OPEN = 12


class Asked(Protocol):
    """Whoever can be asked: the worker's link, or a whole window."""

    @property
    def inventory(self) -> Inventory: ...

    def open_now(self) -> Sequence[str]: ...

    def submit(self, request: Request, secrets: dict[str, str] | None = None) -> str: ...

    def submit_group(self, *requests: Request) -> str: ...

    def cancel(self, operation_id: str) -> None: ...

    def cancel_group(self, group_id: str) -> None: ...


class Load:
    """What people and scripts ask for, all at once; reproducible but for the machine's own time."""

    def __init__(self, console: Asked, chance: random.Random, first_number: int = 0) -> None:
        """``first_number``: names of what is made count on from there."""
        self._console, self._chance = console, chance
        self._created = self._images = first_number

    def ask_for_something(self) -> None:
        inventory = self._console.inventory
        if not (inventory.nodes and inventory.site.images and inventory.site.storage_paths):
            return  # a new worker has not read both wires yet
        open_now = self._console.open_now()
        if len(open_now) >= _MOST_OPEN:
            if self._chance.random() < 0.05:
                self._console.cancel(self._chance.choice(open_now))
            return
        kind = self._chance.choices(
            ("move", "power", "create", "delete", "group", "drain", "download"),
            (40, 30, 10, 5, 6, 5, 2),
        )[0]
        getattr(self, f"_{kind}")()

    def _vm(self, *states: PowerState) -> VirtualMachine | None:
        vms = [
            vm
            for vm in self._console.inventory.vms.values()
            if vm.kind is VmKind.AZURE_LOCAL and vm.owner_node and vm.power in states
        ]
        return self._chance.choice(vms) if vms else None

    def _move_request(self) -> LiveMigrate | None:
        vm = self._vm(PowerState.RUNNING)
        if vm is None or not vm.owner_node:
            return None
        others = [name for name in self._console.inventory.nodes if name != vm.owner_node]
        return LiveMigrate(vm.key, vm.name, vm.owner_node, self._chance.choice(others))

    def _move(self) -> None:
        request = self._move_request()
        if request is not None:
            self._console.submit(request)

    def _group(self) -> None:
        wanted = [self._move_request() for _ in range(self._chance.randint(2, 4))]
        requests = {one.vm_key: one for one in wanted if one is not None}
        if len(requests) > 1:
            group = self._console.submit_group(*requests.values())
            if self._chance.random() < 0.2:
                self._console.cancel_group(group)

    def _power(self) -> None:
        vm = self._vm(PowerState.RUNNING, PowerState.STOPPED)
        if vm is None:
            return
        action = PowerAction.START
        if vm.power is PowerState.RUNNING:
            action = self._chance.choice((PowerAction.STOP, PowerAction.RESTART))
        self._console.submit(ChangePowerState(vm.key, vm.name, action))

    def _create(self) -> None:
        site = self._console.inventory.site
        images = [i for i in site.images if i.state is ImageState.READY and i.os_type == "Windows"]
        self._created += 1
        name = f"made-{self._created:04}"
        spec = VirtualMachineSpec(
            name=name,
            subscription_id=site.subscriptions[0].id,
            resource_group=site.resource_groups[0].name,
            location=site.custom_locations[0].location,
            custom_location_id=site.custom_locations[0].arm_id,
            image_id=images[0].arm_id,
            processors=2,
            memory_mib=2048,
            storage_path_id=site.storage_paths[0].arm_id,
            computer_name=name,
            admin_username="grace",
            network_interfaces=(
                NetworkInterfaceSpec(f"{name}-nic", site.logical_networks[0].arm_id),
            ),
        )
        secrets = {SecretField.ADMIN_PASSWORD.value: "Correct-Horse-7"}
        self._console.submit(CreateVirtualMachine(spec), secrets)

    def _delete(self) -> None:
        made = [
            vm
            for vm in self._console.inventory.vms.values()
            if vm.name.startswith("made-") and vm.azure is not None and vm.cluster is not None
        ]
        if made:
            vm = self._chance.choice(made)
            self._console.submit(DeleteVirtualMachine(vm.key, vm.name))

    def _drain(self) -> None:
        node = self._chance.choice(list(self._console.inventory.nodes))
        request: Request = DrainNode(node)
        if self._chance.random() < 0.6:
            request = ResumeNode(node)
        self._console.submit(request)

    def _download(self) -> None:
        site = self._console.inventory.site
        self._images += 1
        self._console.submit(
            DownloadImage(
                f"image-{self._images}",
                ImageReference(
                    "microsoftwindowsserver", "windowsserver", "2025-datacenter-azure-edition"
                ),
                site.subscriptions[0].id,
                site.resource_groups[0].name,
                site.custom_locations[0].location,
                site.custom_locations[0].arm_id,
            )
        )
