"""What is fixed about a simulated site: its identity in Azure and how fast things go."""

from dataclasses import dataclass


@dataclass
class SiteSettings:
    """Durations in seconds of the world's clock, bandwidth in MiB/s for one live migration."""

    cluster_name: str = "lab-cluster"
    release: str = "11.2510.1002.93"
    os_build: str = "10.0.26100.4652"
    subscription_id: str = "1ab00000-0000-4000-8000-000000000001"
    subscription_name: str = "Lab subscription"
    tenant_id: str = "1ab00000-0000-4000-8000-0000000000aa"
    resource_group: str = "rg-lab"
    location: str = "westeurope"
    domain: str = "lab.example"
    azure_connection: str = "Connected"

    # -- live migration
    parallel_migrations: int = 2
    bandwidth_mib_s: float = 1400.0
    setup_s: float = 0.7
    cleanup_s: float = 0.5
    cancel_s: float = 0.3
    maximum_passes: int = 10
    stop_below_mib: float = 48.0  # what is left when the VM is paused for the last copy
    blackout_base_ms: float = 60.0
    quick_mib_s: float = 1000.0  # a VM's memory to its volume, and back
    quick_switch_s: float = 0.5
    is_migration_encrypted: bool | None = False

    # -- what the cluster wants by itself (the defaults of failover clustering)
    balancer_mode: int = 2
    balancer_level: int = 1
    enforces_anti_affinity: bool = False
    affinity_follows_s: float = 5.0  # after this long, VMs that belong together follow

    # -- power and failover
    power_s: float = 2.5
    heartbeat_s: float = 3.0
    failover_s: float = 4.0
    joining_s: float = 3.0

    # -- Azure plane
    creation_s: float = 12.0
    image_download_s: float = 20.0
    interface_s: float = 1.5
    disk_s: float = 2.0
    extension_s: float = 4.0
    update_s: float = 2.0
    delete_s: float = 3.0

    # -- figures that always change
    metrics_every_s: float = 5.0
    history_is_off: bool = False  # the cluster keeps no performance history

    @property
    def group_id(self) -> str:
        return f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group}"

    @property
    def custom_location_id(self) -> str:
        return (
            f"{self.group_id}/providers/Microsoft.ExtendedLocation/customLocations/"
            f"{self.cluster_name}-cl"
        )

    @property
    def cluster_arm_id(self) -> str:
        return f"{self.group_id}/providers/Microsoft.AzureStackHCI/clusters/{self.cluster_name}"

    @property
    def bridge_id(self) -> str:
        return (
            f"{self.group_id}/providers/Microsoft.ResourceConnector/appliances/"
            f"{self.cluster_name}-arcbridge"
        )

    def resource_id(self, type_: str, name: str) -> str:
        """ARM id of a resource of the site's group, as ``Microsoft.AzureStackHCI/x`` and name."""
        return f"{self.group_id}/providers/{type_}/{name}"

    def instance_id(self, machine_id: str) -> str:
        return f"{machine_id}/providers/Microsoft.AzureStackHCI/virtualMachineInstances/default"
