"""Long work of the GUI thread in slices: a generator goes on for a part of a frame at a time."""

import time
from collections.abc import Callable, Iterator

from PySide6.QtCore import QObject, QTimer

# A frame has 16 ms, and two pieces of work may go on beside its painting.
SLICE_S = 0.003


class Slices(QObject):
    """One piece of work at a time; beginning another drops the one before."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._work: Iterator[None] | None = None
        self._done: Callable[[], None] | None = None
        self._timer = QTimer(self, interval=0)
        self._timer.timeout.connect(self._go_on)

    @property
    def is_working(self) -> bool:
        return self._work is not None

    def begin(self, work: Iterator[None], done: Callable[[], None] | None = None) -> None:
        """Take ``work`` on now, and further ones of its steps each turn of the event loop.

        A step between two ``yield`` should take a millisecond or less.
        """
        self._work, self._done = work, done
        self._go_on()
        if self._work is not None:
            self._timer.start()

    def finish(self) -> None:
        """Do the rest now."""
        while self._work is not None:
            self._go_on()

    def drop(self) -> None:
        """Leave it unfinished."""
        self._work, self._done = None, None
        self._timer.stop()

    def _go_on(self) -> None:
        deadline = time.perf_counter() + SLICE_S
        work = self._work
        while work is not None and work is self._work:
            try:
                next(work)
            except StopIteration:
                self._timer.stop()
                self._work, done = None, self._done
                self._done = None
                if done is not None:
                    done()
                return
            if time.perf_counter() >= deadline:
                return
