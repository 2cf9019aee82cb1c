"""What 16 nodes say to 50 lifted VMs among 2,000."""

import statistics
import time

from console.checks.moves import judge_moves
from console.model.inventory import Inventory
from tests.benchmarks.row import Row
from tests.ui.sample import snapshot


def run() -> list[Row]:
    inventory = Inventory(snapshot("large"))
    keys = [vm.key for vm in inventory.vms.values() if vm.owner_node][:50]
    times = []
    for _ in range(40):
        started = time.perf_counter()
        verdicts = judge_moves(inventory, keys, [], time.time())
        times.append((time.perf_counter() - started) * 1000)
        assert len(verdicts) == 16
    return [
        Row("drop verdicts, 16 nodes x 50 VMs, median", statistics.median(times), "ms", 16.0),
        Row("drop verdicts, 16 nodes x 50 VMs, worst of 40", max(times), "ms", 16.0),
    ]
