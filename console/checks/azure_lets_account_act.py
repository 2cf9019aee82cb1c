"""The account may do this to the VM in Azure: known before the click."""

from console.checks.situation import Situation, blocks
from console.model.finding import Finding
from console.model.request import ChangePowerState, DeleteVirtualMachine

ID = "azure_lets_account_act"
TITLE = "The account may do it in Azure"
_SOURCE = "Use Role-based Access Control to manage Azure Local VMs (20 March 2025)"


def on_request(
    request: ChangePowerState | DeleteVirtualMachine, situation: Situation
) -> tuple[Finding, ...]:
    """Silent where Azure did not tell: it decides itself in the end."""
    vm = situation.inventory.vms.get(request.vm_key)
    if vm is None or vm.azure is None:
        return ()
    act = request.action.value if isinstance(request, ChangePowerState) else "delete"
    arm_id = vm.azure.arm_id.lower()
    for told in situation.inventory.site.rights:
        if arm_id.startswith(told.scope + "/") and act in told.missing:
            group = told.scope.rsplit("/", 1)[-1]
            text = f"This account may not {act} VMs of the resource group {group}."
            remedy = (
                "Ask an owner of that group for the role Azure Stack HCI VM Contributor "
                "(or Administrator)."
            )
            return (blocks(ID, text, remedy, source=_SOURCE),)
    return ()
