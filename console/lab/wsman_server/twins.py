"""Python twins of the node module's functions: the same names, parameters and JSON, from the world.

``this node`` is the node whose listener was asked, as on a real cluster.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from console.lab.world.errors import WorldError
from console.lab.world.site import Site
from console.lab.world.state import WorldMigration, WorldNode, WorldVm
from console.lab.wsman_server.engine import Context, Function, RefusedError

SCHEMA = 1
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,62}")
_OVER = ("Completed", "Failed", "Canceled")

# Parameters of each function and the pattern that its values must match; True: must be given.
PARAMETERS: dict[str, dict[str, tuple[re.Pattern[str] | type, bool]]] = {
    "Get-TlcCluster": {},
    "Get-TlcNode": {},
    "Get-TlcVirtualMachine": {"VMId": (_GUID, False)},
    "Get-TlcLiveMigration": {"VMId": (_GUID, True)},
    "Start-TlcLiveMigration": {
        "VMId": (_GUID, True),
        "TargetNode": (_NAME, True),
        "ExpectedOwner": (_NAME, True),
        "OperationId": (_GUID, True),
    },
    "Stop-TlcLiveMigration": {"VMId": (_GUID, True), "OperationId": (_GUID, True)},
    "Suspend-TlcNode": {"Name": (_NAME, True), "OperationId": (_GUID, True)},
    "Resume-TlcNode": {
        "Name": (_NAME, True),
        "Failback": (bool, False),
        "OperationId": (_GUID, True),
    },
    "Test-TlcEndpoint": {},
}


class Twins:
    """The functions of one node. Each answers with one compact JSON string."""

    def __init__(self, site: Site, node: str) -> None:
        self._site, self._node = site, node
        self._by_name: dict[str, Callable[[Mapping[str, Any]], Any]] = {
            "Get-TlcCluster": self._cluster,
            "Get-TlcNode": self._own,
            "Get-TlcVirtualMachine": self._vms,
            "Get-TlcLiveMigration": self._migration,
            "Start-TlcLiveMigration": self._start,
            "Stop-TlcLiveMigration": self._stop,
            "Suspend-TlcNode": self._suspend,
            "Resume-TlcNode": self._resume,
            "Test-TlcEndpoint": self._test,
        }

    def functions(self) -> dict[str, Function]:
        """By name, without those that a fault took away."""
        missing = {name.lower() for name in self._site.faults.missing_functions}
        return {
            name: self._wrapped(name, twin)
            for name, twin in self._by_name.items()
            if name.lower() not in missing
        }

    def _wrapped(self, name: str, twin: Callable[[Mapping[str, Any]], Any]) -> Function:
        def run(context: Context, parameters: Mapping[str, Any]) -> str:
            checked = _checked(name, parameters)
            try:
                with self._site.look():
                    now = datetime.fromtimestamp(self._site.now, UTC)
                    data = twin(checked)
                    if "cluster" in self._site.faults.malformed:
                        return '{"schema": 1, "node": "' + self._node + '", "data": [{"vmId": '
                    return _json({"schema": SCHEMA, "node": self._node, "time": now, "data": data})
            except WorldError as error:
                detail = f" ({error.hresult})" if error.hresult else ""
                raise RefusedError(f"{error.code},{name}", error.text + detail) from error

        return run

    # -- reading -------------------------------------------------------------------------------
    def _cluster(self, _: Mapping[str, Any]) -> dict[str, Any]:
        site = self._site
        return {
            "name": site.settings.cluster_name,
            "release": site.settings.release,
            "osBuild": site.nodes[self._node].os_build,
            "parallelMigrations": site.settings.parallel_migrations,
            "migrationEncrypted": site.settings.is_migration_encrypted,
            "nodes": [
                {
                    "name": node.name,
                    "state": node.state,
                    "statusFlags": node.status_flags,
                    "drainStatus": node.drain_status,
                    "acceptsAzurePlacement": node.accepts_azure_placement,
                }
                for node in site.nodes.values()
            ],
            "healthFaults": [
                {
                    "faultId": fault.fault_id,
                    "severity": fault.severity,
                    "faultType": fault.fault_type,
                    "reason": fault.reason,
                    "objectName": fault.object_name,
                    "objectLocation": fault.object_location,
                }
                for fault in site.health_faults
            ],
        }

    def _own(self, _: Mapping[str, Any]) -> dict[str, Any]:
        site, node = self._site, self._site.nodes[self._node]
        return {
            "name": node.name,
            "fqdn": node.fqdn,
            "state": node.state,
            "statusFlags": node.status_flags,
            "drainStatus": node.drain_status,
            "logicalProcessors": node.logical_processors,
            "cpuPercent": round(site.node_cpu_percent(node.name), 1),
            "memoryTotalMiB": node.memory_mib,
            "memoryAvailableMiB": site.memory_available_mib(node.name),
            "igvmAgent": node.igvm_agent or "Missing",
            "igvmAgentVersion": node.igvm_agent_version if node.igvm_agent else None,
            "migrationNetworks": _networks(node, site.settings.is_migration_encrypted),
            "processorModel": node.processor_model,
            "osBuild": node.os_build,
            "acceptsAzurePlacement": node.accepts_azure_placement,
        }

    def _vms(self, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        site = self._site
        site.figures.keep_current()
        wanted = str(parameters.get("VMId", "")).lower()
        return [
            self._vm(vm)
            for vm in site.vms.values()
            if vm.owner == self._node and (not wanted or vm.vm_id == wanted)
        ]

    def _vm(self, vm: WorldVm) -> dict[str, Any]:
        site = self._site
        is_on = vm.state not in ("Off", "Saved")
        state = "Pondering" if site.faults.speaks_strangely(vm.name) else vm.state
        return {
            "vmId": vm.vm_id,
            "name": vm.name,
            "ownerNode": vm.owner,
            "state": state,
            "groupName": vm.name,
            "groupState": vm.group_state,
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
            "possibleOwners": list(vm.possible_owners),
            "addresses": list(vm.addresses),
            "migration": _running(site.active_migration(vm.vm_id)),
            "cpuPercent": vm.cpu_percent if is_on else 0,
            "memoryAssignedMiB": vm.memory_mib if is_on else 0,
            "memoryDemandMiB": vm.memory_demand_mib if is_on else 0,
        }

    def _migration(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        vm = self._known(parameters)
        seen = self._site.migrations.get(vm.vm_id)
        answer: dict[str, Any] = {"vmId": vm.vm_id, "ownerNode": vm.owner, "phase": ""}
        if seen is not None:
            answer |= {
                "phase": seen.phase,
                "source": seen.source,
                "target": seen.target,
                "operationId": seen.operation_id,
                "percent": seen.percent,
                "failureCode": seen.failure_code or None,
                "failureText": seen.failure_text or None,
            }
        return answer

    # -- acting --------------------------------------------------------------------------------
    def _start(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        self._site.start_migration(
            parameters["VMId"].lower(),
            parameters["TargetNode"],
            parameters["ExpectedOwner"],
            parameters["OperationId"].lower(),
        )
        return self._migration(parameters)

    def _stop(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        self._site.cancel_migration(parameters["VMId"].lower())
        return self._migration(parameters)

    def _suspend(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        name = parameters["Name"]
        self._site.suspend_node(name, True, parameters["OperationId"].lower())
        # The second step, without which Azure still places VMs there.
        self._site.set_azure_placement(name, False)
        return self._node_state(name)

    def _resume(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        name = parameters["Name"]
        failback = bool(parameters.get("Failback", True))
        self._site.resume_node(name, failback, parameters["OperationId"].lower())
        self._site.set_azure_placement(name, True)
        return self._node_state(name)

    def _node_state(self, name: str) -> dict[str, Any]:
        node = self._site.node(name)
        return {
            "name": node.name,
            "state": node.state,
            "drainStatus": node.drain_status,
            "acceptsAzurePlacement": node.accepts_azure_placement,
        }

    def _test(self, _: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "checks": [
                {"name": name, "passed": True, "detail": "lab"}
                for name in ("FailoverClusters", "Hyper-V", "Moc", "IgvmAgent")
            ]
        }

    def _known(self, parameters: Mapping[str, Any]) -> WorldVm:
        vm = self._site.vms.get(parameters["VMId"].lower())
        if vm is None:
            raise WorldError("VmNotFound", "There is no such VM in this cluster.", status=404)
        return vm


def _checked(name: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters by their declared spelling, or the refusal PowerShell's validation would give."""
    declared = {key.lower(): (key, *rule) for key, rule in PARAMETERS[name].items()}
    checked: dict[str, Any] = {}
    for given, value in parameters.items():
        known = declared.get(given.lower())
        if known is None:
            text = f"A parameter cannot be found that matches parameter name '{given}'."
            raise RefusedError(f"NamedParameterNotFound,{name}", text)
        key, rule, _required = known
        if rule is bool:
            checked[key] = bool(value)
        elif isinstance(rule, re.Pattern) and not rule.fullmatch(str(value)):
            text = f"Cannot validate argument on parameter '{key}'."
            raise RefusedError(f"ParameterArgumentValidationError,{name}", text)
        else:
            checked[key] = str(value)
    for key, (_rule, required) in PARAMETERS[name].items():
        if required and key not in checked:
            text = f"Cannot process command because of the missing parameter {key}."
            raise RefusedError(f"MissingMandatoryParameter,{name}", text)
    return checked


def _networks(node: WorldNode, is_encrypted: bool | None) -> list[dict[str, Any]]:
    return [
        {
            "name": network["name"],
            "isUp": network.get("is_up", True),
            "linkMbps": network.get("link_mbps"),
            "isEncrypted": is_encrypted,
        }
        for network in node.migration_networks
    ]


def _running(migration: WorldMigration | None) -> dict[str, Any] | None:
    if migration is None or migration.phase in _OVER:
        return None
    return {
        "target": migration.target,
        "percent": migration.percent,
        "phase": migration.phase,
        "operationId": migration.operation_id,
    }


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), default=_plain)


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    raise TypeError(type(value).__name__)
