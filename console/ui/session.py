"""One run of the console: opens the connection, shows what was stored, ends in good order."""

import getpass
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, QTimer, Signal

from console import settings as settings_file
from console.model.connection import ConnectionKind, ConnectionProfile, site_profile
from console.model.freshness import Fault, FaultCode
from console.model.snapshot import ClusterSnapshot
from console.settings import Settings
from console.ui.away_watch import AwayWatch
from console.ui.bridge import Bridge
from console.ui.main_window import MainWindow
from console.ui.plain_text import one_line
from console.ui.store import Store

if TYPE_CHECKING:
    from console.ui.fleet_tab import FleetTab

OnReady = Callable[[ConnectionProfile, dict[str, str]], None]
OnGone = Callable[[str], None]


class Child(Protocol):
    """The lab's process, as far as a session needs it."""

    def stop(self) -> None: ...


class Session(QObject):
    """Glue of a run. The lab's callbacks come from its own thread and cross by queued signals."""

    _lab_ready = Signal(object, object)
    _lab_gone = Signal(str)

    def __init__(
        self,
        store: Store,
        bridge: Bridge,
        window: MainWindow,
        settings: Settings,
        folder: Path,
    ) -> None:
        super().__init__(window)
        self._store, self._bridge, self._window = store, bridge, window
        self._settings, self._folder = settings, folder
        self.store, self.bridge, self.settings = store, bridge, settings
        self._lab: Child | None = None
        self._profile: ConnectionProfile | None = None
        self._secrets: dict[str, str] = {}
        self._fleet: FleetTab | None = None
        self._lab_ready.connect(self.open)
        self._lab_gone.connect(self._on_lab_gone)
        # Ages grow by themselves: what was fresh becomes stale without any message.
        self._ageing = QTimer(self, interval=10_000)
        self._ageing.timeout.connect(store.forget_health)
        self._ageing.start()
        self._away = AwayWatch(store, bridge, folder, self)
        self._away.told.connect(window.show_digest)
        window.closing.connect(window.health.end)
        window.in_sight.connect(self._away.set_visible)
        window.digest_dismissed.connect(self._away.dismiss)
        # Not at the very end: by then the file thread was waited for.
        window.closing.connect(self._away.end)

    def show_stored(self, connection_id: str) -> None:
        """Paint what was known last time, before anything is asked."""
        fleet = self._bridge.stored_fleet(self._folder, connection_id)
        if fleet is not None:
            self._fleet_tab().load_stored(fleet)
        snapshot = self._bridge.stored(self._folder, connection_id)
        if isinstance(snapshot, ClusterSnapshot):
            self._store.load_stored(snapshot)

    def start_lab(self, start: Callable[[OnReady, OnGone], Child]) -> None:
        """Start the lab; the connection opens when it has told its endpoints."""
        self._lab = start(self._lab_ready.emit, self._lab_gone.emit)

    def open(self, profile: ConnectionProfile, secrets: dict[str, str]) -> None:
        """Start the worker on a connection."""
        self._away.begin(profile.id)
        self._window.health.begin(profile.id)
        self._profile, self._secrets = profile, secrets
        if profile.fleet is not None:
            self._fleet_tab().sites = frozenset(profile.fleet.sites)
        self._bridge.open(profile, self._folder, secrets, getpass.getuser())

    def connect_to(
        self,
        profile: ConnectionProfile,
        secrets: dict[str, str],
        start_lab: Callable[[str, OnReady, OnGone], Child],
    ) -> None:
        """Open what was chosen; a lab is started first, and hands over its own addresses."""
        is_lab = profile.kind is ConnectionKind.LAB
        scenario = profile.scenario if is_lab else ""
        self._window.start.end(one_line(profile.name), scenario)
        self.show_stored(profile.id)
        if is_lab:
            self.start_lab(lambda ready, gone: start_lab(scenario, ready, gone))
        else:
            self.open(profile, secrets)

    def open_site(self, arm_id: str) -> None:
        """Open one cluster of the fleet: another worker, which reads the fleet on beside it."""
        assert self._profile is not None
        assert self._fleet is not None
        name = self._fleet.store.name_of_cluster(arm_id)
        profile = self._profile = site_profile(self._profile, arm_id, name)
        stored = self._bridge.stored(self._folder, profile.id)
        if isinstance(stored, ClusterSnapshot):
            self._store.load_stored(stored)
        self._bridge.reopen(profile, self._folder, self._secrets, getpass.getuser())

    def _fleet_tab(self) -> "FleetTab":
        """Made when the first profile covers a fleet; most never do."""
        if self._fleet is None:
            from console.ui.fleet_tab import FleetTab

            self._fleet = FleetTab(self._window, self._bridge, self._folder)
            self._fleet.site_wanted.connect(self.open_site)
        return self._fleet

    def end(self) -> None:
        """Save the settings, end the worker, then the lab."""
        self._ageing.stop()
        self._bridge.close()
        if self._lab is not None:
            self._lab.stop()
        try:
            settings_file.save(self._folder, self._settings)
        except OSError:
            # The window is gone: there is nobody left to tell, and nothing else was lost.
            return

    def _on_lab_gone(self, text: str) -> None:
        self._store.notice(
            Fault(
                FaultCode.UNREACHABLE,
                text,
                remedy="Close the console and open it again.",
                kept="What was read last stays on the screen, dated.",
                at=time.time(),
            )
        )
