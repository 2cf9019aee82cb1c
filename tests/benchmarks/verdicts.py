"""What every node says to lifted VMs: 16 nodes and 50 VMs, and 64 nodes and 200."""

import statistics
import time

from msgspec.structs import replace

from console.checks.moves import judge_moves
from console.model.inventory import Inventory
from console.model.node import Node
from console.model.snapshot import ClusterSnapshot
from console.model.virtual_machine import VirtualMachine
from tests.benchmarks.row import Row
from tests.ui.sample import snapshot

LIMIT_MS = 16.0
ROUNDS = 40


def run() -> list[Row]:
    large = snapshot("large")
    return [*_judged(large, 16, 50), *_judged(four_times(large), 64, 200)]


def _judged(cluster: ClusterSnapshot, nodes: int, count: int) -> list[Row]:
    inventory = Inventory(cluster)
    keys = [vm.key for vm in inventory.vms.values() if vm.owner_node][:: len(cluster.vms) // count]
    keys = keys[:count]
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        verdicts = judge_moves(inventory, keys, [], time.time())
        times.append((time.perf_counter() - started) * 1000)
        assert len(verdicts) == nodes
    what = f"drop verdicts, {nodes} nodes x {count} VMs"
    return [
        Row(f"{what}, median", statistics.median(times), "ms", LIMIT_MS),
        Row(f"{what}, worst of {ROUNDS}", max(times), "ms", LIMIT_MS),
    ]


def four_times(cluster: ClusterSnapshot) -> ClusterSnapshot:
    """The same site with four times its nodes and VMs, each with a name of its own."""
    nodes: list[Node] = []
    vms: list[VirtualMachine] = []
    for copy in range(4):
        nodes += (replace(node, name=f"{node.name}-{copy}") for node in cluster.nodes)
        for vm in cluster.vms:
            facts = vm.cluster
            if facts is None:
                continue
            there = replace(facts, owner_node=f"{facts.owner_node}-{copy}", possible_owners=())
            vms.append(replace(vm, key=f"{vm.key}-{copy}", cluster=there))
    return replace(cluster, nodes=tuple(nodes), vms=tuple(vms))
