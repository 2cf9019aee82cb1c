"""One for the whole program: hears of all tabs, decides, and has the desktop show it."""

import functools
import sys
import time
from pathlib import Path
from typing import Protocol

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QApplication, QSystemTrayIcon, QWidget

from console.health.levels import RANK, HealthLevel
from console.ui import state_file
from console.ui.file_thread import file_thread
from console.ui.notifications.choices import Choices, Event, with_all_kinds
from console.ui.notifications.deciding import Memory, Notification, decide
from console.ui.notifications.hearing import Hearing
from console.ui.shell.page import Page

# What comes together is told together.
_GATHER_MS = 1_500
_TICK_MS = 30_000  # quiet hours end by themselves


class Desktop(Protocol):
    """Where a notification is shown."""

    def show(self, title: str, text: str, target: str, *, is_critical: bool) -> None: ...

    def close(self) -> None: ...


class Kept(msgspec.Struct, frozen=True):
    """The file: what was chosen and what was told."""

    choices: Choices = Choices()
    memory: Memory = Memory()


class Notifier(QObject):
    """Signals: ``wanted(str, str)``: go to the tab of this connection, and to this alarm, operation
    or cluster (``alarm|`` and its id; empty: the alarms); ``changed()``: choices or decisions are
    others.
    """

    wanted = Signal(str, str)
    changed = Signal()

    def __init__(self, folder: Path, desktop: Desktop | None, window: QWidget) -> None:
        """``desktop`` None: where this system shows notifications is found out here."""
        super().__init__(window)
        self._path = folder / "notifications.json"
        self._is_loaded = False
        self.kept = Kept()
        # Why the desktop shows nothing; empty if it does.
        self.where = "" if desktop is not None else "Looking for this desktop's notifications…"
        self._events: list[Event] = []
        self._gathering = QTimer(self, singleShot=True, interval=_GATHER_MS)
        self._gathering.timeout.connect(self.decide_now)
        self._ticking = QTimer(self, interval=_TICK_MS)
        self._ticking.timeout.connect(self.decide_now)
        self._ticking.start()
        self.desktop = desktop if desktop is not None else self._find_desktop()
        load = functools.partial(state_file.load, self._path, Kept)
        file_thread().run(load, self._on_loaded, self)

    def follow(self, page: Page) -> None:
        """Hear of this tab as long as it is there."""
        Hearing(page, self._hear)

    def _hear(self, event: Event) -> None:
        self._events.append(event)
        if not self._gathering.isActive():
            self._gathering.start()

    def choose(self, choices: Choices) -> None:
        self.kept = msgspec.structs.replace(self.kept, choices=choices)
        self._save()
        self.changed.emit()

    def quiet_for(self, seconds: float) -> None:
        """From now on, by hand; 0 ends it."""
        until = time.time() + seconds if seconds else 0.0
        self.choose(msgspec.structs.replace(self.kept.choices, quiet_until=until))
        if not seconds:
            self.decide_now()  # what was held back is told

    def try_one(self) -> None:
        """Show one, whatever the rules say."""
        self._show(
            Notification(
                "This is how it looks",
                "A notification of the Trusted launch console.",
                "",
                HealthLevel.ATTENTION,
            )
        )

    def decide_now(self) -> None:
        """Decide about everything heard since."""
        if not self._is_loaded:
            return  # what was told before the start is not known yet
        events, self._events = self._events, []
        memory, found = decide(
            self.kept.memory,
            self.kept.choices,
            events,
            time.time(),
            is_looking=self._is_looking(),
        )
        if memory != self.kept.memory:
            self.kept = msgspec.structs.replace(self.kept, memory=memory)
            self._save()
            self.changed.emit()
        for each in found:
            self._show(each)

    def _is_looking(self) -> bool:
        """At the window, or at one of those that belong to it."""
        return QApplication.activeWindow() is not None

    def end(self) -> None:
        self._ticking.stop()
        self._gathering.stop()
        if self.desktop is not None:
            self.desktop.close()

    # -- where it is shown ---------------------------------------------------------------------
    def _find_desktop(self) -> Desktop | None:
        if sys.platform == "linux":
            from console.ui.notifications.freedesktop import Freedesktop

            made = Freedesktop(self)
            made.clicked.connect(self.on_clicked)
            made.told.connect(self._on_told)
            made.begin()
            return made
        if QSystemTrayIcon.isSystemTrayAvailable():
            from console.ui.notifications.tray import Tray

            tray = Tray(self)
            tray.clicked.connect(self.on_clicked)
            return tray
        self.where = "This desktop shows no notifications. See the window instead."
        return None

    def _on_told(self, words: str) -> None:
        self.where = words
        self.changed.emit()

    def _show(self, each: Notification) -> None:
        if self.desktop is not None:
            is_critical = RANK[each.level] >= RANK[HealthLevel.CRITICAL]
            self.desktop.show(each.title, each.text, each.target, is_critical=is_critical)

    def on_clicked(self, target: str) -> None:
        connection, _, about = target.partition("|")
        self.wanted.emit(connection, about)

    # -- the file ------------------------------------------------------------------------------
    def _on_loaded(self, found: object) -> None:
        if isinstance(found, Kept):
            choices = with_all_kinds(found.choices)
            self.kept = msgspec.structs.replace(found, choices=choices)
        self._is_loaded = True
        self.changed.emit()

    def _save(self) -> None:
        # A folder that cannot be written costs that the same may be told again.
        file_thread().run(functools.partial(state_file.save, self._path, self.kept))
