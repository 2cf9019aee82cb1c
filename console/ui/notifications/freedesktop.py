"""Notifications of a Linux desktop: org.freedesktop.Notifications over D-Bus, beside the GUI.

Desktop Notifications Specification 1.2. GNOME has no tray, and every desktop has this. A server may
read markup in a body, so nothing that could be any is sent.
"""

import contextlib
import html
import queue
import threading
from typing import Any

from PySide6.QtCore import QObject, Signal

_BUS, _PATH = "org.freedesktop.Notifications", "/org/freedesktop/Notifications"
_FOREVER_MS, _A_WHILE_MS = 0, 15_000
_NORMAL, _CRITICAL = 1, 2
_APPLICATION = "Trusted launch console"
_STOP = object()
# Who clicks an older one than these comes to the alarms.
_MOST_TARGETS = 200


class Freedesktop(QObject):
    """Signals: ``clicked(str)`` with a notification's target; ``told(str)``: how it stands, in
    words, empty when the desktop takes notifications.
    """

    clicked = Signal(str)
    told = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._wanted: queue.Queue[Any] = queue.Queue()
        self._targets: dict[int, str] = {}
        self._thread = threading.Thread(target=self._work, name="notifications", daemon=True)

    def begin(self) -> None:
        """Once its signals are connected: the first thing it tells is how it stands."""
        self._thread.start()

    def show(self, title: str, text: str, target: str, *, is_critical: bool) -> None:
        self._wanted.put((title, text, target, is_critical))

    def close(self) -> None:
        self._wanted.put(_STOP)
        self._thread.join(5)

    # -- in its own thread ---------------------------------------------------------------------
    def _work(self) -> None:
        try:
            from jeepney.io.threading import open_dbus_router
        except ImportError:
            self.told.emit("This installation lacks jeepney, which reaches the desktop.")
            return
        try:
            with open_dbus_router(bus="SESSION") as router:
                self._serve(router)
        except (OSError, KeyError, ValueError):
            self.told.emit("No desktop answers: there is no session bus. See the window instead.")

    def _serve(self, router: Any) -> None:
        from jeepney import DBusAddress, MatchRule, message_bus, new_method_call

        server = DBusAddress(_PATH, bus_name=_BUS, interface=_BUS)
        try:
            answer = router.send_and_get_reply(
                new_method_call(server, "GetCapabilities"), timeout=10
            )
        except (TimeoutError, OSError):
            self.told.emit("The desktop's notification service does not answer.")
            return
        if answer.header.message_type.name == "error":
            self.told.emit("This desktop has no notification service. See the window instead.")
            return
        reads_markup = "body-markup" in answer.body[0]
        rule = MatchRule(type="signal", interface=_BUS, member="ActionInvoked", path=_PATH)
        router.send_and_get_reply(message_bus.AddMatch(rule), timeout=10)
        self.told.emit("")
        clicks: queue.Queue[Any] = queue.Queue()
        with router.filter(rule, queue=clicks):
            listener = threading.Thread(target=self._listen, args=(clicks,), daemon=True)
            listener.start()
            while (wanted := self._wanted.get()) is not _STOP:
                title, text, target, is_critical = wanted
                body = html.escape(text, quote=False) if reads_markup else text
                hints = {"urgency": ("y", _CRITICAL if is_critical else _NORMAL)}
                wait = _FOREVER_MS if is_critical else _A_WHILE_MS
                message = new_method_call(
                    server,
                    "Notify",
                    "susssasa{sv}i",
                    (
                        "Trusted launch console",
                        0,
                        "",
                        title,
                        body,
                        ["default", "Open"],
                        hints,
                        wait,
                    ),
                )
                with contextlib.suppress(TimeoutError, OSError):
                    answer = router.send_and_get_reply(message, timeout=10)
                    if answer.header.message_type.name == "method_return":
                        self._targets[answer.body[0]] = target
                        while len(self._targets) > _MOST_TARGETS:
                            del self._targets[next(iter(self._targets))]
            clicks.put(_STOP)
            listener.join(5)

    def _listen(self, clicks: "queue.Queue[Any]") -> None:
        while (message := clicks.get()) is not _STOP:
            target = self._targets.get(message.body[0])
            if target is not None:
                self.clicked.emit(target)
