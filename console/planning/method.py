"""Which methods a VM can be moved by, and the request that stands for a planned move."""

from console.model.plan import Method, PlannedMove
from console.model.request import LiveMigrate, MoveMethod
from console.model.virtual_machine import PowerState, VirtualMachine

OFF = frozenset({PowerState.STOPPED, PowerState.SAVED})


def usual_method(vm: VirtualMachine) -> Method:
    """Live while it runs; of a VM that is off the cluster only hands over the ownership."""
    return Method.QUICK if vm.power in OFF else Method.LIVE


def methods_for(vm: VirtualMachine) -> tuple[Method, ...]:
    """What may be asked for, the least interrupting first."""
    return (Method.QUICK,) if vm.power in OFF else (Method.LIVE, Method.QUICK, Method.SHUT_DOWN)


def request_of(move: PlannedMove) -> LiveMigrate:
    """The move itself; shutting down first is a request of its own."""
    how = MoveMethod.LIVE if move.method is Method.LIVE else MoveMethod.QUICK
    return LiveMigrate(move.vm_key, move.vm_name, move.source, move.target, how)
