"""A copy of the cluster in which moves are done at once: what every step of a plan is judged on."""

import dataclasses

import msgspec

from console.checks.moving_vms import memory_needed
from console.checks.node_has_memory import cluster_survives_loss, holding_memory
from console.checks.situation import Situation
from console.model.inventory import Inventory
from console.model.node import Node, NodeState
from console.model.request import MoveMethod
from console.model.virtual_machine import PowerState, VirtualMachine

replace = msgspec.structs.replace


def copy_of(inventory: Inventory) -> Inventory:
    """Another inventory with the same records: moving in it leaves the first one alone."""
    copy = Inventory()
    copy.cluster, copy.site = inventory.cluster, inventory.site
    copy.arm, copy.cluster_wire = inventory.arm, inventory.cluster_wire
    copy.nodes, copy.vms = dict(inventory.nodes), dict(inventory.vms)
    copy.keys_by_owner = {owner: set(keys) for owner, keys in inventory.keys_by_owner.items()}
    return copy


def held_mib(vm: VirtualMachine) -> int | None:
    """MiB that it takes on its node now: none while it is off; None if nobody can tell."""
    return memory_needed(holding_memory([vm]))


def put(inventory: Inventory, key: str, target: str, *, is_off: bool = False) -> None:
    """Have the VM own its memory on ``target`` from now on; ``is_off``: it was shut down first.

    Free memory of a node that is not known stays so, and becomes so if the VM's is not known.
    """
    vm = inventory.vms[key]
    source = vm.owner_node
    if vm.cluster is None or source is None:
        return
    held = held_mib(vm)
    power = PowerState.STOPPED if is_off else vm.cluster.power
    moved = replace(vm, cluster=replace(vm.cluster, owner_node=target, power=power))
    inventory.vms[key] = moved
    inventory.keys_by_owner.setdefault(source, set()).discard(key)
    inventory.keys_by_owner.setdefault(target, set()).add(key)
    _change_free(inventory, source, held)
    arrives = 0 if is_off else held
    _change_free(inventory, target, None if arrives is None else -arrives)


def _change_free(inventory: Inventory, name: str, mib: int | None) -> None:
    node = inventory.nodes.get(name)
    if node is None or node.memory_available_mib is None:
        return
    free = None if mib is None else node.memory_available_mib + mib
    inventory.nodes[name] = replace(node, memory_available_mib=free)


def used_mib(node: Node) -> int | None:
    if node.memory_total_mib is None or node.memory_available_mib is None:
        return None
    return node.memory_total_mib - node.memory_available_mib


class CopiedCluster:
    """The copy with what is asked of it at every step. ``leaving`` is a node that will be taken
    out of use, so what it has free counts for nothing; ``arriving`` one that will be resumed.

    Sums are kept and not worked out: a step on 64 nodes costs some hundredths of a millisecond.
    """

    def __init__(self, situation: Situation, leaving: str = "", arriving: str = "") -> None:
        self.inventory = copy_of(situation.inventory)
        if arriving in self.inventory.nodes:
            self._bring_up(arriving)
        live = dataclasses.replace(situation, inventory=self.inventory, method=MoveMethod.LIVE)
        self._situations = {MoveMethod.LIVE: live}
        self.moved: dict[str, tuple[str, str]] = {}  # by VM: where it was first, where it is
        nodes = self.inventory.nodes.values()
        self._used = {node.name: used_mib(node) for node in nodes}
        self._free: dict[str, int | None] = {}  # of the nodes that stay in use
        self._held: dict[str, int] = {}  # what their VMs hold
        self._is_known = True
        for node in nodes:
            if node.state is not NodeState.UP or node.name == leaving:
                continue
            held = memory_needed(holding_memory(self.inventory.vms_on(node.name)))
            self._is_known &= held is not None
            self._held[node.name] = held or 0
            self._free[node.name] = node.memory_available_mib

    def situation(self, method: MoveMethod = MoveMethod.LIVE) -> Situation:
        """What a move by this method is judged on; the same one each time, it remembers much."""
        known = self._situations.get(method)
        if known is None:
            live = self._situations[MoveMethod.LIVE]
            known = self._situations[method] = dataclasses.replace(live, method=method)
            # What was worked out of all VMs holds for every method, and is followed once for all.
            told = {name: made for name, made in vars(live).items() if name not in vars(known)}
            vars(known).update(told)
        return known

    @property
    def targets(self) -> list[str]:
        """Nodes that may take something, the one with most memory free first."""
        known = [(-free, name) for name, free in self._free.items() if free is not None]
        return [name for _free, name in sorted(known)]

    def free_mib(self, node: str) -> int | None:
        known = self.inventory.nodes.get(node)
        return known.memory_available_mib if known is not None else None

    def put(self, key: str, target: str, *, is_off: bool = False) -> None:
        """Do a move in the copy."""
        vm = self.inventory.vms[key]
        held, source = held_mib(vm), vm.owner_node or ""
        put(self.inventory, key, target, is_off=is_off)
        self._index_again(vm, self.inventory.vms[key])
        self.moved[key] = (self.moved[key][0] if key in self.moved else source, target)
        self._is_known &= held is not None
        for name, more in ((source, -(held or 0)), (target, 0 if is_off else held or 0)):
            node = self.inventory.nodes.get(name)
            if node is not None:
                self._used[name] = used_mib(node)
            if node is not None and name in self._free:
                self._free[name] = node.memory_available_mib
                self._held[name] += more

    def _index_again(self, before: VirtualMachine, after: VirtualMachine) -> None:
        """What the situation has worked out of all VMs for its rules follows the one that moved."""
        if before.cluster is None or after.cluster is None or before is after:
            return
        source, target = before.cluster.owner_node, after.cluster.owner_node
        for situation in self._situations.values():
            known = vars(situation)  # what it has not worked out yet will be right anyway
            group = after.cluster.group.casefold()
            if group in known.get("vm_by_group", ()):
                situation.vm_by_group[group] = after
            by_node: list[dict[str, list[VirtualMachine]]] = []
            if "vms_by_class" in known:
                classes = after.cluster.anti_affinity or ()
                by_node += [situation.vms_by_class[name] for name in classes]
            if "unclassed_on" in known and after.cluster.anti_affinity is None:
                by_node.append(situation.unclassed_on)
            for index in by_node:
                index[source] = [vm for vm in index.get(source, ()) if vm.key != after.key]
                there = (vm for vm in index.get(target, ()) if vm.key != after.key)
                index[target] = [*there, after]

    def survives_node_loss(self) -> bool | None:
        """Whether any one of the nodes that stay could fail now; None: not known."""
        known = {name: mib for name, mib in self._free.items() if mib is not None}
        if not self._is_known or len(known) < len(self._free):
            return None
        if len(known) < 2:
            return False
        return cluster_survives_loss(known, self._held)

    def used_mib(self) -> tuple[int | None, ...]:
        """Memory in use on every node, in the cluster's order."""
        return tuple(self._used.values())

    def _bring_up(self, name: str) -> None:
        """A paused node as it will be once the plan has resumed it."""
        node = self.inventory.nodes[name]
        if node.state in (NodeState.PAUSED, NodeState.DRAINING):
            self.inventory.nodes[name] = replace(node, state=NodeState.UP)
