"""Bring a paused node back, both steps undone; done when it is up and open to Azure."""

from console.backends import BackendError
from console.model.freshness import Fault, FaultCode
from console.model.node import NodeState
from console.model.operation import OperationState
from console.model.request import ResumeNode
from console.operations.base import OperationContext, Outcome, not_sent, send
from console.operations.maintenance_steps import set_placement

_S = OperationState
_STEP = "resume_node"


class ResumeNodeOperation:
    """Resume, with or without failback, let Azure place VMs there again, then look."""

    kind = "resume_node"
    checks = (
        "platform_allows",
        "account_may_act",
        "node_can_be_drained",
    )
    can_cancel = False

    def title(self, request: ResumeNode) -> str:
        return f"Resume {request.node}"

    def locks(self, request: ResumeNode) -> frozenset[str]:
        return frozenset({f"node:{request.node}"})

    def slots(self, request: ResumeNode) -> tuple[str, ...]:
        return ()

    async def run(self, context: OperationContext, request: ResumeNode) -> Outcome:
        fault: Fault | None = None
        node = await context.backend.read_node(request.node)
        # Up already: a part of an earlier maintenance was undone, by us or by somebody else.
        if node is None or node.state is not NodeState.UP:
            try:
                job = await send(
                    context,
                    _STEP,
                    f"Resume-TlcNode -Name {request.node} -Failback ${request.failback}",
                    lambda: context.backend.resume_node(
                        request.node, request.failback, context.operation_id
                    ),
                )
            except BackendError as error:
                if error.was_sent:
                    raise
                return not_sent(context, error.fault, "The cluster refused it.")
            fault = (await context.follow(job, phase="Resuming")).fault
        refusal = await set_placement(context, request.node, True)
        await context.verifying(f"Looking whether {request.node} is up")
        await context.refresh()
        node = await context.backend.read_node(request.node)
        if node is not None and node.state is NodeState.UP:
            return _resumed(request, node.accepts_azure_placement, refusal)
        state = node.state.lower() if node is not None else "not readable"
        found = fault or Fault(FaultCode.REJECTED, f"{request.node} is {state}.")
        return Outcome(_S.FAILED, f"{request.node} is {state}.", found)


def _resumed(request: ResumeNode, accepts: bool | None, refusal: Fault | None) -> Outcome:
    """It is up: whole only if Azure may use it too."""
    if accepts:
        back = " The cluster brings its VMs back." if request.failback else ""
        return Outcome(_S.SUCCEEDED, f"{request.node} is up and open to Azure.{back}")
    if accepts is None and refusal is None:
        text = f"{request.node} is up. Whether Azure may place VMs on it could not be read."
        return Outcome(_S.SUCCEEDED, text)
    why = f": {refusal.summary}" if refusal is not None else "."
    text = f"{request.node} is up, but Azure does not place VMs on it{why}"
    remedy = f"Run New-MocPhysicalNode -NodeName {request.node} on a node, or resume it again."
    return Outcome(_S.FAILED, text, Fault(FaultCode.REJECTED, text, remedy))
