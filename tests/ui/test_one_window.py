"""The running window answers a second start, and nothing else that comes to its socket."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtNetwork import QLocalSocket
from pytestqt.qtbot import QtBot

from console.ui.one_window import RaiseServer, server_name


@pytest.fixture
def server(qtbot: QtBot, tmp_path: Path) -> RaiseServer:
    made = RaiseServer(tmp_path, lambda: "Trusted launch console (lab)")
    assert made.is_listening
    return made


def asked(folder: Path, profile: str, qtbot: QtBot, scenario: str = "") -> str | None:
    """Ask from another process, as a second start does, while this one's events go on."""
    code = "import sys; from console.ui.one_window import *; from pathlib import Path; "
    code += "print(ask_to_raise(Path(sys.argv[1]), *sys.argv[2:], 0.5) or '')"
    command = [sys.executable, "-c", code, str(folder), profile, scenario]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    qtbot.waitUntil(lambda: process.poll() is not None, timeout=20_000)
    assert process.returncode == 0
    return process.communicate()[0].strip() or None


def test_a_second_start_is_told_what_is_shown_and_the_window_is_wanted(
    server: RaiseServer, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_ACTIVATION_TOKEN", "token-1")
    with qtbot.waitSignal(server.wanted) as heard:
        assert asked(tmp_path, "munich-1", qtbot) == "Trusted launch console (lab)"
    assert heard.args == ["munich-1", ""]
    with qtbot.waitSignal(server.wanted) as heard:
        assert asked(tmp_path, "", qtbot, "degraded") is not None
    assert heard.args == ["", "degraded"]
    assert os.environ["XDG_ACTIVATION_TOKEN"] == "token-1"


def test_nobody_answers_where_nobody_listens(tmp_path: Path, qtbot: QtBot) -> None:
    assert asked(tmp_path / "elsewhere", "", qtbot) is None


def test_the_folder_s_spelling_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    names = {server_name(tmp_path / path) for path in ("real", "link", "real/../real")}
    assert len(names) == 1
    assert len(names.pop()) < 60


@pytest.mark.parametrize(
    "bytes_sent",
    [
        b"\n",
        b"{}\n",
        b"[1]\n",
        b"\xff\xfe\n",
        b'{"profile": 1, "scenario": "", "token": ""}\n',
        b'{"profile": "", "scenario": "", "token": null}\n',
        b'{"profile": "a", "token": ""}\n',
        b"[" * 4000 + b"\n",
        b"x" * 10_000,
        json.dumps({"profile": "x" * 9000, "scenario": "", "token": ""}).encode() + b"\n",
    ],
)
def test_what_is_not_ours_is_dropped_and_the_next_is_served(
    server: RaiseServer, tmp_path: Path, qtbot: QtBot, bytes_sent: bytes
) -> None:
    heard: list[tuple[str, str]] = []
    server.wanted.connect(lambda *names: heard.append(names))
    socket = QLocalSocket()
    socket.connectToServer(server_name(tmp_path))
    assert socket.waitForConnected(1000)
    socket.write(bytes_sent)
    socket.flush()
    qtbot.waitUntil(
        lambda: socket.state() is QLocalSocket.LocalSocketState.UnconnectedState, timeout=5_000
    )
    assert heard == []
    assert asked(tmp_path, "", qtbot) is not None


def test_a_token_with_hidden_signs_is_not_passed_on(
    server: RaiseServer, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_ACTIVATION_TOKEN", "before")
    socket = QLocalSocket()
    socket.connectToServer(server_name(tmp_path))
    assert socket.waitForConnected(1000)
    with qtbot.waitSignal(server.wanted):
        asked_for = {"profile": "", "scenario": "", "token": "a\nb"}
        socket.write(json.dumps(asked_for).encode() + b"\n")
        socket.flush()
    assert os.environ["XDG_ACTIVATION_TOKEN"] == "before"


@pytest.mark.parametrize("name", ["../secrets", "Munich", "a b", "a\n", "--lab", "x" * 100])
def test_what_is_no_id_names_nothing(
    server: RaiseServer, tmp_path: Path, qtbot: QtBot, name: str
) -> None:
    with qtbot.waitSignal(server.wanted) as heard:
        assert asked(tmp_path, name, qtbot, name) is not None
    assert heard.args == ["", ""]
