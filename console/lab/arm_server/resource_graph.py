"""Resource Graph: the console's own queries, known by their text, and no others."""

import functools
import tomllib
from collections.abc import Callable
from functools import partial
from typing import Any

from console.catalog import resource_path
from console.lab.arm_server import fleet_graph, paging
from console.lab.arm_server.exchange import ArmError, Request, Response
from console.lab.arm_server.served_types import GRAPH_VERSIONS, demand_version
from console.lab.world import arm_ids
from console.lab.world.site import Site
from console.lab.world.state import ArmResource

MOST_ROWS = 1000
# A quota that nobody uses up here; clients read the headers all the same.
_QUOTA = {"x-ms-user-quota-remaining": "14", "x-ms-user-quota-resets-after": "00:00:05"}


def normalised(text: str) -> str:
    """White space is free in a query."""
    return " ".join(text.split())


@functools.cache
def known_queries() -> dict[str, str]:
    """Normalised text -> name, from resources/resource_graph.toml."""
    queries = tomllib.loads(resource_path("resource_graph.toml").read_text(encoding="utf-8"))
    return {normalised(query["text"]): name for name, query in queries.items()}


def answer_query(site: Site, request: Request, quota: fleet_graph.Quota) -> Response:
    """POST of a query: one page of rows. Under the lock."""
    demand_version(request.api_version, GRAPH_VERSIONS)
    body = request.json_object()
    name = known_queries().get(normalised(str(body.get("query", ""))), "")
    if name in fleet_graph.QUERIES:
        return fleet_graph.response(site, quota, request, name, body)
    rows_of = _QUERIES.get(name)
    if rows_of is None:
        raise ArmError(
            400,
            "InvalidQuery",
            "The lab runs no queries: it knows those of resources/resource_graph.toml by their "
            "text.",
        )
    options = body.get("options") or {}
    if not isinstance(options, dict) or options.get("resultFormat", "objectArray") != "objectArray":
        raise ArmError(400, "BadRequest", "Only the result format objectArray is answered here.")
    size = paging.read_top(str(options.get("$top", "")), MOST_ROWS)
    rows = rows_of(site) if _is_asked_for(site, body.get("subscriptions")) else []
    shown, token = paging.page(rows, str(options.get("$skipToken", "")), size)
    answer: dict[str, Any] = {
        "totalRecords": len(rows),
        "count": len(shown),
        "data": [row.tell() for row in shown],
        "facets": [],
        "resultTruncated": "false",
    }
    if token:
        answer["$skipToken"] = token
    return Response(200, answer, _QUOTA)


def _is_asked_for(site: Site, subscriptions: object) -> bool:
    """No list means every subscription of the tenant."""
    if not isinstance(subscriptions, list) or not subscriptions:
        return True
    own = site.settings.subscription_id.lower()
    return any(isinstance(one, str) and one.lower() == own for one in subscriptions)


def _machines(site: Site, *, are_vms: bool) -> list[ArmResource]:
    found = site.list_resources(arm_ids.MACHINES, f"/subscriptions/{site.settings.subscription_id}")
    return [one for one in found if (str(one.body.get("kind", "")).upper() == "HCI") == are_vms]


def _properties(resource: ArmResource) -> dict[str, Any]:
    found = resource.body.get("properties")
    return found if isinstance(found, dict) else {}


def _common(site: Site, machine: ArmResource) -> dict[str, Any]:
    group = arm_ids.name_of(arm_ids.group_of(machine.id))
    return {
        "id": machine.id,
        "name": machine.body["name"],
        # Resource Graph tells groups in lower case.
        "resourceGroup": group.lower(),
        "subscriptionId": site.settings.subscription_id,
    }


def _virtual_machine(site: Site, machine: ArmResource) -> dict[str, Any]:
    instance = site.get_resource(site.settings.instance_id(machine.id))
    location = instance.body.get("extendedLocation") if instance is not None else None
    return {
        **_common(site, machine),
        "location": machine.body.get("location"),
        "tags": machine.body.get("tags"),
        "arcStatus": str(_properties(machine).get("status", "")),
        "properties": instance.body.get("properties") if instance is not None else None,
        "customLocation": location.get("name") if isinstance(location, dict) else None,
    }


def _node_machine(site: Site, machine: ArmResource) -> dict[str, Any]:
    return {**_common(site, machine), "status": str(_properties(machine).get("status", ""))}


def _virtual_machines(site: Site) -> list[paging.Row]:
    return [
        paging.Row(one.id, partial(_virtual_machine, site, one))
        for one in _machines(site, are_vms=True)
    ]


def _node_machines(site: Site) -> list[paging.Row]:
    return [
        paging.Row(one.id, partial(_node_machine, site, one))
        for one in _machines(site, are_vms=False)
    ]


_QUERIES: dict[str, Callable[[Site], list[paging.Row]]] = {
    "virtual_machines": _virtual_machines,
    "node_machines": _node_machines,
}
