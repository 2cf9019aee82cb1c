"""Azure answered lately: what it is to do cannot be judged on old data."""

from console.checks.situation import Situation, unknown
from console.model.finding import Finding
from console.model.request import Request

ID = "azure_answers"
TITLE = "Azure's data are fresh"


def on_request(request: Request, situation: Situation) -> tuple[Finding, ...]:
    wire = situation.inventory.arm
    if not wire.is_stale(situation.now):
        return ()
    why = wire.faults[0].summary if wire.faults else ""
    return (unknown(ID, "Azure has not answered lately.", "Refresh.", evidence=why),)
