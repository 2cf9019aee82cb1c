"""A real D-Bus bus and a small notification server: what it is sent, and clicks."""

import contextlib
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="a Linux desktop's way"),
    pytest.mark.skipif(shutil.which("dbus-daemon") is None, reason="not installed: dbus-daemon"),
]
_BUS, _PATH = "org.freedesktop.Notifications", "/org/freedesktop/Notifications"


class Server:
    """Answers GetCapabilities and Notify on its own thread; ``click`` tells of a click."""

    def __init__(self, address: str) -> None:
        from jeepney import message_bus
        from jeepney.io.blocking import open_dbus_connection

        self.sent: list[tuple[Any, ...]] = []
        self._connection = open_dbus_connection(address)
        self._connection.send_and_get_reply(message_bus.RequestName(_BUS))
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        from jeepney import HeaderFields, MessageType, new_method_return

        while True:
            try:
                message = self._connection.receive()
            except (ConnectionResetError, OSError, ValueError):
                return
            if message.header.message_type is not MessageType.method_call:
                continue
            member = message.header.fields[HeaderFields.member]
            if member == "GetCapabilities":
                answer = new_method_return(message, "as", (["body", "actions", "body-markup"],))
            elif member == "Notify":
                self.sent.append(message.body)
                answer = new_method_return(message, "u", (len(self.sent),))
            else:
                return
            self._connection.send(answer)

    def click(self, number: int) -> None:
        from jeepney import DBusAddress, new_signal

        emitter = DBusAddress(_PATH, bus_name=_BUS, interface=_BUS)
        self._connection.send(new_signal(emitter, "ActionInvoked", "us", (number, "default")))

    def close(self, address: str) -> None:
        from jeepney import DBusAddress, new_method_call
        from jeepney.io.blocking import open_dbus_connection

        with contextlib.closing(open_dbus_connection(address)) as other:
            other.send(new_method_call(DBusAddress(_PATH, bus_name=_BUS, interface=_BUS), "Stop"))
        self._thread.join(10)
        self._connection.close()


@pytest.fixture
def bus(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    daemon = subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert daemon.stdout is not None
    address = daemon.stdout.readline().decode().strip()
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", address)
    yield address
    daemon.terminate()
    daemon.wait(10)
    daemon.stdout.close()


def test_one_notification_in_plain_words_and_a_click_comes_back(bus: str, qtbot: QtBot) -> None:
    from console.ui.notifications.freedesktop import Freedesktop

    server = Server(bus)
    desktop = Freedesktop()
    clicked: list[str] = []
    desktop.clicked.connect(clicked.append)
    desktop.begin()
    try:
        title, text = "N1 is down.", "Munich: 40 VMs. <a href='http://evil'>here</a> & more"
        desktop.show(title, text, "Munich|alarm|x", is_critical=True)
        qtbot.waitUntil(lambda: len(server.sent) == 1)
        name, _replaces, _icon, summary, body, acts, hints, wait_ms = server.sent[0]
        assert (name, summary) == ("Trusted launch console", "N1 is down.")
        assert body == "Munich: 40 VMs. &lt;a href='http://evil'&gt;here&lt;/a&gt; &amp; more"
        assert acts == ["default", "Open"]
        assert hints["urgency"] == ("y", 2)
        assert wait_ms == 0
        desktop.show("Restart: Failed", "", "Munich|operation|1", is_critical=False)
        qtbot.waitUntil(lambda: len(server.sent) == 2)
        server.click(2)
        qtbot.waitUntil(lambda: clicked == ["Munich|operation|1"])
        server.click(77)  # another program's
        server.click(1)
        qtbot.waitUntil(lambda: clicked == ["Munich|operation|1", "Munich|alarm|x"])
    finally:
        desktop.close()
        server.close(bus)


def test_a_desktop_without_the_service_is_told_in_words(
    bus: str, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    from console.ui.notifications.freedesktop import Freedesktop

    desktop = Freedesktop()
    with qtbot.waitSignal(desktop.told) as told:
        desktop.begin()
    assert told.args is not None
    assert "See the window instead" in told.args[0]
    desktop.show("N1 is down.", "", "", is_critical=True)  # goes nowhere, and breaks nothing
    desktop.close()


def test_no_bus_at_all_is_told_in_words(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    from console.ui.notifications.freedesktop import Freedesktop

    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
    desktop = Freedesktop()
    with qtbot.waitSignal(desktop.told) as told:
        desktop.begin()
    assert told.args is not None
    assert "no session bus" in told.args[0]
    desktop.close()
