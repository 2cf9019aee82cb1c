"""What the simulated cluster remembers of figures: those it told; nothing of when it was off.

A VM is remembered with the memory and processors it has now, a node with the VMs it has now.
"""

from collections.abc import Callable

from console.catalog import HistoryFrame, load_performance_history
from console.lab.world.core import World
from console.lab.world.errors import WorldError
from console.lab.world.metrics import Metrics
from console.lab.world.state import WorldNode, WorldVm

Series = dict[str, object]
# A point of a coarse frame is the mean of so many looks into its interval.
_LOOKS = 4
_MIB, _KIB, _BITS = 1048576, 1024, 8192


class PerformanceHistory:
    """Tells series as Get-ClusterPerformanceHistory would: its names, units and steps."""

    def __init__(self, world: World, figures: Metrics) -> None:
        self._world = world
        self._figures = figures

    def of_vm(self, vm: WorldVm, time_frame: str) -> list[Series]:
        frame = self._frame(time_frame)
        node = self._world.nodes[vm.owner]

        def point(begin: float) -> tuple[float, ...] | None:
            looks = [
                self._figures.at(vm, moment)
                for moment in self._moments(frame, begin)
                if not self._figures.was_silent(vm.vm_id, moment)
            ]
            if not looks:
                return None
            cpu, network, storage = (sum(each) / len(looks) for each in zip(*looks, strict=True))
            latency = 0.0004 + storage / 4e7
            share = cpu * vm.processors / node.logical_processors
            return share, vm.memory_mib * _MIB, network * _BITS, storage * _KIB, latency

        names = (
            "VM.Cpu.Usage",
            "VM.Memory.Assigned",
            "VMNetworkAdapter.Bandwidth.Total",
            "VHD.Throughput.Total",
            "VHD.Latency.Average",
        )
        return self._series(frame, names, point)

    def of_node(self, node: WorldNode, time_frame: str) -> list[Series]:
        frame = self._frame(time_frame)
        vms = self._world.vms_on(node.name)
        used = node.memory_mib - self._figures.memory_available_mib(node.name)

        def point(begin: float) -> tuple[float, ...] | None:
            moment = begin + frame.step_s / 2
            if self._figures.was_silent(node.name, moment):
                return None
            busy = network = 0
            for vm in vms:
                if not self._figures.was_silent(vm.vm_id, moment):
                    cpu, sent, _ = self._figures.at(vm, moment)
                    busy, network = busy + cpu * vm.processors, network + sent
            share = min(2.0 + busy / node.logical_processors, 100.0)
            return share, used * _MIB, network * _BITS

        names = (
            "ClusterNode.Cpu.Usage",
            "ClusterNode.Memory.Usage",
            "NetAdapter.Bandwidth.Total",
        )
        return self._series(frame, names, point)

    def _frame(self, time_frame: str) -> HistoryFrame:
        if self._world.settings.history_is_off:
            raise WorldError(
                "HistoryOff",
                "Cluster performance history is not running. Run 'Start-ClusterPerformanceHistory' "
                "and try again.",
            )
        return next(each for each in load_performance_history().frame if each.id == time_frame)

    def _moments(self, frame: HistoryFrame, begin: float) -> list[float]:
        every = max(frame.step_s / _LOOKS, self._world.settings.metrics_every_s)
        return [begin + every * (at + 0.5) for at in range(int(frame.step_s / every))]

    def _series(
        self,
        frame: HistoryFrame,
        names: tuple[str, ...],
        point: Callable[[float], tuple[float, ...] | None],
    ) -> list[Series]:
        """Each point bears the end of its interval; the one under way is not told yet."""
        last = self._world.now // frame.step_s * frame.step_s
        first = (last - frame.kept_for_s) // frame.step_s * frame.step_s
        times: list[float] = []
        values: list[tuple[float, ...]] = []
        end = first + frame.step_s
        while end <= last:
            told = point(end - frame.step_s)
            if told is not None:
                times.append(end)
                values.append(told)
            end += frame.step_s
        if not times:
            return []
        columns = zip(*values, strict=True)
        return [
            {"name": name, "times": times, "values": [round(each, 7) for each in column]}
            for name, column in zip(names, columns, strict=True)
        ]
