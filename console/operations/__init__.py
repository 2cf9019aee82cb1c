"""VERBS. One file an operation, listed by hand in ``ALL``; menus, palette and journal follow."""

from typing import Any

from console.model.request import Request, verb_of
from console.operations.base import Operation
from console.operations.change_power_state import ChangePowerStateOperation
from console.operations.clean_up_creation import CleanUpCreationOperation
from console.operations.create_virtual_machine import CreateVirtualMachineOperation
from console.operations.delete_virtual_machine import DeleteVirtualMachineOperation
from console.operations.download_image import DownloadImageOperation
from console.operations.drain_node import DrainNodeOperation
from console.operations.live_migrate import LiveMigrateOperation
from console.operations.pause_node import PauseNodeOperation
from console.operations.prove_node_empty import ProveNodeEmptyOperation
from console.operations.quick_migrate import QuickMigrateOperation
from console.operations.resume_node import ResumeNodeOperation

ALL: tuple[Operation[Any], ...] = (
    CreateVirtualMachineOperation(),
    CleanUpCreationOperation(),
    LiveMigrateOperation(),
    QuickMigrateOperation(),
    ChangePowerStateOperation(),
    DeleteVirtualMachineOperation(),
    DownloadImageOperation(),
    DrainNodeOperation(),
    PauseNodeOperation(),
    ProveNodeEmptyOperation(),
    ResumeNodeOperation(),
)
BY_KIND: dict[str, Operation[Any]] = {operation.kind: operation for operation in ALL}


def operation_for(request: Request) -> Operation[Any]:
    """The operation that carries out this request. KeyError if none was listed."""
    return BY_KIND[verb_of(request)]
