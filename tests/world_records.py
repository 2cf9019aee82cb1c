"""The world's words as model records: written for tests, apart from the shipped translation."""

from collections.abc import Mapping, Sequence
from typing import Any

from console.backends import Permission
from console.backends.rights import missing_acts
from console.catalog import load_performance_history
from console.lab.world import arm_ids
from console.lab.world.bodies import properties_of
from console.lab.world.site import Site
from console.lab.world.state import ArmResource, WorldNode, WorldVm
from console.model.node import (
    DrainStatus,
    Maintenance,
    MigrationNetwork,
    Node,
    NodeState,
    RemainingVm,
    ServiceState,
)
from console.model.performance import FigureSeries, PerformanceHistory, TimeFrame
from console.model.placement import AffinityKind, AffinityRule, BalancingMode
from console.model.site import (
    AddressPool,
    AzureRights,
    CustomLocation,
    DataDisk,
    Image,
    ImageReference,
    ImageState,
    LogicalNetwork,
    NetworkInterface,
    ResourceGroup,
    StoragePath,
    Subscription,
)
from console.model.snapshot import ClusterInfo, HealthFault, SiteFacts
from console.model.storage import (
    LinkState,
    NodeAccess,
    StorageLink,
    Volume,
    VolumeAccess,
    VolumeState,
)
from console.model.virtual_machine import (
    AzureFacts,
    ClusterFacts,
    Heartbeat,
    Migration,
    PowerState,
    ProvisioningState,
    SecurityType,
    VmActivity,
    VmMetrics,
)

_POWER = {
    "Off": PowerState.STOPPED,
    "PausedCritical": PowerState.CRITICAL,
    "RunningCritical": PowerState.CRITICAL,
}
_ACTIVITY = {
    "Ok": VmActivity.NONE,
    "MigratingVirtualMachine": VmActivity.MIGRATING,
    "BackingUpVirtualMachine": VmActivity.BACKING_UP,
}
_HEARTBEAT = {
    "OkApplicationsHealthy": Heartbeat.OK,
    "OkApplicationsUnknown": Heartbeat.OK,
    "OkApplicationsCritical": Heartbeat.APPLICATIONS_CRITICAL,
    "LostCommunication": Heartbeat.LOST,
}
_ISOLATION = {"Disabled": SecurityType.STANDARD, "SNP": SecurityType.CONFIDENTIAL}


def _word(enum: Any, word: str, special: dict[str, Any] | None = None) -> Any:
    if special and word in special:
        return special[word]
    return enum(word) if word in {member.value for member in enum} else enum.UNKNOWN


def cluster_facts(site: Site, vm: WorldVm) -> ClusterFacts:
    running = site.active_migration(vm.vm_id)
    return ClusterFacts(
        vm_id=vm.vm_id,
        owner_node=vm.owner,
        power=_word(PowerState, vm.state, _POWER),
        heartbeat=_word(Heartbeat, vm.heartbeat, _HEARTBEAT),
        activity=_ACTIVITY.get(vm.operational_status, VmActivity.OTHER),
        is_clustered=vm.is_clustered,
        group=vm.name if vm.is_clustered else "",
        group_state=vm.group_state if vm.is_clustered else "",
        group_flags=vm.group_flags if vm.is_clustered else None,
        generation=vm.generation,
        configuration_version=vm.configuration_version,
        processors=vm.processors,
        memory_mib=vm.memory_mib,
        has_dynamic_memory=vm.dynamic_memory is not None,
        security=_word(SecurityType, vm.isolation, _ISOLATION),
        secure_boot=vm.secure_boot,
        vtpm=vm.vtpm,
        vtpm_state=vm.tpm_state,
        running_since=vm.started_at if vm.state == "Running" else None,
        mounted_iso=vm.mounted_iso,
        has_checkpoints=vm.checkpoints > 0,
        possible_owners=vm.possible_owners,
        preferred_owners=vm.preferred_owners,
        anti_affinity=vm.anti_affinity_classes,
        is_processor_compatible=vm.processor_compatibility,
        switches=vm.switches,
        addresses=vm.addresses,
        migration=Migration(running.target, running.percent, running.phase, running.operation_id)
        if running is not None
        else None,
        volumes=tuple(v.path for v in [site.volume_of(vm)] if v is not None),
        has_guest_state_key=vm.isolation == "TrustedLaunch" and vm.has_guest_state_key,
        read_at=site.now,
    )


def metrics(vm: WorldVm) -> VmMetrics:
    is_on = vm.state != "Off"
    memory = vm.memory_mib if is_on else 0
    return VmMetrics(
        vm.cpu_percent, memory, vm.memory_demand_mib, vm.network_kib_s, vm.storage_kib_s
    )


def volumes(site: Site) -> tuple[Volume, ...]:
    """With each node's way to them, as the cluster would tell it."""
    ways = {
        "FileSystemRedirected": VolumeAccess.REDIRECTED, "Unavailable": VolumeAccess.UNAVAILABLE,
    }  # fmt: skip
    found = []
    for volume in site.volumes.values():
        status = properties_of(site.resources[volume.storage_path.lower()].body)["status"]
        access = tuple(
            NodeAccess(
                node.name,
                VolumeAccess.UNAVAILABLE
                if node.state == "Down" or volume.state != "Online"
                else ways.get(volume.access.get(node.name, ""), VolumeAccess.DIRECT),
            )
            for node in site.nodes.values()
        )
        total, free = status["containerSizeMB"], status["availableSizeMB"]
        state = VolumeState(volume.state)
        found.append(Volume(volume.name, volume.path, state, volume.owner, total, free, access))
    return tuple(found)


def storage_links(site: Site) -> tuple[StorageLink, ...]:
    return tuple(
        StorageLink(
            node.name,
            str(network["name"]),
            LinkState.UNAVAILABLE
            if node.state == "Down"
            else LinkState(node.storage_links.get(str(network["name"]), "Up")),
        )
        for node in site.nodes.values()
        for network in node.migration_networks
    )


def azure_facts(site: Site, machine: ArmResource, instance: ArmResource) -> AzureFacts:
    """Both resources rendered, as ``Site.get_resource`` gives them."""
    body = properties_of(instance.body)
    hardware, status = body.get("hardwareProfile") or {}, body.get("status") or {}
    security, os = body.get("securityProfile") or {}, body.get("osProfile") or {}
    storage = body.get("storageProfile") or {}
    nics = (body.get("networkProfile") or {}).get("networkInterfaces") or []
    tags = machine.body.get("tags")
    return AzureFacts(
        arm_id=machine.id,
        vm_id=str(body.get("hyperVVmId", "")),
        power=_word(PowerState, str(status.get("powerState", ""))),
        provisioning=_word(ProvisioningState, str(body.get("provisioningState", ""))),
        security=SecurityType(security.get("securityType") or "Standard"),
        secure_boot=bool((security.get("uefiSettings") or {}).get("secureBootEnabled")),
        vtpm=bool(security.get("enableTPM")),
        processors=hardware.get("processors"),
        memory_mib=hardware.get("memoryMB"),
        has_dynamic_memory="dynamicMemoryConfig" in hardware,
        computer_name=os.get("computerName", ""),
        admin_username=os.get("adminUsername", ""),
        os_type=(storage.get("osDisk") or {}).get("osType", ""),
        image_id=(storage.get("imageReference") or {}).get("id", ""),
        storage_path_id=storage.get("vmConfigStoragePathId", ""),
        network_interface_ids=tuple(nic["id"] for nic in nics),
        data_disk_ids=tuple(disk["id"] for disk in storage.get("dataDisks") or []),
        custom_location_id=site.settings.custom_location_id,
        host_node=str(body.get("hostNodeName", "")),
        agent_status=str(properties_of(machine.body).get("status", "")),
        error_code=str(status.get("errorCode", "")),
        error_message=str(status.get("errorMessage", "")),
        tags=dict(tags) if isinstance(tags, dict) else {},
        read_at=site.now,
    )


def node_state(node: WorldNode) -> NodeState:
    if node.status_flags & 0x2:
        return NodeState.QUARANTINED
    if node.status_flags & 0x1:
        return NodeState.ISOLATED
    if node.state == "Paused" and node.drain_status == "InProgress":
        return NodeState.DRAINING
    state: NodeState = _word(NodeState, node.state)
    return state


def maintenance(site: Site, name: str) -> Maintenance | None:
    node = site.nodes.get(name)
    if node is None:
        return None
    drain = site.drains.get(name)
    return Maintenance(
        node=name,
        state=node_state(node),
        drain=_word(DrainStatus, node.drain_status),
        drain_failure=drain.failure_text if drain is not None else "",
        accepts_azure_placement=node.accepts_azure_placement,
        vms=tuple(
            RemainingVm(vm.vm_id, vm.name, vm.group_state, _why(site, vm))
            for vm in site.vms_on(name)
        ),
        other_groups=(),
        storage_jobs=tuple(f"{job.name} ({job.state})" for job in site.storage_jobs),
    )


def _why(site: Site, vm: WorldVm) -> str:
    migration = site.migrations.get(vm.vm_id)
    return migration.failure_text if migration is not None and migration.phase == "Failed" else ""


def node_record(site: Site, node: WorldNode) -> Node:
    return Node(
        name=node.name,
        state=node_state(node),
        fqdn=node.fqdn,
        drain=_word(DrainStatus, node.drain_status),
        logical_processors=node.logical_processors,
        cpu_percent=site.node_cpu_percent(node.name),
        memory_total_mib=node.memory_mib,
        memory_available_mib=site.memory_available_mib(node.name),
        igvm_agent=ServiceState.MISSING
        if node.igvm_agent is None
        else _word(ServiceState, node.igvm_agent),
        igvm_agent_version=node.igvm_agent_version,
        migration_networks=tuple(
            MigrationNetwork(
                str(network["name"]),
                bool(network["is_up"]),
                int(str(network["link_mbps"])),
                site.settings.is_migration_encrypted,
            )
            for network in node.migration_networks
        ),
        processor_model=node.processor_model,
        os_build=node.os_build,
        fault_domain=node.fault_domain,
        switches=node.switches,
        vm_versions=node.vm_versions,
        accepts_azure_placement=node.accepts_azure_placement,
        network_kib_s=site.figures.rate_kib_s(node.name, of_storage=False),
        storage_kib_s=site.figures.rate_kib_s(node.name, of_storage=True),
        azure_connection="Disconnected" if node.state == "Down" else "Connected",
        read_at=site.now,
    )


def cluster_info(site: Site) -> ClusterInfo:
    settings = site.settings
    return ClusterInfo(
        name=site.name,
        arm_id=settings.cluster_arm_id,
        release=settings.release.split(".")[1],
        os_build=settings.os_build,
        azure_connection=settings.azure_connection,
        parallel_migrations=settings.parallel_migrations,
        migration_encrypted=settings.is_migration_encrypted,
        affinity_rules=tuple(
            AffinityRule(rule.name, AffinityKind(rule.rule_type), rule.groups, rule.is_enabled)
            for rule in site.affinity_rules
        ),
        balancing=(BalancingMode.OFF, BalancingMode.ON_JOIN, BalancingMode.ALWAYS)[
            settings.balancer_mode
        ],
        balancing_level=settings.balancer_level,
        enforces_anti_affinity=settings.enforces_anti_affinity,
        rights=_rights(site),
        resource_bridge_online=not site.faults.bridge_offline,
        health_faults=tuple(
            HealthFault(
                fault.fault_id,
                fault.severity,
                fault.fault_type,
                fault.reason,
                fault.object_name,
                fault.object_location,
            )
            for fault in site.health_faults
        ),
        volumes=volumes(site),
        storage_links=storage_links(site),
    )


# Of each operation the node functions without which it cannot be done.
_PLACEMENT = "Set-TlcNodePlacement"
_ACTS = {
    "live_migrate": {"Start-TlcLiveMigration"},
    "quick_migrate": {"Start-TlcQuickMigration"},
    "drain_node": {"Suspend-TlcNode", _PLACEMENT},
    "pause_node": {"Suspend-TlcNode", _PLACEMENT},
    "resume_node": {"Resume-TlcNode", _PLACEMENT},
}


def _rights(site: Site) -> tuple[str, ...] | None:
    if site.faults.cluster_rights_untold:
        return None
    missing = site.faults.missing_functions
    return tuple(operation for operation, acts in _ACTS.items() if not acts & missing)


def azure_rights(site: Site) -> tuple[AzureRights, ...]:
    """Of the one group that holds the site's VMs; nothing while the lab does not tell."""
    faults = site.faults
    if faults.permissions_untold:
        return ()
    granted = (Permission(("*",), tuple(sorted(faults.missing_rights))),)
    return (AzureRights(site.settings.group_id.lower(), missing_acts(granted)),)


def site_facts(site: Site) -> SiteFacts:
    settings = site.settings

    def listed(type_: str) -> list[ArmResource]:
        return site.list_resources(type_, settings.group_id)

    holders = _holders(listed(arm_ids.INSTANCES))
    disk_holders = _disk_holders(listed(arm_ids.INSTANCES))
    interfaces = [_interface(resource, holders) for resource in listed(arm_ids.INTERFACES)]
    networks = [_network(resource, interfaces) for resource in listed(arm_ids.NETWORKS)]
    location = site.resources[settings.custom_location_id.lower()]
    return SiteFacts(
        subscriptions=(Subscription(settings.subscription_id, settings.subscription_name),),
        resource_groups=(
            ResourceGroup(settings.group_id, settings.resource_group, settings.location),
        ),
        custom_locations=(
            CustomLocation(
                location.id,
                str(location.body["name"]),
                settings.location,
                str(properties_of(location.body)["hostResourceId"]),
            ),
        ),
        images=tuple(
            _image(resource)
            for resource in (*listed(arm_ids.MARKET_IMAGES), *listed(arm_ids.CUSTOM_IMAGES))
        ),
        storage_paths=tuple(_storage_path(resource) for resource in listed(arm_ids.CONTAINERS)),
        logical_networks=tuple(networks),
        network_interfaces=tuple(interfaces),
        data_disks=tuple(_disk(resource, disk_holders) for resource in listed(arm_ids.DISKS)),
        rights=azure_rights(site),
    )


def _holders(instances: list[ArmResource]) -> dict[str, str]:
    """Lower-case id of an interface -> id of the machine that uses it."""
    found = {}
    for instance in instances:
        profile = properties_of(instance.body).get("networkProfile") or {}
        for interface in profile.get("networkInterfaces") or []:
            found[str(interface["id"]).lower()] = arm_ids.parent_of(instance.id)
    return found


def _disk_holders(instances: list[ArmResource]) -> dict[str, str]:
    """Lower-case id of a data disk -> id of the machine that uses it."""
    return {
        str(disk["id"]).lower(): arm_ids.parent_of(instance.id)
        for instance in instances
        for disk in (properties_of(instance.body).get("storageProfile") or {}).get("dataDisks", [])
    }


def _disk(resource: ArmResource, holders: dict[str, str]) -> DataDisk:
    body = properties_of(resource.body)
    return DataDisk(
        resource.id,
        str(resource.body["name"]),
        body.get("diskSizeGB"),
        body.get("dynamic"),
        body.get("containerId", ""),
        str(body.get("provisioningState", "")),
        holders.get(resource.id.lower(), ""),
    )


def _image(resource: ArmResource) -> Image:
    body = properties_of(resource.body)
    identifier, version = body.get("identifier"), body.get("version") or {}
    status = body.get("status") or {}
    disk = ((version.get("properties") or {}).get("storageProfile") or {}).get("osDiskImage") or {}
    states = {"Succeeded": ImageState.READY, "Failed": ImageState.FAILED}
    return Image(
        arm_id=resource.id,
        name=str(resource.body["name"]),
        state=states.get(str(body.get("provisioningState")), ImageState.DOWNLOADING),
        os_type=body.get("osType", ""),
        reference=ImageReference(
            identifier["publisher"],
            identifier["offer"],
            identifier["sku"],
            version.get("name", ""),
        )
        if identifier
        else None,
        generation=body.get("hyperVGeneration", ""),
        size_mib=disk.get("sizeInMB"),
        progress_percent=status.get("progressPercentage"),
        storage_path_id=body.get("containerId", ""),
        error_message=status.get("errorMessage", ""),
    )


def _storage_path(resource: ArmResource) -> StoragePath:
    body = properties_of(resource.body)
    return StoragePath(
        resource.id,
        str(resource.body["name"]),
        body["path"],
        body["status"]["availableSizeMB"],
        body["status"]["containerSizeMB"],
    )


def _network(resource: ArmResource, interfaces: list[NetworkInterface]) -> LogicalNetwork:
    body = properties_of(resource.body)
    subnet = body["subnets"][0]["properties"]
    return LogicalNetwork(
        arm_id=resource.id,
        name=str(resource.body["name"]),
        switch_name=body["vmSwitchName"],
        address_prefix=subnet.get("addressPrefix", ""),
        is_static=subnet["ipAllocationMethod"] == "Static",
        vlan=subnet.get("vlan"),
        pools=tuple(AddressPool(p["start"], p["end"]) for p in subnet.get("ipPools", [])),
        dns_servers=tuple(body["dhcpOptions"]["dnsServers"]),
        used_addresses=tuple(
            sorted(
                interface.address
                for interface in interfaces
                if interface.address and interface.logical_network_id.lower() == resource.id.lower()
            )
        ),
    )


def _interface(resource: ArmResource, holders: dict[str, str]) -> NetworkInterface:
    body = properties_of(resource.body)
    first = (body.get("ipConfigurations") or [{}])[0].get("properties") or {}
    return NetworkInterface(
        resource.id,
        str(resource.body["name"]),
        (first.get("subnet") or {}).get("id", ""),
        first.get("privateIPAddress", ""),
        body.get("macAddress", ""),
        holders.get(resource.id.lower(), ""),
    )


def performance(
    subject: str, frame: TimeFrame, rows: Sequence[Mapping[str, Any]], at: float
) -> PerformanceHistory:
    facts = {each.name: each for each in load_performance_history().series}
    series = []
    for row in rows:
        fact = facts[row["name"]]
        values = tuple(each * fact.factor for each in row["values"])
        series.append(
            FigureSeries(fact.name, fact.title, fact.unit, tuple(row["times"]), values, fact.note)
        )
    return PerformanceHistory(subject, frame, tuple(series), at)
