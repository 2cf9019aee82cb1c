"""The Azure plane of the site: resources by id, and the long-running operations on them."""

import math
from collections.abc import Callable
from typing import Any

from console.lab.world import arm_ids
from console.lab.world.bodies import Bodies, iso_time, properties_of
from console.lab.world.core import World
from console.lab.world.creation import Creation, take_space
from console.lab.world.errors import WorldError
from console.lab.world.faults import Switches
from console.lab.world.networking import give_address
from console.lab.world.power import Power
from console.lab.world.state import ArmOperation, ArmResource

_VM_FAMILY = tuple(
    kind.lower()
    for kind in (
        arm_ids.INSTANCES, arm_ids.INTERFACES, arm_ids.DISKS, arm_ids.MARKET_IMAGES,
        arm_ids.CUSTOM_IMAGES, arm_ids.NETWORKS, arm_ids.CONTAINERS,
    )
)  # fmt: skip
_READ_ONLY = ("id", "name", "type", "systemData", "etag", "apiVersion")
# SKU -> version that a download without a version resolves to, and size in MB.
_MARKET_VERSIONS = {
    "2022-datacenter-azure-edition-hotpatch": ("20348.2582.240703", 10832),
    "2022-datacenter-azure-edition-core": ("20348.2582.240703", 8420),
    "2025-datacenter-azure-edition": ("26100.2033.241004", 11874),
    "win11-22h2-avd": ("22621.2428.231001", 13112),
    "win11-22h2-avd-m365": ("22621.382.220810", 18240),
    "win11-21h2-avd": ("22000.2538.231001", 12744),
    "win10-21h2-avd-m365-g2": ("19044.3570.231010", 17930),
}


class AzurePlane:
    """PUT, PATCH, DELETE, POST and GET as the resource providers do them."""

    def __init__(self, world: World, switches: Switches, power: Power, bodies: Bodies) -> None:
        self.world = world
        self.switches = switches
        self.power = power
        self.bodies = bodies
        self.creation = Creation(world, switches, power, self._creation_ended)
        world.each_step(self.keep_current)

    # -- read ----------------------------------------------------------------------------------
    def get(self, arm_id: str) -> ArmResource | None:
        resource = self.world.resources.get(arm_id.lower())
        return self.bodies.render(resource) if resource is not None else None

    def list(self, type_: str, scope_prefix: str) -> list[ArmResource]:
        wanted, prefix = type_.lower(), scope_prefix.rstrip("/").lower() + "/"
        return [
            self.bodies.render(resource)
            for key, resource in self.world.resources.items()
            if resource.type.lower() == wanted and key.startswith(prefix)
        ]

    # -- act -----------------------------------------------------------------------------------
    def put(
        self, arm_id: str, type_: str, body: dict[str, Any], etag: str | None
    ) -> tuple[ArmResource, ArmOperation | None]:
        world = self.world
        key, kind = arm_id.lower(), type_.lower()
        existing = world.resources.get(key)
        self._demand_etag(existing, etag)
        self._demand_possible(arm_id, kind)
        stored = self._stored(arm_id, type_, body, existing)
        if self.switches.tags_are_lost:
            stored = {name: value for name, value in stored.items() if name != "tags"}
        if kind == arm_ids.INSTANCES.lower():
            self._demand_references(stored)
        resource = ArmResource(arm_id, type_, stored)
        resource.put_count = 1 if existing is None else existing.put_count + 1
        # A refusal leaves the old resource untouched: the new one takes its place only now.
        operation = self._work_on(resource, kind, is_new=existing is None)
        world.resources[key] = resource
        world.count(f"put:{key}")
        self._touch(resource)
        return self.bodies.render(resource), operation

    def patch(
        self, arm_id: str, body: dict[str, Any], etag: str | None
    ) -> tuple[ArmResource, ArmOperation | None]:
        resource = self._existing(arm_id)
        self._demand_etag(resource, etag)
        self._demand_possible(arm_id, resource.type.lower())
        self.world.count(f"patch:{arm_id.lower()}")
        merged = {**resource.body}
        if "tags" in body:
            merged["tags"] = body["tags"]
        merged["properties"] = _merge(properties_of(resource.body), properties_of(body))
        resource.body = merged
        operation = None
        if resource.type.lower() == arm_ids.INSTANCES.lower():
            operation = self._begin(resource, "update", self.world.settings.update_s, _nothing)
            self._resize(resource)
        self._touch(resource)
        return self.bodies.render(resource), operation

    def delete(self, arm_id: str, etag: str | None) -> ArmOperation | None:
        """None if there is nothing of that id."""
        world = self.world
        resource = world.resources.get(arm_id.lower())
        if resource is None:
            return None
        self._demand_etag(resource, etag)
        self._demand_possible(arm_id, resource.type.lower())
        self._demand_unused(resource)
        vm = world.vms.get(world.vm_of_instance.get(arm_id.lower(), ""))
        if vm is not None and world.active_migration(vm.vm_id) is not None:
            raise WorldError("ConflictingOperation", f"{vm.name} is being migrated")
        world.count(f"delete:{arm_id.lower()}")
        if vm is not None:
            self.power.power_lost(vm)
            vm.state, vm.group_state = "Stopping", "Pending"
        self._set(resource, provisioningState="Deleting")
        is_instance = resource.type.lower() == arm_ids.INSTANCES.lower()
        takes = world.settings.delete_s if is_instance else world.settings.interface_s
        return self._begin(resource, "delete", takes, self._remove)

    def act(self, arm_id: str, action: str) -> ArmOperation:
        resource = self._existing(arm_id)
        self._demand_possible(arm_id, resource.type.lower())
        vm = self.world.vms.get(self.world.vm_of_instance.get(arm_id.lower(), ""))
        if vm is None:
            raise WorldError(
                "VmNotFound", "the VM of this resource is not on the cluster", status=404
            )
        operation = self._new_operation(resource, action, 0.0)

        def done(reason: str) -> None:
            error = ("PowerOperationFailed", reason) if reason else None
            self._end(operation, error)

        operation.ends_at = self.world.now + self.power.begin(vm, action, done)
        self._enlist(operation)
        return operation

    # -- long-running --------------------------------------------------------------------------
    def _work_on(self, resource: ArmResource, kind: str, *, is_new: bool) -> ArmOperation | None:
        settings = self.world.settings
        verb = "create" if is_new else "update"
        if kind == arm_ids.INSTANCES.lower():
            has_vm = self.world.vm_of_instance.get(resource.id.lower()) in self.world.vms
            if has_vm:
                self._resize(resource)
                return self._begin(resource, "update", settings.update_s, _nothing)
            operation = self._new_operation(resource, "create", settings.creation_s)
            self._enlist(operation)
            self._set(resource, provisioningState="Accepted", vmId=self.world.guid(resource.id))
            self.creation.begin(operation, resource)
            return operation
        if kind == arm_ids.INTERFACES.lower():
            give_address(self.world, resource)
            return self._begin(resource, verb, settings.interface_s, self._make_interface)
        if kind == arm_ids.DISKS.lower():
            return self._begin(resource, verb, settings.disk_s, self._make_disk)
        if kind in (arm_ids.MARKET_IMAGES.lower(), arm_ids.CUSTOM_IMAGES.lower()):
            self._resolve_version(resource)
            return self._begin(resource, verb, settings.image_download_s, self._make_image)
        if kind == arm_ids.EXTENSIONS.lower():
            return self._begin(resource, verb, settings.extension_s, _nothing)
        self._set(resource, provisioningState="Succeeded")
        return None

    def _begin(
        self, resource: ArmResource, kind: str, takes: float, finish: Callable[[ArmResource], None]
    ) -> ArmOperation:
        operation = self._new_operation(resource, kind, takes)
        self._enlist(operation)
        if kind != "delete":
            self._set(resource, provisioningState="InProgress")

        def over() -> None:
            try:
                finish(resource)
            except WorldError as error:
                self._provisioned(resource, operation, (error.code, error.text))
            else:
                self._provisioned(resource, operation, None)

        self.world.after(takes, over)
        return operation

    def _new_operation(self, resource: ArmResource, kind: str, takes: float) -> ArmOperation:
        now = self.world.now
        number = len(self.world.operations) + 1
        operation_id = self.world.guid("operation", number, resource.id.lower(), kind)
        return ArmOperation(operation_id, resource.id, kind, now, now + takes)

    def _enlist(self, operation: ArmOperation) -> None:
        self.world.operations[operation.id] = operation
        self.world.running_operations[operation.resource_id.lower()] = operation

    def _creation_ended(
        self, operation: ArmOperation, resource: ArmResource, error: tuple[str, str] | None
    ) -> None:
        if error is None and self.switches.drop_security_on_create:
            properties = {**properties_of(resource.body)}
            properties.pop("securityProfile", None)
            resource.body = {**resource.body, "properties": properties}
        self._provisioned(resource, operation, error)

    def _provisioned(
        self, resource: ArmResource, operation: ArmOperation, error: tuple[str, str] | None
    ) -> None:
        if operation.kind != "delete" or error is not None:
            word = "Succeeded" if error is None else "Failed"
            status: dict[str, object] = {
                "provisioningStatus": {"operationId": operation.id, "status": word}
            }
            if resource.type in (arm_ids.MARKET_IMAGES, arm_ids.CUSTOM_IMAGES) and error is None:
                status["progressPercentage"] = 100
            if error is not None:
                status["errorCode"], status["errorMessage"] = error
            old = properties_of(resource.body).get("status")
            if isinstance(old, dict):
                kept = {k: v for k, v in old.items() if k not in ("errorCode", "errorMessage")}
                status = {**kept, **status}
            if resource.type.startswith("Microsoft.HybridCompute/"):
                self._set(resource, provisioningState=word)
            else:
                self._set(resource, provisioningState=word, status=status)
        self._end(operation, error)

    def _end(self, operation: ArmOperation, error: tuple[str, str] | None) -> None:
        self.world.running_operations.pop(operation.resource_id.lower(), None)
        operation.status = "Succeeded" if error is None else "Failed"
        operation.error, operation.ends_at = error, self.world.now
        operation.percent = 100 if error is None else operation.percent
        self.world.revision += 1

    def keep_current(self) -> None:
        """Percent of running operations, by time; never backwards, never 100 before the end."""
        now = self.world.now
        for operation in self.world.running_operations.values():
            whole = max(operation.ends_at - operation.started_at, 1e-6)
            percent = math.floor(100 * (now - operation.started_at) / whole)
            operation.percent = max(operation.percent, min(percent, 99))

    # -- what finishing means ------------------------------------------------------------------
    def _make_interface(self, _resource: ArmResource) -> None:
        self._fail_if_told("Interface")

    def _fail_if_told(self, phase: str) -> None:
        if self.switches.creation_fails_phase == phase:
            raise WorldError(f"{phase}Failed", f"the lab was told to fail at {phase}")

    def _make_disk(self, resource: ArmResource) -> None:
        self._fail_if_told("Disk")
        properties = properties_of(resource.body)
        size = int(properties.get("diskSizeGB", 0)) * 1024
        is_dynamic = bool(properties.get("dynamic", True))
        container = str(properties.get("containerId", ""))
        take_space(self.world, container, 64 if is_dynamic else size)

    def _resolve_version(self, resource: ArmResource) -> None:
        properties = properties_of(resource.body)
        sku = str((properties.get("identifier") or {}).get("sku", "")).lower()
        version, size = _MARKET_VERSIONS.get(sku, ("1.0.0", 9500))
        given = (properties.get("version") or {}).get("name")
        self._set(
            resource,
            version={
                "name": given or version,
                "properties": {"storageProfile": {"osDiskImage": {"sizeInMB": size}}},
            },
            hyperVGeneration=properties.get("hyperVGeneration", "V2"),
        )

    def _make_image(self, resource: ArmResource) -> None:
        properties = properties_of(resource.body)
        if self.switches.image_download_fails:
            raise WorldError("DownloadFailed", "the download was interrupted too often")
        size = int(properties["version"]["properties"]["storageProfile"]["osDiskImage"]["sizeInMB"])
        take_space(self.world, str(properties.get("containerId", "")), size)
        status = {**(properties.get("status") or {}), "downloadStatus": {"downloadSizeInMB": size}}
        self._set(resource, status=status)

    def _remove(self, resource: ArmResource) -> None:
        world = self.world
        key = resource.id.lower()
        world.resources.pop(key, None)
        vm_id = world.vm_of_instance.pop(key, "")
        world.instance_of_vm.pop(vm_id, None)
        if world.vms.pop(vm_id, None) is not None:
            world.migrations.pop(vm_id, None)
        for child in [k for k in world.resources if k.startswith(key + "/")]:
            world.resources.pop(child)

    def _resize(self, resource: ArmResource) -> None:
        vm = self.world.vms.get(self.world.vm_of_instance.get(resource.id.lower(), ""))
        hardware = properties_of(resource.body).get("hardwareProfile") or {}
        if vm is not None:
            vm.processors = int(hardware.get("processors", vm.processors))
            vm.memory_mib = int(hardware.get("memoryMB", vm.memory_mib))

    # -- demands -------------------------------------------------------------------------------
    def _existing(self, arm_id: str) -> ArmResource:
        resource = self.world.resources.get(arm_id.lower())
        if resource is None:
            name, type_ = arm_ids.name_of(arm_id), arm_ids.type_of(arm_id)
            raise WorldError(
                "ResourceNotFound", f"The Resource '{type_}/{name}' was not found.", status=404
            )
        return resource

    def _demand_etag(self, existing: ArmResource | None, etag: str | None) -> None:
        if etag is None:
            return
        if existing is None or etag not in ("*", existing.etag):
            raise WorldError(
                "PreconditionFailed", "the resource is not what If-Match names", status=412
            )

    def _demand_possible(self, arm_id: str, kind: str) -> None:
        if kind in _VM_FAMILY and self.switches.bridge_offline:
            raise WorldError(
                "ResourceBridgeOffline",
                "The Azure Arc resource bridge of the custom location is offline.",
            )
        running = self.bodies.running(arm_id)
        if running is not None:
            raise WorldError(
                "ConflictingOperation",
                f"Another operation ({running.kind}) is in progress on the resource.",
            )
        group = arm_ids.group_of(arm_id)
        if group and group.lower() not in self.world.resources:
            raise WorldError(
                "ResourceGroupNotFound",
                f"Resource group '{arm_ids.name_of(group)}' could not be found.",
                status=404,
            )
        if kind in (arm_ids.INSTANCES.lower(), arm_ids.EXTENSIONS.lower()):
            parent = arm_ids.parent_of(arm_id)
            if parent.lower() not in self.world.resources:
                raise WorldError(
                    "ParentResourceNotFound",
                    f"Machine '{arm_ids.name_of(parent)}' was not found.",
                    status=404,
                )

    def _demand_references(self, body: dict[str, object]) -> None:
        """An instance may only name what exists; images must have arrived."""
        properties = properties_of(body)
        location = (body.get("extendedLocation") or {}).get("name", "")  # type: ignore[attr-defined]
        storage = properties.get("storageProfile") or {}
        image = (storage.get("imageReference") or {}).get("id", "")
        nics = (properties.get("networkProfile") or {}).get("networkInterfaces") or []
        disks = storage.get("dataDisks") or []
        named = {
            "extendedLocation.name": location,
            "storageProfile.imageReference.id": image,
            "storageProfile.vmConfigStoragePathId": storage.get("vmConfigStoragePathId", ""),
            **{f"networkInterfaces[{i}].id": nic.get("id", "?") for i, nic in enumerate(nics)},
            **{f"dataDisks[{i}].id": disk.get("id", "?") for i, disk in enumerate(disks)},
        }
        must_be_given = ("extendedLocation.name", "storageProfile.imageReference.id")
        for field, arm_id in named.items():
            if not arm_id and field in must_be_given:
                raise WorldError("InvalidRequest", f"{field} is required", status=400)
            found = self.world.resources.get(str(arm_id).lower())
            if arm_id and found is None:
                raise WorldError(
                    "InvalidRequest", f"{field}: '{arm_id}' does not exist", status=400
                )
            state = properties_of(found.body).get("provisioningState") if found else None
            if state not in (None, "Succeeded"):
                raise WorldError("InvalidRequest", f"{field}: is {state}", status=400)

    def _demand_unused(self, resource: ArmResource) -> None:
        world = self.world
        instance = world.settings.instance_id(resource.id).lower()
        if instance in world.resources:
            raise WorldError("CannotDeleteResource", "the machine still has a VM instance")
        if resource.type in (arm_ids.INTERFACES, arm_ids.DISKS):
            for user in world.resources.values():
                if user.type == arm_ids.INSTANCES and resource.id.lower() in _named_by(user):
                    raise WorldError("InUse", f"{resource.id} is attached to {user.id}")

    # -- bodies --------------------------------------------------------------------------------
    def _stored(
        self, arm_id: str, type_: str, body: dict[str, Any], existing: ArmResource | None
    ) -> dict[str, object]:
        given = {key: value for key, value in body.items() if key not in _READ_ONLY}
        properties = {**properties_of(given)}
        profile = properties.get("osProfile")
        if isinstance(profile, dict):
            properties["osProfile"] = {k: v for k, v in profile.items() if k != "adminPassword"}
        properties.pop("protectedSettings", None)
        old = properties_of(existing.body) if existing is not None else {}
        for kept in ("status", "vmId", "instanceView", "macAddress"):
            if kept in old:
                properties.setdefault(kept, old[kept])
        if type_.lower() == arm_ids.MACHINES.lower():
            properties.setdefault("vmId", self.world.guid("machine", arm_id.lower()))
            properties.setdefault("status", "Disconnected")
        stored: dict[str, object] = {"id": arm_id, "name": arm_ids.name_of(arm_id), "type": type_}
        created = existing.body.get("systemData") if existing is not None else None
        stamp = iso_time(self.world.now)
        at = created.get("createdAt", stamp) if isinstance(created, dict) else stamp
        system = {
            "createdBy": "lab@lab.example",
            "createdByType": "User",
            "createdAt": at,
            "lastModifiedAt": stamp,
        }
        identity = given.get("identity")
        if isinstance(identity, dict) and identity.get("type") == "SystemAssigned":
            given["identity"] = {
                "type": "SystemAssigned",
                "principalId": self.world.guid("principal", arm_id.lower()),
                "tenantId": self.world.settings.tenant_id,
            }
        return {**stored, **given, "properties": properties, "systemData": system}

    def _set(self, resource: ArmResource, **properties: object) -> None:
        merged = {**properties_of(resource.body), **properties}
        resource.body = {**resource.body, "properties": merged}
        self._touch(resource)

    def _touch(self, resource: ArmResource) -> None:
        self.world.revision += 1
        resource.etag = f'"{self.world.revision:08x}"'


def _nothing(_resource: ArmResource) -> None:
    """Nothing is left to do when the time is over."""


def _merge(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """JSON merge as PATCH does it: objects join, everything else is replaced."""
    merged = {**old}
    for key, value in new.items():
        was = merged.get(key)
        if isinstance(was, dict) and isinstance(value, dict):
            value = _merge(was, value)
        merged[key] = value
    return merged


def _named_by(instance: ArmResource) -> set[str]:
    properties = properties_of(instance.body)
    nics = (properties.get("networkProfile") or {}).get("networkInterfaces") or []
    disks = (properties.get("storageProfile") or {}).get("dataDisks") or []
    return {str(reference.get("id", "")).lower() for reference in (*nics, *disks)}
