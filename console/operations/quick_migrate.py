"""Save a VM, hand it over to another node and resume it there; one that is off only changes hands.

The guest stands still meanwhile, the longer the more memory it has; nothing in it is lost.
"""

from console.backends import Backend, RemoteJob
from console.checks.expectation import quick_pause_s
from console.model.request import LiveMigrate
from console.model.virtual_machine import VirtualMachine
from console.operations.one_move import AT_REST, OneMove


class _Quick:
    step = "start_quick_migration"
    # Memory may still be read from the volume when the group is said to be online.
    settle_looks = 300

    def command(self, request: LiveMigrate) -> str:
        return (
            f"Start-TlcQuickMigration -VMId {request.vm_key} -TargetNode {request.target} "
            f"-ExpectedOwner {request.source}"
        )

    def told_before(self, vm: VirtualMachine) -> str:
        if vm.power in AT_REST:
            return f"{vm.name} is {vm.power.lower()}: it only changes hands"
        if vm.memory_mib is None:
            return "It stands still while its memory is saved and read again; how long is not known"
        low, high = quick_pause_s(vm.memory_mib)
        return f"It stands still for {low:.0f} to {high:.0f} s, as far as can be estimated"

    async def start(self, backend: Backend, request: LiveMigrate, operation_id: str) -> RemoteJob:
        return await backend.start_quick_migration(
            request.vm_key, request.source, request.target, operation_id
        )

    async def under_way(self, backend: Backend, request: LiveMigrate) -> RemoteJob | None:
        return await backend.find_quick_migration(request.vm_key, request.source, request.target)


class QuickMigrateOperation(OneMove):
    """Once it has begun it runs to its end: the cluster cancels live migrations only."""

    kind = "quick_migrate"
    can_cancel = False

    def __init__(self) -> None:
        super().__init__(_Quick())

    def title(self, request: LiveMigrate) -> str:
        return f"Move {request.vm_name} to {request.target} (quick)"
