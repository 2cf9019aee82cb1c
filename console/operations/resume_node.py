"""Bring a paused node back; done when it says Up and Azure may place VMs there."""

from console.backends import BackendError
from console.model.freshness import Fault, FaultCode
from console.model.node import NodeState
from console.model.operation import OperationState
from console.model.request import ResumeNode
from console.operations.base import OperationContext, Outcome

_S = OperationState
_STEP = "resume_node"


class ResumeNodeOperation:
    """Resume, with or without failback, then look."""

    kind = "resume_node"
    checks = ("node_can_be_drained",)
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
        is_up_already = node is not None and node.state is NodeState.UP
        if not (context.sent and is_up_already):
            failback = "Immediate" if request.failback else "NoFailback"
            await context.sending(
                _STEP, f"Resume-TlcNode -NodeName {request.node} -Failback {failback}"
            )
            try:
                job = await context.backend.resume_node(
                    request.node, request.failback, context.operation_id
                )
            except BackendError as error:
                if error.was_sent:
                    raise
                return Outcome(_S.FAILED, "The cluster refused it.", error.fault)
            await context.accepted(_STEP, job.token)
            fault = (await context.follow(job, phase="Resuming")).fault
        await context.verifying(f"Looking whether {request.node} is up")
        await context.refresh()
        node = await context.backend.read_node(request.node)
        if node is not None and node.state is NodeState.UP:
            closed = node.accepts_azure_placement is False
            placed = " Azure does not place new VMs on it yet." if closed else ""
            return Outcome(_S.SUCCEEDED, f"{request.node} is up.{placed}")
        state = node.state.lower() if node is not None else "not readable"
        found = fault or Fault(FaultCode.REJECTED, f"{request.node} is {state}.")
        return Outcome(_S.FAILED, f"{request.node} is {state}.", found)
