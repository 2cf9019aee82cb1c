"""The new VM's name is taken neither in Azure nor on the cluster."""

from console.backends import Backend
from console.checks.situation import Situation, blocks
from console.model.finding import Finding
from console.model.request import CreateVirtualMachine
from console.model.virtual_machine import ProvisioningState, VirtualMachine

ID = "name_is_free"
TITLE = "The name is free"


def on_request(request: CreateVirtualMachine, situation: Situation) -> tuple[Finding, ...]:
    taken = situation.inventory.vm_named(request.spec.name)
    if taken is None:
        return ()
    where = taken.owner_node or "Azure"
    text = f"A VM named {taken.name} exists already ({where})."
    return (blocks(ID, text, remedy_for(taken), field="name"),)


def remedy_for(taken: VirtualMachine) -> str:
    """What a failed creation left behind can be cleaned up; another VM's name cannot be had."""
    azure = taken.azure
    if azure is not None and azure.provisioning is ProvisioningState.FAILED:
        return "Clean up the creation that failed in Operations, or choose another name."
    return "Choose another name."


async def on_backend(request: CreateVirtualMachine, backend: Backend) -> tuple[Finding, ...]:
    """Azure is asked by id: a PUT on an existing name would reconfigure somebody's VM."""
    machine = backend.resource_ids(request.spec)["machine"]
    existing = await backend.find_resource(machine)
    if existing is None:
        return ()
    text = f"Azure has a machine named {request.spec.name} in this resource group."
    remedy = "Choose another name, or clean up the failed creation that left it."
    return (blocks(ID, text, remedy, field="name", evidence=existing.arm_id),)
