"""Empty a node with the cluster's own drain; done when no VM is left and nothing new can come."""

from console.backends import BackendError
from console.model.freshness import Fault, FaultCode
from console.model.node import NodeState
from console.model.operation import OperationState
from console.model.request import DrainNode
from console.model.virtual_machine import PowerState
from console.operations.base import OperationContext, Outcome, not_sent, send
from console.operations.maintenance_steps import closed_text, placement_text, set_placement

_S = OperationState
_STEP = "suspend_node"
_TOLD = 20


class DrainNodeOperation:
    """Suspend with drain, keep Azure from placing VMs there, watch the VMs leave, then look."""

    kind = "drain_node"
    checks = (
        "platform_allows",
        "account_may_act",
        "node_can_be_drained",
    )
    can_cancel = False

    def title(self, request: DrainNode) -> str:
        return f"Drain {request.node}"

    def locks(self, request: DrainNode) -> frozenset[str]:
        return frozenset({f"node:{request.node}"})

    def slots(self, request: DrainNode) -> tuple[str, ...]:
        return ()

    async def run(self, context: OperationContext, request: DrainNode) -> Outcome:
        sent = next((sent for sent in context.sent if sent.step == _STEP), None)
        if sent is not None and sent.token:
            job = await context.backend.resume_job(sent.token)
        else:
            node = await context.backend.read_node(request.node)
            is_under_way = node is not None and node.state in (
                NodeState.DRAINING,
                NodeState.PAUSED,
            )
            job = None
            if not (sent is not None and is_under_way):
                try:
                    job = await send(
                        context,
                        _STEP,
                        f"Suspend-TlcNode -Name {request.node} -Drain $True",
                        lambda: context.backend.suspend_node(request.node, context.operation_id),
                    )
                except BackendError as error:
                    if error.was_sent:
                        raise
                    return not_sent(context, error.fault, "The cluster refused the drain.")
        # At once, not after the drain: Azure could place a VM there while it goes on.
        refusal = await set_placement(context, request.node, False)
        fault = None
        if job is not None:
            fault = (await context.follow(job, phase="Draining")).fault
        return await self._verify(context, request, fault, refusal)

    async def _verify(
        self,
        context: OperationContext,
        request: DrainNode,
        fault: Fault | None,
        refusal: Fault | None,
    ) -> Outcome:
        await context.verifying(f"Looking whether {request.node} is empty")
        await context.refresh()
        node = await context.backend.read_node(request.node)
        left = [
            vm.name
            for vm in context.inventory.vms_on(request.node)
            if vm.power is not PowerState.STOPPED
        ]
        if node is not None and node.state is NodeState.DRAINING:
            lost = Fault(FaultCode.LOST, f"{request.node} is still draining.")
            return Outcome(_S.UNKNOWN, "The drain goes on.", lost)
        if node is not None and node.state is NodeState.PAUSED and not left:
            open_text = placement_text(node.accepts_azure_placement, refusal)
            if not open_text:
                closed = closed_text(node.accepts_azure_placement)
                text = f"{request.node} is paused and empty{closed}."
                return Outcome(_S.SUCCEEDED, text)
            text = f"{request.node} is paused and empty. {open_text}"
            remedy = f"Run Remove-MocPhysicalNode -NodeName {request.node} on a node, then look."
            return Outcome(_S.FAILED, text, Fault(FaultCode.REJECTED, text, remedy))
        state = node.state.lower() if node is not None else "not readable"
        text = f"{request.node} is {state}; {len(left)} VMs are still on it."
        return Outcome(_S.FAILED, text, fault or await self._who_stayed(context, request, text))

    async def _who_stayed(self, context: OperationContext, request: DrainNode, text: str) -> Fault:
        """Each VM that is still there, with what its latest attempt came to."""
        seen = await context.backend.read_maintenance(request.node)
        stayed = (seen.vms if seen is not None else None) or ()
        return Fault(
            FaultCode.REJECTED,
            text,
            remedy="Look at the VMs that stayed, move them by hand, then drain again.",
            detail="\n".join(f"{vm.name}: {vm.why or vm.group_state}" for vm in stayed[:_TOLD]),
        )
