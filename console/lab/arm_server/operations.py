"""Long-running operations as ARM tells them: headers of the first answer, status, result."""

from dataclasses import dataclass
from typing import Any

from console.lab.arm_server.exchange import ArmError, Request, Response, error_body
from console.lab.arm_server.served_types import demand_version, served_type
from console.lab.world import arm_ids
from console.lab.world.bodies import iso_time
from console.lab.world.site import Site
from console.lab.world.state import ArmOperation

# Reserved by RFC 2606: nobody answers there.
FOREIGN_URL = "https://operations.elsewhere.invalid"


@dataclass
class Operations:
    """``base_url`` is where clients reach this server; ``retry_after_s`` what they are asked for.

    A fraction of a second travels as ``retry-after-ms``, since ``Retry-After`` is whole seconds
    and a zero means "not said" to clients.
    """

    site: Site
    base_url: str
    retry_after_s: float = 1.0

    def retry_headers(self) -> dict[str, str]:
        if self.retry_after_s >= 1:
            return {"Retry-After": str(round(self.retry_after_s))}
        return {"retry-after-ms": str(max(round(self.retry_after_s * 1000), 1))}

    def headers(
        self, operation: ArmOperation, api_version: str, *, with_location: bool
    ) -> dict[str, str]:
        """How to follow the operation."""
        base = FOREIGN_URL if self.site.faults.foreign_status_url else self.base_url
        namespace = arm_ids.type_of(operation.resource_id).split("/", 1)[0]
        settings = self.site.settings
        place = (
            f"{base}/subscriptions/{settings.subscription_id}/providers/{namespace}"
            f"/locations/{settings.location}"
        )
        tail = f"{operation.id}?api-version={api_version}"
        found = {"Azure-AsyncOperation": f"{place}/operationStatuses/{tail}"}
        if with_location:
            found["Location"] = f"{place}/operationResults/{tail}"
        return {**found, **self.retry_headers()}

    def answer(self, request: Request, namespace: str, kind: str, name: str) -> Response:
        """GET of a status (always 200) or of a result (202 until there is one)."""
        demand_version(request.api_version, _versions(namespace))
        operation = self.site.operation(name)
        if operation is None or self.site.faults.status_url_vanishes:
            raise ArmError(404, "ResourceNotFound", f"The operation '{name}' could not be found.")
        if kind == "operationstatuses":
            waits = self.retry_headers() if operation.status == "InProgress" else {}
            return Response(200, status_document(operation, request.path), waits)
        return self._result(operation, request)

    def _result(self, operation: ArmOperation, request: Request) -> Response:
        if operation.status == "InProgress":
            location = f"{self.base_url}{request.path}?api-version={request.api_version}"
            return Response(202, None, {"Location": location, **self.retry_headers()})
        if operation.error is not None:
            return Response(409, error_body(*operation.error))
        resource = self.site.get_resource(operation.resource_id)
        if operation.kind in ("create", "update") and resource is not None:
            return Response(200, resource.body)
        return Response(204)


def status_document(operation: ArmOperation, path: str) -> dict[str, Any]:
    document: dict[str, Any] = {
        "id": path,
        "name": operation.id,
        "resourceId": operation.resource_id,
        "status": operation.status,
        "percentComplete": operation.percent,
        "startTime": iso_time(operation.started_at),
    }
    if operation.status != "InProgress":
        document["endTime"] = iso_time(operation.ends_at)
    if operation.phase:
        document["properties"] = {"phase": operation.phase}
    if operation.error is not None:
        document |= error_body(*operation.error)
    return document


def _versions(namespace: str) -> tuple[str, ...]:
    """Every version of any type of the provider: status URLs carry that of the first request."""
    kinds = {
        arm_ids.HCI.lower(): (arm_ids.INSTANCES, arm_ids.CLUSTERS),
        "microsoft.hybridcompute": (arm_ids.MACHINES,),
        "microsoft.extendedlocation": (arm_ids.CUSTOM_LOCATIONS,),
    }.get(namespace.lower(), ())
    return tuple(version for kind in kinds for version in served_type(kind, "").versions)
