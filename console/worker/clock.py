"""Time as the worker sees it, so that tests can move it."""

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Wall time for people, monotonic time for durations."""

    def now(self) -> float:
        """Seconds since 1970, UTC; may jump."""
        ...

    def monotonic(self) -> float:
        """Seconds since some moment; never jumps."""
        ...

    async def sleep(self, seconds: float) -> None: ...


class RealClock:
    """The machine's own time."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


async def sleep_unless(clock: Clock, seconds: float, event: asyncio.Event) -> bool:
    """Sleep, or stop sleeping when ``event`` is set; whether it was set."""
    if event.is_set():
        return True
    sleeping = asyncio.ensure_future(clock.sleep(seconds))
    waiting = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait((sleeping, waiting), return_when=asyncio.FIRST_COMPLETED)
    finally:
        sleeping.cancel()
        waiting.cancel()
    return event.is_set()
