"""The Arc resource bridge is up: without it nothing that Azure is asked reaches the cluster."""

from console.checks.situation import Situation, blocks, unknown
from console.model.finding import Finding
from console.model.request import Request

ID = "resource_bridge_is_online"
TITLE = "The Arc resource bridge is online"
_FIELD = "custom_location_id"  # which stands for the bridge


def on_request(request: Request, situation: Situation) -> tuple[Finding, ...]:
    is_online = situation.inventory.cluster.resource_bridge_online
    if is_online:
        return ()
    if is_online is None:
        return (
            unknown(ID, "Whether the Arc resource bridge is online is not known.", field=_FIELD),
        )
    text = "The Arc resource bridge is offline, so Azure cannot reach this cluster."
    return (blocks(ID, text, "Start its cluster group (control-plane) on a node.", field=_FIELD),)
