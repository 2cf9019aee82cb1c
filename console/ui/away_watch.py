"""Tells once what ended while nobody looked, and remembers across a crash what was looked at."""

import functools
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QObject, QTimer, Signal

from console.model.operation import OperationState
from console.ui import last_look
from console.ui.file_thread import file_thread
from console.ui.last_look import LastLook
from console.ui.models.digest import Digest, digest_of, settled_between
from console.ui.store import Store

AWAY_S = 300.0
_LOOK_MS = 10_000
_SAVE_MS = 1_000
# After a start or a sleep the worker first has to look at what it had sent.
SETTLING_S = 20.0
# An operation may have been asked for long before the last look and have ended after it.
_LONGEST_S = 6 * 3600.0
_MOST_PAGES = 10

_SENT = (OperationState.RUNNING, OperationState.VERIFYING, OperationState.UNKNOWN)


class History(Protocol):
    """The bridge, as far as this needs it."""

    def read_history(self, callback: Callable[[], None]) -> None: ...


class AwayWatch(QObject):
    """Signals: ``told(Digest)`` when there is something to tell, or (empty) nothing any more."""

    told = Signal(object)

    def __init__(
        self,
        store: Store,
        history: History,
        folder: Path,
        parent: QObject,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(parent)
        self._store, self._history, self._folder, self._now = store, history, folder, now
        self._connection_id = ""
        self._is_visible = True
        self._is_listed = self._is_loaded = False
        self._pages = 0
        self._look: LastLook | None = None
        self._since = self._began = 0.0
        self._owed: frozenset[str] = frozenset()
        self._settling: frozenset[str] = frozenset()  # going on when somebody came back
        self._digest = Digest()
        self._looking = QTimer(self, interval=_LOOK_MS)
        self._looking.timeout.connect(self._on_look)
        self._saving = QTimer(self, singleShot=True, interval=_SAVE_MS)
        self._saving.timeout.connect(self.save)
        store.history_listed.connect(self._on_listed)
        store.operations_changed.connect(self._on_changed)

    def begin(self, connection_id: str) -> None:
        """A connection opens: read beside the GUI thread when it was last looked at."""
        self._connection_id = connection_id
        read = functools.partial(last_look.load, self._folder, connection_id)
        file_thread().run(read, self._on_loaded, self)

    def set_visible(self, is_visible: bool) -> None:
        """The window is in sight again, or no more."""
        if is_visible == self._is_visible:
            return
        if not is_visible:
            self._on_look()
            self.save()
        self._is_visible = is_visible
        if is_visible:
            self._look_again(has_slept=False)

    def end(self) -> None:
        """The window is gone, or going."""
        self._on_look()
        self.save()
        self._looking.stop()
        self._saving.stop()

    def dismiss(self) -> None:
        """It was read: nothing of it is told again."""
        self._owed, self._since, self._began = frozenset(), self._now(), 0.0
        self._tell()
        self.save()

    def save(self) -> None:
        """Write down beside the GUI thread that all was seen until now, and what is owed."""
        self._saving.stop()
        if self._look is None or not self._connection_id:
            return
        look = LastLook(self._look.at, tuple(sorted(self._owed)))
        write = functools.partial(last_look.save, self._folder, self._connection_id, look)
        # A folder that cannot be written costs a digest that tells too much; the journal says so.
        file_thread().run(write)

    # -- looking -------------------------------------------------------------------------------
    def _on_loaded(self, found: object) -> None:
        self._is_loaded = True
        self._look = found if isinstance(found, LastLook) else None
        self._start()

    def _on_listed(self) -> None:
        self._is_listed = True
        self._start()

    def _start(self) -> None:
        """With the watermark and the listing known: what happened since?"""
        if not (self._is_loaded and self._is_listed) or self._looking.isActive():
            return
        now = self._now()
        self._looking.start()
        if self._look is None:
            self._look = LastLook(now)
            self.save()
            return
        self._owed = frozenset(self._look.owed)
        # A clock that was set back must not hide what ended meanwhile: then too much is told.
        self._came_back(min(self._look.at, now), now, is_settling=True)

    def _came_back(self, since: float, now: float, *, is_settling: bool) -> None:
        """``is_settling``: the worker was not there either and has to look at what goes on."""
        self._since, self._began, self._pages = since, now, 0
        known = self._store.operations.values()
        self._settling = frozenset(r.id for r in known if is_settling and r.state in _SENT)
        self._look = LastLook(now)
        self._collect()
        self._read_on()

    def _read_on(self) -> None:
        """Older pages, until the history reaches back to before the last look."""
        if self._is_short and self._pages < _MOST_PAGES:
            self._pages += 1
            self._history.read_history(self._read_on)
        self._collect()

    @property
    def _is_short(self) -> bool:
        return self._store.known_since > self._since - _LONGEST_S

    def _on_look(self) -> None:
        """Somebody looks now; a gap before this moment means that the machine slept."""
        self._look_again(has_slept=True)

    def _look_again(self, *, has_slept: bool) -> None:
        if not self._is_visible or self._look is None or not self._looking.isActive():
            return
        now, before = self._now(), self._look.at
        if now - before > AWAY_S:
            self._came_back(before, now, is_settling=has_slept)
        else:
            self._look = LastLook(now)

    def _on_changed(self, ids: tuple[str, ...]) -> None:
        if not self._looking.isActive():
            return
        operations = self._store.operations
        is_settled = any(operations[name].is_over for name in ids if name in operations)
        if self._settling.intersection(ids) and self._now() - self._began <= SETTLING_S:
            self._collect(self._settling)
        elif self._owed.intersection(ids):
            self._tell()
        if is_settled and self._is_visible and self._look is not None:
            self._look = LastLook(self._now())
            # Written a moment later: hundreds may end together.
            if not self._saving.isActive():
                self._saving.start()

    def _collect(self, among: frozenset[str] | None = None) -> None:
        operations = self._store.operations
        chosen = operations.values() if among is None else [operations[name] for name in among]
        found = settled_between(chosen, self._since, self._began)
        if found - self._owed:
            self._owed |= found
            self.save()
        self._tell()

    def _tell(self) -> None:
        operations = self._store.operations
        owed = [operations[name] for name in self._owed if name in operations]
        new = digest_of(owed, is_whole=not self._is_short)
        if new != self._digest:
            self._digest = new
            self.told.emit(new)
