"""One run of the console: opens the connection, shows what was stored, ends in good order."""

import functools
import getpass
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from PySide6.QtCore import QObject, QTimer, Signal

from console import homes
from console import settings as settings_file
from console.model.connection import ConnectionKind, ConnectionProfile
from console.model.freshness import Fault, FaultCode
from console.model.snapshot import ClusterSnapshot
from console.settings import Settings
from console.ui.away_watch import AwayWatch
from console.ui.bridge import Bridge
from console.ui.file_thread import file_thread
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


def _nothing_is_under_way(_folder: Path, _connection_id: str) -> bool:
    return False


class Session(QObject):
    """Glue of a run. The lab's callbacks come from its own thread and cross by queued signals.

    Signals: ``site_wanted(profile, secrets, arm_id, name)``: a cluster of the open fleet is to be
    opened; ``reach_wanted(arm_id)``: a person wants to tell how one is reached; ``opened()`` when
    the worker was given the connection; ``left()`` after ``leave``, when worker and lab are gone.
    """

    site_wanted = Signal(object, object, str, str)
    reach_wanted = Signal(str)
    opened = Signal()
    left = Signal()
    _lab_ready = Signal(object, object)
    _lab_gone = Signal(str)

    def __init__(
        self,
        store: Store,
        bridge: Bridge,
        window: MainWindow,
        settings: Settings,
        folder: Path,
        has_unfinished: homes.HasUnfinished = _nothing_is_under_way,
    ) -> None:
        super().__init__(window)
        self._store, self._bridge, self._window = store, bridge, window
        self._settings, self._folder = settings, folder
        self.store, self.bridge, self.settings, self.window = store, bridge, settings, window
        self._lab: Child | None = None
        self._lab_is_gone = False
        self._start: Callable[[], None] | None = None  # as it was opened, for a reconnection
        self._has_unfinished = has_unfinished
        # Where its journal is; the first connection's is the state folder itself.
        self.home = folder
        self._shown = ""
        self.is_open = False
        self._has_left = False  # what was on its way then must not start anything any more
        self.profile: ConnectionProfile | None = None
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
        if connection_id == self._shown:
            return
        self._shown = connection_id
        home = homes.known(self._folder, connection_id) or self._folder
        fleet = self._bridge.stored_fleet(home, connection_id)
        if fleet is not None:
            self._fleet_tab().load_stored(fleet)
        snapshot = self._bridge.stored(home, connection_id)
        if isinstance(snapshot, ClusterSnapshot):
            self._store.load_stored(snapshot)

    def start_lab(self, start: Callable[[OnReady, OnGone], Child]) -> None:
        """Start the lab; the connection opens when it has told its endpoints."""
        if self._has_left:
            return
        self._lab_is_gone = False
        self._lab = start(self._lab_ready.emit, self._lab_gone.emit)

    def open(self, profile: ConnectionProfile, secrets: dict[str, str]) -> None:
        """Start the worker on a connection."""
        if self._has_left:
            return
        self._away.begin(profile.id)
        self._window.health.begin(profile.id)
        self.profile, self._secrets = profile, secrets
        if profile.fleet is not None:
            self.tell_sites(profile)
        self.is_open = True
        self._bridge.open(profile, self.home, secrets, getpass.getuser())
        self.opened.emit()

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
        # Known before the lab told its addresses: what is open is not opened twice.
        self.profile = profile
        if is_lab:
            start = functools.partial(start_lab, scenario)
            self._start = functools.partial(self.start_lab, start)
        else:
            self._start = functools.partial(self.open, profile, secrets)
        self._at_home(profile.id, self._start)

    def _at_home(self, connection_id: str, then: Callable[[], None]) -> None:
        """Go on once it is settled where the connection's journal is."""

        def settled(found: object) -> None:
            if isinstance(found, Path):
                self.home = self._window.wizards.folder = found
            else:
                self._store.notice(_no_home(found))
            then()

        known = homes.known(self._folder, connection_id)
        if known is not None:
            settled(known)
            return

        work = functools.partial(homes.settle, self._folder, connection_id, self._has_unfinished)
        file_thread().run(work, settled, self)

    def use(self, profile: ConnectionProfile, secrets: Mapping[str, str]) -> None:
        """What was changed in the open connection's profile; used from the next connecting on."""
        self.profile, self._secrets = profile, self._secrets | dict(secrets)
        self._start = functools.partial(self.open, profile, self._secrets)

    def reconnect(self) -> None:
        """Leave the worker for a new one; a lab that ended is started again."""
        if self.profile is None:
            return
        if self._lab_is_gone and self._start is not None:
            self._start()
        elif self.is_open:
            self.open(self.profile, self._secrets)

    def tell_sites(self, profile: ConnectionProfile) -> None:
        """These of the fleet's clusters can be opened now."""
        assert profile.fleet is not None
        self.profile, tab = profile, self._fleet_tab()
        tab.page.begin(profile.fleet.id)
        tab.sites = frozenset(profile.fleet.sites)
        tab.can_be_told = profile.kind is not ConnectionKind.LAB

    def _open_site(self, arm_id: str) -> None:
        if self.profile is not None and self._fleet is not None:
            name = self._fleet.store.name_of_cluster(arm_id)
            self.site_wanted.emit(self.profile, self._secrets, arm_id, name)

    def _fleet_tab(self) -> "FleetTab":
        """Made when the first profile covers a fleet; most never do."""
        if self._fleet is None:
            from console.ui.fleet_tab import FleetTab

            self._fleet = FleetTab(self._window, self._bridge, self._folder)
            self._fleet.site_wanted.connect(self._open_site)
            self._fleet.reach_wanted.connect(self.reach_wanted)
        return self._fleet

    @property
    def fleet(self) -> "FleetTab | None":
        """The fleet's page where the connection covers one."""
        return self._fleet

    def leave(self) -> threading.Thread:
        """End the worker, then the lab, beside the GUI thread; ``left()`` tells when they are."""
        self._has_left = True
        self._ageing.stop()

        def work() -> None:
            self._bridge.close()
            if self._lab is not None:
                self._lab.stop()
            self.left.emit()

        leaving = threading.Thread(target=work, name="session-leaves", daemon=True)
        leaving.start()
        return leaving

    def end(self) -> None:
        """Save the settings, end the worker, then the lab."""
        self.leave().join()
        try:
            settings_file.save(self._folder, self._settings)
        except OSError:
            # The window is gone: there is nobody left to tell, and nothing else was lost.
            return

    def _on_lab_gone(self, text: str) -> None:
        self._lab_is_gone = True
        self._store.notice(
            Fault(
                FaultCode.UNREACHABLE,
                text,
                remedy="Reconnect (in the menu File) starts it again.",
                kept="What was read last stays on the screen, dated.",
                at=time.time(),
            )
        )


def _no_home(found: object) -> Fault:
    return Fault(
        FaultCode.REJECTED,
        "No folder could be made for this connection's journal.",
        remedy="Make room on the disk and give this user the right to write to the state folder.",
        kept="It is opened with the journal of another connection, unless that one is open too.",
        detail=str(found),
        at=time.time(),
    )
