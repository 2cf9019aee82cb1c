"""A deletion is done when the VM and all that was named with it are gone from both planes."""

from typing import Any

from console.backends import ExistingResource, JobReport, JobState
from console.model.operation import OperationState
from console.model.request import DeleteVirtualMachine
from console.model.virtual_machine import PowerState, VirtualMachine, VmKind
from console.operations import operation_for
from tests.unit.operations.context import Context

S = OperationState


class FailedJob:
    token = "{}"
    can_cancel = False

    async def poll(self) -> JobReport:
        return JobReport(JobState.FAILED)

    async def cancel(self) -> None:
        pass


class StubbornParts:
    """The world, but interfaces and disks cannot be deleted."""

    def __init__(self, world: Any) -> None:
        self._world = world

    def __getattr__(self, name: str) -> Any:
        return getattr(self._world, name)

    async def delete_resource(self, arm_id: str, operation_id: str) -> FailedJob:
        return FailedJob()

    async def find_resource(self, arm_id: str) -> ExistingResource:
        return ExistingResource(arm_id, "Succeeded")


def a_vm(context: Context) -> VirtualMachine:
    return next(
        vm
        for vm in context.inventory.vms.values()
        if vm.kind is VmKind.AZURE_LOCAL
        and vm.azure is not None
        and vm.power is PowerState.RUNNING
        and vm.azure.network_interface_ids
    )


async def test_it_is_gone_with_its_interface() -> None:
    context = Context()
    await context.refresh()
    vm = a_vm(context)
    assert vm.azure is not None
    nic = vm.azure.network_interface_ids[0]
    request = DeleteVirtualMachine(vm.key, vm.name, (nic,))
    outcome = await operation_for(request).run(context, request)
    assert outcome.state is S.SUCCEEDED, outcome
    assert vm.key not in context.site.vms
    assert await context.world.find_resource(nic) is None


async def test_an_interface_that_stays_is_no_success() -> None:
    context = Context()
    await context.refresh()
    vm = a_vm(context)
    context.backend = StubbornParts(context.world)
    request = DeleteVirtualMachine(vm.key, vm.name, ("/nics/web-nic",))
    outcome = await operation_for(request).run(context, request)
    assert outcome.state is S.FAILED
    assert "web-nic is still there" in outcome.result
