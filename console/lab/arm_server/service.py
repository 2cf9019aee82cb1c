"""One request in, one answer out: disturbances, sign-in, scope, route, refusals."""

import logging
import threading
import uuid
from collections.abc import Callable

from console.lab.arm_server import fleet_graph
from console.lab.arm_server.directory import Directory
from console.lab.arm_server.exchange import ArmError, Request, Response, error_body
from console.lab.arm_server.identity_provider import IdentityProvider
from console.lab.arm_server.operations import Operations
from console.lab.arm_server.resource_graph import answer_query
from console.lab.arm_server.resources import Resources
from console.lab.arm_server.rights import answer_permissions, demand_right
from console.lab.arm_server.served_types import demand_some_version
from console.lab.arm_server.sign_in import SignIn
from console.lab.arm_server.target import parse
from console.lab.world.errors import WorldError
from console.lab.world.site import Site

_LOG = logging.getLogger(__name__)
_ACTS = frozenset({"PUT", "PATCH", "DELETE", "POST"})
_GRAPH = ("providers", "microsoft.resourcegraph", "resources")
# What ARM says when it is told to answer everything with one status.
_CODES = {
    400: "BadRequest", 401: "InvalidAuthenticationToken", 403: "AuthorizationFailed",
    404: "ResourceNotFound", 409: "Conflict", 412: "PreconditionFailed", 429: "TooManyRequests",
    500: "InternalServerError", 502: "BadGateway", 503: "ServiceUnavailable",
    504: "GatewayTimeout",
}  # fmt: skip
Watcher = Callable[[Request, Response], None]


class Service:
    """Thread-safe: what touches the world runs under its lock."""

    def __init__(
        self, site: Site, token: str, base_url: str, retry_after_s: float, stopping: threading.Event
    ) -> None:
        self.site = site
        self.watchers: list[Watcher] = []
        self._stopping = stopping
        self._sign_in = SignIn(token, site.settings.tenant_id, base_url)
        self._operations = Operations(site, base_url, retry_after_s)
        self._resources = Resources(site, self._operations)
        self._directory = Directory(site, self._resources)
        self._quota = fleet_graph.Quota()

    @property
    def identity(self) -> IdentityProvider:
        return self._sign_in.provider

    def answer(self, request: Request) -> Response | None:
        """None: the connection is dropped, and nobody learns what became of the request."""
        faults = self.site.faults
        if faults.arm_delay_s > 0:
            self._stopping.wait(faults.arm_delay_s)
        if faults.arm_down:
            return None
        try:
            response = self._answer(request)
        except ArmError as problem:
            response = problem.response()
        except WorldError as error:
            response = Response(error.status, error_body(error.code, error.text))
        except Exception:
            # A fault of the lab's own: told in the log, never by a dropped connection.
            _LOG.exception("%s %s", request.method, request.path)
            response = Response(500, error_body("InternalServerError", "The lab has an error."))
        for watch in self.watchers:
            watch(request, response)
        if self._loses_answer(request, response):
            return None
        return Response(
            response.status, response.body, {**_identifiers(request), **response.headers}
        )

    @property
    def is_garbled(self) -> bool:
        return "arm" in self.site.faults.malformed

    def _answer(self, request: Request) -> Response:
        with self.site.look():
            self._disturb()
            open_answer = self._sign_in.answer(request)
            if open_answer is not None:
                return open_answer
            nobody_is_right = self.site.faults.wrong_password
            self._sign_in.demand_token(request, nobody_is_right=nobody_is_right)
            return self._route(request)

    def _disturb(self) -> None:
        faults = self.site.faults
        if faults.arm_throttle_left > 0:
            faults.arm_throttle_left -= 1
            raise ArmError(
                429,
                "TooManyRequests",
                "The request is being throttled as the limit has been reached.",
                {"Retry-After": f"{faults.arm_retry_after_s:g}"},
            )
        if faults.arm_status is not None:
            code = _CODES.get(faults.arm_status, "Error")
            raise ArmError(
                faults.arm_status, code, f"The lab was told to answer {faults.arm_status}."
            )

    def _loses_answer(self, request: Request, response: Response) -> bool:
        """Only the answer to an act that was really done."""
        if self._is_query(request) or request.method not in _ACTS or response.status >= 300:
            return False
        with self.site.lock:
            if self.site.faults.answer_lost_after_act <= 0:
                return False
            self.site.faults.answer_lost_after_act -= 1
            return True

    @staticmethod
    def _is_query(request: Request) -> bool:
        return tuple(segment.lower() for segment in request.segments) == _GRAPH

    # -- routes --------------------------------------------------------------------------------
    def _route(self, request: Request) -> Response:
        demand_some_version(request.api_version)
        if self._is_query(request) and request.method == "POST":
            return answer_query(self.site, request, self._quota)
        self._demand_scope(request)
        permitted = answer_permissions(request, self.site.faults)
        if permitted is not None:
            return permitted
        demand_right(request, self.site.faults)
        told = self._directory.answer(request)
        if told is not None:
            return told
        match tuple(segment.lower() for segment in request.segments):
            case (
                "subscriptions", _, "providers", namespace, "locations", _,
                ("operationstatuses" | "operationresults") as kind, name,
            ) if request.method == "GET":  # fmt: skip
                return self._operations.answer(request, namespace, kind, name)
        target = parse(request.segments)
        if target is None or not target.subscription:
            raise ArmError(
                404,
                "InvalidResourceType",
                f"No HTTP resource was found that matches the request '{request.path}'.",
            )
        return self._resources.answer(request, target)

    def _demand_scope(self, request: Request) -> None:
        """Subscription and group of the path must exist."""
        parts = request.segments
        if len(parts) < 2 or parts[0].lower() != "subscriptions":
            return
        if self.site.get_resource(f"/subscriptions/{parts[1]}") is None:
            raise ArmError(
                404,
                "SubscriptionNotFound",
                f"The subscription '{parts[1]}' could not be found.",
            )
        if len(parts) < 4 or parts[2].lower() != "resourcegroups":
            return
        if self.site.get_resource("/" + "/".join(parts[:4])) is None:
            raise ArmError(
                404, "ResourceGroupNotFound", f"Resource group '{parts[3]}' could not be found."
            )


def _identifiers(request: Request) -> dict[str, str]:
    own = str(uuid.uuid4())
    found = {
        "x-ms-request-id": own,
        "x-ms-correlation-request-id": request.opaque("x-ms-correlation-request-id") or own,
        "x-ms-routing-request-id": f"LAB:{own}",
    }
    client_id = request.opaque("x-ms-client-request-id")
    if client_id and request.headers.get("x-ms-return-client-request-id", "").lower() == "true":
        found["x-ms-client-request-id"] = client_id
    return found
