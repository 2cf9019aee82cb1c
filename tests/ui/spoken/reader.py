"""A small screen reader: AT-SPI over D-Bus, as Orca asks it; nothing of Qt is in this process.

Names and signatures: org.a11y.atspi.Accessible of at-spi2-core's xml/Accessible.xml.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

_ACCESSIBLE = "org.a11y.atspi.Accessible"
_ROOT = "/org/a11y/atspi/accessible/root"
# Bits of AtspiStateType.
STATES = {7: "editable", 8: "enabled", 11: "focusable", 12: "focused", 22: "selectable",
          23: "selected", 24: "sensitive", 25: "showing", 30: "visible"}  # fmt: skip
_LAUNCHERS = ("/usr/libexec/at-spi-bus-launcher", "/usr/lib/at-spi2-core/at-spi-bus-launcher")
MISSING = [name for name in ("dbus-daemon",) if shutil.which(name) is None] + (
    [] if any(map(os.path.exists, _LAUNCHERS)) else ["at-spi2-core"]
)


class Thing(NamedTuple):
    """One accessible: the bus name of its application and its path."""

    bus: str
    path: str


class Reader:
    """Asks; every answer has travelled over the accessibility bus."""

    def __init__(self, address: str) -> None:
        from jeepney.io.blocking import open_dbus_connection

        self._connection = open_dbus_connection(address)

    def close(self) -> None:
        self._connection.close()

    def applications(self) -> list[Thing]:
        return self.children(Thing("org.a11y.atspi.Registry", _ROOT))

    def children(self, thing: Thing) -> list[Thing]:
        return [Thing(*each) for each in self._call(thing, "GetChildren")[0]]

    def child(self, thing: Thing, at: int) -> Thing:
        return Thing(*self._call(thing, "GetChildAtIndex", "i", (at,))[0])

    def role(self, thing: Thing) -> str:
        return str(self._call(thing, "GetRoleName")[0])

    def name(self, thing: Thing) -> str:
        return str(self._property(thing, "Name"))

    def description(self, thing: Thing) -> str:
        return str(self._property(thing, "Description"))

    def count(self, thing: Thing) -> int:
        return int(self._property(thing, "ChildCount"))

    def states(self, thing: Thing) -> set[str]:
        low, high = self._call(thing, "GetState")[0]
        bits = low | high << 32
        return {word for bit, word in STATES.items() if bits >> bit & 1}

    def find(self, thing: Thing, role: str, depth: int = 12) -> Iterator[Thing]:
        """Every accessible of this role below, not looking inside those found."""
        for each in self.children(thing):
            if self.role(each) == role:
                yield each
            elif depth:
                yield from self.find(each, role, depth - 1)

    def _property(self, thing: Thing, name: str) -> Any:
        from jeepney import DBusAddress, Properties

        address = DBusAddress(thing.path, bus_name=thing.bus, interface=_ACCESSIBLE)
        return self._ask(Properties(address).get(name))[0][1]

    def _call(self, thing: Thing, method: str, signature: str = "", body: Any = ()) -> Any:
        from jeepney import DBusAddress, new_method_call

        address = DBusAddress(thing.path, bus_name=thing.bus, interface=_ACCESSIBLE)
        return self._ask(new_method_call(address, method, signature or None, body))

    def _ask(self, message: Any) -> Any:
        from jeepney import MessageType

        answer = self._connection.send_and_get_reply(message, timeout=20)
        assert answer.header.message_type is MessageType.method_return, answer.body
        return answer.body


@contextlib.contextmanager
def read_aloud(what: str, folder: Path) -> Iterator[tuple[Reader, Thing]]:
    """The view in its own process on a bus of its own, the reader, and the view's application."""
    environment = os.environ | {
        "XDG_RUNTIME_DIR": str(folder),
        "QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1",
        "QT_QPA_PLATFORM": "xcb",
    }
    environment.pop("NO_AT_BRIDGE", None)
    environment.pop("AT_SPI_BUS_ADDRESS", None)
    bus = subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1"],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    shown = reader = None
    try:
        assert bus.stdout is not None
        session = bus.stdout.readline().decode().strip()
        environment["DBUS_SESSION_BUS_ADDRESS"] = session
        address = _bus_of_readers(session)
        shown = subprocess.Popen(
            [sys.executable, "-m", "tests.ui.spoken.shown", what],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        assert shown.stdout is not None
        assert shown.stdout.readline() == b"shown\n"
        reader = Reader(address)
        yield reader, _application(reader)
    finally:
        if reader is not None:
            reader.close()
        for process in (shown, bus):
            if process is not None:
                process.terminate()
                process.wait(10)
                if process.stdout is not None:
                    process.stdout.close()


def _bus_of_readers(session: str) -> str:
    """Asked for on the session bus, which starts it."""
    from jeepney import DBusAddress, new_method_call
    from jeepney.io.blocking import open_dbus_connection

    connection = open_dbus_connection(session)
    try:
        bus = DBusAddress("/org/a11y/bus", bus_name="org.a11y.Bus", interface="org.a11y.Bus")
        answer = connection.send_and_get_reply(new_method_call(bus, "GetAddress"), timeout=20)
        return str(answer.body[0])
    finally:
        connection.close()


def _application(reader: Reader) -> Thing:
    for _ in range(100):
        for each in reader.applications():
            if reader.count(each):
                return each
        time.sleep(0.1)
    raise AssertionError("the application did not come to the bus of screen readers")
