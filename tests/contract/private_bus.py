"""A session bus and a real gnome-keyring of one test, with a folder of its own."""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

NEEDED = ("dbus-daemon", "gnome-keyring-daemon")
MISSING = [name for name in NEEDED if shutil.which(name) is None]


@dataclass
class PrivateBus:
    """``environment`` for the processes that shall find this keyring and nothing of this user."""

    environment: Mapping[str, str]
    keyring: subprocess.Popen[bytes] | None

    def kill_keyring(self) -> None:
        assert self.keyring is not None
        self.keyring.kill()
        self.keyring.wait()


@contextlib.contextmanager
def private_bus(folder: Path, *, is_unlocked: bool = True) -> Iterator[PrivateBus]:
    """Locked means: a keyring that exists, whose password nobody can be asked for here."""
    home = folder / "home"
    home.mkdir()
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DISPLAY", "WAYLAND_DISPLAY", "PYTHON_KEYRING_BACKEND")
    } | {
        "HOME": str(home),
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_RUNTIME_DIR": str(home),
    }
    bus = subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1"],
        env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    keyring = None
    try:
        assert bus.stdout is not None
        environment["DBUS_SESSION_BUS_ADDRESS"] = bus.stdout.readline().decode().strip()
        keyring = _start(environment, b"word of the login", is_unlocked=is_unlocked)
        yield PrivateBus(environment, keyring)
    finally:
        for process in (keyring, bus):
            if process is not None and process.poll() is None:
                process.terminate()
                process.wait(10)
            for stream in (process.stdout, process.stdin) if process is not None else ():
                if stream is not None:
                    stream.close()


def _start(
    environment: Mapping[str, str], word: bytes, *, is_unlocked: bool
) -> subprocess.Popen[bytes]:
    command = ["gnome-keyring-daemon", "--foreground", "--components=secrets"]
    keyring = subprocess.Popen(
        [*command, "--unlock"] if is_unlocked else command,
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    assert keyring.stdin is not None
    keyring.stdin.write(word)
    keyring.stdin.close()
    _await_name(environment)
    return keyring


def _await_name(environment: Mapping[str, str]) -> None:
    """Until the service has its name on the bus, without starting another."""
    ask = [
        "dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.DBus",
        "/org/freedesktop/DBus", "org.freedesktop.DBus.NameHasOwner",
        "string:org.freedesktop.secrets",
    ]  # fmt: skip
    for _ in range(100):
        told = subprocess.run(
            ask, env=dict(environment), capture_output=True, check=False, timeout=10
        )
        if b"true" in told.stdout:
            return
        time.sleep(0.05)
    raise AssertionError("gnome-keyring did not come up")
