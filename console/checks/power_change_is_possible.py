"""This power change makes sense in the VM's present state."""

from console.checks.situation import Situation, blocks, unknown
from console.model.finding import Finding
from console.model.request import ChangePowerState, DeleteVirtualMachine, PowerAction
from console.model.virtual_machine import PowerState, VirtualMachine

ID = "power_change_is_possible"
TITLE = "It makes sense in the VM's state"
_FROM = {
    PowerAction.START: (PowerState.STOPPED, PowerState.SAVED, PowerState.PAUSED),
    PowerAction.STOP: (PowerState.RUNNING,),
    PowerAction.RESTART: (PowerState.RUNNING,),
    PowerAction.PAUSE: (PowerState.RUNNING,),
    PowerAction.SAVE: (PowerState.RUNNING,),
}


def on_request(
    request: ChangePowerState | DeleteVirtualMachine, situation: Situation
) -> tuple[Finding, ...]:
    vm = situation.inventory.vms.get(request.vm_key)
    if vm is None:
        return (blocks(ID, f"{request.vm_name} is no longer known.", "Refresh."),)
    if vm.cluster is not None and vm.cluster.migration is not None:
        text = f"{vm.name} is moving to {vm.cluster.migration.target}."
        return (blocks(ID, text, "Wait until it has arrived."),)
    return _in_state(vm, request.action) if isinstance(request, ChangePowerState) else ()


def _in_state(vm: VirtualMachine, action: PowerAction) -> tuple[Finding, ...]:
    if vm.power is PowerState.UNKNOWN:
        text = f"The state of {vm.name} is not known."
        return (unknown(ID, text, "Refresh; if it stays so, look at it on its node."),)
    if vm.power in _FROM[action]:
        return ()
    text = f"{vm.name} is {vm.power.lower()}, so it cannot {action}."
    allowed = " or ".join(state.lower() for state in _FROM[action])
    return (blocks(ID, text, f"It has to be {allowed} for that."),)
