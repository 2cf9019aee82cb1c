"""A snapshot kept current by deltas, with the look-ups that checks and views need.

Mutable, so owned by one thread: the window's store has one, the worker has one.
"""

from collections.abc import Iterable

import msgspec

from console.model.freshness import Wire, WireReading
from console.model.node import Node
from console.model.snapshot import ClusterInfo, ClusterSnapshot, SiteFacts, SnapshotDelta
from console.model.virtual_machine import VirtualMachine


class Inventory:
    """The open cluster: VMs by key, nodes by name in the cluster's order, VM keys by owner node."""

    def __init__(self, snapshot: ClusterSnapshot | None = None) -> None:
        self.cluster = ClusterInfo(name="")
        self.site = SiteFacts()
        self.arm = WireReading(Wire.ARM)
        self.cluster_wire = WireReading(Wire.CLUSTER)
        self.nodes: dict[str, Node] = {}
        self.vms: dict[str, VirtualMachine] = {}
        # Key None holds VMs that the cluster wire has not placed (yet).
        self.keys_by_owner: dict[str | None, set[str]] = {}
        if snapshot is not None:
            self.replace(snapshot)

    def replace(self, snapshot: ClusterSnapshot) -> None:
        """Take a whole snapshot in place of what is known."""
        self.vms.clear()
        self.keys_by_owner.clear()
        self.cluster, self.site = snapshot.cluster, snapshot.site
        self.arm, self.cluster_wire = snapshot.arm, snapshot.cluster_wire
        self.nodes = {node.name: node for node in snapshot.nodes}
        self.take(snapshot.vms)

    def apply(self, delta: SnapshotDelta) -> None:
        """Apply one delta; safe to apply twice."""
        if delta.nodes is not None:
            self.nodes = {node.name: node for node in delta.nodes}
        self.cluster = delta.cluster or self.cluster
        self.site = delta.site or self.site
        self.arm = delta.arm or self.arm
        self.cluster_wire = delta.cluster_wire or self.cluster_wire
        for key in delta.removed:
            known = self.vms.pop(key, None)
            if known is not None:
                self.keys_by_owner[known.owner_node].discard(key)
        self.take(delta.upserted)
        for key, figures in delta.metrics:
            vm = self.vms.get(key)
            if vm is not None:
                self.vms[key] = msgspec.structs.replace(vm, metrics=figures)

    def snapshot(self) -> ClusterSnapshot:
        """The same state as one frozen record."""
        return ClusterSnapshot(
            cluster=self.cluster,
            nodes=tuple(self.nodes.values()),
            vms=tuple(self.vms.values()),
            site=self.site,
            arm=self.arm,
            cluster_wire=self.cluster_wire,
        )

    def vms_on(self, node: str | None) -> list[VirtualMachine]:
        """The VMs that the cluster says this node owns, in no order."""
        return [self.vms[key] for key in self.keys_by_owner.get(node, ())]

    def vm_named(self, name: str) -> VirtualMachine | None:
        """First VM of that name, upper and lower case alike (Azure names are case-insensitive)."""
        wanted = name.casefold()
        return next((vm for vm in self.vms.values() if vm.name.casefold() == wanted), None)

    def take(self, vms: Iterable[VirtualMachine]) -> None:
        """Put these in place of what is known of them."""
        for vm in vms:
            known = self.vms.get(vm.key)
            if known is not None:
                self.keys_by_owner[known.owner_node].discard(vm.key)
            self.vms[vm.key] = vm
            self.keys_by_owner.setdefault(vm.owner_node, set()).add(vm.key)
