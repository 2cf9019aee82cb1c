"""GET, PUT, PATCH, DELETE and POST on resources, as the resource providers answer them."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any

from console.lab.arm_server import paging, rules
from console.lab.arm_server.derived import derived_bodies, is_derived
from console.lab.arm_server.exchange import ArmError, Request, Response
from console.lab.arm_server.operations import Operations
from console.lab.arm_server.served_types import SERVED, STABLE_VM_API, ServedType, served_type
from console.lab.arm_server.shapes import demand_shape
from console.lab.arm_server.stable_version import as_stable
from console.lab.arm_server.target import Target, parse
from console.lab.world import arm_ids
from console.lab.world.site import Site
from console.lab.world.state import ArmOperation, ArmResource

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._()-]{0,79}")


class Resources:
    """Answers for every type in ``served_types``. Runs under the site's lock."""

    def __init__(self, site: Site, operations: Operations) -> None:
        self.site = site
        self.operations = operations
        self._verbs: dict[str, Callable[[Request, Target, ServedType], Response]] = {
            "GET": self._get,
            "HEAD": self._head,
            "PUT": self._put,
            "PATCH": self._patch,
            "DELETE": self._delete,
        }

    def answer(self, request: Request, target: Target) -> Response:
        action = ""
        if request.method == "POST":
            if not target.is_list or len(target.kinds) < 2:
                raise _not_allowed(request)
            target, action = target.without_action()
        served = served_type(target.type, request.api_version)
        served.demand_version(request.api_version, self.site.settings.location)
        _demand_place(target, served)
        if action:
            return self._act(request, target, served, action)
        wanted = "GET" if request.method == "HEAD" else request.method
        if wanted not in served.methods or (target.is_list and wanted != "GET"):
            raise _not_allowed(request)
        return self._verbs[request.method](request, target, served)

    # -- reading -------------------------------------------------------------------------------
    def _get(self, request: Request, target: Target, served: ServedType) -> Response:
        if target.is_list:
            return self._list(request, target, served)
        if is_derived(served.name):
            wanted = target.names[-1].lower()
            bodies = self._derived(target, served)
            found = next((body for body in bodies if body["name"].lower() == wanted), None)
            if found is None:
                raise _not_found(target, served)
            return Response(200, found)
        resource = self._existing(target, served)
        return Response(200, _in_version(request, resource), _etag(resource))

    def _head(self, request: Request, target: Target, served: ServedType) -> Response:
        self._get(request, target, served)
        return Response(204)

    def _list(self, request: Request, target: Target, served: ServedType) -> Response:
        if is_derived(served.name):
            rows = [
                paging.Row(body["id"], partial(dict, body))
                for body in self._derived(target, served)
            ]
        else:
            self._demand_parent(target)
            found = self.site.list_resources(served.name, target.parent)
            rows = [paging.Row(each.id, partial(_in_version, request, each)) for each in found]
        return self.page(request, rows)

    def page(self, request: Request, rows: list[paging.Row]) -> Response:
        """One page of a list, with the link to the next."""
        size = paging.read_top(request.query.get("$top", ""), paging.PAGE_ROWS)
        shown, token = paging.page(rows, request.query.get("$skiptoken", ""), size)
        body: dict[str, Any] = {"value": [row.tell() for row in shown]}
        if token:
            kept = "".join(
                f"&{name}={request.query[name.lower()]}"
                for name in ("$top",)
                if name.lower() in request.query
            )
            body["nextLink"] = (
                f"{self.operations.base_url}{request.path}?api-version={request.api_version}"
                f"{kept}&$skipToken={token}"
            )
        return Response(200, body)

    def _derived(self, target: Target, served: ServedType) -> list[dict[str, Any]]:
        return derived_bodies(self.site, served.name, self._demand_parent(target).id)

    # -- acting --------------------------------------------------------------------------------
    def _put(self, request: Request, target: Target, served: ServedType) -> Response:
        body = request.json_object()
        demand_shape(served.name, body)
        name = target.names[-1]
        if not _NAME.fullmatch(name) or (served.is_singleton and name.lower() != "default"):
            raise ArmError(400, "InvalidResourceName", f"The resource name '{name}' is invalid.")
        existing = self.site.get_resource(target.id)
        rules.demand_location(target, served, body, existing)
        if existing is not None and request.headers.get("if-none-match") == "*":
            raise ArmError(412, "PreconditionFailed", f"The resource '{target.id}' exists already.")
        if served.name == arm_ids.NETWORKS:
            rules.demand_usable_network(body)
        if served.name == arm_ids.INSTANCES:
            body = rules.with_kept_security(body, existing)
        arm_id = existing.id if existing is not None else self._new_id(target, served)
        etag = request.headers.get("if-match")
        resource, operation = self.site.put_resource(
            arm_id, served.name, rules.accepted_part(body), etag
        )
        status = 200 if existing is not None else served.made_status
        return self._accepted(request, status, resource, operation, with_location=status == 202)

    def _patch(self, request: Request, target: Target, served: ServedType) -> Response:
        body = request.json_object()
        demand_shape(served.name, body)
        self._existing(target, served)
        etag = request.headers.get("if-match")
        resource, operation = self.site.patch_resource(
            target.id, rules.patchable_part(served.name, body), etag
        )
        status = 200 if operation is None else 202
        return self._accepted(request, status, resource, operation, with_location=True)

    def _delete(self, request: Request, target: Target, served: ServedType) -> Response:
        operation = self.site.delete_resource(target.id, request.headers.get("if-match"))
        if operation is None:
            return Response(204)
        headers = self.operations.headers(operation, request.api_version, with_location=True)
        return Response(202, None, headers)

    def _act(self, request: Request, target: Target, served: ServedType, action: str) -> Response:
        if not served.has_action(action.lower(), request.api_version):
            raise ArmError(
                404,
                "InvalidResourceType",
                f"The resource type '{served.name.split('/', 1)[1]}/{action}' could not be found "
                f"for api version '{request.api_version}'.",
            )
        resource = self._existing(target, served)
        operation = self.site.act(resource.id, action.lower())
        headers = self.operations.headers(operation, request.api_version, with_location=True)
        return Response(202, None, headers)

    def _accepted(
        self,
        request: Request,
        status: int,
        resource: ArmResource,
        operation: ArmOperation | None,
        *,
        with_location: bool,
    ) -> Response:
        headers = _etag(resource)
        if operation is not None:
            headers |= self.operations.headers(
                operation, request.api_version, with_location=with_location
            )
        return Response(status, _in_version(request, resource), headers)

    # -- demands -------------------------------------------------------------------------------
    def _existing(self, target: Target, served: ServedType) -> ArmResource:
        found = self.site.get_resource(target.id)
        if found is None:
            raise _not_found(target, served)
        return found

    def _demand_parent(self, target: Target) -> ArmResource:
        """What a child or extension resource hangs on."""
        found = self.site.get_resource(target.parent)
        if found is None:
            above = parse(tuple(part for part in target.parent.split("/") if part))
            kind = above.type if above is not None else "Microsoft.Resources/resourceGroups"
            raise ArmError(
                404,
                "ParentResourceNotFound",
                f"Failed to perform the operation on resource(s) of type '{target.type}', because "
                f"the parent resource '{kind}/{arm_ids.name_of(target.parent)}' could not be "
                "found.",
            )
        return found

    def _new_id(self, target: Target, served: ServedType) -> str:
        """Spelled as the provider spells its types, below the parent as it was created."""
        parent = self.site.get_resource(target.parent)
        wanted = target.id_as(served.name)
        return parent.id + wanted[len(target.parent) :] if parent is not None else wanted


def _in_version(request: Request, resource: ArmResource) -> dict[str, Any]:
    if request.api_version == STABLE_VM_API:
        return as_stable(resource.type, resource.body)
    return resource.body


def _etag(resource: ArmResource) -> dict[str, str]:
    return {"ETag": resource.etag} if resource.etag else {}


def _demand_place(target: Target, served: ServedType) -> None:
    """Extension resources only on what they hang on, all others only in a resource group."""
    above = parse(tuple(part for part in target.scope.split("/") if part))
    expected = served.hangs_on or _hangs_on_of_top(target)
    found = above.type if above is not None else ""
    is_listed_widely = target.is_list and len(target.kinds) == 1 and not expected
    if found.lower() != expected.lower() or not (target.group or is_listed_widely):
        raise ArmError(
            404,
            "InvalidResourceType",
            f"The resource type '{served.name}' could not be found at '{target.scope}'.",
        )


def _hangs_on_of_top(target: Target) -> str:
    """A child of an extension resource sits where its parent does."""
    top = SERVED.get(f"{target.namespace}/{target.kinds[0]}".lower())
    return top.hangs_on if top is not None else ""


def _not_found(target: Target, served: ServedType) -> ArmError:
    where = f" under resource group '{target.group}'" if target.group else ""
    return ArmError(
        404,
        "ResourceNotFound",
        f"The Resource '{served.name}/{target.names[-1]}'{where} was not found. For more details "
        "please go to https://aka.ms/ARMResourceNotFoundFix",
    )


def _not_allowed(request: Request) -> ArmError:
    return ArmError(
        405,
        "MethodNotAllowed",
        f"The method '{request.method}' is not supported for '{request.path}'.",
    )
