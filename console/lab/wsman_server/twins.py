"""What the node module's reading functions put out, told from the world instead of Windows."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from console.lab.world.bodies import properties_of
from console.lab.world.errors import WorldError
from console.lab.world.site import Site
from console.lab.world.state import (
    WorldAffinityRule,
    WorldHealthFault,
    WorldMigration,
    WorldNode,
    WorldVm,
    WorldVolume,
)
from console.lab.wsman_server import catalogue

Parameters = Mapping[str, Any]
Row = dict[str, Any]

_IS_ON_DISK = ("Off", "Saved")
# A word that no release of Hyper-V has: the fault "unknown words".
_STRANGE_STATE = "Levitating"


class ReadingTwins:
    """Reads for the node that was asked. Called under the site's lock."""

    def __init__(self, site: Site, node: str) -> None:
        self.site = site
        self.this_node = node

    def cluster(self, _parameters: Parameters) -> Row:
        settings = self.site.settings
        return {
            "name": settings.cluster_name,
            "nodes": [
                {**node_row(node), "faultDomain": node.fault_domain}
                for node in self.site.nodes.values()
            ],
            "parallelMigrations": settings.parallel_migrations,
            "migrationEncrypted": settings.is_migration_encrypted,
            "release": settings.release,
            "osBuild": settings.os_build,
            "healthFaults": self._health_faults(),
            "affinityRules": [_affinity_rule(rule) for rule in self.site.affinity_rules],
            "balancerMode": settings.balancer_mode,
            "balancerLevel": settings.balancer_level,
            "enforcesAntiAffinity": settings.enforces_anti_affinity,
            "allowedFunctions": self._allowed_functions(),
        }

    def node(self, _parameters: Parameters) -> Row:
        node = self.site.nodes[self.this_node]
        return {
            "name": node.name,
            "fqdn": node.fqdn,
            "logicalProcessors": node.logical_processors,
            "cpuPercent": self.site.figures.node_cpu_percent(node.name),
            "memoryTotalMiB": node.memory_mib,
            "memoryAvailableMiB": self.site.figures.memory_available_mib(node.name),
            "igvmAgent": node.igvm_agent or "Missing",
            "igvmAgentVersion": node.igvm_agent_version if node.igvm_agent else None,
            "migrationNetworks": [self._network(network) for network in node.migration_networks],
            "processorModel": node.processor_model,
            "osBuild": node.os_build,
            "switches": node.switches,
            "vmVersions": node.vm_versions,
            "networkKiBps": self.site.figures.rate_kib_s(node.name, of_storage=False),
            "storageKiBps": self.site.figures.rate_kib_s(node.name, of_storage=True),
        }

    def virtual_machines(self, parameters: Parameters) -> list[Row]:
        wanted = parameters.get("VMId")
        own = [
            vm
            for vm in self.site.vms.values()
            if vm.owner == self.this_node and wanted in (None, vm.vm_id)
        ]
        first = parameters.get("Skip", 0)
        return [self._vm(vm) for vm in own[first : first + parameters.get("First", len(own))]]

    def health(self, _parameters: Parameters) -> Row:
        is_encrypted = self.site.settings.is_migration_encrypted
        return {
            "healthFaults": self._health_faults(),
            "sharedVolumes": self._shared_volumes(),
            "storageLinks": self._storage_links(),
            "guestStateKeys": self._guest_state_keys(),
            "storageJobs": [asdict(job) for job in self.site.storage_jobs],
            "migrationTraffic": {
                "transport": "SMBTransport",
                "isEncrypted": is_encrypted,
                "evidence": [] if is_encrypted is None else ["told by the lab's settings"],
            },
        }

    def live_migration(self, parameters: Parameters) -> Row:
        vm = self.site.vms.get(parameters["VMId"])
        if vm is None:
            raise WorldError("VmNotFound", "The cluster has no VM of this id.", status=404)
        latest = self.site.migrations.get(vm.vm_id)
        # A quick one is no migration job: a node tells its failure, and how the VM stands.
        migration = latest if latest is not None and latest.method == "live" else None
        return {
            "vmId": vm.vm_id,
            "ownerNode": vm.owner,
            "vmState": vm.state,
            "groupState": vm.group_state,
            "phase": migration.phase if migration else "",
            "source": migration.source if migration else None,
            "target": migration.target if migration else None,
            "operationId": migration.operation_id if migration else None,
            "percent": migration.percent if migration else None,
            "failureCode": (latest.failure_code or None) if latest else None,
            "failureText": (migration.failure_text or None) if migration else None,
            "passNumber": (migration.pass_number or None) if migration else None,
            "copiedMiB": round(migration.copied_mib, 1) if migration else None,
            "remainingMiB": round(max(migration.remaining_mib, 0.0), 1) if migration else None,
            "blackoutMs": migration.blackout_ms if migration else None,
        }

    def node_drain(self, parameters: Parameters) -> Row:
        node = self.site.node(parameters["Name"])
        drain = self.site.drains.get(node.name)
        own = self.site.vms_on(node.name)
        return {
            **node_row(node),
            "drainFailure": (drain.failure_text or None) if drain is not None else None,
            "vmsLeft": len(own),
            "vms": [self._remaining(vm) for vm in own],
            "otherGroups": [],  # the world's cluster has no groups of its own
            "storageJobs": [
                f"{job.name} ({job.state}, {job.percent} %)" for job in self.site.storage_jobs
            ],
        }

    def _remaining(self, vm: WorldVm) -> Row:
        migration = self.site.migrations.get(vm.vm_id)
        has_failed = migration is not None and migration.phase == "Failed"
        return {
            "vmId": vm.vm_id,
            "name": vm.name,
            "groupState": vm.group_state,
            "failureCode": migration.failure_code or None if has_failed and migration else None,
            "failureText": migration.failure_text or None if has_failed and migration else None,
        }

    def vm_history(self, parameters: Parameters) -> Row:
        vm = self.site.vms.get(parameters["VMId"])
        if vm is None or vm.owner != self.this_node:
            text = f"Node {self.this_node} has no VM {parameters['VMId']}."
            raise WorldError("VmNotFound", text, status=404)
        frame = parameters["TimeFrame"]
        return {"timeFrame": frame, "series": self.site.history.of_vm(vm, frame)}

    def node_history(self, parameters: Parameters) -> Row:
        node, frame = self.site.node(parameters["Name"]), parameters["TimeFrame"]
        return {"timeFrame": frame, "series": self.site.history.of_node(node, frame)}

    def endpoint(self, _parameters: Parameters) -> Row:
        listed = catalogue.load()
        here = self.site.nodes[self.this_node]
        found = [{"name": each.name, "isOk": True, "text": each.does} for each in listed.function]
        agent = here.igvm_agent or "Missing"
        return {
            "moduleVersion": listed.version,
            "account": "LAB\\endpoint",
            "checks": [*found, {"name": "IgvmAgent", "isOk": agent == "Running", "text": agent}],
        }

    def _allowed_functions(self) -> list[str] | None:
        faults = self.site.faults
        if faults.cluster_rights_untold:
            return None
        missing = {name.lower() for name in faults.missing_functions}
        return [each.name for each in catalogue.load().function if each.name.lower() not in missing]

    # -- rows ----------------------------------------------------------------------------------
    def _vm(self, vm: WorldVm) -> Row:
        is_on = vm.state not in _IS_ON_DISK
        is_strange = self.site.faults.speaks_strangely(vm.name)
        return {
            "vmId": vm.vm_id,
            "name": vm.name,
            "ownerNode": vm.owner,
            "state": _STRANGE_STATE if is_strange else vm.state,
            "groupName": vm.name if vm.is_clustered else None,
            "groupState": vm.group_state if vm.is_clustered else None,
            "isClustered": vm.is_clustered,
            "groupFlags": vm.group_flags if vm.is_clustered else None,
            "heartbeat": vm.heartbeat,
            "operationalStatus": vm.operational_status,
            "generation": vm.generation,
            "configurationVersion": vm.configuration_version,
            "processors": vm.processors,
            "memoryMiB": vm.memory_mib,
            "hasDynamicMemory": vm.dynamic_memory is not None,
            "isolation": vm.isolation,
            "secureBoot": vm.secure_boot,
            "vtpm": vm.vtpm,
            "vtpmState": vm.tpm_state,
            "runningSince": vm.started_at if is_on else None,
            "mountedIso": vm.mounted_iso,
            "hasCheckpoints": vm.checkpoints > 0,
            "possibleOwners": vm.possible_owners,
            "preferredOwners": vm.preferred_owners,
            "antiAffinityClasses": vm.anti_affinity_classes,
            "processorCompatibility": vm.processor_compatibility,
            "switches": vm.switches,
            "addresses": vm.addresses if is_on else (),
            "migration": _going_on(self.site.active_migration(vm.vm_id)),
            "cpuPercent": vm.cpu_percent,
            "memoryAssignedMiB": vm.memory_mib if is_on else 0,
            "memoryDemandMiB": vm.memory_demand_mib if is_on else 0,
            "networkKiBps": vm.network_kib_s,
            "storageKiBps": vm.storage_kib_s,
            "volumes": self._volumes_of(vm),
        }

    def _volumes_of(self, vm: WorldVm) -> list[str]:
        volume = self.site.volume_of(vm)
        return [] if volume is None else [volume.path]

    def _health_faults(self) -> list[Row]:
        return [_health_fault(fault) for fault in self.site.health_faults]

    def _network(self, network: Mapping[str, object]) -> Row:
        return {
            "name": network["name"],
            "isUp": bool(network.get("is_up", True)),
            "linkMbps": network.get("link_mbps"),
            "isEncrypted": self.site.settings.is_migration_encrypted,
        }

    def _shared_volumes(self) -> list[Row]:
        rows = []
        for volume in self.site.volumes.values():
            body = self.site.resources[volume.storage_path.lower()].body
            status = properties_of(body).get("status") or {}
            access = [
                {"node": node.name, "state": self._access(volume, node)}
                for node in self.site.nodes.values()
            ]
            rows.append(
                {
                    "name": volume.name,
                    "path": volume.path,
                    "state": volume.state,
                    "ownerNode": volume.owner,
                    "totalMiB": status.get("containerSizeMB"),
                    "freeMiB": status.get("availableSizeMB"),
                    "access": access,
                }
            )
        return rows

    def _access(self, volume: WorldVolume, node: WorldNode) -> str:
        if volume.state != "Online" or node.state == "Down":
            return "Unavailable"
        return volume.access.get(node.name, "Direct")

    def _storage_links(self) -> list[Row]:
        return [
            {
                "node": node.name,
                "network": network["name"],
                "state": "Unavailable"
                if node.state == "Down"
                else node.storage_links.get(str(network["name"]), "Up"),
            }
            for node in self.site.nodes.values()
            for network in node.migration_networks
        ]

    def _guest_state_keys(self) -> list[str]:
        return [
            vm.vm_id
            for vm in self.site.vms.values()
            if vm.isolation == "TrustedLaunch" and vm.has_guest_state_key
        ]


def node_row(node: WorldNode) -> Row:
    """A node as the cluster sees it."""
    return {
        "name": node.name,
        "state": node.state,
        "statusFlags": node.status_flags,
        "drainStatus": node.drain_status,
        "acceptsAzurePlacement": node.accepts_azure_placement,
    }


def _going_on(migration: WorldMigration | None) -> Row | None:
    if migration is None or migration.method != "live":
        return None
    return {
        "target": migration.target,
        "percent": migration.percent,
        "phase": migration.phase,
        "operationId": migration.operation_id,
    }


def _affinity_rule(rule: WorldAffinityRule) -> Row:
    return {
        "name": rule.name,
        "ruleType": rule.rule_type,
        "groups": rule.groups,
        "isEnabled": rule.is_enabled,
    }


def _health_fault(fault: WorldHealthFault) -> Row:
    return {
        "faultId": fault.fault_id,
        "severity": fault.severity,
        "faultType": fault.fault_type,
        "reason": fault.reason,
        "objectName": fault.object_name,
        "objectLocation": fault.object_location,
    }
