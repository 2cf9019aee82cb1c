"""Figures as this window saw them since it was opened: a short series for each VM and node.

The cluster's own history is not read: what is here begins when the console looked, and says so.
Kept small, since there may be thousands: ``MOST`` readings of four numbers, oldest dropped.
"""

import math
from array import array
from collections.abc import Sequence

import msgspec
from PySide6.QtCore import QObject

from console.model.node import Node
from console.model.virtual_machine import VirtualMachine
from console.ui.store import Store

MOST = 60
# Between two readings further apart than this nobody looked: no line is drawn across.
GAP_S = 120.0
CPU, MEMORY, NETWORK, STORAGE = range(4)
_WIDTH = 5  # the time since ``Figures`` began, then the four
_UNKNOWN = math.nan


class Reading(msgspec.Struct, frozen=True):
    """``values``: CPU in percent, memory in MiB, network and storage in KiB/s; NaN: not told."""

    at: float
    values: tuple[float, float, float, float]


class Figures(QObject):
    """Follows a store. Subjects are ``vm:`` and a key, or ``node:`` and a name."""

    def __init__(self, store: Store, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._began = store.now()
        self._series: dict[str, array[float]] = {}
        self._answered: dict[str, float | None] = {}  # by node: its answer told last
        store.figures_changed.connect(self._on_figures)
        store.vms_changed.connect(self._on_figures)
        store.nodes_changed.connect(self._on_nodes)
        store.snapshot_replaced.connect(self._on_replaced)

    def readings(self, subject: str) -> list[Reading]:
        """The oldest first. A VM is sent only where something changed: it was read whenever its
        node answered, and between two changes it stood where the first of them put it.
        """
        changed = self._kept(subject)
        vm = self._store.inventory.vms.get(subject.removeprefix("vm:"))
        if not subject.startswith("vm:") or vm is None or not changed:
            return changed
        node = self._kept(f"node:{vm.owner_node}")
        at, found = 0, [changed[0]]
        times = sorted({each.at for each in (*changed, *node) if each.at > changed[0].at})
        for moment in times:
            while at + 1 < len(changed) and changed[at + 1].at <= moment:
                at += 1
            found.append(Reading(moment, changed[at].values))
        return found[-MOST:]

    def _kept(self, subject: str) -> list[Reading]:
        series = self._series.get(subject, array("f"))
        found = []
        for start in range(0, len(series), _WIDTH):
            at, cpu, memory, network, storage = series[start : start + _WIDTH]
            found.append(Reading(self._began + at, (cpu, memory, network, storage)))
        return found

    def _on_replaced(self) -> None:
        if self._store.is_stored:
            return  # what was stored is no reading of now
        known = {f"vm:{key}" for key in self._store.inventory.vms}
        known |= {f"node:{name}" for name in self._store.inventory.nodes}
        for gone in self._series.keys() - known:
            del self._series[gone]
        self._on_figures(tuple(self._store.inventory.vms))
        self._on_nodes()

    def _on_figures(self, keys: Sequence[str]) -> None:
        vms = self._store.inventory.vms
        for key in keys:
            vm = vms.get(key)
            if vm is None:
                self._series.pop(f"vm:{key}", None)
            elif vm.metrics is not None:
                # What arrives was read when its node answered, however late it comes.
                node = self._store.inventory.nodes.get(vm.owner_node or "")
                at = node.read_at if node is not None else None
                self._add(f"vm:{key}", of_vm(vm), self._store.now() if at is None else at)

    def _on_nodes(self) -> None:
        for node in self._store.inventory.nodes.values():
            if node.read_at is not None:
                self._add_of_node(node)

    def _add_of_node(self, node: Node) -> None:
        """Once per answer of this node: others' answers do not make its last figures new."""
        if node.read_at == self._answered.get(node.name):
            return
        self._answered[node.name] = node.read_at
        self._add(f"node:{node.name}", of_node(node), node.read_at or self._store.now())

    def _add(self, subject: str, values: tuple[float, float, float, float], read_at: float) -> None:
        series = self._series.get(subject)
        if series is None and all(map(math.isnan, values)):
            return  # of the past, figures are not kept
        if series is None:
            series = self._series[subject] = array("f")
        at = read_at - self._began
        if len(series) and abs(at - series[-_WIDTH]) < 1.0:
            del series[-_WIDTH:]  # several messages of one reading
        elif len(series) and at < series[-_WIDTH]:
            del series[:]  # a clock went back: what was before cannot be drawn beside it
        series.extend((at, *values))
        if len(series) > MOST * _WIDTH:
            del series[:_WIDTH]


def of_vm(vm: VirtualMachine) -> tuple[float, float, float, float]:
    figures = vm.metrics
    if figures is None:
        return (_UNKNOWN,) * 4
    return (
        _number(figures.cpu_percent),
        _number(figures.memory_assigned_mib),
        _number(figures.network_kib_s),
        _number(figures.storage_kib_s),
    )


def of_node(node: Node) -> tuple[float, float, float, float]:
    used = None
    if node.memory_total_mib is not None and node.memory_available_mib is not None:
        used = node.memory_total_mib - node.memory_available_mib
    return (
        _number(node.cpu_percent),
        _number(used),
        _number(node.network_kib_s),
        _number(node.storage_kib_s),
    )


def _number(value: float | None) -> float:
    return _UNKNOWN if value is None else float(value)
