"""Which resource types are served, in which api-versions, and what may be done with them."""

from dataclasses import dataclass

from console.lab.arm_server.exchange import ArmError
from console.lab.world import arm_ids

STABLE_VM_API, VM_API = "2024-01-01", "2025-06-01-preview"
_VM = (STABLE_VM_API, VM_API)
# The oldest of each is what Microsoft's JavaScript SDK on npm still speaks; Azure retires slowly.
# They are answered with the newer bodies, which hold more than those versions knew.
_CLUSTER = ("2022-05-01", "2026-04-30", "2026-10-01")
_HYBRID = ("2021-05-20", "2024-07-10", "2025-01-13", "2026-07-15")
_RESOURCES = (
    "2016-06-01", "2019-10-01", "2020-01-01", "2021-01-01", "2021-04-01", "2022-09-01",
    "2022-12-01", "2024-11-01", "2025-04-01",
)  # fmt: skip
ALL = frozenset({"GET", "PUT", "PATCH", "DELETE"})
READ = frozenset({"GET"})
POWER = frozenset({"start", "stop", "restart", "pause", "save"})
ENDPOINTS_VERSIONS = ("2022-09-01",)
GRAPH_VERSIONS = ("2021-03-01", "2022-10-01", "2024-04-01")
RESOURCES_VERSIONS = _RESOURCES
GUEST_AGENTS = f"{arm_ids.INSTANCES}/guestAgents"
IDENTITY_METADATA = f"{arm_ids.INSTANCES}/hybridIdentityMetadata"
ATTESTATION = f"{arm_ids.INSTANCES}/attestationStatus"
ARC_SETTINGS = f"{arm_ids.CLUSTERS}/arcSettings"
UPDATE_SUMMARIES = f"{arm_ids.CLUSTERS}/updateSummaries"
EDGE_DEVICES = f"{arm_ids.HCI}/edgeDevices"
ENABLED_TYPES = f"{arm_ids.CUSTOM_LOCATIONS}/enabledResourceTypes"


@dataclass(frozen=True)
class ServedType:
    """``hangs_on`` names the parent's type of extension resources (children tell by their name).

    ``only_in`` narrows actions to api-versions.
    """

    name: str
    versions: tuple[str, ...]
    methods: frozenset[str] = ALL
    hangs_on: str = ""
    actions: frozenset[str] = frozenset()
    is_tracked: bool = True  # has a location of its own
    is_singleton: bool = False  # always called ``default``
    made_status: int = 201  # of a PUT that made it

    def demand_version(self, version: str, location: str) -> None:
        """In the words of ARM for a version that this type does not have."""
        demand_some_version(version)
        if version not in self.versions:
            raise ArmError(
                400,
                "NoRegisteredProviderFound",
                f"No registered resource provider found for location '{location}' and API version "
                f"'{version}' for type '{self.name.split('/', 1)[1]}'. The supported api-versions "
                f"are '{', '.join(self.versions)}'. The supported locations are '{location}'.",
            )

    def has_action(self, action: str, version: str) -> bool:
        return action in self.actions and not (
            version == STABLE_VM_API and action in ("pause", "save")
        )


_TYPES = (
    ServedType(
        arm_ids.INSTANCES, _VM, hangs_on=arm_ids.MACHINES, actions=POWER, is_tracked=False,
        is_singleton=True,
    ),
    ServedType(GUEST_AGENTS, _VM, READ, is_singleton=True),
    ServedType(IDENTITY_METADATA, _VM, READ, is_singleton=True),
    ServedType(ATTESTATION, (VM_API,), READ, is_singleton=True),
    *(
        ServedType(name, _VM)
        for name in (
            arm_ids.INTERFACES, arm_ids.DISKS, arm_ids.MARKET_IMAGES, arm_ids.CUSTOM_IMAGES,
            arm_ids.NETWORKS, arm_ids.CONTAINERS,
        )
    ),
    ServedType(arm_ids.CLUSTERS, _CLUSTER, frozenset({"GET", "PATCH"})),
    ServedType(ARC_SETTINGS, _CLUSTER, READ),
    ServedType(UPDATE_SUMMARIES, _CLUSTER, READ, is_singleton=True),
    ServedType(EDGE_DEVICES, _CLUSTER, READ, hangs_on=arm_ids.MACHINES),
    ServedType(arm_ids.MACHINES, _HYBRID, made_status=200),
    # Its client accepts 200 and 202 only.
    ServedType(arm_ids.EXTENSIONS, _HYBRID, made_status=202),
    ServedType(arm_ids.CUSTOM_LOCATIONS, ("2021-08-15",)),
    ServedType(ENABLED_TYPES, ("2021-08-15",), READ),
    ServedType(arm_ids.APPLIANCES, ("2022-10-27",), READ),
)  # fmt: skip
SERVED = {served.name.lower(): served for served in _TYPES}


def demand_some_version(version: str) -> None:
    if not version:
        raise ArmError(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )


def demand_version(version: str, versions: tuple[str, ...]) -> None:
    """For what belongs to ARM itself and to no resource type."""
    demand_some_version(version)
    if version not in versions:
        raise ArmError(
            400,
            "InvalidApiVersionParameter",
            f"The api-version '{version}' is invalid. The supported versions are "
            f"'{','.join(versions)}'.",
        )


def served_type(name: str, version: str) -> ServedType:
    """By its full name in any case; 404 as ARM says it for what nobody serves."""
    found = SERVED.get(name.lower())
    if found is not None:
        return found
    namespace, _, kind = name.partition("/")
    if not any(known.startswith(namespace.lower() + "/") for known in SERVED):
        raise ArmError(
            404,
            "InvalidResourceNamespace",
            f"The resource namespace '{namespace}' is invalid.",
        )
    demand_some_version(version)
    raise ArmError(
        404,
        "InvalidResourceType",
        f"The resource type '{kind}' could not be found in the namespace '{namespace}' for api "
        f"version '{version}'.",
    )
