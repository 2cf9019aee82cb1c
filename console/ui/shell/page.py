"""One tab: a main window with its own store, bridge and worker, and the ways into a connection."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from console.model.connection import ConnectionKind, site_id
from console.settings import OpenTab
from console.ui.plain_text import one_line

if TYPE_CHECKING:
    from console.model.operation import OperationRecord
    from console.ui.bridge import Bridge
    from console.ui.connections.connector import Connector
    from console.ui.main_window import MainWindow
    from console.ui.session import Session
    from console.ui.store import Store


class Page(QObject):
    """Signals: ``changed()`` when what its tab tells may be something else; ``renamed()``.

    ``site`` is set where its connection is one cluster of a fleet.
    """

    changed = Signal()
    renamed = Signal()

    def __init__(self, window: "MainWindow", session: "Session", connector: "Connector") -> None:
        super().__init__(window)
        self.window, self.session, self.connector = window, session, connector
        self.store: Store = session.store
        self.bridge: Bridge = session.bridge
        self.site: OpenTab | None = None
        store = self.store
        for signal in (
            window.health.watch.changed,
            store.readings_changed,
            store.snapshot_replaced,
            store.operations_changed,
            self.bridge.worker_changed,
            connector.changed,
            session.opened,
        ):
            signal.connect(lambda *_: self.changed.emit())
        window.windowTitleChanged.connect(lambda _: self.renamed.emit())

    @property
    def has_connection(self) -> bool:
        return bool(self.connector.open_id)

    @property
    def tab(self) -> OpenTab | None:
        """What is remembered of it; None while it shows the doors."""
        profile, site = self.connector.profile, self.site
        if profile is None:
            return None
        if site is not None and site_id(site.profile, site.site) == profile.id:
            return site
        scenario = profile.scenario if profile.kind is ConnectionKind.LAB else ""
        return OpenTab(profile.id, scenario, name=profile.name)

    @property
    def name(self) -> str:
        """For a tab: the connection's, else what the tab is for."""
        tab = self.tab
        return one_line(tab.name or tab.profile) if tab is not None else "New connection"

    @property
    def is_lab(self) -> bool:
        """What it shows is simulated."""
        tab = self.tab
        return tab is not None and bool(tab.scenario)

    @property
    def under_way(self) -> "list[OperationRecord]":
        """Its operations that are not over."""
        return list(self.store.running())

    def reconnect(self) -> None:
        self.session.reconnect()
