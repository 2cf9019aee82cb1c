"""How old a reason is, when what it rests on did not change and was not sent again."""

import msgspec

from console.health.levels import Reason
from console.health.surroundings import Surroundings
from console.model.virtual_machine import VirtualMachine


def dated(reason: Reason, vm: VirtualMachine, around: Surroundings) -> Reason:
    """With the age of the newest reading: a VM that did not change is not sent again, so its own
    facts keep the time at which they were first told.
    """
    node = around.nodes.get(vm.owner_node or "")
    newest = None
    if vm.cluster is not None and reason.read_at == vm.cluster.read_at and node is not None:
        newest = node.read_at
    elif vm.azure is not None and reason.read_at == vm.azure.read_at:
        newest = around.arm.read_at
    if newest is None or newest <= (reason.read_at or 0.0):
        return reason
    return msgspec.structs.replace(reason, read_at=newest)
