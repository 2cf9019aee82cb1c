"""Move a running VM to another node while it goes on, and look whether it arrived whole."""

from console.backends import Backend, RemoteJob
from console.model.request import LiveMigrate
from console.model.virtual_machine import VirtualMachine
from console.operations.one_move import OneMove


class _Live:
    step = "start_live_migration"
    settle_looks = 10

    def command(self, request: LiveMigrate) -> str:
        return (
            f"Start-TlcLiveMigration -VMId {request.vm_key} -TargetNode {request.target} "
            f"-ExpectedOwner {request.source}"
        )

    def told_before(self, vm: VirtualMachine) -> str:
        return ""

    async def start(self, backend: Backend, request: LiveMigrate, operation_id: str) -> RemoteJob:
        return await backend.start_live_migration(
            request.vm_key, request.source, request.target, operation_id
        )

    async def under_way(self, backend: Backend, request: LiveMigrate) -> RemoteJob | None:
        return await backend.find_live_migration(request.vm_key)


class LiveMigrateOperation(OneMove):
    """Until the VM is switched over it can be called back."""

    kind = "live_migrate"
    can_cancel = True

    def __init__(self) -> None:
        super().__init__(_Live())

    def title(self, request: LiveMigrate) -> str:
        return f"Move {request.vm_name} to {request.target}"
