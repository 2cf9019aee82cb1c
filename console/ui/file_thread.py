"""Small files read and written beside the GUI thread, one after the other, in the order asked."""

import itertools
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QCoreApplication, QObject, QThreadPool, Signal, Slot
from shiboken6 import isValid

Then = Callable[[Any], None]


class FileThread(QObject):
    """One thread, or as many as are given: then in no order.

    ``then`` is called in the GUI thread with the result, or with the OSError.
    """

    _ended = Signal(int, object)

    def __init__(self, parent: QObject | None = None, threads: int = 1) -> None:
        super().__init__(parent)
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(threads)
        self._numbers = itertools.count()
        self._waiting: dict[int, tuple[Then | None, QObject | None]] = {}
        self._ended.connect(self._on_ended)

    def run(
        self, work: Callable[[], Any], then: Then | None = None, owner: QObject | None = None
    ) -> None:
        """Do ``work`` in the thread; ``then`` is left out if ``owner`` is gone by that time."""
        number = next(self._numbers)
        self._waiting[number] = (then, owner)

        def worked() -> None:
            try:
                result = work()
            except OSError as error:
                result = error
            self._ended.emit(number, result)

        self._pool.start(worked)

    def finish(self) -> None:
        """Wait until everything that was asked for is on disk; for the end of the program."""
        self._pool.waitForDone()

    @Slot(int, object)
    def _on_ended(self, number: int, result: object) -> None:
        then, owner = self._waiting.pop(number)
        if then is not None and (owner is None or isValid(owner)):
            then(result)


_LOOKUPS = 8
_known: dict[int, FileThread] = {}


def file_thread() -> FileThread:
    """The program's one file thread; made when first asked for, finished when the program ends."""
    return _of(1)


def lookup_threads() -> FileThread:
    """For what may wait for a network: one look-up holds up no other, and no file."""
    return _of(_LOOKUPS)


def _of(threads: int) -> FileThread:
    known = _known.get(threads)
    if known is None or not isValid(known):
        application = QCoreApplication.instance()
        known = _known[threads] = FileThread(application, threads)
        if application is not None:
            application.aboutToQuit.connect(known.finish)
    return known
