"""Start, stop, restart, pause or save a VM through Azure; done when the VM itself says so."""

from console.backends import BackendError, JobState
from console.model.freshness import Fault, FaultCode
from console.model.operation import OperationState
from console.model.request import ChangePowerState, PowerAction
from console.model.virtual_machine import PowerState, VirtualMachine
from console.operations.base import OperationContext, Outcome, not_sent, send

_S = OperationState
_WANTED = {
    PowerAction.START: PowerState.RUNNING,
    PowerAction.STOP: PowerState.STOPPED,
    PowerAction.RESTART: PowerState.RUNNING,
    PowerAction.PAUSE: PowerState.PAUSED,
    PowerAction.SAVE: PowerState.SAVED,
}
_WORDS = {
    PowerAction.START: "Start",
    PowerAction.STOP: "Stop",
    PowerAction.RESTART: "Restart",
    PowerAction.PAUSE: "Pause",
    PowerAction.SAVE: "Save",
}
# Azure reports late (a restart after 20 minutes was seen), so the cluster is looked at; this is
# how long it may take to show there once Azure accepted.
_LOOKS = 60
_LOOK_EVERY_S = 1.0


class ChangePowerStateOperation:
    """One POST, never repeated by itself; the outcome is read from the cluster's own word."""

    kind = "change_power_state"
    checks = (
        "platform_allows",
        "azure_answers",
        "azure_lets_account_act",
        "resource_bridge_is_online",
        "power_change_is_possible",
    )
    can_cancel = False

    def title(self, request: ChangePowerState) -> str:
        return f"{_WORDS[request.action]} {request.vm_name}"

    def locks(self, request: ChangePowerState) -> frozenset[str]:
        return frozenset({f"vm:{request.vm_key}"})

    def slots(self, request: ChangePowerState) -> tuple[str, ...]:
        return ()

    async def run(self, context: OperationContext, request: ChangePowerState) -> Outcome:
        step = str(request.action)
        since = _running_since(context.inventory.vms.get(request.vm_key))
        fault: Fault | None = None
        earlier = context.sent[-1] if context.sent else None
        if earlier is None:
            command = f"POST virtualMachineInstances/default/{request.action}"
            seen = repr(since) if since is not None else ""
            try:
                job = await send(
                    context,
                    step,
                    command,
                    lambda: context.backend.change_power(
                        request.vm_key, request.action, context.operation_id
                    ),
                    seen,
                )
            except BackendError as error:
                if error.was_sent:
                    raise
                return not_sent(context, error.fault, "Azure refused it.")
            fault = (await context.follow(job, high=0.8)).fault
        else:
            # The inventory was read after the restart of the console: maybe after the VM's too.
            since = _as_time(earlier.seen)
            if earlier.token:
                job = await context.backend.resume_job(earlier.token)
                report = await context.follow(job, high=0.8)
                fault = report.fault if report.state is not JobState.GONE else None
        await context.verifying(f"Looking whether {request.vm_name} did it")
        outcome = await self._verify(context, request, since, fault)
        is_answered = earlier is None or bool(earlier.token)
        if outcome.state is _S.FAILED and not is_answered:
            # Sent before a restart and never answered: nobody knows whether Azure took it.
            lost = Fault(
                FaultCode.LOST,
                f"Whether Azure took the request is not known. {outcome.result}",
                remedy="The console keeps looking; nothing is sent again.",
            )
            return Outcome(_S.UNKNOWN, outcome.result, lost)
        return outcome

    async def _verify(
        self,
        context: OperationContext,
        request: ChangePowerState,
        since: float | None,
        fault: Fault | None,
    ) -> Outcome:
        wanted = _WANTED[request.action]
        vm: VirtualMachine | None = None
        was_cut = False
        for look in range(1 if fault is not None else _LOOKS):
            if look:
                await context.sleep(_LOOK_EVERY_S)
            vm = await context.backend.read_vm(request.vm_key)
            if vm is not None and vm.power is wanted and self._is_new(request, since, vm):
                await context.refresh()
                return Outcome(_S.SUCCEEDED, f"{vm.name} is {wanted.lower()}.")
            if context.cancel_requested and fault is None:
                # Asked to let go of what is not known: one more look is what was promised.
                was_cut = True
                break
        await context.refresh()
        state = vm.power.lower() if vm is not None else "not found"
        text = f"{request.vm_name} is {state}."
        if fault is not None:
            return Outcome(_S.FAILED, text, fault)
        if was_cut:
            remedy = "It may come later; look at the VM before you ask for it again."
            lost = Fault(FaultCode.LOST, f"{request.vm_name} was {state} at the last look.", remedy)
            return Outcome(_S.UNKNOWN, text, lost)
        if request.action is PowerAction.RESTART:
            remedy = "Look at the VM's running time before you restart it again."
            lost = Fault(FaultCode.LOST, "Whether it restarted could not be seen.", remedy=remedy)
            return Outcome(_S.UNKNOWN, text, lost)
        waited = Fault(
            FaultCode.TIMED_OUT,
            f"Azure accepted it, but {request.vm_name} is still {state}.",
            remedy="It may come later; look again, then repeat it if needed.",
        )
        return Outcome(_S.FAILED, text, waited)

    def _is_new(self, request: ChangePowerState, since: float | None, vm: VirtualMachine) -> bool:
        """A restart leaves the same state behind: only a later start time proves it."""
        if request.action is not PowerAction.RESTART:
            return True
        new = _running_since(vm)
        return since is not None and new is not None and new > since + 1.0


def _running_since(vm: VirtualMachine | None) -> float | None:
    return vm.cluster.running_since if vm is not None and vm.cluster is not None else None


def _as_time(seen: str) -> float | None:
    """The start time that was journalled; None in lines of before it was."""
    try:
        return float(seen)
    except ValueError:
        return None
