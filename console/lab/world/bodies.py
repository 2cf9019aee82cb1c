"""What ARM answers about a resource: the stored body with what lives in the world put in.

Shapes: api-versions 2025-06-01-preview (VM family), 2025-01-13 (machines). Stored bodies are never
changed in place, so an answer may be serialised after the lock is gone.
"""

import datetime
import functools
from collections.abc import Mapping
from typing import Any

from console.lab.world import arm_ids
from console.lab.world.core import World
from console.lab.world.faults import Switches
from console.lab.world.state import ArmOperation, ArmResource, WorldVm

POWER_WORDS = {
    "Running": "Running",
    "Off": "Stopped",
    "Starting": "Starting",
    "Resuming": "Starting",
    "Stopping": "Stopping",
    "Saving": "Stopping",
    "Pausing": "Running",
    "Paused": "Paused",
    "Saved": "Saved",
}


@functools.lru_cache(maxsize=512)
def _iso_second(seconds: int) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_time(seconds: float) -> str:
    return _iso_second(int(seconds))


def properties_of(body: Mapping[str, object]) -> dict[str, Any]:
    found = body.get("properties")
    return found if isinstance(found, dict) else {}


class Bodies:
    """Renders resources as ARM would return them now, late by ``arm_lag_s`` where ARM is late."""

    def __init__(self, world: World, switches: Switches) -> None:
        self.world = world
        self.switches = switches
        self._past: dict[str, list[tuple[float, str, str]]] = {}  # vm id -> when, state, owner
        world.each_step(self.remember)
        self._live = {
            arm_ids.INSTANCES.lower(): self._instance,
            arm_ids.MACHINES.lower(): self._machine,
            arm_ids.MARKET_IMAGES.lower(): self._image,
            arm_ids.CUSTOM_IMAGES.lower(): self._image,
            arm_ids.APPLIANCES.lower(): self._bridge,
            arm_ids.CLUSTERS.lower(): self._cluster,
        }

    def render(self, resource: ArmResource) -> ArmResource:
        """A copy whose body is up to date; the caller must not change the body."""
        live = self._live.get(resource.type.lower())
        if live is None:
            return resource
        return ArmResource(
            resource.id, resource.type, live(resource), resource.etag, resource.put_count
        )

    def _with(self, resource: ArmResource, **properties: object) -> dict[str, object]:
        merged = {**properties_of(resource.body), **properties}
        return {**resource.body, "properties": merged}

    # -- virtual machines ----------------------------------------------------------------------
    def _azure_view(self, vm: WorldVm) -> tuple[str, str]:
        """State and owner as ARM believes them: those of ``arm_lag_s`` ago."""
        past = self._past.get(vm.vm_id)
        if self.switches.arm_lag_s <= 0 or not past:
            return vm.state, vm.owner
        limit = self.world.now - self.switches.arm_lag_s
        _, state, owner = next((view for view in reversed(past) if view[0] <= limit), past[0])
        return state, owner

    def remember(self) -> None:
        """While ARM is late, note every VM's changes to be able to tell them late."""
        if self.switches.arm_lag_s <= 0:
            self._past.clear()
            return
        for vm in self.world.vms.values():
            past = self._past.setdefault(vm.vm_id, [])
            if not past or past[-1][1:] != (vm.state, vm.owner):
                past.append((self.world.now, vm.state, vm.owner))

    def _instance(self, resource: ArmResource) -> dict[str, object]:
        stored = properties_of(resource.body)
        vm_id = self.world.vm_of_instance.get(resource.id.lower(), "")
        vm = self.world.vms.get(vm_id)
        status = dict(stored.get("status") or {})
        if vm is None:
            if vm_id:
                status["powerState"] = "Unknown"
            return self._with(resource, status=status)
        state, owner = self._azure_view(vm)
        word = POWER_WORDS.get(state, "Unknown")
        status["powerState"] = "Hibernated" if self.switches.speaks_strangely(vm.name) else word
        hardware = {**(stored.get("hardwareProfile") or {})}
        hardware["processors"], hardware["memoryMB"] = vm.processors, vm.memory_mib
        return self._with(
            resource,
            status=status,
            hardwareProfile=hardware,
            hostNodeName=owner,
            hyperVVmId=vm.vm_id,
            instanceView={"vmAgent": self._agent(stored, state)},
        )

    def _agent(self, stored: Mapping[str, Any], state: str) -> dict[str, object]:
        code, label = (
            ("succeeded", "Connected") if state == "Running" else ("failed", "NotConnected")
        )
        if stored.get("provisioningState") != "Succeeded":
            code, label = "InProgress", "Connecting"
        return {
            "vmConfigAgentVersion": "v1.10.4",
            "statuses": [
                {
                    "code": f"ProvisioningState/{code}",
                    "level": "Info",
                    "displayStatus": label,
                    "message": "Successfully started HyperV listener"
                    if label == "Connected"
                    else "The agent is not connected",
                    "time": iso_time(self.world.now),
                }
            ],
        }

    def _machine(self, resource: ArmResource) -> dict[str, object]:
        stored = properties_of(resource.body)
        instance = f"{resource.id}/providers/{arm_ids.INSTANCES}/default".lower()
        vm = self.world.vms.get(self.world.vm_of_instance.get(instance, ""))
        node = self.world.nodes.get(str(resource.body.get("name")))
        status = stored.get("status")
        if vm is not None:
            is_up = vm.state == "Running" and vm.heartbeat == "OkApplicationsHealthy"
            status = "Connected" if is_up else "Disconnected"
        elif node is not None:
            status = "Disconnected" if node.state == "Down" else "Connected"
        elif resource.body.get("kind") == "HCI":
            status = "Disconnected" if instance in self.world.vm_of_instance else status
        return self._with(resource, status=status)

    # -- the rest ------------------------------------------------------------------------------
    def _image(self, resource: ArmResource) -> dict[str, object]:
        operation = self.running(resource.id)
        if operation is None or operation.kind != "create":
            return self._with(resource)
        stored = properties_of(resource.body)
        size = int(
            stored.get("version", {})
            .get("properties", {})
            .get("storageProfile", {})
            .get("osDiskImage", {})
            .get("sizeInMB", 0)
        )
        status = {
            **(stored.get("status") or {}),
            "progressPercentage": operation.percent,
            "downloadStatus": {"downloadSizeInMB": size * operation.percent // 100},
        }
        return self._with(resource, status=status)

    def _bridge(self, resource: ArmResource) -> dict[str, object]:
        is_up = not self.switches.bridge_offline
        return self._with(resource, status="Running" if is_up else "Offline")

    def _cluster(self, resource: ArmResource) -> dict[str, object]:
        nodes = [
            {
                "name": node.name,
                "id": number,
                "manufacturer": "Lab Systems",
                "model": "LS-2210",
                "osName": "Azure Stack HCI",
                "osVersion": node.os_build,
                "osDisplayVersion": "24H2",
                "serialNumber": f"LAB{number:05d}",
                "coreCount": node.logical_processors // 2,
                "memoryInGiB": node.memory_mib // 1024,
                "windowsServerSubscription": "Disabled",
            }
            for number, node in enumerate(self.world.nodes.values(), start=1)
        ]
        stored = properties_of(resource.body)
        reported = {
            **(stored.get("reportedProperties") or {}),
            "nodes": nodes,
            "lastUpdated": iso_time(self.world.now),
        }
        connection = self.world.settings.azure_connection
        return self._with(
            resource,
            reportedProperties=reported,
            connectivityStatus=connection,
            status="ConnectedRecently" if connection == "Connected" else "NotConnectedRecently",
            lastSyncTimestamp=iso_time(self.world.now - 600),
        )

    def running(self, arm_id: str) -> ArmOperation | None:
        """The operation that goes on on this resource."""
        return self.world.running_operations.get(arm_id.lower())
