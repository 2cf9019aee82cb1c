"""Several connections in one window over a state folder; each worker is a recorder."""

from pathlib import Path
from typing import Any

from PySide6.QtTest import QTest

from console import settings as settings_file
from console.model.connection import ClusterEndpoint, ConnectionKind, ConnectionProfile
from console.settings import Settings
from console.ui.bridge import chores
from console.ui.main_window import MainWindow
from console.ui.session import Session
from console.ui.shell.connection_strip import ConnectionStrip
from console.ui.shell.open_connections import OpenConnections
from console.ui.shell.page import Page
from console.ui.shell.shell_window import ShellWindow
from console.ui.store import Store
from tests.ui.conftest import RecordingBridge, settle


def at_nodes(name: str, host: str, user: str = "") -> ConnectionProfile:
    return ConnectionProfile(
        name.lower(), name, ConnectionKind.AZURE_LOCAL,
        cluster=ClusterEndpoint({"N1": f"{host}-1.contoso.com", "N2": f"{host}-2.contoso.com"},
                                username=user),
    )  # fmt: skip


MUNICH, OSLO = at_nodes("Munich", "mu"), at_nodes("Oslo", "os")


class Worker(RecordingBridge):
    """In place of a page's bridge: no process, and no keyring holds anything."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[tuple[ConnectionProfile, Path, dict[str, str]]] = []
        self.attention: list[bool] = []
        self.is_closed = False

    def open(
        self, profile: ConnectionProfile, folder: Path, secrets: dict[str, str], _actor: str
    ) -> None:
        self.opened.append((profile, folder, secrets))

    def ask_chore(self, question: chores.Ask, on_answer: Any) -> None:
        if isinstance(question, chores.ReadKeyring):
            on_answer(chores.KeyringTold(question.token, "memory", False, "Not kept."))

    def give_up_chore(self, token: str) -> None:
        return

    @staticmethod
    def stored(_folder: Path, _connection_id: str) -> object:
        return None

    @staticmethod
    def stored_fleet(_folder: Path, _connection_id: str) -> None:
        return None

    def set_attention(self, is_visible: bool) -> None:
        self.attention.append(is_visible)

    def close(self) -> None:
        self.is_closed = True


class Home:
    """A state folder, and windows on it that come and go."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = Settings()
        self.opened: OpenConnections | None = None

    def compose(self) -> tuple[MainWindow, Session]:
        store, worker = Store(), Worker()
        window = MainWindow(store, worker, self.settings, self.folder)  # type: ignore[arg-type]
        store.setParent(window)
        worker.setParent(window)
        return window, Session(store, worker, window, self.settings, self.folder)  # type: ignore[arg-type]

    def start(self, profile: str = "") -> OpenConnections:
        self.settings = settings_file.load(self.folder)[0]
        window, session = self.compose()
        shell = ShellWindow(self.settings, window)
        self.opened = opened = OpenConnections(
            shell, self.settings, self.folder, self.folder, self.compose, _no_lab
        )
        opened.adopt(window, session)
        shell.show()
        shell.activateWindow()
        QTest.qWaitForWindowActive(shell)
        opened.begin(profile, "")
        settle()
        return opened

    def end(self) -> None:
        if self.opened is not None:
            self.opened._is_sure = True
            self.opened.shell.close()
            self.opened.end()
            self.opened.shell.deleteLater()
            self.opened = None
            settle()


def _no_lab(*_what: object) -> Any:
    raise AssertionError("no lab is started here")


def strip_of(opened: OpenConnections) -> ConnectionStrip:
    strip = opened.shell.strip
    assert strip is not None
    opened.shell._tell()
    return strip


def worker_of(page: Page) -> Worker:
    assert isinstance(page.bridge, Worker)
    return page.bridge
