"""Figures that always change: processor load and memory demand, the same for the same seed."""

from console.lab.world.core import HOLDS_MEMORY, World
from console.lab.world.state import WorldVm

_MASK = 0xFFFFFFFF


class Metrics:
    """Rewrites the figures of every VM once per ``metrics_every_s``."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._bucket = -1
        self._base: dict[str, tuple[int, int]] = {}  # vm id -> number of its own, base load
        world.each_step(self.keep_current)

    def keep_current(self) -> None:
        bucket = int(self.world.now // self.world.settings.metrics_every_s)
        if bucket == self._bucket:
            return
        self._bucket = bucket
        for vm in self.world.vms.values():
            number, base = self._base.get(vm.vm_id) or self._first(vm)
            if vm.state != "Running":
                vm.cpu_percent, vm.network_kib_s, vm.storage_kib_s = 0, 0, 0
                vm.memory_demand_mib = vm.memory_mib // 3 if vm.state in HOLDS_MEMORY else 0
                continue
            # A cheap mix of number and time: two thousand of these must cost a few milliseconds.
            mixed = (number ^ bucket * 2654435761) & _MASK
            mixed = (mixed ^ mixed >> 15) * 2246822519 & _MASK
            mixed ^= mixed >> 13
            vm.cpu_percent = min(100, max(0, base + mixed % 13 - 6))
            vm.memory_demand_mib = vm.memory_mib * (55 + mixed % 11 + base // 4) // 100
            vm.network_kib_s = (base + mixed % 29) * 37
            vm.storage_kib_s = int(vm.dirty_mib_s) * (20 + mixed % 17)

    def _first(self, vm: WorldVm) -> tuple[int, int]:
        number = int(self.world.chance("figures", vm.vm_id) * _MASK)
        self._base[vm.vm_id] = found = (number, vm.cpu_percent)
        return found

    def memory_available_mib(self, node: str) -> int:
        used = sum(vm.memory_mib for vm in self.world.vms_on(node) if vm.state in HOLDS_MEMORY)
        facts = self.world.nodes[node]
        return facts.memory_mib - facts.host_reserve_mib - used

    def rate_kib_s(self, node: str, of_storage: bool) -> int:
        """What its VMs send and write together, in KiB a second."""
        vms = self.world.vms_on(node)
        return sum((vm.storage_kib_s if of_storage else vm.network_kib_s) or 0 for vm in vms)

    def node_cpu_percent(self, node: str) -> float:
        facts = self.world.nodes[node]
        busy = sum(vm.cpu_percent * vm.processors for vm in self.world.vms_on(node))
        return round(min(2.0 + busy / facts.logical_processors, 100.0), 1)
