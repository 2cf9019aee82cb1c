"""What Resource Graph tells of a whole fleet: the site's own rows and the generated ones around it.

Pages go by number, since the rows are in the order of their ids by construction. The quota counts
as the real service's does: so many queries in five seconds, then 429 until it resets.
"""

import time
from typing import Any
from zlib import crc32

from console.lab.arm_server import paging
from console.lab.arm_server.exchange import ArmError, Request, Response
from console.lab.world import arm_ids
from console.lab.world.fleet import FleetSubscription
from console.lab.world.site import Site
from console.lab.world.state import ArmResource

QUERIES = ("fleet_clusters", "fleet_subscriptions", "fleet_vms")
WINDOW_S = 5.0
Rows = list[dict[str, Any]]


class Quota:
    """Queries left in the present window, for the lab's one account. Real time, as the service."""

    def __init__(self) -> None:
        self._began = float("-inf")
        self._used = 0

    def take(self, most: int) -> dict[str, str]:
        """Headers for one more query. Raises ArmError(429) when there is none left."""
        now = time.monotonic()
        if now - self._began >= WINDOW_S:
            self._began, self._used = now, 0
        resets = max(1, round(self._began + WINDOW_S - now + 0.5))
        after = f"00:00:{resets:02d}"
        if self._used >= most:
            raise ArmError(
                429,
                "RateLimiting",
                "Please provide below info when asking for support: too many requests.",
                {
                    "Retry-After": str(resets),
                    "x-ms-user-quota-remaining": "0",
                    "x-ms-user-quota-resets-after": after,
                },
            )
        self._used += 1
        return {
            "x-ms-user-quota-remaining": str(most - self._used),
            "x-ms-user-quota-resets-after": after,
        }


def answer(site: Site, name: str, body: dict[str, Any], size: int) -> dict[str, Any]:
    """One page of a query of ``QUERIES``. Under the lock."""
    wanted = _subscriptions(site, body.get("subscriptions"))
    if name == "fleet_subscriptions":
        rows = _told_subscriptions(site, wanted)
        return _page(rows, len(rows), "")
    if name == "fleet_clusters":
        rows = [row for one in wanted for row in _clusters(site, one)]
        return _page(rows, len(rows), "")
    options = body.get("options") or {}
    first = _number(paging.read_token(str(options.get("$skipToken", ""))))
    spans = [(one, _vm_count(site, one)) for one in wanted]
    total = sum(count for _, count in spans)
    found: Rows = []
    skipped = 0
    for one, count in spans:
        begin = max(0, first + len(found) - skipped)
        if begin < count and len(found) < size:
            found += _vms(site, one, begin, min(count, begin + size - len(found)))
        skipped += count
    after = first + len(found)
    return _page(found, total, paging.token_after(str(after)) if after < total else "")


def demand_access(site: Site, request: Request, wanted: object) -> None:
    """A query that names only what this account may not read is refused, as ARM does."""
    denied = {one.lower() for one in site.faults.graph_denied}
    if site.fleet is not None:
        denied.add(site.fleet.denied.id)
    named = [one.lower() for one in wanted] if isinstance(wanted, list) else []
    if named and all(one in denied for one in named):
        raise ArmError(
            403,
            "AuthorizationFailed",
            "The client 'lab' does not have authorization to perform action "
            f"'Microsoft.ResourceGraph/resources/read' over scope '/subscriptions/{named[0]}'.",
        )


def _page(rows: Rows, total: int, token: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        "totalRecords": total,
        "count": len(rows),
        "data": rows,
        "facets": [],
        "resultTruncated": "false",
    }
    if token:
        told["$skipToken"] = token
    return told


def _number(token: str) -> int:
    if not token:
        return 0
    if not token.isdecimal():
        raise ArmError(400, "InvalidSkipToken", "The skip token is not valid.")
    return int(token)


def _subscriptions(site: Site, wanted: object) -> list[FleetSubscription | None]:
    """Those asked for that may be read, in the order of ids; None stands for the site's own."""
    denied = {one.lower() for one in site.faults.graph_denied}
    own = site.settings.subscription_id.lower()
    readable: dict[str, FleetSubscription | None] = {own: None}
    if site.fleet is not None:
        readable |= {one.id: one for one in site.fleet.subscriptions}
    asked = {str(one).lower() for one in wanted} if isinstance(wanted, list) and wanted else None
    return [
        readable[name]
        for name in sorted(readable)
        if name not in denied and (asked is None or name in asked)
    ]


def _told_subscriptions(site: Site, wanted: list[FleetSubscription | None]) -> Rows:
    settings = site.settings
    pairs = [
        (one.id, one.name) if one else (settings.subscription_id, settings.subscription_name)
        for one in wanted
    ]
    return [
        {"id": f"/subscriptions/{one}", "name": name, "subscriptionId": one} for one, name in pairs
    ]


def _clusters(site: Site, subscription: FleetSubscription | None) -> Rows:
    if subscription is not None:
        fleet = site.fleet
        assert fleet is not None
        return [fleet.cluster_row(at, subscription.id, site.now) for at in subscription.clusters]
    found = site.list_resources(arm_ids.CLUSTERS, f"/subscriptions/{site.settings.subscription_id}")
    return [_own_cluster(site, one) for one in found]


def _own_cluster(site: Site, cluster: ArmResource) -> dict[str, Any]:
    properties = _part(cluster.body, "properties")
    reported = _part(properties, "reportedProperties")
    return {
        "id": cluster.id,
        "name": cluster.body["name"],
        "resourceGroup": site.settings.resource_group.lower(),
        "subscriptionId": site.settings.subscription_id,
        "contact": str(properties.get("connectivityStatus") or ""),
        "synced": str(properties.get("lastSyncTimestamp") or ""),
        "version": str(reported.get("clusterVersion") or ""),
        "nodes": reported.get("nodes"),
    }


def _own_machines(site: Site) -> list[ArmResource]:
    found = site.list_resources(arm_ids.MACHINES, f"/subscriptions/{site.settings.subscription_id}")
    machines = [one for one in found if str(one.body.get("kind", "")).upper() == "HCI"]
    return sorted(machines, key=lambda one: one.id.lower())


def _vm_count(site: Site, subscription: FleetSubscription | None) -> int:
    if subscription is None:
        return len(_own_machines(site))
    assert site.fleet is not None
    return len(site.fleet.vms_of(subscription))


def _vms(site: Site, subscription: FleetSubscription | None, first: int, until: int) -> Rows:
    if subscription is None:
        rows = [_own_vm(site, one) for one in _own_machines(site)[first:until]]
    else:
        fleet = site.fleet
        assert fleet is not None
        numbers = fleet.vms_of(subscription)[first:until]
        rows = [fleet.vm_row(number, subscription.id, site.now) for number in numbers]
    share = site.faults.graph_malformed_share
    if share > 0:
        for row in rows:
            if crc32(row["id"].encode()) % 1000 < share * 1000:
                row["name"], row["processors"] = None, "many"
    return rows


def _own_vm(site: Site, machine: ArmResource) -> dict[str, Any]:
    """The site's own VM in the columns of the query, joined as the query would."""
    settings = site.settings
    instance = site.get_resource(settings.instance_id(machine.id))
    body = instance.body if instance is not None else {}
    told = _part(body, "properties")
    security = _part(told, "securityProfile")
    hardware = _part(told, "hardwareProfile")
    return {
        "id": machine.id,
        "name": machine.body["name"],
        "resourceGroup": settings.resource_group.lower(),
        "tags": machine.body.get("tags"),
        "agent": str(_part(machine.body, "properties").get("status", "")),
        "cluster": settings.cluster_arm_id.lower(),
        "location": str(_part(body, "extendedLocation").get("name", "")).lower(),
        "power": str(_part(told, "status").get("powerState") or ""),
        "provisioning": str(told.get("provisioningState") or ""),
        "error": str(_part(told, "status").get("errorCode") or ""),
        "security": str(security.get("securityType") or ""),
        "secureBoot": _part(security, "uefiSettings").get("secureBootEnabled"),
        "vtpm": security.get("enableTPM"),
        "node": str(told.get("hostNodeName") or ""),
        "vmId": str(told.get("hyperVVmId") or ""),
        "user": str(_part(told, "osProfile").get("adminUsername") or ""),
        "os": str(_part(_part(told, "storageProfile"), "osDisk").get("osType") or ""),
        "processors": hardware.get("processors"),
        "memory": hardware.get("memoryMB"),
        "address": _address(site, told),
    }


def _address(site: Site, told: dict[str, Any]) -> str:
    interfaces = _part(told, "networkProfile").get("networkInterfaces")
    if not isinstance(interfaces, list) or not interfaces:
        return ""
    interface = site.get_resource(str(interfaces[0].get("id", "")))
    properties = _part(interface.body, "properties") if interface is not None else {}
    configurations = properties.get("ipConfigurations")
    if not isinstance(configurations, list) or not configurations:
        return ""
    return str(_part(configurations[0], "properties").get("privateIPAddress") or "")


def _part(body: object, name: str) -> dict[str, Any]:
    found = body.get(name) if isinstance(body, dict) else None
    return found if isinstance(found, dict) else {}


def response(
    site: Site, quota: Quota, request: Request, name: str, body: dict[str, Any]
) -> Response:
    """Answer with the quota's headers."""
    headers = quota.take(site.faults.graph_quota)
    demand_access(site, request, body.get("subscriptions"))
    options = body.get("options") or {}
    size = paging.read_top(str(options.get("$top", "")), 1000)
    return Response(200, answer(site, name, body, size), headers)
