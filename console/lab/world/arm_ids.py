"""Parts of an ARM id. Ids compare case-insensitively; these keep the case they are given."""


def name_of(arm_id: str) -> str:
    return arm_id.rstrip("/").rsplit("/", 1)[-1]


def type_of(arm_id: str) -> str:
    """``Microsoft.X/type[/subtype]``; subscriptions and groups are ``Microsoft.Resources/...``."""
    head, found, tail = arm_id.strip("/").rpartition("/providers/")
    if not found:
        parts = head.split("/") if head else tail.split("/")
        kind = "resourceGroups" if len(parts) > 2 else "subscriptions"
        return f"Microsoft.Resources/{kind}"
    namespace, *rest = tail.split("/")
    return "/".join([namespace, *rest[0::2]])


def parent_of(arm_id: str) -> str:
    """What an extension resource or a child hangs on; the resource group for others."""
    head, _, tail = arm_id.rstrip("/").rpartition("/providers/")
    parts = tail.split("/")
    if len(parts) > 3:
        return f"{head}/providers/" + "/".join(parts[:-2])
    return head


def group_of(arm_id: str) -> str:
    """The id of its resource group, empty outside one."""
    parts = arm_id.strip("/").split("/")
    return "/" + "/".join(parts[:4]) if len(parts) >= 4 else ""


HCI = "Microsoft.AzureStackHCI"
MACHINES = "Microsoft.HybridCompute/machines"
EXTENSIONS = "Microsoft.HybridCompute/machines/extensions"
INSTANCES = f"{HCI}/virtualMachineInstances"
INTERFACES = f"{HCI}/networkInterfaces"
DISKS = f"{HCI}/virtualHardDisks"
MARKET_IMAGES = f"{HCI}/marketplaceGalleryImages"
CUSTOM_IMAGES = f"{HCI}/galleryImages"
NETWORKS = f"{HCI}/logicalNetworks"
CONTAINERS = f"{HCI}/storageContainers"
CLUSTERS = f"{HCI}/clusters"
CUSTOM_LOCATIONS = "Microsoft.ExtendedLocation/customLocations"
APPLIANCES = "Microsoft.ResourceConnector/appliances"
GROUPS = "Microsoft.Resources/resourceGroups"
SUBSCRIPTIONS = "Microsoft.Resources/subscriptions"
