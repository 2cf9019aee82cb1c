"""What a site has before any VM: its Azure resources, networks, storage paths and images."""

from dataclasses import dataclass
from typing import Any

from console.lab.world import arm_ids
from console.lab.world.bodies import iso_time
from console.lab.world.site import Site
from console.lab.world.state import ArmResource, WorldNode, WorldVolume


@dataclass(frozen=True)
class MarketImage:
    name: str
    publisher: str
    offer: str
    sku: str
    version: str
    size_mb: int


IMAGES = (
    MarketImage(
        "ws2022-azure-edition-hotpatch-01", "microsoftwindowsserver", "windowsserver",
        "2022-datacenter-azure-edition-hotpatch", "20348.2582.240703", 10832,
    ),
    MarketImage(
        "win11-22h2-avd-01", "microsoftwindowsdesktop", "windows-11",
        "win11-22h2-avd", "22621.2428.231001", 13112,
    ),
    MarketImage(
        "win11-21h2-avd-01", "microsoftwindowsdesktop", "windows-11",
        "win11-21h2-avd", "22000.2538.231001", 12744,
    ),
)  # fmt: skip
STORAGE_PATHS = (  # name, size GiB, available GiB
    ("user-storage-1", 4096, 1530),
    ("user-storage-2", 4096, 2874),
    ("user-storage-3", 2048, 212),
)
STATIC_NETWORK, DHCP_NETWORK = "lnet-servers-vlan110", "lnet-desktops-vlan120"


def add(site: Site, arm_id: str, type_: str, properties: dict[str, Any], **top: object) -> None:
    """A resource that has always been there."""
    body: dict[str, object] = {
        "id": arm_id,
        "name": arm_ids.name_of(arm_id),
        "type": type_,
        "location": site.settings.location,
        **top,
        "properties": {"provisioningState": "Succeeded", **properties},
        "systemData": {
            "createdBy": "deployment@lab.example",
            "createdByType": "Application",
            "createdAt": iso_time(site.now - 90 * 86400),
        },
    }
    site.resources[arm_id.lower()] = ArmResource(
        arm_id, type_, body, etag=f'"{len(site.resources):08x}"', put_count=1
    )


def succeeded(site: Site, arm_id: str) -> dict[str, object]:
    """The ``status`` of a VM-family resource that came out well."""
    operation_id = site.guid("made", arm_id.lower())
    return {"provisioningStatus": {"operationId": operation_id, "status": "Succeeded"}}


def extended_location(site: Site) -> dict[str, str]:
    return {"type": "CustomLocation", "name": site.settings.custom_location_id}


def add_nodes(site: Site, count: int, **features: Any) -> None:
    """``LAB-N1`` ... with both migration networks and their Arc machines."""
    for number in range(1, count + 1):
        name = f"LAB-N{number}"
        site.nodes[name] = WorldNode(
            name,
            f"{name.lower()}.{site.settings.domain}",
            os_build=site.settings.os_build,
            migration_networks=[
                {"name": "Storage A (vlan 711)", "is_up": True, "link_mbps": 25000},
                {"name": "Storage B (vlan 712)", "is_up": True, "link_mbps": 25000},
            ],
            **features,
        )
        add(
            site,
            site.settings.resource_id(arm_ids.MACHINES, name),
            arm_ids.MACHINES,
            {
                "vmId": site.guid("node machine", name),
                "status": "Connected",
                "osName": "Azure Stack HCI",
                "osType": "windows",
                "osVersion": site.settings.os_build,
                "agentVersion": "1.53.03081.2313",
                "displayName": name,
                "domainName": site.settings.domain,
                "machineFqdn": f"{name.lower()}.{site.settings.domain}",
                "cloudMetadata": {"provider": "AzSHCI"},
                "parentClusterResourceId": site.settings.cluster_arm_id,
            },
            identity=_identity(site, name),
        )


def _identity(site: Site, about: str) -> dict[str, str]:
    return {
        "type": "SystemAssigned",
        "principalId": site.guid("principal", about),
        "tenantId": site.settings.tenant_id,
    }


def _add_scopes(site: Site) -> None:
    """The subscription and its one group."""
    settings = site.settings
    subscription = f"/subscriptions/{settings.subscription_id}"
    site.resources[subscription] = ArmResource(
        subscription,
        arm_ids.SUBSCRIPTIONS,
        {
            "id": subscription,
            "subscriptionId": settings.subscription_id,
            "tenantId": settings.tenant_id,
            "displayName": settings.subscription_name,
            "state": "Enabled",
        },
        put_count=1,
    )
    site.resources[settings.group_id.lower()] = ArmResource(
        settings.group_id,
        arm_ids.GROUPS,
        {
            "id": settings.group_id,
            "name": settings.resource_group,
            "type": arm_ids.GROUPS,
            "location": settings.location,
            "tags": {},
            "properties": {"provisioningState": "Succeeded"},
        },
        put_count=1,
    )


def add_azure_base(site: Site) -> None:
    """Subscription, group, cluster, resource bridge and custom location."""
    _add_scopes(site)
    settings = site.settings
    add(
        site,
        settings.cluster_arm_id,
        arm_ids.CLUSTERS,
        {
            "cloudId": site.guid("cloud"),
            "aadTenantId": settings.tenant_id,
            "registrationTimestamp": iso_time(site.now - 90 * 86400),
            "reportedProperties": {
                "clusterName": settings.cluster_name,
                "clusterId": site.guid("cluster"),
                "clusterVersion": settings.os_build,
                "clusterType": "ThirdParty",
                "manufacturer": "Lab Systems",
                "supportedCapabilities": ["azureArcVmManagement"],
                "diagnosticLevel": "Basic",
                "imdsAttestation": "Disabled",
            },
        },
        identity=_identity(site, "cluster"),
        tags={},
    )
    add(
        site,
        settings.bridge_id,
        arm_ids.APPLIANCES,
        {
            "distro": "AKSEdge",
            "infrastructureConfig": {"provider": "HCI"},
            "status": "Running",
            "version": "1.4.1",
        },
        identity=_identity(site, "bridge"),
    )
    add(
        site,
        settings.custom_location_id,
        arm_ids.CUSTOM_LOCATIONS,
        {
            "displayName": f"{settings.cluster_name}-cl",
            "hostResourceId": settings.bridge_id,
            "hostType": "Kubernetes",
            "namespace": "lab",
            "clusterExtensionIds": [
                f"{settings.bridge_id}/providers/Microsoft.KubernetesConfiguration/extensions/"
                "vmss-hci"
            ],
        },
    )


def add_offers(site: Site) -> None:
    """Storage paths, logical networks and images: what a creation chooses from."""
    location = extended_location(site)
    # Four nodes bring these; more nodes bring more disks.
    scale = max(1, len(site.nodes) // 4)
    for number, (name, size_gib, available_gib) in enumerate(STORAGE_PATHS, start=1):
        arm_id = site.settings.resource_id(arm_ids.CONTAINERS, name)
        status = {
            **succeeded(site, arm_id),
            "availableSizeMB": scale * available_gib * 1024,
            "containerSizeMB": scale * size_gib * 1024,
        }
        path = f"C:\\ClusterStorage\\UserStorage_{number}\\vms"
        add(
            site, arm_id, arm_ids.CONTAINERS, {"path": path, "status": status},
            extendedLocation=location,
        )  # fmt: skip
        site.volumes[f"UserStorage_{number}"] = WorldVolume(
            f"UserStorage_{number}",
            f"C:\\ClusterStorage\\UserStorage_{number}",
            owner=list(site.nodes)[(number - 1) % len(site.nodes)],
            storage_path=arm_id,
        )
    _add_networks(site)
    _add_images(site)


def _add_images(site: Site) -> None:
    location = extended_location(site)
    for image in IMAGES:
        arm_id = site.settings.resource_id(arm_ids.MARKET_IMAGES, image.name)
        add(
            site,
            arm_id,
            arm_ids.MARKET_IMAGES,
            {
                "identifier": {
                    "publisher": image.publisher,
                    "offer": image.offer,
                    "sku": image.sku,
                },
                "containerId": storage_path_id(site, 0),
                "osType": "Windows",
                "hyperVGeneration": "V2",
                "version": _version(image.version, image.size_mb),
                "status": {
                    **succeeded(site, arm_id),
                    "progressPercentage": 100,
                    "downloadStatus": {"downloadSizeInMB": image.size_mb},
                },
            },
            extendedLocation=location,
            tags={},
        )
    arm_id = site.settings.resource_id(arm_ids.CUSTOM_IMAGES, "golden-ws2022-custom")
    add(
        site,
        arm_id,
        arm_ids.CUSTOM_IMAGES,
        {
            "containerId": storage_path_id(site, 0),
            "osType": "Windows",
            "hyperVGeneration": "V2",
            "version": _version("1.0.0", 14200),
            "status": {**succeeded(site, arm_id), "progressPercentage": 100},
        },
        extendedLocation=location,
        tags={"team": "server"},
    )


def add_spare_parts(site: Site) -> None:
    """Disks and interfaces that no VM uses: what somebody kept, to be used again."""
    for name, size_gib, is_dynamic, path in (
        ("archive-2023-data", 512, True, 0),
        ("scratch-fixed", 64, False, 1),
    ):
        arm_id = site.settings.resource_id(arm_ids.DISKS, name)
        add(
            site,
            arm_id,
            arm_ids.DISKS,
            {
                "diskSizeGB": size_gib,
                "dynamic": is_dynamic,
                "diskFileFormat": "vhdx",
                "containerId": storage_path_id(site, path),
                "status": succeeded(site, arm_id),
            },
            extendedLocation=extended_location(site),
            tags={},
        )
    for name, network, address in (
        ("spare-servers-nic", STATIC_NETWORK, "10.110.14.9"),
        ("spare-desktops-nic", DHCP_NETWORK, ""),
    ):
        _add_spare_interface(site, name, network, address)


def _add_spare_interface(site: Site, name: str, network: str, address: str) -> None:
    arm_id = site.settings.resource_id(arm_ids.INTERFACES, name)
    configuration: dict[str, object] = {
        "subnet": {"id": site.settings.resource_id(arm_ids.NETWORKS, network)},
    }
    if address:
        configuration |= {
            "privateIPAddress": address, "gateway": "10.110.0.1", "prefixLength": "20",
        }  # fmt: skip
    tail = int(site.chance("spare", name) * 0xFFFF)
    add(
        site,
        arm_id,
        arm_ids.INTERFACES,
        {
            "ipConfigurations": [{"name": "ipconfig0", "properties": configuration}],
            "macAddress": f"00:15:5D:FF:{tail >> 8:02X}:{tail & 0xFF:02X}",
            "dnsSettings": {"dnsServers": []},
            "status": succeeded(site, arm_id),
        },
        extendedLocation=extended_location(site),
        tags={},
    )


def storage_path_id(site: Site, number: int) -> str:
    return site.settings.resource_id(arm_ids.CONTAINERS, STORAGE_PATHS[number][0])


def _version(name: str, size_mb: int) -> dict[str, object]:
    disk = {"osDiskImage": {"sizeInMB": size_mb}}
    return {"name": name, "properties": {"storageProfile": disk}}


def _add_networks(site: Site) -> None:
    pool = {"start": "10.110.0.20", "end": "10.110.15.250", "ipPoolType": "vm"}
    subnets: dict[str, dict[str, object]] = {
        STATIC_NETWORK: {
            "addressPrefix": "10.110.0.0/20",
            "ipAllocationMethod": "Static",
            "vlan": 110,
            "ipPools": [pool],
            "routeTable": {
                "properties": {
                    "routes": [
                        {
                            "name": "default",
                            "properties": {
                                "addressPrefix": "0.0.0.0/0",
                                "nextHopIpAddress": "10.110.0.1",
                            },
                        }
                    ]
                }
            },
        },
        DHCP_NETWORK: {"ipAllocationMethod": "Dynamic", "vlan": 120},
    }
    for name, subnet in subnets.items():
        arm_id = site.settings.resource_id(arm_ids.NETWORKS, name)
        add(
            site,
            arm_id,
            arm_ids.NETWORKS,
            {
                "vmSwitchName": "ConvergedSwitch(compute_management)",
                "networkType": "Workload",
                "dhcpOptions": {"dnsServers": ["10.110.0.10", "10.110.0.11"]},
                "subnets": [{"name": name, "properties": subnet}],
                "status": succeeded(site, arm_id),
            },
            extendedLocation=extended_location(site),
            tags={},
        )
