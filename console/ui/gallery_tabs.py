"""Several open connections for the gallery: a lab, one in trouble, one that stopped, doors."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QWidget

from console.model.connection import ConnectionKind, ConnectionProfile
from console.model.freshness import Fault, FaultCode
from console.model.snapshot import ClusterSnapshot
from console.settings import Settings
from console.ui import gallery_connections
from console.ui.main_window import MainWindow
from console.ui.session import Session
from console.ui.store import Store

MakeBridge = Callable[[], object]


def view(make_bridge: MakeBridge) -> Callable[[ClusterSnapshot, Path, str], QWidget]:
    """``make_bridge`` makes a bridge to nowhere."""

    def build(snapshot: ClusterSnapshot, folder: Path, scenario: str) -> QWidget:
        from console.ui.connections.connector import Connector
        from console.ui.shell.page import Page
        from console.ui.shell.shell_window import ShellWindow

        settings = Settings()

        def page(profile: ConnectionProfile | None, shown: ClusterSnapshot | None) -> Page:
            store, bridge = Store(), make_bridge()
            if shown is not None:
                store.replace(shown)
            lab = scenario if profile and profile.kind is ConnectionKind.LAB else ""
            window = MainWindow(store, bridge, settings, folder, lab)  # type: ignore[arg-type]
            store.setParent(window)
            session = Session(store, bridge, window, settings, folder)  # type: ignore[arg-type]
            connector = Connector(window, bridge, settings, folder)  # type: ignore[arg-type]
            if profile is not None:
                connector.open_id, connector._open = profile.id, profile
                session.profile = profile
            return Page(window, session, connector)

        munich, edge, _ = gallery_connections.PROFILES
        lab = ConnectionProfile("lab", f"Lab ({scenario})", ConnectionKind.LAB, scenario=scenario)
        pages = [
            page(lab, snapshot),
            page(munich, snapshot),
            page(edge, snapshot),
            page(None, None),
        ]
        _ = pages[0].window.inspector, pages[0].window.drawer, pages[0].window.table
        for made in pages:
            made.window.health.watch.finish_look()
        stopped = Fault(FaultCode.UNREACHABLE, "The background process stopped.")
        pages[2].bridge.worker_fault = stopped
        shell = ShellWindow(settings, pages[0].window)
        for one in pages:
            shell.add(one)
        shell._tell()
        return shell

    return build
