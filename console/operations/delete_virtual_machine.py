"""Delete a VM through Azure; done when neither plane knows it."""

from console.backends import BackendError, JobState
from console.model.freshness import Fault, FaultCode
from console.model.operation import OperationState
from console.model.request import DeleteVirtualMachine
from console.operations.base import OperationContext, Outcome, not_sent, send

_S = OperationState
_STEP = "delete"
_LOOKS = 20


class DeleteVirtualMachineOperation:
    """Instance, Arc machine, then the interfaces and disks that were named; then a look."""

    kind = "delete_virtual_machine"
    checks = (
        "platform_allows",
        "azure_answers",
        "azure_lets_account_act",
        "resource_bridge_is_online",
        "power_change_is_possible",
    )
    can_cancel = False

    def title(self, request: DeleteVirtualMachine) -> str:
        return f"Delete {request.vm_name}"

    def locks(self, request: DeleteVirtualMachine) -> frozenset[str]:
        # The name too: a creation of it that is still going on would make the VM once more.
        return frozenset({f"vm:{request.vm_key}", f"name:{request.vm_name.casefold()}"})

    def slots(self, request: DeleteVirtualMachine) -> tuple[str, ...]:
        return ()

    async def run(self, context: OperationContext, request: DeleteVirtualMachine) -> Outcome:
        # A DELETE repeated on what is gone answers "not found": it may be sent again.
        fault: Fault | None = None
        faults: list[Fault | None] = []
        if await context.backend.read_vm(request.vm_key) is not None:
            try:
                job = await send(
                    context,
                    _STEP,
                    "DELETE virtualMachineInstances/default and its machine",
                    lambda: context.backend.delete_virtual_machine(
                        request.vm_key, context.operation_id
                    ),
                )
            except BackendError as error:
                if error.was_sent:
                    raise
                return not_sent(context, error.fault, "Azure refused the deletion.")
            report = await context.follow(job, high=0.8, phase="Deleting")
            fault = report.fault if report.state is JobState.FAILED else None
        for arm_id in request.also_delete:
            if await context.backend.find_resource(arm_id) is not None:
                await context.sending(arm_id, f"DELETE {arm_id}")
                job = await context.backend.delete_resource(arm_id, context.operation_id)
                report = await context.follow(job, low=0.8, phase="Deleting")
                if report.state is JobState.FAILED:
                    faults.append(report.fault)
        await context.verifying("Looking whether it is gone on both planes")
        for look in range(_LOOKS):
            if look:
                await context.sleep(1.0)
            if await context.backend.read_vm(request.vm_key) is None:
                await context.refresh()
                return await _parts_gone(context, request, next(filter(None, faults), None))
            if fault is not None:
                break
        await context.refresh()
        text = f"{request.vm_name} is still there."
        found = fault or Fault(
            FaultCode.REJECTED, text, remedy="Look in which plane it is left, then delete again."
        )
        return Outcome(_S.FAILED, text, found)


async def _parts_gone(
    context: OperationContext, request: DeleteVirtualMachine, fault: Fault | None
) -> Outcome:
    """The VM is gone; the interfaces and disks that were to go with it are looked at too."""
    left = [
        arm_id
        for arm_id in request.also_delete
        if await context.backend.find_resource(arm_id) is not None
    ]
    if not left:
        return Outcome(_S.SUCCEEDED, f"{request.vm_name} is gone, in Azure and here.")
    names = ", ".join(arm_id.rsplit("/", 1)[-1] for arm_id in left)
    text = f"{request.vm_name} is gone, but {names} is still there."
    found = fault or Fault(FaultCode.REJECTED, text, remedy="Delete what is left in Azure.")
    return Outcome(_S.FAILED, text, found)
