"""The troubles of the scenario ``degraded``: one of every kind, each on a VM or node of its own."""

from console.lab.world import arm_ids
from console.lab.world.bodies import properties_of
from console.lab.world.furniture import add, extended_location, storage_path_id
from console.lab.world.node_life import DRAIN_FAILED, QUARANTINED
from console.lab.world.population import ROLES, add_to_azure, make_standard, make_vm
from console.lab.world.site import Site
from console.lab.world.state import WorldAffinityRule, WorldHealthFault, WorldVm


def add_troubles(site: Site) -> None:
    _trouble_nodes(site)
    _trouble_storage(site)
    _trouble_vms(site)
    _wish(site)
    _trouble_azure(site)
    _orphans(site)
    _begin_stuck_moves(site)


def _named(site: Site, name: str) -> WorldVm:
    return next(vm for vm in site.vms.values() if vm.name == name)


def _empty_node(site: Site, node: str) -> None:
    """Nothing runs there: its VMs have failed over long ago."""
    others = [name for name in ("LAB-N1", "LAB-N2", "LAB-N3") if name != node]
    for index, vm in enumerate(site.vms_on(node)):
        vm.owner = others[index % len(others)]


def _trouble_nodes(site: Site) -> None:
    """N1 and N2 are well; N3 lost its agent's service; the others have what their lines say."""
    for name in ("LAB-N6", "LAB-N7", "LAB-N8"):
        _empty_node(site, name)
    site.nodes["LAB-N3"].igvm_agent = "Stopped"
    site.nodes["LAB-N4"].igvm_agent = None
    site.nodes["LAB-N4"].igvm_agent_version = ""
    site.nodes["LAB-N6"].state = "Down"
    paused = site.nodes["LAB-N7"]
    paused.state, paused.drain_status, paused.status_flags = "Paused", "Failed", DRAIN_FAILED
    paused.accepts_azure_placement = False
    site.nodes["LAB-N8"].state, site.nodes["LAB-N8"].status_flags = "Down", QUARANTINED
    site.nodes["LAB-N8"].accepts_azure_placement = False
    site.nodes["LAB-N2"].migration_networks[1]["is_up"] = False
    for name, kind, severity, reason in (
        ("LAB-N6", "Server.Down", "Error", "The server cannot be reached."),
        ("LAB-N8", "Server.Quarantined", "Warning", "The server is quarantined by the cluster."),
        ("LAB-N2", "NetworkAdapter.Disconnected", "Warning", "A network adapter has no link."),
    ):
        site.health_faults.append(
            WorldHealthFault(
                site.guid("fault", name), severity, f"Microsoft.Health.FaultType.{kind}",
                reason, name, site.name,
            )
        )  # fmt: skip


def _trouble_storage(site: Site) -> None:
    """N4 lost its storage networks: it reaches one volume through its owner and another not at all,
    and the three VMs that lie on that one stand still."""
    node = site.nodes["LAB-N4"]
    for network, word in zip(node.migration_networks, ("Failed", "Unreachable"), strict=True):
        node.storage_links[str(network["name"])] = word
    site.volumes["UserStorage_1"].access[node.name] = "FileSystemRedirected"
    site.volumes["UserStorage_3"].access[node.name] = "Unavailable"
    for name in ("sql-01", "file-02", "web-03"):
        stuck = _named(site, name)
        stuck.owner, stuck.volume = node.name, "UserStorage_3"
        stuck.state, stuck.heartbeat = "PausedCritical", "Paused"
        stuck.group_state = "PartialOnline"


def _trouble_vms(site: Site) -> None:
    _named(site, "app-02").heartbeat = "LostCommunication"
    _named(site, "web-02").heartbeat = "OkApplicationsCritical"
    _named(site, "app-04").secure_boot = False
    _named(site, "file-01").mounted_iso = "C:\\ClusterStorage\\UserStorage_1\\iso\\agent.iso"
    _named(site, "file-03").mounted_iso = "D:\\iso\\drivers.iso"
    _named(site, "mon-01").operational_status = "BackingUpVirtualMachine"
    _named(site, "avd-02").checkpoints = 3
    _named(site, "sql-02").possible_owners = ("LAB-N1", "LAB-N2")
    _named(site, "sql-02").owner = "LAB-N1"
    _named(site, "web-05").state = "Saved"
    _named(site, "web-05").group_state = "Offline"
    failed = _named(site, "ci-02")
    failed.state, failed.group_state, failed.heartbeat = "Off", "Failed", "Unknown"
    failed.has_guest_state_key = False
    # Made by a body without its security profile: Azure manages it, Trusted launch it is not.
    plain = _named(site, "app-05")
    make_standard(plain)
    _change(site, site.instance_of_vm[plain.vm_id], securityProfile=None)


def _wish(site: Site) -> None:
    """What the cluster wants of placement, and a node that does not have what others have."""
    site.settings.balancer_level = 2
    # An older, smaller machine: the balancing relieves it as soon as it takes something.
    site.nodes["LAB-N2"].memory_mib = 288 * 1024
    for number in range(1, 9):
        site.nodes[f"LAB-N{number}"].fault_domain = f"rack-{(number + 1) // 2}"
    site.nodes["LAB-N4"].switches = ("ConvergedSwitch(compute)",)
    site.affinity_rules += [
        WorldAffinityRule("dc apart", "DifferentFaultDomain", ("dc-01", "dc-02")),
        WorldAffinityRule("shop together", "SameNode", ("web-01", "app-01")),
        WorldAffinityRule("old pair", "DifferentNode", ("mon-01", "mon-02"), is_enabled=False),
    ]
    _named(site, "dc-01").owner, _named(site, "dc-02").owner = "LAB-N1", "LAB-N3"
    _named(site, "app-01").owner = _named(site, "web-01").owner = "LAB-N1"
    for name in ("sql-02", "sql-04"):
        _named(site, name).anti_affinity_classes = ("sql",)
    rather = _named(site, "web-07")
    rather.preferred_owners = (rather.owner,)


def _trouble_azure(site: Site) -> None:
    bridge = next(vm for vm in site.vms.values() if vm.is_resource_bridge)
    bridge.state, bridge.group_state, bridge.heartbeat = "Off", "Offline", "Unknown"
    site.faults.bridge_offline = True
    broken = make_vm(site, "web-90", ROLES[1], "LAB-N1", is_off=True)
    add_to_azure(site, broken, ROLES[1])
    del site.vms[broken.vm_id]
    _fail(
        site,
        site.instance_of_vm.pop(broken.vm_id),
        "ProvisioningFailed",
        "moc-operator virtualmachine serviceClient returned an error while reconciling: "
        "rpc error: code = Unknown desc = There is not enough space on the disk.",
    )
    del site.vm_of_instance[site.settings.instance_id(_machine(site, "web-90")).lower()]
    _change(site, _machine(site, "avd-03"), status="Disconnected")
    full = site.resources[storage_path_id(site, 2).lower()]
    status = {**properties_of(full.body)["status"], "availableSizeMB": 3072}
    _change(site, full.id, status=status)
    image = site.settings.resource_id(arm_ids.MARKET_IMAGES, "win11-22h2-avd-m365-01")
    add(
        site,
        image,
        arm_ids.MARKET_IMAGES,
        {
            "identifier": {
                "publisher": "microsoftwindowsdesktop",
                "offer": "windows11preview",
                "sku": "win11-22h2-avd-m365",
            },
            "containerId": storage_path_id(site, 2),
            "osType": "Windows",
            "hyperVGeneration": "V2",
        },
        extendedLocation=extended_location(site),
        tags={},
    )
    _fail(site, image, "DownloadFailed", "There is not enough space on the disk.", percent=61)


def _orphans(site: Site) -> None:
    """Azure knows a VM that is gone; the cluster runs a Trusted launch VM that Azure forgot."""
    gone = make_vm(site, "app-80", ROLES[0], "LAB-N1")
    add_to_azure(site, gone, ROLES[0])
    del site.vms[gone.vm_id]
    make_vm(site, "app-81", ROLES[0], "LAB-N2")


def _begin_stuck_moves(site: Site) -> None:
    """One move that never ends, and a node that drains and cannot get rid of its last VM."""
    never = _named(site, "ci-01")
    never.owner = "LAB-N1"
    site.faults.migration_never_converges(never.vm_id)
    site.migration_plane.start(never.vm_id, "LAB-N2", "LAB-N1", "somebody-else")
    sticky = next(
        vm for vm in site.vms_on("LAB-N5") if vm.state == "Running" and not vm.mounted_iso
    )
    site.faults.migration_never_converges(sticky.vm_id)
    for vm in site.vms_on("LAB-N5"):
        if vm.state == "Running" and vm is not sticky and vm.operational_status == "Ok":
            vm.owner = "LAB-N2"
    site.node_life.suspend("LAB-N5", True, "somebody-else")
    site.nodes["LAB-N5"].accepts_azure_placement = False


def _machine(site: Site, name: str) -> str:
    return site.settings.resource_id(arm_ids.MACHINES, name)


def _change(site: Site, arm_id: str, **properties: object) -> None:
    """New property values; None takes the property away."""
    resource = site.resources[arm_id.lower()]
    merged = {**properties_of(resource.body), **properties}
    kept = {key: value for key, value in merged.items() if value is not None}
    resource.body = {**resource.body, "properties": kept}


def _fail(site: Site, arm_id: str, code: str, text: str, percent: int | None = None) -> None:
    status: dict[str, object] = {
        "errorCode": code,
        "errorMessage": text,
        "provisioningStatus": {"operationId": site.guid("failed", arm_id), "status": "Failed"},
    }
    if percent is not None:
        status["progressPercentage"] = percent
    _change(site, arm_id, provisioningState="Failed", status=status, hyperVVmId=None)
