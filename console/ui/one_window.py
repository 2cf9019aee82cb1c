"""A second start on the same state folder brings the running window to the front instead.

The running window listens on a local socket of this user; nothing listens on a network.
"""

import hashlib
import json
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

_MOST_BYTES = 4096
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,47}(?!\n)\Z")
_ANSWER_WITHIN_MS = 1000
_TRY_EVERY_S = 0.1


def server_name(folder: Path) -> str:
    """The socket's name: the same for every spelling of the folder, and no longer than allowed."""
    real = os.path.realpath(folder)
    digest = hashlib.sha256(real.encode(errors="surrogateescape")).hexdigest()[:24]
    return f"trusted-launch-console-{digest}"


def ask_to_raise(
    folder: Path, profile: str, scenario: str = "", patience_s: float = 4.0
) -> str | None:
    """Have the running window come to the front; what it shows, or None if it does not answer.

    It opens a tab with the profile (its id) or the lab's scenario that this start was asked for.
    The first window may itself be starting, so it is asked again until ``patience_s`` is over.
    Blocks: for a process that has no window yet.
    """
    deadline = time.monotonic() + patience_s
    while True:
        answer = _asked_once(server_name(folder), profile, scenario)
        if answer is not None or time.monotonic() > deadline:
            return answer
        time.sleep(_TRY_EVERY_S)


def _asked_once(name: str, profile: str, scenario: str) -> str | None:
    socket = QLocalSocket()
    socket.connectToServer(name)
    if not socket.waitForConnected(_ANSWER_WITHIN_MS):
        return None
    # The desktop's permission to come to the front was given to this start: it is passed on.
    token = os.environ.get("XDG_ACTIVATION_TOKEN", "") or os.environ.get("DESKTOP_STARTUP_ID", "")
    asked = {"profile": profile[:200], "scenario": scenario[:200], "token": token[:200]}
    socket.write(json.dumps(asked).encode() + b"\n")
    socket.flush()
    deadline = time.monotonic() + _ANSWER_WITHIN_MS / 1000
    while not socket.canReadLine():
        left = int((deadline - time.monotonic()) * 1000)
        if left <= 0 or not socket.waitForReadyRead(left):
            return None
    line = bytes(socket.readLine(_MOST_BYTES).data())
    try:
        return str(json.loads(line)["shows"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


class RaiseServer(QObject):
    """Signal ``wanted(profile_id, scenario)``: another start asked for the window, having been
    asked to open this; both are empty where it was asked for nothing. They are names, no more.

    ``shows()`` tells what the window shows, for the person who reads the second start's output.
    """

    wanted = Signal(str, str)

    def __init__(
        self, folder: Path, shows: Callable[[], str], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._shows = shows
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._on_connection)
        name = server_name(folder)
        # Whoever holds the window's lock is alone: a socket that is there was left by a killed one.
        QLocalServer.removeServer(name)
        self.is_listening = self._server.listen(name)

    def _on_connection(self) -> None:
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.setParent(self)
            socket.readyRead.connect(lambda socket=socket: self._on_bytes(socket))
            socket.disconnected.connect(socket.deleteLater)
            self._on_bytes(socket)

    def _on_bytes(self, socket: QLocalSocket) -> None:
        if not socket.canReadLine():
            if socket.bytesAvailable() >= _MOST_BYTES:
                socket.abort()
            return
        message = _message(bytes(socket.readLine(_MOST_BYTES).data()))
        if message is None:
            socket.abort()
            return
        profile, scenario, token = message
        if token:
            os.environ["XDG_ACTIVATION_TOKEN"] = token
        socket.write(json.dumps({"shows": self._shows()}).encode() + b"\n")
        socket.flush()
        socket.disconnectFromServer()
        self.wanted.emit(profile, scenario)


def _message(line: bytes) -> tuple[str, str, str] | None:
    """The profile and the scenario wanted and the activation token; None for what is not ours."""
    try:
        read = json.loads(line)
        words = [read[name] for name in ("profile", "scenario", "token")]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if not all(isinstance(word, str) for word in words):
        return None
    # Ids are small letters, digits and hyphens; anything else names nothing.
    profile, scenario = (word if _NAME.match(word) else "" for word in words[:2])
    token = words[2]
    is_plain = token.isascii() and token.isprintable()
    return profile, scenario, token[:200] if is_plain else ""
