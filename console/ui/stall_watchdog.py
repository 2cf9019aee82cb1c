"""Says where the GUI thread was when it was blocked, and how long its gaps were."""

import statistics
import sys
import threading
import time
import traceback
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer

_BEAT_MS = 5


class StallWatchdog(QObject):
    """A 5 ms heartbeat in the GUI thread, watched from another one.

    ``on_stall(seconds, stack)`` is called in the watching thread once a stall longer than
    ``threshold_ms``. ``gaps_ms`` are the times between beats beyond the beat itself.
    """

    def __init__(self, on_stall: Callable[[float, str], None], threshold_ms: float = 50.0) -> None:
        super().__init__()
        self._on_stall, self._threshold = on_stall, threshold_ms / 1000
        self._gui_thread = threading.get_ident()
        self._beat = self._last = time.perf_counter()
        self.gaps_ms: list[float] = []
        self._timer = QTimer(self, interval=_BEAT_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._on_beat)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="stall-watchdog", daemon=True)

    def start(self) -> None:
        self._beat = self._last = time.perf_counter()
        self._timer.start()
        self._thread.start()

    def stop(self) -> None:
        self._timer.stop()
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join(2)

    def percentile_ms(self, share: float) -> float:
        """The gap that ``share`` of all gaps stay under; 0 without any."""
        if len(self.gaps_ms) < 2:
            return max(self.gaps_ms, default=0.0)
        return statistics.quantiles(self.gaps_ms, n=1000)[min(998, int(share * 1000) - 1)]

    def _on_beat(self) -> None:
        now = time.perf_counter()
        self.gaps_ms.append(max(0.0, (now - self._last) * 1000 - _BEAT_MS))
        self._beat = self._last = now

    def _watch(self) -> None:
        told_for = 0.0
        while not self._ended.wait(self._threshold / 4):
            beat = self._beat
            stalled = time.perf_counter() - beat
            if stalled > self._threshold and beat != told_for:
                told_for = beat
                self._on_stall(stalled, _stack_of(self._gui_thread))


def _stack_of(thread: int) -> str:
    """Where a thread is now. The frame is let go at once: it would keep a painter alive."""
    frame = sys._current_frames().get(thread)
    return "".join(traceback.format_stack(frame)) if frame is not None else ""
