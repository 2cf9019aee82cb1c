"""The VMs of one move, indexed once, so that each of many nodes is judged by what differs."""

from collections.abc import Sequence
from functools import cached_property

from console.model.virtual_machine import SecurityType, VirtualMachine


class MovingVms:
    """Some VMs that are asked to go to one node; those that are there already stay."""

    def __init__(self, vms: Sequence[VirtualMachine]) -> None:
        self.vms = tuple(vms)
        self.by_owner: dict[str | None, list[VirtualMachine]] = {}
        for vm in self.vms:
            self.by_owner.setdefault(vm.owner_node, []).append(vm)
        # MiB of the VMs of each owner; None if one of them is not known.
        self.memory_by_owner: dict[str | None, int | None] = {
            owner: memory_needed(owned) for owner, owned in self.by_owner.items()
        }

    @cached_property
    def restricted(self) -> tuple[VirtualMachine, ...]:
        """Those that the cluster does not allow on every node."""
        return tuple(vm for vm in self.vms if vm.cluster is not None and vm.cluster.possible_owners)

    @cached_property
    def need_igvm_agent(self) -> bool:
        """Whether one of them may be a Trusted launch VM."""
        return any(vm.security is not SecurityType.STANDARD for vm in self.vms)

    @cached_property
    def have_dynamic_memory(self) -> bool:
        """Whether one of them has dynamic memory, or nobody could tell."""
        return any(
            vm.cluster is None or vm.cluster.has_dynamic_memory is not False for vm in self.vms
        )

    def leaving(self, node: str) -> list[VirtualMachine]:
        """Those that would really move if they were put on this node."""
        return [vm for owner in self.owners_beside(node) for vm in self.by_owner[owner]]

    def owners_beside(self, node: str) -> list[str | None]:
        """The nodes that they would leave; None for VMs that are on no known node."""
        return [owner for owner in self.by_owner if owner != node]

    def memory_to(self, node: str) -> int | None:
        """MiB that this node would have to give them; None if not known."""
        total = 0
        for owner in self.owners_beside(node):
            memory = self.memory_by_owner[owner]
            if memory is None:
                return None
            total += memory
        return total


def memory_needed(vms: Sequence[VirtualMachine]) -> int | None:
    """MiB that these VMs take on a node; None if one of them is not known."""
    total = 0
    for vm in vms:
        memory = vm.memory_mib
        if memory is None:
            return None
        total += memory
    return total
