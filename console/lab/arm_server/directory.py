"""What ARM itself tells: tenants, subscriptions, groups, providers, lists of everything."""

import re
from functools import partial
from typing import Any

from console.lab.arm_server import paging
from console.lab.arm_server.exchange import ArmError, Request, Response
from console.lab.arm_server.resources import Resources
from console.lab.arm_server.served_types import RESOURCES_VERSIONS, SERVED, demand_version
from console.lab.world import arm_ids
from console.lab.world.site import Site
from console.lab.world.state import ArmResource

_BY_TYPE = re.compile(r"\s*resourceType\s+eq\s+'([^']+)'\s*", re.IGNORECASE)
_SCOPES = (arm_ids.SUBSCRIPTIONS, arm_ids.GROUPS)


class Directory:
    """Answers paths without a resource type. Runs under the site's lock."""

    def __init__(self, site: Site, resources: Resources) -> None:
        self.site = site
        self.resources = resources

    def answer(self, request: Request) -> Response | None:
        """None for a path that is none of these."""
        match tuple(segment.lower() for segment in request.segments):
            case ("tenants",):
                return self._read(request, self._tenants())
            case ("subscriptions",):
                return self._read(request, self._subscriptions())
            case ("subscriptions", _):
                return self._one(request)
            case ("subscriptions", _, "resourcegroups"):
                scope = "/" + "/".join(request.segments[:2])
                return self._read(request, self._of_type(arm_ids.GROUPS, scope))
            case ("subscriptions", _, "resourcegroups", _):
                return self._one(request)
            case ("subscriptions", _, "resources") | (
                "subscriptions", _, "resourcegroups", _, "resources",
            ):  # fmt: skip
                return self._read(request, self._everything(request))
            case ("subscriptions", _, "providers") | ("providers",):
                rows = [paging.Row(name, partial(self._provider, name)) for name in _namespaces()]
                return self._read(request, rows)
            case ("subscriptions", _, "providers", name) | ("providers", name):
                return self._one_provider(request, name)
            case ("subscriptions", _, "providers", name, "register"):
                return self._one_provider(request, name, "POST")
            case _:
                return None

    def _read(self, request: Request, rows: list[paging.Row]) -> Response:
        self._demand(request, "GET")
        return self.resources.page(request, rows)

    def _demand(self, request: Request, *methods: str) -> None:
        if request.method not in methods:
            raise ArmError(
                405,
                "MethodNotAllowed",
                f"The method '{request.method}' is not supported for '{request.path}'.",
            )
        demand_version(request.api_version, RESOURCES_VERSIONS)

    def _one(self, request: Request) -> Response:
        """A subscription or group; that it exists was seen before."""
        self._demand(request, "GET", "HEAD")
        found = self.site.get_resource("/" + "/".join(request.segments))
        assert found is not None
        return Response(204) if request.method == "HEAD" else Response(200, found.body)

    def _of_type(self, type_: str, scope: str) -> list[paging.Row]:
        found = self.site.list_resources(type_, scope)
        return [paging.Row(one.id, partial(dict, one.body)) for one in found]

    def _subscriptions(self) -> list[paging.Row]:
        """The site's own, and those of the fleet around it that this account may read."""
        rows = self._of_type(arm_ids.SUBSCRIPTIONS, "/subscriptions")
        (own,) = self.site.list_resources(arm_ids.SUBSCRIPTIONS, "/subscriptions")
        denied = {one.lower() for one in self.site.faults.graph_denied}
        around = self.site.fleet.subscriptions if self.site.fleet is not None else ()
        for one in around:
            if one.id.lower() in denied:
                continue
            path = f"/subscriptions/{one.id}"
            named = {"id": path, "subscriptionId": one.id, "displayName": one.name}
            rows.append(paging.Row(path, partial(dict, own.body | named)))
        return rows

    def _tenants(self) -> list[paging.Row]:
        tenant = self.site.settings.tenant_id
        body = {
            "id": f"/tenants/{tenant}",
            "tenantId": tenant,
            "countryCode": "ZZ",
            "displayName": "Lab",
            "domains": [self.site.settings.domain],
            "tenantCategory": "Home",
        }
        return [paging.Row(tenant, partial(dict, body))]

    def _everything(self, request: Request) -> list[paging.Row]:
        """Tracked resources below the scope, without their properties."""
        scope = "/" + "/".join(request.segments[:-1]).lower() + "/"
        text = request.query.get("$filter", "")
        wanted = _BY_TYPE.fullmatch(text)
        if text and wanted is None:
            raise ArmError(
                400, "InvalidFilterInQueryString", "Only resourceType eq '...' is answered here."
            )
        return [
            paging.Row(one.id, partial(_as_listed, one))
            for key, one in self.site.resources.items()
            if key.startswith(scope)
            and one.type not in _SCOPES
            and "location" in one.body
            and (wanted is None or one.type.lower() == wanted[1].lower())
        ]

    def _one_provider(self, request: Request, name: str, *methods: str) -> Response:
        self._demand(request, *(methods or ("GET",)))
        found = next((each for each in _namespaces() if each.lower() == name), None)
        if found is None:
            raise ArmError(
                404, "InvalidResourceNamespace", f"The resource namespace '{name}' is invalid."
            )
        return Response(200, self._provider(found))

    def _provider(self, namespace: str) -> dict[str, Any]:
        settings = self.site.settings
        kinds = [served for served in SERVED.values() if served.name.startswith(namespace + "/")]
        return {
            "id": f"/subscriptions/{settings.subscription_id}/providers/{namespace}",
            "namespace": namespace,
            "registrationPolicy": "RegistrationRequired",
            "registrationState": "Registered",
            "resourceTypes": [
                {
                    "resourceType": served.name.split("/", 1)[1],
                    "locations": [settings.location],
                    "apiVersions": list(reversed(served.versions)),
                    "defaultApiVersion": served.versions[-1],
                    "capabilities": "None",
                }
                for served in kinds
            ],
        }


def _namespaces() -> list[str]:
    return sorted({served.name.split("/", 1)[0] for served in SERVED.values()})


def _as_listed(resource: ArmResource) -> dict[str, Any]:
    names = ("id", "name", "type", "kind", "location", "identity", "tags", "extendedLocation")
    return {name: resource.body[name] for name in names if name in resource.body}
