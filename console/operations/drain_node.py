"""Empty a node with the cluster's own drain; done when no VM is left and it says Paused."""

from console.backends import BackendError
from console.model.freshness import Fault, FaultCode
from console.model.node import NodeState
from console.model.operation import OperationState
from console.model.request import DrainNode
from console.model.virtual_machine import PowerState
from console.operations.base import OperationContext, Outcome

_S = OperationState
_STEP = "suspend_node"


class DrainNodeOperation:
    """Suspend with drain, keep Azure from placing VMs there, then look."""

    kind = "drain_node"
    checks = ("node_can_be_drained",)
    can_cancel = False

    def title(self, request: DrainNode) -> str:
        return f"Drain {request.node}"

    def locks(self, request: DrainNode) -> frozenset[str]:
        return frozenset({f"node:{request.node}"})

    def slots(self, request: DrainNode) -> tuple[str, ...]:
        return ()

    async def run(self, context: OperationContext, request: DrainNode) -> Outcome:
        fault: Fault | None = None
        if context.sent and context.sent[-1].token:
            job = await context.backend.resume_job(context.sent[-1].token)
            fault = (await context.follow(job, phase="Draining")).fault
        else:
            node = await context.backend.read_node(request.node)
            is_under_way = node is not None and node.state in (
                NodeState.DRAINING,
                NodeState.PAUSED,
            )
            if not (context.sent and is_under_way):
                await context.sending(_STEP, f"Suspend-TlcNode -NodeName {request.node}")
                try:
                    job = await context.backend.suspend_node(request.node, context.operation_id)
                except BackendError as error:
                    if error.was_sent:
                        raise
                    return Outcome(_S.FAILED, "The cluster refused the drain.", error.fault)
                await context.accepted(_STEP, job.token)
                fault = (await context.follow(job, phase="Draining")).fault
        return await self._verify(context, request, fault)

    async def _verify(
        self, context: OperationContext, request: DrainNode, fault: Fault | None
    ) -> Outcome:
        await context.verifying(f"Looking whether {request.node} is empty")
        await context.refresh()
        node = await context.backend.read_node(request.node)
        left = [
            vm.name
            for vm in context.inventory.vms_on(request.node)
            if vm.power is not PowerState.STOPPED
        ]
        if node is not None and node.state is NodeState.PAUSED and not left:
            placed = (
                ""
                if node.accepts_azure_placement is False
                else " Azure may still place new VMs on it."
            )
            return Outcome(_S.SUCCEEDED, f"{request.node} is paused and empty.{placed}")
        if node is not None and node.state is NodeState.DRAINING:
            lost = Fault(FaultCode.LOST, f"{request.node} is still draining.")
            return Outcome(_S.UNKNOWN, "The drain goes on.", lost)
        state = node.state.lower() if node is not None else "not readable"
        text = f"{request.node} is {state}; {len(left)} VMs are still on it."
        found = fault or Fault(
            FaultCode.REJECTED,
            text,
            remedy="Look at the VMs that stayed, move them by hand, then drain again.",
            detail=", ".join(left[:20]),
        )
        return Outcome(_S.FAILED, text, found)
