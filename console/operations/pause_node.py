"""Let nothing new come to a node, from the cluster or from Azure; what is there stays."""

from console.backends import BackendError
from console.model.freshness import Fault, FaultCode
from console.model.node import NodeState
from console.model.operation import OperationState
from console.model.request import PauseNode
from console.operations.base import OperationContext, Outcome, not_sent, send
from console.operations.maintenance_steps import closed_text, placement_text, set_placement

_S = OperationState
_STEP = "pause_node"


class PauseNodeOperation:
    """Suspend without a drain, keep Azure from placing VMs there, then look."""

    kind = "pause_node"
    checks = ("platform_allows", "account_may_act", "node_is_known", "node_can_be_paused")
    can_cancel = False

    def title(self, request: PauseNode) -> str:
        return f"Pause {request.node}"

    def locks(self, request: PauseNode) -> frozenset[str]:
        return frozenset({f"node:{request.node}"})

    def slots(self, request: PauseNode) -> tuple[str, ...]:
        return ()

    async def run(self, context: OperationContext, request: PauseNode) -> Outcome:
        fault: Fault | None = None
        node = await context.backend.read_node(request.node)
        if node is None or node.state is not NodeState.PAUSED:
            try:
                job = await send(
                    context,
                    _STEP,
                    f"Suspend-TlcNode -Name {request.node} -Drain $False",
                    lambda: context.backend.pause_node(request.node, context.operation_id),
                )
            except BackendError as error:
                if error.was_sent:
                    raise
                return not_sent(context, error.fault, "The cluster refused the pause.")
            fault = (await context.follow(job, phase="Pausing")).fault
        refusal = await set_placement(context, request.node, False)
        return await self._verify(context, request, fault, refusal)

    async def _verify(
        self,
        context: OperationContext,
        request: PauseNode,
        fault: Fault | None,
        refusal: Fault | None,
    ) -> Outcome:
        await context.verifying(f"Looking whether {request.node} is paused")
        await context.refresh()
        node = await context.backend.read_node(request.node)
        if node is None or node.state is not NodeState.PAUSED:
            state = node.state.lower() if node is not None else "not readable"
            text = f"{request.node} is {state}."
            return Outcome(_S.FAILED, text, fault or Fault(FaultCode.REJECTED, text))
        open_text = placement_text(node.accepts_azure_placement, refusal)
        if open_text:
            text = f"{request.node} is paused. {open_text}"
            remedy = f"Run Remove-MocPhysicalNode -NodeName {request.node} on a node, then look."
            kept = "The pause stays; resuming the node undoes it."
            return Outcome(_S.FAILED, text, Fault(FaultCode.REJECTED, text, remedy, kept))
        closed = closed_text(node.accepts_azure_placement)
        text = f"{request.node} is paused{closed}; what runs on it stays there."
        return Outcome(_S.SUCCEEDED, text)
