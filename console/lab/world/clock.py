"""Time in the lab's world: real, faster than real, or moved by hand."""

import threading
import time
from typing import Protocol


class Clock(Protocol):
    """Seconds since 1970; never goes backwards."""

    def now(self) -> float: ...

    def advance(self, seconds: float) -> None:
        """Jump forward."""
        ...


class RealClock:
    """Real time, ``speed`` times as fast from the moment it was made."""

    def __init__(self, speed: float = 1.0) -> None:
        self._lock = threading.Lock()
        self._speed = speed
        self._world = time.time()
        self._real = time.monotonic()

    @property
    def speed(self) -> float:
        return self._speed

    @speed.setter
    def speed(self, factor: float) -> None:
        """From now on the world's time runs ``factor`` (above 0) times as fast."""
        if factor <= 0:
            raise ValueError("speed must be above 0")
        with self._lock:
            self._settle()
            self._speed = factor

    def now(self) -> float:
        with self._lock:
            self._settle()
            return self._world

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._settle()
            self._world += max(seconds, 0.0)

    def _settle(self) -> None:
        real = time.monotonic()
        self._world += (real - self._real) * self._speed
        self._real = real


class MovableClock:
    """Stands still until it is moved: tests decide when things happen."""

    def __init__(self, start: float = 1_760_000_000.0) -> None:
        self._now = start

    def now(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        if seconds < 0:
            raise ValueError("time does not go backwards")
        self._now += seconds
