"""ARM paths: ids of resources, their api-versions, and how an id is taken apart."""

import re
from urllib.parse import quote

import msgspec

from console.backends import BackendError
from console.model.freshness import Fault, FaultCode, cut
from console.model.request import VirtualMachineSpec

CLUSTERS_API = "2026-04-30"
HYBRID_COMPUTE_API = "2026-07-15"
EXTENDED_LOCATION_API = "2021-08-15"
RESOURCE_GROUPS_API = "2025-04-01"
SUBSCRIPTIONS_API = "2022-12-01"
PERMISSIONS_API = "2022-04-01"
RESOURCE_GRAPH_API = "2021-03-01"

# What would end a path, be dropped from it, or lead elsewhere in it: Microsoft's client puts an
# instance's id into the URL as it is, and a URL parser leaves line breaks out without a word.
_SEGMENT = re.compile(r"[^\x00-\x20\x7f-\xa0\u2028\u2029\ud800-\udfff?#%\\]+")
_NO_SEGMENTS = frozenset({".", ".."})

INSTANCE_SUFFIX = "/providers/Microsoft.AzureStackHCI/virtualMachineInstances/default"
RESOURCE_GRAPH = f"/providers/Microsoft.ResourceGraph/resources?api-version={RESOURCE_GRAPH_API}"


class ResourceId(msgspec.Struct, frozen=True, gc=False):
    """The parts of a resource id inside a resource group."""

    subscription: str
    group: str
    provider: str
    kind: str
    name: str


def parse(arm_id: str) -> ResourceId:
    """Take the last provider's part; BackendError(REJECTED) for anything that is no such id."""
    parts = arm_id.strip("/").split("/")
    if any(part in _NO_SEGMENTS or not _SEGMENT.fullmatch(part) for part in parts):
        parts = []
    lower = [part.lower() for part in parts]
    try:
        providers = len(lower) - 1 - lower[::-1].index("providers")
        found = ResourceId(
            subscription=parts[lower.index("subscriptions") + 1],
            group=parts[lower.index("resourcegroups") + 1],
            provider=parts[providers + 1],
            kind=parts[providers + 2],
            name=parts[-1],
        )
    except (ValueError, IndexError):
        found = ResourceId("", "", "", "", "")
    if not (found.subscription and found.group and found.kind and found.name):
        shown = cut(arm_id, 200)
        raise BackendError(
            Fault(
                FaultCode.REJECTED,
                summary=f"“{shown}” is no id of an Azure resource.",
                kept="Nothing was sent.",
            )
        )
    return found


def in_group(spec: VirtualMachineSpec, provider: str, kind: str, name: str) -> str:
    return (
        f"/subscriptions/{spec.subscription_id}/resourceGroups/{spec.resource_group}"
        f"/providers/{provider}/{kind}/{name}"
    )


def machine_id(spec: VirtualMachineSpec) -> str:
    return in_group(spec, "Microsoft.HybridCompute", "machines", spec.name)


def instance_id(machine: str) -> str:
    return machine + INSTANCE_SUFFIX


def is_instance(arm_id: str) -> bool:
    return arm_id.lower().endswith(INSTANCE_SUFFIX.lower())


def machine_of(arm_id: str) -> str:
    """The Arc machine of an instance, or the id itself."""
    return arm_id[: -len(INSTANCE_SUFFIX)] if is_instance(arm_id) else arm_id


def api_version_of(arm_id: str, vm_api: str) -> str:
    """The api-version for a GET of this resource."""
    provider = parse(arm_id).provider.lower()
    kind = parse(arm_id).kind.lower()
    if provider == "microsoft.hybridcompute":
        return HYBRID_COMPUTE_API
    if provider == "microsoft.extendedlocation":
        return EXTENDED_LOCATION_API
    if provider == "microsoft.azurestackhci" and kind in ("clusters", "updatesummaries"):
        return CLUSTERS_API
    return vm_api


def resource_path(arm_id: str, vm_api: str) -> str:
    """Path and query of a GET; the id is quoted, since names come from people."""
    version = api_version_of(arm_id, vm_api)  # refuses what cannot be quoted
    return f"{quote(arm_id, safe='/')}?api-version={version}"


def permissions(scope: str) -> str:
    """Where the account's own permissions at a scope are asked for."""
    path = f"{quote(scope, safe='/')}/providers/Microsoft.Authorization/permissions"
    return f"{path}?api-version={PERMISSIONS_API}"


def list_path(subscription: str, provider_and_kind: str, api_version: str) -> str:
    return f"/subscriptions/{subscription}/providers/{provider_and_kind}?api-version={api_version}"
