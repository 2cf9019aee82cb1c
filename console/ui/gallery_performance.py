"""What the gallery can draw of figures over time: a VM, a node, a cluster that refuses."""

import math
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QWidget

from console.catalog import HistorySeries, load_performance_history
from console.model.freshness import Fault, FaultCode
from console.model.performance import FigureSeries, PerformanceHistory, TimeFrame
from console.model.snapshot import ClusterSnapshot
from console.ui.bridge import OnChore, chores
from console.ui.performance import words
from console.ui.performance.performance_window import PerformanceWindow

Builder = Callable[[ClusterSnapshot, Path, str], QWidget]
_HIGHEST = {"percent": 60.0, "MiB": 9000.0, "KiB/s": 5000.0, "ms": 2.0}


class _Cluster:
    """Answers at once, with waves; or refuses."""

    def __init__(self, *, is_off: bool) -> None:
        self._is_off = is_off

    def ask_chore(self, question: chores.Ask, on_answer: OnChore) -> None:
        assert isinstance(question, chores.ReadPerformance)
        if self._is_off:
            fault = Fault(
                FaultCode.REJECTED,
                "This cluster does not keep a performance history.",
                remedy="An administrator can switch it on: Start-ClusterPerformanceHistory. "
                "It begins empty then.",
            )
            on_answer(chores.PerformanceRead(question.token, None, fault))
            return
        of = question.subject.partition(":")[0]
        known = [each for each in load_performance_history().series if each.of == of]
        now = time.time()
        series = tuple(_waves(fact, question.frame, now) for fact in known)
        history = PerformanceHistory(question.subject, question.frame, series, now, "LAB-N2")
        on_answer(chores.PerformanceRead(question.token, history))

    def give_up_chore(self, _token: str) -> None:
        pass


def _waves(fact: HistorySeries, frame: TimeFrame, now: float) -> FigureSeries:
    step = words.frame_facts(frame).step_s
    count = int(words.frame_facts(frame).kept_for_s / step)
    numbers = [n for n in range(count) if not 0.55 < n / count < 0.64]
    half = _HIGHEST[fact.unit] / 2
    values = tuple(half * (1 + 0.7 * math.sin(n / 17) + 0.2 * math.sin(n * 1.7)) for n in numbers)
    times = tuple(now - (count - n) * step for n in numbers)
    return FigureSeries(fact.name, fact.title, fact.unit, times, values, fact.note)


def _window(kind: str, *, is_off: bool = False) -> Builder:
    def build(snapshot: ClusterSnapshot, _folder: Path, _scenario: str) -> QWidget:
        if kind == "vm":
            subject, name = f"vm:{snapshot.vms[0].key}", snapshot.vms[0].name
        else:
            subject, name = f"node:{snapshot.nodes[0].name}", snapshot.nodes[0].name
        made = PerformanceWindow(subject, name, _Cluster(is_off=is_off))
        made.ask(TimeFrame.DAY)
        return made

    return build


def views() -> dict[str, Builder]:
    return {
        "performance": _window("vm"),
        "performance-node": _window("node"),
        "performance-off": _window("vm", is_off=True),
    }
