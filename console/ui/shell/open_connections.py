"""Which connections are open: opened, closed, remembered, and opened again at the next start."""

import functools
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from console import profiles
from console import settings as settings_file
from console.model.connection import ConnectionKind, ConnectionProfile, site_id, site_profile
from console.settings import OpenTab, Settings
from console.ui.ask import Ask
from console.ui.connections.connector import Connector
from console.ui.file_thread import file_thread
from console.ui.main_window import MainWindow
from console.ui.session import Child, OnGone, OnReady, Session
from console.ui.shell import elsewhere, leaving, tab_entries
from console.ui.shell.page import Page
from console.ui.shell.remembered import first_of, lab_profile
from console.ui.shell.shared_labs import SharedLabs, Start
from console.ui.shell.shell_window import ShellWindow

Compose = Callable[[], tuple[MainWindow, Session]]
# The next remembered connection waits for the one before, but not for one that never answers.
_NEXT_AT_MOST_MS = 3_000
_AFTER_MS = 200


class OpenConnections(QObject):
    """Of one window. ``compose`` makes an empty page; ``state`` and ``config`` are the folders of
    settings and of profiles. Signals: ``page_made(Page)``;
    ``ending()`` before workers and labs end.
    """

    page_made = Signal(object)
    ending = Signal()

    def __init__(
        self,
        shell: ShellWindow,
        settings: Settings,
        state: Path,
        config: Path,
        compose: Compose,
        start_lab: Start,
    ) -> None:
        super().__init__(shell)
        self.shell, self._settings = shell, settings
        self._state, self._config = state, config
        self._compose = compose
        self.labs = SharedLabs(start_lab)
        self.check_computer: Callable[[], object] = bool
        self.choose_notifications: Callable[[], object] = self._not_yet
        self._ask = Ask(shell)
        self._is_sure = False
        self._leaving: set[threading.Thread] = set()
        self._to_come: list[OpenTab] = []  # remembered, and not open yet
        self._order: list[OpenTab] = []
        self._next = QTimer(self, singleShot=True, interval=_NEXT_AT_MOST_MS)
        self._next.timeout.connect(self._open_next)
        shell.wanted.connect(self.do)
        shell.moved.connect(self._remember)
        shell.current_changed.connect(self._on_current)
        shell.may_close = self._may_close

    def _not_yet(self) -> None:
        """The window is shown before what can wait is there."""
        text = "Notifications are still being made ready: open them again in a moment."
        self.shell.current.window.notice.say("notifications", text)

    # -- pages ---------------------------------------------------------------------------------
    def adopt(self, window: MainWindow, session: Session, at: int | None = None) -> Page:
        """Make a page of an empty window."""
        connector = Connector(window, session.bridge, self._settings, self._config)
        page = Page(window, session, connector)
        connector.noticed.connect(session.store.notice)
        connector.is_elsewhere = functools.partial(self._is_elsewhere, page)
        connector.opened.connect(functools.partial(self._connect, page))
        connector.another_wanted.connect(self.open_profile)
        window.connections_wanted.connect(connector.manage)
        window.check_wanted.connect(lambda: self.check_computer())
        window.tab_wanted.connect(lambda act: self.do(act, page))
        window.elsewhere = lambda: elsewhere.vms_of(self._others(page), self.shell.show_page)
        session.site_wanted.connect(self._open_site)
        session.reach_wanted.connect(functools.partial(self._tell_site, page))
        session.opened.connect(functools.partial(self._on_opened, page))
        self.shell.add(page, at)
        self.page_made.emit(page)
        return page

    def _others(self, page: Page) -> list[Page]:
        return [other for other in self.shell.pages if other is not page]

    def new_page(self, at: int | None = None) -> Page:
        """An empty page, behind the one in sight."""
        return self.adopt(*self._compose(), at)

    def open_new(self) -> Page:
        """A tab with the doors."""
        page = self.new_page()
        self.shell.show_page(page)
        page.connector.begin_with_doors()
        return page

    def open_profile(
        self, profile: ConnectionProfile, secrets: Mapping[str, str] | None = None
    ) -> None:
        """Open it in a tab of its own, or go to the one that has it."""
        if not self._is_elsewhere(None, profile, secrets or {}):
            page = self._page_for_another()
            self.shell.show_page(page)
            page.connector.open(profile, dict(secrets or {}))

    def _page_for_another(self) -> Page:
        """One that shows only the doors is as good as a new one."""
        current = self.shell.current
        return self.new_page() if current.has_connection else current

    def open_named(self, profile_id: str, scenario: str) -> None:
        """What another start was asked for: a profile by its id, or a lab."""
        if scenario:
            self.open_profile(lab_profile(scenario))
        elif profile_id:
            text = f"Another start asked for the connection {profile_id}, which is not known here."
            say = functools.partial(self.shell.current.window.notice.say, "asked", text)
            self._with_profile(profile_id, self.open_profile, say)

    def do(self, act: str, page: Page) -> None:
        """An act of ``tab_entries`` on this page."""
        acts: dict[str, Callable[[], Any]] = {
            tab_entries.ANOTHER: self.open_new,
            tab_entries.RECONNECT: page.reconnect,
            tab_entries.CLOSE: lambda: self.close([page]),
            tab_entries.CLOSE_OTHERS: lambda: self.close(self._others(page)),
            tab_entries.NOTIFICATIONS: lambda: self.choose_notifications(),
            tab_entries.NEXT: lambda: self.shell.step(1),
            tab_entries.PREVIOUS: lambda: self.shell.step(-1),
        }
        acts[act]()

    # -- opening -------------------------------------------------------------------------------
    def _connect(self, page: Page, profile: ConnectionProfile, secrets: dict[str, str]) -> None:
        """A connector has all that its connection needs."""
        page.session.connect_to(profile, secrets, functools.partial(self._lease, page.tab))

    def _on_opened(self, page: Page) -> None:
        self._remember()
        self._tell_shared_home(page)

    def _lease(
        self, tab: OpenTab | None, scenario: str, on_ready: OnReady, on_gone: OnGone
    ) -> Child:
        """A share of the lab; a cluster of the lab's fleet is narrowed to from what it tells."""

        def ready(profile: ConnectionProfile, secrets: dict[str, str]) -> None:
            if tab is not None and tab.site:
                profile = site_profile(profile, tab.site, tab.name)
            on_ready(profile, secrets)

        return self.labs.lease(scenario, ready, on_gone)

    def _open_site(
        self, fleet: ConnectionProfile, secrets: Mapping[str, str], arm_id: str, name: str
    ) -> None:
        """A cluster of a fleet opens as a further tab."""
        profile = site_profile(fleet, arm_id, name)
        if self._is_elsewhere(None, profile):
            return
        page = self.new_page()
        self.shell.show_page(page)
        self._begin_site(page, profile, secrets, OpenTab(fleet.id, fleet.scenario, arm_id, name))

    def _tell_site(self, page: Page, arm_id: str) -> None:
        from console.ui.shell.fleet_sites import FleetSite

        FleetSite(page, arm_id, self._config, self._open_site).describe()

    def _begin_site(
        self, page: Page, profile: ConnectionProfile, secrets: Mapping[str, str], tab: OpenTab
    ) -> None:
        page.site = tab
        page.connector.open(profile, dict(secrets))

    def _is_elsewhere(
        self,
        asking: Page | None,
        profile: ConnectionProfile,
        secrets: Mapping[str, str] = MappingProxyType({}),
    ) -> bool:
        """Whether another tab has it; that one comes to the front, and doors to it are closed."""
        wanted = _addresses(profile)
        for page in self.shell.pages:
            if page is asking or not page.has_connection:
                continue
            is_same = page.connector.open_id == profile.id
            open_here = page.session.profile
            if not is_same and not (open_here and wanted & _addresses(open_here)):
                continue
            is_seen = asking is None or asking is self.shell.current
            if is_seen:
                self.shell.show_page(page)
            if not is_same:
                # Locks of VMs and places for moves are one worker's: two at a cluster of this
                # window would each think they are alone.
                text = "This cluster is open in this tab. Close it first to use the other profile."
                page.window.notice.say("same_cluster", text)
            elif open_here is not None and profile.kind is not ConnectionKind.LAB:
                _offer_changed(page, open_here, profile, secrets)
            if asking is not None and not asking.has_connection and len(self.shell.pages) > 1:
                QTimer.singleShot(0, self, functools.partial(self._close_now, [asking]))
            return True
        return False

    def _tell_shared_home(self, page: Page) -> None:
        """Journals of before could hold several connections: only one of these can act."""
        for other in self._others(page):
            if other.session.is_open and other.session.home == page.session.home:
                text = (
                    f"Operations of this connection are kept in one journal with {other.name}, so "
                    "only one of them can act. Close that tab and reconnect this one."
                )
                page.window.notice.say("shared_home", text)

    def _with_profile(
        self,
        profile_id: str,
        then: Callable[[ConnectionProfile], object],
        otherwise: Callable[[], object] = bool,
    ) -> None:
        def loaded(result: object) -> None:
            known = result[0] if isinstance(result, tuple) else ()
            found = next((one for one in known if one.id == profile_id), None)
            if found is not None:
                then(found)
            else:
                otherwise()

        file_thread().run(functools.partial(profiles.load_all, self._config), loaded, self)

    # -- closing -------------------------------------------------------------------------------
    def close(self, pages: list[Page]) -> None:
        """Close tabs; asks first where operations are under way. The last one leaves the doors."""
        text = leaving.question(pages)
        close = functools.partial(self._close_now, pages)
        if text:
            self._ask.confirm(leaving.TITLE, text, "Close", close)
        else:
            close()

    def _close_now(self, pages: list[Page]) -> None:
        for page in pages:
            if page not in self.shell.pages:
                continue
            if not _its_windows_close(page):
                self.shell.show_page(page)  # a wizard asks what becomes of its draft
                continue
            if len(self.shell.pages) == 1:
                self.open_new()
            self.shell.remove(page)
            page.window.close()
            page.session.left.connect(page.window.deleteLater)
            self._leave(page)
        self._remember()

    def _leave(self, page: Page) -> None:
        self._leaving = {thread for thread in self._leaving if thread.is_alive()}
        self._leaving.add(page.session.leave())

    def _may_close(self) -> bool:
        text = "" if self._is_sure else leaving.question(self.shell.pages)
        if text:
            self._ask.confirm(leaving.TITLE, text, "Close", self._close_surely)
        return not text

    def _close_surely(self) -> None:
        self._is_sure = True
        self.shell.close()

    def end(self) -> None:
        """The window is closed: end all workers and labs at once, and keep the settings."""
        self._next.stop()
        self.ending.emit()
        for page in self.shell.pages:
            self._leave(page)
        for thread in self._leaving:
            thread.join()
        try:
            settings_file.save(self._state, self._settings)
        except OSError:
            return  # the window is gone: there is nobody left to tell, and nothing else was lost

    # -- remembering ---------------------------------------------------------------------------
    def _on_current(self, page: Page) -> None:
        if page.tab is not None:
            self._settings.last_profile = page.tab.profile
        self._remember()

    def _remember(self) -> None:
        """Written at once, so that a console that is killed remembers too."""
        tabs = [page.tab for page in self.shell.pages if page.tab is not None]
        current = self.shell.current.tab
        now = (*tabs, *self._to_come)
        at = tabs.index(current) if current in tabs else 0
        if (now, at) != (self._settings.open_tabs, self._settings.current_tab):
            self._settings.open_tabs, self._settings.current_tab = now, at
            kept = msgspec.structs.replace(self._settings)
            file_thread().run(functools.partial(settings_file.save, self._state, kept))

    def begin(self, profile_id: str, scenario: str) -> None:
        """Open what was asked for, else what was looked at last; then what else was open.

        The first page stands already. The others connect one after the other, out of sight.
        """
        known = list(self._settings.open_tabs)
        first = first_of(self._settings, profile_id, scenario)
        page = self.shell.current
        self._order = known if first is None or first in known else [*known, first]
        self._to_come = [tab for tab in known if tab != first]
        if first is None:
            page.connector.begin(profile_id)
        elif first.scenario or first.site:
            self._open_tab(first, lambda: page, page.connector.begin_with_doors)
        else:
            page.connector.begin(first.profile)
        if self._to_come:
            page.session.opened.connect(self._soon)
            self._next.start()

    def _soon(self) -> None:
        """The one before is open: the next may come."""
        if self._to_come:
            self._next.start(_AFTER_MS)

    def _open_next(self) -> None:
        if not self._to_come:
            return
        tab = self._to_come.pop(0)

        def page_for_it() -> Page:
            page = self.new_page(self._place_of(tab))
            page.session.opened.connect(self._soon)
            return page

        self._open_tab(tab, page_for_it)
        self._next.start(_NEXT_AT_MOST_MS)

    def _place_of(self, tab: OpenTab) -> int:
        """Where it stood among those that are open already; what is new since stays behind."""
        earlier = self._order[: self._order.index(tab)]
        return sum(page.tab in earlier for page in self.shell.pages)

    def _open_tab(
        self, tab: OpenTab, page_for_it: Callable[[], Page], otherwise: Callable[[], object] = bool
    ) -> None:
        """``otherwise`` is called where its profile is gone, and no page is asked for."""
        if tab.scenario:
            lab = lab_profile(tab.scenario)
            if not tab.site:
                page_for_it().connector.open(lab)
                return
            # The lab itself tells how its cluster is reached.
            named = msgspec.structs.replace(lab, id=site_id(lab.id, tab.site), name=tab.name)
            self._begin_site(page_for_it(), named, {}, tab)
            return

        def then(profile: ConnectionProfile) -> None:
            if not tab.site:
                page_for_it().connector.open(profile)
            elif profile.fleet is not None and tab.site in profile.fleet.sites:
                site = site_profile(profile, tab.site, tab.name)
                self._begin_site(page_for_it(), site, {}, tab)
            else:
                otherwise()

        self._with_profile(tab.profile, then, otherwise)


def _offer_changed(
    page: Page,
    before: ConnectionProfile,
    now: ConnectionProfile,
    secrets: Mapping[str, str],
) -> None:
    """What is open goes on as it was opened until the person wants it otherwise."""
    if now == before and not secrets:
        return

    def reconnect() -> None:
        page.window.notice.say("changed_profile", "")
        page.connector.use(now)
        page.session.use(now, secrets)
        page.reconnect()

    text = "The settings of this connection were changed. Reconnecting uses them."
    page.window.notice.say("changed_profile", text, act=("Reconnect", reconnect))


def _addresses(profile: ConnectionProfile) -> set[str]:
    """Of the cluster's nodes: two profiles that share one lead to the same cluster."""
    nodes = profile.cluster.nodes.values() if profile.cluster is not None else ()
    return {address.lower() for address in nodes}


def _its_windows_close(page: Page) -> bool:
    """A wizard or a plan of this connection closes in its own way, and may want to be asked."""
    children = page.window.findChildren(QWidget)
    return all(child.close() for child in children if child.isWindow() and child.isVisible())
