"""How one cluster of a fleet is reached: told once by a person, kept in the fleet's profile."""

import functools
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace
from PySide6.QtCore import QObject

from console import profiles
from console.model.connection import (
    ClusterEndpoint,
    ConnectionProfile,
    SiteEndpoints,
    site_id,
)
from console.ui.bridge import chores
from console.ui.connections.profile_editor import ProfileEditor
from console.ui.file_thread import file_thread
from console.ui.plain_text import one_line

if TYPE_CHECKING:
    from console.ui.shell.page import Page

OpenSite = Callable[[ConnectionProfile, Mapping[str, str], str, str], None]


class FleetSite(QObject):
    """Of one cluster of the fleet that ``page`` shows; ``folder`` holds the profiles."""

    def __init__(self, page: "Page", arm_id: str, folder: Path, open_site: OpenSite) -> None:
        super().__init__(page)
        self._page, self._arm_id, self._folder = page, arm_id, folder
        self._open_site = open_site

    def describe(self) -> None:
        """Ask in the form of a connection, filled with what Azure knows of the cluster."""
        session = self._page.session
        if session.profile is None or session.profile.fleet is None or session.fleet is None:
            return
        scope, cluster = session.profile.fleet, session.fleet.store.clusters[self._arm_id]
        known = ConnectionProfile(
            site_id(scope.id, self._arm_id),
            one_line(cluster.name)[:80],
            session.profile.kind,
            replace(scope.arm, subscription_ids=(cluster.subscription,)),
            # Azure tells their names; how they are called in this network, a person knows.
            ClusterEndpoint({node: node for node in cluster.nodes}),
        )
        editor = ProfileEditor(self._page.bridge, known, "cluster", self._page.window)
        editor.setWindowTitle(f"How {one_line(cluster.name)} is reached")
        editor.azure.scope.setEnabled(False)
        editor.tabs.setCurrentIndex(1)
        editor.kept.connect(functools.partial(self._on_kept, cluster.name))
        editor.open()

    def _on_kept(
        self, name: str, told: ConnectionProfile, secrets: dict[str, str], opens: bool
    ) -> None:
        page = self._page
        for field, secret in secrets.items():
            question = chores.KeepSecret(str(uuid.uuid4()), told.id, field, secret)
            page.bridge.ask_chore(question, lambda _answer: None)
        fleet = page.session.profile
        assert fleet is not None
        assert fleet.fleet is not None
        sites = {**fleet.fleet.sites, self._arm_id: SiteEndpoints(told.arm, told.cluster)}
        whole = replace(fleet, fleet=replace(fleet.fleet, sites=sites))

        def saved(result: object) -> None:
            if isinstance(result, OSError):
                text = f"The profile could not be written: {result.strerror or result}."
                page.window.notice.say("fleet_site", text)
            page.session.tell_sites(whole)
            page.window.notice.say("fleet", "")
            if opens:
                self._open_site(whole, secrets, self._arm_id, name)

        file_thread().run(functools.partial(profiles.save, self._folder, whole), saved, self)
