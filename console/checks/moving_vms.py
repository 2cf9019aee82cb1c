"""The VMs of one move, indexed once, so that each of many nodes is judged by what differs."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from console.model.node import Node
from console.model.placement import AffinityRule
from console.model.virtual_machine import PowerState, SecurityType, VirtualMachine

_STOPPED, _SAVED = PowerState.STOPPED, PowerState.SAVED
AT_REST = frozenset({_STOPPED, _SAVED})
# A node's system build and processor model.
Hardware = tuple[str, str]


@dataclass
class RuleInPlay:
    """A rule that speaks of VMs that move: those, and its others by the node they stay on."""

    rule: AffinityRule
    moving: list[VirtualMachine] = field(default_factory=list)
    staying: dict[str | None, list[VirtualMachine]] = field(default_factory=dict)


class MovingVms:
    """Some VMs that are asked to go to one node; those that are there already stay.

    ``drawn`` are VMs that nobody lifted and that the cluster moves along with them, ``rules`` the
    affinity rules that speak of either.
    """

    def __init__(
        self,
        lifted: Sequence[VirtualMachine],
        drawn: Sequence[VirtualMachine] = (),
        rules: Sequence[RuleInPlay] = (),
    ) -> None:
        self.lifted = tuple(lifted)
        self.drawn = tuple(drawn)
        self.rules = tuple(rules)
        self.vms = (*self.lifted, *self.drawn)
        self.by_owner: dict[str | None, list[VirtualMachine]] = {}
        for vm in self.vms:
            self.by_owner.setdefault(vm.owner_node, []).append(vm)
        # MiB of the VMs of each owner; None if one of them is not known.
        self.memory_by_owner: dict[str | None, int | None] = {
            owner: memory_held(owned) for owner, owned in self.by_owner.items()
        }
        self._homes = {vm.owner_node for vm in self.lifted}
        self._hardware: dict[Hardware, list[str]] | None = None

    @cached_property
    def keys(self) -> frozenset[str]:
        return frozenset(vm.key for vm in self.vms)

    @cached_property
    def restricted(self) -> tuple[VirtualMachine, ...]:
        """Those that the cluster does not allow on every node."""
        return tuple(vm for vm in self.vms if vm.cluster is not None and vm.cluster.possible_owners)

    @cached_property
    def with_preferences(self) -> tuple[VirtualMachine, ...]:
        """Those that the cluster would rather have on some nodes than on others."""
        return tuple(
            vm for vm in self.vms if vm.cluster is not None and vm.cluster.preferred_owners
        )

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

    @cached_property
    def by_switch(self) -> dict[str, list[VirtualMachine]]:
        """Those that are plugged into each virtual switch."""
        found: dict[str, list[VirtualMachine]] = {}
        for vm in self.vms:
            for name in (vm.cluster.switches if vm.cluster is not None else None) or ():
                found.setdefault(name, []).append(vm)
        return found

    @cached_property
    def by_version(self) -> dict[str, list[VirtualMachine]]:
        """Those of each configuration version; empty: not known."""
        found: dict[str, list[VirtualMachine]] = {}
        for vm in self.vms:
            if vm.cluster is not None:
                found.setdefault(vm.cluster.configuration_version, []).append(vm)
        return found

    @cached_property
    def by_class(self) -> dict[str, list[VirtualMachine]]:
        """Those of each anti-affinity class."""
        found: dict[str, list[VirtualMachine]] = {}
        for vm in self.vms:
            for name in (vm.cluster.anti_affinity if vm.cluster is not None else None) or ():
                found.setdefault(name, []).append(vm)
        return found

    # -- of whom something is not known --------------------------------------------------------
    @cached_property
    def without_owners(self) -> list[VirtualMachine]:
        return [
            vm
            for vm in self.vms
            if vm.cluster is not None
            and (vm.cluster.possible_owners is None or vm.cluster.preferred_owners is None)
        ]

    @cached_property
    def without_classes(self) -> list[VirtualMachine]:
        return [vm for vm in self.vms if vm.cluster and vm.cluster.anti_affinity is None]

    @cached_property
    def without_switches(self) -> list[VirtualMachine]:
        return [vm for vm in self.vms if vm.cluster and vm.cluster.switches is None]

    def hardware(self, nodes: Mapping[str, Node]) -> dict[Hardware, list[str]]:
        """The nodes that they come from, by system build and processor model."""
        if self._hardware is None:
            self._hardware = {}
            for owner in self.by_owner:
                node = nodes.get(owner or "")
                if node is not None:
                    kind = (node.os_build, node.processor_model)
                    self._hardware.setdefault(kind, []).append(node.name)
        return self._hardware

    def are_on(self, node: str) -> bool:
        """Whether everything that was lifted is there already."""
        return self._homes == {node}

    def leaving(self, node: str) -> list[VirtualMachine]:
        """Those that would really move if they were put on this node."""
        return [vm for owner in self.owners_beside(node) for vm in self.by_owner[owner]]

    def drawn_to(self, node: str) -> list[VirtualMachine]:
        """Those that the cluster would move along to this node."""
        return [vm for vm in self.drawn if vm.owner_node != node]

    def go_to(self, node: str) -> bool:
        """Whether one of them would really move if they were put on this node."""
        return len(self.by_owner) > (node in self.by_owner)

    def owners_beside(self, node: str) -> list[str | None]:
        """The nodes that they would leave; None for VMs that are on no known node."""
        return [owner for owner in self.by_owner if owner != node]

    @cached_property
    def _total(self) -> int | None:
        return memory_held(self.vms)

    def memory_from_elsewhere(self, nodes: Collection[str]) -> int | None:
        """MiB of those that are on none of these nodes; None if not known."""
        sums = [mib for owner, mib in self.memory_by_owner.items() if owner not in nodes]
        return None if None in sums else sum(filter(None, sums))

    def memory_to(self, node: str) -> int | None:
        """MiB that this node would have to give them; None if not known."""
        if self._total is not None:
            return self._total - (self.memory_by_owner.get(node) or 0)
        total = 0
        for owner in self.owners_beside(node):
            memory = self.memory_by_owner[owner]
            if memory is None:
                return None
            total += memory
        return total


def holding_memory(vms: Iterable[VirtualMachine]) -> list[VirtualMachine]:
    """Those that take memory on their node now: a stopped or saved VM takes none."""
    return [vm for vm in vms if vm.power not in AT_REST]


def memory_held(vms: Iterable[VirtualMachine]) -> int | None:
    """MiB that they take on their nodes now; None if one of them is not known.

    Asked of every VM of a cluster within a frame, so the usual case is looked at first.
    """
    total = 0
    for vm in vms:
        facts = vm.cluster
        power = facts.power if facts is not None else vm.power
        # Compared one by one: the hash of an enum's member costs more than all the rest here.
        if power is _STOPPED or power is _SAVED:
            continue
        figures = vm.metrics
        memory = (figures.memory_assigned_mib if figures is not None else None) or vm.memory_mib
        if memory is None:
            return None
        total += memory
    return total


def memory_needed(vms: Iterable[VirtualMachine]) -> int | None:
    """MiB that these VMs take on a node; None if one of them is not known."""
    total = 0
    for vm in vms:
        memory = vm.memory_mib
        if memory is None:
            return None
        total += memory
    return total


def plural(vms: Sequence[VirtualMachine], one: str, several: str) -> str:
    return one if len(vms) == 1 else several


def listed(vms: Sequence[VirtualMachine], most: int = 3) -> str:
    """Their names; of many the first and how many more."""
    names = [vm.name for vm in vms]
    if len(names) > most + 1:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
