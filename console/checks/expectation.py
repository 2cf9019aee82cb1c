"""How long a move takes and how long the VM stands still: always a range, never a promise.

Nothing on a real cluster tells how fast a VM writes memory or how fast its volume is; what stands
in for it is written beside each figure. Earlier moves of the same VM outrank every assumption.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from console.checks.moving_vms import MovingVms
from console.model.earlier_moves import NO_HISTORY, EarlierMove, History
from console.model.node import Node
from console.model.virtual_machine import VirtualMachine

Range = tuple[float, float]

_MIB_PER_S_OF_MBPS = 1e6 / 8 / 2**20
_SETUP_S = 2.0
# Compression and dirty pages make the same gigabyte take one to four times the bare link time.
_SLOWEST = 4.0
# Live: the last copy and the hand-over. "Sub-second" by the documents; one part in fifty of the
# memory may still have to cross the link then (assumption).
_PAUSE_LEAST_MS, _PAUSE_MOST_MS = 50.0, 1000.0
_LEFT_AT_THE_END = 0.02
# Quick: memory is written to the VM's volume and read again on the target. Cluster volumes on NVMe
# write and read this many MiB/s (assumption, not measured on a real cluster).
_VOLUME_MIB_S = (500.0, 3000.0)
_RESTORE_S = (2.0, 10.0)
# How far the next move may be from the ones before it, for one of them, and for at least three.
_OF_ONE, _OF_SEVERAL = (0.6, 2.0), (0.75, 1.4)
_SEVERAL = 3


@dataclass(frozen=True)
class Expectation:
    """Ranges of seconds and of milliseconds; None: nothing to estimate from."""

    duration_s: Range | None = None
    pause_ms: Range | None = None


class Expected:
    """What some VMs' moves to one node come to, for any node: their sums are made once."""

    def __init__(self, moving: MovingVms, history: History, at_a_time: int) -> None:
        self._moving = moving
        self._at_a_time = max(at_a_time, 1)
        self._sums = {owner: _Sum(vms, history) for owner, vms in moving.by_owner.items()}
        self._all = _Sum(moving.vms, history)

    def live(self, node: Node) -> Expectation:
        """Several share the link and its slots, so slots only spare the time of setting up."""
        all_, own = self._all, self._sums.get(node.name, _NOTHING)
        count = all_.count - own.count
        rate = _rate(node)
        if not count:
            return Expectation()
        memory = self._memory_to(node, own)
        duration: Range | None = None
        if memory == 0 or (memory is not None and rate is not None):
            low, high = all_.measured[0] - own.measured[0], all_.measured[1] - own.measured[1]
            bare = memory / rate if memory and rate else 0.0
            fresh = all_.fresh - own.fresh
            spared = _SETUP_S * (count - -(-count // self._at_a_time))
            low = max(low + bare + fresh * _SETUP_S - spared, _SETUP_S)
            duration = low, high + bare * _SLOWEST + fresh * _SETUP_S
        return Expectation(duration, self._pause(rate))

    def quick(self, node: Node) -> Expectation:
        """One after the other; a VM stands still from its first byte to its last."""
        own = self._sums.get(node.name, _NOTHING)
        count, total = self._all.count - own.count, self._moving.memory_to(node.name)
        if not count or total is None or self._all.least is None or self._all.most is None:
            return Expectation()
        first, last = quick_pause_s(self._all.least)[0], quick_pause_s(self._all.most)[1]
        low = 2 * total / _VOLUME_MIB_S[1] + count * (_RESTORE_S[0] + _SETUP_S)
        high = 2 * total / _VOLUME_MIB_S[0] + count * (_RESTORE_S[1] + _SETUP_S)
        return Expectation((low, high), (first * 1000, last * 1000))

    def _memory_to(self, node: Node, own: "_Sum") -> int | None:
        """MiB of those that no earlier move tells of."""
        if self._all.memory is not None:
            return self._all.memory - (own.memory or 0)
        sums = [each.memory for owner, each in self._sums.items() if owner != node.name]
        return None if None in sums else sum(filter(None, sums))

    def _pause(self, rate: float | None) -> Range | None:
        """The shortest and the longest of them all."""
        measured, biggest = self._all.pause, self._all.biggest
        if not self._all.unmeasured:
            return measured
        if rate is None or biggest is None:
            return None
        most = _PAUSE_MOST_MS + 1000 * _LEFT_AT_THE_END * biggest / rate
        if measured is None:
            return _PAUSE_LEAST_MS, most
        return min(_PAUSE_LEAST_MS, measured[0]), max(most, measured[1])


class _Sum:
    """Of some VMs: what earlier moves measured, and the memory of those without any."""

    def __init__(self, vms: Iterable[VirtualMachine], history: History) -> None:
        self.count = self.fresh = self.unmeasured = 0
        self.memory: int | None = 0
        self.measured = (0.0, 0.0)
        self.pause: Range | None = None
        # MiB of the smallest, of the largest, and of the largest without a measured pause.
        self.least: int | None = None
        self.most: int | None = None
        self.biggest: int | None = 0
        for vm in vms:
            self._add(vm.memory_mib, history.get(vm.key, ()))

    def _add(self, memory: int | None, earlier: Sequence[EarlierMove]) -> None:
        self.count += 1
        duration = _like([move.duration_s for move in earlier])
        if duration is not None:
            self.measured = self.measured[0] + duration[0], self.measured[1] + duration[1]
        else:
            self.fresh += 1
            known = self.memory is not None and memory is not None
            self.memory = (self.memory or 0) + (memory or 0) if known else None
        pause = _like([move.pause_ms for move in earlier if move.pause_ms is not None])
        if pause is None:
            self.unmeasured += 1
            known = self.biggest is not None and memory is not None
            self.biggest = max(self.biggest or 0, memory or 0) if known else None
        elif self.pause is None:
            self.pause = pause
        else:
            self.pause = min(self.pause[0], pause[0]), max(self.pause[1], pause[1])
        if memory is not None:
            self.least = memory if self.least is None else min(self.least, memory)
            self.most = memory if self.most is None else max(self.most, memory)


_NOTHING = _Sum((), NO_HISTORY)


def quick_pause_s(memory_mib: int) -> Range:
    """Seconds that a VM of so much memory stands still in a quick migration."""
    slow, fast = _VOLUME_MIB_S
    return 2 * memory_mib / fast + _RESTORE_S[0], 2 * memory_mib / slow + _RESTORE_S[1]


def duration_to(node: Node, memory_mib: int | None) -> Range | None:
    """Seconds for this much memory; None where no speed is known."""
    rate = _rate(node)
    if rate is None or memory_mib is None:
        return None
    bare = memory_mib / rate
    return bare + _SETUP_S, bare * _SLOWEST + _SETUP_S


def _rate(node: Node) -> float | None:
    """MiB/s of the fastest link that is up."""
    speeds = [n.link_mbps for n in node.migration_networks if n.is_up and n.link_mbps]
    return max(speeds) * _MIB_PER_S_OF_MBPS if speeds else None


def _like(earlier: Sequence[float]) -> Range | None:
    """A range around what was measured, narrower the more there is of it."""
    if not earlier:
        return None
    less, more = _OF_SEVERAL if len(earlier) >= _SEVERAL else _OF_ONE
    return min(earlier) * less, max(earlier) * more
