"""Figures that always change: processor load and memory demand, the same for the same seed."""

import math

from console.lab.world.core import HOLDS_MEMORY, World
from console.lab.world.state import WorldVm

_MASK = 0xFFFFFFFF
_DAY_S, _HOUR_S = 86400.0, 3600.0
# Busiest at two in the afternoon, by so much of the load of its own; backups run at two at night.
_BUSIEST_S, _SWING = 14 * _HOUR_S, 0.25
_BACKUP_HOUR, _BACKUP_TIMES = 2, 6
# So many times in which something told nothing are remembered.
_MOST_SILENCES = 20


class Metrics:
    """Rewrites the figures of every VM once per ``metrics_every_s``; knows them of any moment.

    ``silences``: when a VM (by id) or a node (by name) told nothing, as (from, until).
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.silences: dict[str, list[tuple[float, float]]] = {}
        self._silent_since: dict[str, float] = {}
        self._bucket = -1
        self._base: dict[str, tuple[int, int]] = {}  # vm id -> number of its own, base load
        world.each_step(self.keep_current)

    def keep_current(self) -> None:
        for node in self.world.nodes.values():
            is_down = node.state == "Down"
            if is_down != (node.name in self._silent_since):
                self._silence(node.name, is_down, self.world.now)
        bucket = int(self.world.now // self.world.settings.metrics_every_s)
        if bucket == self._bucket:
            return
        is_first, self._bucket = self._bucket < 0, bucket
        swing, times = self._rhythm(self.world.now)
        for vm in self.world.vms.values():
            is_on = vm.state == "Running"
            if is_on != (vm.vm_id not in self._silent_since):
                self._silence(vm.vm_id, not is_on, -math.inf if is_first else self.world.now)
            number, base = self._base.get(vm.vm_id) or self._first(vm)
            if not is_on:
                vm.cpu_percent, vm.network_kib_s, vm.storage_kib_s = 0, 0, 0
                vm.memory_demand_mib = vm.memory_mib // 3 if vm.state in HOLDS_MEMORY else 0
                continue
            mixed = _mixed(number, bucket)
            vm.cpu_percent = min(100, max(0, base + int(base * swing) + mixed % 13 - 6))
            vm.memory_demand_mib = vm.memory_mib * (55 + mixed % 11 + base // 4) // 100
            vm.network_kib_s = (base + mixed % 29) * 37 * times
            vm.storage_kib_s = int(vm.dirty_mib_s) * (20 + mixed % 17) * times

    def at(self, vm: WorldVm, at: float) -> tuple[int, int, int]:
        """CPU in percent of its own processors, network and storage in KiB/s, had it run then."""
        number, base = self._base.get(vm.vm_id) or self._first(vm)
        swing, times = self._rhythm(at)
        mixed = _mixed(number, int(at // self.world.settings.metrics_every_s))
        return (
            min(100, max(0, base + int(base * swing) + mixed % 13 - 6)),
            (base + mixed % 29) * 37 * times,
            int(vm.dirty_mib_s) * (20 + mixed % 17) * times,
        )

    def was_silent(self, subject: str, at: float) -> bool:
        """Whether this VM (by id) or node (by name) told nothing at this moment."""
        since = self._silent_since.get(subject)
        if since is not None and at >= since:
            return True
        return any(begin <= at < end for begin, end in self.silences.get(subject, ()))

    def _silence(self, subject: str, begins: bool, at: float) -> None:
        if begins:
            self._silent_since[subject] = at
            return
        since = self._silent_since.pop(subject)
        kept = self.silences.setdefault(subject, [])
        kept.append((since, at))
        del kept[:-_MOST_SILENCES]

    def _rhythm(self, at: float) -> tuple[float, int]:
        swing = _SWING * math.cos(2 * math.pi * (at - _BUSIEST_S) / _DAY_S)
        is_backup = int(at % _DAY_S // _HOUR_S) == _BACKUP_HOUR
        return swing, _BACKUP_TIMES if is_backup else 1

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


def _mixed(number: int, bucket: int) -> int:
    """A cheap mix of number and time: two thousand of these must cost a few milliseconds."""
    mixed = (number ^ bucket * 2654435761) & _MASK
    mixed = (mixed ^ mixed >> 15) * 2246822519 & _MASK
    return mixed ^ mixed >> 13
