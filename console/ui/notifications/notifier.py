"""One for the whole program: hears of all tabs, decides, and has the desktop show it."""

import functools
import sys
import time
from pathlib import Path
from typing import Protocol

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QSystemTrayIcon, QWidget

from console.health.levels import RANK, HealthLevel
from console.model.operation import OperationState
from console.ui import state_file
from console.ui.file_thread import file_thread
from console.ui.models.alarm_book import Standing, StandingAlarm
from console.ui.notifications.deciding import (
    Choices,
    Event,
    Kind,
    Memory,
    Notification,
    decide,
)
from console.ui.plain_text import one_line
from console.ui.shell.page import Page

# What comes together is told together.
_GATHER_MS = 1_500
_TICK_MS = 30_000  # quiet hours end by themselves
_MOST_LETTERS = 300
_FAILED = (OperationState.FAILED, OperationState.UNKNOWN)
_DONE = (OperationState.SUCCEEDED,)


class Desktop(Protocol):
    """Where a notification is shown."""

    def show(self, title: str, text: str, target: str, *, is_critical: bool) -> None: ...

    def close(self) -> None: ...


class Kept(msgspec.Struct, frozen=True):
    """The file: what was chosen and what was told."""

    choices: Choices = Choices()
    memory: Memory = Memory()


class Notifier(QObject):
    """Signals: ``wanted(Page, str)``: go to this tab, and to this alarm or operation (``alarm|`` or
    ``operation|`` and its id; empty: the alarms); ``changed()``: choices or decisions are others.
    """

    wanted = Signal(object, str)
    changed = Signal()

    def __init__(self, folder: Path, desktop: Desktop | None, window: QWidget) -> None:
        """``desktop`` None: where this system shows notifications is found out here."""
        super().__init__(window)
        self._window = window
        self._path = folder / "notifications.json"
        self._is_loaded = False
        self.kept = Kept()
        # Why the desktop shows nothing; empty if it does.
        self.where = "" if desktop is not None else "Looking for this desktop's notifications…"
        self._pages: dict[str, Page] = {}
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
        """Hear of this tab from now on."""
        page.window.health.watch.appeared.connect(functools.partial(self._on_alarms, page))
        page.store.operations_changed.connect(functools.partial(self._on_operations, page))

    def choose(self, choices: Choices) -> None:
        self.kept = msgspec.structs.replace(self.kept, choices=choices)
        self._save()
        self.changed.emit()

    def quiet_for(self, seconds: float) -> None:
        self.choose(msgspec.structs.replace(self.kept.choices, quiet_until=time.time() + seconds))

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
            is_looking=self._window.isActiveWindow(),
        )
        if memory != self.kept.memory:
            self.kept = msgspec.structs.replace(self.kept, memory=memory)
            self._save()
            self.changed.emit()
        for each in found:
            self._show(each)

    def end(self) -> None:
        self._ticking.stop()
        self._gathering.stop()
        if self.desktop is not None:
            self.desktop.close()

    # -- what is heard -------------------------------------------------------------------------
    def _on_alarms(self, page: Page, new: tuple[StandingAlarm, ...]) -> None:
        for each in new:
            if each.standing is Standing.OPEN:
                count = len(each.alarm.vm_keys)
                vms = f"{count} VM{'' if count == 1 else 's'}. " if count else ""
                text = f"{page.name}: {vms}{_read(page)}"
                target = f"alarm|{each.alarm.id}"
                self._hear(page, target, Kind.ALARM, each.alarm.level, each.alarm.title, text)

    def _on_operations(self, page: Page, ids: tuple[str, ...]) -> None:
        """Only what ended while this window watched, and was asked for here."""
        if len(ids) > 200:
            return  # a listing of the past, no news
        for name in ids:
            record = page.store.operations.get(name)
            if record is None or not record.is_over or record.actor != page.bridge.actor:
                continue
            ended = record.ended_at or 0.0
            if time.time() - ended > 120 or record.state not in (*_FAILED, *_DONE):
                continue
            failed = record.state in _FAILED
            kind = Kind.FAILED if failed else Kind.DONE
            level = HealthLevel.ATTENTION if failed else HealthLevel.HEALTHY
            title = f"{record.title}: {record.state}"
            text = f"{page.name}: {record.result or 'ended'} ({_clock(ended)})"
            self._hear(page, f"operation|{name}", kind, level, title, text)

    def _hear(
        self, page: Page, target: str, kind: Kind, level: HealthLevel, title: str, text: str
    ) -> None:
        event_id = f"{page.name}|{target}"
        self._pages[event_id] = page
        now = time.time()
        self._events.append(Event(event_id, kind, level, _short(title), _short(text), now))
        if not self._gathering.isActive():
            self._gathering.start()

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
        page = self._pages.get(target)
        about = target.split("|", 1)[1] if page is not None else ""
        self.wanted.emit(page, about)

    # -- the file ------------------------------------------------------------------------------
    def _on_loaded(self, found: object) -> None:
        if isinstance(found, Kept):
            self.kept = found
        self._is_loaded = True
        self.changed.emit()

    def _save(self) -> None:
        # A folder that cannot be written costs that the same may be told again.
        file_thread().run(functools.partial(state_file.save, self._path, self.kept))


def _short(text: str) -> str:
    flat = one_line(text)
    return flat if len(flat) <= _MOST_LETTERS else flat[: _MOST_LETTERS - 1] + "…"


def _read(page: Page) -> str:
    """When what is told was read, which is not when somebody looked at it."""
    inventory = page.store.inventory
    times = [each.read_at for each in (inventory.cluster_wire, inventory.arm) if each.read_at]
    return f"Read {_clock(min(times))}." if times else "Nobody can say when it was read."


def _clock(at: float) -> str:
    return time.strftime("%H:%M:%S", time.localtime(at))
