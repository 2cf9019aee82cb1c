"""What the lab's one account may do: everything but what a switch takes away."""

from console.lab.arm_server.exchange import ArmError, Request, Response
from console.lab.arm_server.served_types import demand_version
from console.lab.arm_server.target import parse
from console.lab.world.faults import Switches

_ASKED = ("providers", "microsoft.authorization", "permissions")
_VERSIONS = ("2015-07-01", "2018-01-01-preview", "2022-04-01")
_WORDS = {"PUT": "write", "PATCH": "write", "DELETE": "delete"}


def answer_permissions(request: Request, switches: Switches) -> Response | None:
    """The answer to a question about one's own permissions at a scope; None for other requests."""
    if tuple(segment.lower() for segment in request.segments[-3:]) != _ASKED:
        return None
    if request.method != "GET":
        raise ArmError(405, "MethodNotAllowed", "Permissions can only be read.")
    demand_version(request.api_version, _VERSIONS)
    if switches.permissions_untold:
        raise ArmError(403, "AuthorizationFailed", "The lab was told not to tell permissions.")
    granted = {
        "actions": ["*"],
        "notActions": sorted(switches.missing_rights),
        "dataActions": [],
        "notDataActions": [],
    }
    return Response(200, {"value": [granted]})


def demand_right(request: Request, switches: Switches) -> None:
    """Refuse an act, as ARM does, for which the right is missing."""
    word = _WORDS.get(request.method)
    target = parse(request.segments) if word and switches.missing_rights else None
    if target is None:
        return
    action = f"{target.type}/{word}"
    if action.lower() in {right.lower() for right in switches.missing_rights}:
        raise ArmError(
            403,
            "AuthorizationFailed",
            f"The client 'lab' does not have authorization to perform action '{action}' over scope "
            f"'{request.path}' or the scope is invalid.",
        )
